//! A hub over a log under the control of the test, and reports.

use actix::{Arbiter, ArbiterHandle, System};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::clock::ManualClock;
use domain::codes::{AirlineCode, FlightNumber, Iata};
use domain::field::{Field, Value};
use domain::flight::Flight;
use domain::leg::{LegId, LegKey};
use domain::ports::{BoxFuture, ChangeLog, Ended, LogEntry, StoreError, Version};
use domain::report::{Report, Source};
use domain::topic::Topic;
use gatecall_actors::hub::{Hub, Limits, Threads};
use gatecall_actors::metrics::Metrics;
use gatecall_actors::supervisor::PanicReporter;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use wire::frame::server::ServerFrame;

/// A log in memory that can wait and fail.
pub(crate) struct TestLog {
    pub(crate) kept: Mutex<BTreeMap<LegId, Flight>>,
    pub(crate) ended: Mutex<BTreeMap<LegId, DateTime<Utc>>>,
    /// One permit per append.
    pub(crate) permits: Semaphore,
    pub(crate) fails: AtomicBool,
}

impl ChangeLog for TestLog {
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.permits.acquire().await.unwrap().forget();
            if self.fails.load(Ordering::SeqCst) {
                return Err(StoreError::Unavailable { store: "test log", reason: "test failure".into() });
            }
            let mut kept = self.kept.lock().unwrap();
            for entry in entries {
                kept.insert(entry.flight.leg.clone(), (*entry.flight).clone());
            }
            Ok(())
        })
    }
    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        Box::pin(async { Ok(self.kept.lock().unwrap().values().cloned().collect()) })
    }
    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        let ended = self.ended.lock().unwrap();
        let known = ended
            .iter()
            .filter(|(_, at)| **at >= since)
            .map(|(leg, at)| Ended { leg: leg.clone(), at: *at })
            .collect();
        Box::pin(async { Ok(known) })
    }
    fn retire(&self, leg: LegId, _: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.kept.lock().unwrap().remove(&leg);
        self.ended.lock().unwrap().insert(leg, at);
        Box::pin(async { Ok(()) })
    }
}

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) log: Arc<TestLog>,
}

pub(crate) fn threads_at(here: ArbiterHandle) -> Threads {
    Threads { flights: vec![here.clone()], boards: here }
}

pub(crate) const MANY: usize = 1_000_000;

pub(crate) fn world_with(log: Arc<TestLog>, limits: Limits) -> World {
    world_at("2013-02-08T15:00:00Z".parse().unwrap(), log, limits)
}

pub(crate) fn world_at(now: DateTime<Utc>, log: Arc<TestLog>, limits: Limits) -> World {
    let clock = Arc::new(ManualClock::new(now));
    let metrics = Metrics::default();
    let panics = PanicReporter::counting_only(metrics.clone());
    let here = Arbiter::current();
    let hub = Hub::new(clock.clone(), log.clone(), limits, metrics, panics, threads_at(here));
    World { hub, clock, log }
}

pub(crate) fn log_with(permits: usize) -> Arc<TestLog> {
    Arc::new(TestLog {
        kept: Mutex::default(),
        ended: Mutex::default(),
        permits: Semaphore::new(permits),
        fails: AtomicBool::new(false),
    })
}

pub(crate) fn run(test: impl AsyncFnOnce(World)) {
    System::new().block_on(async { test(world_with(log_with(MANY), Limits::default())).await });
}

pub(crate) fn at(minute: i64) -> DateTime<Utc> {
    "2013-02-08T14:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

pub(crate) fn key(number: &str) -> LegKey {
    LegKey {
        carrier: AirlineCode::parse("B6").unwrap(),
        number: FlightNumber::parse(number).unwrap(),
        suffix: None,
        origin_date: NaiveDate::from_ymd_opt(2013, 2, 8).unwrap(),
        from: Iata::parse("JFK").unwrap(),
        to: Iata::parse("FLL").unwrap(),
        repeat: 0,
    }
}

pub(crate) fn report(number: &str, minute: i64) -> Report {
    let source = Source {
        name: "jfk".into(),
        airport: Iata::parse("JFK").ok(),
        rank: 50,
        creates: true,
        scope: Default::default(),
    };
    Report {
        source: Arc::new(source),
        key: key(number),
        aliases: Vec::new(),
        observed_at: at(minute),
        received_at: at(minute),
        statements: Vec::new(),
        fallback_statements: Vec::new(),
    }
}

pub(crate) fn scheduled(number: &str) -> Report {
    let mut report = report(number, 0);
    report.set(Field::DepartureScheduled, Value::time(Field::DepartureScheduled, at(180)).unwrap());
    report
}

pub(crate) fn gate(number: &str, minute: i64, gate: &str) -> Report {
    let mut report = report(number, minute);
    report.set(Field::DepartureGate, Value::text(Field::DepartureGate, gate).unwrap());
    report
}

pub(crate) fn jfk() -> Topic {
    Topic::parse("board/JFK/departures").unwrap()
}

pub(crate) async fn snapshot(
    hub: &Hub,
    topic: &Topic,
    since: Option<DateTime<Utc>>,
) -> (bool, Vec<(String, u64)>) {
    let frame = hub.snapshot(topic, since).await.unwrap();
    match serde_json::from_slice(frame.payload()).unwrap() {
        ServerFrame::Snapshot(s) => {
            (s.partial, s.flights.into_iter().map(|f| (f.leg.to_string(), f.rev)).collect())
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn leg(number: &str) -> String {
    key(number).id().to_string()
}
