//! JSON in the format of Schiphol's public flight API, version 4.
//!
//! The API has rows, not legs: a codeshare is a row of its own whose `mainFlight` names the operating
//! flight. It covers one airport only: of a departure's arrival only the destination, and nothing of an
//! arrival's departure. Times are local with their offset.

use super::{ZoneFault, local_instant};
use crate::known_flight::KnownFlight;
use crate::simulation::seeded_random::fnv1a;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::codes::{Designator, Iata};
use serde_json::{Map, Value, json};

/// The sending airport, and how it writes times.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// The airport.
    pub airport: Iata,
    /// Its zone.
    pub zone: Tz,
    /// Its fault in writing times.
    pub fault: ZoneFault,
}

/// The rows of one leg: the operating flight's, then one for each codeshare.
pub fn rows(sender: Sender, known: &KnownFlight) -> Vec<Value> {
    let operating = known.key.designator();
    std::iter::once(&operating).chain(&known.codeshares).map(|flight| row(sender, known, flight)).collect()
}

/// Number of rows of one leg.
pub fn row_count(known: &KnownFlight) -> usize {
    1 + known.codeshares.len()
}

/// The scheduled time at this airport, which orders rows.
pub fn scheduled_here(airport: Iata, known: &KnownFlight) -> Option<DateTime<Utc>> {
    if known.key.from == airport { known.departure.scheduled } else { known.arrival.scheduled }
}

fn row(sender: Sender, known: &KnownFlight, flight: &Designator) -> Value {
    let departs = known.key.from == sender.airport;
    let main_flight = known.key.designator().to_string();
    let name = flight.to_string();
    let mut row = Map::new();
    let mut put = |key: &str, value: Value| {
        row.insert(key.into(), value);
    };
    // Schiphol's identifiers are too long for a JavaScript number and therefore texts.
    put("id", json!(format!("{:018}", fnv1a(format!("{}{name}", known.key.id()).as_bytes()) >> 5)));
    put("lastUpdatedAt", time(sender, known.last_updated));
    put("flightDirection", json!(if departs { "D" } else { "A" }));
    put("flightName", json!(name));
    put("flightNumber", json!(flight.number.get()));
    put("prefixIATA", json!(flight.airline.as_str()));
    put("mainFlight", json!(main_flight));
    put("isOperationalFlight", json!(true));
    put("serviceType", json!("J"));
    // Not part of Schiphol's API, but the only way to identify the leg of an overnight arrival.
    put("originDate", json!(known.key.origin_date.to_string()));
    put("schemaVersion", json!("4"));
    let codeshares: Vec<String> = known.codeshares.iter().map(Designator::to_string).collect();
    put("codeshares", if codeshares.is_empty() { Value::Null } else { json!({ "codeshares": codeshares }) });
    if let Some(at) = scheduled_here(sender.airport, known) {
        let local = at.with_timezone(&sender.zone);
        put("scheduleDate", json!(local.format("%Y-%m-%d").to_string()));
        put("scheduleTime", json!(local.format("%H:%M:%S").to_string()));
        put("scheduleDateTime", time(sender, at));
    }
    let other_end = if departs { known.key.to } else { known.key.from };
    put("route", json!({ "destinations": [other_end.as_str()], "visa": false }));
    put(
        "publicFlightState",
        json!({ "flightStates": if departs { departure_states(known) } else { arrival_states(known) } }),
    );
    put("aircraftRegistration", json!(known.registration.as_deref()));
    put(
        "aircraftType",
        json!({ "iataMain": known.aircraft_type.as_deref(), "iataSub": known.aircraft_type.as_deref() }),
    );
    let side = if departs { departure(sender, known) } else { arrival(sender, known) };
    row.extend(side);
    Value::Object(row)
}

