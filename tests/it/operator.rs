//! Endpoints for the operator: keys, names, overrides.

use crate::http_client::{Answer, ask};
use crate::hub::{Hub, OPERATOR_KEY, report};
use crate::websocket_client::{Socket, instant};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use std::time::Duration;

const LEG: &str = "B6-615-20130208-JFK-FLL";
const GATE: &str = "/api/v1/flights/B6-615-20130208-JFK-FLL/overrides/departure.gate";
const DONE: &str = "/api/v1/flights/B6-615-20130208-JFK-FLL/overrides";

/// Every operator endpoint, with a body that would have an effect.
const WAYS: [(&str, &str, &str); 12] = [
    ("GET", "/api/v1/doubtful", ""),
    ("GET", "/api/v1/quarantine", ""),
    ("GET", "/api/v1/feeds/desk/keys", ""),
    ("POST", "/api/v1/feeds/desk/keys", "{\"note\":\"a\"}"),
    ("DELETE", "/api/v1/feeds/desk/keys/00000000", ""),
    ("PUT", "/api/v1/airports/JFK", "{\"name\":\"a\"}"),
    ("DELETE", "/api/v1/airports/JFK", ""),
    ("PUT", "/api/v1/airlines/B6", "{\"name\":\"a\"}"),
    ("DELETE", "/api/v1/airlines/B6", ""),
    ("GET", DONE, ""),
    ("PUT", GATE, "{\"value\":\"1\",\"until\":\"2013-02-08T21:00:00Z\"}"),
    ("DELETE", GATE, ""),
];

impl Hub {
    /// Asks as an operator by name.
    pub(crate) fn operate(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {OPERATOR_KEY}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("x-operator", "J. Öberg"),
        ];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask(self.api, method, path, &headers, body.as_bytes())
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        instant(self.get("/api/v1/clock").json()["now"].as_str().unwrap())
    }

    /// An instant so many seconds from now, by the operational clock.
    fn ahead(&self, seconds: i64) -> String {
        (self.now() + TimeDelta::seconds(seconds)).to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    fn flight(&self) -> Value {
        self.get(&format!("/api/v1/flights/{LEG}")).json()
    }

    fn push_with(&self, key: &str) -> u16 {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = report("615", json!({})).to_string();
        ask(self.api, "POST", "/api/v1/feeds/desk/reports", &headers, body.as_bytes()).status
    }
}

/// Asserts a refusal that names the field and begins with this reason.
#[track_caller]
fn at_fault(answer: &Answer, status: u16, field: &str, reason: &str) {
    let problem = answer.problem(status);
    let fault = &problem["errors"][0];
    assert_eq!(fault["field"], field, "{problem}");
    assert!(fault["reason"].as_str().unwrap().starts_with(reason), "{problem}");
}

#[test]
fn operator_endpoints_need_the_key_and_do_not_exist_without_one() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "12" }));
    for (method, path, body) in WAYS {
        for headers in [&[][..], &[("authorization", "Bearer a-key-for-these-tests-only")]] {
            let headers = [headers, &[("content-type", "application/json")]].concat();
            ask(hub.api, method, path, &headers, body.as_bytes()).problem(401);
        }
    }
    assert_eq!(hub.flight()["rev"], 1);
    let closed = Hub::start_with(&[("SERVER__OPERATOR_KEY_FILE", "")]);
    closed.fly("615", json!({ "departure.gate": "12" }));
    for (method, path, body) in WAYS {
        let bearer = format!("Bearer {OPERATOR_KEY}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        ask(closed.api, method, path, &headers, body.as_bytes()).problem(404);
    }
    assert_eq!(closed.flight()["rev"], 1);
}

