//! Listeners who do not read: what they cost, and what they see once they read.

use crate::hub::{Hub, report};
use crate::socket::{PROPER, Picture, Socket, shake_on};
use serde_json::{Value, json};
use std::net::TcpStream;

const BOARD: &str = "board/JFK/departures";

/// A flight of LaGuardia's, so that it is not on that board.
const DIVERTED: &str = "B6-900-20130208-LGA-FLL";

/// The longest remark there may be, in letters of four bytes.
fn remark(count: usize) -> String {
    format!("{count} {}", "🛫".repeat(190))
}

/// A hub with flights enough that a few boards of them fill any socket.
fn crowded() -> Hub {
    let hub = Hub::start();
    let reports: Vec<Value> =
        (1..=150).map(|number| report(&number.to_string(), json!({ "remark": remark(0) }))).collect();
    assert_eq!(hub.push(&json!(reports)).json()["changed"], 150);
    hub
}

/// A listener that follows these topics and takes nothing until it is read from. One a hub: what is
/// counted tells that somebody is behind, not who.
fn stalled(hub: &Hub, topics: &[&str]) -> Socket {
    let stream = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    stream.set_recv_buffer_size(4_096).unwrap();
    stream.connect(&hub.api.into()).unwrap();
    let mut socket = shake_on(TcpStream::from(stream), "/ws", &PROPER, &[]).ok().unwrap();
    socket.expect("hello");
    for topic in topics {
        socket.follow(topic);
    }
    // Some 7 MB of answers: more than the kernel takes (tcp_wmem ends at 4 MB).
    for _ in 0..50 {
        socket.say(json!({ "op": "follow", "topic": BOARD }));
    }
    // From now on it is behind, as soon as the hub has seen all of that.
    let before = left_out(hub);
    for gate in 0.. {
        assert!(gate < 1_000, "the socket took everything");
        hub.fly("150", json!({ "departure.gate": gate.to_string() }));
        if left_out(hub) > before {
            break;
        }
    }
    socket
}

/// Frames that were left out for listeners who are behind.
fn left_out(hub: &Hub) -> u64 {
    let metrics = hub.get("/metrics").text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("gatecall_conflations_total "));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

#[test]
fn a_listener_who_does_not_read_harms_nobody_and_sees_the_newest_once_it_reads() {
    let hub = crowded();
    let mut slow = stalled(&hub, &[]);
    let (mut fast, mut seen) = (Socket::open(hub.api), Picture::default());
    seen.hear(&fast.follow(BOARD));
    for count in 1..=60 {
        let reports: Vec<Value> =
            (1..=5).map(|number| report(&number.to_string(), json!({ "remark": remark(count) }))).collect();
        assert_eq!(hub.push(&json!(reports)).json()["changed"], 5);
        for _ in 1..=5 {
            let change = fast.expect("change");
            assert!(seen.hear(&change), "a gap: {change}");
        }
    }
    for number in ["3", "1", "5", "2", "4"] {
        hub.fly(number, json!({ "departure.gate": "9" }));
        assert!(seen.hear(&fast.expect("change")));
    }
    assert_eq!(seen.flights["B6-1-20130208-JFK-FLL"]["rev"], 62);
    let (mut picture, mut states) = (Picture::default(), Vec::new());
    while picture.flights != seen.flights {
        let frame = slow.next();
        assert!(picture.hear(&frame), "a gap: {frame}");
        if frame["type"] == "state" {
            states.push(frame["flight"]["number"].as_str().unwrap().to_owned());
        }
    }
    // Whoever is cut off half-way resumes from the newest it has heard of, so what changed first is
    // told first; and each flight once.
    assert_eq!(states, ["150", "3", "1", "5", "2", "4"]);
}

/// A flight comes back to where it was to go while a listener to these topics does not read: what
/// that listener is told of it, and its newest state.
fn told_of_the_end_of_a_diversion(topics: &[&str]) -> (Vec<Value>, Value) {
    let hub = crowded();
    let push = |set: Value, clear: Value| {
        let mut report = report("900", set);
        (report["from"], report["clear"]) = (json!("LGA"), clear);
        assert_eq!(hub.push(&report).json()["changed"], 1);
    };
    push(json!({ "diverted_to": "BOS" }), json!([]));
    let mut slow = stalled(&hub, topics);
    push(json!({ "departure.gate": "14" }), json!([]));
    push(json!({}), json!(["diverted_to"]));
    push(json!({ "departure.gate": "15" }), json!([]));
    hub.fly("1", json!({ "departure.gate": "last" }));
    let newest = hub.get(&format!("/api/v1/flights/{DIVERTED}")).json();
    assert_eq!((&newest["diverted_to"], &newest["departure"]["gate"]), (&Value::Null, &json!("15")));
    let frames = std::iter::repeat_with(|| slow.next());
    let until_last = frames.take_while(|frame| frame["flight"]["departure"]["gate"] != "last");
    let of_it = |frame: &Value| frame["leg"] == DIVERTED || frame["flight"]["leg"] == DIVERTED;
    (until_last.filter(of_it).collect(), json!({ "type": "state", "flight": newest }))
}

#[test]
fn a_flight_that_leaves_a_board_is_told_right_to_those_who_do_not_read() {
    let gone = json!({ "type": "gone", "leg": DIVERTED, "topic": "board/BOS/arrivals" });
    // It is still on another board of this listener's.
    let (told, newest) = told_of_the_end_of_a_diversion(&["board/BOS/arrivals", "board/LGA/departures"]);
    assert_eq!(told, [gone.clone(), newest]);
    // It has left the only one. That it is elsewhere may be told as well, and says so by itself.
    let (told, newest) = told_of_the_end_of_a_diversion(&["board/BOS/arrivals"]);
    assert_eq!(told[0], gone);
    assert!(told[1..].iter().all(|frame| *frame == newest), "{told:?}");
}

#[test]
fn a_hub_that_is_asked_to_end_does_not_wait_for_those_who_do_not_read() {
    let mut hub = crowded();
    let slow = stalled(&hub, &[]);
    let began = gatecall::time::monotonic();
    assert_eq!(hub.stop(), Some(0));
    let took = began.elapsed().as_secs_f64();
    assert!(took < 8.0, "{took} s");
    drop(slow);
}
