//! Two nodes over one log that is written and told in memory, as Kafka does it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use actix::{Actor, Arbiter, Context, Handler, System};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::clock::ManualClock;
use domain::codes::{AirlineCode, FlightNumber, Iata};
use domain::field::{Field, Value};
use domain::flight::{Flight, Override};
use domain::leg::{LegId, LegKey};
use domain::ports::*;
use domain::report::{Report, Source};
use domain::topic::Topic;
use gatecall_actors::bridge::{Ends, Journaled, KafkaBridge};
use gatecall_actors::flight::Amended;
use gatecall_actors::hub::{Hub, Lapsed, Limits, SwitchboardLine, Threads};
use gatecall_actors::metrics::Metrics;
use gatecall_actors::supervisor::Deaths;
use gatecall_actors::switchboard::{Announce, Deliver};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use wire::record::past_change;

type Reply = oneshot::Sender<Result<(), StoreError>>;

/// What a node is told, and who of it is to hear when that is shown.
type Heard = (Option<Told>, Option<(Reply, Result<(), StoreError>)>);

/// One log for all nodes. An entry counts if it was made from its leg's newest version.
#[derive(Default)]
struct Shared {
    newest: Mutex<BTreeMap<LegId, (Version, Option<Flight>)>>,
    written: Mutex<u64>,
    ears: Mutex<Vec<mpsc::UnboundedSender<Heard>>>,
    away: AtomicBool,
    overwritten: Mutex<Vec<LegId>>,
    /// A leg that cannot be written, though the log is there.
    stuck: Mutex<Option<LegId>>,
}

/// One node's end of it.
struct NodeLog {
    shared: Arc<Shared>,
    number: usize,
    told: tokio::sync::Mutex<mpsc::UnboundedReceiver<Heard>>,
    given: Mutex<Vec<(Reply, Result<(), StoreError>)>>,
    /// While it is set, nothing is told to this node.
    deaf: Arc<AtomicBool>,
    hears_again: Arc<Notify>,
    owns: Arc<AtomicBool>,
}

impl NodeLog {
    fn new(shared: &Arc<Shared>) -> Self {
        let (to, told) = mpsc::unbounded_channel();
        let mut ears = shared.ears.lock().unwrap();
        ears.push(to);
        Self {
            shared: shared.clone(),
            number: ears.len() - 1,
            told: tokio::sync::Mutex::new(told),
            given: Mutex::default(),
            deaf: Arc::default(),
            hears_again: Arc::default(),
            owns: Arc::new(AtomicBool::new(true)),
        }
    }

    fn write(
        &self,
        leg: &LegId,
        after: Version,
        state: Option<(Arc<Flight>, Vec<PastChange>)>,
    ) -> oneshot::Receiver<Result<(), StoreError>> {
        let (reply, answer) = oneshot::channel();
        let mut newest = self.shared.newest.lock().unwrap();
        let mut written = self.shared.written.lock().unwrap();
        *written += 1;
        let version = Version(*written);
        let known = newest.get(leg).map_or(Version::NONE, |(version, _)| *version);
        let rev = state.as_ref().map_or(0, |(flight, _)| flight.rev);
        let (told, verdict) = if after == known {
            newest.insert(leg.clone(), (version, state.as_ref().map(|(flight, _)| (**flight).clone())));
            let told = match state {
                Some((flight, changes)) => Told::Changed(Followed { flight, version, changes, gap: false }),
                None => Told::Retired { leg: leg.clone(), version },
            };
            (Some(told), Ok(()))
        } else {
            (None, Err(StoreError::Conflict { leg: leg.clone(), rev }))
        };
        let mut reply = Some((reply, verdict));
        for (number, ear) in self.shared.ears.lock().unwrap().iter().enumerate() {
            let of_this = if number == self.number { reply.take() } else { None };
            let _ = ear.send((told.clone(), of_this));
        }
        answer
    }
}

fn away() -> StoreError {
    StoreError::Unavailable { store: "shared log", reason: "told to be away".into() }
}

impl ChangeLog for NodeLog {
    fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if self.shared.away.load(Ordering::SeqCst) {
                return Err(away());
            }
            for entry in entries {
                if self.shared.stuck.lock().unwrap().as_ref() == Some(&entry.flight.leg) {
                    return Err(away());
                }
                let changes = entry.changes.iter().map(past_change).collect();
                let state = Some((entry.flight.clone(), changes));
                self.write(&entry.flight.leg, entry.after, state).await.unwrap()?;
            }
            Ok(())
        })
    }
    fn restore(&self) -> Answer<'_, Result<Vec<Flight>, StoreError>> {
        unreachable!("a hub on a shared log begins")
    }
    fn retire(&self, leg: LegId, after: Version) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(async move { self.write(&leg, after, None).await.unwrap() })
    }
    fn owns(&self, _: &LegId) -> bool {
        self.owns.load(Ordering::SeqCst)
    }
}

