//! Reported values that the public does not see.

use crate::story::*;
use gatecall_domain::codes::Direction::{Arrivals, Departures};
use gatecall_domain::field::{Field, Value};
use gatecall_domain::report::{Confidence, Statement};

#[test]
fn an_estimate_of_touchdown_replaces_a_missing_or_earlier_on_block_estimate() {
    let on_block = |observed, clock| times(&fll(), observed, Field::ArrivalEstimated, clock);
    let touchdown = |observed, clock| {
        let value = Some(time(clock));
        let statement = Statement { field: Field::ArrivalEstimated, value };
        says(&fll(), observed, |r| r.state(Confidence::Fallback, statement))
    };
    let shown = |reports: &[_]| flight(reports).view().arrival.estimated;
    assert_eq!(shown(&[touchdown("16:00", "17:58")]), Some(at("17:58")));
    assert_eq!(shown(&[on_block("16:00", "18:10"), touchdown("16:05", "17:58")]), Some(at("18:10")));
    assert_eq!(shown(&[on_block("16:00", "18:10"), touchdown("16:30", "19:30")]), Some(at("19:30")));
    let caught_up = [touchdown("16:00", "19:30"), on_block("16:30", "18:20")];
    assert_eq!(shown(&caught_up), Some(at("18:20")), "an older one disproves nothing");
}

#[test]
fn an_estimate_without_a_schedule_is_shown() {
    let reports = [times(&jfk(), "14:00", Field::DepartureEstimated, "+3 03:01")];
    assert_eq!(flight(&reports).view().departure.estimated, Some(at("+3 03:01")));
}

#[test]
fn a_cancelled_flight_has_no_estimates_until_it_is_reinstated() {
    let cancelled = [
        schedule(),
        times(&jfk(), "12:00", Field::DepartureEstimated, "15:50"),
        word(&jfk(), "12:10", "cancelled"),
    ];
    let view = flight(&cancelled).view();
    assert_eq!((view.departure.estimated, view.delay_minutes()), (None, None));
    let estimate = times(&jfk(), "12:20", Field::DepartureEstimated, "16:30");
    let estimated_on = [cancelled.to_vec(), vec![estimate]].concat();
    assert_eq!(last_change(&estimated_on), None, "it is not shown");
    let reinstated = [estimated_on, vec![word(&jfk(), "12:30", "reinstated")]].concat();
    assert_eq!(flight(&reinstated).view().departure.estimated, Some(at("16:30")));
}

#[test]
fn to_be_diverted_to_where_it_was_planned_to_go_is_to_be_diverted_no_longer() {
    let to =
        |observed, code| says(&jfk(), observed, |r| r.set(Field::DivertedTo, Value::Airport(iata(code))));
    let away = flight(&[schedule(), to("16:00", "MIA")]);
    assert_eq!((away.view().status.as_str(), away.view().diverted_to), ("diverted", Some(iata("MIA"))));
    let topics = away.view().topics(&away.leg);
    assert!(
        topics.iter().any(|t| t.to_string() == "board/MIA/arrivals")
            && topics.iter().any(|t| t.to_string() == "board/FLL/arrivals")
    );
    let back = flight(&[schedule(), to("16:00", "MIA"), to("16:10", "FLL")]).view();
    assert_eq!((back.status.as_str(), back.diverted_to), ("scheduled", None));
}

#[test]
fn hidden_legs_and_positioning_flights_appear_under_no_topic() {
    let hidden = flight(&[schedule(), says(&jfk(), "10:00", |r| r.set(Field::Hidden, Value::Flag(true)))]);
    assert!(hidden.view().topics(&hidden.leg).is_empty());
    for (suffix, shown) in [("P", false), ("F", false), ("A", true)] {
        let mut ferry = flight(&[schedule()]);
        ferry.key.suffix = Some(gatecall_domain::codes::Suffix::parse(suffix).unwrap());
        assert_eq!(!ferry.view().topics(&ferry.leg).is_empty(), shown, "{suffix}");
    }
}

