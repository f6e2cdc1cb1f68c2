//! Flights, boards and the handle, over a log that does what the test says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod by_hand;

use actix::{Actor, Arbiter, ArbiterHandle, Context, Handler, System};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::clock::ManualClock;
use domain::codes::{AirlineCode, FlightNumber, Iata};
use domain::field::{Field, Step, Value};
use domain::flight::Flight;
use domain::leg::{LegId, LegKey};
use domain::ports::{
    Answer, ChangeLog, Ended, LogEntry, Outcome, ReportSink, SinkError, StoreError, Version,
};
use domain::report::{Report, Source, StatusWord};
use domain::topic::Topic;
use gatecall_actors::board::NEWS_AT_ONCE;
use gatecall_actors::hub::{Hub, Limits, NoSnapshot, SwitchboardLine, Threads};
use gatecall_actors::metrics::Metrics;
use gatecall_actors::supervisor::Deaths;
use gatecall_actors::switchboard::{Announce, Deliver};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use wire::frame::server::ServerFrame;

/// A log in memory that can be made to wait and to fail.
struct TestLog {
    kept: Mutex<BTreeMap<LegId, Flight>>,
    ended: Mutex<BTreeMap<LegId, DateTime<Utc>>>,
    /// One permit an append.
    permits: Semaphore,
    fails: AtomicBool,
}

impl ChangeLog for TestLog {
    fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.permits.acquire().await.unwrap().forget();
            if self.fails.load(Ordering::SeqCst) {
                return Err(StoreError::Unavailable { store: "test log", reason: "told to fail".into() });
            }
            let mut kept = self.kept.lock().unwrap();
            for entry in entries {
                kept.insert(entry.flight.leg.clone(), (*entry.flight).clone());
            }
            Ok(())
        })
    }
    fn restore(&self) -> Answer<'_, Result<Vec<Flight>, StoreError>> {
        Box::pin(async { Ok(self.kept.lock().unwrap().values().cloned().collect()) })
    }
    fn ended(&self, since: DateTime<Utc>) -> Answer<'_, Result<Vec<Ended>, StoreError>> {
        let ended = self.ended.lock().unwrap();
        let known = ended
            .iter()
            .filter(|(_, at)| **at >= since)
            .map(|(leg, at)| Ended { leg: leg.clone(), at: *at })
            .collect();
        Box::pin(async { Ok(known) })
    }
    fn retire(&self, leg: LegId, _: Version, at: DateTime<Utc>) -> Answer<'_, Result<(), StoreError>> {
        self.kept.lock().unwrap().remove(&leg);
        self.ended.lock().unwrap().insert(leg, at);
        Box::pin(async { Ok(()) })
    }
}

struct World {
    hub: Hub,
    clock: Arc<ManualClock>,
    log: Arc<TestLog>,
}

fn threads_at(here: ArbiterHandle) -> Threads {
    Threads { flights: vec![here.clone()], boards: here }
}

const MANY: usize = 1_000_000;

fn world_with(log: Arc<TestLog>, limits: Limits) -> World {
    world_at("2013-02-08T15:00:00Z".parse().unwrap(), log, limits)
}

fn world_at(now: DateTime<Utc>, log: Arc<TestLog>, limits: Limits) -> World {
    let clock = Arc::new(ManualClock::new(now));
    let metrics = Metrics::default();
    let deaths = Deaths::only_counted(metrics.clone());
    let here = Arbiter::current();
    let hub = Hub::new(clock.clone(), log.clone(), limits, metrics, deaths, threads_at(here));
    World { hub, clock, log }
}

fn log_with(permits: usize) -> Arc<TestLog> {
    Arc::new(TestLog {
        kept: Mutex::default(),
        ended: Mutex::default(),
        permits: Semaphore::new(permits),
        fails: AtomicBool::new(false),
    })
}

fn run(test: impl AsyncFnOnce(World)) {
    System::new().block_on(async { test(world_with(log_with(MANY), Limits::default())).await });
}

