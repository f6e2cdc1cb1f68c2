//! Clients that do not read: what they cost, and what they see when they read again.

use crate::hub::{Hub, report};
use crate::websocket_client::{CLOSE, PROPER, Picture, Socket, shake_on};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const BOARD: &str = "board/JFK/departures";

/// A flight of LaGuardia's, so that it is not on that board.
const DIVERTED: &str = "B6-900-20130208-LGA-FLL";

/// The longest remark there may be, in letters of four bytes.
fn remark(count: usize) -> String {
    format!("{count} {}", "🛫".repeat(190))
}

/// A hub with flights enough that a few boards of them fill any socket.
fn crowded() -> Hub {
    crowded_with(&[])
}

fn crowded_with(overrides: &[(&str, &str)]) -> Hub {
    let hub = Hub::start_with(overrides);
    let reports: Vec<Value> =
        (1..=150).map(|number| report(&number.to_string(), json!({ "remark": remark(0) }))).collect();
    assert_eq!(hub.push(&json!(reports)).json()["changed"], 150);
    hub
}

/// A socket with a small receive buffer.
fn unread_socket(hub: &Hub) -> Socket {
    shake_on(narrow(hub), "/ws", &PROPER, &[]).ok().unwrap()
}

fn narrow(hub: &Hub) -> TcpStream {
    let stream = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    stream.set_recv_buffer_size(4_096).unwrap();
    stream.connect(&hub.api.into()).unwrap();
    stream.into()
}

