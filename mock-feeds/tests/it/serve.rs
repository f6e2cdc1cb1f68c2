use crate::stage::{Stage, at, header};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;

fn legs(xml: &str) -> usize {
    xml.matches("<FlightLeg>").count()
}

fn attribute(xml: &str, name: &str) -> String {
    let start = xml.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    xml[start..].split('"').next().unwrap().to_owned()
}

#[actix_web::test]
async fn an_unchanged_feed_is_not_sent_twice() {
    let stage = Stage::open();
    let first = stage.ask("/lga/aidx").await;
    let tag = header(&first, "etag");
    let again = stage.get("/lga/aidx").header("If-None-Match", &tag).send().await.unwrap();
    assert_eq!((again.status(), header(&again, "etag")), (reqwest::StatusCode::NOT_MODIFIED, tag.clone()));
    stage.pass(30);
    let later =
        stage.get("/lga/aidx").header("If-None-Match", format!("W/{tag}, \"other\"")).send().await.unwrap();
    assert_eq!(later.status(), 200);
    assert_ne!(header(&later, "etag"), tag);
}

#[actix_web::test]
async fn a_delta_tells_what_changed_since_the_last_answer() {
    let stage = Stage::open();
    let whole = stage.text("/lga/aidx").await;
    stage.pass(10);
    let delta = stage.text(&format!("/lga/aidx?since={}", attribute(&whole, "TimeStamp"))).await;
    assert!(legs(&whole) > 200 && (1..100).contains(&legs(&delta)), "{} {}", legs(&whole), legs(&delta));
    let nothing = stage.text("/lga/aidx?since=2013-02-09T23:00:00Z").await;
    assert_eq!(legs(&nothing), 0);
    assert_eq!(stage.ask("/lga/aidx?since=yesterday").await.status(), 400);
}

#[actix_web::test]
async fn successive_deltas_equal_the_complete_response() {
    let stage = Stage::open();
    let mut last = stage.text("/lga/aidx").await;
    let mut newest: std::collections::HashMap<String, String> = Default::default();
    let mut keep = |xml: &str| {
        for leg in xml.split("<FlightLeg>").skip(1) {
            newest.insert(
                leg.split("</LegIdentifier>").next().unwrap().to_owned(),
                leg.split("</FlightLeg>").next().unwrap().to_owned(),
            );
        }
    };
    keep(&last);
    for _ in 0..40 {
        stage.pass(7);
        last = stage.text(&format!("/lga/aidx?since={}", attribute(&last, "TimeStamp"))).await;
        keep(&last);
    }
    for leg in stage.text("/lga/aidx").await.split("<FlightLeg>").skip(1) {
        let identifier = leg.split("</LegIdentifier>").next().unwrap();
        assert_eq!(
            newest.get(identifier).map(String::as_str),
            leg.split("</FlightLeg>").next(),
            "{identifier}"
        );
    }
}

#[actix_web::test]
async fn pages_lead_from_the_first_to_the_last_and_hold_every_row_once() {
    let stage = Stage::open();
    let (mut next, mut pages, mut ids, mut names) =
        (Some(stage.url("/ewr/flights?page=0")), 0, HashSet::new(), HashSet::new());
    while let Some(url) = next {
        let response = stage.ask(&url).await;
        let link = header(&response, "link");
        let page: Value = response.json().await.unwrap();
        let rows = page["flights"].as_array().unwrap();
        assert!(!rows.is_empty() && rows.len() <= 20);
        for row in rows {
            assert!(ids.insert(row["id"].as_str().unwrap().to_owned()), "{row}");
            names.insert((row["flightName"].to_string(), row["mainFlight"].to_string()));
        }
        pages += 1;
        assert_eq!(link.contains("rel=\"prev\""), pages > 1);
        next = link
            .split(", ")
            .find(|part| part.ends_with("rel=\"next\""))
            .map(|part| part[1..].split('>').next().unwrap().to_owned());
    }
    assert!(pages > 30, "{pages}");
    assert!(names.iter().any(|(name, main)| name != main), "codeshares are rows of their own");
    let last = stage.ask(&format!("/ewr/flights?page={}", pages)).await;
    assert_eq!(last.json::<Value>().await.unwrap()["flights"], json!([]));
}

#[actix_web::test]
async fn a_first_page_that_is_unchanged_speaks_for_all_pages() {
    let stage = Stage::open();
    let ask = |tag: String| {
        let request = stage.get("/ewr/flights?page=0").header("If-None-Match", tag);
        async move { request.send().await.unwrap() }
    };
    let first = stage.ask("/ewr/flights?page=0").await;
    let tag = header(&first, "etag");
    let rows = first.text().await.unwrap();
    assert_eq!(ask(tag.clone()).await.status(), 304);
    stage.pass(3);
    let later = ask(tag).await;
    assert_eq!(later.status(), 200);
    assert_eq!(later.text().await.unwrap(), rows, "its own rows are long past and have not changed");
}

#[actix_web::test]
async fn a_row_tells_times_on_the_airport_s_clock_with_its_offset() {
    let stage = Stage::open();
    let page = stage.json("/ewr/flights?page=5&flightDirection=D&scheduleDate=2013-02-08").await;
    for row in page["flights"].as_array().unwrap() {
        assert_eq!(row["flightDirection"], "D");
        assert!(row["scheduleDateTime"].as_str().unwrap().ends_with("-05:00"), "{row}");
        let local =
            format!("{}T{}", row["scheduleDate"].as_str().unwrap(), row["scheduleTime"].as_str().unwrap());
        assert!(row["scheduleDateTime"].as_str().unwrap().starts_with(&local));
        assert!(!row["publicFlightState"]["flightStates"].as_array().unwrap().is_empty());
    }
    assert_eq!(page["flights"].as_array().unwrap().len(), 20);
}

