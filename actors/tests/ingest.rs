//! Tests of the ingest pipeline: the health of the feed, and what is stored.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "doubles/archive.rs"]
mod archive;

use crate::archive::TestArchive;
use domain::clock::ManualClock;
use domain::codes::Iata;
use domain::ports::*;
use domain::report::{Report, Source};
use domain::scope::{Scope, SpeaksFor};
use gatecall_actors::ingest::{FeedSpec, IngestError, IngestOutcome, IngestPipeline};
use gatecall_actors::metrics::Metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wire::feed::Format;

/// A sink that can be full.
#[derive(Default)]
struct Sink {
    full: AtomicBool,
}

impl ReportSink for Sink {
    fn accept(&self, reports: Vec<Report>) -> BoxFuture<'_, Result<Vec<Outcome>, SinkError>> {
        Box::pin(async move {
            match self.full.load(Ordering::SeqCst) {
                true => Err(SinkError::Full { limit: 1 }),
                false => Ok(vec![Outcome::Changed(1); reports.len()]),
            }
        })
    }
}

struct World {
    archive: Arc<TestArchive>,
    sink: Arc<Sink>,
    ingest: IngestPipeline,
    feed: FeedSpec,
}

impl World {
    fn new() -> Self {
        let (archive, sink) = (Arc::<TestArchive>::default(), Arc::<Sink>::default());
        let clock = Arc::new(ManualClock::new("2013-02-08T15:00:00Z".parse().unwrap()));
        let ingest = IngestPipeline::new(clock, archive.clone(), sink.clone(), Metrics::default());
        let source =
            Source { name: "jfk".into(), airport: None, rank: 50, creates: true, scope: Default::default() };
        let feed = FeedSpec { source: Arc::new(source), format: Format::Json, zone: chrono_tz::UTC };
        Self { archive, sink, ingest, feed }
    }

    async fn push(&self, body: &str) -> Result<IngestOutcome, IngestError> {
        self.ingest.ingest(&self.feed, Format::Json, "application/json", body.as_bytes()).await
    }

    /// Successive failures, rejections, and whether a message was ever good.
    fn health(&self) -> (u32, u64, bool) {
        let health = self.ingest.health("jfk");
        assert_eq!(health.failures > 0, health.last_error.is_some());
        (health.failures, health.rejected, health.last_good_at.is_some())
    }

    fn kept(&self) -> (usize, usize) {
        (self.archive.messages.lock().unwrap().len(), self.archive.faults.lock().unwrap().len())
    }
}

const GOOD: &str = r#"{"carrier":"B6","number":"615","origin_date":"2013-02-08","from":"JFK","to":"FLL",
    "set":{"departure.gate":"14"}}"#;

#[tokio::test]
async fn a_feed_fails_while_nothing_it_sends_is_readable() {
    let world = World::new();
    for failures in 1..=3 {
        assert!(matches!(world.push("<html>").await, Err(IngestError::Unreadable(_))));
        assert_eq!(world.health(), (failures, u64::from(failures), false));
    }
    assert_eq!(world.push(&format!("[7,{GOOD}]")).await.unwrap().rejected.len(), 1);
    assert_eq!(world.health(), (0, 4, true), "one report is readable");
    assert_eq!(world.push("[7,8]").await.unwrap().rejected.len(), 2);
    assert_eq!(world.health(), (1, 6, true), "well-formed, without a readable report");
    world.push("[]").await.unwrap();
    assert_eq!(world.health(), (0, 6, true), "an empty message is not a failure");
}

#[tokio::test]
async fn data_outside_the_scope_of_a_feed_is_archived_and_counted_but_not_submitted() {
    let mut world = World::new();
    let scope = Scope { speaks_for: SpeaksFor::Airport, ..Scope::default() };
    let source = Source { airport: Iata::parse("JFK").ok(), scope, ..(*world.feed.source).clone() };
    world.feed.source = Arc::new(source);
    let other_side = GOOD.replace("departure.gate", "arrival.gate");
    let elsewhere = GOOD.replace("JFK", "LGA");
    let taken = world.push(&format!("[{GOOD},{other_side},{elsewhere}]")).await.unwrap();
    assert_eq!((taken.left_out, taken.rejected.len(), taken.rejected[0].index), (1, 1, Some(2)));
    let outside = world.ingest.health("jfk").out_of_scope;
    assert_eq!(Vec::from_iter(outside), [("other_airport", 1), ("other_side", 1)]);
    assert_eq!(world.kept(), (1, 1));
    world.push(&elsewhere).await.unwrap();
    assert_eq!(world.health().0, 0, "data out of scope is not a failure");
}

#[tokio::test]
async fn a_message_without_a_body_is_a_failure_of_its_feed() {
    let world = World::new();
    world.ingest.quarantine_unreadable(&world.feed, "the body is longer than 5 bytes".into()).await.unwrap();
    assert_eq!((world.health(), world.kept()), ((1, 1, false), (0, 1)));
    let fault = world.archive.faults.lock().unwrap()[0].clone();
    assert_eq!((&*fault.feed, fault.field.as_deref()), ("jfk", Some("body")));
    assert_eq!(fault.reason, "the body is longer than 5 bytes");
}

#[tokio::test]
async fn a_message_that_the_sink_refuses_is_archived_only_when_it_is_accepted() {
    let world = World::new();
    world.sink.full.store(true, Ordering::SeqCst);
    let message = format!("[7,{GOOD}]");
    for _ in 0..3 {
        assert!(matches!(
            world.push(&message).await,
            Err(IngestError::SinkUnavailable(SinkError::Full { .. }))
        ));
    }
    assert_eq!(
        (world.kept(), world.health()),
        ((0, 0), (0, 0, false)),
        "the hub is full, the feed is healthy"
    );
    world.sink.full.store(false, Ordering::SeqCst);
    world.push(&message).await.unwrap();
    assert_eq!(world.kept(), (1, 1));
}
