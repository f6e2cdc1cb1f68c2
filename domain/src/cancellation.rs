//! Whether a flight is cancelled, and on whose word. A false cancellation makes people stay at home
//! for a flight that leaves, so it takes more than one doubtful word.
//!
//! - A word of either end's airport on the cancellation has the authority of its own side: it
//!   outweighs everybody else's, and between the two the newer counts.
//! - Who is neither an end nor a primary source does not cancel alone. Where nobody else has said
//!   anything, two of them that agree do.
//! - A reinstatement (AIDX `SQ`) takes back what weighs no more. A clear
//!   takes back the source's own word, and leaves those of the others.
//! - A source's own later report that the flight operates ends the source's own cancellation, see
//!   `operating`.
//! - An airport's own word that the aircraft has left, and not come back, or has arrived ends what
//!   *others* say of a cancellation: of those who are no end of it, whenever they say it, and of a
//!   feed of either end, what it said before.
//! - A primary source's report that the flight has left ends what sources of no higher rank said of a
//!   cancellation before, either end's airport included: an airline knows where its aircraft is. Senders
//!   repeat what they know, so a time of departure must itself lie after the cancellation, and a bare word
//!   must be of the departure airport or of a higher rank.

use crate::claim::{Claim, InForce};
use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use crate::operating::{asserts, ended_at, strongest_claim};
use crate::report::Source;
use crate::steps::returned_at;
use crate::view::departed_at;
use chrono::{DateTime, Utc};

/// How many secondary sources must agree where nobody who may cancel has said anything.
const CONFIRMED_FROM: usize = 2;

/// By the rules above, and before them by an operator.
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

/// Whether a primary source of no lower rank than the one that cancels has reported since that the
/// aircraft left, and it has not come back.
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

/// Whether by the times of the source of this word the aircraft left before `instant`: then its word repeats
/// what was.
fn left_before(flight: &Flight, word: &Claim, instant: DateTime<Utc>) -> bool {
    let own =
        [Field::DepartureActual, Field::DepartureAirborne].into_iter().flat_map(|f| flight.claims_on(f));
    let times =
        own.filter(|(_, claim)| claim.source == word.source).filter_map(|(_, claim)| InForce::of(claim));
    times.filter_map(|time| time.time()).max().is_some_and(|left| left <= instant)
}

/// Whether an airport has itself seen the aircraft leave, and not come back, or arrive, although
/// somebody else cancels the flight.
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

/// Whether what an airport has seen ends this cancellation of another source. An airport may speak by several
/// feeds, and the aircraft come back without a word: what an end cancels after the sighting stands.
fn ends(seen: &InForce<'_>, cancelled: &InForce<'_>) -> bool {
    let is_an_ends = cancelled.authority >= Source::OWN_SIDE_BONUS;
    cancelled.source != seen.source && (!is_an_ends || seen.observed_at > cancelled.observed_at)
}
