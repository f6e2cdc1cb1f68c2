//! Clients that send too much, or request and do not read: their cost is bounded, and others are not affected.

use crate::http_client::{Answer, ask, connect};
use crate::hub::{Hub, KEY, report};
use crate::websocket_client::{
    ENDS, GOES_ON, PING, PONG, PROPER, Socket, TEXT, TEXT_BEGINS, client_frame, shake_on,
};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

const BOARD: &str = "board/JFK/departures";
const BOARD_PATH: &str = "/api/v1/boards/JFK/departures";

/// Longer than anything here takes that works.
const WAIT: Duration = Duration::from_secs(30);

/// A hub whose board of JFK is longer than any answer that is not counted.
fn crowded(overrides: &[(&str, &str)]) -> Hub {
    let hub = Hub::start_with(overrides);
    let set = json!({ "remark": "🛫".repeat(190) });
    let reports: Vec<Value> = (1..=150).map(|number| report(&number.to_string(), set.clone())).collect();
    assert_eq!(hub.push(&json!(reports)).json()["changed"], 150);
    hub
}

fn unread_bytes(hub: &Hub) -> u64 {
    let metrics = hub.get("/metrics").text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("gatecall_unread_bytes "));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = gatecall::time::monotonic();
    while !holds() {
        assert!(began.elapsed() < WAIT, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A connection from this address with a small receive buffer.
fn narrow_from(address: [u8; 4], hub: &Hub) -> TcpStream {
    let stream = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    stream.set_recv_buffer_size(4_096).unwrap();
    stream.bind(&SocketAddr::new(IpAddr::from(address), 0).into()).unwrap();
    stream.connect(&hub.api.into()).unwrap();
    stream.into()
}

#[test]
fn snapshots_of_short_lived_followers_release_their_memory() {
    // Eight of them fill the budget.
    let hub =
        crowded(&[("LIMITS__UNREAD_BYTES_MAX", "1048576"), ("LIMITS__UNREAD_CLIENT_BYTES_MAX", "1048576")]);
    for version in 0..40 {
        hub.fly("1", json!({ "departure.gate": version.to_string() }));
        for _ in 0..4 {
            let stream = narrow_from([127, 0, 0, 1], &hub);
            let mut leaves = shake_on(stream, "/ws", &PROPER, &[]).ok().unwrap();
            leaves.say(json!({ "op": "follow", "topic": BOARD }));
        }
        let snapshot = Socket::open(hub.api).follow(BOARD);
        assert_eq!(snapshot["flights"].as_array().map(Vec::len), Some(150), "version {version}");
    }
    wait_until("something is still counted as unread", || unread_bytes(&hub) == 0);
}

#[test]
fn unread_answers_are_bounded_and_do_not_affect_other_clients() {
    const CLIENT_MAX: u64 = 1 << 20;
    let hub = crowded(&[("LIMITS__UNREAD_CLIENT_BYTES_MAX", "1048576"), ("SOCKETS__SLOW_S", "600")]);
    let answer = |from| {
        let mut stream = narrow_from(from, &hub);
        stream.set_read_timeout(Some(WAIT)).unwrap();
        let request = format!("GET {BOARD_PATH} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", hub.api);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    // More than the kernel takes of each.
    let request = format!("GET {BOARD_PATH} HTTP/1.1\r\nhost: {}\r\n\r\n", hub.api).repeat(60);
    let (mut unread, mut counted) = (Vec::new(), 0);
    let is_refused = || answer([127, 0, 0, 2]).starts_with("HTTP/1.1 503");
    while !is_refused() {
        assert!(unread.len() < 60, "nothing is refused: {counted} bytes are unread");
        let mut stream = narrow_from([127, 0, 0, 2], &hub);
        stream.set_nonblocking(true).unwrap();
        let _ = stream.write(request.as_bytes());
        unread.push(stream);
        // The kernel takes the first answers.
        wait_until("an answer that is not read is not counted", || {
            unread_bytes(&hub) > counted || is_refused()
        });
        counted = unread_bytes(&hub);
    }
    let refused = answer([127, 0, 0, 2]);
    assert!(refused.contains("retry-after: 1") && refused.contains("application/problem+json"), "{refused}");
    assert!(unread_bytes(&hub) <= CLIENT_MAX, "{}", unread_bytes(&hub));
    assert!(answer([127, 0, 0, 3]).starts_with("HTTP/1.1 200"), "another client is answered");
    assert_eq!(Socket::open(hub.api).follow(BOARD)["flights"].as_array().map(Vec::len), Some(150));
    drop(unread);
    wait_until("responses of closed connections are no longer counted", || unread_bytes(&hub) == 0);
    assert!(answer([127, 0, 0, 2]).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_flooding_client_is_read_at_its_rate_limit_and_disconnected() {
    let hub = Hub::start_with(&[("SOCKETS__SLOW_S", "5")]);
    hub.fly("615", json!({ "departure.gate": "1" }));
    let mut flooding = Socket::open(hub.api);
    let pongs = client_frame(PONG, b"").repeat(10_000);
    flooding.stream.set_nonblocking(true).unwrap();
    // The kernels' buffers hold some 10 MB. A hub that reads on takes everything.
    let (mut taken, mut full) = (0, false);
    while !full {
        assert!(taken < 64 << 20, "the hub has taken {taken} bytes of pongs");
        match flooding.stream.write(&pongs) {
            Ok(bytes) => taken += bytes,
            Err(fault) if fault.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(200));
                // A part of a frame would be no frame.
                full = matches!(flooding.stream.write(&pongs[..1]), Err(fault) if fault.kind() == ErrorKind::WouldBlock);
            }
            Err(_) => break,
        }
    }
    // Meanwhile others are served.
    let mut other = Socket::open(hub.api);
    other.follow(BOARD);
    hub.fly("615", json!({ "departure.gate": "2" }));
    other.expect("change");
    flooding.stream.set_nonblocking(false).unwrap();
    assert_eq!(flooding.close_frame().0, 4104);
}

#[test]
fn frames_of_every_kind_count_against_the_rate_limit() {
    let hub = Hub::start_with(&[
        ("SOCKETS__FRAMES_BURST", "20"),
        ("SOCKETS__FRAMES_PER_S", "10"),
        ("SOCKETS__COMMANDS_BURST", "1000"),
        ("SOCKETS__SLOW_S", "2"),
    ]);
    let text = |frame: Value| client_frame(TEXT, frame.to_string().as_bytes());
    for (kind, frame) in [
        ("pings", client_frame(PING, b"are you there")),
        ("pongs", client_frame(PONG, b"")),
        ("our own pongs", text(json!({ "op": "pong" }))),
        ("unfollow", text(json!({ "op": "unfollow", "topic": "all" }))),
        ("unknown ops", text(json!({ "op": "dance" }))),
        ("get", text(json!({ "op": "get", "leg": "nobody" }))),
    ] {
        let mut socket = Socket::open(hub.api);
        socket.send_raw(&frame.repeat(5_000));
        assert_eq!(socket.close_frame().0, 4104, "{kind}");
    }
    let mut socket = Socket::open(hub.api);
    socket.send(TEXT_BEGINS, b"{");
    socket.send_raw(&client_frame(GOES_ON, b"").repeat(5_000));
    assert_eq!(socket.close_frame().0, 4104, "parts of nothing");
    // A client that exceeds the rate for a moment is still served, a little later.
    let mut hasty = Socket::open(hub.api);
    hasty.send_raw(&client_frame(PONG, b"").repeat(15));
    for asked in 0..12 {
        hasty.say(json!({ "op": "get", "leg": "nobody", "ref": asked }));
    }
    for asked in 0..12 {
        hasty.expect_error(asked, "unknown_leg");
    }
    hasty.send(TEXT_BEGINS, b"{\"op\":\"get\",\"leg\":\"nobody\",");
    hasty.send(ENDS, b"\"ref\":99}");
    hasty.expect_error(99, "unknown_leg");
}

#[test]
fn slow_messages_of_one_feed_do_not_block_other_feeds() {
    let hub =
        Hub::start_with(&[("SERVER__BODIES_UNDER_WAY_MAX", "3"), ("SERVER__FEED_BODIES_UNDER_WAY_MAX", "2")]);
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let slow_headers = [&headers[..], &[("content-length", "100")]].concat();
    let path = |feed: &str| format!("/api/v1/feeds/{feed}/reports");
    let push = |feed: &str| -> Answer {
        let body = report("615", json!({ "departure.gate": "14" })).to_string();
        ask(hub.api, "POST", &path(feed), &headers, body.as_bytes())
    };
    let mut slow = Vec::new();
    wait_until("one feed may hold more than its share", || {
        if slow.len() < 10 {
            slow.push(connect(hub.api, "POST", &path("desk"), &slow_headers, b""));
        }
        push("desk").status == 503
    });
    let refused = push("desk");
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(push("jfk").status, 202, "another feed has a place");
    drop(slow);
    wait_until("the places are not given back", || push("desk").status == 202);
}

#[test]
fn mistakes_of_clients_are_not_logged_as_errors() {
    let hub = Hub::start_with(&[("SERVER__BODY_TIMEOUT_S", "1")]);
    let bearer = format!("authorization: Bearer {KEY}\r\ncontent-type: application/json\r\n");
    let post = format!("POST /api/v1/feeds/desk/reports HTTP/1.1\r\nhost: h\r\n{bearer}");
    let long = format!("GET / HTTP/1.1\r\nhost: h\r\nx-long: {}\r\n\r\n", "x".repeat(300_000));
    for bytes in [
        "GARBAGE\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nhost: h\r\nno colon\r\n\r\n".into(),
        "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: -1\r\n\r\n".into(),
        "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n".into(),
        format!("{post}transfer-encoding: chunked\r\n\r\nzz\r\n"),
        format!("{post}content-length: 100\r\n\r\n["),
        long,
        "\u{16}\u{3}\u{1}\u{2}".into(),
    ] {
        let mut stream = TcpStream::connect(hub.api).unwrap();
        stream.set_read_timeout(Some(WAIT)).unwrap();
        let _ = stream.write_all(bytes.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    // One that leaves in the middle of its answer, and of its message.
    for bytes in
        [format!("GET {BOARD_PATH} HTTP/1.1\r\nhost: h\r\n\r\n"), format!("{post}content-length: 9\r\n\r\n[")]
    {
        let stream = socket2::Socket::from(TcpStream::connect(hub.api).unwrap());
        stream.set_linger(Some(Duration::ZERO)).unwrap();
        let _ = (&stream).write(bytes.as_bytes());
    }
    let mut socket = Socket::open(hub.api);
    socket.send_raw(&[0xff; 100]);
    assert_eq!(socket.closed().0, 4100);
    hub.fly("615", json!({ "departure.gate": "14" }));
    let log = hub.log();
    let errors: Vec<&str> = log.lines().filter(|line| line.contains("ERROR")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}
