//! Polling an airport: patience, memory, pages. Time is paused; waits pass at once.

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
use gatecall_actors::intake::{FeedSpec, Health, Intake};
use gatecall_actors::metrics::Metrics;
use gatecall_actors::supervisor::Deaths;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use wire::feed::Format;

type Says = Result<PollResponse, PollError>;

/// An airport that answers by a script and tells what it was asked, and when.
struct Scripted {
    answers: Mutex<VecDeque<Says>>,
    asked: mpsc::UnboundedSender<(Instant, PollRequest)>,
}

impl AirportSource for Scripted {
    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Says> {
        self.asked.send((Instant::now(), request)).unwrap();
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async { answer.unwrap_or(Ok(PollResponse::NotModified)) })
    }
}

/// A sink that takes everything.
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
    intake: Intake,
    asked: mpsc::UnboundedReceiver<(Instant, PollRequest)>,
}

impl World {
    /// The next question, however long it takes.
    async fn next(&mut self) -> (Instant, PollRequest) {
        self.asked.recv().await.unwrap()
    }

    /// Until the answer to the last question has been dealt with: less than any wait.
    async fn settled(&self) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    fn health(&self) -> Health {
        self.intake.health("lga")
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
        let intake = Intake::new(clock.clone(), archive.clone(), sink.clone(), Metrics::default());
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
        let deaths = Deaths::only_counted(Metrics::default());
        let _actor = FeedActor::start_on(&Arbiter::current(), polling, intake.clone(), deaths);
        test(World { archive, sink, clock, intake, asked }).await;
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
fn what_was_answered_well_is_not_asked_for_again() {
    run(vec![body("[]", Some("v1"), None)], 0.5, async |mut world| {
        assert_eq!(world.next().await.1, PollRequest::default());
        let (_, second) = world.next().await;
        assert_eq!(second.etag.as_deref(), Some("v1"));
        assert_eq!(second.since, Some(start() - TimeDelta::minutes(2)));
        assert_eq!(world.health().last_good_at, Some(start()));
    });
}

#[test]
fn the_memory_moves_on_only_when_what_came_is_durable() {
    run(vec![body("[]", Some("v1"), None), body("[]", Some("v1"), None)], 0.5, async |mut world| {
        world.archive.away.store(true, Ordering::SeqCst);
        world.next().await;
        world.settled().await;
        assert!(world.health().last_error.is_some());
        world.archive.away.store(false, Ordering::SeqCst);
        let (_, second) = world.next().await;
        assert_eq!(second, PollRequest::default(), "the first answer was not kept, so it is asked for again");
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
fn an_unchanged_first_page_is_not_taken_for_all_pages() {
    run(three_pages(), 0.5, async |mut world| {
        let next = after_three_pages(&mut world).await;
        assert_eq!((next.etag, next.since), (None, Some(start() - TimeDelta::minutes(2))));
    });
}

#[test]
fn where_the_first_pages_tag_stands_for_all_it_is_sent() {
    run_with(three_pages(), 0.5, true, async |mut world| {
        assert_eq!(after_three_pages(&mut world).await.etag.as_deref(), Some("v1"));
    });
}

#[test]
fn an_airport_that_never_ends_its_pages_is_not_followed_for_ever() {
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
fn an_airport_in_trouble_is_asked_less_and_less_often_and_never_in_step() {
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

/// Leases that do what the test says.
#[derive(Default)]
struct Desk {
    taken_elsewhere: AtomicBool,
    away: AtomicBool,
    lost: AtomicBool,
    asked_for: Mutex<Vec<String>>,
}

struct Slip(Arc<Desk>);

/// The desk, as its users hold it.
struct AtDesk(Arc<Desk>);

impl Leases for AtDesk {
    fn try_take(&self, name: Arc<str>) -> BoxFuture<'_, Result<Option<Box<dyn Lease>>, StoreError>> {
        self.0.asked_for.lock().unwrap().push(name.to_string());
        self.0.lost.store(false, Ordering::SeqCst);
        let fault = StoreError::Unavailable { store: "leases", reason: "connection refused".into() };
        let free = !self.0.taken_elsewhere.load(Ordering::SeqCst);
        let answer = match self.0.away.load(Ordering::SeqCst) {
            true => Err(fault),
            false => Ok(free.then(|| Box::new(Slip(self.0.clone())) as Box<dyn Lease>)),
        };
        Box::pin(async { answer })
    }
}

impl Lease for Slip {
    fn still_held(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { !self.0.lost.load(Ordering::SeqCst) })
    }
    fn release(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

#[test]
fn only_who_holds_the_lease_asks_and_it_is_taken_when_it_is_free() {
    let desk = Arc::new(Desk::default());
    desk.taken_elsewhere.store(true, Ordering::SeqCst);
    run_under(Some(Arc::new(AtDesk(desk.clone()))), Vec::new(), 0.5, false, async |mut world| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(world.asked.try_recv().is_err(), "another node asks");
        assert!(desk.asked_for.lock().unwrap().len() > 20, "it is looked whether it is free");
        assert_eq!(world.health().last_error, None, "that is no fault");
        desk.taken_elsewhere.store(false, Ordering::SeqCst);
        let (freed, _) = world.next().await;
        let tries = desk.asked_for.lock().unwrap().len();
        let (next, _) = world.next().await;
        assert_eq!((next - freed).as_secs(), 10, "from then on as usual");
        assert_eq!(desk.asked_for.lock().unwrap().len(), tries, "what is held is not asked for again");
        assert!(desk.asked_for.lock().unwrap().iter().all(|name| name == "feed/lga"));
    });
}

#[test]
fn a_lease_that_was_lost_to_another_ends_the_asking_and_one_nobody_can_give_is_waited_for() {
    let desk = Arc::new(Desk::default());
    run_under(Some(Arc::new(AtDesk(desk.clone()))), Vec::new(), 1.0, false, async |mut world| {
        world.next().await;
        world.settled().await;
        desk.lost.store(true, Ordering::SeqCst);
        desk.taken_elsewhere.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(world.asked.try_recv().is_err(), "another node has it now");
        desk.away.store(true, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(300)).await;
        assert!(world.asked.try_recv().is_err(), "nobody knows whose turn it is");
        let health = world.health();
        assert!(health.last_error.unwrap().contains("leases is not available: connection refused"));
        assert!(health.failures > 1);
        desk.away.store(false, Ordering::SeqCst);
        desk.taken_elsewhere.store(false, Ordering::SeqCst);
        world.next().await;
    });
}

#[test]
fn an_airport_that_asks_for_patience_gets_it() {
    run(vec![Err(PollError::Busy { retry_after_seconds: 120 })], 0.5, async |mut world| {
        let (first, _) = world.next().await;
        let (second, _) = world.next().await;
        assert_eq!((second - first).as_secs(), 125);
    });
}

#[test]
fn an_airport_that_refuses_us_is_left_in_peace_and_a_human_can_see_it() {
    run(vec![Err(PollError::Refused("401: the key is wrong".into()))], 0.0, async |mut world| {
        let (first, _) = world.next().await;
        world.settled().await;
        assert!(world.health().refused);
        let (second, _) = world.next().await;
        assert_eq!((second - first).as_secs(), WAIT_MAX.as_secs());
    });
}

#[test]
fn nonsense_is_kept_for_a_human_and_the_next_answer_is_served() {
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
fn an_answer_without_a_report_that_can_be_read_is_asked_for_again_and_its_feed_is_failing() {
    let answers = vec![body("[{}]", Some("v1"), None), body("[{}]", Some("v1"), None)];
    run(answers, 0.0, async |mut world| {
        world.next().await;
        let (_, second) = world.next().await;
        assert_eq!(second.etag, None, "or 'unchanged' would be taken for good");
        world.settled().await;
        let health = world.health();
        assert_eq!((health.failures, health.last_good_at), (2, None), "{health:?}");
        assert!(health.last_error.is_some());
    });
}

#[test]
fn a_report_that_gives_its_flight_another_number_is_taken_and_kept_for_a_human() {
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
            world.intake.take(&feed, Format::Json, "application/json", report.as_bytes()).await.unwrap();
        assert_eq!((taken.changed, taken.rejected), (1, vec![]));
        let faults = world.archive.faults.lock().unwrap();
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        for name in ["B6-651-20130208-JFK-MIA", "B6-615-20130208-JFK-FLL", "this is not shown"] {
            assert!(fault.reason.contains(name), "{}", fault.reason);
        }
    });
}
