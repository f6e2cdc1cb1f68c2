//! Name, city, country and time zone of every airport with an IATA code.
//!
//! The table is `data/airports.csv`, reduced from PyPI `airportsdata` (MIT). `data/README.md` describes its
//! origin, how cities get the names that passengers expect, and how to update it. To correct a city, add a
//! line to `data/airports-corrections.csv` and run `data/reduce.py`.
//!
//! Passengers read local time of the airport; everything stored is UTC. [`local_time`] and [`local_day`]
//! convert, with the daylight saving rules of that instant.

pub(crate) mod rows;

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::codes::Iata;

/// An airport as passengers know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Airport {
    /// Location code, such as `JFK`.
    pub iata: Iata,
    /// Full name, such as "John F Kennedy International Airport".
    pub name: &'static str,
    /// The name on a board: the city, or the island or resort ("New York", "St Lucia", "Vail/Eagle").
    /// Several airports may share it.
    pub city: &'static str,
    /// ISO 3166-1 alpha-2, such as `US`; `XK` for Kosovo.
    pub country: &'static str,
    /// The time zone.
    pub zone: Tz,
}

static AIRPORTS: LazyLock<Vec<Airport>> = LazyLock::new(|| {
    let mut airports: Vec<Airport> = rows::rows(include_str!("../data/airports.csv"))
        .filter_map(|[iata, name, city, country, zone]| {
            Some(Airport { iata: Iata::parse(iata).ok()?, name, city, country, zone: zone.parse().ok()? })
        })
        .collect();
    airports.sort_unstable_by_key(|airport| airport.iata);
    airports
});

/// Every airport, in the order of its code.
pub fn all() -> &'static [Airport] {
    &AIRPORTS
}

/// The airport of this code. `None` for codes that are not or no longer an airport's.
pub fn find(iata: Iata) -> Option<&'static Airport> {
    let at = AIRPORTS.binary_search_by_key(&iata, |airport| airport.iata).ok()?;
    AIRPORTS.get(at)
}

/// The time zone of an airport.
pub fn zone_of(iata: Iata) -> Option<Tz> {
    find(iata).map(|airport| airport.zone)
}

/// Local time at this airport. UTC for an airport that is not in the table: its flights must still be
/// shown, and the zone of the result tells which time it is.
pub fn local_time(iata: Iata, instant: DateTime<Utc>) -> DateTime<Tz> {
    instant.with_timezone(&zone_of(iata).unwrap_or(Tz::UTC))
}

/// The calendar day at this airport, by which flights are looked up. UTC for an airport that is not in the
/// table.
pub fn local_day(iata: Iata, instant: DateTime<Utc>) -> NaiveDate {
    local_time(iata, instant).date_naive()
}

