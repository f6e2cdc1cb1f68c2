//! Helpers: sources, statements and flights.

use chrono::{DateTime, TimeDelta, Utc};
use gatecall_domain::change::{Change, ChangeKind};
use gatecall_domain::codes::{AirlineCode, FlightNumber, Iata};
use gatecall_domain::field::{Field, Step, Value};
use gatecall_domain::flight::{Applied, Flight};
use gatecall_domain::leg::LegKey;
use gatecall_domain::report::{Confidence, Report, ReportedStatus, Source, Statement};
use proptest::prelude::ProptestConfig;
use std::sync::Arc;

/// An instant of 8 February 2013 in UTC, such as `15:04`; `+1 00:10` is of the day after.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    let (days, clock) = text.strip_prefix('+').and_then(|t| t.split_once(' ')).unwrap_or(("0", text));
    let (hour, minute) = clock.split_once(':').unwrap();
    let number = |digits: &str| digits.parse::<i64>().unwrap();
    let day = DateTime::from_timestamp(1_360_281_600, 0).unwrap();
    day + TimeDelta::days(number(days)) + TimeDelta::hours(number(hour)) + TimeDelta::minutes(number(minute))
}

/// Late enough for every report of these stories.
pub(crate) fn now() -> DateTime<Utc> {
    at("+1 12:00")
}

pub(crate) fn iata(code: &str) -> Iata {
    Iata::parse(code).unwrap()
}

/// B6 615 from New York JFK to Fort Lauderdale.
pub(crate) fn key() -> LegKey {
    LegKey {
        carrier: AirlineCode::parse("B6").unwrap(),
        number: FlightNumber::parse("615").unwrap(),
        suffix: None,
        origin_date: at("00:00").date_naive(),
        from: iata("JFK"),
        to: iata("FLL"),
        repeat: 0,
    }
}

pub(crate) fn source(name: &str, airport: Option<&str>, rank: u8) -> Arc<Source> {
    Arc::new(Source {
        name: name.into(),
        airport: airport.map(iata),
        rank,
        creates: true,
        scope: Default::default(),
    })
}

/// The departure airport's own feed.
pub(crate) fn jfk() -> Arc<Source> {
    source("jfk", Some("JFK"), 50)
}

/// The arrival airport's own feed.
pub(crate) fn fll() -> Arc<Source> {
    source("fll", Some("FLL"), 50)
}

/// The airline, of the same rank as the airports but at home at neither.
pub(crate) fn airline() -> Arc<Source> {
    source("jetblue", None, 50)
}

/// A source that may only enrich what is known.
pub(crate) fn secondary(name: &str, rank: u8) -> Arc<Source> {
    Arc::new(Source { creates: false, ..(*source(name, None, rank)).clone() })
}

/// A report that `say` fills.
pub(crate) fn says(source: &Arc<Source>, observed: &str, say: impl FnOnce(&mut Report)) -> Report {
    let observed_at = at(observed);
    let mut report = Report {
        source: source.clone(),
        key: key(),
        aliases: Vec::new(),
        observed_at,
        received_at: observed_at,
        statements: Vec::new(),
        fallback_statements: Vec::new(),
    };
    say(&mut report);
    report
}

pub(crate) fn text(field: Field, text: &str) -> Value {
    Value::text(field, text).unwrap()
}

pub(crate) fn time(clock: &str) -> Value {
    Value::Time(at(clock).timestamp())
}

/// States a text.
pub(crate) fn texts(source: &Arc<Source>, observed: &str, field: Field, value: &str) -> Report {
    says(source, observed, |r| r.set(field, text(field, value)))
}

/// States a time.
pub(crate) fn times(source: &Arc<Source>, observed: &str, field: Field, clock: &str) -> Report {
    says(source, observed, |r| r.set(field, time(clock)))
}

/// States a text, or clears it, as a fallback.
pub(crate) fn fallback_statements(
    source: &Arc<Source>,
    observed: &str,
    field: Field,
    value: Option<&str>,
) -> Report {
    let value = value.map(|value| text(field, value));
    says(source, observed, |r| r.state(Confidence::Fallback, Statement { field, value }))
}

/// Takes a value away.
pub(crate) fn clears(source: &Arc<Source>, observed: &str, field: Field) -> Report {
    says(source, observed, |r| r.clear(field))
}

/// States a status.
pub(crate) fn word(source: &Arc<Source>, observed: &str, word: &str) -> Report {
    says(source, observed, |r| r.status(ReportedStatus::parse(word).unwrap()))
}

/// A schedule: departure at 15:00, arrival at 18:00.
pub(crate) fn schedule() -> Report {
    says(&jfk(), "06:00", |r| {
        r.set(Field::DepartureScheduled, time("15:00"));
        r.set(Field::ArrivalScheduled, time("18:00"));
    })
}

/// A flight after these reports, in this order.
pub(crate) fn flight(reports: &[Report]) -> Flight {
    let mut flight = Flight::new(key());
    for report in reports {
        flight.apply(report, now()).unwrap();
    }
    flight
}

/// The change that the last of these reports brings.
pub(crate) fn last_change(reports: &[Report]) -> Option<Change> {
    let (last, earlier) = reports.split_last().unwrap();
    match flight(earlier).apply(last, now()).unwrap() {
        Applied::Changed(change) => Some(change),
        Applied::Unchanged | Applied::Confirmed => None,
    }
}

/// The kinds of the change that the last of these reports brings.
pub(crate) fn last_kinds(reports: &[Report]) -> Vec<ChangeKind> {
    last_change(reports).map(|change| change.kinds.iter().collect()).unwrap_or_default()
}

/// The departure gate that is shown.
pub(crate) fn gate(flight: &Flight) -> Option<String> {
    flight.view().departure.gate.map(|gate| gate.to_string())
}

/// A step as the value of a field.
pub(crate) fn step(step: Step) -> Value {
    Value::Step(step)
}

/// Enough to find a wrong rule within a few runs; set PROPTEST_CASES to look harder.
pub(crate) fn effort() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(48))
}
