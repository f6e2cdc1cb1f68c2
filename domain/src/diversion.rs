//! Whether a flight goes elsewhere, and where.
//!
//! A diversion is said by a word ([`Field::Diverted`]), or by the airport to which it goes
//! ([`Field::DivertedTo`]). It ends
//!
//! - when it is taken back, or the flight is sent to where it was planned to go, by a word that weighs
//!   no less. A clear takes back the source's own word, and leaves those of the others: a departure
//!   airport that no longer mentions it knows no better than the airport that sent the flight away;
//! - when the source that said so reports later that the flight operates as planned, see `operating`;
//! - when the planned airport itself says that the flight has landed there. No other source's word
//!   that it is elsewhere stands against that, however new: it may be repeated for hours by a system
//!   in which nobody took it back. Of the airport's own words the newer counts.

use crate::claim::InForce;
use crate::codes::Iata;
use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use crate::operating::{asserts, strongest_claim};
use crate::report::Source;

/// Whether it goes elsewhere, with the airport being known or without.
pub(crate) fn is_diverted(flight: &Flight) -> bool {
    elsewhere(flight).is_some()
}

/// Where it goes instead, if that is known. Never the scheduled arrival airport.
pub(crate) fn diverted_to(flight: &Flight) -> Option<Iata> {
    elsewhere(flight).flatten()
}

fn elsewhere(flight: &Flight) -> Option<Option<Iata>> {
    let stated = match value(flight, Field::DivertedTo) {
        Some(Value::Airport(iata)) => (*iata != flight.shown_key().to).then_some(Some(*iata)),
        _ => (value(flight, Field::Diverted) == Some(&Value::Flag(true))).then_some(None),
    };
    stated.filter(|_| !has_landed_as_planned(flight))
}

fn value(flight: &Flight, field: Field) -> Option<&Value> {
    match flight.override_of(field) {
        Some(order) => order.value.as_ref(),
        None => strongest_claim(flight, field).map(|claim| claim.value),
    }
}

fn has_landed_as_planned(flight: &Flight) -> bool {
    const SAID_BY: [Field; 2] = [Field::Diverted, Field::DivertedTo];
    if flight.overrides.iter().any(|order| SAID_BY.contains(&order.field)) {
        return false;
    }
    let is_newer = |landed: &InForce<'_>| {
        // All that it says itself, also where another's word is in force instead.
        let said = SAID_BY.iter().flat_map(|field| flight.claims_on(*field)).map(|(_, claim)| claim);
        let mut own = said.filter(|claim| claim.source == *landed.source && asserts(flight, claim));
        own.all(|claim| landed.observed_at > claim.observed_at)
    };
    let landings = [Field::ArrivalLanded, Field::ArrivalActual, Field::ArrivalFirstBag, Field::ArrivalStep];
    let mut landings = landings.iter().filter_map(|field| flight.source_claim(*field));
    landings.any(|word| word.authority >= Source::OWN_SIDE_BONUS && lands(&word) && is_newer(&word))
}

fn lands(word: &InForce<'_>) -> bool {
    match word.value {
        Value::Step(step) => *step >= Step::Landed,
        _ => true,
    }
}