fn at(minute: i64) -> DateTime<Utc> {
    "2013-02-08T14:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

fn key(number: &str) -> LegKey {
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

fn report(number: &str, minute: i64) -> Report {
    let source = Source { name: "jfk".into(), airport: Iata::parse("JFK").ok(), rank: 50, creates: true };
    Report {
        source: Arc::new(source),
        key: key(number),
        aliases: Vec::new(),
        observed_at: at(minute),
        received_at: at(minute),
        statements: Vec::new(),
        second_best: Vec::new(),
    }
}

fn scheduled(number: &str) -> Report {
    let mut report = report(number, 0);
    report.set(Field::DepartureScheduled, Value::time(Field::DepartureScheduled, at(180)).unwrap());
    report
}

fn gate(number: &str, minute: i64, gate: &str) -> Report {
    let mut report = report(number, minute);
    report.set(Field::DepartureGate, Value::text(Field::DepartureGate, gate).unwrap());
    report
}

fn jfk() -> Topic {
    Topic::parse("board/JFK/departures").unwrap()
}

async fn snapshot(hub: &Hub, topic: &Topic, since: Option<DateTime<Utc>>) -> (bool, Vec<(String, u64)>) {
    let frame = hub.snapshot(topic, since).await.unwrap();
    match serde_json::from_slice(frame.payload()).unwrap() {
        ServerFrame::Snapshot(s) => {
            (s.partial, s.flights.into_iter().map(|f| (f.leg.to_string(), f.rev)).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn leg(number: &str) -> String {
    key(number).id().to_string()
}

#[test]
fn a_report_is_answered_and_shown_only_when_it_is_durable() {
    System::new().block_on(async {
        let world = world_with(log_with(0), Limits::default());
        let hub = world.hub.clone();
        let answer = actix_rt::spawn(async move { hub.accept(vec![scheduled("615")]).await });
        // The flight is asking the log, which waits for a permit.
        while world.hub.flights_len() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!answer.is_finished());
        assert!(world.hub.live(&key("615").id()).is_none());
        world.log.permits.add_permits(1);
        assert_eq!(answer.await.unwrap().unwrap(), [Outcome::Changed(1)]);
        assert_eq!(world.hub.live(&key("615").id()).unwrap().rev, 1);
    });
}

#[test]
fn a_failed_commit_leaves_nothing_behind_and_the_same_report_succeeds_later() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.log.fails.store(true, Ordering::SeqCst);
        let refused = world.hub.accept(vec![gate("615", 1, "12")]).await;
        assert!(matches!(refused, Err(SinkError::NotDurable(_))));
        assert_eq!(world.hub.live(&key("615").id()).unwrap().rev, 1);
        let unknown = world.hub.accept(vec![scheduled("616")]).await;
        assert!(matches!(unknown, Err(SinkError::NotDurable(_))));
        world.log.fails.store(false, Ordering::SeqCst);
        let answer = world.hub.accept(vec![gate("615", 1, "12"), scheduled("616")]).await.unwrap();
        assert_eq!(answer, [Outcome::Changed(2), Outcome::Changed(1)]);
    });
}

#[test]
fn outcomes_come_in_the_order_of_the_reports() {
    run(async |world| {
        let mut late = gate("617", 0, "9");
        late.observed_at = at(600);
        let reports =
            vec![scheduled("615"), late, gate("615", 1, "12"), scheduled("616"), gate("615", 1, "12")];
        let outcomes = world.hub.accept(reports).await.unwrap();
        assert_eq!(outcomes[0], Outcome::Changed(1));
        assert!(
            matches!(&outcomes[1], Outcome::Rejected(why) if why.contains("future")),
            "{:?}",
            outcomes[1]
        );
        assert_eq!(outcomes[2..], [Outcome::Changed(2), Outcome::Changed(1), Outcome::Unchanged]);
        assert_eq!(world.hub.flights_len(), 2, "a leg nobody could report on is not kept");
    });
}

#[test]
fn a_board_has_its_rows_in_order_of_time() {
    run(async |world| {
        let mut early = scheduled("700");
        early.set(Field::DepartureScheduled, Value::time(Field::DepartureScheduled, at(100)).unwrap());
        world.hub.accept(vec![scheduled("615"), early]).await.unwrap();
        let whole = snapshot(&world.hub, &jfk(), None).await;
        assert_eq!(whole, (false, vec![(leg("700"), 1), (leg("615"), 1)]));
        for topic in ["board/FLL/arrivals", "airline/B6", "all"] {
            let (_, rows) = snapshot(&world.hub, &Topic::parse(topic).unwrap(), None).await;
            assert_eq!(rows.len(), 2, "{topic}");
        }
        let (_, rows) = snapshot(&world.hub, &Topic::parse("board/FLL/departures").unwrap(), None).await;
        assert!(rows.is_empty());
    });
}

#[test]
fn a_board_that_nobody_looked_at_has_every_change_when_somebody_does() {
    run(async |world| {
        let numbers: Vec<String> = (0..NEWS_AT_ONCE * 3 + 5).map(|n| (1000 + n).to_string()).collect();
        world.hub.accept(numbers.iter().map(|number| scheduled(number)).collect()).await.unwrap();
        for number in &numbers {
            world.hub.accept(vec![gate(number, 5, "3")]).await.unwrap();
        }
        let (_, rows) = snapshot(&world.hub, &jfk(), None).await;
        let expected: Vec<(String, u64)> = numbers.iter().map(|number| (leg(number), 2)).collect();
        assert_eq!(rows, expected);
        let seen = world.hub.rows(&jfk()).await.unwrap();
        assert_eq!(seen.rows.len(), numbers.len());
        assert_eq!(world.hub.rows(&jfk()).await.unwrap().version, seen.version, "nothing has changed");
        world.hub.accept(vec![gate("1000", 6, "4")]).await.unwrap();
        assert!(world.hub.rows(&jfk()).await.unwrap().version > seen.version);
    });
}

#[test]
fn flights_live_where_they_are_told_to() {
    run(async |world| {
        let elsewhere = Arbiter::new();
        world.hub.let_flights_live_on(elsewhere.handle());
        let outcomes = world.hub.accept(vec![scheduled("615")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(1)]);
        elsewhere.stop();
        elsewhere.join().unwrap();
        let gone = world.hub.accept(vec![gate("615", 1, "3")]).await;
        assert!(gone.is_err(), "its thread has ended, and it with it: {gone:?}");
        world.hub.let_flights_live_on(Arbiter::current());
        let outcomes = world.hub.accept(vec![gate("615", 1, "3")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(2)], "it goes on where its last state is");
    });
}

#[test]
fn who_resumes_gets_a_part_unless_a_flight_has_left() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615"), scheduled("616")]).await.unwrap();
        world.clock.advance(TimeDelta::minutes(10));
        let since = domain::clock::Clock::now(&*world.clock);
        world.hub.accept(vec![gate("616", 5, "3")]).await.unwrap();
        let part = snapshot(&world.hub, &jfk(), Some(since)).await;
        assert_eq!(part, (true, vec![(leg("616"), 2)]));
        world.clock.advance(TimeDelta::days(3));
        assert_eq!(world.hub.retire_due(1).await, 1);
        let (partial, rows) = snapshot(&world.hub, &jfk(), Some(since)).await;
        assert!(!partial);
        assert_eq!(rows.len(), 1);
    });
}

