//! Server-sent events: the same frames over plain HTTP.

use crate::http_client::connect;
use crate::hub::Hub;
use crate::websocket_client::{Picture, instant};
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};

const BOARD: &str = "/api/v1/stream?topic=board/JFK/departures";
const LEG: &str = "B6-615-20130208-JFK-FLL";

/// One event as a browser's `EventSource` would give it.
#[derive(Debug, Default, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

/// An open stream.
struct Stream {
    reader: BufReader<TcpStream>,
    head: String,
    unread: Vec<u8>,
    retry_ms: Option<u32>,
}

impl Stream {
    fn open(to: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let mut reader = BufReader::new(connect(to, "GET", path, headers, b""));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        Self { reader, head: head.to_lowercase(), unread: Vec::new(), retry_ms: None }
    }

    /// The next event but pings; `None` at the end of the stream, which must be a proper one.
    fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.any_event()?;
            if event.name != "ping" && event.name != "source" {
                return Some(event);
            }
        }
    }

    /// The next event, pings too.
    fn any_event(&mut self) -> Option<Event> {
        loop {
            let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") else {
                let chunk = self.chunk()?;
                self.unread.extend(chunk);
                continue;
            };
            let block: Vec<u8> = self.unread.drain(..end + 2).collect();
            let block = String::from_utf8(block).unwrap();
            let mut event = Event::default();
            for line in block.lines().filter(|line| !line.is_empty()) {
                match line.split_once(": ").unwrap() {
                    ("event", name) => event.name = name.to_owned(),
                    ("id", id) => event.id = id.to_owned(),
                    ("data", data) => event.data = serde_json::from_str(data).unwrap(),
                    ("retry", pause) => self.retry_ms = Some(pause.parse().unwrap()),
                    other => panic!("{other:?}"),
                }
            }
            if !event.name.is_empty() {
                assert_eq!(event.data["type"], event.name.as_str());
                return Some(event);
            }
        }
    }

    /// The next event, which must be of this name.
    #[track_caller]
    fn expect(&mut self, name: &str) -> Event {
        let event = self.next().expect("the stream ended");
        assert_eq!(event.name, name, "{event:?}");
        event
    }

    /// The next chunk, which may begin and end in the middle of an event.
    fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut length = String::new();
        self.reader.read_line(&mut length).unwrap();
        let length = usize::from_str_radix(length.trim_end(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        self.reader.read_exact(&mut chunk).unwrap();
        assert!(chunk.ends_with(b"\r\n"));
        chunk.truncate(length);
        (length > 0).then_some(chunk)
    }
}

#[test]
fn a_stream_begins_with_hello_and_a_snapshot() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "12" }));
    let mut stream = Stream::open(hub.api, BOARD, &[("accept-encoding", "gzip")]);
    assert!(stream.head.contains("\r\ncontent-type: text/event-stream\r\n"), "{}", stream.head);
    assert!(stream.head.contains("\r\ncache-control: no-store\r\n"), "{}", stream.head);
    let hello = stream.expect("hello");
    assert_eq!((stream.retry_ms, hello.id.as_str()), (Some(2_000), ""));
    assert!(hello.data["epoch"].is_string() && hello.data["clock"]["now"].is_string());
    let mut picture = Picture::default();
    let snapshot = stream.expect("snapshot");
    assert_eq!(snapshot.data["partial"], false);
    picture.hear(&snapshot.data);
    assert_eq!(snapshot.id, picture.newest());
    hub.fly("615", json!({ "departure.gate": "14", "remark": "Two\nlines" }));
    let change = stream.expect("change");
    assert!(picture.hear(&change.data));
    assert_eq!((change.data["rev"].clone(), change.id.as_str()), (json!(2), picture.newest()));
    assert_eq!(picture.flights[LEG], hub.get(&format!("/api/v1/flights/{LEG}")).json());
    hub.fly("27", json!({}));
    let state = stream.expect("state");
    assert_eq!(state.data["flight"]["changed_at"], state.id);
}

