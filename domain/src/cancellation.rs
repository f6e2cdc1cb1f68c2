//! Whether a flight is cancelled, and on whose word. A false cancellation makes people stay at home
//! for a flight that leaves, so it takes more than one doubtful word.
//!
//! - A word of either end's airport on the cancellation has the authority of its own side: it
//!   outweighs everybody else's, and between the two the newer counts.
//! - Who is neither an end nor a primary source does not cancel alone. Where nobody else has said
//!   anything, two of them that agree do.
//! - A reinstatement (AIDX: `DX` is reversible by `SQ` alone) takes back what weighs no more. A clear
//!   takes back the source's own word, and leaves those of the others.
//! - An airport's own word that the aircraft has left, and not come back, or has arrived ends what
//!   *others* say of a cancellation: of those who are no end of it, whenever they say it, and of a
//!   feed of either end, what it said before.

use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use crate::held::InForce;
use crate::report::Source;
use crate::view::departed_at;

/// How many secondary sources must agree where nobody who may cancel has said anything.
const CONFIRMED_FROM: usize = 2;

/// By the rules above, and before them by an operator.
pub(crate) fn is_cancelled(flight: &Flight) -> bool {
    if let Some(order) = flight.override_of(Field::Cancelled) {
        return order.value == Some(Value::Flag(true));
    }
    match flight.in_force(Field::Cancelled) {
        Some(word) => *word.value == Value::Flag(true) && !was_seen_flying(flight, Some(&word)),
        None => is_confirmed(flight) && !was_seen_flying(flight, None),
    }
}

fn is_confirmed(flight: &Flight) -> bool {
    let rumours = flight.second_best_on(Field::Cancelled).iter();
    rumours.filter(|(_, held)| held.value == Some(Value::Flag(true))).count() >= CONFIRMED_FROM
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

/// Whether what an airport has seen ends this cancellation. A feed that contradicts itself must say
/// so by a reinstatement (AIDX: `DX` is reversible by `SQ` alone). An airport may speak by several
/// feeds, and the aircraft come back without a word: what an end cancels after the sighting stands.
fn ends(seen: &InForce<'_>, cancelled: &InForce<'_>) -> bool {
    let is_an_ends = cancelled.authority >= Source::OWN_SIDE_BONUS;
    cancelled.source != seen.source && (!is_an_ends || seen.observed_at > cancelled.observed_at)
}
