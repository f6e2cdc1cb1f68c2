//! When a diversion is over.

use crate::story::*;
use gatecall_domain::field::{Field, Value};
use gatecall_domain::flight::Override;
use gatecall_domain::report::Report;

fn diverted(source: &std::sync::Arc<gatecall_domain::report::Source>, observed: &str) -> Report {
    says(source, observed, |r| {
        r.set(Field::Diverted, Value::Flag(true));
        r.set(Field::DivertedTo, Value::Airport(iata("MIA")));
    })
}

/// Status and airport after these reports, in whatever order they come.
fn after(reports: &[Report]) -> (&'static str, Option<String>) {
    let of = |reports: &[Report]| {
        let view = flight(reports).view();
        (view.status.as_str(), view.diverted_to.map(|iata| iata.to_string()))
    };
    let backwards: Vec<_> = reports.iter().rev().cloned().collect();
    assert_eq!(of(&backwards), of(reports), "backwards");
    of(reports)
}

#[test]
fn a_flight_that_has_landed_where_it_was_planned_to_is_diverted_no_longer() {
    for (field, status) in [(Field::ArrivalLanded, "landed"), (Field::ArrivalActual, "arrived")] {
        let landed = times(&fll(), "18:05", field, "18:04");
        assert_eq!(after(&[diverted(&fll(), "16:00"), landed.clone()]), (status, None));
        assert_eq!(after(&[diverted(&airline(), "16:00"), landed]), (status, None));
    }
    assert_eq!(after(&[diverted(&airline(), "16:00"), word(&fll(), "18:05", "landed")]), ("landed", None));
}

#[test]
fn another_sources_repeated_diversion_does_not_stand_against_a_landing_at_the_planned_airport() {
    let landed = times(&fll(), "18:05", Field::ArrivalActual, "18:04");
    assert_eq!(after(&[landed, diverted(&airline(), "18:30")]), ("arrived", None));
}

#[test]
fn only_the_planned_airport_knows_that_the_flight_has_landed_there() {
    let elsewhere = times(&airline(), "18:05", Field::ArrivalLanded, "18:04");
    assert_eq!(after(&[diverted(&fll(), "16:00"), elsewhere]), ("diverted", Some("MIA".into())));
}

#[test]
fn of_the_planned_airports_own_claims_the_newer_counts() {
    let landed = times(&fll(), "18:05", Field::ArrivalLanded, "18:04");
    assert_eq!(after(&[landed.clone(), diverted(&fll(), "18:10")]), ("diverted", Some("MIA".into())));
    let withdrawn = clears(&fll(), "18:20", Field::ArrivalLanded);
    let taken_back = [diverted(&airline(), "16:00"), landed, withdrawn];
    assert_eq!(after(&taken_back), ("diverted", Some("MIA".into())));
}

#[test]
fn a_newer_claim_of_another_source_does_not_hide_the_planned_airports_own() {
    let mistaken = times(&fll(), "17:40", Field::ArrivalLanded, "17:39");
    let own = word(&fll(), "17:50", "diverted");
    for repeated in [word(&airline(), "18:00", "diverted"), diverted(&airline(), "18:00")] {
        assert_eq!(after(&[mistaken.clone(), own.clone(), repeated]).0, "diverted");
    }
    let landed = times(&fll(), "18:05", Field::ArrivalLanded, "18:04");
    assert_eq!(after(&[own, landed, diverted(&airline(), "18:30")]), ("landed", None));
}

#[test]
fn a_source_that_reports_later_that_the_flight_operates_as_planned_ends_its_own_diversion() {
    for source in [jfk(), airline()] {
        for step in ["boarding", "final_call", "departed", "airborne"] {
            assert_eq!(after(&[word(&source, "16:00", "diverted"), word(&source, "16:30", step)]).0, step);
            assert_eq!(after(&[diverted(&source, "16:00"), word(&source, "16:30", step)]), (step, None));
            assert_eq!(after(&[diverted(&source, "16:00"), word(&source, "15:30", step)]).0, "diverted");
            let again = [word(&source, "16:30", step), diverted(&source, "17:00")];
            assert_eq!(after(&[&[diverted(&source, "16:00")], &again[..]].concat()).0, "diverted");
        }
        let left_again = times(&source, "17:05", Field::DepartureAirborne, "17:04");
        assert_eq!(after(&[diverted(&source, "16:00"), left_again]), ("airborne", None));
        let repeated = times(&source, "16:30", Field::DepartureAirborne, "15:19");
        assert_eq!(after(&[diverted(&source, "16:00"), repeated]).0, "diverted", "it left before that");
    }
    let of_another = word(&airline(), "16:30", "airborne");
    assert_eq!(after(&[diverted(&fll(), "16:00"), of_another]).0, "diverted");
}

#[test]
fn a_landing_ends_the_sources_own_diversion_unless_it_has_named_the_other_airport() {
    let landed = || word(&airline(), "18:00", "landed");
    assert_eq!(after(&[word(&airline(), "16:00", "diverted"), landed()]).0, "landed");
    let in_miami = after(&[diverted(&airline(), "16:00"), landed()]);
    assert_eq!(in_miami, ("diverted", Some("MIA".into())), "that is where it landed");
}

#[test]
fn a_clear_withdraws_only_the_own_claim() {
    let forgets = |source: &_, observed| {
        says(source, observed, |r| {
            r.clear(Field::Diverted);
            r.clear(Field::DivertedTo);
        })
    };
    assert_eq!(after(&[diverted(&fll(), "16:00"), forgets(&jfk(), "16:30")]).0, "diverted");
    assert_eq!(after(&[schedule(), diverted(&fll(), "16:00"), forgets(&fll(), "16:30")]).0, "scheduled");
    let of_two = [diverted(&fll(), "16:00"), diverted(&airline(), "16:10"), forgets(&fll(), "16:30")];
    assert_eq!(after(&of_two), ("diverted", Some("MIA".into())));
}

#[test]
fn a_flight_that_is_sent_to_where_it_was_planned_to_go_is_diverted_no_longer() {
    let as_planned = says(&fll(), "16:30", |r| {
        r.set(Field::Diverted, Value::Flag(false));
        r.set(Field::DivertedTo, Value::Airport(iata("FLL")));
    });
    let sent_back = [schedule(), diverted(&airline(), "16:00"), as_planned];
    assert_eq!(after(&sent_back), ("scheduled", None));
}

#[test]
fn a_diversion_that_is_set_by_hand_ends_by_hand() {
    let mut flight = flight(&[schedule(), times(&fll(), "18:05", Field::ArrivalLanded, "18:04")]);
    let order = Override {
        field: Field::DivertedTo,
        value: Some(Value::Airport(iata("MIA"))),
        set_by: "desk".into(),
        set_at: at("18:10"),
        until: at("23:00"),
    };
    flight.set_override(order, at("18:10"));
    assert_eq!(flight.view().status.as_str(), "diverted");
}
