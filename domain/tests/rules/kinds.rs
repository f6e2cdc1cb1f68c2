//! The kinds of changes: one row for each, and what does not count as a second event.

use crate::story::*;
use gatecall_domain::change::ChangeKind;
use gatecall_domain::field::{Field, Value};
use gatecall_domain::report::Report;

fn kinds(earlier: &[Report], last: Report) -> Vec<ChangeKind> {
    last_kinds(&[&[schedule()], earlier, &[last]].concat())
}

#[test]
fn each_change_has_its_kind() {
    let (dep, arr) = (&jfk(), &fll());
    let gate = |observed, value| texts(dep, observed, Field::DepartureGate, value);
    let estimate = |observed, clock| times(dep, observed, Field::DepartureEstimated, clock);
    let codeshare =
        Value::codeshares(vec![gatecall_domain::codes::Designator::parse("EI5105").unwrap()]).unwrap();
    let cancelled = || word(dep, "12:00", "cancelled");
    #[rustfmt::skip]
    let table: Vec<(Vec<ChangeKind>, Vec<Report>, Report)> = vec![
        (vec![ChangeKind::Time], vec![], estimate("12:00", "15:05")),
        (vec![ChangeKind::Time], vec![], times(dep, "12:00", Field::DepartureScheduled, "15:01")),
        (vec![ChangeKind::Time, ChangeKind::Delay], vec![], estimate("12:00", "15:20")),
        (vec![ChangeKind::Time, ChangeKind::Delay], vec![estimate("12:00", "15:20")], estimate("12:10", "15:50")),
        (vec![ChangeKind::Time, ChangeKind::Delay], vec![estimate("12:00", "15:50")], estimate("12:10", "15:05")),
        (vec![ChangeKind::Delay], vec![], word(dep, "12:00", "delayed")),
        (vec![ChangeKind::Delay], vec![word(dep, "12:00", "delayed")], word(dep, "12:10", "scheduled")),
        (vec![ChangeKind::Delay], vec![], texts(dep, "12:00", Field::DelayReason, "weather")),
        (vec![ChangeKind::Gate], vec![gate("12:00", "12")], gate("12:10", "14")),
        (vec![ChangeKind::Gate], vec![gate("12:00", "12")], clears(dep, "12:10", Field::DepartureGate)),
        (vec![ChangeKind::Gate], vec![], texts(arr, "12:00", Field::ArrivalGate, "B4")),
        (vec![ChangeKind::Terminal], vec![], texts(dep, "12:00", Field::DepartureTerminal, "5")),
        (vec![ChangeKind::Belt], vec![], texts(arr, "12:00", Field::ArrivalBelt, "3")),
        (vec![ChangeKind::CheckIn], vec![], texts(dep, "12:00", Field::DepartureCheckIn, "A12-A15")),
        (vec![ChangeKind::Cancelled], vec![], cancelled()),
        (vec![ChangeKind::Cancelled], vec![estimate("11:00", "15:50")], cancelled()),
        (vec![ChangeKind::Reinstated], vec![cancelled()], word(dep, "12:30", "reinstated")),
        (vec![ChangeKind::Time, ChangeKind::Delay, ChangeKind::Reinstated], vec![cancelled(), estimate("12:10", "16:00")], word(dep, "12:30", "reinstated")),
        (vec![ChangeKind::Diverted], vec![], word(dep, "12:00", "diverted")),
        (vec![ChangeKind::Diverted], vec![word(dep, "12:00", "diverted")], says(dep, "12:01", |r| r.set(Field::DivertedTo, Value::Airport(iata("MIA"))))),
        (vec![ChangeKind::Diverted], vec![word(dep, "12:00", "diverted")], clears(dep, "12:01", Field::Diverted)),
        (vec![ChangeKind::Boarding], vec![], word(dep, "12:00", "check_in")),
        (vec![ChangeKind::Boarding], vec![word(dep, "12:00", "boarding")], word(dep, "12:10", "final_call")),
        (vec![ChangeKind::Boarding], vec![word(dep, "12:00", "gate_open")], clears(dep, "12:10", Field::DepartureStep)),
        (vec![ChangeKind::Departed], vec![], times(dep, "15:05", Field::DepartureActual, "15:04")),
        (vec![ChangeKind::Delay, ChangeKind::Departed], vec![], times(dep, "15:35", Field::DepartureActual, "15:30")),
        (vec![ChangeKind::Airborne], vec![word(dep, "15:05", "departed")], word(dep, "15:20", "airborne")),
        (vec![ChangeKind::Landed], vec![], times(arr, "17:50", Field::ArrivalLanded, "17:49")),
        (vec![ChangeKind::Arrived], vec![], times(arr, "18:00", Field::ArrivalActual, "17:58")),
        (vec![ChangeKind::Bags], vec![times(arr, "18:00", Field::ArrivalActual, "17:58")], word(arr, "18:10", "bags_on_belt")),
        (vec![ChangeKind::Equipment], vec![], texts(dep, "12:00", Field::AircraftRegistration, "N503JB")),
        (vec![ChangeKind::Codeshare], vec![], says(dep, "12:00", |r| r.set(Field::Codeshares, codeshare))),
        (vec![ChangeKind::Remark], vec![], texts(dep, "12:00", Field::Remark, "Go to gate")),
        (vec![ChangeKind::Gate, ChangeKind::Boarding], vec![], says(dep, "12:00", |r| { r.set(Field::DepartureGate, text(Field::DepartureGate, "12")); r.set(Field::DepartureStep, step(gatecall_domain::field::Step::Boarding)); })),
    ];
    for (expected, earlier, last) in table {
        assert_eq!(kinds(&earlier, last.clone()), expected, "{earlier:#?} then {last:#?}");
    }
    assert_eq!(last_kinds(&[schedule()]), [ChangeKind::Created]);
}

