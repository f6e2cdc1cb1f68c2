//! The way into the archive.

use super::*;

fn fault(reason: &str) -> Quarantined {
    Quarantined {
        feed: "jfk".into(),
        received_at: testing::flights::dawn(),
        index: Some(1),
        field: None,
        reason: reason.into(),
        excerpt: "{}".into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_and_accepted_changes_reach_the_archive_once_also_after_an_outage() {
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
    // A superseded entry with its own revisions is not part of the history.
    let mut late = sample.clone();
    let entry = LogEntry { after: Version(1), ..late.gates(&["x", "y", "z"]) };
    let headers = headers::RecordHeaders { after: 0, rev: entry.flight.rev, changes: 3, overwrites: None };
    let by = headers::WriterId { process: 1, count: 1 };
    let payload = wire::record::encode_log(&entry);
    let record = FutureRecord::to(&node.kafka.context.names.changes)
        .partition(node.kafka.context.partition_of(&leg))
        .key(leg.as_str())
        .headers(headers::encode(headers, by))
        .payload(&payload[..]);
    produce(&node.kafka.appends, record).await;
    node.append(vec![sample.gates(&["3", "4", "5"])]).await.unwrap();
    assert_eq!(node.kafka.metrics().get().superseded.load(Ordering::Relaxed), 1);
    assert!(journaled.quarantine(10).await.is_err(), "what is read comes from the archive");
    archive.break_with(None);
    until("all is there", || archive.messages().len() == 1).await;
    let told = async || journaled.history(leg.clone(), 0, 100).await.unwrap();
    let all_are_told = async {
        while told().await.len() < 5 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all_are_told).await.expect("all of its changes arrive");
    let told = told().await;
    assert_eq!(told.iter().map(|change| change.rev).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert!(told.iter().all(|change| !change.set_json.contains('x')), "{told:?}");
    let reasons: Vec<_> = journaled.quarantine(10).await.unwrap().into_iter().map(|f| f.reason).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert_eq!(&*archive.messages()[0].body, b"[1]");
    // The next member of the group continues after it.
    let other = Node::open(&config).await;
    let second = Memory::new();
    node.kafka.close().await;
    other.kafka.start_archivist(Arc::new(second.clone())).unwrap();
    other.kafka.archive(Arc::new(second.clone())).keep(Some(message(b"[2]")), Vec::new()).await.unwrap();
    until("the second is there", || !second.messages().is_empty()).await;
    assert_eq!(second.messages().len(), 1, "what was moved is not moved again");
    remove(&config).await;
}
