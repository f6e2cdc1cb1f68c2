//! A later report of the same source that the flight operates ends its own cancellation or diversion, as a
//! reinstatement at that time would.
//!
//! - Boarding, last call, off-block and take-off end both. Gate closed does not: the gate of a cancelled
//!   flight closes, too.
//! - Landing ends a cancellation. It ends a diversion only if the source has named no other airport: a
//!   flight diverted to Miami lands in Miami.
//! - "Later" refers to the source's own times. A step happens when it was observed and counts from then on,
//!   whatever the source reports next ([`Field::Operated`]). The time of an operation must itself lie after
//!   the cancellation, because senders repeat the times of earlier events.
//! - A newer cancellation of the source counts again.

use crate::claim::{Claim, InForce, strongest_of};
use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use chrono::{DateTime, Utc};

/// Departure operations that end a cancellation or a diversion.
const DEPARTURE_OPERATIONS: [Field; 4] =
    [Field::DepartureBoarding, Field::DepartureFinalCall, Field::DepartureActual, Field::DepartureAirborne];

/// Arrival operations that end a cancellation.
const ARRIVAL_OPERATIONS: [Field; 3] = [Field::ArrivalLanded, Field::ArrivalActual, Field::ArrivalFirstBag];

static NOT: Value = Value::Flag(false);

/// The strongest claim on `field`. A claim that its own source has ended counts as `false` from then on.
pub(crate) fn strongest_claim(flight: &Flight, field: Field) -> Option<InForce<'_>> {
    strongest_of(flight.claims_on(field).iter().filter(|(_, claim)| flight.counts(field, claim)).filter_map(
        |(_, claim)| {
            let in_force = InForce::of(claim)?;
            let ended_at = asserts(flight, claim).then(|| ended_at(flight, field, claim)).flatten();
            Some(ended_at.map_or(in_force, |observed_at| InForce { value: &NOT, observed_at, ..in_force }))
        },
    ))
}

/// When the source of this claim later reported that the flight operates.
pub(crate) fn ended_at(flight: &Flight, field: Field, claim: &Claim) -> Option<DateTime<Utc>> {
    let operated = later(flight, Field::Operated, claim);
    let left = DEPARTURE_OPERATIONS.into_iter().flat_map(|field| later(flight, field, claim));
    let landed = ARRIVAL_OPERATIONS
        .into_iter()
        .chain([Field::ArrivalStep])
        .flat_map(|field| later(flight, field, claim));
    let landed = landed.filter(|_| field == Field::Cancelled || !names_another_airport(flight, claim));
    operated.chain(left).chain(landed).map(|claim| claim.observed_at).max()
}

/// Claims of the same source on `field` about events after `claim`.
fn later<'a>(flight: &'a Flight, field: Field, claim: &'a Claim) -> impl Iterator<Item = &'a Claim> {
    let all = flight.claims_on(field).iter().chain(flight.fallback_claims_on(field)).map(|(_, other)| other);
    all.filter(move |other| {
        other.source == claim.source
            && other.observed_at > claim.observed_at
            && match InForce::of(other) {
                Some(InForce { value: Value::Step(step), .. }) => *step >= Step::Landed,
                Some(word) if field != Field::Operated => word.time() > Some(claim.observed_at),
                word => word.is_some(),
            }
    })
}

fn names_another_airport(flight: &Flight, claim: &Claim) -> bool {
    let own = flight.claims_on(Field::DivertedTo).iter().map(|(_, other)| other);
    own.filter(|other| other.source == claim.source).any(|other| asserts(flight, other))
}

/// Whether a claim states a cancellation or a diversion.
pub(crate) fn asserts(flight: &Flight, claim: &Claim) -> bool {
    match &claim.value {
        Some(Value::Airport(iata)) => *iata != flight.shown_key().to,
        value => *value == Some(Value::Flag(true)),
    }
}
