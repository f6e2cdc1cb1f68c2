//! Messages are partial: the statements of several messages must hold together, and several messages must
//! lead to the same state as one with everything.

use super::super::testing::context;
use super::super::{Format, decode};
use super::NAMESPACE;
use chrono::{DateTime, TimeDelta, Utc};
use domain::flight::Flight;
use domain::view::FlightView;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// ZX 100 from Hobart to Melbourne at an instant of 5 March 2024, with this in its `LegData`.
fn message(at: DateTime<Utc>, data: &str) -> String {
    format!(
        "<IATA_AIDX_FlightLegNotifRQ xmlns='{NAMESPACE}' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \
         TimeStamp='{}'><FlightLeg><LegIdentifier><Airline>ZX</Airline><FlightNumber>100</FlightNumber>\
         <DepartureAirport>HBA</DepartureAirport><ArrivalAirport>MEL</ArrivalAirport>\
         <OriginDate>2024-03-05</OriginDate></LegIdentifier><LegData>{data}</LegData></FlightLeg>\
         </IATA_AIDX_FlightLegNotifRQ>",
        at.to_rfc3339(),
    )
}

fn clock(text: &str) -> DateTime<Utc> {
    format!("2024-03-05T{text}:00Z").parse().unwrap()
}

/// The view after these messages of one airport.
fn told(airport: &str, messages: &[(DateTime<Utc>, String)]) -> FlightView {
    let mut flight = None;
    for (at, data) in messages {
        let decoded = decode(Format::Aidx, message(*at, data).as_bytes(), &context(airport)).unwrap();
        assert_eq!(decoded.faults, []);
        for (_, report) in decoded.reports {
            flight.get_or_insert_with(|| Flight::new(report.key)).apply(&report, *at).unwrap();
        }
    }
    flight.unwrap().view()
}

fn hba(messages: &[(&str, String)]) -> FlightView {
    let messages: Vec<_> = messages.iter().map(|(at, data)| (clock(at), data.clone())).collect();
    told("HBA", &messages)
}

fn status(messages: &[(&str, String)]) -> &'static str {
    hba(messages).status.as_str()
}

fn resources(usage: &str, resource: &str) -> String {
    format!(
        "<AirportResources Usage='{usage}'><Resource DepartureOrArrival='Departure'>{resource}</Resource>\
         </AirportResources>"
    )
}

fn gate(usage: &str, gate: &str) -> String {
    resources(usage, &format!("<PassengerGate>{gate}</PassengerGate>"))
}

fn time(qualifier: &str, kind: &str, at: DateTime<Utc>) -> String {
    let at = at.to_rfc3339();
    format!("<OperationTime OperationQualifier='{qualifier}' TimeType='{kind}'>{at}</OperationTime>")
}

fn actual(qualifier: &str, at: &str) -> String {
    time(qualifier, "ACT", clock(at))
}

fn operational(code: &str) -> String {
    format!("<OperationalStatus FlightLegScope='Departure'>{code}</OperationalStatus>")
}

fn word_for_the_public(code: &str) -> String {
    format!("<RemarkTextCode>{code}</RemarkTextCode>")
}

#[test]
fn a_gate_that_is_planned_does_not_replace_the_one_in_use_in_a_later_message() {
    let shown = |messages: &[(&str, String)]| hba(messages).departure.gate.map(|gate| gate.to_string());
    let in_use = ("14:00", gate("Actual", "14"));
    assert_eq!(shown(&[in_use.clone(), ("14:05", gate("Planned", "12"))]).as_deref(), Some("14"));
    let nil = resources("Planned", "<PassengerGate xsi:nil='true'/>");
    assert_eq!(shown(&[in_use.clone(), ("14:05", nil)]).as_deref(), Some("14"), "nor does its end");
    assert_eq!(shown(&[("13:00", gate("Planned", "12"))]).as_deref(), Some("12"));
    assert_eq!(shown(&[("13:00", gate("Planned", "12")), in_use.clone()]).as_deref(), Some("14"));
    let gone = resources("Actual", "<PassengerGate xsi:nil='true'/>");
    assert_eq!(shown(&[("13:00", gate("Planned", "12")), in_use, ("14:10", gone)]), None);
}

