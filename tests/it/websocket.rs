//! WebSocket behaviour: hello, snapshots, changes, errors, resume, shutdown.

use crate::http_client::ask;
use crate::hub::{Hub, report};
use crate::websocket_client::{
    CLOSE, COMPRESSED, Picture, Socket, TEXT, deflated, differences, inflated, instant, is_ping, shake,
};
use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

const BOARD: &str = "board/JFK/departures";
const LEG: &str = "B6-615-20130208-JFK-FLL";

fn flight(hub: &Hub, leg: &str) -> Value {
    hub.get(&format!("/api/v1/flights/{leg}")).json()
}

fn board(hub: &Hub) -> Value {
    hub.get("/api/v1/boards/JFK/departures").json()["flights"].clone()
}

#[test]
fn hello_carries_epoch_and_operational_clock_on_both_ports() {
    let hub = Hub::start();
    let greeted = |to| {
        let mut socket = Socket::open_with(to, &[("sec-websocket-protocol", "gatecall.v2, gatecall.v1")]);
        assert_eq!(socket.handshake.header("sec-websocket-protocol"), "gatecall.v1");
        socket.next()
    };
    let hello = greeted(hub.api);
    assert_eq!((&hello["type"], &hello["ping_s"]), (&json!("hello"), &json!(25)));
    assert!(!hello["epoch"].as_str().unwrap().is_empty(), "{hello}");
    let now = hello["clock"]["now"].as_str().unwrap();
    assert!(now.starts_with("2013-02-08T20:0"), "{now}");
    assert_eq!(hello["clock"]["speed"], 1.0);
    assert_eq!(greeted(hub.web)["epoch"], hello["epoch"]);
    // The response to a client without a subprotocol names none.
    let plain = Socket::open_with(hub.api, &[]);
    assert_eq!(plain.handshake.header("sec-websocket-protocol"), "");
}

#[test]
fn a_follower_gets_a_snapshot_and_then_exact_changes() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "12", "codeshares": ["EI5105"] }));
    let mut socket = Socket::open(hub.api);
    let snapshot = socket.follow("board/jfk/departures");
    assert_eq!((&snapshot["topic"], &snapshot["partial"]), (&json!(BOARD), &json!(false)));
    let before = flight(&hub, LEG);
    assert_eq!(snapshot["flights"], json!([before]));
    hub.fly("615", json!({ "departure.gate": "14", "departure.terminal": "5", "remark": "Walk" }));
    let change = socket.expect("change");
    let after = flight(&hub, LEG);
    assert_eq!((&change["leg"], &change["rev"]), (&json!(LEG), &json!(2)));
    assert_eq!((&change["rev"], &change["at"]), (&after["rev"], &after["changed_at"]));
    assert_eq!(change["set"], differences(&before, &after));
    assert_eq!(change["set"], json!({ "departure.gate": "14", "departure.terminal": "5", "remark": "Walk" }));
    assert!(change["kinds"].as_array().unwrap().contains(&json!("gate")), "{change}");
    // A repeated report makes no revision; a cleared value does.
    hub.fly("615", json!({ "departure.gate": "14" }));
    let mut clear = report("615", json!({ "codeshares": ["EI5105", "AA77"] }));
    clear["clear"] = json!(["remark"]);
    assert_eq!(hub.push(&clear).json()["changed"], 1);
    let change = socket.expect("change");
    assert_eq!(change["rev"], 3);
    assert_eq!(change["set"], differences(&after, &flight(&hub, LEG)));
    assert_eq!(change["set"]["remark"], Value::Null);
    assert_eq!(change["set"]["codeshares"].as_array().unwrap().len(), 2);
}

#[test]
fn a_new_flight_arrives_as_a_state_frame() {
    let hub = Hub::start();
    let mut socket = Socket::open(hub.api);
    assert_eq!(socket.follow(BOARD)["flights"], json!([]));
    hub.fly("615", json!({ "departure.gate": "12" }));
    assert_eq!(socket.expect("state")["flight"], flight(&hub, LEG));
    hub.fly("615", json!({ "departure.gate": "14" }));
    assert_eq!(socket.expect("change")["rev"], 2);
}

#[test]
fn overlapping_topics_deliver_each_change_once_until_unfollowed() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "1" }));
    hub.fly("27", json!({ "departure.gate": "1" }));
    let mut socket = Socket::open(hub.api);
    for topic in [BOARD, "airline/B6", "flight/B6-27-20130208-JFK-FLL"] {
        assert_eq!(socket.follow(topic)["topic"], topic);
    }
    for gate in ["2", "3"] {
        hub.fly("615", json!({ "departure.gate": gate }));
    }
    assert_eq!(
        (socket.expect("change")["rev"].clone(), socket.expect("change")["rev"].clone()),
        (json!(2), json!(3))
    );
    socket.say(json!({ "op": "unfollow", "topic": BOARD }));
    socket.say(json!({ "op": "unfollow", "topic": "airline/B6" }));
    // The response to the last request shows that the hub has processed the earlier ones.
    socket.say(json!({ "op": "get", "leg": LEG }));
    assert_eq!(socket.expect("state")["flight"]["rev"], 3);
    hub.fly("615", json!({ "departure.gate": "4" }));
    hub.fly("27", json!({ "departure.gate": "2" }));
    let change = socket.expect("change");
    assert_eq!(change["leg"], "B6-27-20130208-JFK-FLL", "the board was unfollowed");
    assert_eq!(socket.follow(BOARD)["flights"], board(&hub));
}

