//! Number, date and route, corrected under a provider's identifier.

use crate::story::*;
use gatecall_domain::change::ChangeKind;
use gatecall_domain::codes::{Direction, FlightNumber, Iata};
use gatecall_domain::field::Field;
use gatecall_domain::flight::Flight;
use gatecall_domain::leg::LegKey;
use gatecall_domain::report::Report;
use gatecall_domain::topic::Topic;
use gatecall_domain::view::Fact;

fn number(number: &str) -> LegKey {
    LegKey { number: FlightNumber::parse(number).unwrap(), ..key() }
}

fn to_miami() -> LegKey {
    LegKey { to: iata("MIA"), ..key() }
}

fn of(key: LegKey, report: Report) -> Report {
    Report { key, ..report }
}

fn gate_of(key: LegKey, observed: &str) -> Report {
    of(key, texts(&jfk(), observed, Field::DepartureGate, "14"))
}

/// The same in every order of these reports after the schedule.
fn told(reports: &[Report]) -> Flight {
    let mut all = [vec![schedule()], reports.to_vec()].concat();
    let forwards = flight(&all);
    all[1..].reverse();
    let backwards = flight(&all);
    assert_eq!((forwards.view(), &forwards.corrections), (backwards.view(), &backwards.corrections));
    forwards
}

#[test]
fn a_corrected_number_is_shown_and_the_leg_stays() {
    let flight = told(&[gate_of(number("617"), "12:00")]);
    assert_eq!((flight.leg.clone(), flight.view().key), (key().id(), number("617")));
    let back = told(&[gate_of(number("617"), "12:00"), gate_of(key(), "12:30")]);
    assert_eq!((back.view().key, back.corrections.len()), (key(), 0));
    let stale = told(&[gate_of(key(), "12:30"), gate_of(number("617"), "12:00")]);
    assert_eq!(stale.view().key, key());
}

#[test]
fn a_correction_is_a_change_of_what_differs_and_of_the_boards() {
    let change = last_change(&[schedule(), gate_of(to_miami(), "12:00")]).unwrap();
    assert_eq!(change.kinds.iter().collect::<Vec<_>>(), [ChangeKind::Gate, ChangeKind::Corrected]);
    let gate = ("departure.gate", Fact::Text("14".into()));
    assert_eq!(change.differing(), [("arrival.airport", Fact::Airport(iata("MIA"))), gate]);
    let topics = |view: &gatecall_domain::view::FlightView| view.topics(&key().id());
    let board = |code| Topic::Board(iata(code), Direction::Arrivals);
    let (before, after) = (topics(change.before.as_ref().unwrap()), topics(&change.after));
    assert!(
        before.contains(&board("FLL")) && !after.contains(&board("FLL")) && after.contains(&board("MIA"))
    );
    let renumbered = last_change(&[schedule(), gate_of(number("617"), "12:00")]).unwrap();
    assert_eq!(renumbered.differing()[0], ("number", Fact::Text("617".into())));
}

#[test]
fn the_departure_airports_key_is_shown_whatever_others_call_the_flight() {
    let gate = |key, observed| of(key, texts(&fll(), observed, Field::ArrivalGate, "C9"));
    assert_eq!(told(&[gate(number("619"), "13:00")]).view().key, key());
    let both = [gate_of(number("617"), "12:00"), gate(number("619"), "13:00")];
    assert_eq!(told(&both).view().key, number("617"));
}

#[test]
fn where_the_departure_airport_is_silent_a_correction_outweighs_the_first_key_of_equals() {
    let eta = |source, key, observed| of(key, times(source, observed, Field::ArrivalEstimated, "18:10"));
    let mut flight = Flight::new(key());
    let broker = source("broker", None, 50);
    for report in [
        eta(&airline(), key(), "12:00"),
        eta(&broker, number("617"), "12:10"),
        eta(&airline(), key(), "12:20"),
    ] {
        flight.apply(&report, now()).unwrap();
    }
    assert_eq!(flight.view().key, number("617"), "or it would come and go with every message");
}

#[test]
fn claims_on_another_route_do_not_count_on_the_side_that_differs() {
    let belt = |key, airport: Iata, observed, belt| {
        let source = source(&airport.to_string().to_lowercase(), Some(&airport.to_string()), 50);
        of(key, texts(&source, observed, Field::ArrivalBelt, belt))
    };
    let (fll, mia) = (iata("FLL"), iata("MIA"));
    let old = belt(key(), fll, "13:00", "4");
    let shown = |reports: &[Report]| told(reports).view().arrival.belt.map(|belt| belt.to_string());
    assert_eq!(shown(std::slice::from_ref(&old)).as_deref(), Some("4"));
    let rerouted = gate_of(to_miami(), "12:00");
    assert_eq!(shown(&[old.clone(), rerouted.clone()]), None, "a belt in Fort Lauderdale");
    let new = belt(to_miami(), mia, "12:30", "7");
    assert_eq!(shown(&[old, rerouted.clone(), new]).as_deref(), Some("7"));
    let off = of(key(), word(&self::fll(), "13:00", "cancelled"));
    assert_eq!(told(&[off, rerouted]).view().status.as_str(), "scheduled", "the flight does not end");
}

#[test]
fn the_scheduled_airport_of_a_diversion_is_the_corrected_one() {
    let diverted = of(
        to_miami(),
        says(&jfk(), "16:00", |r| {
            r.set(Field::DivertedTo, gatecall_domain::field::Value::Airport(iata("MIA")));
        }),
    );
    assert_eq!(told(&[diverted]).view().diverted_to, None, "it goes where it is planned to go");
}