/// A position that the hub can resume from, with a slack of 1 s; B6 27 has changed since. See
/// `a_resuming_client_gets_only_changes` of the WebSockets.
fn a_position(hub: &Hub) -> String {
    let changed_at = || {
        let flight = hub.get("/api/v1/flights/B6-27-20130208-JFK-FLL").json();
        instant(flight["changed_at"].as_str().unwrap())
    };
    let since = hub.now() + TimeDelta::milliseconds(1_001);
    let changed_later = (1..).find(|gate| {
        hub.fly("27", json!({ "departure.gate": gate.to_string() }));
        changed_at() > since - TimeDelta::seconds(1)
    });
    assert!(changed_later.is_some());
    since.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[test]
fn a_resumed_stream_sends_only_changes() {
    let hub = Hub::start_with(&[("LIMITS__RESUME_SLACK_S", "1")]);
    hub.fly("801", json!({}));
    hub.fly("615", json!({ "departure.gate": "1" }));
    let since = a_position(&hub);
    let by_query = format!("{BOARD}&since={since}");
    for (path, headers) in [(BOARD, &[("last-event-id", since.as_str())][..]), (&by_query, &[])] {
        let mut stream = Stream::open(hub.api, path, headers);
        stream.expect("hello");
        let part = stream.expect("snapshot").data;
        let legs: Vec<_> = part["flights"].as_array().unwrap().iter().map(|flight| &flight["leg"]).collect();
        assert_eq!((&part["partial"], legs), (&json!(true), vec![&json!("B6-27-20130208-JFK-FLL")]));
    }
    // An id that a browser kept from other data, or that is none, is good for nothing: the whole.
    let future = format!("{BOARD}&since=2099-01-01T00:00:00Z");
    for (path, id) in [(BOARD, "2099-01-01T00:00:00Z"), (BOARD, "the last one"), (&future, "")] {
        let mut stream = Stream::open(hub.api, path, &[("last-event-id", id)]);
        stream.expect("hello");
        assert_eq!(stream.expect("snapshot").data["partial"], false, "{path} {id}");
    }
}

#[test]
fn a_stream_of_several_topics_sends_each_snapshot_and_each_change_once() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "12" }));
    let arrivals = "board/FLL/arrivals";
    let path = format!("{BOARD}&topic={arrivals}&topic=flight/{LEG}&topic=board/BOS/arrivals");
    let mut stream = Stream::open(hub.api, &path, &[]);
    stream.expect("hello");
    for (topic, flights) in
        [("board/JFK/departures", 1), (arrivals, 1), (&format!("flight/{LEG}"), 1), ("board/BOS/arrivals", 0)]
    {
        let snapshot = stream.expect("snapshot").data;
        assert_eq!((&snapshot["topic"], &snapshot["partial"]), (&json!(topic), &json!(false)));
        assert_eq!(snapshot["flights"].as_array().unwrap().len(), flights, "{topic}");
    }
    for (gate, rev) in [("14", 2), ("15", 3)] {
        hub.fly("615", json!({ "departure.gate": gate }));
        let change = stream.expect("change").data;
        assert_eq!((&change["rev"], &change["set"]["departure.gate"]), (&json!(rev), &json!(gate)));
    }
}

#[test]
fn each_topic_of_a_stream_resumes_from_its_own_position() {
    let hub = Hub::start_with(&[("LIMITS__RESUME_SLACK_S", "1")]);
    hub.fly("615", json!({ "departure.gate": "1" }));
    let since = a_position(&hub);
    let path = format!("{BOARD}&since={since}&topic=board/FLL/arrivals");
    // The id of an event is a position of one topic, and not of those whose snapshot had not come.
    let mut stream = Stream::open(hub.api, &path, &[("last-event-id", since.as_str())]);
    stream.expect("hello");
    let partial: Vec<Value> = (0..2).map(|_| stream.expect("snapshot").data["partial"].clone()).collect();
    assert_eq!(partial, [json!(true), json!(false)]);
}

#[test]
fn a_stream_with_one_invalid_topic_is_refused() {
    let hub = Hub::start_with(&[("SOCKETS__TOPICS_MAX", "2")]);
    let at_fault = |query: &str| {
        let problem = hub.get(&format!("/api/v1/stream?topic=all&{query}")).problem(400);
        problem["errors"][0].clone()
    };
    for (query, reason) in [
        ("topic=board/JFK", "is not a topic; see /docs/protocol"),
        ("topic=all", "is given twice"),
        ("topic=board/JFK/arrivals&topic=board/JFK/departures", "is given more than 2 times"),
    ] {
        assert_eq!(at_fault(query), json!({ "field": "topic", "reason": reason }), "{query}");
    }
    assert_eq!(at_fault("since=yesterday")["field"], "since");
    hub.get("/api/v1/stream?topic=all&topic=flight/B6-1-20130208-JFK-FLL").problem(404);
}

