//! Handshakes, and invalid or excessive input from clients.

use crate::hub::Hub;
use crate::websocket_client::{
    BINARY, CLOSE, COMPRESSED, ENDS, GOES_ON, PING, PONG, PROPER, Socket, TEXT, TEXT_BEGINS, client_frame,
    deflated, head, shake, shake_on,
};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

const FOLLOW: &str = r#"{"op":"follow","topic":"all","ref":1}"#;

#[test]
fn a_foreign_origin_is_refused_before_the_upgrade() {
    let hub = Hub::start();
    let with = |origin: &str| shake(hub.api, "/ws", &[&PROPER[..], &[("origin", origin)]].concat());
    for origin in
        ["https://evil.example", "null", "http://127.0.0.1:1", "https://flights.example.org.evil.example"]
    {
        let refusal = with(origin).err().unwrap_or_else(|| panic!("{origin} was let in"));
        let problem = refusal.refused(403);
        assert!(problem["detail"].as_str().unwrap().contains("allowed_origins"), "{problem}");
    }
    for origin in [
        "https://flights.example.org".to_owned(),
        format!("http://{}", hub.web),
        format!("http://{}", hub.api),
    ] {
        assert!(with(&origin).is_ok(), "{origin} was refused");
    }
}

#[test]
fn a_malformed_handshake_gets_an_http_problem() {
    let hub = Hub::start();
    let refused = |path: &str, headers: &[(&str, &str)]| {
        shake(hub.api, path, headers).err().unwrap_or_else(|| panic!("{path} {headers:?} was let in"))
    };
    let without = |name: &str| PROPER.into_iter().filter(|(known, _)| *known != name).collect::<Vec<_>>();
    refused("/ws", &[&PROPER[..], &[("sec-websocket-protocol", "chat, gatecall.v2")]].concat()).refused(400);
    refused("/ws", &without("sec-websocket-key")).refused(400);
    let old = refused("/ws", &without("sec-websocket-version"));
    old.refused(426);
    assert_eq!(old.header("sec-websocket-version"), "13");
    let older = [&without("sec-websocket-version")[..], &[("sec-websocket-version", "8")]].concat();
    refused("/ws", &older).refused(426);
    for path in ["/", "/wss", "/ws/all", "/api/v1/stream"] {
        refused(path, &PROPER).refused(404);
    }
    for twice in ["sec-websocket-key", "sec-websocket-version"] {
        let again: Vec<_> = PROPER.into_iter().filter(|(name, _)| *name == twice).collect();
        refused("/ws", &[&PROPER[..], &again].concat()).refused(400);
    }
    // 15 bytes, 17 bytes, and nothing that base64 makes.
    for key in [
        "dGhlIHNhbXBsZSBub24=",
        "dGhlIHNhbXBsZSBub25jZVg=",
        "dGhlIHNhbXBsZSBub25jZQ",
        "!!!!!!!!!!!!!!!!!!!!!!==",
        "",
    ] {
        refused("/ws", &[&without("sec-websocket-key")[..], &[("sec-websocket-key", key)]].concat())
            .refused(400);
    }
    // What asks for something else may also be taken for a plain request.
    for upgrade in ["websockets", "h2c", "no-websocket"] {
        let status = refused("/ws", &[&without("upgrade")[..], &[("upgrade", upgrade)]].concat()).status;
        assert!(matches!(status, 400 | 426), "{upgrade}: {status}");
    }
    let broken = ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits=\"15");
    refused("/ws", &[&PROPER[..], &[broken]].concat()).refused(400);
    for origins in
        [["https://evil.example", "https://flights.example.org"], ["https://flights.example.org", "null"]]
    {
        let origins = origins.map(|origin| ("origin", origin));
        refused("/ws", &[&PROPER[..], &origins].concat()).refused(403);
    }
    hub.get("/ws").problem(426);
    assert!(shake(hub.api, "/ws?v=1", &PROPER).is_ok());
}

