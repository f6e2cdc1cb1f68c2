//! Against a real Kafka (`contract::services`), each test with topics of its own.

use super::core::lock;
use super::*;
use crate::contract::flights::Sample;
use crate::contract::{Opening, change_log, services};
use crate::memory::Memory;
use chrono::{DateTime, TimeDelta, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{
    Answer, Archive, ChangeLog, Delivered, Delivery, LogEntry, Quarantined, RawMessage, ReportJournal,
    ReportQueue, SharedLog, StoreError, Told, Version,
};
use domain::report::Report;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::future_producer::FutureRecord;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use tokio::task::JoinHandle;

/// A number that no other test has, of this run or of another.
fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let stamp = (real_now() - DateTime::<Utc>::UNIX_EPOCH).num_milliseconds().unsigned_abs();
    stamp * 1_000 + NEXT.fetch_add(1, Ordering::Relaxed)
}

#[expect(clippy::disallowed_methods, reason = "real time is given to the adapter, by a test as by the hub")]
fn real_now() -> DateTime<Utc> {
    Utc::now()
}

fn config(brokers: &str) -> KafkaConfig {
    KafkaConfig {
        brokers: brokers.to_owned(),
        prefix: format!("test-{}", number()),
        partitions: 3,
        replication: 1,
        node: "test".into(),
        security: Security::Plaintext,
        request_timeout: Duration::from_secs(5),
        delivery_timeout: Duration::from_secs(10),
        session_timeout: Duration::from_secs(6),
        changes_kept: Duration::from_secs(3_600),
        journal_kept: Duration::from_secs(3_600),
        real_now,
        died: Died(Arc::new(|thread| panic!("{thread} died"))),
    }
}

/// A node's Kafka with a log that is followed, as the hub's bridge does.
struct Node {
    kafka: Kafka,
    log: Log,
    follows: JoinHandle<()>,
    told: Arc<Mutex<Vec<Told>>>,
    begun: Vec<(Flight, Version)>,
}

impl Node {
    async fn open(config: &KafkaConfig) -> Self {
        Kafka::prepare(config).await.unwrap();
        let kafka = Kafka::open(config.clone(), number()).unwrap();
        let log = kafka.log();
        let begun = log.begin().await.unwrap().flights;
        let told: Arc<Mutex<Vec<Told>>> = Arc::default();
        let (following, shown) = (log.clone(), told.clone());
        let follows = tokio::spawn(async move {
            loop {
                let next = following.next().await;
                lock(&shown).extend(next);
            }
        });
        Self { kafka, log, follows, told, begun }
    }

    /// What it was told of a leg: revision, version, number of changes, gap.
    fn heard(&self, leg: &LegId) -> Vec<(u64, Version, usize, bool)> {
        let told = lock(&self.told);
        let of_leg = told.iter().filter_map(|told| match told {
            Told::Changed(f) if f.flight.leg == *leg => {
                Some((f.flight.rev, f.version, f.changes.len(), f.gap))
            }
            _ => None,
        });
        of_leg.collect()
    }

    fn version(&self, leg: &LegId) -> Version {
        Version(lock(&self.kafka.core.ledger).version(leg))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.follows.abort();
    }
}

/// For the suite: each entry is made from the newest state, as the hub's flights make theirs.
impl ChangeLog for Node {
    fn append(&self, mut entries: Vec<LogEntry>) -> Answer<'_, Result<(), StoreError>> {
        for entry in &mut entries {
            entry.after = self.version(&entry.flight.leg);
        }
        self.log.append(entries)
    }

    fn restore(&self) -> Answer<'_, Result<Vec<Flight>, StoreError>> {
        self.log.restore()
    }

    fn retire(&self, leg: LegId, _: Version) -> Answer<'_, Result<(), StoreError>> {
        let after = self.version(&leg);
        self.log.retire(leg, after)
    }
}

