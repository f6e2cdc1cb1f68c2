//! Whether the public may see a leg.
//!
//! A leg is hidden for one of several reasons, each a field of its own, so that taking one back does
//! not undo another: the airport says so ([`Field::Hidden`]), the flight does not operate
//! ([`Field::NotOperating`]), it carries no passengers ([`Field::NoPassengers`]), or a later attempt
//! has taken its place ([`Field::Replaced`]).
//!
//! The last three are said anew in every message, so that among sources of equal weight the newest
//! word would be that of whoever spoke last, and the leg would come and go. Of the sources of the
//! highest authority that speak of it, it is enough that one hides the leg; and each takes back only
//! what it has said itself.

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
