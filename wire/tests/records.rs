//! Records of the log read back unchanged.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as tests do")]

mod support;

use chrono::{DateTime, TimeDelta, Utc};
use domain::codes::{AirlineCode, Designator, FlightNumber, Iata};
use domain::field::{Field, FieldKind, Step, Value};
use domain::flight::{Applied, Flight, Override};
use domain::leg::{Alias, LegKey};
use domain::ports::{LogEntry, Version};
use domain::report::{Confidence, Report, Source, Statement};
use gatecall_wire::frame::server;
use gatecall_wire::record::{
    RecordError, check_log, decode_change, decode_log, decode_report, decode_state, decode_value,
    encode_change, encode_log, encode_report, encode_state, encode_value, past_change,
};
use proptest::prelude::*;
use std::sync::Arc;
use support::{at, evening, key, taken_over};

fn with(json: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(json.to_vec()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replace(from, to).into_bytes()
}

#[test]
fn a_flight_comes_back_with_its_provenance_its_overrides_and_its_aliases() {
    let (mut flight, _) = evening();
    flight.set_override(taken_over(), at("2013-02-08T21:10:00Z"));
    let bare = Override { field: Field::DepartureGate, value: None, ..taken_over() };
    flight.set_override(bare, at("2013-02-08T21:10:01Z"));
    flight.aliases.push(Alias::CallSign("JBU615".into()));
    let json = encode_state(&flight);
    assert_eq!(decode_state(&json).unwrap(), flight);
    assert!(json.len() < 1_200, "a typical state has {} bytes", json.len());
}

#[test]
fn a_leg_keeps_its_identifier_its_suffix_and_its_repeat() {
    let suffix = Some(domain::codes::Suffix::parse("A").unwrap());
    let flight = Flight::new(LegKey { suffix, repeat: 2, ..key() });
    assert_eq!(decode_state(&encode_state(&flight)).unwrap(), flight);
}

#[test]
fn a_newer_version_is_refused_by_its_number_even_if_nothing_else_is_known_of_it() {
    for json in [&b"{\"v\":2}"[..], b"{\"v\":2,\"leg\":{},\"said\":7}"] {
        for error in
            [decode_state(json).unwrap_err(), decode_change(json).unwrap_err(), decode_log(json).unwrap_err()]
        {
            assert_eq!(error, RecordError::Newer { found: 2 });
            assert!(error.to_string().contains("a newer hub wrote it"));
        }
    }
}

#[test]
fn additions_of_a_newer_minor_version_are_ignored() {
    let (flight, changes) = evening();
    let json = with(&encode_state(&flight), "{\"v\":1,", "{\"v\":1,\"mood\":{\"a\":[1]},");
    let json = with(&json, "\"set\":{", "\"certainty\":0.5,\"set\":{\"departure.jet_bridge\":[\"B\"],");
    let json = with(&json, "\"clear\":[", "\"clear\":[\"departure.lounge\",");
    let json = with(&json, "\"aliases\":[", "\"aliases\":[[\"tail\",\"x\"],");
    assert_eq!(decode_state(&json).unwrap(), flight);
    let json = with(&encode_change(&changes[1]), "\"kinds\":[", "\"why\":null,\"kinds\":[\"lounge\",");
    let mut kinds = past_change(&changes[1]).kinds;
    kinds.insert(0, "lounge".into());
    assert_eq!(decode_change(&json).unwrap().change.kinds, kinds);
}

#[test]
fn every_record_of_a_hidden_leg_marks_it_as_hidden() {
    let (mut flight, _) = evening();
    for (hidden, kinds) in [(true, 1), (false, 0)] {
        let hour = if hidden { "22" } else { "23" };
        let at = format!("2013-02-08T{hour}:00:00Z");
        let hide = support::report(&at, |r| r.set(Field::Hidden, Value::Flag(hidden)));
        let Ok(Applied::Changed(change)) = flight.apply(&hide, hide.received_at) else { panic!("unchanged") };
        let past = past_change(&change);
        assert_eq!((past.is_hidden(), past.kinds.len()), (hidden, kinds));
        assert_eq!(decode_change(&encode_change(&change)).unwrap().change, past);
        assert_eq!(server::past_change(&change.leg, &past), server::change(&change), "no client gets it");
    }
}

#[test]
fn a_broken_record_is_refused_with_the_error() {
    let json = encode_state(&evening().0);
    for (from, to, reason) in [
        ("{\"v\":1,", "{", "missing field `v`"),
        ("{\"v\":1,", "{\"v\":0,", "version 0"),
        ("\"carrier\":\"B6\"", "\"carrier\":\"B66\"", "key: \"B66\" is not an airline code"),
        ("\"leg\":\"", "\"leg\":\"/", "leg: is not an identifier"),
        ("\"departure.gate\":\"14\"", "\"departure.gate\":14", "departure.gate: is of the wrong sort"),
        (
            "\"departure.estimated\":",
            "\"departure.estimated\":0.5e1,\"x\":",
            "departure.estimated: is not in whole seconds",
        ),
        ("\"EI5105\"", "\"5105\"", "codeshares: \"5105\" is not a flight designator"),
        ("\"clear\":[", "\"clear\":[\"departure.gate\",", "departure.gate has two claims"),
    ] {
        let error = decode_state(&with(&json, from, to)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} does not contain {reason}");
    }
    assert!(matches!(decode_state(&json[..json.len() - 1]), Err(RecordError::Broken(_))));
    let change = encode_change(&evening().1[0]);
    let error = decode_change(&with(&change, "\"set\":{", "\"set\":[],\"x\":{")).unwrap_err().to_string();
    assert!(error.contains("set: is not an object"), "{error}");
}

#[test]
fn a_change_record_decodes_to_its_history_entry() {
    for change in evening().1 {
        let record = decode_change(&encode_change(&change)).unwrap();
        assert_eq!((record.leg, record.change), (change.leg.clone(), past_change(&change)));
    }
    let past = past_change(&evening().1[1]);
    assert_eq!(past.kinds, ["time", "delay", "gate"]);
    let set: serde_json::Value = serde_json::from_str(&past.set_json).unwrap();
    assert_eq!(set["departure.gate"], "14");
}

#[test]
fn a_value_of_another_sort_or_a_broken_one_is_refused_with_its_field() {
    for json in ["", "{", "12", "[\"x\"]", "null"] {
        assert!(decode_value(Field::DepartureGate, json).is_err(), "{json}");
    }
    let error = decode_value(Field::DepartureActual, "\"noon\"").unwrap_err().to_string();
    assert!(error.contains("departure.actual: is of the wrong sort"), "{error}");
}

#[test]
fn a_log_record_holds_the_state_and_the_changes_that_led_to_it() {
    let (flight, changes) = evening();
    for changes in [changes, Vec::new()] {
        let entry = LogEntry { after: Version::NONE, flight: Arc::new(flight.clone()), changes };
        let json = encode_log(&entry);
        check_log(&flight.leg, &json).unwrap();
        assert!(check_log(&domain::leg::LegId::known("B6-1").unwrap(), &json).is_err(), "of another leg");
        assert!(check_log(&flight.leg, &json[..json.len() - 1]).is_err(), "cut off");
        let record = decode_log(&json).unwrap();
        assert_eq!(record.flight, flight);
        assert_eq!(record.changes, entry.changes.iter().map(past_change).collect::<Vec<_>>());
    }
}

/// A value of the sort the field takes.
fn value_for(field: Field) -> BoxedStrategy<Value> {
    match field.kind() {
        FieldKind::Text(_) => {
            "[A-Z0-9é\"\\\\/]{1,8}".prop_map(move |text| Value::text(field, &text).unwrap()).boxed()
        }
        FieldKind::Time => (1_360_000_000_i64..1_361_000_000)
            .prop_map(move |s| Value::time(field, DateTime::from_timestamp(s, 0).unwrap()).unwrap())
            .boxed(),
        FieldKind::Step => (0..Step::WORDS.len()).prop_map(|index| Value::Step(Step::WORDS[index].0)).boxed(),
        FieldKind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        FieldKind::Airport => "[A-Z]{3}".prop_map(|text| Value::Airport(Iata::parse(&text).unwrap())).boxed(),
        FieldKind::Codeshares => proptest::collection::vec(("[A-Z]{2}", 1_u16..9999), 0..4)
            .prop_map(|flights| {
                let designator = |(airline, number): (String, u16)| Designator {
                    airline: AirlineCode::parse(&airline).unwrap(),
                    number: FlightNumber::parse(&number.to_string()).unwrap(),
                    suffix: None,
                };
                Value::codeshares(flights.into_iter().map(designator).collect()).unwrap()
            })
            .boxed(),
    }
}

fn statement() -> impl Strategy<Value = (Field, Option<Value>)> {
    (0..Field::TABLE.len()).prop_flat_map(|index| {
        let field = Field::TABLE[index].0;
        (Just(field), proptest::option::of(value_for(field)))
    })
}

/// A report of one of three sources, at any instant to the nanosecond.
fn report() -> impl Strategy<Value = Report> {
    let airport = prop_oneof![Just(None), Just(Some(key().from)), Just(Some(key().to))];
    let source = ("[a-z]{1,6}", airport, 0_u8..100, proptest::bool::weighted(0.8));
    let alias = prop_oneof![
        "[a-z0-9:]{1,12}".prop_map(|t| Alias::Provider(t.into())),
        "[A-Z0-9]{2,7}".prop_map(|t| Alias::CallSign(t.into()))
    ];
    (
        source,
        // Old enough to be refused for speaking of the future, and new enough not to be.
        prop_oneof![1 => -2_000_000_000_i64..1_361_000_000, 4 => 1_361_000_000_i64..1_361_000_500],
        0_u32..1_000_000_000,
        0_i64..1_000_000,
        (proptest::collection::vec(statement(), 0..12), proptest::collection::vec(statement(), 0..3)),
        (proptest::collection::vec(alias, 0..3), 615_u16..617),
    )
        .prop_map(
            |(
                (name, airport, rank, creates),
                seconds,
                nanos,
                lag_millis,
                (statements, fallback_statements),
                (aliases, number),
            )| {
                let observed_at: DateTime<Utc> = DateTime::from_timestamp(seconds, nanos).unwrap();
                let source =
                    Arc::new(Source { name: name.into(), airport, rank, creates, scope: Default::default() });
                let received_at = observed_at + TimeDelta::milliseconds(lag_millis);
                let mut report = Report {
                    source,
                    key: LegKey { number: FlightNumber::parse(&number.to_string()).unwrap(), ..key() },
                    aliases,
                    observed_at,
                    received_at,
                    statements: Vec::new(),
                    fallback_statements: Vec::new(),
                };
                let said = statements.into_iter().map(|said| (Confidence::Primary, said));
                for (standing, (field, value)) in
                    said.chain(fallback_statements.into_iter().map(|said| (Confidence::Fallback, said)))
                {
                    report.state(standing, Statement { field, value });
                }
                report
            },
        )
}

/// A report with its statements in the order of their fields, in which nothing depends on it.
fn in_order(mut report: Report) -> Report {
    report.statements.sort_by_key(|statement| statement.field);
    report.fallback_statements.sort_by_key(|statement| statement.field);
    report
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_report_comes_back_as_it_was_sent(sent in report()) {
        let read = decode_report(&encode_report(&sent)).unwrap();
        prop_assert_eq!(in_order(read), in_order(sent));
    }

    #[test]
    fn no_bytes_make_a_reader_of_reports_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_report(&bytes);
        let mut cut = encode_report(&support::late());
        cut.truncate(bytes.len());
        prop_assert!(decode_report(&cut).is_err());
    }
}

