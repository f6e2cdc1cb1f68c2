//! Fields that an operator has taken over.

use crate::story::*;
use gatecall_domain::field::{Field, Value};
use gatecall_domain::flight::{Applied, Flight, Override};

fn order(field: Field, value: Option<Value>, until: &str) -> Override {
    Override { field, value, set_by: "desk".into(), set_at: at("12:00"), until: at(until) }
}

fn gate_14(until: &str) -> Override {
    order(Field::DepartureGate, Some(text(Field::DepartureGate, "14")), until)
}

fn known() -> Flight {
    flight(&[schedule(), texts(&jfk(), "10:00", Field::DepartureGate, "12")])
}

#[test]
fn an_override_tops_all_until_its_end_and_its_lapse_brings_back_what_was_merged_meanwhile() {
    let mut flight = known();
    assert!(matches!(flight.set_override(gate_14("13:00"), at("12:00")), Applied::Changed(_)));
    assert_eq!(flight.next_override_end(), Some(at("13:00")));
    assert_eq!(
        flight.apply(&texts(&jfk(), "12:30", Field::DepartureGate, "15"), at("12:30")),
        Ok(Applied::Confirmed)
    );
    assert_eq!(gate(&flight).as_deref(), Some("14"));
    assert_eq!(flight.expire_overrides(at("12:59")), Applied::Unchanged);
    let Applied::Changed(change) = flight.expire_overrides(at("13:00")) else {
        panic!("the gate is 15 again")
    };
    assert_eq!((change.rev, gate(&flight).as_deref(), flight.next_override_end()), (4, Some("15"), None));
}

#[test]
fn a_field_can_be_taken_over_to_show_nothing() {
    let mut flight = known();
    flight.set_override(order(Field::DepartureGate, None, "13:00"), at("12:00"));
    assert_eq!(gate(&flight), None);
}

#[test]
fn a_later_order_replaces_the_earlier_and_one_that_has_ended_gives_the_field_back() {
    let mut flight = known();
    flight.set_override(gate_14("13:00"), at("12:00"));
    flight.set_override(
        order(Field::DepartureGate, Some(text(Field::DepartureGate, "16")), "12:30"),
        at("12:05"),
    );
    assert_eq!((gate(&flight).as_deref(), flight.overrides.len()), (Some("16"), 1));
    assert!(matches!(flight.set_override(gate_14("12:06"), at("12:06")), Applied::Changed(_)));
    assert_eq!((gate(&flight).as_deref(), flight.overrides.len()), (Some("12"), 0));
}

#[test]
fn the_same_order_twice_is_one_change_and_an_end_that_moves_is_none() {
    let mut flight = known();
    flight.set_override(gate_14("13:00"), at("12:00"));
    assert_eq!(flight.set_override(gate_14("13:00"), at("12:01")), Applied::Unchanged);
    assert_eq!(
        flight.set_override(gate_14("14:00"), at("12:01")),
        Applied::Confirmed,
        "worth keeping, worth telling nobody"
    );
    assert_eq!((flight.rev, flight.next_override_end()), (3, Some(at("14:00"))));
}

#[test]
fn an_override_that_has_ended_does_not_outlive_the_next_report() {
    let mut flight = known();
    flight.set_override(gate_14("13:00"), at("12:00"));
    assert!(matches!(flight.apply(&schedule(), at("13:00")), Ok(Applied::Changed(_))));
    assert_eq!((gate(&flight).as_deref(), flight.next_override_end()), (Some("12"), None));
}

#[test]
fn an_operator_can_take_a_cancellation_back() {
    let mut flight = flight(&[schedule(), word(&jfk(), "11:00", "cancelled")]);
    flight.set_override(order(Field::Cancelled, Some(Value::Flag(false)), "16:00"), at("12:00"));
    assert_eq!(flight.view().status.as_str(), "scheduled");
    flight.expire_overrides(at("16:00"));
    assert_eq!(flight.view().status.as_str(), "cancelled");
}

#[test]
fn an_unknown_flight_cannot_be_overridden() {
    let mut flight = Flight::new(key());
    assert_eq!(flight.set_override(gate_14("13:00"), at("12:00")), Applied::Unchanged);
    assert_eq!(flight, Flight::new(key()));
}
