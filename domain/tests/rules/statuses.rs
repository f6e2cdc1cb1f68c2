//! The derived status: one row for each rule.

use crate::story::*;
use gatecall_domain::field::{Field, Step};
use gatecall_domain::flight::Override;
use gatecall_domain::report::Report;

fn status(reports: &[Report]) -> &'static str {
    flight(&[&[schedule()], reports].concat()).view().status.as_str()
}

#[test]
fn each_rule_has_its_status() {
    let (dep, arr) = (&jfk(), &fll());
    let estimate = |clock| times(dep, "14:00", Field::DepartureEstimated, clock);
    let diverted_to = |code| {
        says(dep, "16:00", |r| r.set(Field::DivertedTo, gatecall_domain::field::Value::Airport(iata(code))))
    };
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<Report>)> = vec![
        ("scheduled", vec![]),
        ("scheduled", vec![estimate("15:14")]),
        ("delayed", vec![estimate("15:15")]),
        ("scheduled", vec![estimate("14:30")]),
        ("delayed", vec![word(dep, "13:00", "delayed")]),
        ("scheduled", vec![word(dep, "13:00", "delayed"), word(dep, "13:30", "scheduled")]),
        ("check_in", vec![word(dep, "13:00", "check_in")]),
        ("check_in", vec![word(dep, "13:00", "check_in"), estimate("15:40")]),
        ("gate_open", vec![word(dep, "14:00", "gate_open"), estimate("15:40")]),
        ("boarding", vec![word(dep, "14:20", "boarding"), estimate("15:40")]),
        ("final_call", vec![word(dep, "14:40", "final_call")]),
        ("gate_closed", vec![word(dep, "14:50", "gate_closed")]),
        ("departed", vec![word(dep, "15:05", "departed"), estimate("15:40")]),
        ("departed", vec![word(dep, "14:50", "gate_closed"), times(dep, "15:05", Field::DepartureActual, "15:04")]),
        ("departed", vec![word(dep, "14:50", "gate_closed"), times(&airline(), "15:05", Field::DepartureActual, "15:04")]),
        ("airborne", vec![word(dep, "15:20", "airborne")]),
        ("airborne", vec![times(dep, "15:20", Field::DepartureAirborne, "15:19")]),
        ("airborne", vec![word(dep, "14:50", "gate_closed"), word(&airline(), "15:00", "scheduled"), times(arr, "15:30", Field::DepartureAirborne, "15:19")]),
        ("landed", vec![word(dep, "15:20", "airborne"), word(arr, "17:50", "landed")]),
        ("landed", vec![times(arr, "17:50", Field::ArrivalLanded, "17:49")]),
        ("landed", vec![word(dep, "14:20", "boarding"), times(arr, "17:50", Field::ArrivalLanded, "17:49")]),
        ("arrived", vec![word(arr, "18:00", "arrived")]),
        ("arrived", vec![times(arr, "18:00", Field::ArrivalActual, "17:58")]),
        ("bags_on_belt", vec![times(arr, "18:00", Field::ArrivalActual, "17:58"), word(arr, "18:10", "bags_on_belt")]),
        ("diverted", vec![word(dep, "16:00", "diverted")]),
        ("diverted", vec![diverted_to("MIA"), word(dep, "18:00", "arrived")]),
        ("arrived", vec![diverted_to("MIA"), word(arr, "18:00", "arrived")]),
        ("airborne", vec![word(dep, "15:20", "airborne"), word(dep, "16:00", "diverted"), diverted_to("FLL")]),
        ("cancelled", vec![word(dep, "16:00", "diverted"), word(dep, "16:00", "cancelled")]),
        ("cancelled", vec![word(arr, "18:00", "arrived"), word(arr, "18:10", "cancelled")]),
        ("returned", vec![word(dep, "15:05", "departed"), word(dep, "15:30", "returned")]),
        ("landed", vec![word(dep, "15:30", "returned"), word(arr, "18:20", "landed")]),
    ];
    for (expected, reports) in table {
        assert_eq!(status(&reports), expected, "{reports:#?}");
    }
}

#[test]
fn every_reportable_step_and_flag_has_a_status() {
    for (step, name) in Step::WORDS {
        assert_eq!(status(&[word(&jfk(), "12:00", name)]), name, "{step:?}");
    }
    assert_eq!(status(&[word(&jfk(), "12:00", "reinstated")]), "scheduled");
}

