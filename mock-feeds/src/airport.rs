//! The state of all airports at one instant: what each knows, and what it has to push.

use crate::event_schedule::EventSchedule;
use crate::faults::Faults;
use crate::known_flight::KnownFlight;
use crate::simulation::event::{Event, EventKind};
use crate::simulation::seeded_random::SeededRandom;
use chrono::{DateTime, TimeDelta, Utc};
use domain::codes::Iata;
use domain::leg::LegKey;
use std::collections::{BTreeMap, HashSet, VecDeque};

/// Legs scheduled longer ago than this without news are no longer reported.
const TOLD_AFTER: TimeDelta = TimeDelta::hours(6);
/// Legs scheduled later than this are not reported yet.
const TOLD_AHEAD: TimeDelta = TimeDelta::hours(18);
/// Legs scheduled longer ago than this are dropped, so that endless runs need the memory of two days.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(30);
/// How often to drop legs; each time visits every leg.
const FORGET_EVERY: TimeDelta = TimeDelta::minutes(10);

/// One airport.
#[derive(Debug)]
pub struct Airport {
    /// Its code.
    pub iata: Iata,
    /// What it knows, by leg.
    pub known: BTreeMap<LegKey, KnownFlight>,
    /// Its faults.
    pub faults: Faults,
    /// Random numbers for faults.
    pub chance: SeededRandom,
    /// Counts since the start.
    pub tally: Counters,
    pushes: bool,
    /// Whether it has reported the initial facts, whose steps nobody needs to see.
    caught_up: bool,
    /// Legs to push, the longest waiting first, each at most once. A message contains everything known
    /// about a leg, so a leg that changes again while it waits loses only intermediate steps.
    waiting: VecDeque<LegKey>,
    in_waiting: HashSet<LegKey>,
    /// Events that it could not report while silent.
    unsaid: Vec<Event>,
}

/// Counts since the start.
#[derive(Clone, Copy, Default, Debug, serde::Serialize)]
pub struct Counters {
    /// Flights cancelled.
    pub cancelled: u64,
    /// Messages pushed and accepted by the hub.
    pub pushed_messages: u64,
    /// Legs in them.
    pub pushed_legs: u64,
    /// Changes superseded by another of the same leg before they were pushed.
    pub overtaken: u64,
    /// Failed pushes that were retried.
    pub retried: u64,
    /// Legs that the hub refused for good.
    pub refused: u64,
    /// Reports rejected within accepted messages.
    pub rejected: u64,
    /// Answers to polls.
    pub pulled: u64,
    /// `304 Not Modified` answers.
    pub unchanged: u64,
    /// Injected faults.
    pub faults: u64,
}

impl Airport {
    fn learn(&mut self, event: &Event, said_at: DateTime<Utc>) {
        let known = self.known.entry(event.leg).or_insert_with(|| KnownFlight::unknown(event.leg, event.at));
        known.learn(event);
        known.last_updated = known.last_updated.max(said_at);
        self.tally.cancelled += u64::from(matches!(event.what, EventKind::Cancelled(_)));
        if self.pushes {
            self.wait(event.leg);
        }
    }

    fn wait(&mut self, leg: LegKey) {
        if self.in_waiting.insert(leg) {
            self.waiting.push_back(leg);
        } else if self.caught_up {
            self.tally.overtaken += 1;
        }
    }

    /// Takes up to `legs_max` legs to push, in their current state.
    pub fn take_waiting(&mut self, legs_max: usize) -> Vec<KnownFlight> {
        let mut legs = Vec::new();
        while legs.len() < legs_max
            && let Some(key) = self.waiting.pop_front()
        {
            self.in_waiting.remove(&key);
            legs.extend(self.known.get(&key).cloned());
        }
        self.caught_up |= self.waiting.is_empty();
        legs
    }

    /// Returns legs to the front of the queue, in order, after a failed push.
    pub fn put_back(&mut self, legs: &[LegKey]) {
        for leg in legs.iter().rev() {
            if self.in_waiting.insert(*leg) {
                self.waiting.push_front(*leg);
            }
        }
    }

    /// The number of legs to push.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The legs to report at `now`, each with the instant of its current content: legs of the last and the
    /// coming hours that changed or came into range since `since`.
    pub fn told(
        &self,
        now: DateTime<Utc>,
        since: Option<DateTime<Utc>>,
    ) -> Vec<(DateTime<Utc>, &KnownFlight)> {
        // The data of a silent airport stands still, so no further leg comes into range.
        let now = if self.faults.is_silent(now) { self.faults.silent_from.unwrap_or(now) } else { now };
        self.known
            .values()
            .filter_map(|known| {
                let here = crate::encode::schiphol::scheduled_here(self.iata, known)?;
                let in_sight = here - TOLD_AHEAD;
                let recent = here.max(known.last_updated) >= now - TOLD_AFTER;
                let since_when = known.last_updated.max(in_sight);
                let wanted = recent && in_sight <= now && since.is_none_or(|since| since_when >= since);
                wanted.then_some((since_when, known))
            })
            .collect()
    }
}

/// All airports and the events to come.
#[derive(Debug)]
pub struct Airports {
    /// The airports.
    pub all: Vec<Airport>,
    playbook: EventSchedule,
    forget_at: DateTime<Utc>,
}

