//! Which sources may cancel a flight, and what ends a cancellation.

use crate::story::*;
use gatecall_domain::field::Field;
use gatecall_domain::flight::Override;
use gatecall_domain::report::{Report, Source};
use gatecall_domain::scope::{PassesOn, Scope, SpeaksFor};

/// The status, which does not depend on the order of what follows the schedule.
fn status(reports: &[Report]) -> &'static str {
    let mut all = [vec![schedule()], reports.to_vec()].concat();
    let forwards = flight(&all).view().status.as_str();
    all[1..].reverse();
    assert_eq!(flight(&all).view().status.as_str(), forwards, "backwards");
    forwards
}

fn cancelled_by_jfk(report: Report) -> &'static str {
    status(&[word(&jfk(), "12:00", "cancelled"), report])
}

#[test]
fn only_a_reinstatement_withdraws_an_own_cancellation_not_a_step_that_cancelled_flights_have() {
    for other in ["scheduled", "check_in", "delayed", "gate_open", "gate_closed", "diverted", "returned"] {
        assert_eq!(cancelled_by_jfk(word(&jfk(), "13:00", other)), "cancelled", "{other}");
    }
    let before = word(&jfk(), "11:00", "reinstated");
    assert_eq!(cancelled_by_jfk(before), "cancelled", "a reinstatement before the cancellation");
    assert_eq!(cancelled_by_jfk(word(&jfk(), "13:00", "reinstated")), "scheduled");
    assert_eq!(cancelled_by_jfk(word(&fll(), "13:00", "reinstated")), "scheduled", "either airport may");
}

#[test]
fn a_source_that_reports_later_that_the_flight_operates_ends_its_own_cancellation() {
    for step in ["boarding", "final_call", "departed", "airborne", "landed", "arrived", "bags_on_belt"] {
        assert_eq!(cancelled_by_jfk(word(&jfk(), "13:00", step)), step);
        assert_eq!(cancelled_by_jfk(word(&jfk(), "11:00", step)), "cancelled", "{step} before it");
        assert_eq!(cancelled_by_jfk(word(&jfk(), "12:00", step)), "cancelled", "{step} in one message");
    }
    for (field, status) in [
        (Field::DepartureBoarding, "boarding"),
        (Field::DepartureFinalCall, "final_call"),
        (Field::DepartureActual, "departed"),
        (Field::DepartureAirborne, "airborne"),
        (Field::ArrivalLanded, "landed"),
        (Field::ArrivalActual, "arrived"),
        (Field::ArrivalFirstBag, "bags_on_belt"),
    ] {
        assert_eq!(cancelled_by_jfk(times(&jfk(), "15:10", field, "15:05")), status);
        let repeated = times(&jfk(), "15:10", field, "11:55");
        assert_eq!(cancelled_by_jfk(repeated), "cancelled", "{field}: it happened before");
    }
    let airlines_own = [word(&airline(), "12:00", "cancelled"), word(&airline(), "13:00", "boarding")];
    assert_eq!(status(&airlines_own), "boarding");
}

#[test]
fn cancelled_boarding_off_block_and_airborne_from_one_source_is_airborne() {
    let all = [
        word(&jfk(), "12:00", "cancelled"),
        word(&jfk(), "14:20", "boarding"),
        times(&jfk(), "15:05", Field::DepartureActual, "15:04"),
        word(&jfk(), "15:20", "airborne"),
    ];
    let shown = [1, 2, 3, 4].map(|count| status(&all[..count]));
    assert_eq!(shown, ["cancelled", "boarding", "departed", "airborne"]);
}

#[test]
fn a_later_cancellation_of_the_same_source_counts_again() {
    let boards = [word(&jfk(), "12:00", "cancelled"), word(&jfk(), "13:00", "boarding")];
    assert_eq!(status(&[&boards[..], &[word(&jfk(), "14:00", "cancelled")]].concat()), "cancelled");
    assert_eq!(status(&[&boards[..], &[word(&jfk(), "13:00", "cancelled")]].concat()), "cancelled");
}

#[test]
fn that_a_flight_operates_is_not_forgotten_when_its_step_is_another() {
    let boards = [word(&jfk(), "12:00", "cancelled"), word(&jfk(), "13:00", "boarding")];
    for (next, expected) in [("delayed", "boarding"), ("scheduled", "scheduled"), ("gate_open", "gate_open")]
    {
        assert_eq!(status(&[&boards[..], &[word(&jfk(), "13:30", next)]].concat()), expected);
    }
}

#[test]
fn a_source_ends_its_own_cancellation_and_leaves_that_of_a_stronger_one() {
    let both = [word(&airline(), "12:00", "cancelled"), word(&jfk(), "11:00", "cancelled")];
    assert_eq!(status(&[&both[..], &[word(&airline(), "13:00", "boarding")]].concat()), "cancelled");
    assert_eq!(status(&[&both[..], &[word(&jfk(), "13:00", "boarding")]].concat()), "boarding");
}