#[test]
fn a_change_within_the_slack_before_since_is_told_again() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::minutes(5));
        world.hub.accept(vec![gate("615", 1, "12")]).await.unwrap();
        let stamp = world.hub.live(&key("615").id()).unwrap().changed_at;
        let (partial, rows) = snapshot(&world.hub, &jfk(), Some(stamp + TimeDelta::seconds(9))).await;
        assert_eq!((partial, rows), (true, vec![(leg("615"), 2)]));
        let (partial, rows) = snapshot(&world.hub, &jfk(), Some(stamp + TimeDelta::seconds(11))).await;
        assert_eq!((partial, rows), (true, vec![]));
    });
}

#[test]
fn a_change_that_took_long_to_become_durable_is_told_to_who_resumes() {
    System::new().block_on(async {
        let world = world_with(log_with(1), Limits::default());
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::minutes(1));
        let hub = world.hub.clone();
        let slow = actix_rt::spawn(async move { hub.accept(vec![gate("615", 1, "12")]).await });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        world.clock.advance(TimeDelta::minutes(1));
        // By then a follower has heard of other flights, up to now, and leaves.
        let since = domain::clock::Clock::now(&*world.clock);
        world.log.permits.add_permits(1);
        slow.await.unwrap().unwrap();
        let stamp = world.hub.live(&key("615").id()).unwrap().changed_at;
        assert_eq!(since - stamp, TimeDelta::minutes(1), "it has the stamp of when it was merged");
        assert_eq!(snapshot(&world.hub, &jfk(), Some(since)).await, (true, vec![(leg("615"), 2)]));
    });
}

