//! One flight of one evening, reported by one airport: the example of many tests.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as tests do")]
#![allow(dead_code, reason = "each test binary uses its own part")]

use chrono::{DateTime, NaiveDate, Utc};
use domain::change::Change;
use domain::codes::{AirlineCode, Designator, FlightNumber, Iata};
use domain::field::{Field, Value};
use domain::flight::{Applied, Flight, Override};
use domain::leg::{Alias, LegKey};
use domain::report::{Report, Source};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An instant by its text.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// B6 615, JFK to Fort Lauderdale, 8 February 2013.
pub(crate) fn key() -> LegKey {
    LegKey {
        carrier: AirlineCode::parse("B6").unwrap(),
        number: FlightNumber::parse("615").unwrap(),
        suffix: None,
        origin_date: NaiveDate::from_ymd_opt(2013, 2, 8).unwrap(),
        from: Iata::parse("JFK").unwrap(),
        to: Iata::parse("FLL").unwrap(),
        repeat: 0,
    }
}

/// A report of JFK's own feed, got half a second after it was observed.
pub(crate) fn report(observed_at: &str, say: impl FnOnce(&mut Report)) -> Report {
    let observed_at = at(observed_at);
    let airport = Some(key().from);
    let mut report = Report {
        source: Arc::new(Source {
            name: "jfk".into(),
            airport,
            rank: 50,
            creates: true,
            scope: Default::default(),
        }),
        key: key(),
        aliases: vec![Alias::Provider("jfk:880615".into())],
        observed_at,
        received_at: observed_at + chrono::TimeDelta::milliseconds(500),
        statements: Vec::new(),
        fallback_statements: Vec::new(),
    };
    say(&mut report);
    report
}

fn text(report: &mut Report, field: Field, text: &str) {
    report.set(field, Value::text(field, text).unwrap());
}

fn time(report: &mut Report, field: Field, instant: &str) {
    report.set(field, Value::time(field, at(instant)).unwrap());
}

/// What an operator took over by hand.
pub(crate) fn taken_over() -> Override {
    Override {
        field: Field::Remark,
        value: Some(Value::text(Field::Remark, "Please have your boarding pass ready").unwrap()),
        set_by: "desk:mia".into(),
        set_at: at("2013-02-08T21:10:00Z"),
        until: at("2013-02-08T23:00:00Z"),
    }
}

/// A delay with a change of gate.
pub(crate) fn late() -> Report {
    report("2013-02-08T21:04:10Z", |r| {
        text(r, Field::DepartureGate, "14");
        time(r, Field::DepartureEstimated, "2013-02-08T21:40:00Z");
        text(r, Field::DelayReason, "weather");
        r.clear(Field::DepartureCheckIn);
    })
}

/// The flight after its schedule, a delay with a change of gate, and nothing else; with the two
/// changes that led there.
pub(crate) fn evening() -> (Flight, Vec<Change>) {
    let schedule = report("2013-02-08T15:00:00Z", |r| {
        text(r, Field::DepartureTerminal, "5");
        text(r, Field::DepartureGate, "12");
        time(r, Field::DepartureScheduled, "2013-02-08T20:50:00Z");
        time(r, Field::ArrivalScheduled, "2013-02-09T00:04:00Z");
        text(r, Field::AircraftType, "A320");
        text(r, Field::AircraftRegistration, "N503JB");
        r.set(Field::Codeshares, Value::codeshares(vec![Designator::parse("EI5105").unwrap()]).unwrap());
    });
    let late = late();
    let mut flight = Flight::new(key());
    let mut changes = Vec::new();
    for (report, now) in [(schedule, "2013-02-08T15:00:01Z"), (late, "2013-02-08T21:04:11.250Z")] {
        match flight.apply(&report, at(now)) {
            Ok(Applied::Changed(change)) => changes.push(change),
            other => panic!("the example no longer changes the flight: {other:?}"),
        }
    }
    (flight, changes)
}

/// A file of this repository, from its root.
pub(crate) fn repository_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Fails if the committed file is not `fresh`, or rewrites it if `GATECALL_REWRITE` is set.
pub(crate) fn assert_fresh(path: &str, fresh: &str) {
    let file = repository_file(path);
    if std::env::var_os("GATECALL_REWRITE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, fresh).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let differing = committed.lines().zip(fresh.lines()).position(|(is, should)| is != should);
    let line = differing.unwrap_or_else(|| committed.lines().count().min(fresh.lines().count()));
    assert!(
        committed == fresh,
        "{path} is stale from line {} on; run `GATECALL_REWRITE=1 cargo test -p gatecall-wire` and look at the \
         difference. The line should be:\n{}",
        line + 1,
        fresh.lines().nth(line).unwrap_or("(none)"),
    );
}
