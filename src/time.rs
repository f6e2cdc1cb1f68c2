//! The only access to real time, and the operational clock.

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use domain::clock::steady::{Adjustment, SteadyWall};
use domain::clock::{Clock, ClockSpec, ScaledClock};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Corrections from this size on are logged.
const WORTH_TELLING_US: i64 = 100_000;

static START: LazyLock<Instant> = LazyLock::new(monotonic);

/// The current relation between the steady clock and real time.
static CLOCK: LazyLock<ArcSwap<SteadyWall>> = LazyLock::new(|| {
    let (steady_us, wall_us) = look();
    ArcSwap::from_pointee(SteadyWall::new(steady_us, wall_us, i64::MIN))
});

/// The number of steps in either direction since the start.
static STEPS: AtomicU64 = AtomicU64::new(0);

/// The current real time of this process.
///
/// It follows the wall clock, but does not go back when the wall clock is set back by a little: it stamps
/// revisions, and clients resume from those stamps. The rules are [`SteadyWall`]'s.
pub fn real_now() -> DateTime<Utc> {
    let (steady_us, wall_us) = look();
    let clock = **CLOCK.load();
    let shown_us = match clock.agrees(steady_us, wall_us) {
        true => clock.shown_us(steady_us),
        false => correct(clock, steady_us, wall_us).shown_us(steady_us),
    };
    DateTime::from_timestamp_micros(shown_us).unwrap_or(DateTime::UNIX_EPOCH)
}

/// Starts real time no earlier than `shown`, an instant that an earlier run has published. [`SteadyWall`]
/// limits how far it may be ahead.
pub fn begin_not_before(shown: DateTime<Utc>) {
    let (steady_us, wall_us) = look();
    let clock = SteadyWall::new(steady_us, wall_us, shown.timestamp_micros());
    let ahead_ms = clock.lead_us(steady_us) / 1_000;
    if ahead_ms > 0 {
        tracing::warn!(
            ahead_ms,
            "the wall clock is behind the last time of an earlier run; time runs at half speed until it has caught up"
        );
    }
    CLOCK.store(Arc::new(clock));
}

/// Seconds that real time is ahead of the wall clock, while the wall clock catches up.
pub fn lead_seconds() -> f64 {
    CLOCK.load().lead_us(look().0) as f64 / 1e6
}

/// The number of steps of real time since the start.
pub fn steps() -> u64 {
    STEPS.load(Ordering::Relaxed)
}

/// Follows a step of the wall clock. If several threads see the step, one of them corrects the clock.
fn correct(seen: SteadyWall, steady_us: i64, wall_us: i64) -> SteadyWall {
    let (next, correction) = seen.corrected(steady_us, wall_us);
    let before = CLOCK.load();
    if **before != seen {
        return **before;
    }
    let swapped = CLOCK.compare_and_swap(&before, Arc::new(next));
    if !Arc::ptr_eq(&swapped, &before) {
        return **swapped;
    }
    log_correction(correction);
    next
}

fn log_correction(correction: Adjustment) {
    let stepped = match correction {
        // NTP steers a clock this far within seconds.
        Adjustment::SteppedForward { by_us } | Adjustment::SlowedDown { ahead_us: by_us }
            if by_us < WORTH_TELLING_US =>
        {
            false
        }
        Adjustment::SteppedForward { by_us } => {
            tracing::warn!(by_ms = by_us / 1_000, "the wall clock was set forward, or the machine has slept");
            true
        }
        Adjustment::SlowedDown { ahead_us } => {
            tracing::warn!(
                ahead_ms = ahead_us / 1_000,
                "the wall clock was set back; time runs at half speed until it has caught up"
            );
            true
        }
        Adjustment::SteppedBack { by_us } => {
            tracing::error!(
                by_ms = by_us / 1_000,
                "the wall clock was set far back, and time follows: instants repeat"
            );
            true
        }
    };
    STEPS.fetch_add(stepped.into(), Ordering::Relaxed);
}

/// The steady clock and the wall clock, in microseconds.
fn look() -> (i64, i64) {
    (micros(START.elapsed()), micros(wall()))
}

/// The steady clock, for time-outs and measurements.
#[expect(clippy::disallowed_methods, reason = "the only access to this clock")]
pub fn monotonic() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the only access to this clock")]
fn wall() -> Duration {
    // A clock before 1970 shows 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4)
}

/// The process's operational clock: the one from `--clock`, or real time.
pub fn operational(spec: Option<ClockSpec>) -> Arc<dyn Clock> {
    match spec {
        Some(spec) => Arc::new(ScaledClock::new(spec, real_now)),
        None => Arc::new(ScaledClock::wall(real_now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_time_follows_the_wall_clock_and_never_goes_back() {
        let wall_ms = wall().as_millis() as i64;
        let mut last = real_now();
        assert!((last.timestamp_millis() - wall_ms).abs() < 1_000);
        for _ in 0..10_000 {
            let now = real_now();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    fn a_clock_with_an_anchor_shows_the_same_time_in_every_process() {
        let anchor = real_now().timestamp() - 60;
        let spec = ClockSpec::parse(&format!("2013-02-08T10:00:00-05:00@60/{anchor}")).unwrap();
        let (one, other) = (operational(Some(spec)).now(), operational(Some(spec)).now());
        let hour_later = DateTime::parse_from_rfc3339("2013-02-08T11:00:00-05:00").unwrap().to_utc();
        assert!((one - hour_later).num_seconds().abs() < 120, "{one}");
        assert!((other - one).num_seconds() < 60);
    }
}