#[test]
fn the_aircrafts_terminal_does_not_replace_the_publics() {
    let public = ("14:00", resources("Actual", "<PublicTerminal>1</PublicTerminal>"));
    let aircraft = ("14:05", resources("Actual", "<AircraftTerminal>2</AircraftTerminal>"));
    assert_eq!(hba(&[public, aircraft.clone()]).departure.terminal.as_deref(), Some("1"));
    assert_eq!(hba(&[aircraft]).departure.terminal.as_deref(), Some("2"));
}

const NO_PUBLIC_TERMINAL: &str = "<PublicTerminal xsi:nil='true'/>";

#[test]
fn that_there_is_no_best_takes_nothing_from_the_second_best_of_the_same_message() {
    let terminals = format!("{NO_PUBLIC_TERMINAL}<AircraftTerminal>5</AircraftTerminal>");
    let said = resources("Actual", &terminals);
    assert_eq!(hba(&[("14:00", said)]).departure.terminal.as_deref(), Some("5"));
    let none = |qualifier| {
        format!("<OperationTime OperationQualifier='{qualifier}' TimeType='ACT' xsi:nil='true'/>")
    };
    assert_eq!(status(&[("14:56", none("GCL") + &actual("FCL", "14:55"))]), "gate_closed");
    assert_eq!(status(&[("14:56", none("FCT") + &actual("BEN", "14:55"))]), "final_call");
}

#[test]
fn an_estimate_of_touchdown_does_not_replace_the_one_of_being_on_block() {
    let on_block = (clock("16:00"), time("ONB", "EST", clock("18:10")));
    let touchdown = (clock("16:05"), time("TDN", "EST", clock("17:58")));
    let shown = |messages: &[_]| told("MEL", messages).arrival.estimated;
    assert_eq!(shown(&[on_block, touchdown.clone()]), Some(clock("18:10")));
    assert_eq!(shown(&[touchdown]), Some(clock("17:58")));
}

#[test]
fn the_end_of_check_in_does_not_end_boarding() {
    for closes in [actual("CHC", "14:15"), operational("CHC"), word_for_the_public("CKC")] {
        let boards = actual("BST", "14:10");
        assert_eq!(status(&[("14:16", format!("{closes}{boards}"))]), "boarding", "{closes}");
        for called in [actual("FCT", "14:12"), operational("FCT"), word_for_the_public("FCT")] {
            assert_eq!(status(&[("14:13", called), ("14:16", closes.clone())]), "final_call", "{closes}");
        }
        let opened = actual("CHK", "12:00");
        assert_eq!(status(&[("12:01", opened), ("14:16", closes.clone())]), "scheduled", "{closes}");
        assert_eq!(status(&[("12:01", operational("CHK")), ("14:16", closes)]), "scheduled");
    }
}

#[test]
fn a_check_in_closed_status_does_not_replace_its_time() {
    let (closed, opened) = (actual("CHC", "12:10"), actual("CHK", "13:00"));
    for word in [operational("CHC"), word_for_the_public("CKC")] {
        let at_once = ("13:50", format!("{closed}{opened}{word}"));
        let parts = [("13:51", opened.clone()), ("13:52", closed.clone()), ("13:53", word.clone())];
        assert_eq!(status(&parts), status(&[at_once]), "{word}");
    }
}

#[test]
fn a_corrected_time_of_boarding_does_not_end_the_last_call() {
    let corrected = ("14:45", actual("BST", "14:12"));
    assert_eq!(status(&[("14:41", actual("FCT", "14:40")), corrected.clone()]), "final_call");
    assert_eq!(status(&[("14:41", operational("FCT")), corrected]), "final_call");
}

#[test]
fn a_last_call_that_is_withdrawn_leaves_boarding() {
    let nil = "<OperationTime OperationQualifier='FCT' TimeType='ACT' xsi:nil='true'/>".to_owned();
    let both = actual("BST", "14:10") + &actual("FCT", "14:40");
    assert_eq!(status(&[("14:41", both), ("14:45", nil)]), "boarding");
}

#[test]
fn boarding_after_a_return_is_boarding_though_the_old_departure_is_repeated() {
    let old = actual("OFB", "15:04");
    let again = operational("BST") + &actual("BST", "15:49") + &old;
    let returned = operational("GRT") + &old;
    assert_eq!(status(&[("15:05", old), ("15:30", returned), ("15:50", again)]), "boarding");
}

