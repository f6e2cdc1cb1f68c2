//! The simulation: pure, seeded, without a clock. What goes in is a day's departures; what comes
//! out is [`Life`], every fact about every leg with the instant at which an airport learns it.
//!
//! The steps, each in its own file: [`outbound`] decides what the record leaves open about a
//! departure, [`weather`] when cancellations are announced and why flights are late, [`inbound`]
//! derives arrivals from the rotation of tails, [`stand_allocation`] allots gates and belts, [`leg_events`] turns
//! each leg's truth into facts that become known bit by bit, with [`estimates`] that creep.
//!
//! ## Adding a kind of fact
//!
//! 1. Add a variant to [`event::EventKind`], and tell it somewhere in [`leg_events`].
//! 2. Say in [`crate::known_flight::KnownFlight::learn`] what an airport then knows.
//! 3. Encode it in [`crate::encode`].

pub mod seeded_random;
pub mod codeshares;
pub mod estimates;
pub mod event;
pub mod inbound;
pub mod outbound;
pub mod plan;
pub mod stand_allocation;
pub mod leg_events;
pub mod synthetic;
pub mod weather;

use crate::days::{self, Day, Departure};
use crate::airport_zones::AirportZones;
use anyhow::Result;
use chance::SeededRandom;
use chrono::NaiveDate;
use chrono_tz::America::New_York;
use domain::codes::Designator;
use event::Event;
use plan::Plan;
use std::collections::HashSet;

/// A day as it will come to be known.
#[derive(Clone, Debug)]
pub struct Life {
    /// The truth about every leg, departures first.
    pub plans: Vec<Plan>,
    /// What becomes known, in the order in which it does.
    pub events: Vec<Event>,
}

impl Life {
    /// The life of a shipped day. The same seed gives the same life.
    pub fn of_day(day: Day, seed: u64) -> Result<Self> {
        let places = AirportZones::embedded()?;
        Ok(Self::of(&days::departures(day, &places)?, day.date(), &places, seed))
    }

    /// The life of any list of departures of `date`.
    pub fn of(departures: &[Departure], date: NaiveDate, places: &AirportZones, seed: u64) -> Self {
        let weather = weather::Weather::of(departures, date, New_York);
        let mut plans: Vec<Plan> =
            departures.iter().map(|flight| outbound::plan(flight, date, &weather, places, seed)).collect();
        let mut arrivals = inbound::derive(&mut plans, &weather, places, seed);
        plans.append(&mut arrivals);
        keep_codeshares_apart(&mut plans);
        allot_stands(&mut plans, date, seed);
        let mut events: Vec<Event> = plans.iter().flat_map(|plan| story::tell(plan, places, seed)).collect();
        events.sort_by_key(|event| event.at);
        Self { plans, events }
    }
}

/// A marketing number is sold once a day, and never the number of an operating flight.
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
    let mut allotment = stands::StandAllocation::default();
    let mut chance = SeededRandom::named(seed, &format!("stands {date}"));
    for index in order {
        plans[index].stands = allotment.allot(&plans[index], &mut chance);
    }
}

#[cfg(test)]
mod tests;