/// The start of a calendar day at this airport. An hour later if clocks go forward at midnight.
pub fn start_of_day(iata: Iata, day: NaiveDate) -> DateTime<Utc> {
    let zone = zone_of(iata).unwrap_or(Tz::UTC);
    let hours = [NaiveTime::MIN, NaiveTime::MIN + TimeDelta::hours(1), NaiveTime::MIN + TimeDelta::hours(2)];
    let begins = |hour| zone.from_local_datetime(&day.and_time(hour)).earliest();
    let begins = hours.into_iter().find_map(begins);
    begins.map_or_else(|| day.and_time(NaiveTime::MIN).and_utc(), |instant| instant.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iata(code: &str) -> Iata {
        Iata::parse(code).unwrap()
    }

    fn city(code: &str) -> &'static str {
        find(iata(code)).unwrap_or_else(|| panic!("{code} is not in the table")).city
    }

    fn at(instant: &str) -> DateTime<Utc> {
        instant.parse().unwrap()
    }

    #[test]
    fn every_row_of_the_table_is_an_airport_whose_zone_is_known() {
        let mut seen = 0;
        for [code, name, city, country, zone] in rows::rows(include_str!("../data/airports.csv")) {
            assert!(zone.parse::<Tz>().is_ok(), "{code}: time zone {zone} is unknown");
            assert!(Iata::parse(code).is_ok(), "{code} is no IATA code");
            assert!(!name.is_empty() && !city.is_empty(), "{code} lacks a name or a city");
            assert!(country.len() == 2, "{code}: {country} is no country code");
            seen += 1;
        }
        assert_eq!(seen, include_str!("../data/airports.csv").lines().count() - 1);
        assert_eq!(all().len(), seen);
        assert!(seen > 7_500);
    }

    #[test]
    fn codes_are_in_order_and_none_comes_twice() {
        assert!(all().windows(2).all(|pair| pair[0].iata < pair[1].iata));
    }

    #[test]
    fn each_airport_is_found_by_its_own_code() {
        assert!(all().iter().all(|airport| find(airport.iata) == Some(airport)));
        assert_eq!(find(iata("ZZZ")), None);
    }

    #[test]
    fn a_day_begins_at_midnight_or_when_the_clocks_were_put_forward_then() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(start_of_day(iata("JFK"), day("2013-02-08")), at("2013-02-08T05:00:00Z"));
        assert_eq!(start_of_day(iata("GRU"), day("2013-10-20")), at("2013-10-20T03:00:00Z"));
        assert_eq!(start_of_day(iata("ZZZ"), day("2013-02-08")), at("2013-02-08T00:00:00Z"));
        for day in [NaiveDate::MIN, NaiveDate::MAX] {
            let _ = (start_of_day(iata("JFK"), day), start_of_day(iata("NRT"), day));
        }
    }

    #[test]
    fn boards_show_the_city_that_passengers_expect() {
        for (code, expected) in [
            ("JFK", "New York"),
            ("LGA", "New York"),
            ("EWR", "Newark"),
            ("LHR", "London"),
            ("LGW", "London"),
            ("CDG", "Paris"),
            ("ORY", "Paris"),
            ("FLL", "Fort Lauderdale"),
            ("SFO", "San Francisco"),
            ("BOS", "Boston"),
            ("ORD", "Chicago"),
            ("MDW", "Chicago"),
            ("DCA", "Washington"),
            ("CVG", "Cincinnati"),
            ("BDL", "Hartford"),
            ("YYZ", "Toronto"),
            ("YUL", "Montréal"),
            ("NRT", "Tokyo"),
            ("EZE", "Buenos Aires"),
            ("GIG", "Rio de Janeiro"),
            ("TLS", "Toulouse"),
            ("FRA", "Frankfurt"),
            ("BQN", "Aguadilla"),
            ("STT", "St Thomas"),
            ("SNA", "Orange County"),
        ] {
            assert_eq!(city(code), expected, "{code}");
        }
    }

    #[test]
    fn namesakes_flown_to_from_the_same_airport_have_different_names() {
        assert_ne!(city("PDX"), city("PWM"));
        assert_ne!(city("CHS"), city("CRW"));
        assert_ne!(city("SJC"), city("SJO"));
    }

    #[test]
    fn local_day_is_the_airports_and_not_utcs() {
        let instant = at("2013-02-09T03:30:00Z");
        assert_eq!(local_day(iata("JFK"), instant).to_string(), "2013-02-08");
        assert_eq!(local_day(iata("LHR"), instant).to_string(), "2013-02-09");
        assert_eq!(local_day(iata("AKL"), at("2013-02-08T12:00:00Z")).to_string(), "2013-02-09");
    }

    #[test]
    fn local_time_follows_daylight_saving_of_that_day() {
        let shown = |instant: &str| local_time(iata("JFK"), at(instant)).format("%H:%M %Z").to_string();
        assert_eq!(shown("2013-03-10T06:59:00Z"), "01:59 EST");
        assert_eq!(shown("2013-03-10T07:00:00Z"), "03:00 EDT");
        assert_eq!(shown("2013-11-03T05:30:00Z"), "01:30 EDT");
        assert_eq!(shown("2013-11-03T06:30:00Z"), "01:30 EST");
    }

    #[test]
    fn an_unknown_airport_uses_utc_and_shows_it() {
        assert_eq!(zone_of(iata("ZZZ")), None);
        let shown = local_time(iata("ZZZ"), at("2013-02-08T15:00:00Z"));
        assert_eq!(shown.format("%H:%M %Z").to_string(), "15:00 UTC");
    }
}
