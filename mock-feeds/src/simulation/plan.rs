//! The truth about a leg, which the airports learn of bit by bit.

use super::event::Reason;
use chrono::{DateTime, TimeDelta, Utc};
use domain::codes::{Designator, Iata};
use domain::leg::LegKey;
use std::sync::Arc;

/// One leg and all that will become of it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which leg.
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
    /// What becomes of it.
    pub fate: Fate,
    /// Why it is late, if it is, and since when that can be known.
    pub late: Option<Late>,
    /// What the simulated airports at its two ends allot to it.
    pub stands: Stands,
}

/// Why a leg is late.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Late {
    /// The reason.
    pub reason: Reason,
    /// The first instant at which somebody at the airport could know.
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
        /// When that is announced, always before the scheduled departure.
        announced: DateTime<Utc>,
        /// Why.
        why: Reason,
    },
    /// It leaves and lands somewhere else.
    Diverted {
        /// Actual off-block.
        off_block: DateTime<Utc>,
        /// Actual take-off.
        airborne: DateTime<Utc>,
        /// When the diversion becomes known.
        known: DateTime<Utc>,
        /// Where it lands.
        to: Iata,
        /// Why.
        why: Reason,
    },
}

/// Terminals, gates, desks and belts of a leg at the simulated airports. Empty where not simulated.
#[derive(Clone, Default, Debug)]
pub struct Stands {
    /// At the departure airport.
    pub departure: Option<DepartureStand>,
    /// At the arrival airport.
    pub arrival: Option<ArrivalStand>,
}

/// What a departure uses.
#[derive(Clone, Debug)]
pub struct DepartureStand {
    /// Terminal.
    pub terminal: Arc<str>,
    /// The first gate and, after a change, the next; never empty.
    pub gates: Vec<Arc<str>>,
    /// Check-in desks.
    pub desks: Arc<str>,
}

/// What an arrival uses.
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

    /// Actual on-block at the planned airport, if it gets there.
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

    /// Departure delay; negative when early, zero when it does not leave.
    pub fn departure_delay(&self) -> TimeDelta {
        self.off_block().map_or(TimeDelta::zero(), |at| at - self.departs)
    }

    /// Scheduled time from block to block.
    pub fn block_time(&self) -> TimeDelta {
        self.arrives - self.departs
    }
}
