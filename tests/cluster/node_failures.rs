//! Killed, paused and replaced nodes.

use crate::consistency_checker::{ConsistencyChecker, Seen, assert_every_revision_once};
use crate::load_generator::LoadGenerator;
use crate::test_cluster::{Node, TestCluster, wait_until};
use std::collections::BTreeMap;
use std::time::Duration;

const OWNED: &str = "gatecall_partitions_owned";

/// Every report that was answered is in what a follower sees at last.
#[track_caller]
fn assert_nothing_lost(watch: &ConsistencyChecker, answered: &BTreeMap<String, u32>) {
    for (leg, gate) in answered {
        wait_until(&format!("gate {gate} of {leg} is seen"), || {
            watch.gate(leg).is_some_and(|seen| seen.parse::<u32>().unwrap() >= *gate)
        });
    }
}

fn shared(a: &Node, b: &Node) -> bool {
    let owned = [a.metric(OWNED), b.metric(OWNED)];
    owned.iter().sum::<f64>() == 4.0 && owned.iter().all(|n| *n > 0.0)
}

#[test]
fn killing_the_owner_under_load_loses_no_answered_report() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    wait_until("they share the flights", || shared(&a, &b));
    let on_b = ConsistencyChecker::on(vec![b.api]);
    let either = ConsistencyChecker::on(vec![a.api, b.api]);
    let load = LoadGenerator::on(vec![a.api, b.api], Duration::from_millis(1));
    load.wait_for(400);
    // Both take reports up to the kill, and of half of the flights nothing comes after it that could
    // hide a loss.
    load.halve();
    a.kill();
    let took = wait_until("the other owns all flights", || b.metric(OWNED) == 4.0);
    eprintln!("the other node owned every flight {took:.1?} after the kill");
    load.wait_for(400);
    let answered = load.end();
    assert_nothing_lost(&on_b, &answered);
    assert_nothing_lost(&either, &answered);
    let (strict, moved): (Seen, Seen) = (on_b.end(), either.end());
    assert_every_revision_once(&strict);
    assert_eq!(strict.connections, 1, "a client of the surviving node keeps its connection");
    assert!(moved.connections >= 2, "a client of the killed node reconnects to the other");
    assert_eq!(moved.flights, strict.flights);
    assert_eq!(b.get("/readyz").json()["status"], "ready");
}

#[test]
fn a_paused_node_that_lost_its_partitions_does_no_harm_on_resume() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    wait_until("they share the flights", || shared(&a, &b));
    let on_b = ConsistencyChecker::on(vec![b.api]);
    let load = LoadGenerator::on(vec![a.api, b.api], Duration::from_millis(1));
    load.wait_for(200);
    load.send_to(vec![b.api]);
    load.halve();
    // The node is suspended during its work, like a machine that swaps or a virtual machine that migrates.
    a.signal("-STOP");
    wait_until("the other owns all flights", || b.metric(OWNED) == 4.0);
    load.wait_for(200);
    a.signal("-CONT");
    load.wait_for(200);
    wait_until("it is given flights again", || shared(&a, &b));
    let on_a = ConsistencyChecker::on(vec![a.api]);
    load.send_to(vec![a.api, b.api]);
    load.wait_for(200);
    let answered = load.end();
    assert_nothing_lost(&on_b, &answered);
    assert_nothing_lost(&on_a, &answered);
    let (seen_b, seen_a) = (on_b.end(), on_a.end());
    assert_every_revision_once(&seen_b);
    assert_eq!(seen_a.flights, seen_b.flights, "both nodes show the same");
    let fresh = cluster.node("c");
    let on_fresh = ConsistencyChecker::on(vec![fresh.api]);
    assert_eq!(
        on_fresh.end().flights,
        seen_b.flights,
        "and so does a node that reads the log from its beginning"
    );
}

#[test]
fn a_rolling_replacement_costs_clients_only_a_reconnect() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    wait_until("they share the flights", || shared(&a, &b));
    let (api_a, api_b) = (a.api, b.api);
    let either = ConsistencyChecker::on(vec![api_a, api_b]);
    let load = LoadGenerator::on(vec![api_a, api_b], Duration::from_millis(1));
    load.wait_for(300);
    let began = gatecall::time::monotonic();
    load.halve();
    assert_eq!(a.stop(), Some(0));
    let replaced = began.elapsed();
    let took = wait_until("the other owns all flights", || b.metric(OWNED) == 4.0);
    eprintln!("the other node owned every flight {took:.1?} after the first had ended");
    let a = cluster.node("a2");
    load.send_to(vec![a.api, api_b]);
    wait_until("they share again", || shared(&a, &b));
    load.wait_for(300);
    assert_eq!(b.stop(), Some(0));
    load.send_to(vec![a.api]);
    load.wait_for(300);
    eprintln!("a node left within {replaced:.1?}");
    // The follower knew the first two addresses; a new client gets the same state at the third.
    let answered = load.end();
    let last = ConsistencyChecker::on(vec![a.api]);
    assert_nothing_lost(&last, &answered);
    let (seen, moved) = (last.end(), either.end());
    assert!(moved.closes.iter().all(|code| (4000..4100).contains(code)), "{:?}", moved.closes);
    assert!(moved.connections >= 2, "the client reconnected after the close code");
    for (leg, flight) in &moved.flights {
        let (held, rev) = (flight["rev"].as_u64().unwrap(), seen.flights[leg]["rev"].as_u64().unwrap());
        assert!(held <= rev, "{leg} went back from {held} to {rev}");
    }
}
