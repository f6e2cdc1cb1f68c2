//! Values that clients send as text, in bodies and in query parameters.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::codes::{AirlineCode, Direction, Iata};
use domain::leg_pattern::LegPattern;
use domain::single_line_text::SingleLineText;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A value that is read from a text.
pub trait FromText: Sized {
    /// Reads the value. An error completes a sentence that begins with the name of the field.
    fn from_text(text: &str) -> Result<Self, String>;
}

/// Deserializes a value by [`FromText`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text<T>(pub T);

impl<'de, T: FromText> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::from_text(&text).map(Self).map_err(D::Error::custom)
    }
}

impl FromText for SingleLineText {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|why| why.to_string())
    }
}

impl FromText for Iata {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|why| why.to_string())
    }
}

impl FromText for AirlineCode {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|why| why.to_string())
    }
}

impl FromText for LegPattern {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|why: <Self as std::str::FromStr>::Err| why.to_string())
    }
}

impl FromText for Direction {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| "must be departures or arrivals".into())
    }
}

impl FromText for DateTime<Utc> {
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = |_| "is no instant such as 2013-02-08T15:00:00Z".into();
        DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(wrong)
    }
}

impl FromText for Tz {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "is not a zone of the IANA database, such as America/New_York".into())
    }
}
