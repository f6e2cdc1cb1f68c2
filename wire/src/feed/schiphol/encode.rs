//! Encodes pages as such an airport returns them.

use super::super::KnownLeg;
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use domain::codes::Direction;
use domain::field::{Field, Step, Value};
use domain::report::Statement;
use serde_json::{Map, Value as Json, json};

/// One page, `{"flights":[…]}`, with times in the airport's `zone`. Schiphol's pages have twenty rows; the
/// caller splits pages and sets the `Link` header. What [`can_say`] excludes is left out or replaced by the
/// nearest state.
pub fn encode_page(legs: &[KnownLeg], zone: Tz) -> String {
    let rows: Vec<Json> = legs.iter().map(|leg| row(leg, zone)).collect();
    json!({ "flights": rows }).to_string()
}

/// Whether the format can express this statement: on the airport's own side what the public API has; on the
/// whole leg the aircraft, codeshares, and that it is cancelled, diverted or a cargo flight.
pub fn can_say(leg: &KnownLeg, statement: &Statement) -> bool {
    use Field::{AircraftRegistration, AircraftType, Cancelled, Codeshares, Diverted, NoPassengers};
    let departs = leg.direction == Direction::Departures;
    let value = statement.value.as_ref();
    match statement.field {
        Cancelled | Diverted | NoPassengers => value == Some(&Value::Flag(true)),
        AircraftType | AircraftRegistration | Codeshares => value.is_some(),
        Field::DepartureStep | Field::ArrivalStep => match value {
            Some(Value::Step(step)) => state_of(*step, departs).is_some_and(|state| state.exact),
            _ => false,
        },
        Field::DepartureTerminal
        | Field::DepartureGate
        | Field::DepartureCheckIn
        | Field::DepartureEstimated
        | Field::DepartureActual => departs,
        // A row always has a scheduled time, so it can be set but not cleared.
        Field::DepartureScheduled => departs && value.is_some(),
        Field::ArrivalScheduled => !departs && value.is_some(),
        Field::ArrivalTerminal
        | Field::ArrivalGate
        | Field::ArrivalBelt
        | Field::ArrivalEstimated
        | Field::ArrivalLanded => !departs,
        Field::DepartureAirborne
        | Field::DepartureReturned
        | Field::DepartureCheckInOpened
        | Field::DepartureCheckInClosed
        | Field::DepartureGateOpened
        | Field::DepartureBoarding
        | Field::DepartureFinalCall
        | Field::DepartureGateClosed
        | Field::ArrivalActual
        | Field::ArrivalFirstBag
        | Field::DivertedTo
        | Field::Hidden
        | Field::NotOperating
        | Field::Replaced
        | Field::Operated
        | Field::Late
        | Field::Remark
        | Field::DelayReason => false,
    }
}

/// A state, and whether it expresses exactly that step or only the nearest.
struct State {
    word: &'static str,
    exact: bool,
}

fn state_of(step: Step, departs: bool) -> Option<State> {
    let exact = |word| Some(State { word, exact: true });
    let nearest = |word| Some(State { word, exact: false });
    match (step, departs) {
        (Step::Delayed, _) => exact("DEL"),
        (Step::Scheduled, true) => exact("SCH"),
        (Step::CheckIn, true) => nearest("SCH"),
        (Step::GateOpen, true) => exact("GTO"),
        (Step::Boarding, true) => exact("BRD"),
        (Step::FinalCall, true) => exact("GCL"),
        (Step::GateClosed, true) => exact("GTD"),
        (Step::Returned, true) => nearest("DEL"),
        (Step::Departed, true) => exact("DEP"),
        (Step::Airborne, true) => nearest("DEP"),
        (Step::Landed | Step::Arrived | Step::BagsOnBelt, true) => None,
        (Step::Airborne, false) => exact("AIR"),
        (Step::Landed, false) => exact("LND"),
        (Step::Arrived, false) => exact("ARR"),
        (Step::BagsOnBelt, false) => nearest("FIB"),
        (_, false) => nearest("SCH"),
    }
}

fn row(leg: &KnownLeg, zone: Tz) -> Json {
    let key = &leg.key;
    let departs = leg.direction == Direction::Departures;
    let name = key.designator().to_string();
    let mut row = Map::new();
    let mut put = |key: &str, value: Json| row.insert(key.into(), value);
    put("flightDirection", if departs { "D" } else { "A" }.into());
    put("flightName", name.clone().into());
    put("mainFlight", name.into());
    put("flightNumber", key.number.get().into());
    put("isOperationalFlight", true.into());
    put("originDate", key.origin_date.to_string().into());
    put("route", json!({ "destinations": [if departs { key.to } else { key.from }.as_str()] }));
    let cargo = leg.said(Field::NoPassengers) == Some(Some(&Value::Flag(true)));
    put("serviceType", if cargo { "F" } else { "J" }.into());
    if let Some(id) = &leg.provider_id {
        put("id", id.as_str().into());
    }
    if let Some(at) = leg.observed_at {
        put("lastUpdatedAt", local(at, zone).into());
    }
    schedule(leg, departs, zone, &mut row);
    values(leg, departs, zone, &mut row);
    states(leg, departs, &mut row);
    Json::Object(row)
}

