//! Overrides: values that an operator sets over the sources, and their limits.

use crate::field::{Field, Value};
use crate::flight::Flight;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;

/// A value that an operator set over the sources, until it ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Override {
    /// The field.
    pub field: Field,
    /// The value to show; `None` shows none.
    pub value: Option<Value>,
    /// Who set it.
    pub set_by: Arc<str>,
    /// When it was set.
    pub set_at: DateTime<Utc>,
    /// When the sources count again.
    pub until: DateTime<Utc>,
}

/// Why an override is refused. Reads as the end of a sentence, after `until` or `value`.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OverrideRefused {
    /// `until` is not in the future.
    #[error("must lie after {now}, which it is for flights now")]
    Over {
        /// By the operational clock.
        now: DateTime<Utc>,
    },
    /// `until` is too far ahead. A forgotten override would hide the sources.
    #[error("must lie at most {} days ahead of {now}, which it is for flights now", Override::LASTS_MAX.num_days())]
    TooLong {
        /// By the operational clock.
        now: DateTime<Utc>,
    },
    /// `value` is the time of an event that lies ahead.
    #[error("lies {minutes_ahead} minutes ahead, and tells of what has happened")]
    NotYet {
        /// How far, in minutes.
        minutes_ahead: i64,
    },
}

impl Override {
    /// Longest override. It can be renewed.
    pub const LASTS_MAX: TimeDelta = TimeDelta::days(7);

    /// Whether the override is valid at `now`, by the operational clock.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), OverrideRefused> {
        if self.until <= now {
            return Err(OverrideRefused::Over { now });
        }
        if self.until - now > Self::LASTS_MAX {
            return Err(OverrideRefused::TooLong { now });
        }
        if self.field.is_event()
            && let Some(Value::Time(seconds)) = self.value
            && let Some(at) = DateTime::from_timestamp(seconds, 0)
            && at - now > Flight::AHEAD_MAX
        {
            return Err(OverrideRefused::NotYet { minutes_ahead: (at - now).num_minutes() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_ends_within_a_week_and_has_no_event_in_the_future() {
        let now: DateTime<Utc> = "2013-02-08T21:00:00Z".parse().unwrap();
        let order =
            |field, value, until| Override { field, value, set_by: "desk".into(), set_at: now, until };
        let gate = |until| order(Field::DepartureGate, None, until).check(now);
        assert_eq!(gate(now), Err(OverrideRefused::Over { now }));
        assert_eq!(gate(now + TimeDelta::milliseconds(1)), Ok(()));
        assert_eq!(gate(now + TimeDelta::days(7)), Ok(()));
        let refused = gate(now + TimeDelta::days(7) + TimeDelta::milliseconds(1)).unwrap_err();
        assert!(refused.to_string().starts_with("must lie at most 7 days ahead of 2013-02-08 21:00:00 UTC"));
        let time = |field, minutes| {
            let at = Value::time(field, now + TimeDelta::minutes(minutes)).unwrap();
            order(field, Some(at), now + TimeDelta::hours(1)).check(now)
        };
        assert_eq!(time(Field::DepartureActual, 15), Ok(()));
        let ahead = OverrideRefused::NotYet { minutes_ahead: 16 };
        assert_eq!(time(Field::DepartureActual, 16), Err(ahead));
        assert_eq!(time(Field::DepartureEstimated, 600), Ok(()));
    }
}