/// The operations of a departure, in the order in which they come.
const OPERATIONS: [&str; 10] = ["CHK", "CHC", "GTO", "BST", "FCT", "BEN", "GCL", "FCL", "OFB", "TKO"];

/// Statements that a value does not exist, each with what must not occur beside it: the value itself, and
/// the fallback of a primary value, which is cleared with it in later messages and stays in the same one.
fn ends() -> Vec<(&'static [&'static str], String)> {
    let time = |qualifier: &str, kind: &str| {
        format!("<OperationTime OperationQualifier='{qualifier}' TimeType='{kind}' xsi:nil='true'/>")
    };
    let place = |usage: &str, element: &str| resources(usage, &format!("<{element} xsi:nil='true'/>"));
    vec![
        (&["'BEN'"], time("BEN", "ACT")),
        (&["'FCL'"], time("FCL", "ACT")),
        (&["'GCL'", "'FCL'"], time("GCL", "ACT")),
        (&["'TDN'"], time("TDN", "EST")),
        (&["Planned"], place("Planned", "PassengerGate")),
        (&["AircraftTerminal"], place("Actual", "AircraftTerminal")),
        (&["Terminal"], place("Actual", "PublicTerminal")),
    ]
}

/// Everything that one message can state about a leg, consistently.
fn whole() -> impl Strategy<Value = Vec<String>> {
    let operations = vec(proptest::option::weighted(0.6, 0..90i64), OPERATIONS.len());
    let estimates = vec(proptest::option::of(0..90i64), 3);
    let texts = vec(proptest::option::of(select(vec!["1", "2", "3"])), 4);
    let words = (any::<bool>(), any::<bool>());
    (operations, estimates, texts, words, proptest::sample::subsequence(ends(), 0..=7)).prop_map(
        |(operations, estimates, texts, (cancelled, closed), ended)| {
            let after = |hour: &str, minutes: i64| clock(hour) + TimeDelta::minutes(minutes);
            let begun = OPERATIONS.iter().zip(operations);
            let mut said: Vec<_> =
                begun.filter_map(|(q, at)| Some(time(q, "ACT", after("12:00", at?)))).collect();
            // On-block is never expected before touchdown.
            let estimated = [("OFB", "14:00"), ("TDN", "16:00"), ("ONB", "18:00")].into_iter().zip(estimates);
            said.extend(estimated.filter_map(|((q, hour), at)| Some(time(q, "EST", after(hour, at?)))));
            // Of two fallbacks the newer counts, so there is one of each here.
            let places = [
                ("Actual", "PassengerGate"),
                ("Planned", "PassengerGate"),
                ("Actual", "PublicTerminal"),
                ("Actual", "AircraftTerminal"),
            ];
            said.extend(places.iter().zip(texts).filter_map(|((usage, element), text)| {
                Some(resources(usage, &format!("<{element}>{}</{element}>", text?)))
            }));
            said.extend(cancelled.then(|| operational("DX")));
            said.extend(closed.then(|| word_for_the_public("CKC")));
            let beside = said.concat();
            let ended = ended.into_iter().filter(|(values, _)| !values.iter().any(|v| beside.contains(v)));
            said.extend(ended.map(|(_, nil)| nil));
            said
        },
    )
}

/// Enough cases to find a wrong rule within a few runs; set PROPTEST_CASES for more.
fn effort() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases.unwrap_or(64)) }
}

proptest! {
    #![proptest_config(effort())]
    #[test]
    fn many_messages_lead_to_the_same_state_as_one(
        (whole, parts) in whole().prop_flat_map(|said| (Just(said.clone()), Just(said).prop_shuffle())),
    ) {
        let at_once = told("HBA", &[(clock("13:50"), whole.concat())]);
        let minute = |index: usize| clock("13:50") + TimeDelta::minutes(index as i64);
        let bare = (minute(0), String::new());
        let parts = parts.into_iter().enumerate().map(|(index, said)| (minute(index + 1), said));
        prop_assert_eq!(told("HBA", &std::iter::once(bare).chain(parts).collect::<Vec<_>>()), at_once);
    }
}
