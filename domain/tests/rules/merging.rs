//! Whose word counts, and which.

use crate::story::*;
use gatecall_domain::field::{Field, Value};
use gatecall_domain::flight::{Applied, Flight};
use gatecall_domain::report::{Report, ReportedStatus};

const GATE: Field = Field::DepartureGate;

#[test]
fn the_newer_claim_of_a_source_counts_in_any_order() {
    let (old, new) = (texts(&jfk(), "10:00", GATE, "12"), texts(&jfk(), "10:05", GATE, "14"));
    assert_eq!(gate(&flight(&[old.clone(), new.clone()])).as_deref(), Some("14"));
    assert_eq!(gate(&flight(&[new, old])).as_deref(), Some("14"));
}

#[test]
fn an_airports_claim_on_its_own_side_outweighs_newer_claims_of_others() {
    let airline = source("jetblue", None, 99);
    let reports = [texts(&jfk(), "10:00", GATE, "12"), texts(&airline, "11:00", GATE, "14")];
    assert_eq!(gate(&flight(&reports)).as_deref(), Some("12"));
}

#[test]
fn an_airport_has_no_extra_authority_on_the_far_side() {
    let reports = [
        texts(&airline(), "10:00", Field::ArrivalBelt, "4"),
        texts(&fll(), "10:01", Field::ArrivalBelt, "7"),
        texts(&jfk(), "11:00", Field::ArrivalBelt, "9"),
    ];
    assert_eq!(flight(&reports).view().arrival.belt.as_deref(), Some("7"));
    assert_eq!(flight(&reports[..1]).view().arrival.belt.as_deref(), Some("4"));
}

#[test]
fn between_equals_the_newer_claim_counts_then_the_later_name() {
    let older = texts(&jfk(), "10:00", Field::Remark, "Wait");
    let newer = texts(&fll(), "10:05", Field::Remark, "Go to gate");
    assert_eq!(flight(&[newer, older]).view().remark.as_deref(), Some("Go to gate"));
    let same = [texts(&jfk(), "10:00", Field::Remark, "A"), texts(&fll(), "10:00", Field::Remark, "B")];
    assert_eq!(flight(&same).view().remark.as_deref(), Some("A"), "jfk comes after fll");
}

#[test]
fn of_two_claims_of_one_source_at_one_instant_the_greater_counts() {
    let (a, b) = (texts(&jfk(), "10:00", GATE, "12"), texts(&jfk(), "10:00", GATE, "14"));
    assert_eq!(gate(&flight(&[a.clone(), b.clone()])).as_deref(), Some("14"));
    assert_eq!(gate(&flight(&[b.clone(), a])).as_deref(), Some("14"));
    assert_eq!(
        gate(&flight(&[b, clears(&jfk(), "10:00", GATE)])).as_deref(),
        Some("14"),
        "a value beats a clear"
    );
    let steps = [word(&jfk(), "10:00", "final_call"), word(&jfk(), "10:00", "boarding")];
    assert_eq!(flight(&steps).view().status.as_str(), "final_call", "the later in a flight's life");
}

#[test]
fn a_silent_but_stronger_source_keeps_its_claim() {
    let reports = [texts(&jfk(), "01:00", GATE, "12"), texts(&airline(), "+1 11:00", GATE, "14")];
    assert_eq!(gate(&flight(&reports)).as_deref(), Some("12"));
}

#[test]
fn fields_missing_from_a_report_do_not_change() {
    let reports = [
        texts(&jfk(), "10:00", GATE, "12"),
        word(&jfk(), "11:00", "boarding"),
        says(&jfk(), "11:30", |_| ()),
    ];
    assert_eq!(gate(&flight(&reports)).as_deref(), Some("12"));
}

#[test]
fn a_clear_also_removes_earlier_values_of_weaker_sources() {
    let reports = [
        texts(&airline(), "09:00", GATE, "11"),
        texts(&jfk(), "10:00", GATE, "12"),
        clears(&jfk(), "10:05", GATE),
    ];
    assert_eq!(gate(&flight(&reports)), None);
}

