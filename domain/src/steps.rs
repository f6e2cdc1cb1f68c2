//! Progress of each side of a flight, derived from the reported step and from the times of operations.
//!
//! A reported step ("boarding") is true from its observation on. The time of an operation ("boarding began
//! at 14:10") is a fact that stays true, in whatever order it is reported, corrected or withdrawn. Of the
//! operations the one that began last counts. Between that operation and the reported step:
//!
//! - The operation counts if it is at least as far as the step. Operations are usually reported late, so a
//!   step observed after the operation began does not revert it. A step observed after the operation was
//!   *reported* does.
//! - The step counts if it is further. Only an operation that began after it reverts it; a corrected time
//!   of an earlier operation does not. No operation reverts a departure (the gate of a flight that left at
//!   15:04 may be recorded as closed at 15:05). A return or another step does.
//!
//! Delay is not a step. `delayed` is stored beside the reported step, and `scheduled` withdraws it
//! ([`Field::Late`]). A newer departure time that is not late disproves it.
//!
//! Steps and times of less authority than another source's on the same side do not count.

use crate::claim::InForce;
use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use crate::report::Statement;
use crate::status::LATE_FROM;
use crate::view::Doubtful;
use chrono::{DateTime, Utc};
use smallvec::{SmallVec, smallvec};

/// Departure operations, with the step that each begins.
const DEPARTURE_OPERATIONS: [(Field, Step); 5] = [
    (Field::DepartureCheckInOpened, Step::CheckIn),
    (Field::DepartureGateOpened, Step::GateOpen),
    (Field::DepartureBoarding, Step::Boarding),
    (Field::DepartureFinalCall, Step::FinalCall),
    (Field::DepartureGateClosed, Step::GateClosed),
];

/// Arrival operations, with the step that each begins.
const ARRIVAL_OPERATIONS: [(Field, Step); 1] = [(Field::ArrivalFirstBag, Step::BagsOnBelt)];

/// A step that began with an operation.
struct StepStart {
    step: Step,
    at: DateTime<Utc>,
    observed_at: DateTime<Utc>,
    authority: u8,
}

/// A reported step.
struct StepClaim {
    step: Step,
    at: DateTime<Utc>,
    authority: u8,
}

/// The statements behind a reported departure step: the step itself, whether the flight is late, and
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

/// Whether the flight is reported late and no newer departure time disproves it. Doubtful times disprove
/// nothing. An override disproves it whenever it was set.
pub(crate) fn is_reported_late(flight: &Flight, doubtful: Doubtful) -> bool {
    let late = flight.in_force(Field::Late).filter(|late| *late.value == Value::Flag(true));
    // States stored before the field `Late` existed keep the delay as a step.
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

/// The step that the departure has reached.
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

/// The step that the arrival has reached.
pub(crate) fn arrival_step(flight: &Flight) -> Step {
    furthest(&begun(flight, &ARRIVAL_OPERATIONS), step_claim(flight, Field::ArrivalStep))
}

/// When the aircraft last returned to the stand. Claims of less authority than those on the departure's
/// steps do not count.
pub(crate) fn returned_at(flight: &Flight) -> Option<DateTime<Utc>> {
    let word = flight.in_force(Field::DepartureStep);
    let times = DEPARTURE_OPERATIONS.iter().filter_map(|(field, _)| flight.in_force(*field));
    let weight = times.chain(word).map(|word| word.authority).max();
    let counts = |word: &InForce<'_>| weight.is_none_or(|weight| word.authority >= weight);
    let told = flight.in_force(Field::DepartureReturned).filter(counts).and_then(|word| word.time());
    // States stored before the return time existed have only the step.
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

/// Check-in that has closed is no longer open. Nothing else follows from it: the gate may have opened long
/// before.
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
