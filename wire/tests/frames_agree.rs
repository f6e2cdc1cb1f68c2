//! The fast writers and the reading types agree.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as tests do")]

mod support;

use chrono::{DateTime, Utc};
use domain::board::Board;
use domain::codes::Direction;
use domain::flight::Flight;
use domain::leg::LegId;
use domain::topic::Topic;
use gatecall_wire::flight::{FlightBody, flight_json};
use gatecall_wire::frame::server::{
    self, ClockBody, ErrorCode, ErrorFrame, GoneFrame, HelloFrame, PingFrame, ServerFrame, SourceFrame,
    UpstreamFrame,
};
use gatecall_wire::rest::{self, Age, BoardAirport, BoardBody, FlightAnswer, FlightsBody, SilentSource};
use proptest::prelude::*;
use support::{at, evening, key};

fn json_of(flight: &Flight) -> Vec<u8> {
    flight_json(&flight.leg, flight.rev, flight.changed_at, &flight.view())
}

fn body_of(flight: &Flight) -> FlightBody {
    FlightBody::of(&flight.leg, flight.rev, flight.changed_at, &flight.view())
}

fn read(frame: &[u8]) -> ServerFrame {
    assert!(frame.starts_with(b"{\"type\":\""), "the first key of every frame is its type");
    serde_json::from_slice(frame).unwrap()
}

/// What is read is what was meant, and written by serde it is the same text (but for the order of
/// the paths in `set`, which means nothing).
fn assert_agrees(frame: &[u8], meant: &ServerFrame) {
    assert_eq!(&read(frame), meant);
    let by_serde: serde_json::Value = serde_json::to_value(meant).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(frame).unwrap(), by_serde);
}

#[test]
fn a_flight_is_the_same_bytes_whether_written_fast_or_by_its_type() {
    let (flight, _) = evening();
    let json = json_of(&flight);
    assert_eq!(String::from_utf8(json.clone()).unwrap(), serde_json::to_string(&body_of(&flight)).unwrap());
    assert_eq!(serde_json::from_slice::<FlightBody>(&json).unwrap(), body_of(&flight));
    let empty = Flight::new(key());
    assert_eq!(String::from_utf8(json_of(&empty)).unwrap(), serde_json::to_string(&body_of(&empty)).unwrap());
}

#[test]
fn the_hello_writer_agrees_with_its_type() {
    for (now, speed) in
        [("2013-02-08T15:00:00Z", 60.0), ("2013-02-08T15:00:00.250Z", 1.0), ("2013-02-08T15:00:00Z", 0.5)]
    {
        let clock = ClockBody { now: at(now), speed };
        let meant = ServerFrame::Hello(HelloFrame { epoch: "a\"b".into(), clock, ping_s: 25 });
        assert_agrees(&server::hello("a\"b", at(now), speed, 25), &meant);
    }
}

#[test]
fn a_snapshot_is_its_rows_in_their_order_in_a_buffer_of_their_size() {
    let (flight, _) = evening();
    let topic = Topic::Board(key().from, Direction::Departures);
    for count in [0, 1, 3] {
        let rows = vec![json_of(&flight); count];
        let frame = server::snapshot(&topic, count == 1, rows.iter().map(Vec::as_slice));
        let ServerFrame::Snapshot(read) = read(&frame) else { panic!("no snapshot") };
        assert_eq!((read.topic.as_str(), read.partial), ("board/JFK/departures", count == 1));
        assert_eq!(read.flights, vec![body_of(&flight); count]);
    }
}

#[test]
fn a_snapshot_can_be_made_from_a_part_of_a_board() {
    let (flight, _) = evening();
    let mut board = Board::default();
    board.put(
        &flight.leg,
        flight.view().board_time(Direction::Departures),
        flight.changed_at,
        json_of(&flight),
    );
    let frame = server::snapshot(&Topic::All, true, board.rows().map(Vec::as_slice));
    assert!(matches!(read(&frame), ServerFrame::Snapshot(s) if s.flights.len() == 1));
}

#[test]
fn applying_changes_one_after_the_other_gives_the_whole_flight() {
    let (flight, changes) = evening();
    let mut held = serde_json::to_value(body_of(&Flight::new(key()))).unwrap();
    for change in &changes {
        let ServerFrame::Change(frame) = read(&server::change(change)) else { panic!("no change") };
        assert_eq!(frame.rev, held["rev"].as_u64().unwrap() + 1);
        held["rev"] = frame.rev.into();
        held["changed_at"] = serde_json::to_value(frame.at).unwrap();
        for (path, value) in frame.set {
            let pointer = format!("/{}", path.replace('.', "/"));
            *held.pointer_mut(&pointer).unwrap_or_else(|| panic!("{path} is no path")) = value;
        }
    }
    assert_eq!(serde_json::from_value::<FlightBody>(held).unwrap(), body_of(&flight));
}

#[test]
fn a_change_names_its_kinds_and_what_is_new() {
    let (_, changes) = evening();
    let ServerFrame::Change(frame) = read(&server::change(&changes[1])) else { panic!("no change") };
    let kinds: Vec<_> = frame.kinds.iter().map(|kind| kind.0.as_str()).collect();
    assert_eq!(kinds, ["time", "delay", "gate"]);
    assert_eq!(frame.set["departure.gate"], "14");
    assert_eq!(frame.set["departure.estimated"], "2013-02-08T21:40:00Z");
    assert_eq!(frame.set["status"], "delayed");
    assert_eq!((frame.rev, frame.at, frame.set.len()), (2, at("2013-02-08T21:04:11.250Z"), 6));
}

