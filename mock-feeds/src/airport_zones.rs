//! Time zones of the simulated airports, and alternates for diversions.

use anyhow::Result;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use domain::codes::Iata;
use std::collections::HashMap;

/// The airports of the shipped days, see `days/README.md`.
#[derive(Debug)]
pub struct AirportZones {
    alternates: HashMap<Iata, Iata>,
}

impl AirportZones {
    /// Reads the embedded table.
    pub fn embedded() -> Result<Self> {
        let mut rows = csv::Reader::from_reader(include_bytes!("../days/airports.csv").as_slice());
        let mut alternates = HashMap::new();
        for row in rows.records() {
            let row = row?;
            let cell = |i| row.get(i).unwrap_or_default();
            alternates.insert(Iata::parse(cell(0))?, Iata::parse(cell(1))?);
        }
        Ok(Self { alternates })
    }

    /// The nearest other busy airport; `None` for airports without flights on the shipped days.
    pub fn alternate(&self, code: Iata) -> Option<Iata> {
        self.alternates.get(&code).copied()
    }

    /// The zone of an airport. New York's for an unknown one, because all shipped days are there.
    pub fn zone(&self, code: Iata) -> Tz {
        domain::airports::zone_of(code).unwrap_or(chrono_tz::America::New_York)
    }

    /// The instant of local `time` on `date` at `code`.
    ///
    /// A repeated hour means the first one; a skipped hour means the hour after.
    pub fn instant(&self, code: Iata, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        instant_in(self.zone(code), date.and_time(time))
    }
}

/// The instant of a local time in `zone`.
pub fn instant_in(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    let hour_later = local + chrono::TimeDelta::hours(1);
    zone.from_local_datetime(&local)
        .earliest()
        .or_else(|| zone.from_local_datetime(&hour_later).earliest())
        .map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_become_instants_by_the_airport_s_own_zone() {
        let places = AirportZones::embedded().unwrap();
        let day = NaiveDate::from_ymd_opt(2013, 2, 8).unwrap();
        let ten = NaiveTime::from_hms_opt(10, 0, 0).unwrap();
        let at = |code| places.instant(Iata::parse(code).unwrap(), day, ten).to_rfc3339();
        assert_eq!(at("JFK"), "2013-02-08T15:00:00+00:00");
        assert_eq!(at("SJU"), "2013-02-08T14:00:00+00:00");
        assert_eq!(at("HNL"), "2013-02-08T20:00:00+00:00");
    }

    #[test]
    fn an_hour_that_the_clocks_leave_out_is_the_hour_after() {
        let local = NaiveDate::from_ymd_opt(2013, 3, 10).unwrap().and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(instant_in(chrono_tz::America::New_York, local).to_rfc3339(), "2013-03-10T07:30:00+00:00");
    }
}
