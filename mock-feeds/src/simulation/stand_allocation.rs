//! Terminals, gates, check-in desks and belts, modelled on New York in 2013.
//!
//! The terminals of carriers are from memory of public maps and plausible. Gates within a terminal are
//! random, but two flights do not use one gate at the same time while another one is free.

use super::plan::{ArrivalStand, DepartureStand, Plan, Stands};
use super::seeded_random::SeededRandom;
use chrono::{DateTime, TimeDelta, Utc};
use domain::codes::Iata;
use std::collections::HashMap;
use std::sync::Arc;

/// One terminal.
#[derive(Debug)]
struct Terminal {
    airport: &'static str,
    name: &'static str,
    /// Prefix and numbers of its gates.
    gates: (&'static str, std::ops::RangeInclusive<i64>),
    /// Number of check-in desks.
    desks: i64,
    /// Baggage belts' numbers.
    belts: std::ops::RangeInclusive<i64>,
    /// Carriers that use it.
    carriers: &'static [&'static str],
}

macro_rules! terminals {
    ($($airport:literal $name:literal $prefix:literal $gates:expr, $desks:literal, $belts:expr, $carriers:expr;)*) => {
        &[$(Terminal { airport: $airport, name: $name, gates: ($prefix, $gates), desks: $desks, belts: $belts, carriers: &$carriers },)*]
    };
}

/// Per airport; the last one also takes all other carriers.
const TERMINALS: &[Terminal] = terminals![
    "JFK" "2" "" 20..=29, 30, 1..=4, ["DL"];
    "JFK" "3" "" 1..=18, 40, 1..=6, ["9E", "EV"];
    "JFK" "5" "" 1..=26, 60, 1..=6, ["B6", "HA"];
    "JFK" "7" "" 1..=12, 40, 1..=5, ["UA", "US", "YV"];
    "JFK" "8" "" 1..=20, 60, 1..=9, ["AA", "MQ"];
    "JFK" "4" "B" 20..=41, 80, 1..=9, ["VX"];
    "LGA" "C" "C" 15..=44, 30, 1..=4, ["US", "YV"];
    "LGA" "D" "D" 1..=11, 30, 1..=4, ["DL", "9E", "EV"];
    "LGA" "B" "B" 1..=38, 70, 1..=8, ["AA", "MQ", "UA", "B6", "WN", "FL", "F9", "OO"];
    "EWR" "C" "C" 70..=139, 120, 6..=14, ["UA"];
    "EWR" "B" "B" 40..=68, 60, 1..=8, ["DL", "9E", "AS", "VX"];
    "EWR" "A" "A" 10..=39, 60, 1..=5, ["EV", "AA", "US", "B6", "WN", "MQ", "YV"];
];

/// A gate is reserved for this long around a planned departure.
const GATE_BEFORE: TimeDelta = TimeDelta::minutes(55);
const GATE_AFTER: TimeDelta = TimeDelta::minutes(10);

type Span = (DateTime<Utc>, DateTime<Utc>);

/// Reservations of gates.
#[derive(Default, Debug)]
pub struct StandAllocation {
    /// Reserved spans by airport and gate.
    taken: HashMap<(&'static str, Arc<str>), Vec<Span>>,
}

impl StandAllocation {
    /// Allocates terminal, gates, desks and belts to a leg at its simulated airports.
    ///
    /// Call it in scheduled order; each leg gets what is free at its planned time.
    pub fn allot(&mut self, plan: &Plan, chance: &mut SeededRandom) -> Stands {
        let carrier = plan.key.carrier;
        Stands {
            departure: home(plan.key.from, carrier.as_str())
                .map(|terminal| self.departure(terminal, plan, chance)),
            arrival: home(plan.key.to, carrier.as_str()).map(|terminal| self.arrival(terminal, plan, chance)),
        }
    }

    fn departure(
        &mut self,
        terminal: &'static Terminal,
        plan: &Plan,
        chance: &mut SeededRandom,
    ) -> DepartureStand {
        let late = plan.departure_delay();
        let mut gates = vec![self.gate(terminal, plan.departs, chance)];
        // An assumption: one flight in twenty, more when delays of others disturb the plan.
        let mut changes = 0.05;
        changes += if late >= TimeDelta::minutes(30) { 0.15 } else { 0.0 };
        changes += if late >= TimeDelta::minutes(90) { 0.15 } else { 0.0 };
        while gates.len() < 3 && chance.yes(changes) {
            gates.push(self.gate(terminal, plan.off_block().unwrap_or(plan.departs), chance));
            gates.dedup();
            changes *= 0.3;
        }
        let first = chance.within(1..=terminal.desks - 5);
        let last = first + chance.within(2..=5);
        DepartureStand { terminal: terminal.name.into(), gates, desks: format!("{first}-{last}").into() }
    }

    fn arrival(
        &mut self,
        terminal: &'static Terminal,
        plan: &Plan,
        chance: &mut SeededRandom,
    ) -> ArrivalStand {
        let mut gates = vec![self.gate(terminal, plan.arrives, chance)];
        if chance.yes(0.05) {
            gates.push(self.gate(terminal, plan.on_block().unwrap_or(plan.arrives), chance));
            gates.dedup();
        }
        let belt = |chance: &mut SeededRandom| -> Arc<str> {
            chance.within(terminal.belts.clone()).to_string().into()
        };
        let mut belts = vec![belt(chance)];
        if chance.yes(0.04) {
            belts.push(belt(chance));
            belts.dedup();
        }
        ArrivalStand { terminal: terminal.name.into(), gates, belts }
    }

    /// A gate that is free around `at`, or any if several tries find none.
    fn gate(
        &mut self,
        terminal: &'static Terminal,
        at: DateTime<Utc>,
        chance: &mut SeededRandom,
    ) -> Arc<str> {
        const LOOKS: usize = 60;
        let (from, to) = (at - GATE_BEFORE, at + GATE_AFTER);
        let mut gate: Arc<str> = "".into();
        for _ in 0..LOOKS {
            gate = format!("{}{}", terminal.gates.0, chance.within(terminal.gates.1.clone())).into();
            let taken = self.taken.entry((terminal.airport, gate.clone())).or_default();
            if taken.iter().all(|(start, end)| to <= *start || from >= *end) {
                taken.push((from, to));
                break;
            }
        }
        gate
    }
}

/// The terminal of a carrier at a simulated airport; `None` at any other airport.
fn home(airport: Iata, carrier: &str) -> Option<&'static Terminal> {
    let here = || TERMINALS.iter().filter(|terminal| terminal.airport == airport.as_str());
    here().find(|terminal| terminal.carriers.contains(&carrier)).or_else(|| here().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carriers_are_at_home_in_their_terminal_and_strangers_in_the_last() {
        let name = |airport, carrier| home(Iata::parse(airport).unwrap(), carrier).map(|t| t.name);
        assert_eq!(name("JFK", "B6"), Some("5"));
        assert_eq!(name("JFK", "LH"), Some("4"));
        assert_eq!(name("EWR", "UA"), Some("C"));
        assert_eq!(name("FLL", "B6"), None);
    }
}
