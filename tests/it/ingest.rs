//! Pushed messages, valid and invalid.

use crate::http_client::{ask, connect};
use crate::hub::{Hub, KEY, OPERATOR_KEY, report};
use serde_json::{Value, json};
use std::io::Write;

const PATH: &str = "/api/v1/feeds/desk/reports";

fn bearer() -> String {
    format!("Bearer {KEY}")
}

#[test]
fn an_answered_report_is_on_the_board() {
    let hub = Hub::start();
    let answer = hub.push(&report("615", json!({ "status": "boarding", "departure.gate": "14" })));
    assert_eq!(answer.status, 202, "{}", answer.text());
    let counts = json!({ "accepted": 1, "changed": 1, "unchanged": 0, "queued": 0, "rejected": [] });
    assert_eq!(answer.json(), counts);
    let flight = &hub.get("/api/v1/boards/JFK/departures").json()["flights"][0];
    assert_eq!((&flight["status"], &flight["departure"]["gate"]), (&json!("boarding"), &json!("14")));
    let again = hub.push(&report("615", json!({ "departure.gate": "14" })));
    assert_eq!((again.json()["changed"].clone(), again.json()["unchanged"].clone()), (json!(0), json!(1)));
}

#[test]
fn an_airport_feed_cannot_change_flights_of_other_airports() {
    let own = [("FEEDS__DESK__AIRPORT", "LGA"), ("FEEDS__DESK__SPEAKS_FOR", "airport")];
    let hub = Hub::start_with(&own);
    let mut own_flight = report("1", json!({ "departure.gate": "7" }));
    own_flight["from"] = json!("LGA");
    let foreign = report("615", json!({ "status": "cancelled", "departure.gate": "14" }));
    let mut far = own_flight.clone();
    far["origin_date"] = json!("2099-02-08");
    let body = hub.push(&json!([own_flight, foreign, far])).json();
    assert_eq!((&body["accepted"], body.get("left_out")), (&json!(1), None), "{body}");
    let reasons: Vec<_> =
        body["rejected"].as_array().unwrap().iter().map(|r| r["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].contains("speaks for flights from and to LGA"), "{reasons:?}");
    assert!(
        reasons[1].contains("days ahead, and this feed speaks of 8 (horizon_days.future)"),
        "{reasons:?}"
    );
    assert_eq!(hub.get("/api/v1/boards/JFK/departures").json()["flights"], json!([]));
    assert_eq!(hub.quarantine().len(), 2);
    let feed = hub.feed("desk");
    assert_eq!((&feed["speaks_for"], &feed["state"]), (&json!("airport"), &json!("good")));
    let outside =
        json!([{ "reason": "other_airport", "count": 1 }, { "reason": "too_far_ahead", "count": 1 }]);
    assert_eq!(feed["out_of_scope"], outside);
    let counted = hub.get("/metrics").text();
    let line = "gatecall_feed_out_of_scope_total{feed=\"desk\",reason=\"other_airport\"} 1";
    assert!(counted.contains(line), "{counted}");
}

#[test]
fn an_airport_feed_sets_only_planned_times_of_the_other_side() {
    let hub = Hub::start_with(&[("FEEDS__DESK__AIRPORT", "FLL"), ("FEEDS__DESK__SPEAKS_FOR", "airport")]);
    let set = json!({
        "departure.scheduled": "2013-02-08T20:30:00Z", "departure.gate": "14",
        "arrival.scheduled": "2013-02-08T23:40:00Z", "arrival.gate": "C9", "status": "boarding",
    });
    let body = hub.push(&report("615", set)).json();
    assert_eq!((&body["accepted"], &body["left_out"]), (&json!(1), &json!(2)), "{body}");
    let flight = &hub.get("/api/v1/boards/JFK/departures").json()["flights"][0];
    assert_eq!((&flight["status"], &flight["departure"]["gate"]), (&json!("scheduled"), &json!(null)));
    assert_eq!(flight["departure"]["scheduled"], "2013-02-08T20:30:00Z");
    assert_eq!(flight["arrival"]["gate"], "C9");
    assert_eq!(hub.feed("desk")["out_of_scope"], json!([{ "reason": "other_side", "count": 2 }]));
}

#[test]
fn one_bad_report_does_not_stop_the_rest_and_is_quarantined() {
    let hub = Hub::start();
    let mut nowhere = report("27", json!({}));
    nowhere["from"] = json!("Kennedy");
    let bad_gate = report("31", json!({ "departure.gate": { "number": 14 } }));
    let answer = hub.push(&json!([report("615", json!({ "departure.gate": "14" })), nowhere, bad_gate, 7]));
    assert_eq!(answer.status, 202, "{}", answer.text());
    let body = answer.json();
    assert_eq!((body["accepted"].clone(), body["changed"].clone()), (json!(1), json!(1)));
    let rejected = body["rejected"].as_array().unwrap();
    let indices: Vec<_> = rejected.iter().map(|one| one["index"].as_u64().unwrap()).collect();
    assert_eq!(indices, [1, 2, 3]);
    assert_eq!(
        (rejected[0]["field"].clone(), rejected[1]["field"].clone()),
        (json!("from"), json!("departure.gate"))
    );
    assert!(rejected.iter().all(|one| !one["reason"].as_str().unwrap().is_empty()));
    let kept = hub.quarantine();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().any(|one| one["feed"] == "desk"
        && one["field"] == "from"
        && one["excerpt"].as_str().unwrap().contains("Kennedy")));
    assert!(
        hub.get("/metrics").text().contains("gatecall_reports_total{feed=\"desk\",outcome=\"rejected\"} 3")
    );
}

#[test]
fn an_unreadable_message_is_refused_and_quarantined() {
    let hub = Hub::start();
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let doctype =
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><x>&b;</x>";
    let answer = hub.push_as("application/json", deep.as_bytes());
    assert_eq!((answer.status, answer.json()["rejected"].as_array().unwrap().len()), (202, 1));
    let hostile: [(&str, &[u8]); 5] = [
        ("application/json", b"{\"carrier\":"),
        ("application/json", b"\xff\xfe\x00"),
        ("application/xml", doctype.as_bytes()),
        ("text/xml", b"<IATA_AIDX_FlightLegNotifRQ>"),
        ("application/xml", b"{}"),
    ];
    for (kept, (content_type, body)) in hostile.into_iter().enumerate() {
        let problem = hub.push_as(content_type, body).problem(400);
        let fault = &problem["errors"][0];
        assert!(fault["field"].is_string() && !fault["reason"].as_str().unwrap().is_empty(), "{problem}");
        assert_eq!(hub.quarantine().len(), kept + 2, "{problem}");
        assert_eq!(hub.feed("desk")["state"], if kept == 0 { "failing" } else { "good" }, "{problem}");
        hub.fly("615", json!({ "departure.gate": kept.to_string() }));
    }
    for _ in 0..2 {
        hub.push_as("application/json", b"{").problem(400);
    }
    hub.push_as("application/json", &[b' '; 200_001]).problem(413);
    let feed = hub.feed("desk");
    assert_eq!((&feed["state"], &feed["reports"]["rejected"]), (&json!("failing"), &json!(9)), "{feed}");
}

#[test]
fn an_overlong_message_is_refused_unread_and_quarantined() {
    let hub = Hub::start();
    let long = vec![b' '; 200_001];
    let problem = hub.push_as("application/json", &long).problem(413);
    assert_eq!(problem["errors"][0]["field"], "body");
    let kept = hub.quarantine();
    assert_eq!((kept.len(), kept[0]["reason"].clone()), (1, json!("the body is longer than 200000 bytes")));
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![b' '; 50_000_000]).unwrap();
    let bomb = packer.finish().unwrap();
    let bearer = bearer();
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    ask(hub.api, "POST", PATH, &headers, &bomb).problem(413);
    hub.fly("615", json!({ "departure.gate": "14" }));
}

