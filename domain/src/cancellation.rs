//! Whether a flight is cancelled. A false cancellation keeps passengers at home, so one doubtful claim is
//! not enough.
//!
//! - A claim of the departure or arrival airport has the authority of its own side. It outweighs every
//!   other source. Between the two airports the newer claim counts.
//! - A source that is neither of the two airports nor a primary source cannot cancel alone. If no other
//!   source has a claim, two such sources that agree can.
//! - A reinstatement (AIDX `SQ`) removes cancellations of at most its weight. A clear removes only the
//!   source's own claim.
//! - If a source later reports that the flight operates, its own cancellation ends, see `operating`.
//! - If one of the two airports reports that the aircraft has left (and has not returned) or has arrived,
//!   cancellations by *other* sources end: those of sources that are neither airport at any time, those of
//!   a feed of either airport if they were made before.
//! - If a primary source reports that the flight has left, earlier cancellations by sources of the same or
//!   a lower rank end, including those of the two airports: an airline knows where its aircraft is. Senders
//!   repeat old values, so a departure time must itself lie after the cancellation, and a step without a
//!   time must come from the departure airport or from a higher rank.

use crate::claim::{Claim, InForce};
use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use crate::operating::{asserts, ended_at, strongest_claim};
use crate::report::Source;
use crate::steps::returned_at;
use crate::view::departed_at;
use chrono::{DateTime, Utc};

/// How many secondary sources must agree if no source that may cancel has a claim.
const CONFIRMED_FROM: usize = 2;

/// Applies the rules above. An override comes first.
pub(crate) fn is_cancelled(flight: &Flight) -> bool {
    if let Some(order) = flight.override_of(Field::Cancelled) {
        return order.value == Some(Value::Flag(true));
    }
    match strongest_claim(flight, Field::Cancelled) {
        Some(word) => {
            *word.value == Value::Flag(true)
                && !was_seen_flying(flight, Some(&word))
                && !has_left_since(flight, &word)
        }
        None => is_confirmed(flight) && !was_seen_flying(flight, None),
    }
}

fn is_confirmed(flight: &Flight) -> bool {
    let rumours = flight.fallback_claims_on(Field::Cancelled).iter();
    let stands = |claim: &Claim| {
        flight.counts(Field::Cancelled, claim)
            && asserts(flight, claim)
            && ended_at(flight, Field::Cancelled, claim).is_none()
    };
    rumours.filter(|(_, claim)| stands(claim)).count() >= CONFIRMED_FROM
}

/// Whether a primary source of at least the cancelling source's rank has since reported that the aircraft
/// left, and the aircraft has not returned.
fn has_left_since(flight: &Flight, cancelled: &InForce<'_>) -> bool {
    let rank = |authority: u8| authority % Source::OWN_SIDE_BONUS;
    let returned = returned_at(flight);
    let may_say_so = |field, claim: &Claim| {
        !claim.secondary
            && claim.source != *cancelled.source
            && claim.authority > Source::PASSED_ON
            && rank(claim.authority) >= rank(cancelled.authority)
            && flight.counts(field, claim)
    };
    let left = |claim: &Claim| match &claim.value {
        Some(Value::Step(step)) => {
            let weighs_more = claim.authority >= Source::OWN_SIDE_BONUS
                || rank(claim.authority) > rank(cancelled.authority);
            (*step >= Step::Departed && weighs_more && !left_before(flight, claim, cancelled.observed_at))
                .then_some(claim.observed_at)
        }
        _ => InForce::of(claim).and_then(|word| word.time()).filter(|at| *at > cancelled.observed_at),
    };
    [Field::DepartureActual, Field::DepartureAirborne, Field::DepartureStep]
        .into_iter()
        .flat_map(|field| flight.claims_on(field))
        .filter(|(field, claim)| claim.observed_at > cancelled.observed_at && may_say_so(*field, claim))
        .filter_map(|(_, claim)| left(claim))
        .any(|at| returned.is_none_or(|returned| at > returned))
}

/// Whether the times of this claim's source put the departure before `instant`. Then the claim repeats the
/// past.
fn left_before(flight: &Flight, word: &Claim, instant: DateTime<Utc>) -> bool {
    let own =
        [Field::DepartureActual, Field::DepartureAirborne].into_iter().flat_map(|f| flight.claims_on(f));
    let times =
        own.filter(|(_, claim)| claim.source == word.source).filter_map(|(_, claim)| InForce::of(claim));
    times.filter_map(|time| time.time()).max().is_some_and(|left| left <= instant)
}

/// Whether one of the airports observed a departure without return, or the arrival, although another source
/// cancels the flight.
fn was_seen_flying(flight: &Flight, cancelled: Option<&InForce<'_>>) -> bool {
    let seen = |field| {
        let is_by_hand = flight.override_of(field).is_some();
        let ends = |word: &InForce<'_>| is_by_hand || cancelled.is_none_or(|by| ends(word, by));
        flight.in_force(field).filter(|word| word.authority >= Source::OWN_SIDE_BONUS && ends(word))
    };
    let is_step_seen = |field, from: Step| {
        seen(field).is_some_and(|word| matches!(word.value, Value::Step(step) if *step >= from))
    };
    [Field::DepartureActual, Field::DepartureAirborne]
        .into_iter()
        .any(|field| departed_at(flight, field).is_some() && seen(field).is_some())
        || [Field::ArrivalLanded, Field::ArrivalActual].into_iter().any(|field| seen(field).is_some())
        || is_step_seen(Field::DepartureStep, Step::Departed)
        || is_step_seen(Field::ArrivalStep, Step::Landed)
}

/// Whether an airport's observation ends this cancellation of another source. An airport may have several
/// feeds, and an aircraft may return without a message, so a later cancellation by an airport counts.
fn ends(seen: &InForce<'_>, cancelled: &InForce<'_>) -> bool {
    let is_an_ends = cancelled.authority >= Source::OWN_SIDE_BONUS;
    cancelled.source != seen.source && (!is_an_ends || seen.observed_at > cancelled.observed_at)
}
