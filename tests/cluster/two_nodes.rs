//! Two nodes in normal operation.

use crate::consistency_checker::{ConsistencyChecker, assert_every_revision_once};
use crate::http_client::ask;
use crate::load_generator::{FLIGHTS, LoadGenerator};
use crate::test_cluster::{TestCluster, leg, push, report, wait_until};
use crate::websocket_client::{PROPER, Socket, shake};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[test]
fn a_report_to_one_node_reaches_a_client_on_the_other() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let mut socket = Socket::open(b.api);
    socket.follow("board/JFK/departures");
    let answer = a.push(&report(615, json!({ "departure.gate": "12" })));
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(
        answer.json(),
        json!({ "accepted": 1, "changed": 0, "unchanged": 0, "queued": 1, "rejected": [] })
    );
    let state = socket.expect("state");
    assert_eq!((&state["flight"]["leg"], &state["flight"]["rev"]), (&json!(leg(615)), &json!(1)));
    assert_eq!(b.push(&report(615, json!({ "departure.gate": "14" }))).status, 202);
    let change = socket.expect("change");
    assert_eq!((&change["rev"], &change["set"]), (&json!(2), &json!({ "departure.gate": "14" })));
    for node in [&a, &b] {
        wait_until("both have it", || node.get(&format!("/api/v1/flights/{}", leg(615))).json()["rev"] == 2);
    }
    let flight = |node: &crate::test_cluster::Node| node.get(&format!("/api/v1/flights/{}", leg(615))).json();
    assert_eq!(flight(&a), flight(&b));
    // The history comes into the archive behind, and is had from either.
    let history = format!("/api/v1/flights/{}/history", leg(615));
    wait_until("the history is available", || {
        a.get(&history).json()["entries"].as_array().map_or(0, Vec::len) == 2
    });
    assert_eq!(a.get(&history).json(), b.get(&history).json());
    let hello = |node: &crate::test_cluster::Node| {
        Socket::open_with(node.api, &[("sec-websocket-protocol", "gatecall.v1")]).next()["epoch"].clone()
    };
    assert_eq!(hello(&a), hello(&b), "positions held from one node are good at the other");
}

#[test]
fn reports_refused_by_the_owner_are_quarantined_and_others_refused_in_the_answer() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let key = "an-operator's-key-for-these-tests";
    let a = cluster.node_with("a", &[], &[("SERVER__OPERATOR_KEY", key)]);
    let mut future = report(1, json!({ "departure.gate": "1" }));
    future["observed_at"] = json!("2013-02-09T20:00:00Z");
    let answer = a.push(&json!([
        future,
        report(2, json!({ "departure.gate": "far too long" })),
        report(3, json!({}))
    ]));
    let body = answer.json();
    assert_eq!((answer.status, &body["accepted"], &body["queued"]), (202, &json!(1), &json!(1)));
    let rejected = body["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 2, "{body}");
    assert!(rejected.iter().any(|r| r["reason"].as_str().unwrap().contains("in the future")), "{body}");
    assert!(
        rejected.iter().any(|r| r["field"] == "set.departure.gate" || r["field"] == "departure.gate"),
        "{body}"
    );
    let bearer = format!("Bearer {key}");
    let faults = || {
        let answer = ask(a.api, "GET", "/api/v1/quarantine", &[("authorization", &bearer)], b"");
        answer.json()["faults"].as_array().cloned().unwrap_or_default()
    };
    wait_until("both are in quarantine", || faults().len() == 2);
}

#[test]
fn every_follower_sees_every_revision_once_while_both_nodes_ingest() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    wait_until("they share the flights", || {
        let owned = [a.metric("gatecall_partitions_owned"), b.metric("gatecall_partitions_owned")];
        owned.iter().sum::<f64>() == 4.0 && owned.iter().all(|n| *n > 0.0)
    });
    let (on_a, on_b) = (ConsistencyChecker::on(vec![a.api]), ConsistencyChecker::on(vec![b.api]));
    let load = LoadGenerator::on(vec![a.api, b.api], Duration::from_millis(1));
    load.wait_for(800);
    let answered = load.end();
    assert_eq!(answered.len(), FLIGHTS as usize);
    for (leg, gate) in &answered {
        for watch in [&on_a, &on_b] {
            wait_until("the last gate is seen", || {
                watch.gate(leg).is_some_and(|g| g.parse::<u32>().unwrap() >= *gate)
            });
        }
    }
    let (seen_a, seen_b) = (on_a.end(), on_b.end());
    assert_every_revision_once(&seen_a);
    assert_every_revision_once(&seen_b);
    assert_eq!(seen_a.flights, seen_b.flights);
    assert_eq!(seen_a.revisions, seen_b.revisions);
    // Each flight is merged by its owner. On a busy machine a node can miss a heartbeat, lose and regain its flights,
    // and merge a few reports again.
    let conflicts: f64 = [&a, &b].iter().map(|node| node.metric("gatecall_append_conflicts_total")).sum();
    assert!(conflicts <= 8.0, "{conflicts} of 800 reports were merged by two nodes");
}

