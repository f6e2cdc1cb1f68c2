//! The one door where real time comes in.

use chrono::{DateTime, Utc};
use domain::clock::{Clock, ClockSpec, ScaledClock};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

static START: LazyLock<Instant> = LazyLock::new(monotonic);

/// By how much the wall clock is ahead of the steady clock, at its most so far, in microseconds.
static AHEAD_US: AtomicI64 = AtomicI64::new(i64::MIN);

/// Real now, as far as this process is concerned.
///
/// It never goes back: revisions are stamped with it and listeners resume from it. A step back of
/// the wall clock is ignored, and time goes on steadily from where it was. A step forward is
/// followed, and so is the time that a suspended laptop has slept.
pub fn real_now() -> DateTime<Utc> {
    let steady_us = micros(START.elapsed());
    let wall_us = micros(wall());
    let ahead_us = wall_us - steady_us;
    let ahead_us = AHEAD_US.fetch_max(ahead_us, Ordering::Relaxed).max(ahead_us);
    DateTime::from_timestamp_micros(steady_us + ahead_us).unwrap_or(DateTime::UNIX_EPOCH)
}

/// The steady clock, for time-outs and for measuring.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
pub fn monotonic() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn wall() -> Duration {
    // A machine whose clock stands before 1970 shows 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX / 4)
}

/// The process's operational clock: what `--clock` asks for, or real time.
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
    fn real_time_is_the_wall_clocks_and_never_goes_back() {
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
    fn a_clock_with_an_anchor_shows_the_same_in_every_process() {
        let anchor = real_now().timestamp() - 60;
        let spec = ClockSpec::parse(&format!("2013-02-08T10:00:00-05:00@60/{anchor}")).unwrap();
        let (one, other) = (operational(Some(spec)).now(), operational(Some(spec)).now());
        let hour_later = DateTime::parse_from_rfc3339("2013-02-08T11:00:00-05:00").unwrap().to_utc();
        assert!((one - hour_later).num_seconds().abs() < 120, "{one}");
        assert!((other - one).num_seconds() < 60);
    }
}
