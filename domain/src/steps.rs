//! How far each side has come: by the last word of the airport, and by the times at which things
//! began.
//!
//! A word ("boarding") is true from when it was observed on. An operation's time ("boarding began at
//! 14:10") is a fact that stays, whenever and in whatever order it is told, corrected or withdrawn.
//! Of the operations the one that began last counts. Between that and the word:
//!
//! - The operation, if it is as far as the word or further. It is told late as a rule, so a word that
//!   was observed after it began does not take it back; one that was observed after it was *told* does.
//! - The word, if it is further. Only what began after it takes it back: a correction of an earlier
//!   operation's time does not. That a flight has left is taken back by no operation (the gate of one
//!   that left at 15:04 may be noted as closed at 15:05), but by a return or another word.
//!
//! To be late is no step. A source that reports `delayed` says that beside the step it reported before, and
//! `scheduled` takes it back ([`Field::Late`]). A newer time of departure that is not late disproves it.
//!
//! Claims and times of less authority than another on that side do not count.

use crate::claim::InForce;
use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use crate::report::Statement;
use crate::status::LATE_FROM;
use crate::view::Doubtful;
use chrono::{DateTime, Utc};
use smallvec::{SmallVec, smallvec};

/// Operations of a departure with the step that each begins.
const DEPARTURE_OPERATIONS: [(Field, Step); 5] = [
    (Field::DepartureCheckInOpened, Step::CheckIn),
    (Field::DepartureGateOpened, Step::GateOpen),
    (Field::DepartureBoarding, Step::Boarding),
    (Field::DepartureFinalCall, Step::FinalCall),
    (Field::DepartureGateClosed, Step::GateClosed),
];

/// Operations of an arrival.
const ARRIVAL_OPERATIONS: [(Field, Step); 1] = [(Field::ArrivalFirstBag, Step::BagsOnBelt)];

/// A step that has begun.
struct StepStart {
    step: Step,
    at: DateTime<Utc>,
    observed_at: DateTime<Utc>,
    authority: u8,
}

/// A step by a word.
struct StepClaim {
    step: Step,
    at: DateTime<Utc>,
    authority: u8,
}

/// What a statement on the step of a departure says: the step itself, whether the flight is late, and
/// whether it operates.
pub(crate) fn statements_of(step: Option<&Value>, observed_at: DateTime<Utc>) -> SmallVec<[Statement; 2]> {
    let states = |field, value| Statement { field, value };
    let itself = || states(Field::DepartureStep, step.cloned());
    match step {
        Some(Value::Step(Step::Delayed)) => smallvec![states(Field::Late, Some(Value::Flag(true)))],
        Some(Value::Step(Step::Scheduled)) => {
            smallvec![itself(), states(Field::Late, Some(Value::Flag(false)))]
        }
        Some(Value::Step(step)) if step.shows_that_it_operates() => {
            let at = Value::Time(observed_at.timestamp());
            smallvec![itself(), states(Field::Operated, Some(at))]
        }
        Some(_) => smallvec![itself()],
        None => smallvec![itself(), states(Field::Late, None)],
    }
}

/// Whether it is reported late, and no newer time of departure disproves that.
/// A doubtful time disproves nothing. One that a person has set does, whenever it was set.
pub(crate) fn is_reported_late(flight: &Flight, doubtful: Doubtful) -> bool {
    let late = flight.in_force(Field::Late).filter(|late| *late.value == Value::Flag(true));
    // As kept from before it was a field of its own.
    let step = flight.in_force(Field::DepartureStep);
    let step = step.filter(|word| *word.value == Value::Step(Step::Delayed));
    let Some(late) = late.into_iter().chain(step).max_by_key(|word| word.authority) else { return false };
    let disproves = |field| {
        let is_by_hand = flight.override_of(field).is_some();
        let time = flight.in_force(field).filter(|word| is_by_hand || word.observed_at > late.observed_at);
        let time = time.filter(|_| !doubtful.contains(field));
        let scheduled = flight.time(Field::DepartureScheduled);
        let lateness = time.filter(|word| word.authority >= late.authority).and_then(|word| word.time());
        lateness.zip(scheduled).is_some_and(|(at, scheduled)| at - scheduled < LATE_FROM)
    };
    ![Field::DepartureEstimated, Field::DepartureActual].into_iter().any(disproves)
}

