//! Notices about silent sources.

use crate::hub::Hub;
use crate::websocket_client::{Socket, instant};
use serde_json::{Value, json};
use std::time::Duration;

/// Waits until the hub reports its polled airport, which does not answer, as silent.
fn until_silent(hub: &Hub) -> Value {
    loop {
        let board = hub.get("/api/v1/boards/LGA/departures").json();
        match board["silent_sources"].as_array() {
            Some(silent) if !silent.is_empty() => return board,
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

#[test]
fn a_feed_that_cannot_be_polled_is_reported_in_frames_bodies_readiness_and_metrics() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "14" }));
    let mut early = Socket::open(hub.api);
    let board = until_silent(&hub);
    let silent = &board["silent_sources"];
    assert_eq!(
        (&silent[0]["feed"], &silent[0]["airport"], &silent[1]),
        (&json!("lga"), &json!("LGA"), &Value::Null)
    );
    assert!(instant(silent[0]["since"].as_str().unwrap()) <= instant(board["as_of"].as_str().unwrap()));
    // Connected clients get it, and new ones too.
    for socket in [&mut early, &mut Socket::open(hub.api)] {
        let source = socket.source();
        assert_eq!((&source["feed"], &source["airport"]), (&json!("lga"), &json!("LGA")));
        assert_eq!(instant(source["since"].as_str().unwrap()), instant(silent[0]["since"].as_str().unwrap()));
    }
    // It concerns its own airport, and no flight between others.
    assert_eq!(hub.get("/api/v1/boards/JFK/departures").json()["silent_sources"], json!([]));
    assert_eq!(hub.get("/api/v1/flights/B6-615-20130208-JFK-FLL").json().get("silent_sources"), None);
    let diverted = json!({ "diverted_to": "LGA", "status": "diverted" });
    hub.fly("615", diverted);
    let flight = hub.get("/api/v1/flights/B6-615-20130208-JFK-FLL").json();
    assert_eq!(flight["silent_sources"], *silent, "it goes there now");
    assert_eq!(hub.get("/api/v1/flights?airport=JFK").json()["silent_sources"], *silent);
    // A silent airport does not make the hub unready.
    let ready = hub.get("/readyz");
    assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("degraded")));
    let troubles = ready.json()["troubles"].to_string();
    assert!(troubles.contains("feed lga (LGA) is silent since 2013-02-08T20:0"), "{troubles}");
    let counted = hub.get("/metrics").text();
    let silent_for = |feed: &str| {
        let head = format!("gatecall_feed_silent_seconds{{feed=\"{feed}\"}} ");
        let line = counted.lines().find_map(|line| line.strip_prefix(&head)).map(str::to_owned);
        line.unwrap_or_else(|| panic!("{head} is missing")).parse::<f64>().unwrap()
    };
    assert!(silent_for("lga") > 0.0 && silent_for("jfk") == 0.0 && silent_for("desk") == 0.0);
}

#[test]
fn an_etag_changes_when_a_source_falls_silent() {
    // With a long polling interval, the airport has not failed yet when the hub is ready.
    let hub = Hub::start();
    let board = |tag: &str| hub.get_with("/api/v1/boards/LGA/departures", &[("if-none-match", tag)]);
    until_silent(&hub);
    let silent = board("none").header("etag").to_owned();
    assert_eq!(board(&silent).status, 304, "nothing has changed");
    assert!(!silent.ends_with("-0\""), "it differs from the tag of a board whose sources report: {silent}");
    let other = hub.get("/api/v1/boards/JFK/departures").header("etag").to_owned();
    assert!(other.ends_with("-0\""), "{other}");
}