#[test]
fn the_arrival_decides_the_delay_if_only_it_is_known() {
    let known = |clock| {
        let scheduled = times(&fll(), "06:00", Field::ArrivalScheduled, "18:00");
        flight(&[scheduled, times(&fll(), "14:00", Field::ArrivalEstimated, clock)]).view()
    };
    assert_eq!((known("18:14").status.as_str(), known("18:14").delay_minutes()), ("scheduled", Some(14)));
    assert_eq!((known("18:15").status.as_str(), known("18:15").delay_minutes()), ("delayed", Some(15)));
    let off = [
        times(&fll(), "06:00", Field::ArrivalScheduled, "18:00"),
        times(&fll(), "14:00", Field::ArrivalEstimated, "18:40"),
        times(&fll(), "14:00", Field::DepartureEstimated, "15:40"),
    ];
    assert_eq!(
        flight(&off).view().status.as_str(),
        "delayed",
        "a departure estimate without its schedule says nothing"
    );
}

#[test]
fn the_departure_decides_the_delay_if_both_sides_are_known() {
    let reports = [
        times(&jfk(), "14:00", Field::DepartureEstimated, "15:05"),
        times(&fll(), "14:00", Field::ArrivalEstimated, "18:40"),
    ];
    assert_eq!(status(&reports), "scheduled");
}

/// Status and lateness, whatever the order of what follows the schedule.
fn step_and_delay(reports: &[Report]) -> (&'static str, bool) {
    let of = |reports: Vec<Report>| {
        let view = flight(&[vec![schedule()], reports].concat()).view();
        (view.status.as_str(), view.delayed)
    };
    let forwards = of(reports.to_vec());
    assert_eq!(of(reports.iter().rev().cloned().collect()), forwards, "backwards");
    forwards
}

#[test]
fn a_flight_that_is_late_keeps_the_step_it_has_reached() {
    let late = times(&jfk(), "14:05", Field::DepartureEstimated, "15:40");
    assert_eq!(step_and_delay(std::slice::from_ref(&late)), ("delayed", true), "none is reached");
    for step in ["check_in", "gate_open", "boarding", "final_call", "gate_closed", "returned"] {
        let reached = word(&jfk(), "14:00", step);
        assert_eq!(step_and_delay(std::slice::from_ref(&reached)), (step, false));
        assert_eq!(step_and_delay(&[reached.clone(), late.clone()]), (step, true), "by an estimate");
        let said = word(&jfk(), "14:05", "delayed");
        assert_eq!(step_and_delay(&[reached.clone(), said]), (step, true), "by a later statement");
        let said = word(&jfk(), "13:00", "delayed");
        assert_eq!(step_and_delay(&[reached, said]), (step, true), "by an earlier statement");
    }
}

#[test]
fn a_reported_delay_ends_by_a_step_or_a_newer_time() {
    let said = word(&jfk(), "13:00", "delayed");
    let then = |report| step_and_delay(&[said.clone(), report]);
    assert_eq!(then(word(&jfk(), "13:30", "scheduled")), ("scheduled", false));
    assert_eq!(then(word(&jfk(), "12:30", "scheduled")), ("delayed", true), "it was before that");
    assert_eq!(then(clears(&jfk(), "13:30", Field::DepartureStep)), ("scheduled", false));
    assert_eq!(then(times(&jfk(), "13:30", Field::DepartureEstimated, "15:05")), ("scheduled", false));
    assert_eq!(then(times(&jfk(), "12:30", Field::DepartureEstimated, "15:05")), ("delayed", true));
    assert_eq!(then(times(&airline(), "13:30", Field::DepartureEstimated, "15:05")), ("delayed", true));
    assert_eq!(then(times(&jfk(), "15:05", Field::DepartureActual, "15:02")), ("departed", false));
}

#[test]
fn a_doubtful_time_does_not_disprove_that_it_is_late() {
    let said = word(&jfk(), "13:00", "delayed");
    let of_yesterday = times(&jfk(), "13:30", Field::DepartureEstimated, "+-2 15:00");
    assert_eq!(step_and_delay(&[said, of_yesterday]), ("delayed", true));
}

#[test]
fn a_time_that_a_person_has_set_disproves_that_it_is_late_whenever_it_was_set() {
    let mut flight = flight(&[schedule(), word(&jfk(), "14:30", "delayed")]);
    let order = Override {
        field: Field::DepartureEstimated,
        value: Some(time("15:00")),
        set_by: "desk".into(),
        set_at: at("14:00"),
        until: at("23:00"),
    };
    flight.set_override(order, at("14:00"));
    assert_eq!((flight.view().status.as_str(), flight.view().delayed), ("scheduled", false));
}

