//! Times that cannot be meant: kept, marked, and nothing is worked out from them.

use crate::story::*;
use gatecall_domain::field::Field;
use gatecall_domain::report::Report;
use gatecall_domain::view::{Doubt, FlightView};

fn view(reports: &[Report]) -> FlightView {
    let of = |reports: Vec<Report>| flight(&[vec![schedule()], reports].concat()).view();
    let forwards = of(reports.to_vec());
    assert_eq!(of(reports.iter().rev().cloned().collect()), forwards, "backwards");
    forwards
}

fn doubtful(reports: &[Report]) -> Vec<&'static str> {
    view(reports).doubtful.iter().map(Field::name).collect()
}

#[test]
fn an_estimate_days_off_the_schedule_is_doubtful_and_causes_no_delay() {
    for (field, side) in [(Field::DepartureEstimated, "15"), (Field::ArrivalEstimated, "18")] {
        let estimated =
            |days: &str, hour: &str| vec![times(&jfk(), "14:00", field, &format!("{days}{hour}"))];
        let hour = |add: i64| format!("{:02}", (side.parse::<i64>().unwrap() + add) % 24);
        let in_time = estimated("+2 ", &format!("{}:00", hour(12)));
        assert_eq!(doubtful(&in_time), [""; 0], "36 hours off");
        let off = estimated("+2 ", &format!("{}:01", hour(12)));
        assert_eq!(doubtful(&off), [field.name()]);
        let view = view(&off);
        assert!(view.departure.estimated.or(view.arrival.estimated).is_some(), "it is kept");
        assert_eq!((view.status.as_str(), view.delayed, view.delay_minutes()), ("scheduled", false, None));
    }
    let wrong_day = [times(&jfk(), "14:00", Field::DepartureEstimated, "+-1 02:59")];
    assert_eq!(doubtful(&wrong_day), ["departure.estimated"]);
}

#[test]
fn an_estimate_hours_in_the_past_is_doubtful_before_departure() {
    let expected = times(&jfk(), "14:00", Field::DepartureEstimated, "15:10");
    let heard = |clock| texts(&jfk(), clock, Field::DepartureGate, "14");
    assert_eq!(doubtful(&[expected.clone(), heard("17:10")]), [""; 0]);
    assert_eq!(doubtful(&[expected.clone(), heard("17:11")]), ["departure.estimated"]);
    let elsewhere = texts(&fll(), "17:11", Field::ArrivalBelt, "4");
    assert_eq!(
        doubtful(&[expected.clone(), elsewhere]),
        [""; 0],
        "the arrival airport does not see it stand"
    );
    let airline_says = times(&airline(), "17:11", Field::DepartureBoarding, "14:40");
    assert_eq!(doubtful(&[expected.clone(), airline_says]), [""; 0], "nor does the airline");
    let said_late = times(&jfk(), "17:30", Field::DepartureEstimated, "15:10");
    assert_eq!(doubtful(&[said_late]), ["departure.estimated"]);
    let left = times(&jfk(), "17:11", Field::DepartureActual, "15:12");
    assert_eq!(doubtful(&[expected, left]), [""; 0]);
}

#[test]
fn a_flight_that_is_there_has_left() {
    let expected = times(&jfk(), "14:00", Field::DepartureEstimated, "15:10");
    let heard = texts(&jfk(), "17:11", Field::DepartureGate, "14");
    for there in [
        word(&fll(), "17:05", "landed"),
        word(&fll(), "17:05", "arrived"),
        times(&fll(), "17:05", Field::ArrivalLanded, "17:00"),
        times(&fll(), "17:05", Field::ArrivalActual, "17:00"),
    ] {
        assert_eq!(doubtful(&[expected.clone(), heard.clone(), there]), [""; 0]);
    }
    let cannot_be = times(&fll(), "17:05", Field::ArrivalActual, "14:00");
    assert_eq!(doubtful(&[expected, heard, cannot_be]), ["departure.estimated", "arrival.actual"]);
}

#[test]
fn nothing_arrives_before_it_has_left() {
    let left = times(&jfk(), "15:05", Field::DepartureActual, "15:04");
    for field in [Field::ArrivalActual, Field::ArrivalLanded] {
        let there = |clock| times(&fll(), "18:00", field, clock);
        assert_eq!(doubtful(&[there("15:00")]), [field.name()], "not after it was to leave");
        assert_eq!(doubtful(&[left.clone(), there("15:04")]), [field.name()]);
        assert_eq!(doubtful(&[left.clone(), there("15:05")]), [""; 0]);
        let view = view(&[left.clone(), there("14:04")]);
        assert_eq!(view.status.as_str(), "departed", "it is still to come");
    }
    let schedule = times(&fll(), "10:00", Field::ArrivalScheduled, "15:00");
    assert_eq!(
        flight(&[times(&jfk(), "10:00", Field::DepartureScheduled, "15:00"), schedule])
            .view()
            .doubtful
            .iter()
            .collect::<Vec<_>>(),
        [Field::ArrivalScheduled]
    );
}

#[test]
fn an_arrival_that_no_aircraft_can_reach_is_not_believed() {
    let late = times(&jfk(), "14:00", Field::DepartureEstimated, "18:00");
    let comes = |clock| times(&fll(), "14:00", Field::ArrivalEstimated, clock);
    assert_eq!(doubtful(&[comes("18:00")]), [""; 0]);
    assert_eq!(doubtful(&[late.clone(), comes("18:00")]), ["arrival.estimated"], "it leaves then");
    assert_eq!(
        doubtful(&[late.clone(), comes("19:48")]),
        ["arrival.estimated"],
        "three fifths of three hours"
    );
    assert_eq!(doubtful(&[late.clone(), comes("19:49")]), [""; 0]);
    let view = view(&[late.clone(), comes("18:00")]);
    assert_eq!((view.arrival.estimated, view.arrival.forecast), (Some(at("18:00")), Some(at("21:00"))));
    let there = [late, comes("18:00"), times(&fll(), "21:10", Field::ArrivalActual, "21:05")];
    assert_eq!(doubtful(&there), [""; 0], "after arrival the estimate does not matter");
}

#[test]
fn a_doubt_has_the_value_the_source_and_the_reason() {
    let flight = flight(&[schedule(), times(&fll(), "14:00", Field::ArrivalEstimated, "+4 18:00")]);
    let doubts = flight.doubts();
    let [(field, why, Some(claim))] = &doubts[..] else { panic!("one doubt: {doubts:?}") };
    assert_eq!((*field, *why, &*claim.source), (Field::ArrivalEstimated, Doubt::FarFromSchedule, "fll"));
    assert_eq!(claim.value, Some(time("+4 18:00")));
}
