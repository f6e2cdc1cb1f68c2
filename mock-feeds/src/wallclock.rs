//! The only access to real time in this program.

use chrono::{DateTime, Utc};
use domain::clock::{ClockSpec, ScaledClock};
use std::time::SystemTime;

/// The operational clock of this program.
pub type FeedClock = ScaledClock<fn() -> DateTime<Utc>>;

/// The clock of `--clock`, or the wall clock.
pub fn clock(spec: Option<ClockSpec>) -> FeedClock {
    match spec {
        Some(spec) => ScaledClock::new(spec, real_now),
        None => ScaledClock::wall(real_now),
    }
}

/// Real time of day.
#[expect(clippy::disallowed_methods, reason = "the door through which real time comes in")]
fn real_now() -> DateTime<Utc> {
    SystemTime::now().into()
}