#[test]
fn a_compressed_message_is_accepted() {
    let hub = Hub::start();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(report("615", json!({ "departure.gate": "14" })).to_string().as_bytes()).unwrap();
    let bearer = bearer();
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json; charset=utf-8"),
        ("content-encoding", "gzip"),
    ];
    let answer = ask(hub.api, "POST", PATH, &headers, &packer.finish().unwrap());
    assert_eq!((answer.status, answer.json()["changed"].clone()), (202, json!(1)));
}

#[test]
fn a_message_of_thousands_of_reports_is_accepted() {
    let hub = Hub::start();
    let reports: Vec<_> =
        (1..=1_000).map(|number| report(&number.to_string(), json!({ "departure.gate": "1" }))).collect();
    let answer = hub.push(&json!(reports));
    assert_eq!((answer.status, answer.json()["changed"].clone()), (202, json!(1_000)), "{}", answer.text());
    assert_eq!(hub.get("/api/v1/boards/JFK/departures").json()["flights"].as_array().unwrap().len(), 1_000);
}

#[test]
fn an_aidx_message_is_accepted() {
    let hub = Hub::start();
    let message =
        include_str!("../../wire/fixtures/aidx/amadeus-airborne.xml").replace("2024-03-05", "2013-02-08");
    let answer = hub.push_as("application/xml", message.as_bytes());
    assert_eq!((answer.status, answer.json()["changed"].clone()), (202, json!(1)), "{}", answer.text());
    let flight = hub.get("/api/v1/flights/ZX-215-20130208-HBA-PER").json();
    assert_eq!(
        (&flight["status"], &flight["departure"]["actual"]),
        (&json!("airborne"), &json!("2013-02-08T10:00:00Z"))
    );
}