fn schedule(leg: &KnownLeg, departs: bool, zone: Tz, row: &mut Map<String, Json>) {
    let field = if departs { Field::DepartureScheduled } else { Field::ArrivalScheduled };
    let Some(Some(Value::Time(seconds))) = leg.said(field) else {
        row.insert("scheduleDate".into(), leg.key.origin_date.to_string().into());
        return;
    };
    let Some(at) = DateTime::from_timestamp(*seconds, 0) else { return };
    let there = at.with_timezone(&zone);
    row.insert("scheduleDate".into(), there.date_naive().to_string().into());
    row.insert("scheduleTime".into(), there.time().to_string().into());
    row.insert("scheduleDateTime".into(), local(at, zone).into());
}

fn values(leg: &KnownLeg, departs: bool, zone: Tz, row: &mut Map<String, Json>) {
    let whole: fn(Json) -> Json = |value| value;
    let belts: fn(Json) -> Json = |belt| match belt {
        Json::Null => Json::Null,
        belt => json!({ "belts": [belt] }),
    };
    let desks: fn(Json) -> Json = |desks| match desks {
        Json::Null => Json::Null,
        desks => json!({ "checkinAllocations": [{ "rows": { "rows": [{ "position": desks }] } }] }),
    };
    let aircraft: fn(Json) -> Json = |kind| json!({ "iataMain": kind, "iataSub": kind });
    let codeshares: fn(Json) -> Json = |flights| json!({ "codeshares": flights });
    let own: &[_] = if departs {
        &[
            ("gate", Field::DepartureGate, whole),
            ("terminal", Field::DepartureTerminal, whole),
            ("checkinAllocations", Field::DepartureCheckIn, desks),
            ("publicEstimatedOffBlockTime", Field::DepartureEstimated, whole),
            ("actualOffBlockTime", Field::DepartureActual, whole),
        ]
    } else {
        &[
            ("gate", Field::ArrivalGate, whole),
            ("terminal", Field::ArrivalTerminal, whole),
            ("baggageClaim", Field::ArrivalBelt, belts),
            ("estimatedLandingTime", Field::ArrivalEstimated, whole),
            ("actualLandingTime", Field::ArrivalLanded, whole),
        ]
    };
    let shared = [
        ("aircraftType", Field::AircraftType, aircraft),
        ("aircraftRegistration", Field::AircraftRegistration, whole),
        ("codeshares", Field::Codeshares, codeshares),
    ];
    for (key, field, shape) in own.iter().chain(&shared) {
        let said = leg.statements.iter().find(|statement| statement.field == *field);
        if let Some(statement) = said.filter(|statement| can_say(leg, statement)) {
            let value = statement.value.as_ref().map_or(Json::Null, |value| plain(value, zone));
            row.insert((*key).into(), shape(value));
        }
    }
}

fn plain(value: &Value, zone: Tz) -> Json {
    match value {
        Value::Text(text) => text.as_ref().into(),
        Value::Time(seconds) => {
            DateTime::from_timestamp(*seconds, 0).map_or(Json::Null, |at| local(at, zone).into())
        }
        Value::Codeshares(flights) => flights.iter().map(ToString::to_string).collect(),
        // The format has no key for these; it expresses them as states.
        Value::Step(_) | Value::Flag(_) | Value::Airport(_) => Json::Null,
    }
}

fn states(leg: &KnownLeg, departs: bool, row: &mut Map<String, Json>) {
    let flag = |field| leg.said(field) == Some(Some(&Value::Flag(true)));
    let step = |field| match leg.said(field) {
        Some(Some(Value::Step(step))) => state_of(*step, departs).map(|state| state.word),
        _ => None,
    };
    let mut states = Vec::new();
    states.extend(flag(Field::Cancelled).then_some("CNX"));
    states.extend(flag(Field::Diverted).then_some("DIV"));
    states.extend(step(Field::DepartureStep));
    states.extend(step(Field::ArrivalStep));
    if !states.is_empty() {
        row.insert("publicFlightState".into(), json!({ "flightStates": states }));
    }
}

/// Schiphol's form of instants: local, with milliseconds and offset.
fn local(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Millis, false)
}
