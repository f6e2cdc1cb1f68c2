//! The simulation: pure, seeded, without a clock. It converts a day's departures to a [`Life`]: every fact
//! about every leg, with the time at which an airport learns it.
//!
//! The steps, each in its own file: [`outbound`] completes what the record leaves open about a departure;
//! [`weather`] determines when flights are cancelled and why they are late; [`inbound`] derives arrivals
//! from the rotation of tails; [`stand_allocation`] allocates gates and belts; [`leg_events`] converts each
//! plan to events, with gradual [`estimates`].
//!
//! ## Adding a kind of event
//!
//! 1. Add a variant to [`event::EventKind`], and emit it in [`leg_events`].
//! 2. Handle it in [`crate::known_flight::KnownFlight::learn`].
//! 3. Encode it in [`crate::encode`].

pub mod codeshares;
pub mod estimates;
pub mod event;
pub mod inbound;
pub mod leg_events;
pub mod outbound;
pub mod plan;
pub mod seeded_random;
pub mod stand_allocation;
pub mod synthetic;
pub mod weather;

use crate::airport_zones::AirportZones;
use crate::days::{self, Day, Departure};
use anyhow::Result;
use chrono::NaiveDate;
use chrono_tz::America::New_York;
use domain::codes::Designator;
use event::Event;
use plan::Plan;
use seeded_random::SeededRandom;
use std::collections::HashSet;

/// A day with everything that becomes known.
#[derive(Clone, Debug)]
pub struct Life {
    /// The plan of every leg, departures first.
    pub plans: Vec<Plan>,
    /// Events in the order in which they become known.
    pub events: Vec<Event>,
}

impl Life {
    /// A shipped day. The same seed gives the same result.
    pub fn of_day(day: Day, seed: u64) -> Result<Self> {
        let places = AirportZones::embedded()?;
        Ok(Self::of(&days::departures(day, &places)?, day.date(), &places, seed))
    }

    /// Any list of departures on `date`.
    pub fn of(departures: &[Departure], date: NaiveDate, places: &AirportZones, seed: u64) -> Self {
        let weather = weather::Weather::of(departures, date, New_York);
        let mut plans: Vec<Plan> =
            departures.iter().map(|flight| outbound::plan(flight, date, &weather, places, seed)).collect();
        let mut arrivals = inbound::derive(&mut plans, &weather, places, seed);
        plans.append(&mut arrivals);
        keep_codeshares_apart(&mut plans);
        allot_stands(&mut plans, date, seed);
        let mut events: Vec<Event> =
            plans.iter().flat_map(|plan| leg_events::tell(plan, places, seed)).collect();
        events.sort_by_key(|event| event.at);
        Self { plans, events }
    }
}

/// A marketing number is used once per day, and never that of an operating flight.
fn keep_codeshares_apart(plans: &mut [Plan]) {
    let operating: HashSet<Designator> = plans.iter().map(|plan| plan.key.designator()).collect();
    let mut sold = HashSet::new();
    for plan in plans {
        plan.codeshares.retain(|flight| !operating.contains(flight) && sold.insert(*flight));
    }
}

fn allot_stands(plans: &mut [Plan], date: NaiveDate, seed: u64) {
    let mut order: Vec<usize> = (0..plans.len()).collect();
    order.sort_by_key(|index| (plans[*index].departs, plans[*index].key));
    let mut allotment = stand_allocation::StandAllocation::default();
    let mut chance = SeededRandom::named(seed, &format!("stands {date}"));
    for index in order {
        plans[index].stands = allotment.allot(&plans[index], &mut chance);
    }
}

#[cfg(test)]
mod tests;