fn departure(sender: Sender, known: &KnownFlight) -> Map<String, Value> {
    let known = &known.departure;
    let expected = known.estimated.or(known.scheduled);
    let before = |minutes| optional_time(sender, expected.map(|at| at - TimeDelta::minutes(minutes)));
    let mut side = Map::new();
    let mut put = |key: &str, value: Value| {
        side.insert(key.into(), value);
    };
    put("terminal", terminal(known.terminal.as_deref()));
    put("gate", json!(known.gate.as_deref()));
    put("publicEstimatedOffBlockTime", optional_time(sender, known.estimated));
    put("actualOffBlockTime", optional_time(sender, known.off_block));
    put("expectedTimeGateOpen", before(50));
    put("expectedTimeBoarding", before(35));
    put("expectedTimeGateClosing", before(15));
    if let Some(desks) = &known.desks {
        let (first, last) = desks.split_once('-').unwrap_or((desks, desks));
        let positions: Vec<Value> =
            (number(first)..=number(last)).map(|desk| json!({ "position": desk.to_string() })).collect();
        let allocation = json!({
            "startTime": optional_time(sender, known.check_in_opened),
            "endTime": optional_time(sender, known.check_in_closed),
            "rows": { "rows": [{ "position": "1", "desks": { "desks": positions } }] },
        });
        put("checkinAllocations", json!({ "checkinAllocations": [allocation] }));
    }
    side
}

fn arrival(sender: Sender, known: &KnownFlight) -> Map<String, Value> {
    let known = &known.arrival;
    let mut side = Map::new();
    let mut put = |key: &str, value: Value| {
        side.insert(key.into(), value);
    };
    put("terminal", terminal(known.terminal.as_deref()));
    put("gate", json!(known.gate.as_deref()));
    // The feed has landings, not stands: the estimate of on-block less a typical taxi time.
    put("estimatedLandingTime", optional_time(sender, known.estimated.map(|at| at - TimeDelta::minutes(6))));
    put("actualLandingTime", optional_time(sender, known.landed));
    if let Some(belt) = &known.belt {
        put("baggageClaim", json!({ "belts": [&**belt] }));
        let on_belt = known.first_bag.or(known.on_block.map(|at| at + TimeDelta::minutes(14)));
        put("expectedTimeOnBelt", optional_time(sender, on_belt));
    }
    side
}

/// All current states, the most important first; Schiphol lists several at once.
fn departure_states(known: &KnownFlight) -> Vec<&'static str> {
    let departure = &known.departure;
    if known.cancelled.is_some() {
        return vec!["CNX"];
    }
    if departure.off_block.is_some() {
        return vec!["DEP"];
    }
    let mut states = Vec::new();
    if departure.gate_closed.is_some() {
        states.push("GTD");
    } else if departure.final_call.is_some() {
        states.push("GCL");
    } else if departure.boarding.is_some() {
        states.push("BRD");
    } else if departure.gate_opened.is_some() {
        states.push("GTO");
    }
    if known.is_delayed() {
        states.push("DEL");
    }
    if departure.gate_changed && departure.gate_closed.is_none() {
        states.push("GCH");
    }
    states.push("SCH");
    states
}

fn arrival_states(known: &KnownFlight) -> Vec<&'static str> {
    let arrival = &known.arrival;
    if known.cancelled.is_some() {
        return vec!["CNX"];
    }
    if known.diverted_to.is_some() {
        return vec!["DIV"];
    }
    if arrival.first_bag.is_some() {
        return vec!["FIB", "ARR"];
    }
    if arrival.on_block.is_some() {
        return vec!["ARR"];
    }
    if arrival.landed.is_some() {
        return vec!["LND"];
    }
    if known.departure.airborne.is_some() {
        return if arrival.estimated.is_some() { vec!["EXP", "AIR"] } else { vec!["AIR"] };
    }
    if arrival.estimated.is_some() { vec!["EXP", "SCH"] } else { vec!["SCH"] }
}

/// Schiphol numbers its terminals. Letters stay, because Newark has no numbers.
fn terminal(name: Option<&str>) -> Value {
    match name.map(|name| (name, name.parse::<u8>())) {
        Some((_, Ok(number))) => json!(number),
        Some((name, Err(_))) => json!(name),
        None => Value::Null,
    }
}

fn number(text: &str) -> u32 {
    text.parse().unwrap_or(0)
}

fn time(sender: Sender, at: DateTime<Utc>) -> Value {
    json!(local_instant(at, sender.zone, sender.fault))
}

fn optional_time(sender: Sender, at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, |at| time(sender, at))
}