/// Removes a test's topics. What a failed test leaves behind has a name of its own.
async fn remove(config: &KafkaConfig) {
    let admin: AdminClient<DefaultClientContext> = config.client("admin").create().unwrap();
    let names: Vec<String> =
        ["reports", "changes", "archive"].iter().map(|name| config.named(name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    admin.delete_topics(&names, &AdminOptions::new()).await.unwrap();
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain until {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_is_a_change_log() {
    let Some(brokers) = services::kafka() else { return };
    let mut used: Vec<KafkaConfig> = Vec::new();
    change_log::suite(async |opening| {
        if opening == Opening::Fresh {
            used.push(config(&brokers));
        }
        Node::open(used.last().unwrap()).await
    })
    .await;
    for config in &used {
        remove(config).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_is_told_the_same_in_the_same_order_and_begins_with_the_newest() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let (one, other) = (Node::open(&config).await, Node::open(&config).await);
    let mut samples: Vec<Sample> = (0..20).map(Sample::leg).collect();
    for round in 0..5 {
        for (n, sample) in samples.iter_mut().enumerate() {
            // Two writers who take turns: neither is late, as each has been shown what was before.
            let (writer, reader) = if (round + n) % 2 == 0 { (&one, &other) } else { (&other, &one) };
            let entry = sample.gates(&["a", "b"][..1 + round % 2]);
            writer.append(vec![entry]).await.unwrap();
            let leg = sample.flight.leg.clone();
            let version = writer.version(&leg);
            until("the other node is told", || reader.heard(&leg).last().is_some_and(|h| h.1 == version))
                .await;
        }
    }
    for sample in &samples {
        let leg = &sample.flight.leg;
        assert_eq!(one.heard(leg), other.heard(leg));
        assert!(one.heard(leg).iter().all(|(.., gap)| !gap));
    }
    let third = Node::open(&config).await;
    let mut begun: Vec<Flight> = third.begun.iter().map(|(flight, _)| flight.clone()).collect();
    begun.sort_by(|a, b| a.leg.cmp(&b.leg));
    let mut expected: Vec<Flight> = samples.iter().map(|s| s.flight.clone()).collect();
    expected.sort_by(|a, b| a.leg.cmp(&b.leg));
    assert_eq!(begun, expected);
    for (flight, version) in &third.begun {
        assert_eq!(one.heard(&flight.leg).last().unwrap().1, *version);
    }
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_nodes_that_both_write_one_is_late_and_finds_the_others_state_in_place() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let (one, other) = (Node::open(&config).await, Node::open(&config).await);
    let mut sample = Sample::leg(1);
    let leg = sample.flight.leg.clone();
    one.append(vec![sample.gate("1")]).await.unwrap();
    let base = one.version(&leg);
    until("both know it", || other.version(&leg) == base).await;
    let (mut faster, mut slower) = (sample.clone(), sample);
    let (first, second) = (faster.gate("2"), slower.gates(&["3", "4"]));
    let (won, lost) = tokio::join!(
        one.log.append(vec![LogEntry { after: base, ..first }]),
        other.log.append(vec![LogEntry { after: base, ..second }]),
    );
    let verdicts = [won.is_ok(), lost.is_ok()];
    assert!(verdicts[0] != verdicts[1], "one and only one of them counts: {won:?} {lost:?}");
    let (winner, loser, state) =
        if verdicts[0] { (&one, &other, faster.flight) } else { (&other, &one, slower.flight) };
    let shown = loser.heard(&leg).last().copied().unwrap();
    assert_eq!(shown.0, state.rev, "the loser was shown the winner's state before it heard");
    // The last entry of the leg is the loser's, and would be all that compaction keeps.
    assert!(loser.kafka.core.late.over(&leg).is_some());
    until("the winner knows too", || winner.kafka.core.late.over(&leg).is_some()).await;
    assert_eq!(winner.log.overwritten(), [], "nobody owns it here");
    let again =
        LogEntry { after: winner.version(&leg), flight: Arc::new(state.clone()), changes: Vec::new() };
    winner.log.append(vec![again]).await.unwrap();
    assert!(winner.kafka.core.late.over(&leg).is_none());
    assert_eq!(loser.log.restore().await.unwrap(), [state]);
    remove(&config).await;
}

fn report(n: u32) -> (LegId, Report) {
    let mut sample = Sample::leg(n);
    let entry = sample.gate("1");
    let source = domain::report::Source { name: "jfk".into(), airport: None, rank: 50, creates: true };
    let report = Report {
        source: Arc::new(source),
        key: entry.flight.key,
        aliases: Vec::new(),
        observed_at: crate::contract::flights::dawn(),
        received_at: crate::contract::flights::dawn() + TimeDelta::seconds(1),
        statements: Vec::new(),
    };
    (report.key.id(), report)
}

/// Takes deliveries until there are `count`, settling those that `settles` wants.
async fn take(
    queue: &Queue,
    count: usize,
    mut settles: impl FnMut(&LegId) -> bool,
) -> BTreeMap<LegId, usize> {
    let mut taken = BTreeMap::new();
    let take = async {
        while taken.values().sum::<usize>() < count {
            for Delivery { what, settle } in queue.next().await {
                let Delivered::Report(report) = what else { panic!("{what:?}") };
                let leg = report.key.id();
                if settles(&leg) {
                    settle.say();
                }
                *taken.entry(leg).or_default() += 1;
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), take).await;
    assert!(in_time.is_ok(), "{count} deliveries did not come");
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_posted_is_delivered_and_what_was_not_settled_comes_again_to_the_next() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let one = Node::open(&config).await;
    let posted: Vec<_> = (0..60).map(report).collect();
    one.kafka.journal().post(posted.clone()).await.unwrap();
    let queue = one.kafka.queue().unwrap();
    // The last of them is not settled, and so nothing of its partition from there on.
    let unsettled = posted[59].0.clone();
    let taken = take(&queue, 60, |leg| *leg != unsettled).await;
    assert!(taken.len() == 60 && taken.values().all(|n| *n == 1), "{taken:?}");
    assert_eq!(one.kafka.figures().partitions_owned(), 3);
    assert!(one.log.owns(&unsettled));
    queue.leave().await;
    assert_eq!(one.kafka.figures().partitions_owned(), 0, "who left owns nothing");
    let other = Node::open(&config).await;
    let again = take(&other.kafka.queue().unwrap(), 1, |_| true).await;
    assert_eq!(again.keys().collect::<Vec<_>>(), [&unsettled]);
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_shared_by_those_who_are_there_and_go_to_those_who_stay() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let (one, other) = (Node::open(&config).await, Node::open(&config).await);
    let first = one.kafka.queue().unwrap();
    until("one has all", || one.kafka.figures().partitions_owned() == 3).await;
    let second = other.kafka.queue().unwrap();
    until("they share", || {
        let owned = [one.kafka.figures().partitions_owned(), other.kafka.figures().partitions_owned()];
        owned.iter().sum::<usize>() == 3 && owned.iter().all(|n| *n > 0)
    })
    .await;
    first.leave().await;
    until("the other has all", || other.kafka.figures().partitions_owned() == 3).await;
    one.kafka.journal().post((0..30).map(report).collect()).await.unwrap();
    assert_eq!(take(&second, 30, |_| true).await.len(), 30);
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_delivered_as_such_and_stops_nothing() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let node = Node::open(&config).await;
    let garbage: [&[u8]; 3] = [b"\xff\x00", b"[1]", b"{}"];
    for bytes in garbage {
        let record = FutureRecord::to(&node.kafka.core.names.reports).partition(0).key("x").payload(bytes);
        node.kafka
            .journal
            .send_result(record)
            .map_err(|(e, _)| e)
            .unwrap()
            .await
            .unwrap()
            .map_err(|(e, _)| e)
            .unwrap();
        let record = FutureRecord::to(&node.kafka.core.names.changes).partition(0).key("x").payload(bytes);
        node.kafka
            .appends
            .send_result(record)
            .map_err(|(e, _)| e)
            .unwrap()
            .await
            .unwrap()
            .map_err(|(e, _)| e)
            .unwrap();
    }
    let good: Vec<_> = (0..20).map(report).collect();
    node.kafka.journal().post(good).await.unwrap();
    let queue = node.kafka.queue().unwrap();
    let (mut unreadable, mut reports) = (Vec::new(), 0);
    while unreadable.len() + reports < 23 {
        for Delivery { what, settle } in queue.next().await {
            match what {
                Delivered::Report(_) => reports += 1,
                Delivered::Unreadable { place, reason, .. } => unreadable.push((place, reason)),
            }
            settle.say();
        }
    }
    assert_eq!((unreadable.len(), reports), (3, 20));
    assert!(unreadable.iter().all(|(_, reason)| !reason.is_empty()), "{unreadable:?}");
    assert!(unreadable[0].0.contains(&config.named("reports")), "{unreadable:?}");
    let mut sample = Sample::leg(9);
    node.append(vec![sample.gate("1")]).await.expect("the log goes on behind what cannot be read");
    assert_eq!(node.log.restore().await.unwrap(), [sample.flight]);
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_that_do_not_fit_and_brokers_that_are_not_there_are_told_in_a_sentence() {
    let Some(brokers) = services::kafka() else { return };
    let good = config(&brokers);
    Kafka::prepare(&good).await.unwrap();
    Kafka::prepare(&good).await.expect("a second time is nothing");
    let other = KafkaConfig { partitions: 5, ..good.clone() };
    let why = Kafka::prepare(&other).await.unwrap_err().to_string();
    assert!(why.contains("has 3 partitions and the configuration says 5"), "{why}");
    let nowhere = KafkaConfig {
        brokers: "127.0.0.1:9".into(),
        request_timeout: Duration::from_secs(2),
        ..good.clone()
    };
    let why = Kafka::prepare(&nowhere).await.unwrap_err().to_string();
    assert!(why.contains("the brokers 127.0.0.1:9 cannot be reached") && why.contains("refused"), "{why}");
    let greedy = KafkaConfig { replication: 7, prefix: format!("test-{}", number()), ..good.clone() };
    let why = Kafka::prepare(&greedy).await.unwrap_err().to_string();
    assert!(why.contains("could not be made") && why.contains("eplication"), "{why}");
    remove(&good).await;
}

fn message(body: &[u8]) -> RawMessage {
    let received_at = crate::contract::flights::dawn();
    RawMessage { feed: "jfk".into(), received_at, content_type: "application/json".into(), body: body.into() }
}

fn fault(reason: &str) -> Quarantined {
    Quarantined {
        feed: "jfk".into(),
        received_at: crate::contract::flights::dawn(),
        index: Some(1),
        field: None,
        reason: reason.into(),
        excerpt: "{}".into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_and_what_counts_comes_into_the_archive_once_however_long_that_was_away() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let node = Node::open(&config).await;
    let archive = Memory::new();
    let away = StoreError::Unavailable { store: "memory", reason: "for a test".into() };
    archive.break_with(Some(away));
    node.kafka.start_archivist(Arc::new(archive.clone())).unwrap();
    let journaled = node.kafka.archive(Arc::new(archive.clone()));
    journaled.keep(Some(message(b"[1]")), vec![fault("one"), fault("two")]).await.unwrap();
    let mut sample = Sample::leg(4);
    let leg = sample.flight.leg.clone();
    node.append(vec![sample.gates(&["1", "2"])]).await.unwrap();
    // An entry that comes too late, with revisions of its own, is no history.
    let mut late = sample.clone();
    let entry = LogEntry { after: Version(1), ..late.gates(&["x", "y", "z"]) };
    let head = ledger::Head { after: 0, rev: entry.flight.rev, changes: 3, over: None };
    let by = head::Writer { process: 1, count: 1 };
    let payload = wire::record::encode_log(&entry);
    let record = FutureRecord::to(&node.kafka.core.names.changes)
        .partition(node.kafka.core.partition_of(&leg))
        .key(leg.as_str())
        .headers(head::headers(head, by))
        .payload(&payload);
    let sent = node.kafka.appends.send_result(record).map_err(|(fault, _)| fault).unwrap();
    sent.await.unwrap().map_err(|(fault, _)| fault).unwrap();
    node.append(vec![sample.gates(&["3", "4", "5"])]).await.unwrap();
    assert_eq!(node.kafka.figures().get().late.load(Ordering::Relaxed), 1);
    assert!(journaled.quarantine(10).await.is_err(), "what is read comes from the archive");
    archive.break_with(None);
    until("all is there", || archive.messages().len() == 1).await;
    let told = async || journaled.history(leg.clone(), 0, 100).await.unwrap();
    while told().await.len() < 5 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = told().await;
    assert_eq!(told.iter().map(|change| change.rev).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(told.iter().all(|change| !change.set_json.contains('x')), "{told:?}");
    let reasons: Vec<_> = journaled.quarantine(10).await.unwrap().into_iter().map(|f| f.reason).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert_eq!(&*archive.messages()[0].body, b"[1]");
    // The next member of the group goes on behind it.
    let other = Node::open(&config).await;
    let second = Memory::new();
    node.kafka.close().await;
    other.kafka.start_archivist(Arc::new(second.clone())).unwrap();
    other.kafka.archive(Arc::new(second.clone())).keep(Some(message(b"[2]")), Vec::new()).await.unwrap();
    until("the second is there", || !second.messages().is_empty()).await;
    assert_eq!(second.messages().len(), 1, "what was moved is not moved again");
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_too_long_is_refused_and_the_next_is_taken() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let node = Node::open(&config).await;
    let journaled = node.kafka.archive(Arc::new(Memory::new()));
    let why = journaled.keep(Some(message(&vec![b'x'; RECORD_BYTES_MAX + 1])), Vec::new()).await.unwrap_err();
    assert!(why.to_string().contains("a message could not be kept"), "{why}");
    let body: Vec<u8> = (0..5 << 20).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    journaled.keep(Some(message(&body)), Vec::new()).await.expect("five megabytes that do not shrink");
    remove(&config).await;
}

/// Writes to the log as a hub would, but for what it writes.
async fn write(node: &Node, leg: &LegId, after: Version, rev: u64, payload: &[u8]) {
    let head = ledger::Head { after: after.0, rev, changes: 1, over: None };
    let record = FutureRecord::to(&node.kafka.core.names.changes)
        .partition(node.kafka.core.partition_of(leg))
        .key(leg.as_str())
        .headers(head::headers(head, head::Writer { process: 1, count: 1 }))
        .payload(payload);
    let sent = node.kafka.appends.send_result(record).map_err(|(fault, _)| fault).unwrap();
    sent.await.unwrap().map_err(|(fault, _)| fault).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_nobody_can_read_is_passed_over_and_its_leg_goes_on() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let node = Node::open(&config).await;
    let mut sample = Sample::leg(3);
    let leg = sample.flight.leg.clone();
    node.append(vec![sample.gate("1")]).await.unwrap();
    // Cut off in the middle, and JSON that is no state.
    for payload in [&b"{\"v\":1,\"state\":{"[..], b"{\"v\":1,\"state\":{\"v\":1}}"] {
        let shown = node.heard(&leg).last().unwrap().1;
        let unreadable = node.kafka.figures().get().unreadable.load(Ordering::Relaxed);
        write(&node, &leg, shown, sample.flight.rev + 1, payload).await;
        until("it is passed over", || {
            node.kafka.figures().get().unreadable.load(Ordering::Relaxed) > unreadable
        })
        .await;
        // As the hub does it: from the state that is shown.
        let entry = LogEntry { after: shown, ..sample.gate(&format!("after {}", payload.len())[..7]) };
        node.log.append(vec![entry]).await.expect("the leg goes on");
    }
    assert_eq!(node.log.restore().await.unwrap(), [sample.flight]);
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_is_older_than_what_writes_ends_and_does_not_start() {
    let Some(brokers) = services::kafka() else { return };
    for in_log in [true, false] {
        let (config, dead) = (config(&brokers), Arc::<AtomicU64>::default());
        let told = dead.clone();
        let died = Died(Arc::new(move |_| {
            told.fetch_add(1, Ordering::SeqCst);
        }));
        let node = Node::open(&KafkaConfig { died, ..config.clone() }).await;
        let leg = Sample::leg(3).flight.leg;
        let queue = node.kafka.queue().unwrap();
        if in_log {
            write(&node, &leg, Version::NONE, 1, b"{\"v\":9,\"anything\":[]}").await;
        } else {
            let record =
                FutureRecord::to(&node.kafka.core.names.reports).partition(0).key("x").payload("{\"v\":9}");
            let sent = node.kafka.journal.send_result(record).map_err(|(fault, _)| fault).unwrap();
            sent.await.unwrap().map_err(|(fault, _)| fault).unwrap();
        }
        until("the node is told to end", || dead.load(Ordering::SeqCst) > 0).await;
        if in_log {
            let again = Kafka::open(config.clone(), number()).unwrap();
            let why = again.log().begin().await.unwrap_err().to_string();
            assert!(why.contains("a newer hub wrote it"), "{why}");
        }
        queue.leave().await;
        remove(&config).await;
    }
}