#[test]
fn after_departure_the_arrival_decides_whether_it_is_late() {
    let left = times(&jfk(), "15:41", Field::DepartureActual, "15:40");
    assert_eq!(step_and_delay(std::slice::from_ref(&left)), ("departed", true));
    let makes_up = times(&fll(), "16:30", Field::ArrivalEstimated, "18:10");
    assert_eq!(step_and_delay(&[left, makes_up]), ("departed", false));
    let on_time = times(&jfk(), "15:01", Field::DepartureActual, "15:00");
    let holds = times(&fll(), "17:30", Field::ArrivalEstimated, "18:40");
    assert_eq!(step_and_delay(&[on_time, holds]), ("departed", true));
    assert_eq!(
        step_and_delay(&[word(&jfk(), "13:00", "delayed"), word(&jfk(), "14:00", "cancelled")]),
        ("cancelled", false)
    );
}

mod returned {
    use super::*;

    fn story() -> Vec<Report> {
        vec![
            word(&jfk(), "14:50", "gate_closed"),
            times(&jfk(), "15:05", Field::DepartureActual, "15:04"),
            word(&jfk(), "15:30", "returned"),
        ]
    }

    fn then(reports: &[Report]) -> &'static str {
        let mut all = [story(), reports.to_vec()].concat();
        let forwards = status(&all);
        all.reverse();
        assert_eq!(status(&all), forwards, "backwards");
        forwards
    }

    #[test]
    fn a_return_takes_the_departure_back() {
        assert_eq!(then(&[]), "returned");
        assert_eq!(flight(&story()).view().departure.actual, None);
    }

    #[test]
    fn boarding_after_a_return_is_boarding() {
        assert_eq!(then(&[word(&jfk(), "15:50", "boarding")]), "boarding");
    }

    #[test]
    fn a_departure_after_a_return_counts_by_step_or_by_time_alone() {
        assert_eq!(then(&[word(&jfk(), "16:10", "departed")]), "departed");
        assert_eq!(then(&[times(&jfk(), "16:10", Field::DepartureActual, "16:08")]), "departed");
        assert_eq!(then(&[times(&airline(), "16:30", Field::DepartureAirborne, "16:25")]), "airborne");
        let boarded =
            [word(&jfk(), "15:50", "boarding"), times(&jfk(), "16:10", Field::DepartureActual, "16:08")];
        assert_eq!(then(&boarded), "departed");
    }

    #[test]
    fn the_departure_before_a_return_does_not_count_however_late_it_is_reported() {
        assert_eq!(then(&[times(&airline(), "15:40", Field::DepartureActual, "15:04")]), "returned");
        assert_eq!(then(&[times(&airline(), "15:40", Field::DepartureAirborne, "15:20")]), "returned");
        assert_eq!(then(&[times(&jfk(), "15:40", Field::DepartureActual, "15:04")]), "returned");
    }

    #[test]
    fn boarding_after_a_return_counts_although_the_old_departure_is_repeated() {
        let boards = || word(&jfk(), "15:50", "boarding");
        let late = times(&airline(), "15:40", Field::DepartureActual, "15:04");
        assert_eq!(then(&[late.clone(), boards()]), "boarding");
        let airborne = times(&airline(), "15:40", Field::DepartureAirborne, "15:20");
        assert_eq!(then(&[airborne, boards()]), "boarding");
        let repeated = says(&jfk(), "15:50", |r| {
            r.set(Field::DepartureBoarding, time("15:49"));
            r.set(Field::DepartureActual, time("15:04"));
        });
        assert_eq!(then(std::slice::from_ref(&repeated)), "boarding");
        let view = flight(&[&story()[..], &[late, boards(), repeated.clone()]].concat()).view();
        assert_eq!((view.departure.actual, view.delay_minutes()), (None, None));
        let gone = times(&jfk(), "16:10", Field::DepartureActual, "16:08");
        assert_eq!(then(&[boards(), repeated, gone]), "departed");
    }

    #[test]
    fn operations_before_a_return_do_not_count_after_it() {
        let began = times(&jfk(), "15:40", Field::DepartureGateClosed, "14:50");
        assert_eq!(then(&[began]), "returned");
        let closed =
            [word(&jfk(), "15:50", "scheduled"), times(&jfk(), "15:55", Field::DepartureFinalCall, "14:40")];
        assert_eq!(then(&closed), "scheduled");
    }

    #[test]
    fn a_return_reported_with_less_authority_does_not_count() {
        let left =
            [word(&jfk(), "14:50", "gate_closed"), times(&jfk(), "15:05", Field::DepartureActual, "15:04")];
        let back = word(&airline(), "15:30", "returned");
        assert_eq!(status(&[&left[..], &[back]].concat()), "departed");
    }

    #[test]
    fn a_second_return_is_a_return() {
        let again =
            [times(&jfk(), "16:10", Field::DepartureActual, "16:08"), word(&jfk(), "16:30", "returned")];
        assert_eq!(then(&again), "returned");
    }
}