#[test]
fn a_change_that_was_read_from_a_log_makes_the_same_frame_as_the_change_itself() {
    for change in evening().1 {
        let past = gatecall_wire::record::past_change(&change);
        assert_eq!(server::past_change(&change.leg, &past), server::change(&change));
    }
}

#[test]
fn the_writers_of_state_gone_ping_and_error_agree_with_their_types() {
    let (flight, _) = evening();
    let ServerFrame::State(state) = read(&server::state(&json_of(&flight))) else { panic!("no state") };
    assert_eq!(state.flight, body_of(&flight));
    let topic = Topic::Flight(flight.leg.clone());
    let gone = GoneFrame { leg: flight.leg.to_string(), topic: topic.to_string() };
    assert_agrees(&server::gone(&flight.leg, &topic), &ServerFrame::Gone(gone));
    for speed in [1.0, 60.0] {
        let clock = Some(ClockBody { now: at("2013-02-08T21:04:00.250Z"), speed });
        let ping = server::ping(at("2013-02-08T21:04:00.250Z"), speed);
        assert_agrees(&ping, &ServerFrame::Ping(PingFrame { clock }));
    }
    assert_eq!(read(b"{\"type\":\"ping\"}"), ServerFrame::Ping(PingFrame { clock: None }), "an older hub's");
    for (airport, since) in [(Some(key().from), Some(at("2013-02-08T20:04:00Z"))), (None, None)] {
        let source = server::source("j\"fk", airport, since);
        let airport = airport.map(|iata| iata.to_string());
        assert_agrees(&source, &ServerFrame::Source(SourceFrame { feed: "j\"fk".into(), airport, since }));
    }
    for since in [None, Some(at("2013-02-08T21:04:11.250Z"))] {
        let meant = UpstreamFrame { current: since.is_none(), since };
        assert_agrees(&server::upstream(since), &ServerFrame::Upstream(meant));
    }
    for (code, word) in ErrorCode::WORDS {
        let frame = server::error(Some(7), code, "topic: \"x\"\nis none");
        let meant = ErrorFrame { r#ref: Some(7), code, message: "topic: \"x\"\nis none".into() };
        assert_agrees(&frame, &ServerFrame::Error(meant));
        assert!(String::from_utf8_lossy(&frame).contains(&format!("\"code\":\"{word}\"")));
    }
    assert!(String::from_utf8_lossy(&server::error(None, ErrorCode::BadFrame, "")).contains("\"ref\":null"));
}

#[test]
fn a_board_and_a_page_of_flights_are_assembled_as_their_types_are_written() {
    let (flight, _) = evening();
    let rows = [json_of(&flight), json_of(&flight)];
    let airport = BoardAirport {
        iata: "JFK".into(),
        name: "John F. Kennedy \"Intl\"".into(),
        city: "New York".into(),
        country: "US".into(),
        zone: "America/New_York".into(),
    };
    let silent = |airport: Option<&str>| SilentSource {
        feed: "lga".into(),
        airport: airport.map(str::to_owned),
        since: at("2013-02-08T20:04:00.250Z"),
    };
    let silent_sources = vec![silent(Some("LGA")), silent(None)];
    let age = Age { as_of: flight.changed_at, silent_sources: silent_sources.clone() };
    let json = rest::board_json(&airport, Direction::Departures, &age, rows.iter().map(Vec::as_slice));
    let board = BoardBody {
        airport,
        direction: Direction::Departures.into(),
        as_of: flight.changed_at,
        silent_sources: silent_sources.clone(),
        flights: vec![body_of(&flight); 2],
    };
    assert_eq!(String::from_utf8(json).unwrap(), serde_json::to_string(&board).unwrap());
    for next in [None, Some("a\"b".to_owned())] {
        let json = rest::flights_json(&age, rows.iter().map(Vec::as_slice), next.as_deref());
        let (as_of, silent_sources) = (flight.changed_at, silent_sources.clone());
        let page = FlightsBody { as_of, silent_sources, flights: vec![body_of(&flight); 2], next };
        assert_eq!(String::from_utf8(json).unwrap(), serde_json::to_string(&page).unwrap());
    }
    for silent_sources in [Vec::new(), silent_sources] {
        let json = rest::flight_answer_json(&rows[0].clone().into(), &silent_sources);
        let answer = FlightAnswer { flight: body_of(&flight), silent_sources };
        assert_eq!(str::from_utf8(&json).unwrap(), serde_json::to_string(&answer).unwrap());
    }
}

proptest! {
    #[test]
    fn every_instant_of_every_plausible_clock_is_written_as_it_is_read(
        seconds in 0_i64..4_102_444_800,
        nanos in 0_u32..1_000_000_000,
        rev in any::<u64>(),
    ) {
        let changed_at = DateTime::<Utc>::from_timestamp(seconds, nanos).unwrap();
        let (flight, _) = evening();
        let json = flight_json(&LegId::known("A-1").unwrap(), rev, changed_at, &flight.view());
        let body = FlightBody::of(&LegId::known("A-1").unwrap(), rev, changed_at, &flight.view());
        prop_assert_eq!(String::from_utf8(json).unwrap(), serde_json::to_string(&body).unwrap());
    }
}