#[actix_web::test]
async fn callers_without_the_right_keys_are_refused_as_schiphol_does() {
    let stage = Stage::open();
    let bare = stage.client.get(stage.url("/ewr/flights")).send().await.unwrap();
    assert_eq!(bare.status(), 403);
    assert!(bare.text().await.unwrap().contains("Authentication parameters missing"));
    let wrong = stage
        .client
        .get(stage.url("/ewr/flights"))
        .header("app_id", "demo")
        .header("app_key", "x")
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 403);
    let version = stage.get("/ewr/flights").header("ResourceVersion", "v3").send().await.unwrap();
    assert_eq!(version.status(), 406);
    assert_eq!(stage.ask("/ewr/flights?page=500").await.status(), 400);
}

#[actix_web::test]
async fn cancelled_flights_are_shown_as_such_in_both_formats() {
    let stage = Stage::open();
    stage.clock.set(at(20));
    let xml = stage.text("/lga/aidx").await;
    assert!(xml.matches(">DX</OperationalStatus>").count() > 100);
    assert!(xml.contains("<ReasonCode>71</ReasonCode>") && xml.contains("Contact airline"));
    let page = stage.json("/ewr/flights?page=20&flightDirection=D").await;
    let all = page["flights"].as_array().unwrap();
    assert!(all.iter().any(|row| row["publicFlightState"]["flightStates"] == json!(["CNX"])));
}

#[actix_web::test]
async fn errors_cuts_and_silence_are_played_when_asked_for() {
    let stage = Stage::open();
    assert_eq!(stage.faults(json!({ "LGA": { "errors": 1 } })).await.status(), 200);
    assert_eq!(stage.ask("/lga/aidx").await.status(), 500);
    assert_eq!(stage.ask("/ewr/flights").await.status(), 200);

    stage.faults(json!({ "LGA": { "errors": 0, "cuts": 1 } })).await;
    let cut = stage.ask("/lga/aidx").await;
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err(), "a cut body is no whole body");

    stage.faults(json!({ "LGA": { "cuts": 0, "timeouts": 1 } })).await;
    let never = stage.get("/lga/aidx").timeout(Duration::from_millis(200)).send().await;
    assert!(never.unwrap_err().is_timeout());

    stage.faults(json!({ "*": { "timeouts": 0, "latency_ms": 0 } })).await;
    assert_eq!(stage.ask("/lga/aidx").await.status(), 200);
    assert_eq!(stage.json("/tally").await["LGA"]["faults"], 3);
}

#[actix_web::test]
async fn answers_repeat_or_come_out_of_order_when_asked_for() {
    let stage = Stage::open();
    let first = stage.text("/lga/aidx").await;
    stage.pass(10);
    let second = stage.text("/lga/aidx").await;
    stage.pass(10);
    stage.faults(json!({ "LGA": { "repeats": 1 } })).await;
    assert_eq!(stage.text("/lga/aidx").await, second);
    stage.faults(json!({ "LGA": { "repeats": 0, "reorders": 1 } })).await;
    assert_eq!(stage.text("/lga/aidx").await, first);
    stage.faults(json!({ "LGA": { "reorders": 0 } })).await;
    let third = stage.text("/lga/aidx").await;
    assert!(third != first && third != second);
}

#[actix_web::test]
async fn times_lose_or_change_their_zone_when_asked_for() {
    let stage = Stage::open();
    let right = attribute(&stage.text("/lga/aidx").await, "TimeStamp");
    stage
        .faults(json!({ "LGA": { "wrong_zone": "missing" }, "EWR": { "wrong_zone": "local_as_utc" } }))
        .await;
    let wrong = attribute(&stage.text("/lga/aidx").await, "TimeStamp");
    assert!(right.ends_with('Z') && !wrong.ends_with('Z') && wrong != right[..right.len() - 1]);
    let page = stage.json("/ewr/flights?page=1").await;
    assert!(page["flights"][0]["scheduleDateTime"].as_str().unwrap().ends_with("+00:00"));
}

#[actix_web::test]
async fn a_silent_airport_answers_with_nothing_new_until_its_hour_is_over() {
    let stage = Stage::open();
    stage.faults(json!({ "LGA": { "silent_from": at(15) } })).await;
    let before = stage.text("/lga/aidx").await;
    stage.pass(59);
    assert_eq!(stage.text("/lga/aidx").await, before);
    stage.pass(1);
    let after = stage.text(&format!("/lga/aidx?since={}", attribute(&before, "TimeStamp"))).await;
    assert!(legs(&after) > 50, "{}", legs(&after));
}

#[actix_web::test]
async fn knobs_that_are_none_are_refused_and_change_nothing() {
    let stage = Stage::open();
    let before = stage.json("/faults").await;
    for wrong in [
        json!({ "LGA": { "errors": 3 } }),
        json!({ "LGA": { "hours": 3 } }),
        json!({ "SFO": {} }),
        json!({ "LGA": 1 }),
    ] {
        let answer = stage.faults(wrong.clone()).await;
        assert_eq!(answer.status(), 400, "{wrong}");
        assert!(answer.text().await.unwrap().contains("error"));
    }
    assert_eq!(stage.json("/faults").await, before);
}

#[actix_web::test]
async fn the_clock_and_the_index_describe_the_replay() {
    let stage = Stage::open();
    assert_eq!(stage.json("/clock").await, json!({ "now": "2013-02-08T15:00:00.000Z", "speed": 1.0 }));
    let index = stage.text("/").await;
    for word in ["A test.", "/lga/aidx", "/ewr/flights", "/faults", "EWR knows"] {
        assert!(index.contains(word), "{word}");
    }
}
