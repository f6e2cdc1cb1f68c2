//! Written messages read back unchanged, as far as the format can express them.

use crate::context;
use crate::known::known_leg;
use domain::codes::Direction;
use domain::field::{Field, Step, Value};
use domain::leg::Alias;
use domain::report::{Report, Statement};
use gatecall_wire::feed::{Decoded, Format, KnownLeg, aidx, decode, json_report, schiphol};
use proptest::prelude::*;

fn sorted(mut statements: Vec<Statement>) -> Vec<Statement> {
    statements.sort_by_key(|statement| statement.field);
    statements
}

/// Asserts that `report` has the part of `leg` that the format can express.
fn assert_same(report: &Report, leg: &KnownLeg, expected: Vec<Statement>) -> Result<(), TestCaseError> {
    prop_assert_eq!(report.key, leg.key);
    let mut statements = report.statements.clone();
    // The instant of a return is that of the message.
    statements.retain(|statement| statement.field != Field::DepartureReturned);
    prop_assert_eq!(sorted(statements), sorted(expected));
    prop_assert_eq!(&report.fallback_statements, &[]);
    let id = leg.provider_id.iter().map(|id| Alias::Provider(format!("jfk:{id}").into()));
    prop_assert!(id.clone().all(|id| report.aliases.contains(&id)), "{:?}", report.aliases);
    if let Some(observed_at) = leg.observed_at {
        prop_assert_eq!(report.observed_at, observed_at);
    }
    Ok(())
}

fn sayable(leg: &KnownLeg, can_say: fn(&KnownLeg, &Statement) -> bool) -> Vec<Statement> {
    leg.statements.iter().filter(|statement| can_say(leg, statement)).cloned().collect()
}

fn clean(decoded: Result<Decoded, gatecall_wire::feed::Fault>) -> Result<Decoded, TestCaseError> {
    let decoded = decoded.map_err(|fault| TestCaseError::fail(fault.to_string()))?;
    prop_assert_eq!(&decoded.faults, &[]);
    prop_assert_eq!(&decoded.notes, &Vec::<String>::new());
    Ok(decoded)
}

/// That the leg operates, carries passengers and is the present attempt, which every message says, and
/// what goes with a status that is taken away.
fn comes_with_a_status(Statement { field, value }: &Statement) -> bool {
    match field {
        Field::NotOperating | Field::NoPassengers | Field::Replaced => *value != Some(Value::Flag(true)),
        Field::Diverted => value.is_none(),
        _ => false,
    }
}

/// That the leg carries passengers, and what a state takes back.
fn comes_with_a_state(Statement { field, value }: &Statement) -> bool {
    match field {
        Field::NoPassengers | Field::Cancelled | Field::Diverted => *value == Some(Value::Flag(false)),
        Field::DivertedTo => value.is_none(),
        _ => false,
    }
}

