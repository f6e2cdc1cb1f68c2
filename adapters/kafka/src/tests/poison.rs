//! Records that no hub wrote, and compaction after them.

use super::*;
use crate::topics::CHANGES;
use domain::single_line_text::SingleLineText;
use rdkafka::message::OwnedHeaders;
use testing::foreign_topic::ForeignTopic;

/// Writes what a console producer with the leg as its key writes.
async fn poison(node: &Node, partition: i32, leg: &LegId, payload: Option<&[u8]>) {
    let names = &node.kafka.context.names;
    let record = FutureRecord { payload, ..FutureRecord::to(&names.changes) };
    produce(&node.kafka.appends, record.partition(partition).key(leg.as_str())).await;
}

/// Writes legs again that need it, as the hub does, from the published states.
fn writes_again(node: &Node) -> JoinHandle<()> {
    let (log, told) = (node.log.clone(), node.told.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            for leg in log.needs_rewrite() {
                let shown = lock(&told).iter().rev().find_map(|told| match told {
                    LogEvent::Changed(f) if f.flight.leg == leg => Some((f.flight.clone(), f.version)),
                    _ => None,
                });
                if let Some((flight, after)) = shown {
                    log.append(vec![LogEntry { after, flight, changes: Vec::new() }]).await.unwrap();
                }
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_records_cost_no_flight_after_compaction() {
    let Some(brokers) = services::kafka() else { return };
    for payload in [None, Some(&b"{\"v\":1,\"anything\":true}"[..])] {
        let config = config(&brokers);
        let node = Node::open(&config).await;
        let queue = node.kafka.queue().unwrap();
        until("it owns all", || node.kafka.metrics().partitions_owned() == 3).await;
        let mut sample = Sample::leg(3);
        let leg = sample.flight.leg.clone();
        let partition = node.kafka.context.partition_of(&leg);
        node.append(vec![sample.gates(&["1", "2"])]).await.unwrap();
        poison(&node, partition, &leg, payload).await;
        // An unknown leg does not become an ended one.
        let unknown = Sample::leg(77).flight.leg;
        poison(&node, node.kafka.context.partition_of(&unknown), &unknown, payload).await;
        until("it is met", || node.kafka.context.superseded.superseded_version(&leg).is_some()).await;
        let writing = writes_again(&node);
        until("it is written over", || node.kafka.context.superseded.superseded_version(&leg).is_none())
            .await;
        assert!(node.kafka.context.superseded.superseded_version(&unknown).is_none());
        let topic = ForeignTopic { brokers: brokers.clone(), topic: config.named(CHANGES) };
        tokio::task::spawn_blocking(move || topic.compact(partition)).await.unwrap();
        let later = Node::open(&config).await;
        let begun: Vec<_> = later.begun.iter().map(|(flight, _)| flight.clone()).collect();
        assert_eq!(begun, [sample.flight.clone()], "{payload:?}");
        assert_eq!(later.version(&unknown), Version::NONE);
        // Both nodes continue alike.
        let shown = later.begun[0].1;
        let entry = LogEntry { after: shown, ..sample.gate("3") };
        later.log.append(vec![entry]).await.unwrap();
        until("both show it", || node.heard(&leg).last() == later.heard(&leg).last()).await;
        writing.abort();
        queue.leave().await;
        remove(&config).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_after_a_foreign_record_rewrites_the_leg_when_it_owns_it() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let mut sample = Sample::leg(5);
    let leg = sample.flight.leg.clone();
    {
        let before = Node::open(&config).await;
        before.append(vec![sample.gate("1")]).await.unwrap();
        poison(&before, before.kafka.context.partition_of(&leg), &leg, None).await;
        before.kafka.close().await;
    }
    let node = Node::open(&config).await;
    assert_eq!(node.begun.len(), 1, "poison is passed over");
    assert_eq!(node.log.needs_rewrite(), [], "no node owns it yet, and the others rewrite it later");
    let queue = node.kafka.queue().unwrap();
    until("it is to be written again", || node.log.needs_rewrite() == [leg.clone()]).await;
    let (flight, after) = node.begun[0].clone();
    node.log.append(vec![LogEntry { after, flight: Arc::new(flight), changes: Vec::new() }]).await.unwrap();
    assert_eq!(node.log.needs_rewrite(), []);
    queue.leave().await;
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_state_costs_no_flight_when_a_node_starts() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let node = Node::open(&config).await;
    let mut sample = Sample::leg(6);
    let leg = sample.flight.leg.clone();
    node.append(vec![sample.gate("1")]).await.unwrap();
    let base = node.version(&leg);
    let json = format!("{{\"v\":1,\"state\":{{\"v\":1,\"leg\":\"{leg}\",\"rev\":\"none\"}}}}");
    records::write(&node, &leg, base, sample.flight.rev + 1, json.as_bytes()).await;
    until("it is met", || node.kafka.context.superseded.superseded_version(&leg).is_some()).await;
    let later = Node::open(&config).await;
    assert_eq!(later.begun, [(sample.flight.clone(), base)], "the state before it counts");
    // A rewrite by either node counts for both, and for a node that starts later.
    let again = LogEntry { after: base, flight: Arc::new(sample.flight.clone()), changes: Vec::new() };
    later.log.append(vec![again]).await.unwrap();
    let version = later.version(&leg);
    until("both show it", || node.version(&leg) == version).await;
    node.append(vec![sample.gate("2")]).await.unwrap();
    let last = Node::open(&config).await;
    assert_eq!(last.begun, [(sample.flight.clone(), node.version(&leg))]);
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_in_another_partition_is_ignored_in_any_order_of_reading() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let node = Node::open(&config).await;
    let mut sample = Sample::leg(3);
    let leg = sample.flight.leg.clone();
    let own = node.kafka.context.partition_of(&leg);
    let entry = sample.gate("1");
    let (payload, rev) = (wire::record::encode_log(&entry), entry.flight.rev);
    node.append(vec![entry]).await.unwrap();
    node.append(vec![sample.gate("2")]).await.unwrap();
    let headers = headers::RecordHeaders { after: 0, rev, changes: 1, overwrites: None };
    for partition in (0..3).filter(|partition| *partition != own) {
        let headers: OwnedHeaders = headers::encode(headers, headers::WriterId { process: 1, count: 1 });
        let record = FutureRecord::to(&node.kafka.context.names.changes)
            .partition(partition)
            .key(leg.as_str())
            .headers(headers)
            .payload(&payload[..]);
        produce(&node.kafka.appends, record).await;
        // A tombstone of the leg there has no effect either.
        poison(&node, partition, &leg, None).await;
    }
    let metrics = node.kafka.metrics();
    until("all four are met", || metrics.get().misplaced.load(Ordering::Relaxed) == 4).await;
    assert_eq!(node.log.needs_rewrite(), [], "its newest record is where it belongs");
    // Like a node that starts after compaction and reads the copies first.
    for _ in 0..3 {
        let later = Node::open(&config).await;
        let begun: Vec<_> = later.begun.iter().map(|(flight, _)| flight.clone()).collect();
        assert_eq!(begun, [sample.flight.clone()]);
        assert_eq!(later.version(&leg), node.version(&leg));
        assert_eq!(later.kafka.metrics().get().misplaced.load(Ordering::Relaxed), 4);
    }
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_ends_hubs_is_named_and_can_be_skipped_by_an_operator() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let node =
        Node::open(&KafkaConfig { on_fatal_error: FatalErrorHandler(Arc::new(|_| {})), ..config.clone() })
            .await;
    let mut sample = Sample::leg(3);
    let leg = sample.flight.leg.clone();
    let partition = node.kafka.context.partition_of(&leg);
    node.append(vec![sample.gate("1")]).await.unwrap();
    let (offset, base) = (node.version(&leg).0 as i64, node.version(&leg));
    records::write(&node, &leg, base, sample.flight.rev + 1, b"{\"v\":9,\"anything\":[]}").await;
    let record = FutureRecord::to(&node.kafka.context.names.reports).partition(0).key("x");
    produce(&node.kafka.journal, record.payload(&b"{\"v\":9}"[..])).await;
    node.kafka.close().await;
    let place = |topic: &str, partition, offset| RecordPlace { topic: topic.into(), partition, offset };
    let state = place(&config.named("changes"), partition, offset);
    let report = place("reports", 0, 0);
    let kafka = Kafka::open(config.clone(), number()).unwrap();
    let why = kafka.log().begin().await.unwrap_err().to_string();
    assert!(why.contains(&format!("{} {partition}/{offset}", config.named("changes"))), "{why}");
    let Inspected::Ends { reason, cost } = Kafka::inspect(&config, &state).await.unwrap() else { panic!() };
    assert!(reason.contains("a newer hub wrote it"), "{reason}");
    assert_eq!(cost, SkipCost::Update(leg.clone()), "the log knows the flight from before");
    let found = Kafka::inspect(&config, &report).await.unwrap();
    assert!(matches!(found, Inspected::Ends { cost: SkipCost::Report, .. }), "{found:?}");
    let good = place("changes", partition, offset - 1);
    assert!(matches!(Kafka::inspect(&config, &good).await.unwrap(), Inspected::Harmless(_)));
    let missing = place("changes", partition, offset + 1_000);
    assert_eq!(Kafka::inspect(&config, &missing).await.unwrap(), Inspected::Missing);
    assert!(Kafka::inspect(&config, &place("other", 0, 0)).await.is_err());
    let by = SingleLineText::parse("J. Novak").unwrap();
    for place in [&state, &report] {
        Kafka::skip(&config, place, by.clone(), None).await.unwrap();
        assert!(matches!(Kafka::inspect(&config, place).await.unwrap(), Inspected::Skipped(_)));
    }
    let after = Node::open(&config).await;
    assert_eq!(after.begun, [(sample.flight.clone(), base)], "the flight is as it was before");
    let queue = after.kafka.queue().unwrap();
    let delivery = queue.next().await.remove(0);
    assert!(matches!(delivery.payload, QueuedPayload::Unreadable { .. }), "{delivery:?}");
    // Compaction would keep only the record after the state.
    until("it is to be written again", || after.log.needs_rewrite() == [leg.clone()]).await;
    after.log.append(vec![LogEntry { after: base, ..sample.gate("2") }]).await.unwrap();
    assert_eq!(after.log.restore().await.unwrap(), [sample.flight]);
    queue.leave().await;
    remove(&config).await;
}
