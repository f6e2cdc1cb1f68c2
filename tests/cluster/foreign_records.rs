//! Records in the log that no hub has written, and forced compaction.

use crate::consistency_checker::{ConsistencyChecker, assert_every_revision_once};
use crate::load_generator::{FLIGHTS, LoadGenerator};
use crate::test_cluster::{TestCluster, leg, report, wait_until};
use serde_json::json;
use std::time::Duration;
use testing::foreign_topic::WrittenBy;

#[test]
fn foreign_tombstones_and_garbage_lose_no_flight() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let changes = cluster.topic("changes");
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let on_b = ConsistencyChecker::on(vec![b.api]);
    let load = LoadGenerator::on(vec![a.api, b.api], Duration::from_millis(1));
    load.wait_for(4 * FLIGHTS as usize);
    let answered = load.end();
    let legs: Vec<String> = (1..=FLIGHTS).map(leg).collect();
    for (leg, gate) in &answered {
        wait_until("what was answered is seen", || {
            on_b.gate(leg).is_some_and(|seen| seen.parse::<u32>().unwrap() >= *gate)
        });
    }
    // Into every partition: in one of them it is poison, in the others a copy.
    let poison: Vec<(&str, Option<&[u8]>)> = legs
        .iter()
        .enumerate()
        .map(|(nth, leg)| (leg.as_str(), (nth % 2 == 0).then_some(&b"{\"v\":1}"[..])))
        .collect();
    (0..4).for_each(|partition| changes.write(partition, &poison));
    let met = f64::from(FLIGHTS);
    for node in [&a, &b] {
        wait_until("it is met", || node.metric("gatecall_unreadable_records_total") >= met);
        assert_eq!(node.metric("gatecall_misplaced_records_total"), 3.0 * met);
    }
    wait_until("each flight is written over where it belongs", || {
        let newest = (0..4).flat_map(|partition| changes.records(partition).into_values());
        let of_flights = newest.filter(|records| records.contains(&WrittenBy::Hub));
        of_flights.filter(|records| records.last() == Some(&WrittenBy::Hub)).count() == FLIGHTS as usize
    });
    (0..4).for_each(|partition| changes.compact(partition));
    let c = cluster.node("c");
    let on_c = ConsistencyChecker::on(vec![c.api]);
    assert_eq!(a.push(&report(1, json!({ "departure.gate": "999" }))).status, 202);
    for watch in [&on_b, &on_c] {
        wait_until("it continues", || watch.gate(&leg(1)).as_deref() == Some("999"));
    }
    let (seen_b, seen_c) = (on_b.end(), on_c.end());
    assert_every_revision_once(&seen_b);
    assert_eq!(seen_c.flights, seen_b.flights, "a node that starts behind the record shows the same");
    assert_eq!(seen_c.flights.len(), FLIGHTS as usize);
}
