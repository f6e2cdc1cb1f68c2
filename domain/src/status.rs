//! The one word for where a flight stands, derived from all that is known.

use crate::diversion::is_diverted;
use crate::field::{Field, Step};
use crate::flight::Flight;
use crate::view::{FlightView, departed_at};
use chrono::TimeDelta;

/// From this on a flight is late (14 CFR 234.2).
pub const LATE_FROM: TimeDelta = TimeDelta::minutes(15);

/// The one word for where a flight stands. Derived, never reported.
///
/// What decides, in this order: the journey does not end as planned (cancelled, diverted); the
/// arrival side, from the bags back to the landing; the departure side, from the air back to
/// check-in. That the flight is late stands beside the step ([`FlightView::delayed`]), and is the
/// status only of a flight that has reached none.
///
/// Who may cancel, and what ends a cancellation, is at the head of `cancellation`; of a diversion, at
/// the head of `diversion`. A return to the stand ends with any newer step of the departure airport (it
/// boards again), and with a departure after the return; what was before it never counts again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// As planned, nothing has happened yet.
    Scheduled,
    /// Check-in is open.
    CheckIn,
    /// Gate is open.
    GateOpen,
    /// Boarding.
    Boarding,
    /// Last call.
    FinalCall,
    /// Gate closed.
    GateClosed,
    /// Late ([`FlightView::delayed`]), and no step is reached yet.
    Delayed,
    /// Off-block.
    Departed,
    /// In the air.
    Airborne,
    /// On the runway.
    Landed,
    /// On-block.
    Arrived,
    /// First bag on the belt.
    BagsOnBelt,
    /// Will not fly.
    Cancelled,
    /// Goes or went to another airport.
    Diverted,
    /// Came back to the stand.
    Returned,
}

impl Status {
    /// Every status with its word in frames and bodies.
    pub const WORDS: [(Status, &'static str); 15] = [
        (Status::Scheduled, "scheduled"),
        (Status::CheckIn, "check_in"),
        (Status::GateOpen, "gate_open"),
        (Status::Boarding, "boarding"),
        (Status::FinalCall, "final_call"),
        (Status::GateClosed, "gate_closed"),
        (Status::Delayed, "delayed"),
        (Status::Departed, "departed"),
        (Status::Airborne, "airborne"),
        (Status::Landed, "landed"),
        (Status::Arrived, "arrived"),
        (Status::BagsOnBelt, "bags_on_belt"),
        (Status::Cancelled, "cancelled"),
        (Status::Diverted, "diverted"),
        (Status::Returned, "returned"),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }

    /// The step that it has reached. The first rule that holds decides. Times count like words, as many
    /// airports only send times; those that lie before the departure do not.
    pub(crate) fn reached(
        flight: &Flight,
        view: &FlightView,
        is_cancelled: bool,
        departure_step: Step,
        arrival_step: Step,
    ) -> Self {
        let counts = |field| !view.doubtful.contains(field);
        let is_there = view.arrival.actual.is_some() && counts(Field::ArrivalActual);
        let is_down = flight.time(Field::ArrivalLanded).is_some() && counts(Field::ArrivalLanded);
        let rules = [
            (is_cancelled, Self::Cancelled),
            (is_diverted(flight), Self::Diverted),
            (arrival_step == Step::BagsOnBelt, Self::BagsOnBelt),
            (is_there || arrival_step == Step::Arrived, Self::Arrived),
            (is_down || arrival_step == Step::Landed, Self::Landed),
            (
                departed_at(flight, Field::DepartureAirborne).is_some() || departure_step == Step::Airborne,
                Self::Airborne,
            ),
            (view.departure.actual.is_some() || departure_step == Step::Departed, Self::Departed),
            (departure_step == Step::Returned, Self::Returned),
            (departure_step == Step::GateClosed, Self::GateClosed),
            (departure_step == Step::FinalCall, Self::FinalCall),
            (departure_step == Step::Boarding, Self::Boarding),
            (departure_step == Step::GateOpen, Self::GateOpen),
            (departure_step == Step::CheckIn, Self::CheckIn),
        ];
        rules.iter().find(|(holds, _)| *holds).map_or(Self::Scheduled, |(_, status)| *status)
    }

    /// Whether the flight has left the stand and not come back, as far as this word tells.
    pub fn has_left(self) -> bool {
        matches!(
            self,
            Self::Departed
                | Self::Airborne
                | Self::Landed
                | Self::Arrived
                | Self::BagsOnBelt
                | Self::Diverted
        )
    }
}
