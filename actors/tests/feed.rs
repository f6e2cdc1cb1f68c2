//! Tests of polling: backoff, tags, pages, leases. Time is paused, so that waits pass at once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "doubles/archive.rs"]
mod archive;

use crate::archive::TestArchive;
use actix::{Arbiter, System};
use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::ManualClock;
use domain::codes::Iata;
use domain::leg::LegId;
use domain::ports::*;
use domain::report::{Report, Source};
use gatecall_actors::feed::{FeedActor, PAGES_MAX, Polling, WAIT_MAX};
use gatecall_actors::ingest::{FeedSpec, Health, IngestPipeline};
use gatecall_actors::metrics::Metrics;
use gatecall_actors::supervisor::PanicReporter;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wire::feed::Format;

type Says = Result<PollResponse, PollError>;

/// An airport that answers by a script and reports each request with its time.
struct Scripted {
    answers: Mutex<VecDeque<Says>>,
    asked: mpsc::UnboundedSender<(Instant, PollRequest)>,
}

impl AirportSource for Scripted {
    fn poll(&self, ask: PollRequest) -> BoxFuture<'_, Says> {
        self.asked.send((Instant::now(), ask)).unwrap();
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async { answer.unwrap_or(Ok(PollResponse::NotModified)) })
    }
}

/// A sink that accepts everything.
#[derive(Default)]
struct Sink {
    corrects: AtomicBool,
}

impl ReportSink for Sink {
    fn accept(&self, reports: Vec<Report>) -> BoxFuture<'_, Result<Vec<Outcome>, SinkError>> {
        let outcome = match self.corrects.load(Ordering::SeqCst) {
            true => Outcome::MergedUnderCorrectedKey {
                leg: LegId::known("B6-651-20130208-JFK-MIA").unwrap(),
                rev: Some(2),
            },
            false => Outcome::Changed(1),
        };
        Box::pin(async move { Ok(vec![outcome; reports.len()]) })
    }
}

const INTERVAL: Duration = Duration::from_secs(10);

struct World {
    archive: Arc<TestArchive>,
    sink: Arc<Sink>,
    clock: Arc<ManualClock>,
    ingest: IngestPipeline,
    asked: mpsc::UnboundedReceiver<(Instant, PollRequest)>,
}

impl World {
    /// The next request, however long it takes.
    async fn next(&mut self) -> (Instant, PollRequest) {
        self.asked.recv().await.unwrap()
    }

    /// Waits until the last answer is processed: less than any poll interval.
    async fn settled(&self) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    fn health(&self) -> Health {
        self.ingest.health("lga")
    }
}

fn run(answers: Vec<Says>, chance: f64, test: impl AsyncFnOnce(World)) {
    run_with(answers, chance, false, test);
}

fn run_with(answers: Vec<Says>, chance: f64, etag_covers_pages: bool, test: impl AsyncFnOnce(World)) {
    run_under(None, answers, chance, etag_covers_pages, test);
}

fn run_under(
    leases: Option<Arc<dyn Leases>>,
    answers: Vec<Says>,
    chance: f64,
    etag_covers_pages: bool,
    test: impl AsyncFnOnce(World),
) {
    System::new().block_on(async {
        tokio::time::pause();
        let (archive, sink) = (Arc::<TestArchive>::default(), Arc::<Sink>::default());
        let clock = Arc::new(ManualClock::new(start()));
        let ingest = IngestPipeline::new(clock.clone(), archive.clone(), sink.clone(), Metrics::default());
        let (to, asked) = mpsc::unbounded_channel();
        let source = Source {
            name: "lga".into(),
            airport: Iata::parse("LGA").ok(),
            rank: 50,
            creates: true,
            scope: Default::default(),
        };
        let feed = FeedSpec { source: Arc::new(source), format: Format::Json, zone: chrono_tz::UTC };
        let airport = Arc::new(Scripted { answers: Mutex::new(answers.into()), asked: to });
        let chance = Arc::new(move || chance);
        let polling = Polling { feed, airport, interval: INTERVAL, etag_covers_pages, chance, leases };
        let panics = PanicReporter::counting_only(Metrics::default());
        let _actor = FeedActor::start_on(&Arbiter::current(), polling, ingest.clone(), panics);
        test(World { archive, sink, clock, ingest, asked }).await;
    });
}

fn start() -> DateTime<Utc> {
    "2013-02-08T15:00:00Z".parse().unwrap()
}

fn body(json: &str, etag: Option<&str>, next: Option<&str>) -> Says {
    Ok(PollResponse::Body {
        bytes: json.as_bytes().to_vec(),
        content_type: "application/json".into(),
        etag: etag.map(str::to_owned),
        next: next.map(str::to_owned),
    })
}

