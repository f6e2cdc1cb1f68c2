//! One example of everything that leaves the hub, byte for byte. The browser's tests read the same
//! folder, so that a change here is seen from both sides.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as tests do")]

mod support;

use domain::board::Board;
use domain::codes::Direction;
use domain::ports::{LogEntry, Version};
use domain::topic::Topic;
use gatecall_wire::flight::{FlightBody, flight_json};
use gatecall_wire::frame::client::{AuthToken, ClientFrame, parse};
use gatecall_wire::frame::server::{self, ErrorCode, ServerFrame};
use gatecall_wire::problem::ProblemBody;
use gatecall_wire::record::{
    decode_change, decode_log, decode_state, encode_change, encode_log, encode_report, encode_state,
    past_change,
};
use gatecall_wire::rest::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use support::{at, evening, repository_file, taken_over};

/// A file's name without its end, and its text.
type Golden = BTreeMap<String, String>;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn frames(golden: &mut Golden) {
    let (flight, changes) = evening();
    let row = flight_json(&flight.leg, flight.rev, flight.changed_at, &flight.view());
    let board = Topic::Board(flight.key.from, Direction::Departures);
    let message = "topic: \"board/JFK\" is not flight/{leg}, board/{IATA}/departures, board/{IATA}/arrivals, \
                   airline/{code} or all";
    for (name, frame) in [
        ("hello", server::hello("01JKQ3V7", at("2013-02-08T21:04:00Z"), 60.0, 25)),
        ("snapshot", server::snapshot(&board, false, [row.as_slice()].into_iter())),
        ("snapshot-partial", server::snapshot(&board, true, std::iter::empty())),
        ("change", server::change(&changes[1])),
        ("change-created", server::change(&changes[0])),
        ("state", server::state(&row)),
        ("gone", server::gone(&flight.leg, &board)),
        ("upstream", server::upstream(Some(at("2013-02-08T21:04:11.250Z")))),
        ("upstream-current", server::upstream(None)),
        ("error", server::error(Some(3), ErrorCode::UnknownTopic, message)),
        ("source", server::source("jfk", Some(flight.key.from), Some(at("2013-02-08T20:04:00Z")))),
        ("source-heard", server::source("jfk", Some(flight.key.from), None)),
        ("ping", server::ping(at("2013-02-08T21:05:00Z"), 60.0)),
    ] {
        golden.insert(format!("frame-{name}"), text(&frame));
    }
}

fn client_frames(golden: &mut Golden) {
    let (flight, _) = evening();
    let topic = Topic::Board(flight.key.from, Direction::Departures);
    let leg = flight.leg.clone();
    for (name, frame) in [
        ("follow", ClientFrame::Follow { topic: topic.clone(), since: None, ref_: Some(1) }),
        (
            "follow-since",
            ClientFrame::Follow { topic: topic.clone(), since: Some(flight.changed_at), ref_: Some(2) },
        ),
        ("unfollow", ClientFrame::Unfollow { topic, ref_: None }),
        ("get", ClientFrame::Get { leg, ref_: Some(3) }),
        ("auth", ClientFrame::Auth { token: AuthToken::new("gct_example"), ref_: Some(4) }),
        ("pong", ClientFrame::Pong),
    ] {
        golden.insert(format!("client-{name}"), frame.to_json());
    }
}

fn records(golden: &mut Golden) {
    let (mut flight, changes) = evening();
    golden.insert("record-change".into(), text(&encode_change(&changes[1])));
    let entry =
        LogEntry { after: Version::NONE, flight: Arc::new(flight.clone()), changes: changes[1..].to_vec() };
    golden.insert("record-log".into(), text(&encode_log(&entry)));
    flight.set_override(taken_over(), at("2013-02-08T21:10:00Z"));
    golden.insert("record-state".into(), text(&encode_state(&flight)));
    golden.insert("record-report".into(), text(&encode_report(&support::late())));
}

fn bodies(golden: &mut Golden) {
    let (flight, changes) = evening();
    let row = flight_json(&flight.leg, flight.rev, flight.changed_at, &flight.view());
    let mut rows = Board::default();
    rows.put(&flight.leg, flight.view().board_time(Direction::Departures), flight.changed_at, row.clone());
    let rows = || rows.rows().map(Vec::as_slice);
    let age = Age { as_of: at("2013-02-08T21:05:00Z"), silent_sources: vec![silent_source()] };
    let board = board_json(&jfk(), Direction::Departures, &age, rows());
    let mut put = |name: &str, body: String| golden.insert(format!("rest-{name}"), body);
    put("flight", text(&row));
    put("board", text(&board));
    put("flights", text(&flights_json(&age, rows(), Some("B6-615-20130208-JFK-FLL"))));
    put("flight-answer", text(&flight_answer_json(&row.into(), &age.silent_sources)));
    let entries = changes.iter().map(|change| HistoryEntry::of(&past_change(change))).collect();
    put("history", json(&HistoryBody { leg: flight.leg.to_string(), entries, next: Some(2) }));
    put("airports", json(&AirportsBody { airports: vec![jfk_row()], next: None }));
    put("airports-page", json(&AirportsBody { airports: vec![jfk_row()], next: Some("JFK".into()) }));
    let jetblue = AirlineRow { code: "B6".into(), icao: Some("JBU".into()), name: "JetBlue Airways".into() };
    put("airlines", json(&AirlinesBody { airlines: vec![jetblue] }));
    put("feeds", json(&FeedsBody { feeds: vec![feed(), silent_feed()] }));
    put("ingest", json(&ingest()));
    put("clock", json(&ClockBody { now: at("2013-02-08T21:05:00Z"), speed: 60.0 }));
    put("problem", json(&problem()));
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap()
}

