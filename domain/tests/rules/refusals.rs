//! Reports that cannot be applied at all.

use crate::story::*;
use gatecall_domain::field::Field;
use gatecall_domain::flight::{Applied, Flight, Refused};
use gatecall_domain::report::Source;
use std::sync::Arc;

#[test]
fn a_secondary_source_may_enrich_a_flight_and_not_create_one() {
    let spotter = Arc::new(Source { creates: false, ..(*source("spotter", None, 10)).clone() });
    let report = texts(&spotter, "10:00", Field::AircraftRegistration, "N503JB");
    let mut unknown = Flight::new(key());
    assert_eq!(unknown.apply(&report, now()), Err(Refused::UnknownFlight(key().id())));
    assert_eq!(unknown, Flight::new(key()));
    assert!(matches!(flight(&[schedule()]).apply(&report, now()), Ok(Applied::Changed(_))));
}

#[test]
fn a_source_may_be_a_quarter_of_an_hour_ahead_and_no_more() {
    let report = texts(&jfk(), "10:00", Field::DepartureGate, "12");
    let mut flight = Flight::new(key());
    let refused = flight.apply(&report, at("09:44")).unwrap_err();
    assert_eq!(refused.to_string(), "observed_at 2013-02-08 10:00:00 UTC lies 16 minutes in the future");
    assert_eq!(flight, Flight::new(key()));
    assert!(flight.apply(&report, at("09:45")).is_ok());
}

#[test]
fn an_event_after_its_observation_is_refused_with_the_field() {
    for field in Field::TABLE.iter().map(|row| row.0).filter(|field| field.is_event()) {
        let mut flight = Flight::new(key());
        assert!(matches!(
            flight.apply(&times(&jfk(), "10:00", field, "10:16"), now()),
            Err(Refused::NotYet { field: f, minutes_after: 16, .. }) if f == field
        ));
        assert!(flight.apply(&times(&jfk(), "10:00", field, "10:15"), now()).is_ok());
    }
    assert!(
        Flight::new(key()).apply(&times(&jfk(), "10:00", Field::DepartureEstimated, "20:00"), now()).is_ok()
    );
}

#[test]
fn a_refused_report_leaves_the_flight_as_it_was() {
    let mut flight = flight(&[schedule()]);
    let before = flight.clone();
    let mut report = texts(&jfk(), "10:00", Field::DepartureGate, "12");
    report.set(Field::DepartureActual, time("15:00"));
    assert!(flight.apply(&report, now()).is_err());
    assert_eq!(flight, before);
}