fn away() -> Says {
    Err(PollError::Unreachable("connection refused".into()))
}

#[test]
fn a_poll_requests_only_what_is_new() {
    run(vec![body("[]", Some("v1"), None)], 0.5, async |mut world| {
        assert_eq!(world.next().await.1, PollRequest::default());
        let (_, second) = world.next().await;
        assert_eq!(second.etag.as_deref(), Some("v1"));
        assert_eq!(second.since, Some(start() - TimeDelta::minutes(2)));
        assert_eq!(world.health().last_good_at, Some(start()));
    });
}

#[test]
fn the_tag_advances_only_when_the_answer_is_durable() {
    run(vec![body("[]", Some("v1"), None), body("[]", Some("v1"), None)], 0.5, async |mut world| {
        world.archive.away.store(true, Ordering::SeqCst);
        world.next().await;
        world.settled().await;
        assert!(world.health().last_error.is_some());
        world.archive.away.store(false, Ordering::SeqCst);
        let (_, second) = world.next().await;
        assert_eq!(
            second,
            PollRequest::default(),
            "the first answer was not stored, so it is requested again"
        );
        assert_eq!(world.next().await.1.etag.as_deref(), Some("v1"));
        assert_eq!(world.health().failures, 0);
    });
}

fn three_pages() -> Vec<Says> {
    vec![body("[]", Some("v1"), Some("p2")), body("[]", Some("x"), Some("p3")), body("[]", None, None)]
}

async fn after_three_pages(world: &mut World) -> PollRequest {
    let mut pages = Vec::new();
    for _ in 0..3 {
        pages.push(world.next().await.1.page);
    }
    assert_eq!(pages, [None, Some("p2".into()), Some("p3".into())]);
    world.next().await.1
}

#[test]
fn a_paged_answer_sends_no_tag() {
    run(three_pages(), 0.5, async |mut world| {
        let next = after_three_pages(&mut world).await;
        assert_eq!((next.etag, next.since), (None, Some(start() - TimeDelta::minutes(2))));
    });
}

#[test]
fn a_tag_that_covers_all_pages_is_sent() {
    run_with(three_pages(), 0.5, true, async |mut world| {
        assert_eq!(after_three_pages(&mut world).await.etag.as_deref(), Some("v1"));
    });
}

#[test]
fn endless_pages_are_an_error() {
    let endless = (0..=PAGES_MAX).map(|page| body("[]", None, Some(&page.to_string()))).collect();
    run(endless, 0.5, async |mut world| {
        for _ in 0..PAGES_MAX {
            world.next().await;
        }
        world.settled().await;
        assert!(world.health().last_error.unwrap().contains("pages"));
        let (_, after) = world.next().await;
        assert_eq!(after, PollRequest::default());
    });
}

#[test]
fn failures_back_off_with_jitter() {
    for (chance, expected) in [(1.0, [20, 40, 80, 160, 300, 300]), (0.0, [10; 6])] {
        run((0..7).map(|_| away()).collect(), chance, async move |mut world| {
            let mut last = world.next().await.0;
            for seconds in expected {
                let (now, _) = world.next().await;
                assert_eq!((now - last).as_secs(), seconds);
                last = now;
            }
            assert_eq!(world.health().last_error.as_deref(), Some("connection refused"));
        });
    }
}

/// Leases under the control of a test.
#[derive(Default)]
struct TestLeases {
    taken_elsewhere: AtomicBool,
    away: AtomicBool,
    lost: AtomicBool,
    asked_for: Mutex<Vec<String>>,
}

struct TestLease(Arc<TestLeases>);

/// The leases, as the actor holds them.
struct LeasesHandle(Arc<TestLeases>);

impl Leases for LeasesHandle {
    fn try_take(&self, name: Arc<str>) -> BoxFuture<'_, Result<Option<Box<dyn Lease>>, StoreError>> {
        self.0.asked_for.lock().unwrap().push(name.to_string());
        self.0.lost.store(false, Ordering::SeqCst);
        let fault = StoreError::Unavailable { store: "leases", reason: "connection refused".into() };
        let free = !self.0.taken_elsewhere.load(Ordering::SeqCst);
        let answer = match self.0.away.load(Ordering::SeqCst) {
            true => Err(fault),
            false => Ok(free.then(|| Box::new(TestLease(self.0.clone())) as Box<dyn Lease>)),
        };
        Box::pin(async { answer })
    }
}