fn silent_source() -> SilentSource {
    SilentSource { feed: "jfk".into(), airport: Some("JFK".into()), since: at("2013-02-08T20:04:00Z") }
}

fn jfk() -> BoardAirport {
    BoardAirport {
        iata: "JFK".into(),
        name: "John F. Kennedy International Airport".into(),
        city: "New York".into(),
        country: "US".into(),
        zone: "America/New_York".into(),
    }
}

fn jfk_row() -> AirportRow {
    let BoardAirport { iata, name, city, country, zone } = jfk();
    AirportRow { iata, name, city, country, zone, flights: 297 }
}

fn feed() -> FeedRow {
    FeedRow {
        feed: "jfk".into(),
        airport: Some("JFK".into()),
        kind: FeedKind::Push,
        state: FeedState::Good,
        last_good_at: Some(at("2013-02-08T21:04:58Z")),
        last_error: None,
        age_seconds: Some(2),
        reports: FeedReports { changed: 1204, unchanged: 310, queued: 0, rejected: 2 },
        speaks_for: "airport".into(),
        flights: 610,
        flights_max: Some(100_000),
        out_of_scope: vec![OutOfScopeRow { reason: "other_side".into(), count: 12 }],
    }
}

fn silent_feed() -> FeedRow {
    FeedRow {
        feed: "lga".into(),
        airport: Some("LGA".into()),
        kind: FeedKind::Pull,
        state: FeedState::Failing,
        last_good_at: None,
        last_error: Some("no answer within 10 s".into()),
        age_seconds: None,
        reports: FeedReports::default(),
        speaks_for: "airport".into(),
        flights: 0,
        flights_max: None,
        out_of_scope: Vec::new(),
    }
}

fn ingest() -> IngestBody {
    let reason = "is longer than 8 characters".into();
    let rejected = vec![RejectedReport { index: Some(1), field: Some("departure.gate".into()), reason }];
    IngestBody { accepted: 2, changed: 1, unchanged: 1, queued: 0, left_out: None, rejected }
}

fn problem() -> ProblemBody {
    ProblemBody::new(400, "Bad request")
        .with_detail("1 parameter cannot be used")
        .with_error("direction", "must be departures or arrivals")
}

fn all() -> Golden {
    let mut golden = Golden::new();
    frames(&mut golden);
    client_frames(&mut golden);
    records(&mut golden);
    bodies(&mut golden);
    golden
}

#[test]
fn every_golden_file_is_up_to_date() {
    for (name, text) in all() {
        support::assert_fresh(&format!("wire/golden/{name}.json"), &format!("{text}\n"));
    }
}

#[test]
fn no_golden_file_is_left_over() {
    let golden = all();
    for entry in std::fs::read_dir(repository_file("wire/golden")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.strip_suffix(".json").unwrap_or_else(|| panic!("{name} is no JSON"));
        assert!(golden.contains_key(stem), "nothing writes {name} any more");
    }
}

#[test]
fn every_frame_type_and_every_op_has_a_golden_file() {
    let golden = all();
    for type_ in ServerFrame::TYPES {
        let frame: ServerFrame = serde_json::from_str(&golden[&format!("frame-{type_}")]).unwrap();
        assert_eq!(frame.type_(), type_);
    }
    for op in ClientFrame::OPS {
        assert_eq!(
            parse(&golden[&format!("client-{op}")]).unwrap().to_json(),
            golden[&format!("client-{op}")]
        );
    }
}

/// Read by its type and written again it is the same text.
fn assert_reads<T: Serialize + DeserializeOwned>(golden: &Golden, name: &str) {
    let read: T = serde_json::from_str(&golden[name]).unwrap();
    assert_eq!(json(&read), golden[name], "{name}");
}

#[test]
fn every_golden_body_and_record_is_read_as_it_was_written() {
    let golden = all();
    assert_reads::<FlightBody>(&golden, "rest-flight");
    assert_reads::<BoardBody>(&golden, "rest-board");
    assert_reads::<FlightsBody>(&golden, "rest-flights");
    assert_reads::<FlightAnswer>(&golden, "rest-flight-answer");
    assert_reads::<HistoryBody>(&golden, "rest-history");
    assert_reads::<AirportsBody>(&golden, "rest-airports");
    assert_reads::<AirportsBody>(&golden, "rest-airports-page");
    assert_reads::<AirlinesBody>(&golden, "rest-airlines");
    assert_reads::<FeedsBody>(&golden, "rest-feeds");
    assert_reads::<IngestBody>(&golden, "rest-ingest");
    assert_reads::<ClockBody>(&golden, "rest-clock");
    assert_reads::<ProblemBody>(&golden, "rest-problem");
    assert_eq!(decode_state(golden["record-state"].as_bytes()).unwrap().overrides, [taken_over()]);
    assert_eq!(decode_log(golden["record-log"].as_bytes()).unwrap().flight, evening().0);
    assert_eq!(
        decode_change(golden["record-change"].as_bytes()).unwrap().change,
        past_change(&evening().1[1])
    );
}
