//! The journal, and how the nodes share its partitions.

use super::*;

fn report(n: u32) -> (LegId, Report) {
    let mut sample = Sample::leg(n);
    let entry = sample.gate("1");
    let source = domain::report::Source {
        name: "jfk".into(),
        airport: None,
        rank: 50,
        creates: true,
        scope: Default::default(),
    };
    let report = Report {
        source: Arc::new(source),
        key: entry.flight.key,
        aliases: Vec::new(),
        observed_at: testing::flights::dawn(),
        received_at: testing::flights::dawn() + TimeDelta::seconds(1),
        statements: Vec::new(),
        fallback_statements: Vec::new(),
    };
    (report.key.id(), report)
}

/// Takes `count` reports and acknowledges those that `settles` selects.
async fn take(
    queue: &KafkaQueue,
    count: usize,
    mut settles: impl FnMut(&LegId) -> bool,
) -> BTreeMap<LegId, usize> {
    let mut taken = BTreeMap::new();
    let take = async {
        while taken.values().sum::<usize>() < count {
            for QueuedItem { payload, ack } in queue.next().await {
                let QueuedPayload::Report(report) = payload else { panic!("{payload:?}") };
                let leg = report.key.id();
                if settles(&leg) {
                    ack.ack();
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
async fn posted_reports_are_delivered_and_unacknowledged_ones_go_to_the_next_owner() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let one = Node::open(&config).await;
    let posted: Vec<_> = (0..60).map(report).collect();
    one.kafka.journal().post(posted.clone()).await.unwrap();
    let queue = one.kafka.queue().unwrap();
    // The last report is not acknowledged, so nothing after it in its partition is committed.
    let unsettled = posted[59].0.clone();
    let taken = take(&queue, 60, |leg| *leg != unsettled).await;
    assert!(taken.len() == 60 && taken.values().all(|n| *n == 1), "{taken:?}");
    assert_eq!(one.kafka.metrics().partitions_owned(), 3);
    assert!(one.log.owns(&unsettled));
    queue.leave().await;
    assert_eq!(one.kafka.metrics().partitions_owned(), 0, "a node that has left owns nothing");
    let other = Node::open(&config).await;
    let again = take(&other.kafka.queue().unwrap(), 1, |_| true).await;
    assert_eq!(again.keys().collect::<Vec<_>>(), [&unsettled]);
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_the_partitions_and_take_over_those_of_a_node_that_leaves() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let (one, other) = (Node::open(&config).await, Node::open(&config).await);
    let first = one.kafka.queue().unwrap();
    until("one has all", || one.kafka.metrics().partitions_owned() == 3).await;
    let second = other.kafka.queue().unwrap();
    until("they share", || {
        let owned = [one.kafka.metrics().partitions_owned(), other.kafka.metrics().partitions_owned()];
        owned.iter().sum::<usize>() == 3 && owned.iter().all(|n| *n > 0)
    })
    .await;
    first.leave().await;
    until("the other has all", || other.kafka.metrics().partitions_owned() == 3).await;
    one.kafka.journal().post((0..30).map(report).collect()).await.unwrap();
    assert_eq!(take(&second, 30, |_| true).await.len(), 30);
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreadable_report_is_delivered_as_such_and_blocks_nothing() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let node = Node::open(&config).await;
    let garbage: [&[u8]; 3] = [b"\xff\x00", b"[1]", b"{}"];
    for bytes in garbage {
        let names = &node.kafka.context.names;
        for (by, topic) in [(&node.kafka.journal, &names.reports), (&node.kafka.appends, &names.changes)] {
            produce(by, FutureRecord::to(topic).partition(0).key("x").payload(bytes)).await;
        }
    }
    let good: Vec<_> = (0..20).map(report).collect();
    node.kafka.journal().post(good).await.unwrap();
    let queue = node.kafka.queue().unwrap();
    let (mut unreadable, mut reports) = (Vec::new(), 0);
    while unreadable.len() + reports < 23 {
        for QueuedItem { payload, ack } in queue.next().await {
            match payload {
                QueuedPayload::Report(_) => reports += 1,
                QueuedPayload::Unreadable { position, reason, .. } => unreadable.push((position, reason)),
            }
            ack.ack();
        }
    }
    assert_eq!((unreadable.len(), reports), (3, 20));
    assert!(unreadable.iter().all(|(_, reason)| !reason.is_empty()), "{unreadable:?}");
    assert!(unreadable[0].0.contains(&config.named("reports")), "{unreadable:?}");
    let mut sample = Sample::leg(9);
    node.append(vec![sample.gate("1")]).await.expect("the log continues behind an unreadable record");
    assert_eq!(node.log.restore().await.unwrap(), [sample.flight]);
    remove(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_are_refused_above_the_limit_and_a_flood_does_not_block_other_feeds() {
    let Some(brokers) = services::kafka() else { return };
    let config = KafkaConfig { unmerged_max: 40, ..config(&brokers) };
    let node = Node::open(&config).await;
    let journal = node.kafka.journal();
    let of = |feed: &str, n: u32| {
        let (leg, report) = report(n);
        let source = domain::report::Source { name: feed.into(), ..(*report.source).clone() };
        (leg, Report { source: Arc::new(source), ..report })
    };
    let refusal = |answer| match answer {
        Err(SinkError::Behind(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    // No node merges.
    for n in 0..20 {
        journal.post(vec![of("flood", n)]).await.unwrap();
    }
    let refused = refusal(journal.post(vec![of("flood", 20)]).await);
    assert_eq!(refused, BacklogFull::FeedShare { waiting: 20, share: 20 });
    let many: Vec<_> = (30..40).map(|n| of("calm", n)).collect();
    journal.post(many).await.expect("another feed has its own share");
    let too_many: Vec<_> = (40..51).map(|n| of("third", n)).collect();
    assert_eq!(refusal(journal.post(too_many).await), BacklogFull::Full { waiting: 30, limit: 40 });
    assert_eq!(node.kafka.metrics().reports_unmerged(), 30);
    let queue = node.kafka.queue().unwrap();
    assert_eq!(take(&queue, 30, |_| true).await.values().sum::<usize>(), 30);
    until("it is known here that all are merged", || node.kafka.metrics().reports_unmerged() == 0).await;
    journal.post(vec![of("flood", 20)]).await.expect("there is room again");
    queue.leave().await;
    remove(&config).await;
}
