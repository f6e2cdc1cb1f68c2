//! Operational time: the time by which flights are on time or late.
//!
//! It is real time, or a day of the past replayed faster. Nothing here reads the real clock: the
//! binary passes in a function that does, tests set a [`ManualClock`], and everything else asks
//! the [`Clock`] it was given. Tokens, time-outs and back-off run on real time; a timer that waits
//! for something operational sleeps [`Clock::real_until`].

mod spec;
pub mod steady;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use spec::{ClockSpec, ClockSpecError, MAX_SPEED};

/// What time it is for flights. Instants have millisecond precision.
pub trait Clock: Send + Sync {
    /// Operational now.
    fn now(&self) -> DateTime<Utc>;

    /// Operational seconds that pass in a real second; always above 0.
    fn speed(&self) -> f64;

    /// How long an operational span takes in real time. Rounded up to the microsecond, so that a
    /// timer never wakes early; a negative span takes none.
    fn real_duration(&self, operational: TimeDelta) -> Duration {
        let operational_s = operational.as_seconds_f64();
        if operational_s <= 0.0 {
            return Duration::ZERO;
        }
        let real_us = (operational_s * 1e6 / self.speed()).ceil();
        Duration::try_from_secs_f64(real_us / 1e6).unwrap_or(Duration::MAX)
    }

    /// How much operational time passes in a real span, to the millisecond below.
    fn operational_duration(&self, real: Duration) -> TimeDelta {
        whole_milliseconds(real.as_secs_f64() * 1e3 * self.speed())
    }

    /// How long to sleep in real time until this operational instant; zero when it has passed.
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

/// The largest span below `milliseconds`; those beyond what fits are cut to fit.
fn whole_milliseconds(milliseconds: f64) -> TimeDelta {
    // A hundredth of a microsecond is added as multiplying fractions falls short of whole numbers:
    // 0.7 s at speed 10 must be 7 s. The cast saturates.
    let whole = (milliseconds + 1e-5).floor() as i64;
    TimeDelta::try_milliseconds(whole).unwrap_or(if whole < 0 { TimeDelta::MIN } else { TimeDelta::MAX })
}

/// A clock that runs at a constant speed against a source of real time. Speed 1 is the wall clock.
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
    /// A clock as asked for with `--clock`. Without an anchor it starts now. `real_now` is the
    /// binary's one door to real time.
    pub fn new(spec: ClockSpec, real_now: R) -> Self {
        let anchor = match spec.anchor {
            Some(unix_s) => DateTime::UNIX_EPOCH + whole_milliseconds(unix_s * 1e3),
            None => real_now(),
        };
        // The fields of a spec are open; a speed that no parser let through must not stop time.
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

/// A clock that stands still until it is told, for tests. Share it in an [`Arc`]; it is set
/// through a shared reference.
#[derive(Debug)]
pub struct ManualClock {
    unix_ms: AtomicI64,
    speed: f64,
}

impl ManualClock {
    /// A clock that shows this instant, cut to milliseconds, and claims speed 1.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self { unix_ms: AtomicI64::new(now.timestamp_millis()), speed: 1.0 }
    }

    /// The same with another speed to claim, for code that converts durations.
    #[must_use]
    pub fn with_speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// Shows another instant from now on, earlier ones included.
    pub fn set(&self, now: DateTime<Utc>) {
        self.unix_ms.store(now.timestamp_millis(), Ordering::SeqCst);
    }

    /// Moves on, or back by a negative span, and returns the new now.
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
