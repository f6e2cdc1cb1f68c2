//! Whether clients may see a leg.
//!
//! A leg is hidden for one of several reasons. Each reason is a field of its own, so withdrawing one does
//! not withdraw another: the airport hides the leg ([`Field::Hidden`]), the flight does not operate
//! ([`Field::NotOperating`]), it carries no passengers ([`Field::NoPassengers`]), or a later attempt
//! replaced it ([`Field::Replaced`]).
//!
//! Every message repeats the last three. If the newest claim among sources of equal weight counted, the leg
//! would appear and disappear with every message. So, among the sources of the highest authority with a
//! claim, one is enough to hide the leg, and each withdraws only its own claim.

use crate::field::{Field, Value};
use crate::flight::Flight;

pub(crate) fn is_hidden(flight: &Flight) -> bool {
    flight.value(Field::Hidden) == Some(&Value::Flag(true))
        || [Field::NotOperating, Field::NoPassengers, Field::Replaced]
            .iter()
            .any(|reason| is_said(flight, *reason))
        || flight.shown_key().suffix.is_some_and(|suffix| suffix.is_positioning())
}

fn is_said(flight: &Flight, reason: Field) -> bool {
    if let Some(order) = flight.override_of(reason) {
        return order.value == Some(Value::Flag(true));
    }
    let words =
        || flight.claims_on(reason).iter().map(|(_, claim)| claim).filter(|claim| claim.value.is_some());
    let highest = words().map(|claim| claim.authority).max();
    words().any(|claim| Some(claim.authority) == highest && claim.value == Some(Value::Flag(true)))
}
