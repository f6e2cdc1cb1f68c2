use super::*;
use actix::Arbiter;
use actors::hub::{Limits, Threads};
use actors::ingest::FeedSpec;
use actors::metrics::Metrics;
use actors::supervisor::PanicReporter;
use chrono::TimeDelta;
use domain::clock::ManualClock;
use domain::codes::Iata;
use domain::ports::RegisteredFeed;
use domain::report::Source;
use testing::memory::Memory;

fn at(minutes: i64) -> DateTime<Utc> {
    "2013-02-08T20:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

/// Nodes that share a directory and a clock.
struct World {
    clock: Arc<ManualClock>,
    directory: Arc<Memory>,
    feeds: Arc<BTreeMap<String, Feed>>,
}

impl World {
    /// LGA is asked, JFK pushes, and so does EWR, which promises to speak every ten minutes.
    async fn new() -> Self {
        let feed = |name: &str, kind, is_expected| {
            let source = Source {
                name: name.into(),
                airport: Some(Iata::parse(name).unwrap()),
                rank: 50,
                creates: true,
                scope: Default::default(),
            };
            let format = wire::feed::Format::Json;
            let spec = FeedSpec { source: Arc::new(source), format, zone: chrono_tz::UTC };
            (name.to_owned(), Feed { spec, kind, silent_after: Duration::from_secs(600), is_expected })
        };
        let push = || FeedKind::Push { key_digests: Vec::new() };
        let feeds: BTreeMap<_, _> =
            [feed("LGA", FeedKind::Pull, true), feed("JFK", push(), false), feed("EWR", push(), true)].into();
        let directory = Arc::new(Memory::new());
        let note = |feed: &Feed| RegisteredFeed {
            name: feed.spec.source.name.clone(),
            airport: feed.spec.airport(),
            kind: domain::ports::FeedKind::Push,
            format: "json".into(),
            rank: 50,
            creates: true,
            zone: chrono_tz::UTC,
        };
        directory.note_feeds(feeds.values().map(note).collect()).await.unwrap();
        Self { clock: Arc::new(ManualClock::new(at(0))), directory, feeds: Arc::new(feeds) }
    }

    fn node(&self) -> FeedWatch {
        let (metrics, here, memory) = (Metrics::default(), Arbiter::current(), Arc::new(Memory::new()));
        let threads = Threads { flights: vec![here.clone()], boards: here };
        let panics = PanicReporter::counting_only(metrics.clone());
        let hub =
            Hub::new(self.clock.clone(), memory.clone(), Limits::default(), metrics.clone(), panics, threads);
        let intake = IngestPipeline::new(self.clock.clone(), memory, Arc::new(hub.clone()), metrics);
        FeedWatch::new(hub, intake, self.feeds.clone(), self.directory.clone())
    }

    fn spec(&self, feed: &str) -> &FeedSpec {
        &self.feeds[feed].spec
    }
}

/// What a node tells its listeners is silent, after it has exchanged what it knows.
async fn silent_feeds(node: &mut FeedWatch) -> Vec<(String, DateTime<Utc>)> {
    node.exchange().await;
    node.check().await;
    let silent = node.hub.silent_sources();
    silent.iter().map(|source| (source.feed.to_string(), source.since)).collect()
}

#[actix_rt::test]
async fn a_feed_that_cannot_be_polled_is_silent_since_its_last_message_until_the_next() {
    let world = World::new().await;
    let mut node = world.node();
    node.intake.note_quiet(world.spec("LGA"));
    node.intake.note_quiet(world.spec("EWR"));
    world.clock.set(at(2));
    for _ in 0..2 {
        node.intake.note_failure(world.spec("LGA"), "refused", false);
    }
    assert_eq!(silent_feeds(&mut node).await, [], "two failures are everyday life");
    node.intake.note_failure(world.spec("LGA"), "refused", false);
    assert_eq!(silent_feeds(&mut node).await, [("LGA".to_owned(), at(0))]);
    let frames = node.hub.staleness_frames();
    let frame: serde_json::Value = serde_json::from_slice(frames[0].payload()).unwrap();
    let meant = serde_json::json!({
        "type": "source", "feed": "LGA", "airport": "LGA", "since": "2013-02-08T20:00:00Z",
    });
    assert_eq!((frames.len(), frame), (1, meant), "who comes now hears it after hello");
    node.intake.note_quiet(world.spec("LGA"));
    assert_eq!(silent_feeds(&mut node).await, []);
    assert!(node.hub.staleness_frames().is_empty());
}

#[actix_rt::test]
async fn only_polled_feeds_and_feeds_with_a_promised_interval_become_silent() {
    let world = World::new().await;
    let mut node = world.node();
    for feed in ["JFK", "LGA", "EWR"] {
        node.intake.note_quiet(world.spec(feed));
    }
    world.clock.set(at(10));
    assert_eq!(silent_feeds(&mut node).await, []);
    world.clock.set(at(11));
    assert_eq!(silent_feeds(&mut node).await, [("EWR".to_owned(), at(0)), ("LGA".to_owned(), at(0))]);
}

#[actix_rt::test]
async fn all_nodes_share_feed_health_and_notice_silence_when_the_polling_node_dies() {
    let world = World::new().await;
    let (mut asking, mut other) = (world.node(), world.node());
    asking.intake.note_quiet(world.spec("LGA"));
    asking.intake.note_quiet(world.spec("EWR"));
    silent_feeds(&mut asking).await;
    world.clock.set(at(9));
    for _ in 0..3 {
        asking.intake.note_failure(world.spec("LGA"), "no answer", false);
    }
    asking.intake.note_quiet(world.spec("EWR"));
    silent_feeds(&mut asking).await;
    assert_eq!(silent_feeds(&mut other).await, [("LGA".to_owned(), at(0))]);
    // The other takes over: what the first one knows last is older.
    world.clock.set(at(12));
    other.intake.note_quiet(world.spec("LGA"));
    assert_eq!(silent_feeds(&mut other).await, []);
    assert_eq!(silent_feeds(&mut asking).await, []);
    drop(asking);
    world.clock.set(at(20));
    assert_eq!(silent_feeds(&mut other).await, [("EWR".to_owned(), at(9))], "nobody has heard it since");
}

#[actix_rt::test]
async fn a_restarted_hub_knows_since_when_a_feed_is_silent() {
    let world = World::new().await;
    let mut before = world.node();
    before.intake.note_quiet(world.spec("LGA"));
    before.intake.note_quiet(world.spec("EWR"));
    silent_feeds(&mut before).await;
    drop(before);
    world.clock.set(at(90));
    let mut after = world.node();
    assert_eq!(silent_feeds(&mut after).await, [("EWR".to_owned(), at(0)), ("LGA".to_owned(), at(0))]);
}

#[actix_rt::test]
async fn without_the_directory_no_pushed_feed_is_declared_silent() {
    let world = World::new().await;
    let mut node = world.node();
    node.intake.note_quiet(world.spec("LGA"));
    silent_feeds(&mut node).await;
    let away = || StoreError::Unavailable { store: "memory", reason: "away".into() };
    world.directory.break_with(Some(away()));
    world.clock.set(at(30));
    assert_eq!(silent_feeds(&mut node).await, [("LGA".to_owned(), at(0))], "nobody asks it now");
    world.directory.break_with(None);
    assert_eq!(silent_feeds(&mut node).await, [("EWR".to_owned(), at(0)), ("LGA".to_owned(), at(0))]);
}

#[actix_rt::test]
async fn a_node_without_the_lease_does_not_silence_a_feed_that_another_node_polls() {
    let world = World::new().await;
    let (mut asking, mut other) = (world.node(), world.node());
    world.clock.set(at(30));
    asking.intake.note_quiet(world.spec("LGA"));
    asking.intake.note_quiet(world.spec("EWR"));
    silent_feeds(&mut asking).await;
    other.exchange().await;
    world.clock.set(at(31));
    other.intake.note_failure(world.spec("LGA"), "the lease cannot be had", false);
    assert_eq!(silent_feeds(&mut other).await, [], "once is everyday life, also where it was never heard");
    for _ in 0..2 {
        other.intake.note_failure(world.spec("LGA"), "the lease cannot be had", false);
    }
    assert_eq!(silent_feeds(&mut other).await, [("LGA".to_owned(), at(30))], "since anybody heard it");
}
