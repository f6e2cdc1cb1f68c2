//! The plan of a leg: everything that will happen, which airports learn bit by bit.

use super::event::Reason;
use chrono::{DateTime, TimeDelta, Utc};
use domain::codes::{Designator, Iata};
use domain::leg::LegKey;
use std::sync::Arc;

/// A leg with everything that will happen.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The leg.
    pub key: LegKey,
    /// Registration, if the source knows it.
    pub tail: Option<Arc<str>>,
    /// ICAO type designator.
    pub aircraft_type: Option<Arc<str>>,
    /// Marketing flights on the same seats.
    pub codeshares: Vec<Designator>,
    /// Scheduled off-block.
    pub departs: DateTime<Utc>,
    /// Scheduled on-block.
    pub arrives: DateTime<Utc>,
    /// How it ends.
    pub fate: Fate,
    /// The reason of a delay and when it can be known.
    pub late: Option<Late>,
    /// Its stands at the simulated airports.
    pub stands: Stands,
}

/// Why a leg is late.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Late {
    /// The reason.
    pub reason: Reason,
    /// The first instant at which the airport could know.
    pub known_from: DateTime<Utc>,
}

/// How a leg ends.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fate {
    /// It flies as planned, early or late.
    Flown {
        /// Actual off-block.
        off_block: DateTime<Utc>,
        /// Actual take-off.
        airborne: DateTime<Utc>,
        /// Actual touchdown.
        landed: DateTime<Utc>,
        /// Actual on-block.
        on_block: DateTime<Utc>,
    },
    /// It does not fly.
    Cancelled {
        /// When it is announced, always before the scheduled departure.
        announced: DateTime<Utc>,
        /// The reason.
        why: Reason,
    },
    /// It leaves and lands at another airport.
    Diverted {
        /// Actual off-block.
        off_block: DateTime<Utc>,
        /// Actual take-off.
        airborne: DateTime<Utc>,
        /// When the diversion becomes known.
        known: DateTime<Utc>,
        /// The airport of landing.
        to: Iata,
        /// The reason.
        why: Reason,
    },
}

/// Terminals, gates, desks and belts of a leg at the simulated airports. Empty for other airports.
#[derive(Clone, Default, Debug)]
pub struct Stands {
    /// At the departure airport.
    pub departure: Option<DepartureStand>,
    /// At the arrival airport.
    pub arrival: Option<ArrivalStand>,
}

/// The facilities of a departure.
#[derive(Clone, Debug)]
pub struct DepartureStand {
    /// Terminal.
    pub terminal: Arc<str>,
    /// The first gate and, after a change, the next; never empty.
    pub gates: Vec<Arc<str>>,
    /// Check-in desks.
    pub desks: Arc<str>,
}

/// The facilities of an arrival.
#[derive(Clone, Debug)]
pub struct ArrivalStand {
    /// Terminal.
    pub terminal: Arc<str>,
    /// The first gate and, after a change, the next; never empty.
    pub gates: Vec<Arc<str>>,
    /// The first belt and, after a change, the next; never empty.
    pub belts: Vec<Arc<str>>,
}

impl Plan {
    /// Actual off-block, if it leaves.
    pub fn off_block(&self) -> Option<DateTime<Utc>> {
        match self.fate {
            Fate::Flown { off_block, .. } | Fate::Diverted { off_block, .. } => Some(off_block),
            Fate::Cancelled { .. } => None,
        }
    }

    /// Actual on-block at the planned airport, if it arrives there.
    pub fn on_block(&self) -> Option<DateTime<Utc>> {
        match self.fate {
            Fate::Flown { on_block, .. } => Some(on_block),
            Fate::Cancelled { .. } | Fate::Diverted { .. } => None,
        }
    }

    /// Whether it is cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.fate, Fate::Cancelled { .. })
    }

    /// Departure delay; negative if early, zero if it does not leave.
    pub fn departure_delay(&self) -> TimeDelta {
        self.off_block().map_or(TimeDelta::zero(), |at| at - self.departs)
    }

    /// Scheduled time from block to block.
    pub fn block_time(&self) -> TimeDelta {
        self.arrives - self.departs
    }
}
