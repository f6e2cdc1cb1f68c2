//! Estimates that approach the real time step by step.
//!
//! Airports do not learn a delay at once. The first estimate covers part of it. The next ones follow,
//! usually before the last one has passed, in steps of five minutes; sometimes one overshoots and is
//! corrected. The last, minutes before the event, is exact. Delayed flights in airports' feeds look like
//! that; the proportions are assumptions.

use super::seeded_random::SeededRandom;
use chrono::{DateTime, TimeDelta, Utc};

/// An estimate and when it is published.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Given {
    /// When it is published.
    pub at: DateTime<Utc>,
    /// The estimated time.
    pub estimate: DateTime<Utc>,
}

/// Smaller differences get no estimate.
const SMALLEST: TimeDelta = TimeDelta::minutes(5);
/// Most estimates of one delay, so that a delay of days does not flood the feed.
const ESTIMATES_MAX: usize = 14;

/// Estimates, from `known_from` on, of an event planned for `planned` that happens at `actual`.
///
/// Empty if the two differ by less than five minutes. Otherwise the times of publication rise, each
/// estimate lies after its publication, and the last one equals `actual` and is published before it.
pub fn creep(
    planned: DateTime<Utc>,
    actual: DateTime<Utc>,
    known_from: DateTime<Utc>,
    chance: &mut SeededRandom,
) -> Vec<Given> {
    let mut given = Vec::new();
    if (actual - planned).abs() < SMALLEST {
        return given;
    }
    let last_at = actual - chance.about_minutes(6..=14);
    // The first estimate must come before `planned` passes.
    let mut at = known_from.min(planned - chance.about_minutes(2..=12));
    let mut estimate = planned;
    while at < last_at && given.len() < ESTIMATES_MAX {
        let left = (actual - estimate).num_minutes();
        if left.abs() <= SMALLEST.num_minutes() {
            break;
        }
        estimate = next(estimate, left, at, chance);
        given.push(Given { at, estimate });
        let soonest = at + chance.about_minutes(9..=14);
        let latest = estimate - chance.about_minutes(3..=12);
        at = soonest.max(latest.min(at + chance.about_minutes(15..=60)));
    }
    if given.last().is_none_or(|last| last.estimate != actual) {
        given.push(Given { at: last_at, estimate: actual });
    }
    given
}

/// The estimate after `estimate`, `left` minutes short of the real time, in steps of five minutes and not
/// in the past.
fn next(estimate: DateTime<Utc>, left: i64, at: DateTime<Utc>, chance: &mut SeededRandom) -> DateTime<Utc> {
    let minutes = if left > 0 && chance.yes(0.12) {
        left + chance.within(5..=20)
    } else {
        (left as f64 * (0.35 + 0.5 * chance.fraction())) as i64
    };
    let wanted = (estimate + TimeDelta::minutes(minutes)).max(at + TimeDelta::minutes(10));
    let seconds = wanted.timestamp().div_euclid(300) * 300 + 300 * i64::from(left > 0);
    DateTime::from_timestamp(seconds, 0).unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_360_342_800, 0).unwrap()
    }

    #[test]
    fn estimates_converge_to_the_truth_and_are_never_in_the_past() {
        for seed in 0..300 {
            let mut chance = SeededRandom::named(seed, "creep");
            let delay = chance.minutes(5..=400);
            let known_from = noon() - chance.minutes(0..=200);
            let given = creep(noon(), noon() + delay, known_from, &mut chance);
            assert_eq!(given.last().unwrap().estimate, noon() + delay);
            assert!(given.len() <= ESTIMATES_MAX + 1);
            assert!(given.iter().all(|g| g.at < g.estimate), "{given:?}");
            assert!(given.windows(2).all(|w| w[0].at < w[1].at), "{given:?}");
            assert!(given.last().unwrap().at < noon() + delay);
            assert!(given[0].at < noon(), "the first word comes before the planned time");
        }
    }

    #[test]
    fn a_flight_on_time_has_no_estimate() {
        let mut chance = SeededRandom::named(1, "creep");
        assert!(creep(noon(), noon() + TimeDelta::minutes(4), noon(), &mut chance).is_empty());
        assert!(creep(noon(), noon() - TimeDelta::minutes(4), noon(), &mut chance).is_empty());
    }

    #[test]
    fn an_early_event_is_estimated_early() {
        for seed in 0..100 {
            let mut chance = SeededRandom::named(seed, "early");
            let given =
                creep(noon(), noon() - TimeDelta::minutes(25), noon() - TimeDelta::minutes(90), &mut chance);
            assert_eq!(given.last().unwrap().estimate, noon() - TimeDelta::minutes(25));
            assert!(given.iter().all(|g| g.at < g.estimate), "{given:?}");
        }
    }
}