#[test]
fn a_body_that_stalls_times_out() {
    let hub = Hub::start_with(&[("SERVER__BODY_TIMEOUT_S", "1")]);
    let bearer = bearer();
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("content-length", "100")];
    // The body never comes.
    ask(hub.api, "POST", PATH, &headers, b"").problem(408);
}

#[test]
fn the_number_of_bodies_in_memory_is_limited() {
    let hub = Hub::start_with(&[("SERVER__BODIES_UNDER_WAY_MAX", "1")]);
    let bearer = bearer();
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("content-length", "9")];
    let push = || hub.push(&report("615", json!({ "departure.gate": "14" })));
    // The first request takes the only slot. If that was a push, the slow request is refused instead of a push, and
    // must be repeated.
    let (mut slow, refused) = (0..20)
        .find_map(|_| {
            let slow = connect(hub.api, "POST", PATH, &headers, b"");
            let refused = (0..20).map(|_| push()).find(|answer| answer.status != 202)?;
            Some((slow, refused))
        })
        .expect("one request is refused while the only slot is taken");
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "1");
    slow.write_all(b"[       ]").unwrap();
    (0..1_000).map(|_| push()).find(|answer| answer.status == 202).expect("the place is free again");
}

#[test]
fn a_push_needs_a_key_and_a_supported_content_type() {
    let hub = Hub::start();
    let body = report("615", json!({})).to_string();
    let push = |path: &str, headers: &[(&str, &str)]| ask(hub.api, "POST", path, headers, body.as_bytes());
    let json_type = ("content-type", "application/json");
    let bearer = bearer();
    let right = ("authorization", bearer.as_str());
    assert_eq!(push(PATH, &[json_type]).problem(401)["status"], 401);
    assert_eq!(push(PATH, &[json_type]).header("www-authenticate"), "Bearer");
    for wrong in ["Bearer wrong-key", "Bearer ", "Basic YTpi", &format!("Bearer {KEY}x")] {
        push(PATH, &[json_type, ("authorization", wrong)]).problem(401);
    }
    push("/api/v1/feeds/nobody/reports", &[json_type, right]).problem(404);
    push("/api/v1/feeds/lga/reports", &[json_type, right]).problem(404);
    push(PATH, &[right]).problem(415);
    push(PATH, &[right, ("content-type", "text/plain")]).problem(415);
    push(PATH, &[right, ("content-type", "application/json; charset=utf-16")]).problem(415);
    push(PATH, &[right, json_type, ("content-encoding", "br")]).problem(415);
    push(PATH, &[right, json_type, ("origin", "https://evil.example")]).problem(403);
    push(&format!("{PATH}?dry=1"), &[right, json_type]).problem(400);
    assert_eq!(push(PATH, &[right, json_type]).status, 202);
    assert!(hub.quarantine().is_empty(), "a request without a key stores nothing");
    let log = hub.log();
    assert!(!log.contains(KEY) && !log.contains("wrong-key"), "a key is in the log");
}

#[test]
fn the_quarantine_needs_the_operator_key() {
    let hub = Hub::start();
    hub.get("/api/v1/quarantine").problem(401);
    hub.get_with("/api/v1/quarantine", &[("authorization", &bearer())]).problem(401);
    assert!(hub.quarantine().is_empty());
    for _ in 0..2 {
        hub.push(&report("615", json!({ "departure.gate": 7 })));
    }
    let operator = format!("Bearer {OPERATOR_KEY}");
    for (limit, more) in [(1, true), (2, false)] {
        let path = format!("/api/v1/quarantine?limit={limit}");
        let kept = hub.get_with(&path, &[("authorization", &operator)]).json();
        assert_eq!((kept["faults"].as_array().unwrap().len(), &kept["more"]), (limit, &json!(more)));
    }
}

#[test]
fn a_visually_blank_gate_is_refused_with_field_and_reason() {
    let hub = Hub::start();
    for (blank, code) in [("\u{200b}", "U+200B"), ("\u{3164}", "U+3164"), ("1\u{ad}2", "U+00AD")] {
        let answer = hub.push(&report("615", json!({ "departure.gate": blank }))).json();
        let rejected = &answer["rejected"][0];
        assert_eq!(rejected["field"], "departure.gate", "{answer}");
        assert_eq!(rejected["reason"], format!("has an invisible character ({code})"));
    }
    hub.fly("615", json!({ "remark": "\u{feff}Go to the infor\u{ad}mation desk" }));
    let flight = hub.get("/api/v1/flights/B6-615-20130208-JFK-FLL").json();
    assert_eq!(
        (&flight["remark"], &flight["departure"]["gate"]),
        (&json!("Go to the information desk"), &Value::Null)
    );
}