#[test]
fn an_unreadable_report_names_the_position() {
    let json = encode_report(&support::late());
    for (from, to, reason) in [
        ("{\"v\":1,", "{\"v\":7,", "a newer hub wrote it"),
        ("\"airport\":\"JFK\"", "\"airport\":\"J\"", "by.airport: "),
        ("\"carrier\":\"B6\"", "\"carrier\":\"B66\"", "key: \"B66\" is not an airline code"),
        ("\"departure.gate\":\"14\"", "\"departure.gate\":14", "departure.gate: is of the wrong sort"),
    ] {
        let error = decode_report(&with(&json, from, to)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} does not contain {reason}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn whatever_reports_have_made_of_a_flight_comes_back_exactly(
        reports in proptest::collection::vec(report(), 0..8),
        order in proptest::option::of((statement(), 0_i64..1_000_000_000)),
        now_nanos in 0_u32..1_000_000_000,
    ) {
        let now = DateTime::from_timestamp(1_361_001_000, now_nanos).unwrap();
        let mut flight = Flight::new(key());
        for report in &reports {
            // A refusal is a state too.
            if let Ok(Applied::Changed(change)) = flight.apply(report, now) {
                let record = decode_change(&encode_change(&change)).unwrap();
                prop_assert_eq!(record.change, past_change(&change));
            }
        }
        if let Some(((field, value), millis)) = order {
            let until = now + TimeDelta::milliseconds(millis + 1);
            flight.set_override(Override { field, value, set_by: "desk".into(), set_at: now, until }, now);
        }
        prop_assert_eq!(decode_state(&encode_state(&flight)).unwrap(), flight);
    }

    #[test]
    fn every_value_comes_back_alone((field, value) in statement()) {
        if let Some(value) = value {
            prop_assert_eq!(decode_value(field, &encode_value(&value)).unwrap(), value);
        }
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode_state(&bytes).is_err());
        prop_assert!(decode_change(&bytes).is_err());
        prop_assert!(decode_log(&bytes).is_err());
    }

    #[test]
    fn no_cut_or_flipped_record_makes_the_reader_panic(place in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut json = encode_state(&evening().0);
        let place = place.index(json.len());
        json[place] = byte;
        let _ = decode_state(&json);
        prop_assert!(decode_state(&json[..place]).is_err());
    }
}