#[test]
fn a_feed_key_is_shown_once_and_invalid_after_revocation() {
    let mut hub = Hub::start();
    let keys = "/api/v1/feeds/desk/keys";
    let made = hub.operate("POST", keys, &json!({ "note": " until  June " }));
    assert_eq!((made.status, made.header("cache-control")), (201, "no-store"), "{}", made.text());
    let (key, prefix) = (made.json()["key"].clone(), made.json()["prefix"].clone());
    let (key, prefix) = (key.as_str().unwrap(), prefix.as_str().unwrap());
    assert_eq!((key.len(), prefix.len(), &made.json()["note"]), (43, 8, &json!("until June")));
    assert_eq!(hub.push_with(key), 202);
    let listed = hub.operate("GET", keys, &Value::Null);
    let row = json!({ "prefix": prefix, "note": "until June", "added_at": made.json()["added_at"] });
    assert_eq!(listed.json(), json!({ "feed": "desk", "keys": [row], "configured": 1 }));
    hub.kill_and_start_again();
    assert_eq!(hub.push_with(key), 202, "it was durable before it was shown");
    let path = format!("{keys}/{prefix}");
    assert_eq!(hub.operate("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(hub.push_with(key), 401);
    hub.operate("DELETE", &path, &Value::Null).problem(404);
    assert_eq!(hub.operate("GET", keys, &Value::Null).json()["keys"], json!([]));
    let log = hub.log();
    assert!(log.contains(prefix) && log.contains("J. Öberg") && !log.contains(key));
}

#[test]
fn invalid_key_requests_are_refused_with_reasons() {
    let hub = Hub::start();
    let keys = "/api/v1/feeds/desk/keys";
    for feed in ["nobody", "lga"] {
        let path = format!("/api/v1/feeds/{feed}/keys");
        hub.operate("GET", &path, &Value::Null).problem(404);
        hub.operate("POST", &path, &json!({ "note": "a" })).problem(404);
        hub.operate("DELETE", &format!("{path}/abababab"), &Value::Null).problem(404);
    }
    at_fault(&hub.operate("POST", keys, &json!({})), 400, "note", "is missing");
    at_fault(&hub.operate("POST", keys, &json!({ "note": " " })), 400, "note", "is empty");
    at_fault(
        &hub.operate("POST", keys, &json!({ "note": "a", "key": "b" })),
        400,
        "key",
        "is not known here",
    );
    at_fault(&hub.operate("POST", keys, &json!([])), 400, "body", "is not a JSON object");
    let long = json!({ "note": "a".repeat(20_000) });
    at_fault(&hub.operate("POST", keys, &long), 413, "body", "is longer than 16384 bytes");
    at_fault(
        &hub.operate("DELETE", &format!("{keys}/abc"), &Value::Null),
        400,
        "prefix",
        "must be the first 8",
    );
    let bearer = format!("Bearer {OPERATOR_KEY}");
    let right = ("authorization", bearer.as_str());
    at_fault(&ask(hub.api, "POST", keys, &[right], b"{}"), 415, "content-type", "is missing");
    let xml = [right, ("content-type", "application/xml")];
    at_fault(&ask(hub.api, "POST", keys, &xml, b"{}"), 415, "content-type", "must be application/json");
    let nobody = [right, ("content-type", "application/json"), ("x-operator", "\u{202e}")];
    at_fault(&ask(hub.api, "POST", keys, &nobody, b"{\"note\":\"a\"}"), 400, "x-operator", "has a character");
    let foreign = [right, ("content-type", "application/json"), ("origin", "https://evil.example")];
    ask(hub.api, "POST", keys, &foreign, b"{\"note\":\"a\"}").problem(403);
    for _ in 0..8 {
        assert_eq!(hub.operate("POST", keys, &json!({ "note": "a" })).status, 201);
    }
    let ninth = hub.operate("POST", keys, &json!({ "note": "a" })).problem(409);
    assert!(ninth["detail"].as_str().unwrap().contains("revoke one first"), "{ninth}");
}

#[test]
fn an_operators_airport_name_and_zone_apply_until_withdrawn() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.scheduled": "2013-02-08T20:15:00Z" }));
    let board = "/api/v1/boards/JFK/departures";
    let tag = hub.get(board).header("etag").to_owned();
    let of_board = || hub.get(board).json()["airport"].clone();
    let of_list = || hub.get("/api/v1/airports").json()["airports"][1].clone();
    let built_in = of_board();
    let changed =
        hub.operate("PUT", "/api/v1/airports/jfk", &json!({ "city": "Queens", "zone": "Europe/Dublin" }));
    assert_eq!((changed.status, changed.json()), (200, of_board()));
    let shown = json!({
        "iata": "JFK", "name": built_in["name"], "city": "Queens", "country": "US", "zone": "Europe/Dublin",
    });
    assert_eq!(of_board(), shown);
    assert_eq!((&of_list()["city"], &of_list()["zone"]), (&shown["city"], &shown["zone"]));
    let again = hub.get_with(board, &[("if-none-match", &tag)]);
    assert_eq!(again.status, 200, "a client with the old name's ETag gets the new name");
    assert_eq!(again.json()["flights"][0]["departure"]["scheduled"], "2013-02-08T20:15:00Z");
    // The next change is the whole of it.
    assert_eq!(hub.operate("PUT", "/api/v1/airports/JFK", &json!({ "name": "Idlewild" })).status, 200);
    assert_eq!((&of_board()["name"], &of_board()["city"]), (&json!("Idlewild"), &built_in["city"]));
    assert_eq!(hub.operate("DELETE", "/api/v1/airports/JFK", &Value::Null).status, 204);
    assert_eq!(of_board(), built_in);
    assert_eq!(hub.get_with(board, &[("if-none-match", &tag)]).status, 304);
    hub.operate("DELETE", "/api/v1/airports/JFK", &Value::Null).problem(404);
    let put = |body: Value| hub.operate("PUT", "/api/v1/airports/JFK", &body);
    at_fault(&put(json!({ "zone": "Mars/Olympus" })), 400, "zone", "is not a zone");
    at_fault(&put(json!({ "name": "" })), 400, "name", "is empty");
    at_fault(&put(json!({ "name": null })), 400, "body", "has neither");
    at_fault(&put(json!({ "nmae": "a" })), 400, "nmae", "is not known here; known: name, city, zone");
    hub.operate("PUT", "/api/v1/airports/KENNEDY", &json!({ "name": "a" })).problem(404);
}

#[test]
fn an_operator_can_name_an_unknown_airport_and_clients_can_follow_it() {
    let hub = Hub::start();
    let board = "/api/v1/boards/ZZZ/departures";
    hub.get(board).problem(404);
    let named = json!({ "name": "Nowhere", "city": "Nowhere", "zone": "Asia/Tokyo" });
    assert_eq!(hub.operate("PUT", "/api/v1/airports/ZZZ", &named).status, 200);
    assert_eq!(hub.get(board).json()["airport"]["zone"], "Asia/Tokyo");
    assert_eq!(Socket::open(hub.api).follow("board/ZZZ/departures")["flights"], json!([]));
    let last = hub.get("/api/v1/airports?all=1&cursor=ZZY").json()["airports"].clone();
    assert_eq!(last[0]["name"], "Nowhere", "{last}");
}

#[test]
fn an_operators_airline_name_applies_to_both_codes() {
    let mut hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "12" }));
    let name = |hub: &Hub, path: &str| {
        let airlines = hub.get(path).json()["airlines"].clone();
        let row = airlines.as_array().unwrap().iter().find(|row| row["code"] == "B6").unwrap().clone();
        row["name"].as_str().unwrap().to_owned()
    };
    let put = hub.operate("PUT", "/api/v1/airlines/JBU", &json!({ "name": "jetBlue" }));
    let named = json!({ "code": "B6", "icao": "JBU", "name": "jetBlue" });
    assert_eq!((put.status, put.json()), (200, named));
    hub.kill_and_start_again();
    for path in ["/api/v1/airlines", "/api/v1/airlines?all=1"] {
        assert_eq!(name(&hub, path), "jetBlue", "{path}");
    }
    at_fault(&hub.operate("PUT", "/api/v1/airlines/B6", &json!({})), 400, "name", "is missing");
    hub.operate("PUT", "/api/v1/airlines/B", &json!({ "name": "a" })).problem(404);
    assert_eq!(hub.operate("DELETE", "/api/v1/airlines/B6", &Value::Null).status, 204);
    assert_eq!(name(&hub, "/api/v1/airlines"), "JetBlue");
    hub.operate("DELETE", "/api/v1/airlines/B6", &Value::Null).problem(404);
}