#[test]
fn a_diverted_flight_joins_and_leaves_the_board_of_its_alternate() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "1" }));
    let mut socket = Socket::open(hub.api);
    assert_eq!(socket.follow("board/BOS/arrivals")["flights"], json!([]));
    hub.fly("615", json!({ "diverted_to": "BOS" }));
    let change = socket.expect("change");
    assert_eq!(change["set"]["diverted_to"], "BOS");
    socket.say(json!({ "op": "get", "leg": change["leg"] }));
    assert_eq!(socket.expect("state")["flight"], flight(&hub, LEG));
    let mut clear = report("615", json!({}));
    clear["clear"] = json!(["diverted_to"]);
    assert_eq!(hub.push(&clear).json()["changed"], 1);
    assert_eq!(socket.expect("gone"), json!({ "type": "gone", "leg": LEG, "topic": "board/BOS/arrivals" }));
}

#[test]
fn get_returns_one_flight_or_an_unknown_leg_error() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "12" }));
    let mut socket = Socket::open(hub.api);
    socket.say(json!({ "op": "get", "leg": LEG }));
    assert_eq!(socket.expect("state")["flight"], flight(&hub, LEG));
    socket.say(json!({ "op": "get", "leg": "B6-616-20130208-JFK-FLL", "ref": 9 }));
    socket.expect_error(9, "unknown_leg");
    assert_eq!(socket.follow(&format!("flight/{LEG}"))["flights"], json!([flight(&hub, LEG)]));
    hub.fly("615", json!({ "departure.gate": "14" }));
    assert_eq!(socket.expect("change")["rev"], 2);
}

#[test]
fn a_resuming_client_gets_only_changes() {
    let hub = Hub::start_with(&[("LIMITS__RESUME_SLACK_S", "1")]);
    // A board has no record of the time before its first flight, and sends a complete snapshot for it.
    hub.fly("801", json!({}));
    hub.fly("615", json!({ "departure.gate": "1" }));
    // The hub subtracts a second of slack from `since`. A `since` that much later than the first flights simulates a
    // client that was disconnected for long, without a wait.
    let since = hub.now() + TimeDelta::milliseconds(1_001);
    let other = "B6-27-20130208-JFK-FLL";
    let changed_later = (1..).find(|gate| {
        hub.fly("27", json!({ "departure.gate": gate.to_string() }));
        instant(flight(&hub, other)["changed_at"].as_str().unwrap()) > since - TimeDelta::seconds(1)
    });
    assert!(changed_later.is_some());
    let mut socket = Socket::open(hub.api);
    let since = since.to_rfc3339_opts(SecondsFormat::Millis, true);
    socket.say(json!({ "op": "follow", "topic": BOARD, "since": since }));
    let part = socket.expect("snapshot");
    assert_eq!((&part["partial"], &part["flights"]), (&json!(true), &json!([flight(&hub, other)])));
    // A partial snapshot cannot express a flight that has left the board since.
    hub.fly("615", json!({ "diverted_to": "BOS" }));
    let mut away = Picture::default();
    away.hear(&Socket::open(hub.api).follow("board/BOS/arrivals"));
    let mut clear = report("615", json!({}));
    clear["clear"] = json!(["diverted_to"]);
    hub.push(&clear);
    let mut again = Socket::open(hub.api);
    again.say(json!({ "op": "follow", "topic": "board/BOS/arrivals", "since": away.newest() }));
    let whole = again.expect("snapshot");
    assert_eq!((&whole["partial"], &whole["flights"]), (&json!(false), &json!([])));
}

#[test]
fn a_client_resumes_after_a_kill_without_a_gap() {
    let mut hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "1" }));
    hub.fly("27", json!({ "departure.gate": "1" }));
    let mut picture = Picture::default();
    let mut socket = Socket::open_with(hub.api, &[]);
    let epoch = socket.expect("hello")["epoch"].clone();
    picture.hear(&socket.follow(BOARD));
    hub.fly("615", json!({ "departure.gate": "2" }));
    assert!(picture.hear(&socket.expect("change")));
    drop(socket);
    // No client follows these.
    hub.fly("27", json!({ "departure.gate": "3" }));
    hub.fly("801", json!({ "departure.gate": "4" }));
    hub.kill_and_start_again();
    let mut socket = Socket::open_with(hub.api, &[]);
    assert_eq!(socket.expect("hello")["epoch"], epoch);
    socket.say(json!({ "op": "follow", "topic": BOARD, "since": picture.newest() }));
    let snapshot = socket.expect("snapshot");
    assert_eq!(snapshot["partial"], false, "a hub that has restarted cannot know what has left");
    picture.hear(&snapshot);
    hub.fly("27", json!({ "departure.gate": "5" }));
    assert!(picture.hear(&socket.expect("change")));
    let shown: Vec<Value> = board(&hub).as_array().unwrap().clone();
    assert_eq!(shown.len(), 3);
    assert!(shown.iter().all(|flight| picture.flights[flight["leg"].as_str().unwrap()] == *flight));
}