#[test]
fn to_look_at_a_board_that_nobody_has_written_to_makes_none() {
    run(async |world| {
        for code in ["JFK", "QQX", "ZZZ"] {
            for side in ["departures", "arrivals"] {
                let topic = Topic::parse(&format!("board/{code}/{side}")).unwrap();
                let seen = world.hub.rows(&topic).await.unwrap();
                assert_eq!((seen.version, seen.rows.len()), (0, 0));
            }
        }
        assert!(world.hub.boards().is_empty());
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        assert!(world.hub.rows(&jfk()).await.unwrap().version > 0, "its first row is a change");
    });
}

#[test]
fn after_a_restart_who_resumes_gets_the_whole() {
    System::new().block_on(async {
        let log = log_with(MANY);
        let before = world_with(log.clone(), Limits::default());
        before.hub.accept(vec![scheduled("615"), scheduled("616")]).await.unwrap();
        let stamp = before.hub.live(&key("616").id()).unwrap().changed_at;
        before.hub.accept(vec![gate("616", 1, "3")]).await.unwrap();
        let after = world_with(log, Limits::default());
        after.hub.restore().await.unwrap();
        let (partial, rows) = snapshot(&after.hub, &jfk(), Some(stamp)).await;
        assert!(!partial, "what was retired while the hub was away is in no part");
        assert_eq!(rows.len(), 2);
    });
}

#[test]
fn a_retired_leg_does_not_come_back_even_with_a_later_time() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::days(2));
        assert_eq!(world.hub.retire_due(10).await, 1);
        let mut later = gate("615", 60 * 46, "9");
        let tomorrow = Value::time(Field::DepartureScheduled, at(60 * 72)).unwrap();
        later.set(Field::DepartureScheduled, tomorrow);
        let outcomes = world.hub.accept(vec![later]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")), "{outcomes:?}");
    });
}

#[test]
fn a_retired_leg_does_not_come_back_after_a_restart() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::hours(27));
        assert_eq!(world.hub.retire_due(10).await, 1);
        let an_hour_later = world.hub.clock().now() + TimeDelta::hours(1);
        let after = world_at(an_hour_later, world.log.clone(), Limits::default());
        assert_eq!(after.hub.restore().await.unwrap(), 0);
        // The airport repeats the belt. No time in it tells that the flight is over, and its day is not.
        let mut belt = report("615", 60 * 28);
        belt.set(Field::ArrivalBelt, Value::text(Field::ArrivalBelt, "4").unwrap());
        let outcomes = after.hub.accept(vec![belt]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")), "{outcomes:?}");
        assert!(after.hub.live(&key("615").id()).is_none());
    });
}

#[test]
fn an_unknown_or_hidden_flight_has_no_snapshot() {
    run(async |world| {
        let topic = Topic::Flight(key("615").id());
        assert_eq!(world.hub.snapshot(&topic, None).await.unwrap_err(), NoSnapshot::UnknownLeg);
        let mut hidden = scheduled("615");
        hidden.set(Field::Hidden, Value::Flag(true));
        world.hub.accept(vec![hidden]).await.unwrap();
        assert_eq!(world.hub.snapshot(&topic, None).await.unwrap_err(), NoSnapshot::UnknownLeg);
        assert!(snapshot(&world.hub, &jfk(), None).await.1.is_empty());
    });
}

