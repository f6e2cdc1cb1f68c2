//! Implausible times. They stay and are marked, so that clients do not take them for facts. Computations
//! ignore them.

use super::{ArrivalView, DepartureView, departed_at};
use crate::claim::{Claim, InForce};
use crate::field::{Field, Side, Step};
use crate::flight::Flight;
use crate::report::Source;
use chrono::{DateTime, TimeDelta, Utc};
use smallvec::SmallVec;

/// An estimated or actual time that is further from the schedule is doubtful, usually because of a wrong
/// day or zone. The longest delay of 336,776 flights of 2013 was 1,301 minutes.
pub const ESTIMATE_OFF_MAX: TimeDelta = TimeDelta::hours(36);

/// An estimate of a flight that has not left is doubtful if its airport still reports on the flight this
/// long after it.
pub const ESTIMATE_PASSED_MAX: TimeDelta = TimeDelta::hours(2);

/// Longer than any block time; the longest scheduled flight takes nineteen hours.
const BLOCK_MAX: TimeDelta = TimeDelta::hours(20);

/// Why a time is doubtful.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doubt {
    /// It lies more than [`ESTIMATE_OFF_MAX`] from the schedule.
    FarFromSchedule,
    /// It has passed for more than [`ESTIMATE_PASSED_MAX`], and the flight has not left.
    Passed,
    /// It is not after the departure.
    BeforeDeparture,
    /// It is so soon after the departure that no aircraft can make it.
    TooSoon,
}

impl Doubt {
    /// The reason as a text for operators.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FarFromSchedule => "is more than 36 hours from the schedule",
            Self::Passed => "passed more than 2 hours ago, and the flight has not left",
            Self::BeforeDeparture => "is not after the departure",
            Self::TooSoon => "is too soon after the departure",
        }
    }
}

/// A set of doubtful times.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Doubtful(u8);

impl Doubtful {
    /// Every field that can be doubtful.
    pub const FIELDS: [Field; 6] = [
        Field::DepartureEstimated,
        Field::DepartureActual,
        Field::ArrivalScheduled,
        Field::ArrivalEstimated,
        Field::ArrivalLanded,
        Field::ArrivalActual,
    ];

    fn bit(field: Field) -> u8 {
        Self::FIELDS.iter().position(|known| *known == field).map_or(0, |place| 1 << place)
    }

    pub(super) fn insert(&mut self, field: Field) {
        self.0 |= Self::bit(field);
    }

    /// Whether the time of this field is doubtful.
    pub fn contains(self, field: Field) -> bool {
        self.0 & Self::bit(field) != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The fields, in the order of [`Self::FIELDS`].
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Self::FIELDS.into_iter().filter(move |field| self.contains(*field))
    }
}

/// The planned block time, if the schedule has a plausible one.
pub(super) fn planned_block(departure: &DepartureView, arrival: &ArrivalView) -> Option<TimeDelta> {
    let block = arrival.scheduled? - departure.scheduled?;
    (block > TimeDelta::zero() && block <= BLOCK_MAX).then_some(block)
}

/// The doubtful times of both sides with their reasons.
pub(crate) fn doubts(
    flight: &Flight,
    departure: &DepartureView,
    arrival: &ArrivalView,
    (departure_step, arrival_step): (Step, Step),
) -> SmallVec<[(Field, Doubt); 2]> {
    let mut doubts = SmallVec::new();
    let mut doubt = |field, holds: bool, why| {
        if holds {
            doubts.push((field, why));
        }
        holds
    };
    let is_far = |at: Option<DateTime<Utc>>, scheduled: Option<DateTime<Utc>>| {
        at.zip(scheduled).is_some_and(|(at, scheduled)| (at - scheduled).abs() > ESTIMATE_OFF_MAX)
    };
    let (d, a) = (departure, arrival);
    let is_left = d.actual.is_some()
        || departure_step >= Step::Departed
        || departed_at(flight, Field::DepartureAirborne).is_some();
    let is_passed = |at: DateTime<Utc>| {
        last_heard_of_departure(flight).is_some_and(|heard| heard - at > ESTIMATE_PASSED_MAX)
    };

    let is_before = |at: Option<DateTime<Utc>>, departs: Option<DateTime<Utc>>| {
        at.zip(departs).is_some_and(|(at, departs)| at <= departs)
    };
    let is_actual_off = doubt(Field::DepartureActual, is_far(d.actual, d.scheduled), Doubt::FarFromSchedule);
    let left = d.actual.filter(|_| !is_actual_off);
    // A time counts as an event only if it was planned or happened before.
    let departed = left.or(d.scheduled);
    let landed = flight.time(Field::ArrivalLanded);
    // A flight that has arrived has left, even without a departure time.
    let is_there = arrival_step >= Step::Landed
        || [landed, a.actual].into_iter().any(|at| at.is_some() && !is_before(at, departed));
    let is_estimate_off =
        doubt(Field::DepartureEstimated, is_far(d.estimated, d.scheduled), Doubt::FarFromSchedule)
            || doubt(
                Field::DepartureEstimated,
                !is_left && !is_there && d.estimated.is_some_and(is_passed),
                Doubt::Passed,
            );

    let is_schedule_off = is_before(a.scheduled, d.scheduled);
    doubt(Field::ArrivalScheduled, is_schedule_off, Doubt::BeforeDeparture);
    doubt(Field::ArrivalLanded, is_before(landed, departed), Doubt::BeforeDeparture);
    let _ = doubt(Field::ArrivalActual, is_before(a.actual, departed), Doubt::BeforeDeparture)
        || doubt(
            Field::ArrivalActual,
            is_far(a.actual, a.scheduled) && !is_schedule_off,
            Doubt::FarFromSchedule,
        );

    // An estimate no longer matters once the actual time is known.
    let estimated = a.estimated.filter(|_| a.actual.is_none());
    let expected = d.estimated.filter(|_| !is_estimate_off).or(d.scheduled);
    let departs = if is_left { left } else { expected };
    let least = planned_block(d, a).unwrap_or_default() * 3 / 5;
    let _ = doubt(
        Field::ArrivalEstimated,
        is_far(estimated, a.scheduled) && !is_schedule_off,
        Doubt::FarFromSchedule,
    ) || doubt(Field::ArrivalEstimated, is_before(estimated, departs), Doubt::BeforeDeparture)
        || doubt(
            Field::ArrivalEstimated,
            is_before(estimated, departs.and_then(|at| at.checked_add_signed(least))),
            Doubt::TooSoon,
        );
    doubts
}

/// When the departure airport last reported on its side.
fn last_heard_of_departure(flight: &Flight) -> Option<DateTime<Utc>> {
    let is_own = |(field, claim): &&(Field, Claim)| {
        field.side() == Side::Departure
            && claim.authority >= Source::OWN_SIDE_BONUS
            && flight.counts(*field, claim)
    };
    let words = flight.claims.iter().filter(is_own);
    words.filter_map(|(_, claim)| InForce::of(claim)).map(|word| word.observed_at).max()
}