impl SharedLog for NodeLog {
    fn begin(&self) -> Answer<'_, Result<Beginning, StoreError>> {
        let mut beginning = Beginning::default();
        for (leg, (version, flight)) in self.shared.newest.lock().unwrap().iter() {
            match flight {
                Some(flight) => beginning.flights.push((flight.clone(), *version)),
                None => beginning.ended.push(leg.clone()),
            }
        }
        Box::pin(async { Ok(beginning) })
    }
    fn next(&self) -> Answer<'_, Vec<Told>> {
        Box::pin(async move {
            let mut told = self.told.lock().await;
            loop {
                for (reply, verdict) in self.given.lock().unwrap().drain(..) {
                    let _ = reply.send(verdict);
                }
                let (what, reply) = told.recv().await.unwrap();
                while self.deaf.load(Ordering::SeqCst) {
                    self.hears_again.notified().await;
                }
                self.given.lock().unwrap().extend(reply);
                if let Some(what) = what {
                    return vec![what];
                }
            }
        })
    }
    fn overwritten(&self) -> Vec<LegId> {
        if self.owns.load(Ordering::SeqCst) {
            self.shared.overwritten.lock().unwrap().drain(..).collect()
        } else {
            Vec::new()
        }
    }
    fn away_for(&self) -> Option<Duration> {
        self.shared.away.load(Ordering::SeqCst).then_some(Duration::from_secs(4))
    }
}

/// A journal that delivers to one node.
struct Queue(tokio::sync::Mutex<mpsc::UnboundedReceiver<Delivery>>);

impl ReportQueue for Queue {
    fn next(&self) -> Answer<'_, Vec<Delivery>> {
        Box::pin(async move {
            let mut batch = Vec::new();
            match self.0.lock().await.recv_many(&mut batch, 256).await {
                0 => std::future::pending().await,
                _ => batch,
            }
        })
    }
    fn leave(&self) -> Answer<'_, ()> {
        Box::pin(async {})
    }
}

struct Journal {
    to: mpsc::UnboundedSender<Delivery>,
    settled: Arc<Mutex<Vec<LegId>>>,
}

impl Journal {
    fn deliver(&self, what: Delivered, leg: &LegId) {
        let (settled, leg) = (self.settled.clone(), leg.clone());
        let settle = Settle::new(move || settled.lock().unwrap().push(leg));
        self.to.send(Delivery { what, settle }).unwrap();
    }
}

impl ReportJournal for Journal {
    fn post(&self, reports: Vec<(LegId, Report)>) -> Answer<'_, Result<(), SinkError>> {
        for (leg, report) in reports {
            self.deliver(Delivered::Report(report), &leg);
        }
        Box::pin(async { Ok(()) })
    }
}

#[derive(Default)]
struct Faults(Mutex<Vec<Quarantined>>);

impl Archive for Faults {
    fn keep(&self, _: Option<RawMessage>, faults: Vec<Quarantined>) -> Answer<'_, Result<(), StoreError>> {
        self.0.lock().unwrap().extend(faults);
        Box::pin(async { Ok(()) })
    }
    fn history(&self, _: LegId, _: u64, _: u32) -> Answer<'_, Result<Vec<PastChange>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn quarantine(&self, _: u32) -> Answer<'_, Result<Vec<Quarantined>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn expire(&self, _: DateTime<Utc>, _: DateTime<Utc>) -> Answer<'_, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }
}

struct Node {
    hub: Hub,
    clock: Arc<ManualClock>,
    log: Arc<NodeLog>,
    heard: Arc<Mutex<Vec<String>>>,
}

/// Stands for a worker thread's switchboard: what it hears, as `kind` or `kind rev`.
struct Ear(Arc<Mutex<Vec<String>>>);

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<Deliver> for Ear {
    type Result = ();
    fn handle(&mut self, deliver: Deliver, _: &mut Context<Self>) {
        for frame in &deliver.frames {
            let json: serde_json::Value = serde_json::from_slice(frame.payload()).unwrap();
            let rev = json["rev"].as_u64().or(json["flight"]["rev"].as_u64()).unwrap_or_default();
            self.0.lock().unwrap().push(format!("{} {rev}", frame.kind()));
        }
    }
}

