//! Kafka, PostgreSQL and MongoDB unavailable: the behaviour that docs/OPERATING.md describes.

use crate::consistency_checker::{ConsistencyChecker, assert_every_revision_once};
use crate::load_generator::LoadGenerator;
use crate::test_cluster::{Server, TestCluster, leg, report, wait_at_most, wait_until};
use crate::websocket_client::Socket;
use serde_json::json;
use std::time::Duration;

/// How long a server is away. `GATECALL_OUTAGE_S=60` makes it the minute that is promised.
fn outage() -> Duration {
    let given = std::env::var("GATECALL_OUTAGE_S").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(given.unwrap_or(8))
}

/// Resident memory of a node may grow by so much while a server is away.
const GROWTH_MAX_BYTES: f64 = 96e6;

const MEMORY: &str = "process_resident_memory_bytes";

fn kafka_away(silent: bool) {
    let Some(cluster) = TestCluster::fresh() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let (on_a, on_b) = (ConsistencyChecker::on(vec![a.api]), ConsistencyChecker::on(vec![b.api]));
    let load = LoadGenerator::on(vec![a.api, b.api], Duration::from_millis(1));
    load.wait_for(300);
    let memory = a.metric(MEMORY);
    let kafka = Server("kafka");
    load.halve();
    let Some(away) = (if silent { kafka.silent() } else { kafka.away() }) else { return };
    wait_at_most(Duration::from_secs(20), "listeners are told", || {
        on_a.seen.lock().unwrap().upstream.last() == Some(&false)
    });
    let refused = a.push(&report(1, json!({ "departure.gate": "x" })));
    let problem = refused.problem(503);
    assert!(!refused.header("retry-after").is_empty(), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("Kafka"), "{problem}");
    let ready = a.get("/readyz");
    assert_eq!(
        (ready.status, &ready.json()["status"]),
        (200, &json!("degraded")),
        "an old picture beats none"
    );
    assert!(a.metric("gatecall_log_away_seconds") > 0.0);
    // A new client gets the last state, and the notice that it is old.
    let mut late = Socket::open_with(a.api, &[("sec-websocket-protocol", "gatecall.v1")]);
    assert_eq!(late.next()["type"], "hello");
    assert_eq!(late.expect("upstream")["current"], false);
    let picture = late.follow("all");
    assert_eq!(picture["flights"].as_array().unwrap().len(), on_a.seen.lock().unwrap().flights.len());
    std::thread::sleep(outage());
    let growth = a.metric(MEMORY) - memory;
    assert!(growth < GROWTH_MAX_BYTES, "memory grew by {growth} bytes");
    away.back();
    wait_until("clients get the notice of the recovery", || {
        on_a.seen.lock().unwrap().upstream.last() == Some(&true)
    });
    let took = wait_until("all flights are merged", || {
        a.metric("gatecall_partitions_owned") + b.metric("gatecall_partitions_owned") == 4.0
    });
    eprintln!("all flights were merged again {took:.1?} after listeners were told that it is over");
    load.wait_for(200);
    let answered = load.end();
    for (leg, gate) in &answered {
        for watch in [&on_a, &on_b] {
            wait_until("what was answered is seen", || {
                watch.gate(leg).is_some_and(|seen| seen.parse::<u32>().unwrap() >= *gate)
            });
        }
    }
    let (seen_a, seen_b) = (on_a.end(), on_b.end());
    assert_eq!((seen_a.connections, seen_b.connections), (1, 1), "no client lost its connection");
    assert_every_revision_once(&seen_a);
    assert_every_revision_once(&seen_b);
    assert_eq!(seen_a.flights, seen_b.flights);
}

#[test]
fn with_kafka_stopped_clients_keep_stale_state_and_no_report_is_lost() {
    kafka_away(false);
}

#[test]
fn with_kafka_hanging_clients_keep_stale_state_and_no_report_is_lost() {
    kafka_away(true);
}

#[test]
fn without_postgres_reports_continue_with_cached_keys() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let a = cluster.node("a");
    let on_a = ConsistencyChecker::on(vec![a.api]);
    let load = LoadGenerator::on(vec![a.api], Duration::from_millis(1));
    load.wait_for(100);
    let Some(away) = Server("postgres").away() else { return };
    wait_until("/readyz shows it", || a.get("/readyz").json()["troubles"].to_string().contains("PostgreSQL"));
    load.wait_for(200);
    std::thread::sleep(outage());
    load.wait_for(200);
    away.back();
    wait_until("all is well again", || a.get("/readyz").json()["status"] == "ready");
    let refused = load.refused.load(std::sync::atomic::Ordering::SeqCst);
    let answered = load.end();
    assert_eq!(refused, 0, "no report waited for PostgreSQL");
    for (leg, gate) in &answered {
        wait_until("what was answered is seen", || {
            on_a.gate(leg).is_some_and(|seen| seen.parse::<u32>().unwrap() >= *gate)
        });
    }
    assert_every_revision_once(&on_a.end());
}

#[test]
fn a_node_starts_without_mongo_and_reports_it() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let Some(away) = Server("mongo").away() else { return };
    let a = cluster.node("a");
    let ready = a.get("/readyz").json();
    assert_eq!(ready["status"], "degraded");
    assert!(ready["troubles"].to_string().contains("MongoDB"), "{ready}");
    assert_eq!(a.push(&report(1, json!({ "departure.gate": "1" }))).status, 202);
    wait_until("it is shown", || a.get(&format!("/api/v1/flights/{}", leg(1))).status == 200);
    away.back();
    let history = format!("/api/v1/flights/{}/history", leg(1));
    wait_until("its history is available", || a.get(&history).status == 200);
    wait_until("all is well", || a.get("/readyz").json()["status"] == "ready");
}

#[test]
fn without_mongo_nothing_blocks_and_histories_are_complete_afterwards() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let a = cluster.node("a");
    let on_a = ConsistencyChecker::on(vec![a.api]);
    let load = LoadGenerator::on(vec![a.api], Duration::from_millis(1));
    load.wait_for(100);
    let Some(away) = Server("mongo").away() else { return };
    wait_until("/readyz shows it", || a.get("/readyz").json()["troubles"].to_string().contains("MongoDB"));
    a.get(&format!("/api/v1/flights/{}/history", leg(1))).problem(503);
    load.wait_for(200);
    let memory = a.metric(MEMORY);
    std::thread::sleep(outage());
    load.wait_for(200);
    assert!(a.metric(MEMORY) - memory < GROWTH_MAX_BYTES);
    let refused = load.refused.load(std::sync::atomic::Ordering::SeqCst);
    let answered = load.end();
    assert_eq!(refused, 0, "no report waited for MongoDB");
    away.back();
    for (leg, gate) in &answered {
        wait_until("what was answered is seen", || {
            on_a.gate(leg).is_some_and(|seen| seen.parse::<u32>().unwrap() >= *gate)
        });
    }
    let seen = on_a.end();
    assert_every_revision_once(&seen);
    for leg in answered.keys() {
        let newest = seen.flights[leg]["rev"].as_u64().unwrap();
        let history = format!("/api/v1/flights/{leg}/history?limit=1000");
        let told = || -> Vec<u64> {
            let answer = a.get(&history);
            let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let entries = body["entries"].as_array().cloned().unwrap_or_default();
            entries.iter().map(|entry| entry["rev"].as_u64().unwrap()).collect()
        };
        wait_until("the history is complete", || told().last() == Some(&newest));
        assert_eq!(told(), (1..=newest).collect::<Vec<_>>(), "{leg}");
    }
}