#[test]
fn a_clear_does_not_block_later_values_of_others() {
    let reports = [clears(&jfk(), "10:00", GATE), texts(&airline(), "10:30", GATE, "14")];
    assert_eq!(gate(&flight(&reports)).as_deref(), Some("14"));
    let and_then_jfk = [reports.to_vec(), vec![texts(&jfk(), "10:10", GATE, "12")]].concat();
    assert_eq!(gate(&flight(&and_then_jfk)).as_deref(), Some("12"));
}

#[test]
fn a_weaker_source_clears_only_its_own_claim() {
    let reports = [texts(&jfk(), "10:00", GATE, "12"), clears(&airline(), "11:00", GATE)];
    assert_eq!(gate(&flight(&reports)).as_deref(), Some("12"));
}

#[test]
fn a_stale_report_changes_nothing() {
    let mut flight = flight(&[texts(&jfk(), "10:05", GATE, "14")]);
    let before = flight.clone();
    assert_eq!(flight.apply(&texts(&jfk(), "10:00", GATE, "12"), now()), Ok(Applied::Unchanged));
    assert_eq!(flight, before);
}

#[test]
fn a_repeated_report_changes_nothing() {
    let report = texts(&jfk(), "10:05", GATE, "14");
    let mut flight = flight(std::slice::from_ref(&report));
    let before = flight.clone();
    assert_eq!(flight.apply(&report, now()), Ok(Applied::Unchanged));
    assert_eq!(flight, before);
}

#[test]
fn a_repeated_claim_is_confirmed_without_a_revision() {
    let mut flight = flight(&[texts(&jfk(), "10:00", GATE, "14")]);
    assert_eq!(flight.apply(&texts(&jfk(), "10:10", GATE, "14"), now()), Ok(Applied::Confirmed));
    assert_eq!(flight.rev, 1);
    assert_eq!(flight.apply(&texts(&jfk(), "10:05", GATE, "12"), now()), Ok(Applied::Unchanged));
    assert_eq!(gate(&flight).as_deref(), Some("14"), "an older word that comes later still loses");
}

#[test]
fn a_gate_that_changes_there_and_back_is_two_changes() {
    let mut flight = flight(&[texts(&jfk(), "10:00", GATE, "12")]);
    for (minute, value) in [("10:05", "14"), ("10:09", "12")] {
        assert!(matches!(flight.apply(&texts(&jfk(), minute, GATE, value), now()), Ok(Applied::Changed(_))));
    }
    assert_eq!((flight.rev, gate(&flight).as_deref()), (3, Some("12")));
}

#[test]
fn a_fallback_weighs_less_than_the_same_sources_primary_claim_however_new() {
    let actual = texts(&jfk(), "14:00", GATE, "14");
    let planned = fallback_statements(&jfk(), "14:05", GATE, Some("12"));
    for reports in [[actual.clone(), planned.clone()], [planned.clone(), actual.clone()]] {
        assert_eq!(gate(&flight(&reports)).as_deref(), Some("14"));
    }
    assert_eq!(
        gate(&flight(std::slice::from_ref(&planned))).as_deref(),
        Some("12"),
        "until there is a better"
    );
    let taken_away = [actual.clone(), fallback_statements(&jfk(), "14:10", GATE, None)];
    assert_eq!(gate(&flight(&taken_away)).as_deref(), Some("14"), "nor does taking it away take the best");
    let gone = [actual, planned, clears(&jfk(), "14:10", GATE)];
    assert_eq!(gate(&flight(&gone)), None, "a clear removes all earlier statements");
    let newly_planned = [&gone[..], &[fallback_statements(&jfk(), "14:15", GATE, Some("16"))]].concat();
    assert_eq!(gate(&flight(&newly_planned)).as_deref(), Some("16"));
}

