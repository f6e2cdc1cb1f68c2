//! Read endpoints.

use crate::http_client::ask;
use crate::hub::Hub;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;

const LEG: &str = "B6-615-20130208-JFK-FLL";

fn with_flights() -> Hub {
    let hub = Hub::start();
    let times = |hour: u32| json!({ "departure.scheduled": format!("2013-02-08T{hour}:15:00Z"), "arrival.scheduled": format!("2013-02-08T{}:25:00Z", hour + 2) });
    hub.fly("615", times(20));
    hub.fly("27", times(21));
    let mut late = times(19);
    late["status"] = json!("cancelled");
    late["codeshares"] = json!(["EI5105"]);
    hub.fly("801", late);
    hub
}

fn legs(answer: &Value) -> Vec<String> {
    let flights = answer["flights"].as_array().unwrap_or_else(|| panic!("{answer}"));
    flights
        .iter()
        .map(|flight| {
            format!("{}{}", flight["carrier"].as_str().unwrap(), flight["number"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_board_is_ordered_by_scheduled_time() {
    let hub = with_flights();
    let board = hub.get("/api/v1/boards/JFK/departures").json();
    assert_eq!(legs(&board), ["B6801", "B6615", "B627"]);
    assert_eq!(board["airport"]["zone"], "America/New_York");
    assert_eq!((&board["airport"]["city"], &board["direction"]), (&json!("New York"), &json!("departures")));
    assert!(board["as_of"].as_str().unwrap().starts_with("2013-02-08T20:0"), "{board}");
    let part =
        hub.get("/api/v1/boards/jfk/departures?from=2013-02-08T20:00:00Z&to=2013-02-08T21:00:00Z").json();
    assert_eq!(legs(&part), ["B6615"]);
    assert_eq!(legs(&hub.get("/api/v1/boards/FLL/arrivals?limit=2").json()), ["B6801", "B6615"]);
    assert_eq!(legs(&hub.get("/api/v1/boards/FLL/departures").json()), Vec::<String>::new());
}

#[test]
fn a_flight_without_an_arrival_time_is_found_around_its_departure() {
    let hub = with_flights();
    hub.fly("99", json!({ "departure.scheduled": "2013-02-08T20:50:00Z" }));
    let arrivals = |query: &str| hub.get(&format!("/api/v1/boards/FLL/arrivals?{query}")).json();
    assert_eq!(legs(&arrivals("")), ["B699", "B6801", "B6615", "B627"]);
    let today = "from=2013-02-08T05:00:00Z&to=2013-02-09T05:00:00Z";
    assert_eq!(legs(&arrivals(today)), ["B699", "B6801", "B6615", "B627"]);
    assert_eq!(legs(&arrivals("from=2013-02-08T22:00:00Z")), ["B699", "B6615", "B627"]);
    assert_eq!(legs(&arrivals("to=2013-02-08T20:00:00Z")), Vec::<String>::new());
    let sought = format!("/api/v1/flights?airport=FLL&direction=arrivals&{today}");
    assert_eq!(legs(&hub.get(&sought).json()), ["B699", "B6801", "B6615", "B627"]);
}

#[test]
fn a_query_for_an_unknown_airport_creates_no_board() {
    let hub = with_flights();
    hub.get("/api/v1/boards/QQX/departures").problem(404);
    assert_eq!(legs(&hub.get("/api/v1/flights?airport=QQX").json()), Vec::<String>::new());
    hub.get("/api/v1/boards/QQX/departures").problem(404);
}

#[test]
fn an_unchanged_board_is_answered_304() {
    let hub = with_flights();
    let path = "/api/v1/boards/JFK/departures";
    let tag = hub.get(path).header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = hub.get_with(path, &[("if-none-match", &tag)]);
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag.as_str()));
    hub.fly("615", json!({ "departure.gate": "14" }));
    let changed = hub.get_with(path, &[("if-none-match", &tag)]);
    assert_eq!((changed.status, &changed.json()["flights"][1]["departure"]["gate"]), (200, &json!("14")));
}

#[test]
fn a_board_is_compressed_for_clients_that_accept_gzip() {
    let hub = with_flights();
    let packed = hub.get_with("/api/v1/boards/JFK/departures", &[("accept-encoding", "gzip")]);
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(legs(&serde_json::from_str(&text).unwrap()).len(), 3);
}

#[test]
fn a_flight_has_one_state_and_a_history_of_its_changes() {
    let hub = with_flights();
    hub.fly("615", json!({ "departure.gate": "12" }));
    hub.fly("615", json!({ "departure.gate": "14" }));
    let flight = hub.get(&format!("/api/v1/flights/{LEG}"));
    let (rev, gate) = (flight.json()["rev"].as_u64().unwrap(), flight.json()["departure"]["gate"].clone());
    assert_eq!((rev, gate), (3, json!("14")));
    let again = hub.get_with(&format!("/api/v1/flights/{LEG}"), &[("if-none-match", flight.header("etag"))]);
    assert_eq!(again.status, 304);
    let history = hub.get(&format!("/api/v1/flights/{LEG}/history")).json();
    let entries = history["entries"].as_array().unwrap();
    let revisions: Vec<_> = entries.iter().map(|entry| entry["rev"].as_u64().unwrap()).collect();
    assert_eq!(revisions, [1, 2, 3]);
    assert_eq!(entries[2]["set"]["departure.gate"], "14");
    assert_eq!((&entries[2]["kinds"], &entries[2]["source"]), (&json!(["gate"]), &json!("desk")));
    let newer = hub.get(&format!("/api/v1/flights/{LEG}/history?after=2&limit=5")).json();
    assert_eq!(newer["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn a_history_is_paged_up_to_its_newest_change() {
    let hub = Hub::start();
    for gate in 1..=8 {
        hub.fly("615", json!({ "departure.gate": gate.to_string() }));
    }
    let whole = hub.get(&format!("/api/v1/flights/{LEG}/history")).json();
    assert_eq!((whole["entries"].as_array().unwrap().len(), &whole["next"]), (8, &Value::Null));
    let (mut path, mut seen) = (format!("/api/v1/flights/{LEG}/history?limit=3"), Vec::new());
    loop {
        let answer = hub.get(&path);
        let page = answer.json();
        seen.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["rev"].as_u64().unwrap()));
        let link =
            answer.header("link").strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
        let next =
            page["next"].as_u64().map(|next| format!("/api/v1/flights/{LEG}/history?after={next}&limit=3"));
        assert_eq!(link, next.as_deref(), "{page}");
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7, 8]);
    let last = hub.get(&format!("/api/v1/flights/{LEG}/history?after=5&limit=3")).json();
    assert_eq!(last["next"], Value::Null, "a page that is full and the last has no next");
}

#[test]
fn a_page_links_to_the_next_with_the_same_query() {
    let hub = with_flights();
    let page = hub.get("/api/v1/flights?limit=1&airport=JFK&q=jetblue%20lauderdale");
    let link = page.header("link").split('>').next().unwrap().trim_start_matches('<');
    let next = page.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(link, format!("/api/v1/flights?limit=1&airport=JFK&q=jetblue%20lauderdale&cursor={next}"));
    assert_eq!(legs(&hub.get(link).json()), ["B6615"]);
    assert_eq!(hub.get("/api/v1/flights").header("link"), "");
    let airports = hub.get("/api/v1/airports?all=1&limit=2");
    assert!(airports.header("link").starts_with("</api/v1/airports?all=1&limit=2&cursor="));
}

#[test]
fn flights_are_filtered_by_number_words_airline_status_and_time() {
    let hub = with_flights();
    for (query, expected) in [
        ("", vec!["B6801", "B6615", "B627"]),
        ("q=b6+615", vec!["B6615"]),
        ("q=EI5105", vec!["B6801"]),
        ("q=jetblue%20lauderdale", vec!["B6801", "B6615", "B627"]),
        ("q=boston", vec![]),
        ("airport=JFK", vec!["B6801", "B6615", "B627"]),
        ("airport=JFK&direction=arrivals", vec![]),
        ("airport=FLL&direction=arrivals&q=27", vec!["B627"]),
        ("airline=EI", vec!["B6801"]),
        ("status=cancelled,diverted", vec!["B6801"]),
        ("from=2013-02-08T20:00:00Z", vec!["B6615", "B627"]),
        ("to=2013-02-08T15:00:00-05:00", vec!["B6801"]),
    ] {
        assert_eq!(legs(&hub.get(&format!("/api/v1/flights?{query}")).json()), expected, "{query}");
    }
}

#[test]
fn pages_follow_one_another_without_a_gap_or_a_repetition() {
    let hub = with_flights();
    for number in 100..120 {
        hub.fly(&number.to_string(), json!({ "departure.scheduled": "2013-02-08T22:00:00Z" }));
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = hub.get(&format!("/api/v1/flights?airport=JFK&limit=7&cursor={cursor}")).json();
        seen.extend(legs(&page));
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 23);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 23);
}

#[test]
fn airports_and_airlines_list_the_active_or_all_known_codes() {
    let hub = with_flights();
    let airports = hub.get("/api/v1/airports").json();
    let rows: Vec<_> = airports["airports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["iata"].clone(), a["flights"].clone()))
        .collect();
    assert_eq!(rows, [(json!("FLL"), json!(3)), (json!("JFK"), json!(3))]);
    let first = hub.get("/api/v1/airports?all=1&limit=3").json();
    assert_eq!(
        (first["airports"].as_array().unwrap().len(), &first["next"]),
        (3, &first["airports"][2]["iata"])
    );
    let next = first["next"].as_str().unwrap();
    let second = hub.get(&format!("/api/v1/airports?all=1&limit=3&cursor={next}")).json();
    assert!(second["airports"][0]["iata"].as_str().unwrap() > next);
    let airlines = hub.get("/api/v1/airlines").json();
    assert_eq!(
        airlines["airlines"],
        json!([
            { "code": "B6", "icao": "JBU", "name": "JetBlue" },
            { "code": "EI", "icao": "EIN", "name": "Aer Lingus" }
        ])
    );
    assert!(hub.get("/api/v1/airlines?all=1").json()["airlines"].as_array().unwrap().len() > 1_000);
}

#[test]
fn the_clock_and_feed_endpoints_report_their_state() {
    let hub = with_flights();
    let clock = hub.get("/api/v1/clock").json();
    assert!(
        clock["now"].as_str().unwrap().starts_with("2013-02-08T20:0") && clock["speed"] == 1.0,
        "{clock}"
    );
    let feeds = hub.get("/api/v1/feeds").json();
    let of =
        |name: &str| feeds["feeds"].as_array().unwrap().iter().find(|f| f["feed"] == name).unwrap().clone();
    assert_eq!(
        (of("desk")["state"].clone(), of("desk")["reports"]["changed"].clone()),
        (json!("good"), json!(3))
    );
    assert_eq!((of("jfk")["state"].clone(), of("jfk")["airport"].clone()), (json!("waiting"), json!("JFK")));
    assert_eq!(of("lga")["kind"], "pull");
}

#[test]
fn the_openapi_document_is_served() {
    let hub = Hub::start();
    let document = hub.get("/api/v1/openapi.json").json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert!(document["paths"]["/api/v1/boards/{iata}/{direction}"]["get"].is_object());
}

#[test]
fn the_page_is_served_on_both_ports() {
    let hub = Hub::start();
    for port in [hub.api, hub.web] {
        for path in ["/", "/board/JFK/departures", "/docs/api"] {
            let page = ask(port, "GET", path, &[("accept", "text/html")], b"");
            assert_eq!(
                (page.status, page.header("content-type")),
                (200, "text/html; charset=utf-8"),
                "{path}"
            );
            assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
        }
        let script = ask(port, "GET", "/assets/app-0a1b.js", &[("accept-encoding", "gzip")], b"");
        assert_eq!((script.status, script.header("content-encoding")), (200, "gzip"));
        assert!(script.header("cache-control").contains("immutable"));
    }
    for path in [
        "/../gatecall.toml",
        "/%2e%2e/gatecall.toml",
        "/..%2fgatecall.toml",
        "/assets/../../desk.key",
        "//etc/passwd",
        "/assets/none.js",
    ] {
        let answer = hub.get(path);
        assert!(!answer.text().contains("[server]") && answer.status == 404, "{path}: {}", answer.status);
    }
}