#[test]
fn a_rumour_ends_when_its_own_source_reports_that_the_flight_operates() {
    let rumours = [
        word(&secondary("radar", 10), "12:00", "cancelled"),
        word(&secondary("tracker", 90), "12:10", "cancelled"),
    ];
    assert_eq!(status(&rumours), "cancelled");
    let flies = word(&secondary("radar", 10), "15:20", "airborne");
    assert_eq!(status(&[&rumours[..], &[flies]].concat()), "airborne");
}

#[test]
fn a_clear_withdraws_only_the_own_claim() {
    assert_eq!(cancelled_by_jfk(clears(&jfk(), "13:00", Field::Cancelled)), "scheduled");
    let airline_knows_better = word(&airline(), "12:30", "cancelled");
    let clear = clears(&jfk(), "13:00", Field::Cancelled);
    assert_eq!(status(&[word(&jfk(), "12:00", "cancelled"), airline_knows_better, clear]), "cancelled");
}

#[test]
fn the_two_airports_outweigh_all_others_on_a_cancellation() {
    let strong = source("aviation", None, 99);
    for end in [jfk(), fll()] {
        let flies = [word(&strong, "13:00", "cancelled"), word(&end, "12:00", "reinstated")];
        assert_eq!(status(&flies), "scheduled");
        let is_off = [word(&strong, "13:00", "reinstated"), word(&end, "12:00", "cancelled")];
        assert_eq!(status(&is_off), "cancelled");
    }
    let elsewhere = source("bos", Some("BOS"), 50);
    let at_boston = [word(&airline(), "12:00", "cancelled"), word(&elsewhere, "13:00", "reinstated")];
    assert_eq!(status(&at_boston), "scheduled", "an airport that is no end of it is as good as the airline");
}

#[test]
fn a_secondary_source_does_not_cancel_alone_and_two_that_agree_do() {
    let rumour = word(&secondary("radar", 10), "12:00", "cancelled");
    let second = word(&secondary("tracker", 90), "12:10", "cancelled");
    assert_eq!(status(std::slice::from_ref(&rumour)), "scheduled");
    assert_eq!(status(&[rumour.clone(), rumour.clone()]), "scheduled", "the same one twice is one");
    assert_eq!(status(&[rumour.clone(), second.clone()]), "cancelled");
    let airline_flies = word(&airline(), "11:00", "reinstated");
    assert_eq!(status(&[rumour.clone(), second.clone(), airline_flies]), "scheduled");
    let taken_back = word(&secondary("radar", 10), "12:20", "reinstated");
    assert_eq!(status(&[rumour.clone(), second, taken_back]), "scheduled");
    assert_eq!(status(&[rumour, word(&airline(), "12:30", "cancelled")]), "cancelled");
    let takes_back = word(&secondary("tracker", 90), "13:00", "reinstated");
    assert_eq!(status(&[word(&airline(), "12:30", "cancelled"), takes_back]), "cancelled");
}

#[test]
fn a_source_that_became_secondary_can_withdraw_earlier_claims() {
    let (primary, now_secondary) = (source("radar", None, 10), secondary("radar", 10));
    let cancelled = word(&primary, "12:00", "cancelled");
    assert_eq!(status(std::slice::from_ref(&cancelled)), "cancelled");
    for taken_back in [
        word(&now_secondary, "12:20", "reinstated"),
        clears(&now_secondary, "12:20", Field::Cancelled),
        word(&now_secondary, "12:20", "cancelled"),
    ] {
        assert_eq!(status(&[cancelled.clone(), taken_back]), "scheduled", "alone it cancels no longer");
    }
    let stale = word(&now_secondary, "11:00", "reinstated");
    assert_eq!(status(&[cancelled, stale]), "cancelled");
    let again = [word(&now_secondary, "12:20", "reinstated"), word(&primary, "12:30", "cancelled")];
    assert_eq!(status(&again), "cancelled");
}

#[test]
fn an_airports_own_feed_that_is_secondary_may_cancel_its_own_flights() {
    let own = std::sync::Arc::new(Source { creates: false, ..(*jfk()).clone() });
    assert_eq!(status(&[word(&own, "12:00", "cancelled")]), "cancelled");
}

#[test]
fn a_flight_that_an_airport_has_seen_leave_or_arrive_is_not_cancelled_by_others() {
    let cancelled = |observed| word(&airline(), observed, "cancelled");
    let boards = word(&jfk(), "14:30", "boarding");
    assert_eq!(status(&[cancelled("14:00"), boards]), "cancelled", "boarding can be called off");
    for observed in ["14:00", "15:30"] {
        let off_block = times(&jfk(), "15:05", Field::DepartureActual, "15:04");
        assert_eq!(status(&[cancelled(observed), off_block]), "departed", "{observed}");
        assert_eq!(status(&[cancelled(observed), word(&jfk(), "15:05", "departed")]), "departed");
        assert_eq!(status(&[cancelled(observed), word(&fll(), "18:00", "landed")]), "landed");
        assert_eq!(
            status(&[cancelled(observed), times(&fll(), "18:05", Field::ArrivalActual, "18:02")]),
            "arrived"
        );
    }
    let hearsay = times(&source("radar", None, 10), "15:05", Field::DepartureActual, "15:04");
    assert_eq!(status(&[cancelled("14:00"), hearsay]), "cancelled", "the other source ranks lower");
}

