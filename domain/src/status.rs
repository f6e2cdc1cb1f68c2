//! The displayed status, derived from the whole state.

use crate::diversion::is_diverted;
use crate::field::{Field, Step};
use crate::flight::Flight;
use crate::view::{FlightView, departed_at};
use chrono::TimeDelta;

/// A flight is late from this delay on (14 CFR 234.2).
pub const LATE_FROM: TimeDelta = TimeDelta::minutes(15);

/// The displayed status. It is derived, never reported.
///
/// The first of these decides: the flight does not end as planned (cancelled, diverted); the arrival side,
/// from bags on belt back to landed; the departure side, from airborne back to check-in. Delay is shown
/// beside the step ([`FlightView::delayed`]) and is the status only of a flight that has reached no step.
///
/// `cancellation` and `diversion` state who may cancel or divert a flight and what ends either. A return to
/// the stand ends with any newer step of the departure airport, such as boarding, or with a departure after
/// the return. Times before the return do not count again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// As planned; nothing has happened yet.
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
    /// Late ([`FlightView::delayed`]), before any step.
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
    /// Does not fly.
    Cancelled,
    /// Goes or went to another airport.
    Diverted,
    /// Returned to the stand.
    Returned,
}

impl Status {
    /// Every status with its name in frames and bodies.
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

    /// The name in frames and bodies.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }

    /// The status of a flight. The first rule that holds decides. Times count like steps, because many
    /// airports only send times. Times before the departure do not count.
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

    /// Whether this status means that the flight has left the stand and not returned.
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
