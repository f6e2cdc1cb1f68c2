//! Flights to try stores with: made by the domain's own rules, with a value in every field.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::change::Change;
use domain::codes::{AirlineCode, Designator, FlightNumber, Iata, Suffix};
use domain::field::{Field, FieldKind, Step, Value};
use domain::flight::{Applied, Flight, Override};
use domain::leg::{Alias, LegKey};
use domain::ports::{LogEntry, Version};
use domain::report::{Confidence, Report, Source};
use std::sync::Arc;

/// The first instant of the sample day: 2013-02-08T15:00:00.25Z, not a whole second.
pub fn dawn() -> DateTime<Utc> {
    DateTime::from_timestamp(1_360_335_600, 250_000_000).unwrap_or_default()
}

/// A flight that grows, and the entries that it leaves behind.
#[derive(Clone)]
pub struct Sample {
    /// Its state now.
    pub flight: Flight,
    at: DateTime<Utc>,
}

impl Sample {
    /// The leg number `n` of the sample day; different numbers are different legs, up to 9,999 times
    /// 200.
    #[allow(clippy::unwrap_used, reason = "fixed codes, for tests")]
    pub fn leg(n: u32) -> Self {
        let day = NaiveDate::from_ymd_opt(2013, 2, 8).unwrap() + TimeDelta::days(i64::from(n / 9999));
        let key = LegKey {
            carrier: AirlineCode::parse("B6").unwrap(),
            number: FlightNumber::parse(&(n % 9999 + 1).to_string()).unwrap(),
            suffix: n.is_multiple_of(7).then(|| Suffix::parse("D").unwrap()),
            origin_date: day,
            from: Iata::parse("JFK").unwrap(),
            to: Iata::parse("FLL").unwrap(),
            repeat: u8::from(n.is_multiple_of(11)),
        };
        Self { flight: Flight::new(key), at: dawn() }
    }

    /// The same leg, going on from a state that was stored.
    #[must_use]
    pub fn resumed(self, flight: Flight) -> Self {
        Self { at: flight.changed_at, flight }
    }

    /// Everything that can be known becomes known at once, some of it taken over by hand.
    pub fn everything(&mut self) -> LogEntry {
        let mut report = self.report();
        for (field, _, kind, _) in Field::TABLE {
            report.statements.push(domain::report::Statement { field: *field, value: value(*field, *kind) });
        }
        report.clear(Field::ArrivalBelt);
        for (field, value) in
            [(Field::DepartureGate, Some(Value::Text("12".into()))), (Field::ArrivalGate, None)]
        {
            report.state(Confidence::Fallback, domain::report::Statement { field, value });
        }
        report.aliases = vec![Alias::Provider("ewr:6803787".into()), Alias::CallSign("JBU615".into())];
        let mut changes = Vec::new();
        changes.extend(self.apply(&report));
        let order = Override {
            field: Field::ArrivalGate,
            value: Some(Value::Text("25 – “A”".into())),
            set_by: "desk".into(),
            set_at: self.at,
            until: self.at + TimeDelta::hours(2),
        };
        if let Applied::Changed(change) = self.flight.set_override(order, self.at) {
            changes.push(change);
        }
        self.entry(changes)
    }

    /// The departure gate becomes known or another one: one revision.
    pub fn gate(&mut self, gate: &str) -> LogEntry {
        let changes = self.gate_change(gate).into_iter().collect();
        self.entry(changes)
    }

    /// Several gates, one entry: what a flight leaves behind while the log is slow.
    pub fn gates(&mut self, gates: &[&str]) -> LogEntry {
        let changes = gates.iter().filter_map(|gate| self.gate_change(gate)).collect();
        self.entry(changes)
    }

    /// A source repeats known values later: no revision.
    pub fn confirmation(&mut self) -> LogEntry {
        let gate = self.flight.value(Field::DepartureGate).cloned();
        let mut report = self.report();
        report.statements.push(domain::report::Statement { field: Field::DepartureGate, value: gate });
        let changes: Vec<Change> = self.apply(&report).into_iter().collect();
        self.entry(changes)
    }

    /// A source hides the flight from the public, or shows it: one revision.
    pub fn hidden(&mut self, hidden: bool) -> LogEntry {
        let mut report = self.report();
        report.set(Field::Hidden, Value::Flag(hidden));
        let changes: Vec<Change> = self.apply(&report).into_iter().collect();
        self.entry(changes)
    }

    fn gate_change(&mut self, gate: &str) -> Option<Change> {
        let mut report = self.report();
        report.set(Field::DepartureGate, Value::Text(gate.into()));
        self.apply(&report)
    }

    fn report(&mut self) -> Report {
        self.at += TimeDelta::microseconds(1_500_001);
        let source = Source {
            name: "jfk".into(),
            airport: Iata::parse("JFK").ok(),
            rank: 50,
            creates: true,
            scope: Default::default(),
        };
        Report {
            source: Arc::new(source),
            key: self.flight.key,
            aliases: Vec::new(),
            observed_at: self.at,
            received_at: self.at,
            statements: Vec::new(),
            fallback_statements: Vec::new(),
        }
    }

    fn apply(&mut self, report: &Report) -> Option<Change> {
        match self.flight.apply(report, self.at) {
            Ok(Applied::Changed(change)) => Some(change),
            _ => None,
        }
    }

    fn entry(&self, changes: Vec<Change>) -> LogEntry {
        LogEntry { after: Version::NONE, flight: Arc::new(self.flight.clone()), changes }
    }
}

fn value(field: Field, kind: FieldKind) -> Option<Value> {
    // Before, as what has happened cannot lie ahead.
    let time = || dawn() - TimeDelta::minutes(field as i64);
    match kind {
        FieldKind::Text(_) => Value::text(field, "Ω\"7\\").ok(),
        FieldKind::Time => Value::time(field, time()).ok(),
        FieldKind::Step => Some(Value::Step(Step::Scheduled)),
        FieldKind::Flag => Some(Value::Flag(false)),
        FieldKind::Airport => Iata::parse("MCO").ok().map(Value::Airport),
        FieldKind::Codeshares => {
            let flights = ["EI5105", "EY27", "JBU1A"].iter().filter_map(|f| Designator::parse(f).ok());
            Value::codeshares(flights.collect()).ok()
        }
    }
}