#[test]
fn permessage_deflate_works_in_both_directions() {
    let hub = Hub::start();
    for number in 1..=5 {
        hub.fly(&number.to_string(), json!({ "departure.gate": "12" }));
    }
    let plain = Socket::open(hub.api).follow(BOARD);
    let extensions = |offer| ("sec-websocket-extensions", offer);
    let offer = extensions("permessage-deflate; client_max_window_bits");
    let mut socket = Socket::open_with(hub.api, &[offer]);
    assert_eq!(
        socket.handshake.header("sec-websocket-extensions"),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    );
    let (first, hello) = socket.frame().unwrap();
    assert_eq!(first, TEXT, "a short frame is sent as it is: {hello:?}");
    let follow = json!({ "op": "follow", "topic": BOARD, "ref": 7 }).to_string();
    socket.send(TEXT | COMPRESSED, &deflated(follow.as_bytes()));
    let (first, packed) = socket.frame().unwrap();
    assert_eq!(first, TEXT | COMPRESSED);
    assert!(packed.len() < plain.to_string().len() / 2, "{}", packed.len());
    assert_eq!(serde_json::from_slice::<Value>(&inflated(packed)).unwrap(), plain);
    // Each message is compressed separately, so the next is readable without the last.
    socket.send(TEXT | COMPRESSED, &deflated(br#"{"op":"get","leg":"nobody","ref":8}"#));
    socket.expect_error(8, "unknown_leg");
    // Frames are compressed once for all clients, with the full window: a client with a smaller one gets them
    // uncompressed.
    let mut small =
        Socket::open_with(hub.api, &[extensions("permessage-deflate; server_max_window_bits=10")]);
    assert_eq!(small.handshake.header("sec-websocket-extensions"), "");
    small.next();
    small.say(json!({ "op": "follow", "topic": BOARD }));
    assert_eq!(small.frame().unwrap().0, TEXT);
    for declined in
        ["client_max_window_bits=7", "client_max_window_bits=", "unknown", "server_max_window_bits"]
    {
        let offer = format!("permessage-deflate; {declined}");
        let socket = Socket::open_with(hub.api, &[("sec-websocket-extensions", offer.as_str())]);
        assert_eq!(socket.handshake.header("sec-websocket-extensions"), "", "{offer}");
    }
    let second = "permessage-deflate; server_max_window_bits=10, permessage-deflate";
    let socket = Socket::open_with(hub.api, &[extensions(second)]);
    assert!(socket.handshake.header("sec-websocket-extensions").starts_with("permessage-deflate"));
}

#[test]
fn shutdown_tells_clients_when_to_reconnect() {
    let mut hub = Hub::start();
    let mut socket = Socket::open(hub.api);
    socket.follow(BOARD);
    let api = hub.api;
    std::thread::scope(|scope| {
        let stopping = scope.spawn(|| hub.stop());
        let (code, reason) = socket.close_frame();
        assert_eq!(code, 4000);
        let reason: Value = serde_json::from_str(&reason).unwrap();
        assert!((1_000..=3_000).contains(&reason["retry_ms"].as_u64().unwrap()), "{reason}");
        // While the last clients are disconnected, new ones are refused.
        let refusal = shake(api, "/ws", &crate::websocket_client::PROPER)
            .err()
            .expect("a hub that ends refuses new clients");
        refusal.refused(503);
        assert!(refusal.header("retry-after").parse::<u32>().unwrap() >= 1);
        assert_eq!(ask(api, "GET", "/readyz", &[], b"").status, 503);
        drop(socket);
        assert_eq!(stopping.join().unwrap(), Some(0));
    });
    assert!(hub.log().contains("the hub has shut down"), "{}", hub.log());
}

#[test]
fn only_a_client_without_pongs_is_disconnected() {
    let hub = Hub::start_with(&[("SOCKETS__PING_S", "5"), ("SOCKETS__PONG_MISSED_MAX", "1")]);
    let (mut silent, mut alive) = (Socket::open(hub.api), Socket::open(hub.api));
    for socket in [&mut silent, &mut alive] {
        let (first, payload) = socket.any_frame().unwrap();
        assert!(first == TEXT && is_ping(&payload), "{}", String::from_utf8_lossy(&payload));
    }
    alive.say(json!({ "op": "pong" }));
    // `pong_missed_max` pings without an answer are enough: no second one comes.
    let (first, payload) = silent.any_frame().unwrap();
    assert_eq!(first, CLOSE, "{}", String::from_utf8_lossy(&payload));
    assert_eq!(payload, [&4002_u16.to_be_bytes()[..], br#"{"retry_ms":2000}"#].concat());
    assert!(silent.frame().is_none());
    alive.say(json!({ "op": "get", "leg": "nobody", "ref": 1 }));
    alive.expect_error(1, "unknown_leg");
}