/// How far the departure has come.
pub(crate) fn departure_step(flight: &Flight) -> Step {
    let returned = returned_at(flight);
    let mut begun = begun(flight, &DEPARTURE_OPERATIONS);
    let mut word = step_claim(flight, Field::DepartureStep);
    begun.retain(|b| returned.is_none_or(|returned| b.at > returned));
    if let Some(closed) = flight.in_force(Field::DepartureCheckInClosed) {
        end_check_in(&closed, &mut begun, &mut word);
    }
    furthest(&begun, word)
}

/// How far the arrival has come.
pub(crate) fn arrival_step(flight: &Flight) -> Step {
    furthest(&begun(flight, &ARRIVAL_OPERATIONS), step_claim(flight, Field::ArrivalStep))
}

/// When the aircraft last came back to the stand. By somebody with less to say of the departure
/// than whoever tells its steps, it did not.
pub(crate) fn returned_at(flight: &Flight) -> Option<DateTime<Utc>> {
    let word = flight.in_force(Field::DepartureStep);
    let times = DEPARTURE_OPERATIONS.iter().filter_map(|(field, _)| flight.in_force(*field));
    let weight = times.chain(word).map(|word| word.authority).max();
    let counts = |word: &InForce<'_>| weight.is_none_or(|weight| word.authority >= weight);
    let told = flight.in_force(Field::DepartureReturned).filter(counts).and_then(|word| word.time());
    // The step alone says so too, as kept from before the instant was.
    let step = word.filter(counts).filter(|word| *word.value == Value::Step(Step::Returned));
    told.max(step.map(|word| word.observed_at))
}

fn begun(flight: &Flight, operations: &[(Field, Step)]) -> Vec<StepStart> {
    let begun = operations.iter().filter_map(|(field, step)| {
        let word = flight.in_force(*field)?;
        let (step, at) = (*step, word.time()?);
        Some(StepStart { step, at, observed_at: word.observed_at, authority: word.authority })
    });
    begun.collect()
}

fn step_claim(flight: &Flight, field: Field) -> Option<StepClaim> {
    let word = flight.in_force(field)?;
    let Value::Step(step) = *word.value else { return None };
    let step = if step == Step::Delayed { Step::Scheduled } else { step };
    Some(StepClaim { step, at: word.observed_at, authority: word.authority })
}

/// Check-in that has closed is no longer open. That is all that its closing says: the gate may have
/// opened long before.
fn end_check_in(closed: &InForce<'_>, begun: &mut Vec<StepStart>, word: &mut Option<StepClaim>) {
    let Some(closed_at) = closed.time() else { return };
    begun.retain(|b| b.step != Step::CheckIn || b.at > closed_at || b.authority > closed.authority);
    if let Some(word) = word.as_mut().filter(|word| word.step == Step::CheckIn)
        && word.at <= closed.observed_at
        && word.authority <= closed.authority
    {
        word.step = Step::Scheduled;
    }
}

fn furthest(begun: &[StepStart], word: Option<StepClaim>) -> Step {
    let weights = begun.iter().map(|b| b.authority).chain(word.iter().map(|w| w.authority));
    let Some(weight) = weights.max() else { return Step::Scheduled };
    let last = begun.iter().filter(|b| b.authority == weight).max_by_key(|b| (b.at, b.step));
    match (last, word.filter(|word| word.authority == weight)) {
        (Some(last), Some(word)) => {
            let counts = if last.step >= word.step {
                word.at <= last.observed_at
            } else {
                last.at > word.at && word.step < Step::Departed
            };
            if counts { last.step } else { word.step }
        }
        (Some(last), None) => last.step,
        (None, word) => word.map_or(Step::Scheduled, |word| word.step),
    }
}
