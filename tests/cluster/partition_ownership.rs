//! Ownership of partitions: a restarted node, and partitions without an owner.

use crate::consistency_checker::{ConsistencyChecker, assert_every_revision_once};
use crate::load_generator::LoadGenerator;
use crate::test_cluster::{TestCluster, leg, report, wait_until};
use crate::websocket_client::Socket;
use serde_json::json;
use std::time::Duration;

const OWNED: &str = "gatecall_partitions_owned";

/// Longer than any start takes, so that a wait for this time-out is visible.
const LONG_SESSION: (&str, &str) = ("KAFKA__SESSION_TIMEOUT_S", "45");

#[test]
fn a_node_restarted_within_its_session_gets_its_partitions_back() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let node = |name: &str| cluster.node_with(name, &[], &[LONG_SESSION]);
    let (a, b) = (node("a"), node("b"));
    wait_until("they share the flights", || a.metric(OWNED) == 2.0 && b.metric(OWNED) == 2.0);
    let twin = cluster.command(&["serve"]).env("GATECALL__NODE__NAME", "a").output().unwrap();
    let said = String::from_utf8_lossy(&twin.stderr).into_owned();
    assert!(!twin.status.success() && said.contains("another running hub has the name \"a\""), "{said}");
    let on_b = ConsistencyChecker::on(vec![b.api]);
    let load = LoadGenerator::on(vec![b.api], Duration::from_millis(1));
    load.wait_for(100);
    let killed = gatecall::time::monotonic();
    a.kill();
    let a = node("a");
    let ready = killed.elapsed();
    wait_until("it has its flights again", || {
        assert!(b.metric(OWNED) <= 2.0, "they were not dealt to the other meanwhile");
        a.metric(OWNED) == 2.0
    });
    eprintln!(
        "a node was ready {ready:.1?} after it was killed, and had its flights after {:.1?}",
        killed.elapsed()
    );
    load.wait_for(100);
    let answered = load.end();
    for (leg, gate) in &answered {
        wait_until("what was answered is seen", || {
            on_b.gate(leg).is_some_and(|seen| seen.parse::<u32>().unwrap() >= *gate)
        });
    }
    assert_every_revision_once(&on_b.end());
    // A node that ends leaves its group at once: the others do not wait for its session to end.
    assert_eq!(a.stop(), Some(0));
    let took = wait_until("the other owns all flights", || b.metric(OWNED) == 4.0);
    eprintln!("the other node owned every flight {took:.1?} after a node had left");
}

#[test]
fn reports_of_unowned_partitions_wait_and_readiness_reports_it() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let takes = cluster.node_with("takes", &["--roles", "feeds,sockets"], &[]);
    let mut socket = Socket::open(takes.api);
    assert_eq!(takes.push(&report(1, json!({ "departure.gate": "1" }))).status, 202);
    wait_until("/readyz shows it", || {
        takes.get("/readyz").json()["troubles"]
            .to_string()
            .contains("no hub has merged the flights of 4 of 4")
    });
    assert_eq!(takes.get("/readyz").json()["status"], "degraded");
    assert_eq!(takes.metric("gatecall_partitions_unowned"), 4.0);
    assert_eq!(takes.metric("gatecall_reports_unmerged"), 1.0);
    assert_eq!(socket.expect("upstream")["current"], false, "a board without an owner is not live");
    let merges = cluster.node_with("merges", &["--roles", "flights"], &[]);
    wait_until("it is merged", || takes.get(&format!("/api/v1/flights/{}", leg(1))).status == 200);
    assert_eq!(socket.expect("upstream")["current"], true);
    wait_until("all is well", || takes.get("/readyz").json()["status"] == "ready");
    assert_eq!(takes.metric("gatecall_partitions_unowned"), 0.0);
    wait_until("nothing waits", || takes.metric("gatecall_reports_unmerged") == 0.0);
    drop(merges);
}