proptest! {
    #[test]
    fn aidx_reads_what_it_writes(legs in prop::collection::vec(known_leg("JFK", 98), 1..4)) {
        let sent_at = "2024-03-05T09:59:00Z".parse().unwrap();
        let header = aidx::Header { originator: "J&F<K", sent_at, correlation_id: Some("\"1\"") };
        for message in [aidx::encode_notif(&legs, &header), aidx::encode_rs(&legs, &header)] {
            let decoded = clean(decode(Format::Aidx, message.as_bytes(), &context("JFK")))?;
            prop_assert_eq!(decoded.reports.len(), legs.len());
            for ((_, report), leg) in decoded.reports.iter().zip(&legs) {
                let mut told = report.clone();
                told.statements.retain(|statement| !comes_with_a_status(statement));
                assert_same(&told, leg, sayable(leg, aidx::can_say))?;
                let call_sign = leg.call_sign.clone().map(|sign| Alias::CallSign(format!("{}:{sign}", report.source.name).into()));
                prop_assert!(call_sign.iter().all(|sign| report.aliases.contains(sign)));
                prop_assert_eq!(report.observed_at, leg.observed_at.unwrap_or(sent_at));
            }
        }
    }

    #[test]
    fn schiphols_pages_read_what_they_write(legs in prop::collection::vec(known_leg("JFK", 0), 1..4)) {
        let context = context("JFK");
        let page = schiphol::encode_page(&legs, context.zone);
        let decoded = clean(decode(Format::Schiphol, page.as_bytes(), &context))?;
        prop_assert_eq!(decoded.reports.len(), legs.len());
        for ((_, report), leg) in decoded.reports.iter().zip(&legs) {
            let mut report = report.clone();
            // States that only approximate the statement, and their side effects.
            let exact = sayable(leg, schiphol::can_say);
            for field in [Field::DepartureStep, Field::ArrivalStep] {
                if !exact.iter().any(|statement| statement.field == field) {
                    report.statements.retain(|statement| statement.field != field);
                }
            }
            report.statements.retain(|s| !comes_with_a_state(s));
            report.statements.retain(|s| (s.field, &s.value) != (Field::Cancelled, &None));
            assert_same(&report, leg, exact)?;
        }
    }

    #[test]
    fn json_reads_what_it_writes(leg in known_leg("JFK", 99)) {
        let context = context("JFK");
        let mut before = Report {
            source: context.source.clone(),
            key: leg.key,
            aliases: Vec::new(),
            observed_at: leg.observed_at.unwrap_or(context.received_at),
            received_at: context.received_at,
            statements: leg.statements,
            fallback_statements: Vec::new(),
        };
        // One word for the status, and none for a step that is cleared.
        let is_word = |s: &Statement| s.field == Field::DepartureStep && s.value.is_some();
        before.statements.retain(|s| json_report::SETTABLE.contains(&s.field) || is_word(s));
        if before.statements.iter().any(|s| s.value == Some(Value::Step(Step::Returned))) {
            before.set(Field::DepartureReturned, Value::Time(before.observed_at.timestamp()));
        }
        let text = json_report::encode_report(&before);
        prop_assert!(!text.contains('\n'));
        let decoded = clean(decode(Format::Json, text.as_bytes(), &context))?;
        let [(0, after)] = &decoded.reports[..] else { panic!("{:?}", decoded.reports) };
        let order = |report: &Report| Report { statements: sorted(report.statements.clone()), ..report.clone() };
        prop_assert_eq!(order(after), order(&before));
    }
}

#[test]
fn a_step_is_a_status_and_the_time_at_which_it_began_an_operation() {
    let mut leg = KnownLeg::new(key(), Direction::Departures);
    leg.set(Field::DepartureStep, Value::Step(Step::Boarding));
    let sent_at = "2024-03-05T09:59:00Z".parse().unwrap();
    let header = aidx::Header { originator: "JFK", sent_at, correlation_id: None };
    let untimed = aidx::encode_notif(std::slice::from_ref(&leg), &header);
    assert!(untimed.contains(">BST</OperationalStatus>") && !untimed.contains("OperationTime"), "{untimed}");
    leg.time(Field::DepartureBoarding, "2024-03-05T09:50:00Z".parse().unwrap()).unwrap();
    let timed = aidx::encode_notif(&[leg], &header);
    assert!(timed.contains("OperationQualifier=\"BST\""), "{timed}");
    assert!(timed.contains("TimeType=\"ACT\">2024-03-05T09:50:00Z</OperationTime>"), "{timed}");
}

fn key() -> domain::leg::LegKey {
    domain::leg::LegKey {
        carrier: domain::codes::AirlineCode::parse("B6").unwrap(),
        number: domain::codes::FlightNumber::parse("615").unwrap(),
        suffix: None,
        origin_date: chrono::NaiveDate::from_ymd_opt(2024, 3, 5).unwrap(),
        from: domain::codes::Iata::parse("JFK").unwrap(),
        to: domain::codes::Iata::parse("FLL").unwrap(),
        repeat: 0,
    }
}
