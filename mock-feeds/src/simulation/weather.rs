//! The severity of the weather, derived from the share of cancelled departures.

use super::event::Reason;
use super::seeded_random::SeededRandom;
use crate::airport_zones::instant_in;
use crate::days::Departure;
use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use domain::codes::AirlineCode;

/// A day with a larger share of cancellations is a storm: cancellations come in waves.
const STORM_SHARE: f64 = 0.15;
/// A cancellation is announced at least this long before the scheduled departure.
pub const ANNOUNCED_BEFORE: TimeDelta = TimeDelta::minutes(12);

/// Start of the waves of a storm day, local hour and minute, and the share of remaining flights that each
/// cancels. Airlines thin out the evening first, in the morning, and again as the storm worsens.
const WAVES: [(u32, u32, i64); 9] = [
    (7, 20, 10),
    (9, 5, 12),
    (10, 20, 22),
    (11, 15, 18),
    (12, 10, 24),
    (13, 20, 26),
    (14, 30, 26),
    (15, 40, 20),
    (17, 10, 20),
];

/// The weather of a day by its effect on departures.
#[derive(Debug)]
pub struct Weather {
    zone: Tz,
    date: NaiveDate,
    cancelled_share: f64,
    /// Per local hour: cancelled and all departures.
    hours: [(f64, f64); 24],
}

impl Weather {
    /// Derives the weather of `date` from its departures.
    pub fn of(departures: &[Departure], date: NaiveDate, zone: Tz) -> Self {
        let mut hours = [(0.0, 0.0); 24];
        for flight in departures {
            let hour = flight.departs.with_timezone(&zone).hour() as usize;
            hours[hour].1 += 1.0;
            hours[hour].0 += if flight.off_block.is_none() { 1.0 } else { 0.0 };
        }
        let (cancelled, all) =
            hours.iter().fold((0.0, 0.0), |sum: (f64, f64), hour| (sum.0 + hour.0, sum.1 + hour.1));
        Self { zone, date, cancelled_share: if all > 0.0 { cancelled / all } else { 0.0 }, hours }
    }

    /// Whether the day has waves.
    pub fn is_storm(&self) -> bool {
        self.cancelled_share > STORM_SHARE
    }

    /// Share of departures cancelled around the local hour of `at`; after the day's last departure that of
    /// the last known hour.
    pub fn severity(&self, at: DateTime<Utc>) -> f64 {
        let local = at.with_timezone(&self.zone);
        let hour = if local.date_naive() > self.date { 23 } else { local.hour() as usize };
        let around = |hour: usize| {
            let near = &self.hours[hour.saturating_sub(1)..=(hour + 1).min(23)];
            near.iter().fold((0.0, 0.0), |sum, hour| (sum.0 + hour.0, sum.1 + hour.1))
        };
        (0..=hour).rev().map(around).find(|sum| sum.1 > 0.0).map_or(0.0, |sum| sum.0 / sum.1)
    }

    /// The reason of a problem around `at`.
    pub fn reason(&self, at: DateTime<Utc>, chance: &mut SeededRandom) -> Reason {
        let severity = self.severity(at);
        if chance.yes(0.1 + severity * 2.0) {
            return if self.is_storm() && chance.yes(0.3) { Reason::DeIcing } else { Reason::Weather };
        }
        const OTHERS: [Reason; 6] = [
            Reason::AirTraffic,
            Reason::AirTraffic,
            Reason::Technical,
            Reason::Crew,
            Reason::Handling,
            Reason::WeatherAtDestination,
        ];
        chance.pick(&OTHERS).copied().unwrap_or(Reason::AirTraffic)
    }

    /// When and why a flight with departure `departs` is cancelled.
    pub fn cancellation(
        &self,
        carrier: AirlineCode,
        departs: DateTime<Utc>,
        chance: &mut SeededRandom,
    ) -> (DateTime<Utc>, Reason) {
        let latest = departs - ANNOUNCED_BEFORE;
        if !self.is_storm() {
            let why = if chance.yes(0.4) { Reason::Weather } else { Reason::Technical };
            let why = if chance.yes(0.25) { Reason::Crew } else { why };
            return ((departs - chance.about_minutes(25..=300)).min(latest), why);
        }
        let announced = if chance.yes(0.15) { None } else { self.wave(carrier, departs, chance) };
        (announced.unwrap_or_else(|| departs - chance.about_minutes(20..=110)).min(latest), Reason::Weather)
    }

    /// An instant in one of the waves that end an hour before `departs`, if any.
    fn wave(
        &self,
        carrier: AirlineCode,
        departs: DateTime<Utc>,
        chance: &mut SeededRandom,
    ) -> Option<DateTime<Utc>> {
        // Each airline decides at its own minute.
        let offset = SeededRandom::named(0, carrier.as_str()).minutes(0..=25);
        let start = |(hour, minute, _): &(u32, u32, i64)| {
            Some(instant_in(self.zone, self.date.and_hms_opt(*hour, *minute, 0)?) + offset)
        };
        let open: Vec<_> = WAVES
            .iter()
            .filter_map(|wave| Some((start(wave)?, wave.2)))
            .filter(|(at, _)| *at < departs - TimeDelta::minutes(60))
            .collect();
        let mut draw = chance.within(1..=open.iter().map(|wave| wave.1).sum());
        let (at, _) = open.into_iter().find(|(_, weight)| {
            draw -= weight;
            draw <= 0
        })?;
        // Most of a wave comes at once, the rest within minutes.
        let spread = chance.fraction().powi(2) * 720.0;
        Some(at + TimeDelta::seconds(spread as i64))
    }
}