/// A client that follows these topics and does not read until the test does. At most one for each hub, because the
/// metrics do not identify the slow client.
fn stalled(hub: &Hub, topics: &[&str]) -> Socket {
    let mut socket = unread_socket(hub);
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

const READERS: &str = "gatecall_sockets{transport=\"events\"}";

/// Frames that slow clients did not get.
fn left_out(hub: &Hub) -> u64 {
    counted(hub, "gatecall_conflations_total")
}

fn counted(hub: &Hub, what: &str) -> u64 {
    let metrics = hub.get("/metrics").text();
    let line = metrics.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

/// An event stream's client that does not read, not even its complete snapshot.
fn unread_stream(hub: &Hub) -> TcpStream {
    let mut stream = narrow(hub);
    let head = format!("GET /api/v1/stream?topic={BOARD} HTTP/1.1\r\nhost: {}\r\n\r\n", hub.api);
    stream.write_all(head.as_bytes()).unwrap();
    let began = gatecall::time::monotonic();
    while !hub.get("/metrics").text().contains(&format!("{READERS} 1\n")) {
        assert!(began.elapsed() < Duration::from_secs(10), "no program listens");
    }
    stream
}

/// The same once the hub knows that it is behind.
fn stalled_reader(hub: &Hub) -> TcpStream {
    let stream = unread_stream(hub);
    // Each of these is 120 KB; the kernel takes some 4 MB.
    for count in 1.. {
        assert!(count < 200, "the socket took everything");
        let reports: Vec<Value> =
            (1..=150).map(|number| report(&number.to_string(), json!({ "remark": remark(count) }))).collect();
        assert_eq!(hub.push(&json!(reports)).json()["changed"], 150);
        if left_out(hub) > 0 {
            break;
        }
    }
    stream
}

#[test]
fn a_client_that_does_not_read_gets_the_newest_state_later() {
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
    // Snapshots that it requested and read late already contain the newest state.
    while picture.flights != seen.flights || states.len() < 6 {
        let frame = slow.next();
        assert!(picture.hear(&frame), "a gap: {frame}");
        if frame["type"] == "state" {
            states.push(frame["flight"]["number"].as_str().unwrap().to_owned());
        }
    }
    // A client that is disconnected half-way resumes from its newest change, so the states are sent in the
    // order of their changes; each flight once.
    assert_eq!(states, ["150", "3", "1", "5", "2", "4"]);
}

/// Ends a flight's diversion while a client of these topics does not read. Returns the client's frames about the
/// flight, and its newest state.
fn frames_at_the_end_of_a_diversion(topics: &[&str]) -> (Vec<Value>, Value) {
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
    let mut newest = hub.get(&format!("/api/v1/flights/{DIVERTED}")).json();
    // Its origin is silent here: REST reports that with the flight, the socket in separate frames.
    newest.as_object_mut().unwrap().remove("silent_sources");
    assert_eq!((&newest["diverted_to"], &newest["departure"]["gate"]), (&Value::Null, &json!("15")));
    let frames = std::iter::repeat_with(|| slow.next());
    let until_last = frames.take_while(|frame| frame["flight"]["departure"]["gate"] != "last");
    let of_it = |frame: &Value| frame["leg"] == DIVERTED || frame["flight"]["leg"] == DIVERTED;
    (until_last.filter(of_it).collect(), json!({ "type": "state", "flight": newest }))
}

#[test]
fn a_slow_client_learns_that_a_flight_left_its_board() {
    let gone = json!({ "type": "gone", "leg": DIVERTED, "topic": "board/BOS/arrivals" });
    // It is still on another board that this client follows.
    let (told, newest) = frames_at_the_end_of_a_diversion(&["board/BOS/arrivals", "board/LGA/departures"]);
    assert_eq!(told, [gone.clone(), newest]);
    // It has left the only one. The client may also get its new place, in a frame that needs no context.
    let (told, newest) = frames_at_the_end_of_a_diversion(&["board/BOS/arrivals"]);
    assert_eq!(told[0], gone);
    assert!(told[1..].iter().all(|frame| *frame == newest), "{told:?}");
}

#[test]
fn shutdown_does_not_wait_for_clients_that_do_not_read() {
    let mut hub = crowded();
    let slow = stalled(&hub, &[]);
    let began = gatecall::time::monotonic();
    assert_eq!(hub.stop(), Some(0));
    let took = began.elapsed().as_secs_f64();
    assert!(took < 8.0, "{took} s");
    drop(slow);
}

#[test]
fn a_slow_client_holds_at_most_one_snapshot() {
    let hub = crowded_with(&[("SOCKETS__TOPICS_MAX", "8"), ("SOCKETS__COMMANDS_BURST", "200")]);
    let mut slow = unread_socket(&hub);
    slow.expect("hello");
    // 9 MB of answers: more than the kernel takes.
    for ref_ in 1..=64 {
        slow.say(json!({ "op": "follow", "topic": BOARD, "ref": ref_ }));
    }
    slow.say(json!({ "op": "unfollow", "topic": "all" }));
    hub.fly("151", json!({ "departure.gate": "last" }));
    let (mut snapshots, mut refused) = (0, 0);
    while snapshots + refused < 64 {
        let frame = slow.next();
        match frame["type"].as_str().unwrap() {
            "snapshot" => snapshots += 1,
            "error" => {
                assert_eq!(frame["code"], "rate_limited");
                refused += 1;
            }
            _ => assert_eq!(frame["flight"]["number"], "151"),
        }
    }
    assert!(snapshots >= 8 && refused > 0, "{snapshots} snapshots, {refused} refused");
    // It may follow again. Changes in the meantime may arrive first.
    slow.say(json!({ "op": "follow", "topic": BOARD }));
    let mut frames = std::iter::repeat_with(|| slow.next()).skip_while(|f| f["flight"]["number"] == "151");
    let snapshot = frames.next().unwrap();
    assert_eq!(snapshot["flights"].as_array().map(Vec::len), Some(151), "{}", snapshot["type"]);
}

#[test]
fn an_unfollowed_topic_sends_no_pending_snapshot() {
    let hub = crowded();
    let mut slow = unread_socket(&hub);
    slow.expect("hello");
    for _ in 0..60 {
        slow.say(json!({ "op": "follow", "topic": BOARD }));
    }
    slow.say(json!({ "op": "follow", "topic": "board/FLL/arrivals" }));
    slow.say(json!({ "op": "unfollow", "topic": BOARD }));
    slow.say(json!({ "op": "get", "leg": "nobody", "ref": 7 }));
    let frames: Vec<Value> =
        std::iter::repeat_with(|| slow.next()).take_while(|frame| frame["type"] != "error").collect();
    let of = |topic: &str| frames.iter().filter(|frame| frame["topic"] == topic).count();
    assert_eq!(of("board/FLL/arrivals"), 1);
    assert!(of(BOARD) < 60, "{}", of(BOARD));
}

#[test]
fn shutdown_does_not_wait_for_unread_event_streams() {
    let mut hub = crowded();
    let slow = stalled_reader(&hub);
    let began = gatecall::time::monotonic();
    assert_eq!(hub.stop(), Some(0));
    let took = began.elapsed().as_secs_f64();
    assert!(took < 15.0, "{took} s");
    drop(slow);
}

#[test]
fn an_event_stream_that_is_not_read_is_disconnected() {
    let hub = crowded_with(&[("SOCKETS__SLOW_S", "2")]);
    let mut slow = unread_stream(&hub);
    let began = gatecall::time::monotonic();
    while counted(&hub, READERS) > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "it still counts");
        std::thread::sleep(Duration::from_millis(50));
    }
    // What its own side had taken in can still be read; then the connection has ended.
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut rest = Vec::new();
    let end = slow.read_to_end(&mut rest);
    assert!(!end.is_err_and(|fault| fault.kind() == std::io::ErrorKind::WouldBlock), "it hangs");
    assert!(rest.len() < 16 << 20, "{} bytes", rest.len());
}

#[test]
fn a_client_that_is_slightly_behind_gets_its_close_frame_at_shutdown() {
    let mut hub = crowded_with(&[("SERVER__WORKERS", "1")]);
    let mut behind = stalled(&hub, &[]);
    let mut prompt = Socket::open(hub.api);
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| hub.stop());
        // Both are notified in one batch; this client reads its frame a second later.
        assert_eq!(prompt.close_frame().0, 4000);
        drop(prompt);
        std::thread::sleep(Duration::from_secs(1));
        let last = std::iter::from_fn(|| behind.any_frame()).last();
        let (first, payload) = last.expect("a last frame");
        assert_eq!((first, &payload[..2]), (CLOSE, &4000_u16.to_be_bytes()[..]));
        drop(behind);
        assert_eq!(stopping.join().unwrap(), Some(0));
    });
}
