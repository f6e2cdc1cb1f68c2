//! A feed's share of flights, and the removal of flights.

use crate::hub::{Hub, report};
use crate::websocket_client::Socket;
use serde_json::{Value, json};

const LEG: &str = "B6-615-20130208-JFK-FLL";

fn departures(hub: &Hub) -> usize {
    hub.get("/api/v1/boards/JFK/departures").json()["flights"].as_array().unwrap().len()
}

/// The answer to reports on new flights of these numbers: how many were accepted, and the first refusal.
fn announce(hub: &Hub, numbers: std::ops::Range<u32>) -> (u64, Option<String>) {
    let reports: Vec<Value> = numbers.map(|number| report(&number.to_string(), json!({}))).collect();
    let body = hub.push(&json!(reports)).json();
    let refusal = body["rejected"][0]["reason"].as_str().map(str::to_owned);
    (body["accepted"].as_u64().unwrap(), refusal)
}

#[test]
fn a_feed_cannot_exceed_its_share_of_flights_even_after_a_restart() {
    let mut hub = Hub::start_with(&[("FEEDS__DESK__FLIGHTS_MAX", "20")]);
    assert_eq!(announce(&hub, 1..20), (19, None));
    let full = Some("desk has reached its limit of 20 flights (feeds.desk.flights_max)".to_owned());
    assert_eq!(announce(&hub, 20..22), (1, full.clone()));
    hub.fly("7", json!({ "departure.gate": "14" }));
    hub.kill_and_start_again();
    assert_eq!(announce(&hub, 30..31), (0, full));
    let feed = hub.feed("desk");
    assert_eq!((&feed["flights"], &feed["flights_max"]), (&json!(20), &json!(20)));
    assert_eq!(hub.operate("DELETE", "/api/v1/flights/B6-7-20130208-JFK-FLL", &Value::Null).status, 204);
    assert_eq!(announce(&hub, 30..31), (1, None), "there is room again");
}

#[test]
fn a_removed_flight_leaves_boards_and_store_and_is_audited() {
    let mut hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "14" }));
    hub.fly("617", json!({}));
    let mut socket = Socket::open(hub.api);
    socket.follow("board/JFK/departures");
    let path = format!("/api/v1/flights/{LEG}");
    assert_eq!(hub.operate("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(socket.expect("gone")["leg"], LEG);
    assert_eq!((departures(&hub), hub.get(&path).status), (1, 404));
    assert_eq!(hub.operate("DELETE", &path, &Value::Null).status, 404);
    hub.kill_and_start_again();
    assert_eq!((departures(&hub), hub.get(&path).status), (1, 404));
    let late = hub.push(&report("615", json!({ "departure.gate": "15" }))).json();
    assert!(late["rejected"][0]["reason"].as_str().unwrap().contains("is over or was removed"), "{late}");
    let done = hub.operate("GET", &format!("{path}/overrides"), &Value::Null).json();
    let note = &done["done"][0];
    assert_eq!(
        (&note["deed"], &note["field"], &note["by"]),
        (&json!("removed"), &json!("flight"), &json!("J. Öberg"))
    );
    assert_eq!(done["in_force"], json!([]));
}

#[test]
fn flights_are_removed_by_pattern_with_a_dry_run() {
    let hub = Hub::start();
    assert_eq!(announce(&hub, 100..130), (30, None));
    hub.fly("615", json!({}));
    let wish = |leg: &str, more: Value| {
        let mut wish = json!({ "leg": leg, "reason": "nobody operates them" });
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        hub.operate("POST", "/api/v1/removals", &wish)
    };
    let tried = wish("B6-1??-*", json!({ "dry_run": true })).json();
    assert_eq!((tried["legs"].as_array().unwrap().len(), &tried["left"]), (30, &json!(0)));
    assert_eq!(departures(&hub), 31);
    assert_eq!(wish("*", json!({ "feed": "lga" })).json(), json!({ "legs": [], "left": 0 }));
    assert_eq!(wish("B6-1??-*", json!({ "feed": "desk" })).json(), tried);
    assert_eq!(departures(&hub), 1);
    let noted = hub.operate("GET", "/api/v1/flights/B6-100-20130208-JFK-FLL/overrides", &Value::Null).json();
    assert_eq!(noted["done"][0]["reason"], "nobody operates them");
    wish("B6 1", json!({})).problem(400);
    wish("*", json!({ "dry_run": 1 })).problem(400);
    hub.push(&json!([])).json();
    let path = "/api/v1/removals";
    assert_eq!(
        crate::http_client::ask(hub.api, "POST", path, &[("content-type", "application/json")], b"{}").status,
        401
    );
}
