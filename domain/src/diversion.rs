//! Whether a flight is diverted, and where to.
//!
//! A diversion is reported by a flag ([`Field::Diverted`]) or by the new airport ([`Field::DivertedTo`]).
//! It ends
//!
//! - when a claim of at least its weight withdraws it or names the planned airport. A clear removes only
//!   the source's own claim: a departure airport that no longer mentions the diversion knows no better than
//!   the airport that sent the flight away;
//! - when the diverting source later reports that the flight operates as planned, see `operating`;
//! - when the planned airport itself reports the landing. No claim of another source wins against that,
//!   however new, because systems can repeat a diversion for hours after it was withdrawn. Of the airport's
//!   own claims the newer counts.

use crate::claim::InForce;
use crate::codes::Iata;
use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use crate::operating::{asserts, strongest_claim};
use crate::report::Source;

/// Whether the flight is diverted, with or without a known airport.
pub(crate) fn is_diverted(flight: &Flight) -> bool {
    elsewhere(flight).is_some()
}

/// The new airport, if known. Never the scheduled arrival airport.
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
        // All diversion claims of this source, including those that are not in force.
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