#[test]
fn a_snapshot_beyond_the_limit_is_refused_with_both_sizes() {
    System::new().block_on(async {
        let limits = Limits { snapshot_bytes_max: 100, ..Limits::default() };
        let world = world_with(log_with(MANY), limits);
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        let refused = world.hub.snapshot(&jfk(), None).await.unwrap_err();
        assert!(matches!(refused, NoSnapshot::TooLarge { bytes, limit_bytes: 100 } if bytes > 100));
    });
}

#[test]
fn beyond_the_limit_of_reports_under_way_senders_are_told_to_come_back() {
    System::new().block_on(async {
        let limits = Limits { reports_under_way_max: 2, ..Limits::default() };
        let world = world_with(log_with(0), limits);
        let hub = world.hub.clone();
        let first =
            actix_rt::spawn(async move { hub.accept(vec![scheduled("615"), scheduled("616")]).await });
        while world.hub.flights_len() < 2 {
            tokio::task::yield_now().await;
        }
        let refused = world.hub.accept(vec![scheduled("617")]).await;
        assert!(matches!(refused, Err(SinkError::Full { limit: 2 })));
        world.log.permits.add_permits(MANY);
        first.await.unwrap().unwrap();
        assert!(world.hub.accept(vec![scheduled("617")]).await.is_ok());
    });
}

#[test]
fn reports_whose_sender_has_gone_are_under_way_until_they_are_merged() {
    System::new().block_on(async {
        let limits = Limits { reports_under_way_max: 2, ..Limits::default() };
        let world = world_with(log_with(0), limits);
        let hub = world.hub.clone();
        let sent = actix_rt::spawn(async move { hub.accept(vec![scheduled("615"), scheduled("616")]).await });
        while world.hub.flights_len() < 2 {
            tokio::task::yield_now().await;
        }
        sent.abort();
        assert!(sent.await.unwrap_err().is_cancelled());
        assert_eq!(world.hub.metrics().reports_under_way.get(), 2);
        let refused = world.hub.accept(vec![scheduled("617")]).await;
        assert!(matches!(refused, Err(SinkError::Full { limit: 2 })));
        world.log.permits.add_permits(MANY);
        while world.hub.live(&key("616").id()).is_none() || world.hub.metrics().reports_under_way.get() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(world.hub.accept(vec![scheduled("617")]).await.is_ok());
    });
}

#[test]
fn what_was_stored_is_restored_with_its_revisions() {
    System::new().block_on(async {
        let log = log_with(MANY);
        let before = world_with(log.clone(), Limits::default());
        before.hub.accept(vec![scheduled("615"), gate("615", 1, "12")]).await.unwrap();
        let after = world_with(log, Limits::default());
        assert_eq!(after.hub.restore().await.unwrap(), 1);
        assert_eq!(snapshot(&after.hub, &jfk(), None).await, (false, vec![(leg("615"), 2)]));
        let again = after.hub.accept(vec![gate("615", 1, "12"), gate("615", 2, "14")]).await.unwrap();
        assert_eq!(again, [Outcome::Unchanged, Outcome::Changed(3)]);
    });
}

#[test]
fn a_report_on_a_flight_that_is_long_over_does_not_bring_it_back() {
    run(async |world| {
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.clock.advance(TimeDelta::days(4));
        assert_eq!(world.hub.retire_due(10).await, 1);
        assert_eq!(world.hub.flights_len(), 0);
        let outcomes = world.hub.accept(vec![scheduled("615")]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("over")), "{outcomes:?}");
        assert_eq!(world.hub.flights_len(), 0);
    });
}

/// Stands for a worker thread's switchboard.
struct Ear(Arc<Mutex<Vec<Deliver>>>);

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<Deliver> for Ear {
    type Result = ();
    fn handle(&mut self, deliver: Deliver, _: &mut Context<Self>) {
        self.0.lock().unwrap().push(deliver);
    }
}

impl Handler<Announce> for Ear {
    type Result = ();
    fn handle(&mut self, _: Announce, _: &mut Context<Self>) {
        panic!("a log of one's own is never announced to be away");
    }
}

