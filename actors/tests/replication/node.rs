//! A hub with its `KafkaBridge`, and what its connections receive.

use crate::archive::TestArchive;
use crate::shared_log::{NodeLog, Shared};
use actix::{Actor, Arbiter, Context, Handler, System};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::clock::ManualClock;
use domain::codes::{AirlineCode, FlightNumber, Iata};
use domain::field::{Field, Value};
use domain::leg::LegKey;
use domain::ports::*;
use domain::report::{Report, Source};
use domain::topic::Topic;
use gatecall_actors::hub::{Hub, Limits, SwitchboardHandle, Threads};
use gatecall_actors::metrics::Metrics;
use gatecall_actors::replication::{Deps, KafkaBridge};
use gatecall_actors::supervisor::PanicReporter;
use gatecall_actors::switchboard::{Announce, Broadcast};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) struct Node {
    pub(crate) hub: Hub,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) log: Arc<NodeLog>,
    pub(crate) received: Arc<Mutex<Vec<String>>>,
}

/// Records what the switchboard of a worker thread receives, as `kind` or `kind rev`.
struct RecordingSwitchboard(Arc<Mutex<Vec<String>>>);

impl Actor for RecordingSwitchboard {
    type Context = Context<Self>;
}

impl Handler<Broadcast> for RecordingSwitchboard {
    type Result = ();
    fn handle(&mut self, broadcast: Broadcast, _: &mut Context<Self>) {
        for frame in &broadcast.frames {
            let json: serde_json::Value = serde_json::from_slice(frame.payload()).unwrap();
            let rev = json["rev"].as_u64().or(json["flight"]["rev"].as_u64()).unwrap_or_default();
            self.0.lock().unwrap().push(format!("{} {rev}", frame.kind()));
        }
    }
}

impl Handler<Announce> for RecordingSwitchboard {
    type Result = ();
    fn handle(&mut self, Announce { frames }: Announce, _: &mut Context<Self>) {
        for frame in frames {
            let json: serde_json::Value = serde_json::from_slice(frame.payload()).unwrap();
            self.0.lock().unwrap().push(format!("{} {}", frame.kind(), json["current"]));
        }
    }
}

pub(crate) async fn node(
    shared: &Arc<Shared>,
    queue: Option<Arc<dyn ReportQueue>>,
    archive: Arc<TestArchive>,
) -> Node {
    let clock = Arc::new(ManualClock::new(at(60)));
    let metrics = Metrics::default();
    let panics = PanicReporter::counting_only(metrics.clone());
    let here = Arbiter::current();
    let log = Arc::new(NodeLog::new(shared));
    let threads = Threads { flights: vec![here.clone()], boards: here.clone() };
    let hub = Hub::on_shared_log(
        clock.clone(),
        log.clone(),
        Limits::default(),
        metrics.clone(),
        panics.clone(),
        threads,
    );
    let received = Arc::<Mutex<Vec<String>>>::default();
    let recorder = RecordingSwitchboard(received.clone()).start();
    let handle =
        SwitchboardHandle { frames: recorder.clone().recipient(), announcements: recorder.recipient() };
    let number = hub.add_switchboard(handle).unwrap();
    hub.set_follower(&Topic::All, number, true);
    let deps = Deps { hub: hub.clone(), log: log.clone(), queue, archive, metrics };
    KafkaBridge::restore(&deps).await.unwrap();
    KafkaBridge::start_on(&here, deps, panics);
    Node { hub, clock, log, received }
}

/// A log with two nodes.
pub(crate) async fn two_nodes() -> (Arc<Shared>, Node, Node) {
    let shared = Arc::default();
    let (one, other) = (node(&shared, None, Arc::default()).await, node(&shared, None, Arc::default()).await);
    (shared, one, other)
}

impl Node {
    pub(crate) async fn until_received(&self, what: &str) {
        let received = || self.received.lock().unwrap().iter().any(|received| received == what);
        until(&format!("{what} is received"), received).await;
    }
}

pub(crate) fn at(minute: i64) -> DateTime<Utc> {
    "2013-02-08T14:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

pub(crate) fn gate(minute: i64, gate: &str) -> Report {
    let key = LegKey {
        carrier: AirlineCode::parse("B6").unwrap(),
        number: FlightNumber::parse("615").unwrap(),
        suffix: None,
        origin_date: NaiveDate::from_ymd_opt(2013, 2, 8).unwrap(),
        from: Iata::parse("JFK").unwrap(),
        to: Iata::parse("FLL").unwrap(),
        repeat: 0,
    };
    let source = Source {
        name: "jfk".into(),
        airport: Iata::parse("JFK").ok(),
        rank: 50,
        creates: true,
        scope: Default::default(),
    };
    let (observed_at, received_at) = (at(minute), at(minute));
    let source = Arc::new(source);
    let mut report = Report {
        source,
        key,
        aliases: Vec::new(),
        observed_at,
        received_at,
        statements: Vec::new(),
        fallback_statements: Vec::new(),
    };
    report.set(Field::DepartureGate, Value::text(Field::DepartureGate, gate).unwrap());
    report
}

pub(crate) fn run(test: impl AsyncFnOnce()) {
    System::new().block_on(test());
}

/// Waits until a condition holds, and fails after 30 seconds.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..6_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("timed out waiting until {what}");
}