#[test]
fn a_client_resumes_on_the_other_node_with_only_changes() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let many: Vec<_> = (1..=60).map(|n| report(n, json!({ "departure.gate": "1" }))).collect();
    assert_eq!(a.push(&json!(many)).status, 202);
    let mut socket = Socket::open(a.api);
    wait_until("all are known", || {
        b.metric("gatecall_flights") == 60.0 && a.metric("gatecall_flights") == 60.0
    });
    let snapshot = socket.follow("board/JFK/departures");
    assert_eq!(snapshot["flights"].as_array().unwrap().len(), 60);
    // Later than the slack within which changes are repeated.
    std::thread::sleep(Duration::from_secs(11));
    assert_eq!(a.push(&report(1, json!({ "departure.gate": "2" }))).status, 202);
    let since = socket.expect("change")["at"].clone();
    drop(socket);
    assert_eq!(b.push(&report(2, json!({ "departure.gate": "3" }))).status, 202);
    let mut other = Socket::open(b.api);
    wait_until("b has both", || b.get(&format!("/api/v1/flights/{}", leg(2))).json()["rev"] == 2);
    other.say(json!({ "op": "follow", "topic": "board/JFK/departures", "since": since }));
    let part = other.expect("snapshot");
    assert_eq!(part["partial"], true, "{part}");
    let mut legs: Vec<_> = part["flights"].as_array().unwrap().iter().map(|f| f["leg"].clone()).collect();
    legs.sort_by_key(ToString::to_string);
    assert_eq!(legs, [json!(leg(1)), json!(leg(2))]);
}

#[test]
fn a_node_serves_only_its_roles() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let feeds = cluster.node_with("feeds", &["--roles", "feeds"], &[]);
    let flights = cluster.node_with("flights", &["--roles", "flights"], &[]);
    let sockets = cluster.node_with("sockets", &["--roles", "sockets"], &[]);
    let gate = report(615, json!({ "departure.gate": "12" }));
    let mut socket = Socket::open(sockets.api);
    socket.follow("all");
    let problem = push(sockets.api, &gate).problem(421);
    assert!(problem["detail"].as_str().unwrap().contains("role feeds"), "{problem}");
    let offer = [&PROPER[..], &[("sec-websocket-protocol", "gatecall.v1")]].concat();
    let refusal = shake(feeds.api, "/ws", &offer).map(|_| ()).unwrap_err();
    refusal.refused(421);
    flights.get("/api/v1/stream?topic=all").problem(421);
    assert_eq!(push(feeds.api, &gate).status, 202);
    assert_eq!(socket.expect("state")["flight"]["departure"]["gate"], "12");
    assert_eq!(flights.metric("gatecall_partitions_owned"), 4.0);
    assert_eq!(sockets.metric("gatecall_partitions_owned") + feeds.metric("gatecall_partitions_owned"), 0.0);
    // REST is read anywhere: every node follows the log.
    wait_until("it is known there", || feeds.get(&format!("/api/v1/flights/{}", leg(615))).status == 200);
}

#[test]
fn an_airport_is_polled_by_one_node_and_taken_over_when_it_dies() {
    let Some(cluster) = TestCluster::fresh() else { return };
    let (airport, asked) = airport();
    cluster.add_feeds(&format!(
        "[feeds.lga]\nairport = \"LGA\"\nspeaks_for = \"all\"\nkind = \"pull\"\nformat = \"json\"\nurl = \"http://{airport}/\"\ninterval_s = 1\n"
    ));
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    wait_until("the airport is asked", || asked.load(Ordering::SeqCst) > 0);
    let turn = |node: &crate::test_cluster::Node| node.log().contains("this node now polls the airport");
    wait_until("one of them has the turn", || turn(&a) || turn(&b));
    let (before, began) = (asked.load(Ordering::SeqCst), gatecall::time::monotonic());
    std::thread::sleep(Duration::from_secs(5));
    let per_second = (asked.load(Ordering::SeqCst) - before) as f64 / began.elapsed().as_secs_f64();
    assert!(
        (0.0..1.5).contains(&per_second),
        "asked {per_second:.1} times a second, by one node once a second at most"
    );
    assert!(turn(&a) != turn(&b), "one of them asks");
    assert_eq!(cluster.query("SELECT count(*) FROM lease_holders WHERE name = 'feed/lga'"), "1");
    let (asks, other) = if turn(&a) { (a, b) } else { (b, a) };
    asks.kill();
    wait_until("the other asks", || turn(&other));
    let before = asked.load(Ordering::SeqCst);
    wait_until("it continues", || asked.load(Ordering::SeqCst) > before + 2);
    wait_until("its flights are known", || other.get(&format!("/api/v1/flights/{}", leg(99))).status == 200);
}

/// An airport that answers one report and counts how often it is asked.
fn airport() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
    let counting = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            if stream.read(&mut head).unwrap_or(0) == 0 {
                continue;
            }
            counting.fetch_add(1, Ordering::SeqCst);
            let body = json!([report(99, json!({ "departure.gate": "9" }))]).to_string();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            // The process that polled may already be dead.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, asked)
}
