//! The one word for where a flight stands, derived from all that is known.

use crate::cancellation::is_cancelled;
use crate::diversion::is_diverted;
use crate::field::{Field, Step};
use crate::flight::Flight;
use crate::steps;
use crate::view::{FlightView, departed_at};
use chrono::TimeDelta;

/// From this on a flight is late (14 CFR 234.2).
pub const LATE_FROM: TimeDelta = TimeDelta::minutes(15);

/// The one word for where a flight stands. Derived, never reported.
///
/// What decides, in this order: the journey does not end as planned (cancelled, diverted); the
/// arrival side, from the bags back to the landing; the departure side, from the air back to the
/// opening of the gate; lateness; check-in. This is the order of display of the Home Office's DRT,
/// but for boarding steps, which outrank lateness because a passenger must act on them.
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
    /// Expected to leave (or, where only the arrival is known, to arrive) 15 minutes late or more.
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

    /// The first rule that holds decides. Times count like words, as many airports only send times.
    pub(crate) fn of(flight: &Flight, view: &FlightView) -> Self {
        let (leaving, coming) = (steps::leaving(flight), steps::coming(flight));
        let rules = [
            (is_cancelled(flight), Self::Cancelled),
            (is_diverted(flight), Self::Diverted),
            (coming == Step::BagsOnBelt, Self::BagsOnBelt),
            (view.arrival.actual.is_some() || coming == Step::Arrived, Self::Arrived),
            (flight.time(Field::ArrivalLanded).is_some() || coming == Step::Landed, Self::Landed),
            (
                departed_at(flight, Field::DepartureAirborne).is_some() || leaving == Step::Airborne,
                Self::Airborne,
            ),
            (view.departure.actual.is_some() || leaving == Step::Departed, Self::Departed),
            (leaving == Step::Returned, Self::Returned),
            (leaving == Step::GateClosed, Self::GateClosed),
            (leaving == Step::FinalCall, Self::FinalCall),
            (leaving == Step::Boarding, Self::Boarding),
            (leaving == Step::GateOpen, Self::GateOpen),
            (leaving == Step::Delayed || view.is_late(), Self::Delayed),
            (leaving == Step::CheckIn, Self::CheckIn),
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
