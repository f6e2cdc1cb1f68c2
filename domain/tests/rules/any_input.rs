//! No input panics: texts of any sort, values that fit no field, instants at the ends of time.

use crate::story::*;
use chrono::{DateTime, NaiveDate, Utc};
use gatecall_domain::clock::ClockSpec;
use gatecall_domain::codes::{AirlineCode, Designator, Direction, FlightNumber, Iata, Suffix};
use gatecall_domain::field::{Field, Step, Value};
use gatecall_domain::flight::{Flight, Override};
use gatecall_domain::leg::{Alias, LegId, LegKey};
use gatecall_domain::report::{Report, ReportedStatus, Source, Statement};
use gatecall_domain::topic::Topic;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::sync::Arc;

fn any_instant() -> impl Strategy<Value = DateTime<Utc>> {
    let ends = [DateTime::<Utc>::MIN_UTC, DateTime::UNIX_EPOCH, at("15:00"), DateTime::<Utc>::MAX_UTC];
    prop_oneof![
        select(ends.to_vec()),
        any::<i64>().prop_map(|s| DateTime::from_timestamp(s, 0).unwrap_or_default())
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<String>().prop_map(|t| Value::Text(t.into())),
        any::<i64>().prop_map(Value::Time),
        select(Step::WORDS.to_vec()).prop_map(|(step, _)| Value::Step(step)),
        any::<bool>().prop_map(Value::Flag),
        Just(Value::Airport(iata("FLL"))),
        Just(Value::Codeshares(Arc::default())),
    ]
}

fn any_statement() -> impl Strategy<Value = Statement> {
    let fields: Vec<Field> = Field::TABLE.iter().map(|row| row.0).collect();
    (select(fields), proptest::option::of(any_value())).prop_map(|(field, value)| Statement { field, value })
}

fn any_date() -> impl Strategy<Value = NaiveDate> {
    select(vec![NaiveDate::MIN, key().origin_date, NaiveDate::MAX])
}

fn any_report() -> impl Strategy<Value = Report> {
    (any::<(u8, bool)>(), any_date(), any_instant(), any_instant(), vec(any_statement(), 0..30)).prop_map(
        |((rank, creates), origin_date, observed_at, received_at, statements)| Report {
            source: Arc::new(Source {
                name: "any".into(),
                airport: Some(iata("JFK")),
                rank,
                creates,
                scope: Default::default(),
            }),
            key: LegKey { origin_date, ..key() },
            aliases: Vec::new(),
            observed_at,
            received_at,
            statements,
            fallback_statements: Vec::new(),
        },
    )
}

/// Any text, and texts that almost are what they should be.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[A-Za-z0-9é]{0,10}", "(flight|board|airline|all|/|-|[A-Z]{0,4}){0,6}"]
}

proptest! {
    #![proptest_config(effort())]

    #[test]
    fn no_report_and_no_order_panics(
        reports in vec((any_report(), any_instant()), 1..6), order in any_statement(), until in any_instant(),
    ) {
        let mut flight = Flight::new(reports[0].0.key);
        for (report, now) in &reports {
            let _ = flight.apply(report, *now);
            let Statement { field, value } = order.clone();
            flight.set_override(Override { field, value, set_by: "desk".into(), set_at: *now, until }, *now);
            flight.expire_overrides(*now);
            let view = flight.view();
            let _ = (view.facts(), view.topics(&flight.leg), view.delay_minutes(), flight.retires_at());
            for side in [Direction::Departures, Direction::Arrivals] {
                let stands = view.board_time(side);
                let after = stands.checked_add_signed(chrono::TimeDelta::milliseconds(1));
                prop_assert!(view.may_be_within(side, Some(stands), after), "where it stands, it is found");
            }
        }
    }

    #[test]
    fn no_text_panics_and_parsed_values_round_trip(text in any_text()) {
        let back = |written: String| written == text.to_ascii_uppercase();
        prop_assert!(Iata::parse(&text).map_or(true, |code| back(code.to_string())));
        prop_assert!(AirlineCode::parse(&text).map_or(true, |code| back(code.to_string())));
        prop_assert!(Suffix::parse(&text).map_or(true, |suffix| back(suffix.to_string())));
        prop_assert!(FlightNumber::parse(&text).map_or(true, |n| FlightNumber::parse(&n.to_string()) == Ok(n)));
        prop_assert!(Designator::parse(&text).map_or(true, |d| Designator::parse(&d.to_string()) == Ok(d)));
        prop_assert!(LegId::known(&text).is_none_or(|leg| leg.as_str() == text));
        prop_assert!(Direction::parse(&text).is_none_or(|direction| direction.as_str() == text));
        prop_assert!(Topic::parse(&text).is_none_or(|topic| Topic::parse(&topic.to_string()) == Some(topic)));
        prop_assert!(Step::parse(&text).is_none_or(|step| step.as_str() == text));
        prop_assert!(Field::named(&text).is_none_or(|field| field.name() == text));
        let _ = (ReportedStatus::parse(&text), gatecall_domain::delay_reason::text(&text), ClockSpec::parse(&text).is_ok());
        let _ = (Alias::provider(&text, &text).is_ok(), Alias::call_sign(&text, &text).is_ok());
    }

    #[test]
    fn no_text_for_a_field_panics_and_what_fits_stays_as_it_is(text in any_text(), seconds in any::<i64>()) {
        for (field, ..) in Field::TABLE {
            if let Ok(Value::Text(tidy)) = Value::text(*field, &text) {
                prop_assert_eq!(Value::text(*field, &tidy), Ok(Value::Text(tidy.clone())));
                prop_assert!(Value::Text(tidy).fits(*field));
            }
            let time = DateTime::from_timestamp(seconds, 0).map(|at| Value::time(*field, at));
            prop_assert!(time.is_none_or(|time| time.is_err() || time.is_ok_and(|t| t.fits(*field))));
        }
    }

    #[test]
    fn different_keys_have_different_identifiers_that_are_known_again(a in any_key(), b in any_key()) {
        prop_assert_eq!(a.id() == b.id(), a == b);
        prop_assert_eq!(LegId::known(a.id().as_str()), Some(a.id()));
    }
}

/// Keys that are easily taken for one another.
fn any_key() -> impl Strategy<Value = LegKey> {
    let carriers = select(vec!["B6", "BA", "JBU"]).prop_map(|c| AirlineCode::parse(c).unwrap());
    let suffixes = proptest::option::of(select(vec!["A", "R"]).prop_map(|s| Suffix::parse(s).unwrap()));
    let days = select(vec![(2013, 2, 8), (2013, 2, 18), (2013, 12, 8)]);
    (carriers, select(vec!["1", "11", "9999"]), suffixes, days, 0..3u8).prop_map(
        |(carrier, number, suffix, (y, m, d), repeat)| LegKey {
            carrier,
            number: FlightNumber::parse(number).unwrap(),
            suffix,
            origin_date: NaiveDate::from_ymd_opt(y, m, d).unwrap(),
            repeat,
            ..key()
        },
    )
}
