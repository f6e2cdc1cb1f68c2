//! Departures: completes what the record leaves open.

use super::codeshares::codeshares_of;
use super::event::Reason;
use super::plan::{Fate, Late, Plan, Stands};
use super::seeded_random::SeededRandom;
use super::weather::Weather;
use crate::airport_zones::AirportZones;
use crate::days::Departure;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::leg::LegKey;
use std::sync::Arc;

/// From this delay on there is a reason: 14 CFR 234.2 defines late as 15 minutes.
pub const LATE: TimeDelta = TimeDelta::minutes(15);

/// The plan of a recorded departure, without stands.
pub fn plan(
    flight: &Departure,
    date: NaiveDate,
    weather: &Weather,
    places: &AirportZones,
    seed: u64,
) -> Plan {
    let key = LegKey {
        carrier: flight.carrier,
        number: flight.number,
        suffix: None,
        origin_date: date,
        from: flight.from,
        to: flight.to,
        repeat: 0,
    };
    let mut chance = SeededRandom::named(seed, &format!("plan {}", key.id()));
    let mut plan = Plan {
        key,
        tail: flight.tail.clone(),
        aircraft_type: flight.aircraft_type.clone().or_else(|| usual_type(flight.carrier.as_str())),
        codeshares: codeshares_of(flight.carrier, flight.number, flight.from.as_str(), seed),
        departs: flight.departs,
        arrives: flight.arrives,
        fate: fate(flight, weather, places, &mut chance),
        late: None,
        stands: Stands::default(),
    };
    if plan.departure_delay() >= LATE {
        plan.late = Some(why_late(&plan, weather, &mut chance));
    }
    plan
}

fn fate(flight: &Departure, weather: &Weather, places: &AirportZones, chance: &mut SeededRandom) -> Fate {
    let Some(off_block) = flight.off_block else {
        let (announced, why) = weather.cancellation(flight.carrier, flight.departs, chance);
        return Fate::Cancelled { announced, why };
    };
    let Some(on_block) = flight.on_block else {
        return diverted(flight, off_block, places, chance);
    };
    // Time not spent in the air is spent taxiing, less of it at the quieter end.
    let block = (on_block - off_block).num_minutes();
    let air = flight.airborne_minutes.unwrap_or(block - 20).clamp(1, (block - 2).max(1));
    let taxi_in = chance.within(3..=9).min((block - air) / 2).max(1);
    let landed = on_block - TimeDelta::minutes(taxi_in);
    Fate::Flown { off_block, airborne: landed - TimeDelta::minutes(air), landed, on_block }
}

fn diverted(
    flight: &Departure,
    off_block: DateTime<Utc>,
    places: &AirportZones,
    chance: &mut SeededRandom,
) -> Fate {
    let airborne = off_block + chance.about_minutes(11..=24);
    let in_the_air =
        (flight.arrives - flight.departs).num_minutes() as f64 * (0.45 + 0.35 * chance.fraction());
    Fate::Diverted {
        off_block,
        airborne,
        known: airborne + TimeDelta::seconds((in_the_air * 60.0) as i64),
        to: places.alternate(flight.to).unwrap_or(flight.from),
        why: if chance.yes(0.7) { Reason::WeatherAtDestination } else { Reason::Technical },
    }
}

fn why_late(plan: &Plan, weather: &Weather, chance: &mut SeededRandom) -> Late {
    let reason = weather.reason(plan.departs, chance);
    let known_before = match reason {
        // Problems with an aircraft or its loading show when people work on it.
        Reason::Technical | Reason::Handling | Reason::DeIcing => chance.about_minutes(0..=30),
        _ => chance.about_minutes(20..=150),
    };
    Late { reason, known_from: plan.departs - known_before }
}

/// The type that a carrier flew most out of New York, for tails missing in the register.
pub fn usual_type(carrier: &str) -> Option<Arc<str>> {
    let kind = match carrier {
        "MQ" => "E145",
        "9E" => "CRJ9",
        "EV" => "E45X",
        "YV" | "OO" => "CRJ7",
        "AA" => "B738",
        "UA" | "AS" => "B739",
        "DL" => "MD88",
        "US" | "VX" | "B6" => "A320",
        "F9" => "A319",
        "WN" => "B737",
        "FL" => "B712",
        "HA" => "A332",
        _ => return None,
    };
    Some(kind.into())
}