#[test]
fn a_handshake_needs_http_1_1_and_a_host() {
    let hub = Hub::start();
    for head in ["GET /ws HTTP/1.0\r\nhost: h", "GET /ws HTTP/1.1"] {
        let headers: String = PROPER.iter().map(|(name, value)| format!("\r\n{name}: {value}")).collect();
        let mut stream = TcpStream::connect(hub.api).unwrap();
        stream.write_all(format!("{head}{headers}\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        // HTTP/1.0 knows no upgrade: there it may also be a plain request.
        assert!(answer.starts_with("HTTP/1.") && answer[8..].starts_with(" 4"), "{head}: {answer}");
    }
}

#[test]
fn a_frame_sent_with_the_handshake_is_read() {
    let hub = Hub::start();
    let early = [client_frame(TEXT, FOLLOW.as_bytes()), client_frame(PING, b"you")].concat();
    let stream = TcpStream::connect(hub.api).unwrap();
    let mut socket = shake_on(stream, "/ws", &PROPER, &early).ok().unwrap();
    socket.expect("hello");
    let mut frames = [socket.frame().unwrap(), socket.frame().unwrap()];
    frames.sort();
    assert_eq!(frames[1], (PONG, b"you".to_vec()));
    let snapshot: Value = serde_json::from_slice(&frames[0].1).unwrap();
    assert_eq!((&snapshot["type"], &snapshot["topic"]), (&json!("snapshot"), &json!("all")));
}

#[test]
fn a_full_hub_refuses_with_retry_after_until_a_client_leaves() {
    let hub = Hub::start_with(&[("SOCKETS__CONNECTIONS_MAX", "2")]);
    let (first, second) = (Socket::open(hub.api), Socket::open(hub.web));
    let refusal = shake(hub.api, "/ws", &PROPER).err().expect("a third was let in");
    refusal.refused(503);
    assert_eq!(refusal.header("retry-after"), "2");
    let stream = hub.get("/api/v1/stream?topic=all");
    stream.problem(503);
    assert!(!stream.header("retry-after").is_empty());
    drop(first);
    // The hub notices the end a moment later.
    let mut asked = std::iter::repeat_with(|| shake(hub.api, "/ws", &PROPER));
    assert!(asked.find(Result::is_ok).is_some());
    drop(second);
}

#[test]
fn every_bad_frame_is_answered_with_code_and_ref() {
    let hub = Hub::start_with(&[("SOCKETS__BAD_FRAMES_MAX", "100"), ("SOCKETS__TOPICS_MAX", "2")]);
    let mut socket = Socket::open(hub.api);
    for (frame, code) in [
        (json!({ "op": "follow", "topic": "board/JFK" }), "unknown_topic"),
        (json!({ "op": "follow", "topic": "board/JFK/sideways" }), "unknown_topic"),
        (json!({ "op": "follow", "topic": "board/QQQ/departures" }), "unknown_topic"),
        // JetBlue's flights are under B6.
        (json!({ "op": "follow", "topic": "airline/JBU" }), "unknown_topic"),
        (json!({ "op": "follow", "topic": "" }), "unknown_topic"),
        (json!({ "op": "unfollow", "topic": "nowhere" }), "unknown_topic"),
        (json!({ "op": "follow", "topic": "flight/B6-1-20130208-JFK-FLL" }), "unknown_leg"),
        (json!({ "op": "get", "leg": "B6-1-20130208-JFK-FLL" }), "unknown_leg"),
        (json!({ "op": "get", "leg": "no such thing" }), "unknown_leg"),
        (json!({ "op": "follow", "topic": "all", "since": "yesterday" }), "bad_since"),
        (json!({ "op": "follow", "topic": "all", "since": "2099-01-01T00:00:00Z" }), "bad_since"),
        (json!({ "op": "follow", "topic": "all", "since": 7 }), "bad_since"),
        (json!({ "op": "auth", "token": "let me in" }), "unauthorized"),
        (json!({ "op": "dance" }), "unknown_op"),
        (json!({ "op": "follow" }), "bad_frame"),
        (json!({ "op": "follow", "topic": ["all"] }), "bad_frame"),
        (json!({ "op": 1 }), "bad_frame"),
        (json!({ "topic": "all" }), "bad_frame"),
    ] {
        let mut referred = frame.clone();
        referred["ref"] = json!(41);
        for (frame, reference) in [(frame, Value::Null), (referred, json!(41))] {
            socket.say(frame);
            socket.expect_error(reference, code);
        }
    }
    for text in ["", "follow", "[]", "{\"op\":", "null", "{\"op\":\"pong\",\"ref\":-1}"] {
        socket.send(TEXT, text.as_bytes());
        socket.expect_error(Value::Null, "bad_frame");
    }
    socket.send(BINARY, FOLLOW.as_bytes());
    socket.expect_error(Value::Null, "bad_frame");
    // None of these took one of its two places.
    socket.follow("all");
    socket.follow("board/JFK/arrivals");
    socket.follow("all");
    socket.say(json!({ "op": "follow", "topic": "board/JFK/departures", "ref": 42 }));
    socket.expect_error(42, "too_many_topics");
    socket.say(json!({ "op": "unfollow", "topic": "all", "later": { "than": "this" } }));
    socket.follow("board/JFK/departures");
}

#[test]
fn excess_commands_are_ignored_and_repeated_bad_frames_disconnect() {
    let hub = Hub::start_with(&[
        ("SOCKETS__BAD_FRAMES_MAX", "3"),
        ("SOCKETS__COMMANDS_BURST", "4"),
        ("SOCKETS__COMMANDS_PER_S", "1"),
    ]);
    let mut hasty = Socket::open(hub.api);
    for _ in 0..20 {
        // Pongs are free.
        hasty.say(json!({ "op": "pong" }));
    }
    for asked in 1..=20 {
        hasty.say(json!({ "op": "get", "leg": "nobody", "ref": asked }));
    }
    let codes: Vec<Value> = (0..20).map(|_| hasty.expect("error")["code"].clone()).collect();
    assert!(codes[..4].iter().all(|code| code == "unknown_leg"), "{codes:?}");
    // One more for each second, in case the machine is busy.
    assert!(codes.iter().filter(|code| *code == "rate_limited").count() >= 8, "{codes:?}");
    let mut wrong = Socket::open(hub.api);
    for bad in 1..=3 {
        wrong.say(json!({ "op": "follow", "ref": bad }));
        wrong.expect_error(bad, "bad_frame");
    }
    // This can be read well: a newer client may know more.
    wrong.say(json!({ "op": "dance", "ref": 4 }));
    wrong.expect_error(4, "unknown_op");
    wrong.send(BINARY, b"once more");
    assert_eq!(wrong.closed().0, 4100);
}

#[test]
fn an_overlong_message_closes_the_connection() {
    let hub = Hub::start_with(&[("SOCKETS__CLIENT_FRAME_BYTES_MAX", "300")]);
    let fitting = format!("{FOLLOW:<300}");
    let long = format!("{FOLLOW:<301}");
    let mut socket = Socket::open(hub.api);
    socket.send(TEXT, fitting.as_bytes());
    socket.expect("snapshot");
    let offer = ("sec-websocket-extensions", "permessage-deflate");
    let bomb = client_frame(TEXT | COMPRESSED, &deflated(&vec![b' '; 200_000]));
    assert!(bomb.len() < 300);
    let parts = [
        client_frame(TEXT_BEGINS, &long.as_bytes()[..150]),
        client_frame(GOES_ON, &long.as_bytes()[150..200]),
        client_frame(ENDS, &long.as_bytes()[200..]),
    ]
    .concat();
    // The header of a terabyte is enough: the hub does not wait for the data.
    let mut announced = head(TEXT, 1 << 40);
    announced[1] |= 0x80;
    announced.extend_from_slice(b"maskand the beginning");
    for (name, bytes, more) in [
        ("whole", client_frame(TEXT, long.as_bytes()), &[][..]),
        ("in parts", parts.clone(), &[]),
        ("announced", announced.clone(), &[]),
        ("announced beside compression", announced, &[offer]),
        ("compressed", bomb, &[offer]),
        ("in parts beside compression", parts, &[offer]),
    ] {
        let mut socket = Socket::open_with(hub.api, more);
        socket.expect("hello");
        socket.send_raw(&bytes);
        assert_eq!(socket.closed().0, 4101, "{name}");
    }
}

#[test]
fn violations_of_rfc_6455_close_the_connection() {
    let hub = Hub::start();
    let offer = ("sec-websocket-extensions", "permessage-deflate");
    let unmasked = [head(TEXT, FOLLOW.len() as u64), FOLLOW.as_bytes().to_vec()].concat();
    let packed = deflated(FOLLOW.as_bytes());
    let unmasked_packed = [head(TEXT | COMPRESSED, packed.len() as u64), packed.clone()].concat();
    for (name, bytes, more) in [
        ("no mask", unmasked.clone(), &[][..]),
        ("no mask beside compression", unmasked, &[offer]),
        ("no mask on a compressed frame", unmasked_packed, &[offer]),
        ("compressed without leave", client_frame(TEXT | COMPRESSED, &packed), &[]),
        ("not what deflate makes", client_frame(TEXT | COMPRESSED, b"\xff\xff\xff\xff"), &[offer]),
        ("a compressed ping", client_frame(PING | COMPRESSED, &packed), &[offer]),
        ("a reserved bit", client_frame(TEXT | 0x10, FOLLOW.as_bytes()), &[]),
        ("an opcode that there is not", client_frame(0x83, b""), &[]),
        ("not UTF-8", client_frame(TEXT, b"{\"op\":\"\xff\"}"), &[]),
        ("the middle of nothing", client_frame(GOES_ON, b"{}"), &[]),
        ("a long ping", client_frame(PING, &[0; 126]), &[]),
    ] {
        let mut socket = Socket::open_with(hub.api, more);
        socket.expect("hello");
        socket.send_raw(&bytes);
        assert_eq!(socket.closed().0, 4100, "{name}");
    }
}

#[test]
fn a_fragmented_message_with_a_ping_between_is_read() {
    let hub = Hub::start();
    let offer = ("sec-websocket-extensions", "permessage-deflate");
    let packed = deflated(FOLLOW.as_bytes());
    for (begins, text, more) in
        [(TEXT_BEGINS, FOLLOW.as_bytes(), &[][..]), (TEXT_BEGINS | COMPRESSED, &packed[..], &[offer])]
    {
        let mut socket = Socket::open_with(hub.api, more);
        socket.expect("hello");
        socket.send(begins, &text[..5]);
        socket.send(PING, b"are you there");
        assert_eq!(socket.frame().unwrap(), (PONG, b"are you there".to_vec()));
        for byte in &text[5..text.len() - 1] {
            socket.send(GOES_ON, &[*byte]);
        }
        socket.send(ENDS, &text[text.len() - 1..]);
        assert_eq!(socket.expect("snapshot")["topic"], "all");
        socket.send(TEXT, br#"{"op":"get","leg":"nobody","ref":2}"#);
        socket.expect_error(2, "unknown_leg");
    }
}

#[test]
fn a_close_frame_is_echoed() {
    let hub = Hub::start();
    for (said, heard) in [
        (&b"\x03\xe8done"[..], 1000),
        (&b"\x03\xec"[..], 4100),
        (&b"\x03"[..], 4100),
        (&b"\x0f\xa5"[..], 4005),
        (&b""[..], 1005),
    ] {
        let mut socket = Socket::open(hub.api);
        socket.send(CLOSE, said);
        assert_eq!(socket.closed().0, heard);
    }
}
