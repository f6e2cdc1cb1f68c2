//! Topics, and unreadable records.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unusable_topics_and_unreachable_brokers_are_described_in_a_sentence() {
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
    assert!(why.contains("could not be created") && why.contains("eplication"), "{why}");
    remove(&good).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_too_long_is_refused_and_the_next_is_written() {
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

/// Writes a record with the headers of a hub and any payload.
pub(super) async fn write(node: &Node, leg: &LegId, after: Version, rev: u64, payload: &[u8]) {
    let headers = headers::RecordHeaders { after: after.0, rev, changes: 1, overwrites: None };
    let record = FutureRecord::to(&node.kafka.context.names.changes)
        .partition(node.kafka.context.partition_of(leg))
        .key(leg.as_str())
        .headers(headers::encode(headers, headers::WriterId { process: 1, count: 1 }))
        .payload(payload);
    produce(&node.kafka.appends, record).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreadable_state_is_ignored_and_its_leg_continues() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let node = Node::open(&config).await;
    let mut sample = Sample::leg(3);
    let leg = sample.flight.leg.clone();
    node.append(vec![sample.gate("1")]).await.unwrap();
    // Cut off in the middle, and JSON that is no state.
    for payload in [&b"{\"v\":1,\"state\":{"[..], b"{\"v\":1,\"state\":{\"v\":1}}"] {
        let shown = node.heard(&leg).last().unwrap().1;
        let unreadable = node.kafka.metrics().get().unreadable.load(Ordering::Relaxed);
        write(&node, &leg, shown, sample.flight.rev + 1, payload).await;
        until("it is passed over", || {
            node.kafka.metrics().get().unreadable.load(Ordering::Relaxed) > unreadable
        })
        .await;
        // As the hub does: from the published state.
        let entry = LogEntry { after: shown, ..sample.gate(&format!("after {}", payload.len())[..7]) };
        node.log.append(vec![entry]).await.expect("the leg continues");
    }
    assert_eq!(node.log.restore().await.unwrap(), [sample.flight]);
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_reads_a_record_of_a_newer_hub_ends_and_does_not_start() {
    let Some(brokers) = services::kafka() else { return };
    for in_log in [true, false] {
        let (config, dead) = (config(&brokers), Arc::<AtomicU64>::default());
        let told = dead.clone();
        let on_fatal_error = FatalErrorHandler(Arc::new(move |_| {
            told.fetch_add(1, Ordering::SeqCst);
        }));
        let node = Node::open(&KafkaConfig { on_fatal_error, ..config.clone() }).await;
        let leg = Sample::leg(3).flight.leg;
        let queue = node.kafka.queue().unwrap();
        if in_log {
            write(&node, &leg, Version::NONE, 1, b"{\"v\":9,\"anything\":[]}").await;
        } else {
            let record = FutureRecord::to(&node.kafka.context.names.reports)
                .partition(0)
                .key("x")
                .payload(&b"{\"v\":9}"[..]);
            produce(&node.kafka.journal, record).await;
        }
        until("the node is asked to end", || dead.load(Ordering::SeqCst) > 0).await;
        if in_log {
            let again = Kafka::open(config.clone(), number()).unwrap();
            let why = again.log().begin().await.unwrap_err().to_string();
            assert!(why.contains("a newer hub wrote it"), "{why}");
        }
        queue.leave().await;
        remove(&config).await;
    }
}
