//! The operational clock of a simulated node, on tokio's paused time.

use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::Clock;
use std::time::Duration;
use tokio::time::Instant;

/// Runs from a fixed instant at a constant speed. Each node may be off by some seconds.
#[derive(Clone)]
pub(crate) struct VirtualClock {
    began: Instant,
    speed: f64,
    skew: TimeDelta,
}

impl VirtualClock {
    /// A clock that starts now.
    pub(crate) fn new(speed: f64) -> Self {
        Self { began: Instant::now(), speed, skew: TimeDelta::zero() }
    }

    /// The same clock, as a node reads it whose real time is off by this much.
    pub(crate) fn skewed(&self, skew_ms: i64) -> Self {
        let skew = TimeDelta::milliseconds((skew_ms as f64 * self.speed) as i64);
        Self { skew, ..self.clone() }
    }

    /// The instant after this much real time of the run.
    pub(crate) fn at(&self, real: Duration) -> DateTime<Utc> {
        origin() + self.operational_duration(real) + self.skew
    }

    /// Real time since the run began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// When every run begins, by the operational clock.
pub(crate) fn origin() -> DateTime<Utc> {
    DateTime::from_timestamp(1_360_335_600, 0).unwrap()
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        self.at(self.elapsed())
    }

    fn speed(&self) -> f64 {
        self.speed
    }
}