#[test]
fn a_primary_source_of_no_lower_rank_that_reports_later_that_the_flight_left_ends_anybodys_cancellation() {
    for canceller in [jfk(), fll(), source("broker", None, 50)] {
        let cancelled = word(&canceller, "14:00", "cancelled");
        let left = times(&airline(), "15:05", Field::DepartureActual, "15:04");
        assert_eq!(status(&[cancelled.clone(), left.clone()]), "departed");
        let higher = source("operations", None, 51);
        assert_eq!(status(&[cancelled.clone(), word(&higher, "15:20", "airborne")]), "airborne");
        let boards = word(&airline(), "14:30", "boarding");
        assert_eq!(status(&[cancelled.clone(), boards]), "cancelled", "boarding can be called off");
        assert_eq!(status(&[word(&canceller, "15:30", "cancelled"), left.clone()]), "cancelled", "later");
        let weak = times(&source("screens", None, 49), "15:05", Field::DepartureActual, "15:04");
        assert_eq!(status(&[cancelled.clone(), weak]), "cancelled");
        let spotted = times(&secondary("spotter", 99), "15:05", Field::DepartureActual, "15:04");
        assert_eq!(status(&[cancelled.clone(), spotted]), "cancelled", "a secondary source");
        let back = says(&jfk(), "15:30", |r| r.set(Field::DepartureReturned, time("15:30")));
        assert_eq!(status(&[cancelled, left, back]), "cancelled", "it came back");
    }
}

#[test]
fn a_departure_from_before_the_cancellation_that_is_repeated_after_it_ends_nothing() {
    for canceller in [jfk(), fll(), source("broker", None, 50)] {
        let cancelled = word(&canceller, "15:00", "cancelled");
        for field in [Field::DepartureActual, Field::DepartureAirborne] {
            let repeated = times(&airline(), "15:01", field, "14:00");
            assert_eq!(status(&[cancelled.clone(), repeated]), "cancelled", "{field}");
            let at_once = times(&airline(), "15:01", field, "15:00");
            assert_eq!(status(&[cancelled.clone(), at_once]), "cancelled", "{field}");
        }
        let repeated = word(&airline(), "15:01", "departed");
        assert_eq!(status(&[cancelled.clone(), repeated]), "cancelled", "a bare word of an equal");
        let higher = source("operations", None, 51);
        let both =
            [times(&higher, "15:01", Field::DepartureActual, "14:00"), word(&higher, "15:01", "departed")];
        assert_eq!(status(&[&[cancelled][..], &both[..]].concat()), "cancelled", "its own time decides");
    }
}

#[test]
fn a_departure_that_the_other_airport_only_passes_on_ends_no_cancellation() {
    let cancelled = word(&source("broker", None, 0), "14:00", "cancelled");
    let scope = Scope { speaks_for: SpeaksFor::Airport, passes_on: PassesOn::Movements, ..Scope::default() };
    let fll = std::sync::Arc::new(Source { scope, ..(*fll()).clone() });
    let passed_on = times(&fll, "15:05", Field::DepartureActual, "15:04");
    assert_eq!(status(&[cancelled, passed_on]), "cancelled");
}

#[test]
fn a_cancellation_by_an_airport_after_its_observation_counts_from_any_of_its_feeds() {
    let screens = source("jfk-screens", Some("JFK"), 50);
    let seen = |observed| times(&screens, observed, Field::DepartureActual, "13:50");
    for end in [jfk(), fll()] {
        let off = word(&end, "14:30", "cancelled");
        assert_eq!(status(&[seen("13:51"), off.clone()]), "cancelled", "it returned without a report");
        assert_eq!(status(&[word(&screens, "13:51", "departed"), off.clone()]), "cancelled");
        assert_eq!(status(&[seen("14:30"), off.clone()]), "cancelled", "at one instant the end's word");
        assert_eq!(status(&[seen("14:31"), off]), "departed", "it is seen after that");
    }
    let of_no_end = word(&source("bos", Some("BOS"), 99), "14:30", "cancelled");
    assert_eq!(status(&[seen("13:51"), of_no_end]), "departed");
}

#[test]
fn an_override_counts_whenever_it_was_set() {
    let mut flight = flight(&[schedule(), word(&jfk(), "14:30", "cancelled")]);
    let order = Override {
        field: Field::DepartureActual,
        value: Some(time("13:50")),
        set_by: "desk".into(),
        set_at: at("14:00"),
        until: at("23:00"),
    };
    flight.set_override(order, at("14:00"));
    assert_eq!(flight.view().status.as_str(), "departed");
}

#[test]
fn a_flight_that_came_back_can_be_cancelled() {
    let reports = [
        times(&jfk(), "15:05", Field::DepartureActual, "15:04"),
        word(&jfk(), "15:30", "returned"),
        word(&airline(), "16:00", "cancelled"),
    ];
    assert_eq!(status(&reports), "cancelled");
}
