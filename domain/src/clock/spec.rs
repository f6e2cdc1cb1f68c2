//! The value of `--clock`: `START@SPEED` or `START@SPEED/ANCHOR`.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};

/// Highest speed: an hour per second. Beyond it a flight's whole day passes between two polls of a feed.
pub const MAX_SPEED: f64 = 3600.0;

/// The last Unix second of the year 9999, the last that RFC 3339 can write.
const MAX_ANCHOR_S: f64 = 253_402_300_799.0;

/// Start, speed and anchor of operational time.
///
/// Operational now = `start` + (real now - `anchor`) x `speed`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockSpec {
    /// The operational time at the anchor.
    pub start: DateTime<Utc>,
    /// Operational seconds per real second; above 0, up to [`MAX_SPEED`].
    pub speed: f64,
    /// The real instant of `start` in Unix seconds, with decimals. `None` means the start of the process.
    /// Processes with the same anchor share one clock.
    pub anchor: Option<f64>,
}

/// Why a clock argument is invalid. Reads as a sentence with an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockSpecError {
    /// There is no `@`.
    #[error("clock {0:?} has no speed: write START@SPEED, such as 2013-02-08T10:00:00-05:00@60")]
    NoSpeed(String),
    /// The start is not an RFC 3339 instant with an offset.
    #[error(
        "clock start {text:?} is not an instant with its offset from UTC ({reason}), such as 2013-02-08T10:00:00-05:00"
    )]
    BadStart {
        /// The text before the `@`.
        text: String,
        /// The error of the parser.
        reason: String,
    },
    /// The speed is not a number, or out of bounds.
    #[error(
        "clock speed {0:?} is not a number above 0 and up to 3600, such as the 60 in 2013-02-08T10:00:00-05:00@60"
    )]
    BadSpeed(String),
    /// The anchor is not a number, or out of bounds.
    #[error(
        "clock anchor {0:?} is not a real time in unix seconds, such as the 1767225600.5 in 2013-02-08T10:00:00-05:00@60/1767225600.5"
    )]
    BadAnchor(String),
}

impl ClockSpec {
    /// Parses `2013-02-08T10:00:00-05:00@60` and `2013-02-08T10:00:00-05:00@60/1767225600.5`.
    pub fn parse(text: &str) -> Result<Self, ClockSpecError> {
        let (start, rest) = text.split_once('@').ok_or_else(|| ClockSpecError::NoSpeed(shown(text)))?;
        let (speed, anchor) = match rest.split_once('/') {
            Some((speed, anchor)) => (speed, Some(anchor)),
            None => (rest, None),
        };
        let start = DateTime::parse_from_rfc3339(start)
            .map_err(|reason| ClockSpecError::BadStart { text: shown(start), reason: reason.to_string() })?
            .to_utc();
        let speed = number(speed)
            .filter(|speed| *speed > 0.0 && *speed <= MAX_SPEED)
            .ok_or_else(|| ClockSpecError::BadSpeed(shown(speed)))?;
        let anchor = anchor
            .map(|anchor| {
                number(anchor)
                    .filter(|seconds| (0.0..=MAX_ANCHOR_S).contains(seconds))
                    .ok_or_else(|| ClockSpecError::BadAnchor(shown(anchor)))
            })
            .transpose()?;
        Ok(Self { start, speed, anchor })
    }

    /// The same clock with an anchor, for processes that are to share it. Keeps an existing anchor.
    #[must_use]
    pub fn anchored_at(self, real_now: DateTime<Utc>) -> Self {
        // Milliseconds since 1970 are far below 2^53, so the float holds them exactly.
        let seconds = real_now.timestamp_millis() as f64 / 1000.0;
        Self { anchor: self.anchor.or(Some(seconds)), ..self }
    }
}

/// Parses a decimal number without an exponent, `inf` or `NaN`, which `f64` would accept.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| plain)
}

/// The invalid text, truncated so that it cannot fill a log.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

impl FromStr for ClockSpec {
    type Err = ClockSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Writes the format of [`ClockSpec::parse`], with the start in UTC.
impl fmt::Display for ClockSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.start.to_rfc3339_opts(SecondsFormat::AutoSi, true), self.speed)?;
        self.anchor.map_or(Ok(()), |anchor| write!(f, "/{anchor}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        ClockSpec::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn start_and_speed_are_read() {
        let spec = ClockSpec::parse("2013-02-08T10:00:00-05:00@60").unwrap();
        assert_eq!(spec.start, "2013-02-08T15:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!((spec.speed, spec.anchor), (60.0, None));
    }

    #[test]
    fn an_anchor_with_decimals_and_a_slow_clock_are_read() {
        let spec = ClockSpec::parse("2013-02-08T10:00:00.250-05:00@0.5/1767225600.125").unwrap();
        assert_eq!((spec.speed, spec.anchor), (0.5, Some(1_767_225_600.125)));
        assert_eq!(spec.start.timestamp_subsec_millis(), 250);
    }

    #[test]
    fn a_written_clock_parses_to_the_same_clock() {
        for text in [
            "2013-02-08T10:00:00-05:00@60",
            "2013-02-08T10:00:00.250Z@0.5/1767225600.125",
            "2013-02-08T10:00:00Z@3600/0",
        ] {
            let spec = ClockSpec::parse(text).unwrap();
            assert_eq!(spec.to_string().parse(), Ok(spec), "{text}");
        }
    }

    #[test]
    fn anchoring_binds_a_free_clock_and_leaves_a_bound_one() {
        let real = "2026-01-01T00:00:00.500Z".parse().unwrap();
        let free = ClockSpec::parse("2013-02-08T10:00:00Z@60").unwrap();
        assert_eq!(free.anchored_at(real).anchor, Some(1_767_225_600.5));
        let bound = ClockSpec::parse("2013-02-08T10:00:00Z@60/7").unwrap();
        assert_eq!(bound.anchored_at(real).anchor, Some(7.0));
    }

    #[test]
    fn each_error_names_the_wrong_part_and_gives_an_example() {
        for (text, part) in [
            ("2013-02-08T10:00:00-05:00", "has no speed"),
            ("yesterday@60", "clock start \"yesterday\""),
            ("2013-02-08T10:00:00@60", "clock start \"2013-02-08T10:00:00\""),
            ("2013-02-30T10:00:00Z@60", "clock start \"2013-02-30T10:00:00Z\""),
            ("2013-02-08T10:00:00Z@", "clock speed \"\""),
            ("2013-02-08T10:00:00Z@fast", "clock speed \"fast\""),
            ("2013-02-08T10:00:00Z@0", "clock speed \"0\""),
            ("2013-02-08T10:00:00Z@-1", "clock speed \"-1\""),
            ("2013-02-08T10:00:00Z@3600.1", "clock speed \"3600.1\""),
            ("2013-02-08T10:00:00Z@inf", "clock speed \"inf\""),
            ("2013-02-08T10:00:00Z@NaN", "clock speed \"NaN\""),
            ("2013-02-08T10:00:00Z@60/", "clock anchor \"\""),
            ("2013-02-08T10:00:00Z@60/now", "clock anchor \"now\""),
            ("2013-02-08T10:00:00Z@60/999999999999999", "clock anchor \"999999999999999\""),
        ] {
            let message = wrong(text);
            assert!(message.contains(part), "{text}: {message}");
            assert!(
                message.contains("such as") && message.contains("2013-02-08T10:00:00-05:00"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_hostile_text_is_cut_in_the_error() {
        assert!(wrong(&"x".repeat(10_000)).len() < 200);
    }
}