#[test]
fn an_override_shows_at_once_and_ends_with_the_sources_current_value() {
    let mut hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "12" }));
    let mut socket = Socket::open(hub.api);
    socket.follow("board/JFK/departures");
    let until = hub.ahead(3_600);
    let wish = json!({ "value": "B9", "until": until, "reason": "the sign at 12 is broken" });
    let taken = hub.operate("PUT", GATE, &wish);
    assert_eq!(taken.status, 200, "{}", taken.text());
    let change = socket.expect("change");
    assert_eq!((&change["rev"], &change["set"]), (&json!(2), &json!({ "departure.gate": "B9" })));
    hub.fly("615", json!({ "departure.gate": "14" }));
    let board = hub.get("/api/v1/boards/JFK/departures").json();
    assert_eq!(board["flights"][0]["departure"]["gate"], "B9");
    let told = hub.operate("GET", DONE, &Value::Null).json();
    assert_eq!(told["in_force"], json!([taken.json()]));
    assert_eq!(
        (&taken.json()["by"], &taken.json()["reason"]),
        (&json!("J. Öberg"), &json!("the sign at 12 is broken"))
    );
    let history = hub.get(&format!("/api/v1/flights/{LEG}/history")).text();
    assert!(history.contains("\"source\":\"operator\"") && !history.contains("berg"), "{history}");
    hub.kill_and_start_again();
    assert_eq!((&hub.flight()["departure"]["gate"], &hub.flight()["rev"]), (&json!("B9"), &json!(2)));
    assert_eq!(hub.operate("DELETE", GATE, &Value::Null).status, 204);
    assert_eq!((&hub.flight()["departure"]["gate"], &hub.flight()["rev"]), (&json!("14"), &json!(3)));
    let told = hub.operate("GET", DONE, &Value::Null).json();
    assert_eq!(told["in_force"], json!([]));
    let deeds: Vec<_> =
        told["done"].as_array().unwrap().iter().map(|deed| (&deed["deed"], &deed["value"])).collect();
    assert_eq!(deeds, [(&json!("set"), &json!("B9")), (&json!("ended"), &Value::Null)]);
    hub.operate("DELETE", GATE, &Value::Null).problem(404);
}