#[test]
fn a_fallback_beside_a_clear_of_the_primary_value_counts() {
    let none = clears(&jfk(), "14:00", GATE);
    let planned = |observed| fallback_statements(&jfk(), observed, GATE, Some("12"));
    let shown = |reports: &[Report]| gate(&flight(reports));
    for reports in [[none.clone(), planned("14:00")], [planned("14:00"), none.clone()]] {
        assert_eq!(shown(&reports).as_deref(), Some("12"));
    }
    assert_eq!(shown(&[planned("13:59"), none.clone()]), None);
    let screens = source("jfk-screens", Some("JFK"), 50);
    let of_another = fallback_statements(&screens, "14:00", GATE, Some("12"));
    assert_eq!(shown(&[none, of_another]), None, "the order of two sources is unknown");
}

#[test]
fn between_sources_authority_comes_before_confidence() {
    let planned = fallback_statements(&jfk(), "14:00", GATE, Some("12"));
    let of_others = texts(&airline(), "14:05", GATE, "14");
    assert_eq!(gate(&flight(&[planned.clone(), of_others])).as_deref(), Some("12"));
    let of_an_equal = texts(&source("jfk-screens", Some("JFK"), 50), "13:00", GATE, "14");
    assert_eq!(gate(&flight(&[planned, of_an_equal])).as_deref(), Some("14"));
}

#[test]
fn a_value_that_does_not_fit_its_field_is_not_taken_notice_of() {
    let mut report = says(&jfk(), "10:00", |_| ());
    report
        .statements
        .push(gatecall_domain::report::Statement { field: GATE, value: Some(Value::Flag(true)) });
    let mut flight = flight(&[texts(&jfk(), "09:00", GATE, "12")]);
    assert_eq!(flight.apply(&report, now()), Ok(Applied::Unchanged));
}

#[test]
fn a_first_report_without_statements_creates_the_leg() {
    let mut flight = Flight::new(key());
    assert!(matches!(flight.apply(&says(&jfk(), "10:00", |_| ()), now()), Ok(Applied::Changed(_))));
    assert_eq!(flight.apply(&says(&jfk(), "10:05", |_| ()), now()), Ok(Applied::Unchanged));
    assert_eq!((flight.rev, flight.view().status.as_str()), (1, "scheduled"));
}

#[test]
fn revisions_count_what_is_shown_and_stamps_never_go_back() {
    let mut flight = flight(&[texts(&jfk(), "10:00", GATE, "12")]);
    let Ok(Applied::Changed(change)) = flight.apply(&texts(&jfk(), "10:05", GATE, "14"), at("11:00")) else {
        panic!("a new gate is a change");
    };
    assert_eq!((change.rev, change.at), (2, now()), "another node's clock was ahead");
}

#[test]
fn codeshares_are_shown_and_lead_to_topics_but_are_no_part_of_the_key() {
    let list = Value::codeshares(vec![gatecall_domain::codes::Designator::parse("EI5105").unwrap()]).unwrap();
    let flight = flight(&[says(&jfk(), "10:00", |r| r.set(Field::Codeshares, list))]);
    let topics: Vec<_> = flight.view().topics(&flight.leg).iter().map(ToString::to_string).collect();
    assert_eq!(flight.leg, key().id());
    let expected = [
        "flight/B6-615-20130208-JFK-FLL",
        "board/JFK/departures",
        "board/FLL/arrivals",
        "airline/B6",
        "airline/EI",
        "all",
    ];
    assert_eq!(topics, expected);
}

#[test]
fn a_reported_return_clears_the_departure_in_the_same_report() {
    let report = says(&jfk(), "10:00", |r| {
        r.set(Field::DepartureActual, time("09:50"));
        r.status(ReportedStatus::parse("returned").unwrap());
    });
    assert_eq!(flight(&[report]).view().departure.actual, None);
}