impl Lease for TestLease {
    fn still_held(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { !self.0.lost.load(Ordering::SeqCst) })
    }
    fn release(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

#[test]
fn only_the_holder_of_the_lease_polls_and_a_free_lease_is_taken() {
    let leases = Arc::new(TestLeases::default());
    leases.taken_elsewhere.store(true, Ordering::SeqCst);
    run_under(Some(Arc::new(LeasesHandle(leases.clone()))), Vec::new(), 0.5, false, async |mut world| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(world.asked.try_recv().is_err(), "another node polls");
        assert!(leases.asked_for.lock().unwrap().len() > 20, "the actor checks whether the lease is free");
        assert_eq!(world.health().last_error, None, "waiting for a lease is not an error");
        leases.taken_elsewhere.store(false, Ordering::SeqCst);
        let (freed, _) = world.next().await;
        let tries = leases.asked_for.lock().unwrap().len();
        let (next, _) = world.next().await;
        assert_eq!((next - freed).as_secs(), 10, "from then on the usual interval");
        assert_eq!(leases.asked_for.lock().unwrap().len(), tries, "a held lease is not taken again");
        assert!(leases.asked_for.lock().unwrap().iter().all(|name| name == "feed/lga"));
    });
}

#[test]
fn a_lost_lease_stops_polling_and_unavailable_leases_are_retried() {
    let leases = Arc::new(TestLeases::default());
    run_under(Some(Arc::new(LeasesHandle(leases.clone()))), Vec::new(), 1.0, false, async |mut world| {
        world.next().await;
        world.settled().await;
        leases.lost.store(true, Ordering::SeqCst);
        leases.taken_elsewhere.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(world.asked.try_recv().is_err(), "another node holds it now");
        leases.away.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert!(world.asked.try_recv().is_err(), "the holder is unknown");
        let health = world.health();
        assert!(health.last_error.unwrap().contains("leases is not available: connection refused"));
        assert!(health.failures > 1);
        leases.away.store(false, Ordering::SeqCst);
        leases.taken_elsewhere.store(false, Ordering::SeqCst);
        world.next().await;
    });
}

#[test]
fn retry_after_is_respected() {
    run(vec![Err(PollError::Busy { retry_after_seconds: 120 })], 0.5, async |mut world| {
        let (first, _) = world.next().await;
        let (second, _) = world.next().await;
        assert_eq!((second - first).as_secs(), 125);
    });
}

#[test]
fn a_refusal_is_shown_and_waits_longest() {
    run(vec![Err(PollError::Refused("401: the key is wrong".into()))], 0.0, async |mut world| {
        let (first, _) = world.next().await;
        world.settled().await;
        assert!(world.health().refused);
        let (second, _) = world.next().await;
        assert_eq!((second - first).as_secs(), WAIT_MAX.as_secs());
    });
}

#[test]
fn an_unreadable_answer_is_quarantined_and_the_next_one_is_used() {
    run(vec![body("<html>oops", None, None), body("[]", Some("v2"), None)], 0.0, async |mut world| {
        world.next().await;
        world.settled().await;
        assert_eq!((world.health().failures, world.health().rejected), (1, 1), "it counts once");
        world.next().await;
        let (_, third) = world.next().await;
        assert_eq!(third.etag.as_deref(), Some("v2"));
        let faults = world.archive.faults.lock().unwrap();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].excerpt.contains("oops"));
        world.clock.advance(TimeDelta::seconds(1));
    });
}

#[test]
fn an_answer_without_a_readable_report_is_requested_again_and_fails_the_feed() {
    let answers = vec![body("[{}]", Some("v1"), None), body("[{}]", Some("v1"), None)];
    run(answers, 0.0, async |mut world| {
        world.next().await;
        let (_, second) = world.next().await;
        assert_eq!(second.etag, None, "otherwise 'not modified' would count as success");
        world.settled().await;
        let health = world.health();
        assert_eq!((health.failures, health.last_good_at), (2, None), "{health:?}");
        assert!(health.last_error.is_some());
    });
}

#[test]
fn an_unshown_correction_is_merged_and_quarantined() {
    let report = r#"{"carrier":"B6","number":"615","origin_date":"2013-02-08","from":"JFK","to":"FLL"}"#;
    run(vec![], 0.5, async |world| {
        world.sink.corrects.store(true, Ordering::SeqCst);
        let source = Source {
            name: "jfk".into(),
            airport: Iata::parse("JFK").ok(),
            rank: 50,
            creates: true,
            scope: Default::default(),
        };
        let feed = FeedSpec { source: Arc::new(source), format: Format::Json, zone: chrono_tz::UTC };
        let taken =
            world.ingest.ingest(&feed, Format::Json, "application/json", report.as_bytes()).await.unwrap();
        assert_eq!((taken.changed, taken.rejected), (1, vec![]));
        let faults = world.archive.faults.lock().unwrap();
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        for name in ["B6-651-20130208-JFK-MIA", "B6-615-20130208-JFK-FLL", "this is not shown"] {
            assert!(fault.reason.contains(name), "{}", fault.reason);
        }
    });
}
