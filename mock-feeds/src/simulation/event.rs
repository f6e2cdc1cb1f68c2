//! Events: single facts that an airport learns about a flight.

use chrono::{DateTime, Utc};
use domain::codes::{Designator, Iata};
use domain::leg::LegKey;
use std::sync::Arc;

/// A fact, with the instant at which one airport learns it.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// When it becomes known, which may be later than it happened: a movement message takes minutes.
    pub at: DateTime<Utc>,
    /// The airport that learns it.
    pub who: Iata,
    /// The leg it is about.
    pub leg: LegKey,
    /// The fact.
    pub what: EventKind,
}

/// A fact. Its instants are when something happens or happened.
#[derive(Clone, PartialEq, Debug)]
pub enum EventKind {
    /// The leg enters the day's schedule.
    Scheduled(Box<Schedule>),
    /// Check-in desks, such as `A12-A15`.
    CheckInDesks(Arc<str>),
    /// The first desk opened.
    CheckInOpened(DateTime<Utc>),
    /// The last desk closed.
    CheckInClosed(DateTime<Utc>),
    /// Gate of departure, the first or another.
    DepartureGate(Arc<str>),
    /// Gate of arrival, the first or another.
    ArrivalGate(Arc<str>),
    /// New estimate of off-block.
    DepartureEstimate(DateTime<Utc>),
    /// New estimate of on-block.
    ArrivalEstimate(DateTime<Utc>),
    /// Why it is late.
    Late(Reason),
    /// The gate is staffed.
    GateOpened(DateTime<Utc>),
    /// First passenger through the gate.
    BoardingStarted(DateTime<Utc>),
    /// Last call.
    FinalCall(DateTime<Utc>),
    /// Boarding has ended.
    GateClosed(DateTime<Utc>),
    /// Left the stand.
    OffBlock(DateTime<Utc>),
    /// Left the ground.
    Airborne(DateTime<Utc>),
    /// Touched down.
    Landed(DateTime<Utc>),
    /// Reached the stand.
    OnBlock(DateTime<Utc>),
    /// Baggage belt, the first or another.
    Belt(Arc<str>),
    /// First bag on the belt.
    FirstBag(DateTime<Utc>),
    /// Type and, when it is known, registration; again after a change of aircraft.
    Aircraft {
        /// ICAO type designator.
        kind: Arc<str>,
        /// Registration, if known yet.
        registration: Option<Arc<str>>,
    },
    /// It does not fly.
    Cancelled(Reason),
    /// It goes, or went, to another airport.
    Diverted {
        /// The airport.
        to: Iata,
        /// The reason.
        why: Reason,
    },
}

/// The schedule of a leg at one of its airports.
#[derive(Clone, PartialEq, Debug)]
pub struct Schedule {
    /// Scheduled off-block.
    pub departure: DateTime<Utc>,
    /// Scheduled on-block.
    pub arrival: DateTime<Utc>,
    /// Terminal at the airport that learns this.
    pub terminal: Arc<str>,
    /// Planned aircraft type, ICAO.
    pub aircraft_type: Option<Arc<str>>,
    /// Marketing flights on the same seats.
    pub codeshares: Vec<Designator>,
}

/// Why a flight is late, cancelled or diverted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Snow, wind, low cloud at the departure airport.
    Weather,
    /// Weather where it is going.
    WeatherAtDestination,
    /// Ice is being taken off the wings.
    DeIcing,
    /// The aircraft arrives late from its last flight.
    LateInbound,
    /// A fault of the aircraft.
    Technical,
    /// Crew missing or out of hours.
    Crew,
    /// Air traffic control slows the flow.
    AirTraffic,
    /// Boarding, baggage or loading took longer.
    Handling,
}

impl Reason {
    /// The two-digit delay code of IATA's AHM 730.
    pub fn delay_code(self) -> &'static str {
        match self {
            Self::Weather => "71",
            Self::WeatherAtDestination => "72",
            Self::DeIcing => "75",
            Self::LateInbound => "93",
            Self::Technical => "41",
            Self::Crew => "64",
            Self::AirTraffic => "81",
            Self::Handling => "15",
        }
    }

    /// The reason in plain words for passengers.
    pub fn words(self) -> &'static str {
        match self {
            Self::Weather => "weather",
            Self::WeatherAtDestination => "weather at destination",
            Self::DeIcing => "de-icing",
            Self::LateInbound => "late inbound aircraft",
            Self::Technical => "technical check",
            Self::Crew => "crew",
            Self::AirTraffic => "air traffic control",
            Self::Handling => "boarding and loading",
        }
    }
}
