//! Health of a feed, and since when it is silent.
//!
//! A feed is silent if it cannot be reached or decoded ([`FAILING_FROM`] times in a row), if it refuses the
//! hub, or if the hub has not received anything for longer than expected. A feed without an expected
//! interval is never silent for lack of messages alone, because a quiet feed looks like a dead one.

use crate::clock::Clock;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;

/// Failures in a row that make a feed failing. A single failure is normal.
pub const FAILING_FROM: u32 = 3;

/// How far the clock of another node may run ahead, in real time.
const AHEAD_MAX: Duration = Duration::from_secs(60);

/// The health of a feed as its node last recorded it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeedHealth {
    /// When it was last received successfully, by the operational clock.
    pub heard_at: Option<DateTime<Utc>>,
    /// It cannot be reached or decoded, or refuses the hub.
    pub is_failing: bool,
    /// When this was recorded, by the operational clock.
    pub at: DateTime<Utc>,
}

/// The health of several feeds, by name.
pub type HealthByFeed = Vec<(Arc<str>, FeedHealth)>;

impl FeedHealth {
    /// Combines the records of two nodes: the newer state, and the later time of reception.
    #[must_use]
    pub fn merged(self, other: Option<Self>) -> Self {
        let Some(other) = other else { return self };
        let newer = if other.at > self.at { other } else { self };
        Self { heard_at: self.heard_at.max(other.heard_at), ..newer }
    }

    /// Whether the record can belong to this clock. If not, it belongs to other data, such as an earlier
    /// replay.
    pub fn is_of(&self, clock: &dyn Clock) -> bool {
        self.at <= clock.now() + clock.operational_duration(AHEAD_MAX)
    }
}

/// Since when the feed is silent; `None` if it is not. `begun_at` is when this hub started,
/// `expected_within` how long the feed may be quiet in real time; `None` if no interval is expected.
pub fn silent_since(
    health: Option<FeedHealth>,
    begun_at: DateTime<Utc>,
    expected_within: Option<Duration>,
    clock: &dyn Clock,
) -> Option<DateTime<Utc>> {
    let now = clock.now();
    let health = health.filter(|health| health.is_of(clock));
    let heard_at = health.and_then(|health| health.heard_at).map_or(begun_at, |at| at.min(now));
    let is_failing = health.is_some_and(|health| health.is_failing);
    let is_overdue = expected_within.is_some_and(|most| clock.real_duration(now - heard_at) > most);
    (is_failing || is_overdue).then_some(heard_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use chrono::TimeDelta;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn heard(minutes: i64) -> FeedHealth {
        FeedHealth { heard_at: Some(at(minutes)), is_failing: false, at: at(minutes) }
    }

    const TEN_MINUTES: Option<Duration> = Some(Duration::from_secs(600));

    #[test]
    fn a_feed_is_silent_when_overdue_or_failing_since_its_last_message() {
        let clock = ManualClock::new(at(100));
        let silent = |health, within| silent_since(health, at(60), within, &clock);
        assert_eq!(silent(Some(heard(90)), TEN_MINUTES), None, "it may be quiet for so long");
        assert_eq!(silent(Some(heard(89)), TEN_MINUTES), Some(at(89)));
        assert_eq!(silent(Some(heard(10)), None), None, "nobody expects it to speak");
        let failing = FeedHealth { is_failing: true, at: at(99), ..heard(98) };
        assert_eq!(silent(Some(failing), None), Some(at(98)));
    }

    #[test]
    fn a_feed_without_any_message_is_silent_since_the_start() {
        let clock = ManualClock::new(at(100));
        assert_eq!(silent_since(None, at(95), TEN_MINUTES, &clock), None, "it has its time");
        assert_eq!(silent_since(None, at(80), TEN_MINUTES, &clock), Some(at(80)));
        assert_eq!(silent_since(None, at(80), None, &clock), None);
        let refused = FeedHealth { heard_at: None, is_failing: true, at: at(99) };
        assert_eq!(silent_since(Some(refused), at(95), TEN_MINUTES, &clock), Some(at(95)));
    }

    #[test]
    fn quiet_is_measured_in_real_time_on_a_day_that_is_replayed() {
        let clock = ManualClock::new(at(600)).with_speed(60.0);
        assert_eq!(silent_since(Some(heard(1)), at(0), TEN_MINUTES, &clock), None, "not ten minutes ago");
        let clock = ManualClock::new(at(602)).with_speed(60.0);
        assert_eq!(silent_since(Some(heard(1)), at(0), TEN_MINUTES, &clock), Some(at(1)));
    }

    #[test]
    fn health_of_another_replay_does_not_count() {
        let clock = ManualClock::new(at(100));
        let of_tomorrow = FeedHealth { is_failing: true, ..heard(1_540) };
        assert_eq!(silent_since(Some(of_tomorrow), at(95), TEN_MINUTES, &clock), None);
    }

    #[test]
    fn merged_health_has_the_newer_state_and_the_later_reception() {
        let failing = FeedHealth { is_failing: true, at: at(20), ..heard(10) };
        assert_eq!(failing.merged(Some(heard(21))), heard(21));
        assert_eq!(failing.merged(Some(heard(9))), failing);
        assert_eq!(failing.merged(None), failing);
        let never_heard_here = FeedHealth { heard_at: None, is_failing: true, at: at(22) };
        let both = FeedHealth { heard_at: Some(at(21)), is_failing: true, at: at(22) };
        assert_eq!(never_heard_here.merged(Some(heard(21))), both);
        assert_eq!(heard(21).merged(Some(never_heard_here)), both);
    }
}