#[test]
fn a_quiet_stream_sends_visible_pings() {
    let hub = Hub::start_with(&[("SOCKETS__PING_S", "5")]);
    let (mut one, mut other) = (Stream::open(hub.api, BOARD, &[]), Stream::open(hub.api, BOARD, &[]));
    for stream in [&mut one, &mut other] {
        assert_eq!(stream.expect("hello").data["ping_s"], 5);
        stream.expect("snapshot");
    }
    // A ping has no position to resume from, so the browser keeps the previous one.
    let ping_of = |stream: &mut Stream| loop {
        let event = stream.any_event().unwrap();
        if event.name == "ping" {
            assert_eq!((event.id.as_str(), &event.data["type"]), ("", &json!("ping")));
            // It carries the hub's time, so that the page need not trust its own clock.
            break instant(event.data["clock"]["now"].as_str().unwrap());
        }
    };
    let (first, _) = (ping_of(&mut one), ping_of(&mut other));
    // A client gives the stream up after two pings in silence.
    let between = ping_of(&mut one) - first;
    assert!(between > TimeDelta::seconds(4) && between < TimeDelta::seconds(10), "{between}");
}

#[test]
fn a_stream_without_topics_is_refused_with_the_parameter() {
    let hub = Hub::start();
    for (query, field) in [
        ("topic=board/JFK", "topic"),
        ("topic=board/QQQ/departures", "topic"),
        ("topic=", "topic"),
        ("", "topic"),
    ] {
        let problem = hub.get(&format!("/api/v1/stream?{query}")).problem(400);
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }
    hub.get("/api/v1/stream?topic=all&since=yesterday").problem(400);
    hub.get("/api/v1/stream?topic=flight/B6-1-20130208-JFK-FLL").problem(404);
}

#[test]
fn only_allowed_pages_can_read_a_stream() {
    let hub = Hub::start();
    let leave = |origin: &str| {
        let stream = Stream::open(hub.api, BOARD, &[("origin", origin)]);
        stream
            .head
            .lines()
            .find_map(|line| line.strip_prefix("access-control-allow-origin: "))
            .map(str::to_owned)
    };
    assert_eq!(leave("https://flights.example.org").as_deref(), Some("https://flights.example.org"));
    assert_eq!(leave("https://evil.example"), None);
}

#[test]
fn a_stream_ends_cleanly_at_shutdown() {
    let mut hub = Hub::start();
    let mut stream = Stream::open(hub.api, BOARD, &[]);
    stream.expect("hello");
    stream.expect("snapshot");
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| hub.stop());
        stream.retry_ms = None;
        assert_eq!(stream.next(), None);
        assert!((1_000..=3_000).contains(&stream.retry_ms.unwrap()), "{:?}", stream.retry_ms);
        assert_eq!(stopping.join().unwrap(), Some(0));
    });
}

#[test]
fn a_stalled_stream_gets_the_newest_state_later() {
    let hub = Hub::start();
    let remark = |count: usize| format!("{count} {}", "🛫".repeat(190));
    let reports = |count: usize| -> Vec<Value> {
        let set = |_: &usize| json!({ "remark": remark(count) });
        (1..=100).map(|number| crate::hub::report(&number.to_string(), set(&number))).collect()
    };
    hub.push(&json!(reports(0)));
    let (mut stream, mut picture) = (Stream::open(hub.api, BOARD, &[]), Picture::default());
    // 100 KB a message: the socket and the queue are full long before the end.
    for count in 1..=60 {
        assert_eq!(hub.push(&json!(reports(count))).json()["changed"], 100);
    }
    let board = hub.get("/api/v1/boards/JFK/departures").json()["flights"].as_array().unwrap().clone();
    let is_newest = |picture: &Picture| {
        board.iter().all(|flight| picture.flights.get(flight["leg"].as_str().unwrap()) == Some(flight))
    };
    let mut frames = 0;
    while !is_newest(&picture) {
        let event = stream.next().unwrap();
        assert!(picture.hear(&event.data), "a gap: {}", event.data);
        frames += 1;
    }
    assert!(frames < 100 * 60, "nothing was left out: {frames} frames");
}