#[test]
fn a_return_is_no_departure_although_the_off_block_time_goes() {
    let left = times(&jfk(), "15:05", Field::DepartureActual, "15:04");
    assert_eq!(kinds(&[left], word(&jfk(), "15:30", "returned")), [ChangeKind::Time, ChangeKind::Returned]);
}

#[test]
fn a_time_for_a_reported_step_is_no_second_departure_or_arrival() {
    let airborne = word(&jfk(), "15:20", "airborne");
    assert_eq!(
        kinds(&[airborne], times(&jfk(), "15:25", Field::DepartureActual, "15:04")),
        [ChangeKind::Time]
    );
    let arrived = word(&fll(), "18:00", "arrived");
    assert_eq!(kinds(&[arrived], times(&fll(), "18:05", Field::ArrivalActual, "17:58")), [ChangeKind::Time]);
    let left = times(&jfk(), "15:05", Field::DepartureActual, "15:04");
    assert_eq!(kinds(&[left], times(&jfk(), "15:06", Field::DepartureActual, "15:02")), [ChangeKind::Time]);
}

#[test]
fn a_withdrawn_departure_is_not_a_departure() {
    let left = word(&jfk(), "15:05", "departed");
    assert_eq!(kinds(&[left], word(&jfk(), "15:06", "scheduled")), [ChangeKind::Time]);
}

#[test]
fn to_fall_back_on_what_had_happened_is_a_correction_and_no_second_event() {
    let off_block = || times(&jfk(), "15:05", Field::DepartureActual, "15:04");
    let airborne = || times(&jfk(), "15:20", Field::DepartureAirborne, "15:19");
    let landed = || times(&fll(), "17:50", Field::ArrivalLanded, "17:49");
    let on_block = || times(&fll(), "18:00", Field::ArrivalActual, "17:58");
    let bags = || word(&fll(), "18:10", "bags_on_belt");
    let gone = |source, field| clears(source, "18:20", field);
    let (dep, arr) = (&jfk(), &fll());
    let table: Vec<(&str, Vec<Report>, Report)> = vec![
        ("departed", vec![off_block(), airborne()], gone(dep, Field::DepartureAirborne)),
        ("airborne", vec![off_block(), airborne(), landed()], gone(arr, Field::ArrivalLanded)),
        ("departed", vec![off_block(), landed()], gone(arr, Field::ArrivalLanded)),
        ("landed", vec![landed(), on_block()], gone(arr, Field::ArrivalActual)),
        ("departed", vec![off_block(), on_block()], gone(arr, Field::ArrivalActual)),
        ("arrived", vec![on_block(), bags()], gone(arr, Field::ArrivalStep)),
    ];
    for (status, earlier, last) in table {
        assert_eq!(kinds(&earlier, last.clone()), [ChangeKind::Time], "back to {status}");
        let all = [&[schedule()], &earlier[..], &[last]].concat();
        assert_eq!(flight(&all).view().status.as_str(), status);
    }
    let diverted = [off_block(), airborne(), word(dep, "16:00", "diverted")];
    assert_eq!(kinds(&diverted, gone(dep, Field::Diverted)), [ChangeKind::Diverted], "it had left before");
    let returned = [off_block(), word(dep, "15:30", "returned")];
    let again = times(dep, "16:10", Field::DepartureActual, "16:08");
    assert_eq!(
        kinds(&returned, again),
        [ChangeKind::Delay, ChangeKind::Departed],
        "after a return it leaves anew"
    );
}

#[test]
fn every_kind_has_its_own_name() {
    let words: std::collections::BTreeSet<_> = ChangeKind::WORDS.iter().map(|(_, word)| word).collect();
    assert_eq!(words.len(), ChangeKind::WORDS.len());
    for (index, (kind, word)) in ChangeKind::WORDS.iter().enumerate() {
        assert_eq!((*kind as usize, kind.as_str()), (index, *word));
    }
}
