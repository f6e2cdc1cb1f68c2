//! Instants in records: exact, and short for whole seconds.

use chrono::{DateTime, Utc};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An instant in seconds since 1970: a number if whole, else a text with nine decimals. Decimals within a
/// leap second exceed one second, as in chrono.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct UnixTime(pub DateTime<Utc>);

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0.timestamp(), self.0.timestamp_subsec_nanos()) {
            (seconds, 0) => serializer.serialize_i64(seconds),
            (seconds, nanos) => serializer.collect_str(&format_args!("{seconds}.{nanos:09}")),
        }
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Seconds)
    }
}

struct Seconds;

impl Visitor<'_> for Seconds {
    type Value = UnixTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970, as a number or as a text with nine decimals")
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<UnixTime, E> {
        at(seconds, 0)
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<UnixTime, E> {
        at(i64::try_from(seconds).map_err(E::custom)?, 0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<UnixTime, E> {
        let (seconds, nanos) = text.split_once('.').ok_or_else(|| E::custom("an instant has no decimals"))?;
        if nanos.len() < 9 {
            return Err(E::custom("an instant has fewer than nine decimals"));
        }
        at(seconds.parse().map_err(E::custom)?, nanos.parse().map_err(E::custom)?)
    }
}

fn at<E: Error>(seconds: i64, nanos: u32) -> Result<UnixTime, E> {
    let at = DateTime::from_timestamp(seconds, nanos);
    at.map(UnixTime).ok_or_else(|| E::custom(format_args!("{seconds}.{nanos:09} is no instant")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_reads_back_exactly() {
        let leap = "2016-12-31T23:59:60.5Z".parse().unwrap();
        let early = DateTime::from_timestamp(-5, 250_000_000).unwrap();
        for at in [DateTime::<Utc>::MIN_UTC, early, DateTime::UNIX_EPOCH, leap, DateTime::<Utc>::MAX_UTC] {
            let json = serde_json::to_string(&UnixTime(at)).unwrap();
            assert_eq!(serde_json::from_str::<UnixTime>(&json).unwrap().0, at, "{json}");
        }
    }

    #[test]
    fn invalid_instants_are_refused() {
        for json in
            ["1.5", "\"1.5\"", "\"x\"", "\"1.5x0000000\"", "9223372036854775807", "null", "\"1.99999999999\""]
        {
            assert!(serde_json::from_str::<UnixTime>(json).is_err(), "{json}");
        }
    }
}