#[test]
fn hiding_a_leg_is_a_change_without_topics_or_facts() {
    let change =
        last_change(&[schedule(), says(&jfk(), "10:00", |r| r.set(Field::Hidden, Value::Flag(true)))])
            .unwrap();
    assert_eq!((change.rev, change.differing().len(), change.kinds.iter().count()), (2, 0, 0));
    assert!(
        !change.before.unwrap().topics(&change.leg).is_empty() && change.after.topics(&change.leg).is_empty()
    );
}

#[test]
fn a_flight_without_a_time_on_one_side_sorts_by_the_other() {
    let leaves = flight(&[times(&jfk(), "10:00", Field::DepartureScheduled, "20:50")]).view();
    assert_eq!((leaves.board_time(Departures), leaves.board_time(Arrivals)), (at("20:50"), at("20:50")));
    let comes = flight(&[times(&fll(), "10:00", Field::ArrivalEstimated, "23:50")]).view();
    assert_eq!((comes.board_time(Departures), comes.board_time(Arrivals)), (at("23:50"), at("23:50")));
}

#[test]
fn a_flight_without_any_time_sorts_by_the_start_of_its_day_at_the_board() {
    let mut somewhen =
        flight(&[says(&jfk(), "10:00", |r| r.set(Field::DepartureGate, text(Field::DepartureGate, "12")))])
            .view();
    // 8 February begins in New York at 05:00 by UTC.
    assert_eq!((somewhen.board_time(Departures), somewhen.board_time(Arrivals)), (at("05:00"), at("05:00")));
    somewhen.arrival.airport = iata("LAX");
    assert_eq!((somewhen.board_time(Departures), somewhen.board_time(Arrivals)), (at("05:00"), at("08:00")));
}

#[test]
fn a_window_of_hours_contains_every_flight_that_may_be_in_it() {
    let leaves = flight(&[times(&jfk(), "10:00", Field::DepartureScheduled, "20:50")]).view();
    let somewhen =
        flight(&[says(&jfk(), "10:00", |r| r.set(Field::DepartureGate, text(Field::DepartureGate, "12")))])
            .view();
    let with = |report| flight(&[schedule(), report]).view();
    let late = with(times(&jfk(), "14:00", Field::DepartureEstimated, "15:40"));
    let unsaid = with(word(&jfk(), "14:00", "delayed"));
    let doubtful = with(times(&jfk(), "14:00", Field::DepartureEstimated, "+3 15:00"));
    let left = with(word(&jfk(), "15:10", "departed"));
    for (view, side, from, to, expected) in [
        (&leaves, Departures, "20:50", "20:51", true),
        (&leaves, Departures, "20:00", "20:50", false),
        (&leaves, Departures, "20:51", "23:00", false),
        (&leaves, Arrivals, "05:00", "21:00", true),
        (&leaves, Arrivals, "+1 05:00", "+2 05:00", true),
        (&leaves, Arrivals, "12:00", "20:50", false),
        (&leaves, Arrivals, "+1 17:00", "+2 05:00", false),
        (&somewhen, Departures, "22:00", "23:00", true),
        (&somewhen, Departures, "+1 06:00", "+1 07:00", false),
        (&somewhen, Arrivals, "+1 06:00", "+1 07:00", true),
        (&somewhen, Arrivals, "02:00", "04:00", false),
        (&late, Departures, "15:30", "16:00", true),
        (&late, Departures, "14:30", "15:01", true),
        (&late, Departures, "15:10", "15:20", false),
        (&late, Arrivals, "18:30", "18:50", true),
        (&late, Arrivals, "17:30", "18:30", true),
        (&unsaid, Departures, "17:00", "18:00", true),
        (&unsaid, Departures, "14:00", "15:00", false),
        (&unsaid, Departures, "+1 04:00", "+1 05:00", false),
        (&unsaid, Arrivals, "21:00", "22:00", true),
        (&doubtful, Departures, "17:00", "18:00", true),
        (&left, Departures, "17:00", "18:00", false),
    ] {
        assert_eq!(view.may_be_within(side, Some(at(from)), Some(at(to))), expected, "{side:?} {from} {to}");
    }
    assert!(leaves.may_be_within(Arrivals, None, None));
}
