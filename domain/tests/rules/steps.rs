//! How far a departure has come, by words and by the times at which things began.

use crate::story::*;
use gatecall_domain::field::Field;
use gatecall_domain::report::Report;

/// The status, which does not depend on the order in which the reports come.
fn status(reports: &[Report]) -> &'static str {
    let mut all = [vec![schedule()], reports.to_vec()].concat();
    let forwards = flight(&all).view().status.as_str();
    all.reverse();
    assert_eq!(flight(&all).view().status.as_str(), forwards, "backwards");
    forwards
}

fn began(observed: &str, field: Field, clock: &str) -> Report {
    times(&jfk(), observed, field, clock)
}

#[test]
fn each_operation_begins_its_step() {
    for (field, expected) in [
        (Field::DepartureCheckInOpened, "check_in"),
        (Field::DepartureGateOpened, "gate_open"),
        (Field::DepartureBoarding, "boarding"),
        (Field::DepartureFinalCall, "final_call"),
        (Field::DepartureGateClosed, "gate_closed"),
        (Field::ArrivalFirstBag, "bags_on_belt"),
    ] {
        let source = if field == Field::ArrivalFirstBag { fll() } else { jfk() };
        assert_eq!(status(&[times(&source, "14:01", field, "14:00")]), expected);
    }
}

#[test]
fn check_in_that_closes_ends_check_in_and_nothing_else() {
    let closed = began("14:16", Field::DepartureCheckInClosed, "14:15");
    assert_eq!(
        status(&[began("12:01", Field::DepartureCheckInOpened, "12:00"), closed.clone()]),
        "scheduled"
    );
    assert_eq!(status(&[word(&jfk(), "12:00", "check_in"), closed.clone()]), "scheduled");
    for word_ in ["gate_open", "boarding", "final_call", "gate_closed", "delayed"] {
        assert_eq!(status(&[word(&jfk(), "14:10", word_), closed.clone()]), word_);
    }
    assert_eq!(status(&[began("14:11", Field::DepartureBoarding, "14:10"), closed.clone()]), "boarding");
    let again = began("14:30", Field::DepartureCheckInOpened, "14:29");
    assert_eq!(status(&[closed, again]), "check_in", "it opens again");
}

#[test]
fn a_corrected_time_of_an_earlier_operation_does_not_lower_a_later_one() {
    let corrected = began("14:45", Field::DepartureBoarding, "14:12");
    let called = began("14:41", Field::DepartureFinalCall, "14:40");
    assert_eq!(status(&[called.clone(), corrected.clone()]), "final_call");
    assert_eq!(status(&[word(&jfk(), "14:41", "final_call"), corrected.clone()]), "final_call");
    assert_eq!(status(&[called, corrected, clears(&jfk(), "14:50", Field::DepartureFinalCall)]), "boarding");
}

#[test]
fn an_operation_reported_late_outweighs_a_lagging_step() {
    let lagging = word(&jfk(), "14:11", "gate_open");
    assert_eq!(status(&[lagging, began("14:13", Field::DepartureBoarding, "14:10")]), "boarding");
    let back = [began("14:13", Field::DepartureBoarding, "14:10"), word(&jfk(), "14:20", "gate_open")];
    assert_eq!(status(&back), "gate_open", "a later statement reverts it");
}

#[test]
fn an_operation_after_a_further_step_reverts_it() {
    let boards_again =
        [word(&jfk(), "14:50", "gate_closed"), began("15:21", Field::DepartureBoarding, "15:20")];
    assert_eq!(status(&boards_again), "boarding");
    let left = [word(&jfk(), "15:04", "departed"), began("15:06", Field::DepartureGateClosed, "15:05")];
    assert_eq!(status(&left), "departed", "but for a flight that has left");
    let on_time = [word(&jfk(), "12:00", "delayed"), began("12:30", Field::DepartureCheckInOpened, "11:30")];
    assert_eq!(status(&on_time), "check_in", "to be late is no step on the way");
}

#[test]
fn the_airports_own_steps_outweigh_those_of_others() {
    let others = times(&airline(), "14:41", Field::DepartureFinalCall, "14:40");
    assert_eq!(status(&[word(&jfk(), "14:20", "boarding"), others.clone()]), "boarding");
    assert_eq!(status(&[began("14:20", Field::DepartureBoarding, "14:20"), others.clone()]), "boarding");
    assert_eq!(status(&[others]), "final_call");
}
