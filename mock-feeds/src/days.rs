//! The recorded days shipped with this crate.

use crate::airport_zones::AirportZones;
use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::codes::{AirlineCode, FlightNumber, Iata};
use std::collections::HashMap;
use std::sync::Arc;

/// A recorded day. `days/README.md` describes the choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Day {
    /// 8 February 2013: 930 departures, 472 of them cancelled by a blizzard.
    Blizzard,
    /// 19 September 2013: 992 departures, as late as they are on most days.
    Ordinary,
}

impl Day {
    /// Its date in New York.
    pub fn date(self) -> NaiveDate {
        let (month, day) = match self {
            Self::Blizzard => (2, 8),
            Self::Ordinary => (9, 19),
        };
        NaiveDate::from_ymd_opt(2013, month, day).unwrap_or_default()
    }

    fn csv(self) -> &'static [u8] {
        match self {
            Self::Blizzard => include_bytes!("../days/blizzard-2013-02-08.csv"),
            Self::Ordinary => include_bytes!("../days/ordinary-2013-09-19.csv"),
        }
    }
}

/// A departure in the record of its day, with instants for local times.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Operating carrier.
    pub carrier: AirlineCode,
    /// Flight number.
    pub number: FlightNumber,
    /// Departure airport.
    pub from: Iata,
    /// Scheduled arrival airport.
    pub to: Iata,
    /// Registration, if on record.
    pub tail: Option<Arc<str>>,
    /// ICAO type designator, if the register knows the tail.
    pub aircraft_type: Option<Arc<str>>,
    /// Scheduled off-block.
    pub departs: DateTime<Utc>,
    /// Scheduled on-block.
    pub arrives: DateTime<Utc>,
    /// Actual off-block; `None` = cancelled.
    pub off_block: Option<DateTime<Utc>>,
    /// Actual on-block; `None` on a flight that left = it was diverted.
    pub on_block: Option<DateTime<Utc>>,
    /// Time in the air, if on record.
    pub airborne_minutes: Option<i64>,
}

/// The departures of a shipped day in scheduled order.
pub fn departures(day: Day, places: &AirportZones) -> Result<Vec<Departure>> {
    let types = aircraft_types()?;
    let mut rows = csv::Reader::from_reader(day.csv());
    let mut departures = Vec::new();
    for (index, row) in rows.records().enumerate() {
        let row = row?;
        departures.push(
            departure(&row, day, places, &types).with_context(|| format!("{day:?}, row {}", index + 1))?,
        );
    }
    Ok(departures)
}

fn departure(
    row: &csv::StringRecord,
    day: Day,
    places: &AirportZones,
    types: &HashMap<String, Arc<str>>,
) -> Result<Departure> {
    let cell = |i| row.get(i).unwrap_or_default();
    let minutes = |i| match cell(i) {
        "" => Ok(None),
        text => text.parse().map(Some).with_context(|| format!("minutes {text:?}")),
    };
    let (from, to) = (Iata::parse(cell(2))?, Iata::parse(cell(3))?);
    let departs = places.instant(from, day.date(), clock_time(cell(5))?);
    let miles: i64 = cell(10).parse().context("miles")?;
    let arrives = arrival(departs, miles, to, clock_time(cell(7))?, places);
    let (departure_delay, arrival_delay): (Option<i64>, Option<i64>) = (minutes(6)?, minutes(8)?);
    Ok(Departure {
        carrier: AirlineCode::parse(cell(0))?,
        number: FlightNumber::parse(cell(1))?,
        from,
        to,
        tail: (!cell(4).is_empty()).then(|| cell(4).into()),
        aircraft_type: types.get(cell(4)).cloned(),
        departs,
        arrives,
        off_block: departure_delay.map(|delay| departs + TimeDelta::minutes(delay)),
        on_block: arrival_delay.map(|delay| arrives + TimeDelta::minutes(delay)),
        airborne_minutes: minutes(9)?,
    })
}

/// The scheduled arrival: the instant with that local time at the most plausible distance from departure,
/// because the source has no date. 7.5 miles a minute and 40 minutes on the ground are the rounded medians
/// of the source.
fn arrival(
    departs: DateTime<Utc>,
    miles: i64,
    to: Iata,
    local: NaiveTime,
    places: &AirportZones,
) -> DateTime<Utc> {
    let plausible = departs + TimeDelta::minutes(40 + miles * 2 / 15);
    let date = plausible.with_timezone(&places.zone(to)).date_naive();
    [date.pred_opt(), Some(date), date.succ_opt()]
        .into_iter()
        .flatten()
        .map(|date| places.instant(to, date, local))
        .min_by_key(|at| (*at - plausible).abs())
        .unwrap_or(plausible)
}

/// `HHMM`; `2400` is midnight.
fn clock_time(text: &str) -> Result<NaiveTime> {
    let number: u32 = text.parse().with_context(|| format!("time {text:?}"))?;
    NaiveTime::from_hms_opt(number / 100 % 24, number % 100, 0).with_context(|| format!("time {text:?}"))
}

fn aircraft_types() -> Result<HashMap<String, Arc<str>>> {
    let mut rows = csv::Reader::from_reader(include_bytes!("../days/planes.csv").as_slice());
    let mut types: HashMap<String, Arc<str>> = HashMap::new();
    for row in rows.records() {
        let row = row?;
        types.insert(row.get(0).unwrap_or_default().into(), row.get(1).unwrap_or_default().into());
    }
    Ok(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: Day) -> Vec<Departure> {
        departures(day, &AirportZones::embedded().unwrap()).unwrap()
    }

    #[test]
    fn the_blizzard_has_930_departures_of_which_472_are_cancelled() {
        let flights = day(Day::Blizzard);
        assert_eq!(flights.len(), 930);
        assert_eq!(flights.iter().filter(|f| f.off_block.is_none()).count(), 472);
        let astray = flights.iter().filter(|f| f.off_block.is_some() && f.on_block.is_none()).count();
        assert_eq!(astray, 3);
    }

    #[test]
    fn the_ordinary_day_has_992_departures_of_which_18_are_cancelled() {
        let flights = day(Day::Ordinary);
        assert_eq!(flights.len(), 992);
        assert_eq!(flights.iter().filter(|f| f.off_block.is_none()).count(), 18);
    }

    #[test]
    fn every_flight_takes_a_plausible_time_from_block_to_block() {
        for flight in day(Day::Blizzard).iter().chain(&day(Day::Ordinary)) {
            let minutes = (flight.arrives - flight.departs).num_minutes();
            assert!((30..=720).contains(&minutes), "{minutes} min: {flight:?}");
            if let (Some(off), Some(on)) = (flight.off_block, flight.on_block) {
                let in_the_air = flight.airborne_minutes.unwrap();
                assert!((on - off).num_minutes() > in_the_air, "{flight:?}");
            }
        }
    }
}