impl Handler<Announce> for Ear {
    type Result = ();
    fn handle(&mut self, Announce { frame }: Announce, _: &mut Context<Self>) {
        let json: serde_json::Value = serde_json::from_slice(frame.payload()).unwrap();
        self.0.lock().unwrap().push(format!("{} {}", frame.kind(), json["current"]));
    }
}

async fn node(shared: &Arc<Shared>, queue: Option<Arc<dyn ReportQueue>>, archive: Arc<Faults>) -> Node {
    let clock = Arc::new(ManualClock::new(at(60)));
    let metrics = Metrics::default();
    let deaths = Deaths::only_counted(metrics.clone());
    let here = Arbiter::current();
    let log = Arc::new(NodeLog::new(shared));
    let threads = Threads { flights: vec![here.clone()], boards: here.clone() };
    let hub = Hub::on_shared_log(
        clock.clone(),
        log.clone(),
        Limits::default(),
        metrics.clone(),
        deaths.clone(),
        threads,
    );
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let ear = Ear(heard.clone()).start();
    let line = SwitchboardLine { frames: ear.clone().recipient(), announcements: ear.recipient() };
    let number = hub.add_switchboard(line).unwrap();
    hub.mark_follower(&Topic::All, number, true);
    let ends = Ends { hub: hub.clone(), log: log.clone(), queue, archive, metrics };
    KafkaBridge::put_back(&ends).await.unwrap();
    KafkaBridge::start_on(&here, ends, deaths);
    Node { hub, clock, log, heard }
}