impl Airports {
    /// Airports without any knowledge. `pushing` are those that push.
    pub fn new(codes: &[Iata], pushing: &[Iata], playbook: EventSchedule, seed: u64) -> Self {
        let airport = |iata: &Iata| Airport {
            iata: *iata,
            known: BTreeMap::new(),
            faults: Faults::default(),
            chance: SeededRandom::named(seed, &format!("faults {iata}")),
            tally: Counters::default(),
            pushes: pushing.contains(iata),
            caught_up: false,
            waiting: VecDeque::new(),
            in_waiting: HashSet::new(),
            unsaid: Vec::new(),
        };
        Self { all: codes.iter().map(airport).collect(), playbook, forget_at: DateTime::UNIX_EPOCH }
    }

    /// The airport of this code.
    pub fn find(&mut self, iata: Iata) -> Option<&mut Airport> {
        self.all.iter_mut().find(|airport| airport.iata == iata)
    }

    /// Delivers events up to `now` to the airports. Returns their number.
    pub fn advance(&mut self, now: DateTime<Utc>) -> usize {
        let mut learned = 0;
        for airport in &mut self.all {
            if !airport.unsaid.is_empty() && !airport.faults.is_silent(now) {
                let unsaid = std::mem::take(&mut airport.unsaid);
                learned += unsaid.len();
                for event in unsaid {
                    // It is reported only now, and a delta since a moment ago must contain it.
                    airport.learn(&event, now);
                }
            }
        }
        for event in self.playbook.take_until(now) {
            let Some(airport) = self.all.iter_mut().find(|airport| airport.iata == event.who) else {
                continue;
            };
            if airport.faults.is_silent(event.at) && airport.faults.is_silent(now) {
                airport.unsaid.push(event);
            } else {
                learned += 1;
                airport.learn(&event, event.at);
            }
        }
        self.forget(now);
        learned
    }

    /// The time of the next event, if any.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        self.playbook.next_at()
    }

    fn forget(&mut self, now: DateTime<Utc>) {
        if now < self.forget_at {
            return;
        }
        self.forget_at = now + FORGET_EVERY;
        for airport in &mut self.all {
            let iata = airport.iata;
            airport.known.retain(|_, known| {
                let here = crate::encode::schiphol::scheduled_here(iata, known).unwrap_or(known.last_updated);
                here.max(known.last_updated) >= now - FORGOTTEN_AFTER
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::days::Day;
    use crate::simulation::Life;

    fn blizzard() -> Airports {
        let codes = ["JFK", "LGA", "EWR"].map(|code| Iata::parse(code).unwrap());
        let life = Life::of_day(Day::Blizzard, 1).unwrap();
        Airports::new(&codes, &codes[..1], EventSchedule::one_day(life), 1)
    }

    fn at(hour: u32) -> DateTime<Utc> {
        chrono::NaiveDate::from_ymd_opt(2013, 2, 8).unwrap().and_hms_opt(hour, 0, 0).unwrap().and_utc()
    }

    #[test]
    fn an_airport_that_pushes_waits_with_each_leg_once() {
        let mut airports = blizzard();
        airports.advance(at(15));
        let jfk = &mut airports.all[0];
        let legs = jfk.known.len();
        assert_eq!(jfk.waiting(), legs);
        let taken = jfk.take_waiting(100);
        assert_eq!((taken.len(), jfk.waiting()), (100, legs - 100));
        let keys: Vec<LegKey> = taken.iter().map(|leg| leg.key).collect();
        jfk.put_back(&keys);
        assert_eq!(jfk.take_waiting(100), taken);
    }

    #[test]
    fn a_silent_hour_is_made_up_for_when_it_ends() {
        let (mut silent, mut sound) = (blizzard(), blizzard());
        let lga = Iata::parse("LGA").unwrap();
        silent.find(lga).unwrap().faults.silent_from = Some(at(16));
        for airports in [&mut silent, &mut sound] {
            airports.advance(at(15));
            for minute in 0..59 {
                airports.advance(at(16) + TimeDelta::minutes(minute));
            }
        }
        let count = |airports: &mut Airports| {
            airports
                .find(lga)
                .unwrap()
                .told(at(16) + TimeDelta::minutes(58), Some(at(16) + TimeDelta::seconds(1)))
                .len()
        };
        assert_eq!(count(&mut silent), 0);
        assert!(count(&mut sound) > 10);
        silent.advance(at(18));
        sound.advance(at(18));
        let tell = |airports: &mut Airports| {
            let known = &airports.find(lga).unwrap().known;
            known
                .values()
                .map(|known| KnownFlight { last_updated: at(0), ..known.clone() })
                .collect::<Vec<_>>()
        };
        assert!(tell(&mut silent) == tell(&mut sound));
    }

    #[test]
    fn a_delta_holds_what_changed_and_nothing_else() {
        let mut airports = blizzard();
        airports.advance(at(15));
        airports.advance(at(16));
        let ewr = airports.find(Iata::parse("EWR").unwrap()).unwrap();
        let (all, delta) = (ewr.told(at(16), None), ewr.told(at(16), Some(at(15))));
        assert!(!delta.is_empty() && delta.len() < all.len());
        assert!(delta.iter().all(|(since, _)| *since >= at(15)));
    }

    #[test]
    fn legs_long_past_are_dropped() {
        let mut airports = blizzard();
        airports.advance(at(15));
        airports.advance(at(15) + TimeDelta::days(4));
        assert!(airports.all.iter().all(|airport| airport.known.is_empty()));
    }
}
