//! Parsers that all formats share: dates, instants, excerpts.

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use domain::airlines;
use domain::codes::{AirlineCode, Designator, InvalidCode};
use domain::ports::Quarantined;

/// The start of `text`, at most `bytes_max` long, truncated between characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// The start of a message for the quarantine. Invalid UTF-8 shows as `�`.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let start = &body[..body.len().min(Quarantined::EXCERPT_BYTES_MAX)];
    cut(&String::from_utf8_lossy(start), Quarantined::EXCERPT_BYTES_MAX).to_owned()
}

/// Parses an airline code and converts it to the one under which flights are stored.
pub(crate) fn airline(text: &str) -> Result<AirlineCode, InvalidCode> {
    AirlineCode::parse(text).map(airlines::canonical_code)
}

/// Parses a flight number as on a ticket, with the airline of [`airline`].
pub(crate) fn designator(text: &str) -> Result<Designator, InvalidCode> {
    let flight = Designator::parse(text)?;
    Ok(Designator { airline: airlines::canonical_code(flight.airline), ..flight })
}

/// A calendar day such as `2013-02-08`, in no other form, within the range of years of flights.
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let date = shaped.then(|| text.parse::<NaiveDate>().ok()).flatten()?;
    (2000..2100).contains(&date.year()).then_some(date)
}

/// An instant with offset: RFC 3339, and ISO 8601's `+0100`, which Schiphol's documentation uses. `None`
/// outside the years 2000 to 2099, where default dates and mistakes lie.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()?;
    within_reason(at.to_utc())
}

fn within_reason(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (2000..2100).contains(&at.year()).then_some(at)
}

/// A future time: an instant with offset, or local time at the airport, see [`in_zone`]. In the repeated
/// hour of autumn it means the first: an estimate that is an hour early brings passengers to the gate too
/// soon; one that is an hour late makes them miss the flight.
pub(crate) fn instant_or_local(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    instant(text).or_else(|| in_zone(local(text)?, zone, |first, _| first))
}

/// A past time: as [`instant_or_local`], except in the repeated hour. There it means the second unless that
/// lies after `latest`. An observation that is an hour early would count as older than what it corrects,
/// and the correction would be lost.
pub(crate) fn past_or_local(text: &str, zone: Tz, latest: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let of_both = |first, second| if second > latest { first } else { second };
    instant(text).or_else(|| in_zone(local(text)?, zone, of_both))
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f");
    local.or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M")).ok()
}

/// Converts local time. `of_both` chooses in the repeated hour. In the skipped hour of spring the time
/// moves forward by the size of the gap, as a clock that was not adjusted shows it.
fn in_zone(
    local: NaiveDateTime,
    zone: Tz,
    of_both: impl FnOnce(DateTime<Utc>, DateTime<Utc>) -> DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let at = match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Some(at.to_utc()),
        LocalResult::Ambiguous(first, second) => Some(of_both(first.to_utc(), second.to_utc())),
        LocalResult::None => {
            // The offset in force before the gap. No zone's clocks jump by more than a day.
            let before =
                zone.from_local_datetime(&local.checked_sub_signed(TimeDelta::days(1))?).earliest()?;
            before.to_utc().checked_add_signed(TimeDelta::days(1))
        }
    };
    at.and_then(within_reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Option<DateTime<Utc>> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn a_time_in_the_hour_that_comes_twice_is_the_first() {
        let at = instant_or_local("2013-11-03T01:30:00", Tz::America__New_York);
        assert_eq!(at, utc("2013-11-03T05:30:00Z"));
    }

    #[test]
    fn a_past_time_in_the_hour_that_comes_twice_is_the_second_unless_that_is_yet_to_come() {
        let read =
            |text: &str, latest: &str| past_or_local(text, Tz::America__New_York, latest.parse().unwrap());
        let text = "2013-11-03T01:30:00";
        assert_eq!(read(text, "2013-11-03T06:29:59Z"), utc("2013-11-03T05:30:00Z"));
        assert_eq!(read(text, "2013-11-03T06:30:00Z"), utc("2013-11-03T06:30:00Z"));
        // Outside the repeated hour, and with an offset, there is nothing to choose.
        assert_eq!(read("2013-11-03T02:30", "2013-11-03T05:30:00Z"), utc("2013-11-03T07:30:00Z"));
        assert_eq!(read("2013-11-03T01:30:00-04:00", "2013-11-03T09:00:00Z"), utc("2013-11-03T05:30:00Z"));
    }

    #[test]
    fn a_time_in_the_hour_that_is_left_out_moves_on() {
        let at = instant_or_local("2013-03-10T02:30:00", Tz::America__New_York);
        assert_eq!(at, utc("2013-03-10T07:30:00Z"));
        assert_eq!(at, instant_or_local("2013-03-10T03:30:00", Tz::America__New_York));
    }

    #[test]
    fn a_stated_offset_outweighs_the_zone() {
        for text in ["2013-03-10T09:30:00+02:00", "2013-03-10T07:30:00Z", "2013-03-10T09:30:00.000+0200"] {
            assert_eq!(instant_or_local(text, Tz::America__New_York), utc("2013-03-10T07:30:00Z"), "{text}");
        }
    }

    #[test]
    fn invalid_days_and_instants_are_refused() {
        for text in ["", "2013-2-8", "2013-02-30", "0001-01-01", "9999-01-01", "+2013-02-0", "２013-02-08"] {
            assert_eq!(date(text), None, "{text}");
        }
        for text in
            ["", "08:00", "2013-02-08", "2013-02-08T25:00:00Z", "1360335600", "-262143-01-01T00:00:00"]
        {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn an_excerpt_is_cut_between_characters() {
        let body = "é".repeat(5000);
        assert_eq!(excerpt(body.as_bytes()).len(), Quarantined::EXCERPT_BYTES_MAX);
        let odd = format!("x{body}");
        assert!(excerpt(odd.as_bytes()).len() <= Quarantined::EXCERPT_BYTES_MAX);
        assert!(excerpt(&[0xff; 9000]).len() <= Quarantined::EXCERPT_BYTES_MAX);
    }
}