fn line(heard: &Arc<Mutex<Vec<Deliver>>>) -> SwitchboardLine {
    let ear = Ear(Arc::clone(heard)).start();
    SwitchboardLine { frames: ear.clone().recipient(), announcements: ear.recipient() }
}

fn kinds(heard: &Mutex<Vec<Deliver>>) -> Vec<&'static str> {
    heard.lock().unwrap().iter().flat_map(|d| d.frames.iter().map(|f| f.kind())).collect()
}

#[test]
fn only_switchboards_with_a_follower_hear_of_a_change() {
    run(async |world| {
        let (followed, idle) = (Arc::<Mutex<_>>::default(), Arc::<Mutex<_>>::default());
        let first = world.hub.add_switchboard(line(&followed)).unwrap();
        world.hub.add_switchboard(line(&idle)).unwrap();
        world.hub.mark_follower(&jfk(), first, true);
        world.hub.accept(vec![scheduled("615")]).await.unwrap();
        world.hub.accept(vec![gate("615", 1, "12"), gate("615", 2, "14")]).await.unwrap();
        world.hub.mark_follower(&jfk(), first, false);
        world.hub.accept(vec![gate("615", 3, "15")]).await.unwrap();
        assert_eq!(kinds(&followed), ["state", "change", "change"]);
        assert!(kinds(&idle).is_empty());
    });
}

#[test]
fn followers_of_a_board_that_a_flight_leaves_are_told_that_it_has_gone() {
    run(async |world| {
        let heard = Arc::<Mutex<_>>::default();
        let number = world.hub.add_switchboard(line(&heard)).unwrap();
        let miami = Topic::parse("board/MIA/arrivals").unwrap();
        world.hub.mark_follower(&miami, number, true);
        let mut diverted = scheduled("615");
        diverted.status(StatusWord::Diverted);
        diverted.set(Field::DivertedTo, Value::Airport(Iata::parse("MIA").unwrap()));
        world.hub.accept(vec![diverted]).await.unwrap();
        let mut after_all = report("615", 5);
        after_all.clear(Field::DivertedTo);
        after_all.set(Field::ArrivalStep, Value::Step(Step::Landed));
        world.hub.accept(vec![after_all]).await.unwrap();
        assert_eq!(kinds(&heard), ["state", "gone"]);
        assert!(snapshot(&world.hub, &miami, None).await.1.is_empty());
    });
}

#[test]
fn many_reports_at_once_keep_each_flights_order() {
    run(async |world| {
        let numbers: Vec<String> = (100..150).map(|n| n.to_string()).collect();
        world.hub.accept(numbers.iter().map(|n| scheduled(n)).collect()).await.unwrap();
        let rounds = (1..20).map(|minute| {
            let hub = world.hub.clone();
            let reports: Vec<_> = numbers.iter().map(|n| gate(n, minute, &format!("G{minute}"))).collect();
            async move { hub.accept(reports).await.unwrap() }
        });
        futures_util::future::join_all(rounds).await;
        for number in &numbers {
            let live = world.hub.live(&key(number).id()).unwrap();
            assert_eq!(live.view.departure.gate.as_deref(), Some("G19"));
            assert_eq!(live.rev, 20);
        }
    });
}

#[test]
fn a_leg_whose_number_its_provider_corrects_stays_the_same_leg() {
    run(async |world| {
        let named = |mut report: Report| {
            report.aliases = vec![domain::leg::Alias::provider("jfk", "6803787").unwrap()];
            report
        };
        world.hub.accept(vec![named(scheduled("615"))]).await.unwrap();
        let twice = vec![named(gate("651", 1, "12")), named(gate("651", 1, "12"))];
        let outcomes = world.hub.accept(twice).await.unwrap();
        let told = Outcome::Corrects { leg: key("615").id(), rev: Some(2) };
        assert_eq!(outcomes, [told, Outcome::Unchanged], "a human is told once");
        let again = world.hub.accept(vec![gate("651", 2, "14")]).await.unwrap();
        assert_eq!(again, [Outcome::Changed(3)], "the corrected key has been learnt");
        assert_eq!(world.hub.flights_len(), 1);
    });
}
