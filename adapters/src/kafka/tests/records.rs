//! Topics, and records that nobody can read.

use super::*;

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
pub(super) async fn write(node: &Node, leg: &LegId, after: Version, rev: u64, payload: &[u8]) {
    let head = ledger::Head { after: after.0, rev, changes: 1, over: None };
    let record = FutureRecord::to(&node.kafka.core.names.changes)
        .partition(node.kafka.core.partition_of(leg))
        .key(leg.as_str())
        .headers(head::headers(head, head::Writer { process: 1, count: 1 }))
        .payload(payload);
    produce(&node.kafka.appends, record).await;
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
            let record = FutureRecord::to(&node.kafka.core.names.reports)
                .partition(0)
                .key("x")
                .payload(&b"{\"v\":9}"[..]);
            produce(&node.kafka.journal, record).await;
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