#[test]
fn an_override_expires() {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.gate": "12", "remark": "Go to gate" }));
    let mut socket = Socket::open(hub.api);
    socket.follow("board/JFK/departures");
    let remark = format!("{DONE}/remark");
    let hidden = hub.operate("PUT", &remark, &json!({ "value": null, "until": hub.ahead(2) }));
    assert_eq!((hidden.status, &hidden.json()["value"]), (200, &Value::Null), "{}", hidden.text());
    assert_eq!(socket.expect("change")["set"], json!({ "remark": null }));
    let back = socket.expect("change");
    assert_eq!((&back["rev"], &back["set"]), (&json!(3), &json!({ "remark": "Go to gate" })));
    let told = hub.operate("GET", DONE, &Value::Null).json();
    assert_eq!((&told["in_force"], told["done"].as_array().unwrap().len()), (&json!([]), 1));
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(hub.flight()["rev"], 3, "it ends once");
}

#[test]
fn an_invalid_override_is_refused_with_the_field() {
    let hub = Hub::start();
    let (hour, week) = (hub.ahead(3_600), hub.ahead(7 * 86_400 + 60));
    let put = |path: &str, body: Value| hub.operate("PUT", path, &body);
    let wish = |value: Value| json!({ "value": value, "until": hour });
    put(GATE, wish(json!("1"))).problem(404);
    hub.operate("GET", DONE, &Value::Null).problem(404);
    hub.operate("DELETE", GATE, &Value::Null).problem(404);
    hub.fly("615", json!({ "departure.gate": "12" }));
    put(&GATE.replace("615", "616"), wish(json!("1"))).problem(404);
    for field in ["gate", "status", "hidden", "departure.step"] {
        at_fault(&put(&format!("{DONE}/{field}"), wish(json!("1"))), 404, "field", "must be one of ");
    }
    for (field, value, reason) in [
        ("departure.gate", json!("123456789"), "is longer than 8 characters"),
        ("departure.gate", json!(12), "is a number and not a text"),
        ("departure.estimated", json!("noon"), "is not an instant"),
        ("departure.actual", json!(hub.ahead(7_200)), "lies 1"),
        ("diverted_to", json!("Miami"), "\"Miami\" is not an IATA"),
        ("codeshares", json!(["EI"]), "\"EI\" is not a flight"),
    ] {
        at_fault(&put(&format!("{DONE}/{field}"), wish(value)), 400, "value", reason);
    }
    at_fault(&put(GATE, json!({ "until": hour })), 400, "value", "is missing; null shows nothing");
    at_fault(&put(GATE, json!({ "value": "1" })), 400, "until", "is missing");
    let until = |until: &str| put(GATE, json!({ "value": "1", "until": until }));
    at_fault(&until("tomorrow"), 400, "until", "is no instant");
    at_fault(&until("2013-02-08T19:00:00Z"), 400, "until", "must lie after 2013-02-08 20:0");
    at_fault(&until(&week), 400, "until", "must lie at most 7 days ahead of 2013-02-08 20:0");
    let mute = json!({ "value": "1", "until": hour, "reason": "" });
    at_fault(&put(GATE, mute), 400, "reason", "is empty");
    assert_eq!(hub.flight()["rev"], 1);
    assert_eq!(hub.operate("GET", DONE, &Value::Null).json()["done"], json!([]));
    for (field, value) in [
        ("departure.estimated", json!("2013-02-08T22:00:00Z")),
        ("codeshares", json!(["AA27", "EI5105"])),
        ("diverted_to", json!("MIA")),
    ] {
        let taken = put(&format!("{DONE}/{field}"), wish(value.clone()));
        assert_eq!((taken.status, &taken.json()["value"]), (200, &value), "{}", taken.text());
    }
}

#[test]
fn a_doubtful_time_is_marked_and_listed_for_the_operator() {
    let hub = Hub::start();
    let set =
        json!({"departure.scheduled": "2013-02-08T20:50:00Z", "departure.estimated": "2013-02-10T20:50:00Z"});
    hub.fly("615", set);
    let flight = hub.flight();
    assert_eq!(flight["doubtful"], json!(["departure.estimated"]));
    assert_eq!(flight["departure"]["estimated"], "2013-02-10T20:50:00Z");
    assert_eq!((&flight["status"], &flight["delayed"]), (&json!("scheduled"), &json!(false)));
    let told = hub.operate("GET", "/api/v1/doubtful", &Value::Null).json();
    let row = &told["times"][0];
    assert_eq!(told["times"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!((&row["leg"], &row["field"]), (&json!(LEG), &json!("departure.estimated")));
    assert_eq!((&row["value"], &row["source"]), (&json!("2013-02-10T20:50:00Z"), &json!("desk")));
    assert_eq!(row["reason"], "is more than 36 hours from the schedule");
    let counted = "gatecall_doubtful_times_total{field=\"departure.estimated\"} 1";
    assert!(hub.get("/metrics").text().contains(counted));
}
