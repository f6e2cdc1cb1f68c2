//! Instants in JSON: RFC 3339, UTC, `Z`.

use chrono::{DateTime, Datelike, SubsecRound, Timelike, Utc};
use serde::{Serialize, Serializer};

/// An instant in whole seconds: `2013-02-08T21:04:11Z`.
#[derive(Clone, Copy)]
pub(crate) struct Seconds(pub DateTime<Utc>);

/// An instant in milliseconds, left out if zero: `2013-02-08T21:04:11.250Z`.
#[derive(Clone, Copy)]
pub(crate) struct Millis(pub DateTime<Utc>);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(to_seconds(self.0), serializer)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(to_millis(self.0), serializer)
    }
}

/// Truncates to milliseconds, the precision that clients see.
pub(crate) fn to_millis(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(3)
}

/// Truncates to seconds.
pub(crate) fn to_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(0)
}

/// Written by hand: a board's snapshot has thousands of instants, and chrono's general formatter takes
/// several times as long.
fn write<S: Serializer>(at: DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let millis = at.timestamp_subsec_millis();
    let at = at.naive_utc();
    let Some(year) = u32::try_from(at.year()).ok().filter(|year| *year <= 9999) else {
        return serializer.collect_str(&at.and_utc().format("%+"));
    };
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put = |from: usize, digits: usize, mut number: u32| {
        for at in (from..from + digits).rev() {
            text[at] = b'0' + (number % 10) as u8;
            number /= 10;
        }
    };
    put(0, 4, year);
    put(5, 2, at.month());
    put(8, 2, at.day());
    put(11, 2, at.hour());
    put(14, 2, at.minute());
    put(17, 2, at.second());
    put(20, 3, millis % 1000);
    let length = if millis == 0 {
        text[19] = b'Z';
        20
    } else {
        24
    };
    serializer.serialize_str(str::from_utf8(&text[..length]).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(at: impl Serialize) -> String {
        serde_json::to_string(&at).unwrap()
    }

    #[test]
    fn milliseconds_are_written_only_where_there_are_any() {
        let at = |nanos| DateTime::from_timestamp(1_360_357_451, nanos).unwrap();
        assert_eq!(json(Millis(at(0))), "\"2013-02-08T21:04:11Z\"");
        assert_eq!(json(Millis(at(250_000_000))), "\"2013-02-08T21:04:11.250Z\"");
        assert_eq!(json(Millis(at(7_999_999))), "\"2013-02-08T21:04:11.007Z\"");
        assert_eq!(json(Millis(at(999_999))), "\"2013-02-08T21:04:11Z\"");
        assert_eq!(json(Seconds(at(250_000_000))), "\"2013-02-08T21:04:11Z\"");
    }

    #[test]
    fn every_instant_reads_back_even_at_the_ends_of_time() {
        for at in [DateTime::<Utc>::MIN_UTC, DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC] {
            let text: String = serde_json::from_str(&json(Seconds(at))).unwrap();
            assert_eq!(text.parse::<DateTime<Utc>>().unwrap(), to_seconds(at), "{text}");
        }
    }
}
