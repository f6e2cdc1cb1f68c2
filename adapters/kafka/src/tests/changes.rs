//! Nodes that write and read one log.

use super::*;

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
async fn all_nodes_get_the_same_events_in_the_same_order_and_begin_with_the_newest_states() {
    let Some(brokers) = services::kafka() else { return };
    let config = config(&brokers);
    let (one, other) = (Node::open(&config).await, Node::open(&config).await);
    let mut samples: Vec<Sample> = (0..20).map(Sample::leg).collect();
    for round in 0..5 {
        for (n, sample) in samples.iter_mut().enumerate() {
            // Two writers take turns: neither is superseded, because each has published the entry before.
            let (writer, reader) = if (round + n) % 2 == 0 { (&one, &other) } else { (&other, &one) };
            let entry = sample.gates(&["a", "b"][..1 + round % 2]);
            writer.append(vec![entry]).await.unwrap();
            let leg = sample.flight.leg.clone();
            let version = writer.version(&leg);
            until("the other node shows it", || reader.heard(&leg).last().is_some_and(|h| h.1 == version))
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
async fn of_two_concurrent_writers_one_is_superseded_after_it_has_published_the_other_state() {
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
    let decisions = [won.is_ok(), lost.is_ok()];
    assert!(decisions[0] != decisions[1], "one and only one of them counts: {won:?} {lost:?}");
    let (winner, loser, state) =
        if decisions[0] { (&one, &other, faster.flight) } else { (&other, &one, slower.flight) };
    let shown = loser.heard(&leg).last().copied().unwrap();
    assert_eq!(shown.0, state.rev, "the loser saw the winner's state before its append failed");
    // The last entry of the leg is superseded, and compaction would keep it alone.
    assert!(loser.kafka.context.superseded.superseded_version(&leg).is_some());
    until("the winner knows too", || winner.kafka.context.superseded.superseded_version(&leg).is_some())
        .await;
    assert_eq!(winner.log.needs_rewrite(), [], "no node owns it here");
    let again =
        LogEntry { after: winner.version(&leg), flight: Arc::new(state.clone()), changes: Vec::new() };
    winner.log.append(vec![again]).await.unwrap();
    assert!(winner.kafka.context.superseded.superseded_version(&leg).is_none());
    assert_eq!(loser.log.restore().await.unwrap(), [state]);
    remove(&config).await;
}
