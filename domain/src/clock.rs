//! Operational time: the clock by which flights are on time or late.
//!
//! It is real time, or a replay of a past day at a higher speed. Nothing here reads the real clock: the
//! binary passes in a function that does, tests use a [`ManualClock`], and everything else gets a
//! [`Clock`]. Tokens, time-outs and backoff use real time. A timer for an operational event sleeps for
//! [`Clock::real_until`].

mod spec;
pub mod steady;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use spec::{ClockSpec, ClockSpecError, MAX_SPEED};

/// The operational clock. Instants have millisecond precision.
pub trait Clock: Send + Sync {
    /// The current operational time.
    fn now(&self) -> DateTime<Utc>;

    /// Operational seconds per real second; always above 0.
    fn speed(&self) -> f64;

    /// The real duration of an operational span, rounded up to the microsecond so that a timer never wakes
    /// early. Zero for a negative span.
    fn real_duration(&self, operational: TimeDelta) -> Duration {
        let operational_s = operational.as_seconds_f64();
        if operational_s <= 0.0 {
            return Duration::ZERO;
        }
        let real_us = (operational_s * 1e6 / self.speed()).ceil();
        Duration::try_from_secs_f64(real_us / 1e6).unwrap_or(Duration::MAX)
    }

    /// The operational span of a real duration, rounded down to the millisecond.
    fn operational_duration(&self, real: Duration) -> TimeDelta {
        whole_milliseconds(real.as_secs_f64() * 1e3 * self.speed())
    }

    /// The real time to sleep until this operational instant; zero if it has passed.
    fn real_until(&self, instant: DateTime<Utc>) -> Duration {
        self.real_duration(instant - self.now())
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> DateTime<Utc> {
        C::now(self)
    }

    fn speed(&self) -> f64 {
        C::speed(self)
    }
}

/// The largest whole number of milliseconds below, saturating.
fn whole_milliseconds(milliseconds: f64) -> TimeDelta {
    // Multiplying fractions can fall short of whole numbers: 0.7 s at speed 10 must be 7 s. So a hundredth
    // of a microsecond is added. The cast saturates.
    let whole = (milliseconds + 1e-5).floor() as i64;
    TimeDelta::try_milliseconds(whole).unwrap_or(if whole < 0 { TimeDelta::MIN } else { TimeDelta::MAX })
}

/// A clock with a constant speed relative to real time. Speed 1 is the wall clock.
#[derive(Clone, Copy)]
pub struct ScaledClock<R> {
    start: DateTime<Utc>,
    anchor: DateTime<Utc>,
    speed: f64,
    real_now: R,
}

impl<R> ScaledClock<R>
where
    R: Fn() -> DateTime<Utc> + Send + Sync,
{
    /// The clock of a `--clock` argument. Without an anchor it starts now. `real_now` is the only access to
    /// real time.
    pub fn new(spec: ClockSpec, real_now: R) -> Self {
        let anchor = match spec.anchor {
            Some(unix_s) => DateTime::UNIX_EPOCH + whole_milliseconds(unix_s * 1e3),
            None => real_now(),
        };
        // The fields of a spec are public, so the speed may not come from the parser. It must not stop
        // time.
        let speed = if spec.speed > 0.0 { spec.speed.min(MAX_SPEED) } else { 1.0 };
        Self { start: spec.start, anchor, speed, real_now }
    }

    /// The wall clock: operational time is real time.
    pub fn wall(real_now: R) -> Self {
        Self { start: DateTime::UNIX_EPOCH, anchor: DateTime::UNIX_EPOCH, speed: 1.0, real_now }
    }
}

impl<R> Clock for ScaledClock<R>
where
    R: Fn() -> DateTime<Utc> + Send + Sync,
{
    fn now(&self) -> DateTime<Utc> {
        let elapsed_ms = ((self.real_now)() - self.anchor).as_seconds_f64() * 1e3;
        let passed = whole_milliseconds(elapsed_ms * self.speed);
        let limit =
            if passed < TimeDelta::zero() { DateTime::<Utc>::MIN_UTC } else { DateTime::<Utc>::MAX_UTC };
        self.start.checked_add_signed(passed).unwrap_or(limit)
    }

    fn speed(&self) -> f64 {
        self.speed
    }
}

impl<R> fmt::Debug for ScaledClock<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScaledClock({} at {}, x{})", self.start, self.anchor, self.speed)
    }
}

/// A clock for tests that changes only when it is set. Share it in an [`Arc`].
#[derive(Debug)]
pub struct ManualClock {
    unix_ms: AtomicI64,
    speed: f64,
}

impl ManualClock {
    /// A clock at this instant, truncated to milliseconds, with speed 1.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { unix_ms: AtomicI64::new(now.timestamp_millis()), speed: 1.0 }
    }

    /// Sets the speed that the clock reports, for code that converts durations.
    #[must_use]
    pub fn with_speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// Sets the instant, which may be earlier.
    pub fn set(&self, now: DateTime<Utc>) {
        self.unix_ms.store(now.timestamp_millis(), Ordering::SeqCst);
    }

    /// Advances the clock, or sets it back for a negative span, and returns the new time.
    pub fn advance(&self, by: TimeDelta) -> DateTime<Utc> {
        let by_ms = by.num_milliseconds();
        from_unix_ms(self.unix_ms.fetch_add(by_ms, Ordering::SeqCst).wrapping_add(by_ms))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        from_unix_ms(self.unix_ms.load(Ordering::SeqCst))
    }

    fn speed(&self) -> f64 {
        self.speed
    }
}

fn from_unix_ms(unix_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(unix_ms).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests;