impl Node {
    async fn until_heard(&self, what: &str) {
        for _ in 0..2_000 {
            if self.heard.lock().unwrap().iter().any(|heard| heard == what) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("{what} was not heard: {:?}", self.heard.lock().unwrap());
    }
}

fn at(minute: i64) -> DateTime<Utc> {
    "2013-02-08T14:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

fn gate(minute: i64, gate: &str) -> Report {
    let key = LegKey {
        carrier: AirlineCode::parse("B6").unwrap(),
        number: FlightNumber::parse("615").unwrap(),
        suffix: None,
        origin_date: NaiveDate::from_ymd_opt(2013, 2, 8).unwrap(),
        from: Iata::parse("JFK").unwrap(),
        to: Iata::parse("FLL").unwrap(),
        repeat: 0,
    };
    let source = Source { name: "jfk".into(), airport: Iata::parse("JFK").ok(), rank: 50, creates: true };
    let (observed_at, received_at) = (at(minute), at(minute));
    let source = Arc::new(source);
    let mut report =
        Report { source, key, aliases: Vec::new(), observed_at, received_at, statements: Vec::new() };
    report.set(Field::DepartureGate, Value::text(Field::DepartureGate, gate).unwrap());
    report
}

fn run(test: impl AsyncFnOnce()) {
    System::new().block_on(test());
}

#[test]
fn a_change_is_shown_on_every_node_from_the_log_the_first_as_a_state() {
    run(async || {
        let shared = Arc::default();
        let (one, other) =
            (node(&shared, None, Arc::default()).await, node(&shared, None, Arc::default()).await);
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        assert_eq!(*one.heard.lock().unwrap(), ["state 1"], "shown before it was answered");
        let outcomes = other.hub.accept(vec![gate(1, "14")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(2)], "the other node goes on where the first ended");
        one.until_heard("change 2").await;
        other.until_heard("change 2").await;
        let leg = gate(0, "12").key.id();
        let (here, there) = (one.hub.live(&leg).unwrap(), other.hub.live(&leg).unwrap());
        assert_eq!((here.rev, here.json()), (2, there.json()));
        let late = node(&shared, None, Arc::default()).await;
        assert_eq!(late.hub.live(&leg).unwrap().json(), here.json(), "who comes later begins with it");
        let again = late.hub.accept(vec![gate(1, "14")]).await.unwrap();
        assert_eq!(again, [Outcome::Unchanged]);
    });
}

#[test]
fn a_node_that_was_asleep_merges_anew_into_what_the_other_made() {
    run(async || {
        let shared = Arc::default();
        let (one, other) =
            (node(&shared, None, Arc::default()).await, node(&shared, None, Arc::default()).await);
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        other.until_heard("state 1").await;
        other.log.deaf.store(true, Ordering::SeqCst);
        one.hub.accept(vec![gate(1, "14")]).await.unwrap();
        // It merges into revision 1, of which the log has moved on, and finds out when it hears.
        let hub = other.hub.clone();
        let merging = actix_rt::spawn(async move { hub.accept(vec![gate(2, "16"), gate(1, "14")]).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        other.log.deaf.store(false, Ordering::SeqCst);
        other.log.hears_again.notify_one();
        let outcomes = merging.await.unwrap().unwrap();
        assert_eq!(outcomes, [Outcome::Changed(3), Outcome::Unchanged]);
        one.until_heard("change 3").await;
        assert_eq!(*one.heard.lock().unwrap(), ["state 1", "change 2", "change 3"]);
        assert_eq!(*other.heard.lock().unwrap(), ["state 1", "change 2", "change 3"]);
        assert_eq!(other.hub.metrics().append_conflicts.get(), 1);
    });
}

#[test]
fn any_node_takes_a_field_over_and_only_the_owner_sees_to_its_end() {
    run(async || {
        let shared = Arc::default();
        let (owner, other) =
            (node(&shared, None, Arc::default()).await, node(&shared, None, Arc::default()).await);
        other.log.owns.store(false, Ordering::SeqCst);
        owner.hub.accept(vec![gate(0, "12")]).await.unwrap();
        other.until_heard("state 1").await;
        let leg = gate(0, "12").key.id();
        let value = Some(Value::text(Field::DepartureGate, "B9").unwrap());
        let (set_at, until) = (at(60), at(60) + TimeDelta::milliseconds(1));
        let order = Override { field: Field::DepartureGate, value, set_by: "operator".into(), set_at, until };
        // It hears late of what the owner made meanwhile, and merges anew.
        other.log.deaf.store(true, Ordering::SeqCst);
        owner.hub.accept(vec![gate(1, "14")]).await.unwrap();
        let hub = other.hub.clone();
        let (of, taking) = (leg.clone(), order);
        let taking = actix_rt::spawn(async move { hub.take_over(&of, taking).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        other.log.deaf.store(false, Ordering::SeqCst);
        other.log.hears_again.notify_one();
        assert_eq!(taking.await.unwrap().unwrap(), Amended::Seen(3));
        assert_eq!(other.hub.metrics().append_conflicts.get(), 1);
        owner.until_heard("change 3").await;
        for node in [&owner, &other] {
            assert_eq!(node.hub.live(&leg).unwrap().view.departure.gate.as_deref(), Some("B9"));
            node.clock.advance(TimeDelta::minutes(1));
        }
        assert_eq!(other.hub.lapse_due(10).await, Lapsed::default(), "it is not this node's leg");
        assert_eq!(owner.hub.lapse_due(10).await, Lapsed { ended: 1, failed: 0 });
        other.until_heard("change 4").await;
        assert_eq!(other.hub.live(&leg).unwrap().view.departure.gate.as_deref(), Some("14"));
    });
}

#[test]
fn what_was_written_over_by_one_who_was_late_is_written_again_without_a_revision() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let one = node(&shared, None, Arc::default()).await;
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        let leg = gate(0, "12").key.id();
        shared.overwritten.lock().unwrap().push(leg.clone());
        for _ in 0..1_000 {
            if shared.newest.lock().unwrap()[&leg].0 == Version(2) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(shared.newest.lock().unwrap()[&leg].0, Version(2));
        let outcomes = one.hub.accept(vec![gate(1, "14")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(2)], "from the version of what was written again");
        assert_eq!(*one.heard.lock().unwrap(), ["state 1", "change 2"]);
    });
}

#[test]
fn a_leg_is_retired_by_its_owner_and_gone_on_every_node() {
    run(async || {
        let shared = Arc::default();
        let (one, other) =
            (node(&shared, None, Arc::default()).await, node(&shared, None, Arc::default()).await);
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        other.until_heard("state 1").await;
        let leg = gate(0, "12").key.id();
        assert_eq!(other.hub.retire_due(10).await, 0, "its time is not over");
        let version = shared.newest.lock().unwrap()[&leg].0;
        one.log.retire(leg.clone(), version).await.unwrap();
        one.until_heard("gone 0").await;
        other.until_heard("gone 0").await;
        assert!(one.hub.live(&leg).is_none() && other.hub.live(&leg).is_none());
        let outcomes = other.hub.accept(vec![gate(2, "16")]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")), "{outcomes:?}");
        let late = node(&shared, None, Arc::default()).await;
        let outcomes = late.hub.accept(vec![gate(2, "16")]).await.unwrap();
        assert!(
            matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")),
            "who begins later knows it as well: {outcomes:?}"
        );
    });
}

#[test]
fn reports_from_the_journal_are_settled_when_they_are_durable_and_what_cannot_be_used_is_kept() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let (to, queue) = mpsc::unbounded_channel();
        let journal = Arc::new(Journal { to, settled: Arc::default() });
        let archive = Arc::<Faults>::default();
        let queue: Arc<dyn ReportQueue> = Arc::new(Queue(tokio::sync::Mutex::new(queue)));
        let owner = node(&shared, Some(queue), archive.clone()).await;
        let sender = Journaled::new(owner.hub.clone(), journal.clone());
        let leg = gate(0, "12").key.id();
        shared.away.store(true, Ordering::SeqCst);
        assert_eq!(sender.accept(vec![gate(0, "12")]).await.unwrap(), [Outcome::Queued]);
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(journal.settled.lock().unwrap().is_empty(), "it is not durable while the log is away");
        shared.away.store(false, Ordering::SeqCst);
        owner.until_heard("state 1").await;
        let settled = || journal.settled.lock().unwrap().len();
        while settled() < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let unreadable = Delivered::Unreadable {
            place: "reports 0/7".into(),
            reason: "is no report".into(),
            excerpt: "x".into(),
        };
        journal.deliver(unreadable, &leg);
        let unknown = Report {
            source: Arc::new(Source { creates: false, ..(*gate(0, "1").source).clone() }),
            ..gate(0, "1")
        };
        let unknown = Report { key: LegKey { repeat: 3, ..unknown.key }, ..unknown };
        sender.accept(vec![unknown]).await.unwrap();
        while settled() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let mut reasons: Vec<_> =
            archive.0.lock().unwrap().iter().map(|fault| fault.reason.clone()).collect();
        reasons.sort();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        assert!(reasons[0].starts_with("reports 0/7: is no report"), "{reasons:?}");
        assert!(reasons[1].contains("may only add to flights that are known"), "{reasons:?}");
        // What the receiving node can tell to be wrong is answered at once, and not posted.
        let outcomes = sender.accept(vec![gate(60 * 24, "9")]).await.unwrap();
        assert!(
            matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("in the future")),
            "{outcomes:?}"
        );
    });
}

#[test]
fn a_leg_that_cannot_be_written_and_one_nobody_has_spoken_of_yet_hold_up_nobody() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let (to, queue) = mpsc::unbounded_channel();
        let journal = Arc::new(Journal { to, settled: Arc::default() });
        let queue: Arc<dyn ReportQueue> = Arc::new(Queue(tokio::sync::Mutex::new(queue)));
        let archive = Arc::<Faults>::default();
        let _owner = node(&shared, Some(queue), archive.clone()).await;
        let of = |repeat| {
            let report = gate(0, "12");
            Report { key: LegKey { repeat, ..report.key }, ..report }
        };
        let adds = |repeat| {
            let report = of(repeat);
            Report {
                source: Arc::new(Source { creates: false, name: "desk".into(), ..(*report.source).clone() }),
                ..report
            }
        };
        let (stuck, other) = (of(1).key.id(), of(2).key.id());
        *shared.stuck.lock().unwrap() = Some(stuck.clone());
        // What adds to the stuck leg comes before that leg is known; both wait, the other does not.
        let batch = [of(1), adds(1), of(2)].map(|report| (report.key.id(), report));
        journal.post(batch.to_vec()).await.unwrap();
        let settled = || journal.settled.lock().unwrap().clone();
        for _ in 0..400 {
            if !settled().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(settled(), [other]);
        *shared.stuck.lock().unwrap() = None;
        for _ in 0..2_000 {
            if settled().len() == 3 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(settled().len(), 3, "the leg is written now, and what came before it is merged");
        assert!(
            archive.0.lock().unwrap().is_empty(),
            "nothing was put aside: {:?}",
            archive.0.lock().unwrap()
        );
    });
}

#[test]
fn listeners_are_told_when_the_log_goes_away_and_when_it_is_back() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let one = node(&shared, None, Arc::default()).await;
        assert!(one.hub.warning().is_none());
        shared.away.store(true, Ordering::SeqCst);
        one.until_heard("upstream false").await;
        assert_eq!(one.hub.warning().unwrap().kind(), "upstream", "who comes now is told as well");
        shared.away.store(false, Ordering::SeqCst);
        one.until_heard("upstream true").await;
        assert!(one.hub.warning().is_none());
        assert_eq!(*one.heard.lock().unwrap(), ["upstream false", "upstream true"]);
    });
}
