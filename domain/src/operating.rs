//! A source's own later report that the flight operates ends the source's own cancellation or
//! diversion, as a reinstatement at the same time would.
//!
//! - Boarding, the last call, leaving the stand and take-off end both. The closing of the gate does not:
//!   the gate of a cancelled flight closes, too.
//! - Landing ends a cancellation. It ends a diversion only where the source has named no other airport: a
//!   flight that goes to Miami instead lands in Miami.
//! - "Later" goes by the source's own times. A step happens when it was observed, and counts from then
//!   on, whatever the source reports next ([`Field::Operated`]). An operation's time must itself lie after
//!   the cancellation, as senders repeat the times of what happened before it.
//! - A cancellation that the source observed after that counts again.

use crate::claim::{Claim, InForce, strongest_of};
use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use chrono::{DateTime, Utc};

/// Operations on the way out.
const DEPARTURE_OPERATIONS: [Field; 4] =
    [Field::DepartureBoarding, Field::DepartureFinalCall, Field::DepartureActual, Field::DepartureAirborne];

/// Operations on the way in.
const ARRIVAL_OPERATIONS: [Field; 3] = [Field::ArrivalLanded, Field::ArrivalActual, Field::ArrivalFirstBag];

static NOT: Value = Value::Flag(false);

/// The strongest claim on `field` that is in force among those of sources. One that its own source has
/// ended counts as `false` from then on.
pub(crate) fn strongest_claim(flight: &Flight, field: Field) -> Option<InForce<'_>> {
    strongest_of(flight.claims_on(field).iter().filter(|(_, claim)| flight.counts(field, claim)).filter_map(
        |(_, claim)| {
            let in_force = InForce::of(claim)?;
            let ended_at = asserts(flight, claim).then(|| ended_at(flight, field, claim)).flatten();
            Some(ended_at.map_or(in_force, |observed_at| InForce { value: &NOT, observed_at, ..in_force }))
        },
    ))
}

/// When the source of this claim on `field` reported later that the flight operates.
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

/// What the source of `claim` has reported on `field` that happened after it made the claim.
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

/// Whether a claim says that the flight is cancelled, or goes elsewhere.
pub(crate) fn asserts(flight: &Flight, claim: &Claim) -> bool {
    match &claim.value {
        Some(Value::Airport(iata)) => *iata != flight.shown_key().to,
        value => *value == Some(Value::Flag(true)),
    }
}
