//! The flights of a run and the reports about them.
//!
//! Carriers are X0 to Y9, which no airline uses, so a run does not disturb a replayed day. A run finds the
//! flights of an earlier run on the same date and continues from their revisions.

use crate::clock::now_ns;
use crate::frame_cache::remark;
use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use std::io::Write;

/// Flights per carrier; numbers have four digits.
const NUMBERS: usize = 9_000;
/// Flights per departure airport. No airport has boards with more.
const FLIGHTS_PER_AIRPORT: usize = 2_000;
/// The departure airports, in this order; the first is used in board tests.
const AIRPORTS: [&str; 50] = [
    "JFK", "ATL", "LAX", "ORD", "DFW", "DEN", "SFO", "SEA", "LAS", "MCO", "CLT", "PHX", "MIA", "IAH", "BOS",
    "MSP", "FLL", "DTW", "PHL", "LGA", "BWI", "SLC", "SAN", "IAD", "DCA", "MDW", "TPA", "PDX", "HNL", "STL",
    "BNA", "AUS", "OAK", "MSY", "RDU", "SJC", "SMF", "SNA", "DAL", "MCI", "SAT", "PIT", "CLE", "IND", "CVG",
    "CMH", "BDL", "JAX", "ANC", "OGG",
];
/// Observation times lie this far back by the hub's clock, so that none is in its future if its clock and
/// that of `hello` differ.
const OBSERVED_AGO: TimeDelta = TimeDelta::seconds(60);

/// The hub's operational clock, from its `hello`.
#[derive(Clone, Copy, Debug)]
pub struct HubClock {
    now: DateTime<Utc>,
    at_ns: u64,
    speed_milli: i64,
}

impl HubClock {
    /// Parses the `clock` of `hello`.
    pub fn from_hello(now: &str, speed_milli: i64) -> Result<Self> {
        let now =
            DateTime::parse_from_rfc3339(now).with_context(|| format!("the hub's clock says {now:?}"))?;
        Ok(Self { now: now.to_utc(), at_ns: now_ns(), speed_milli })
    }

    /// The current time of the hub.
    pub fn now(&self) -> DateTime<Utc> {
        let real_ns = now_ns().saturating_sub(self.at_ns) as i64;
        self.now + TimeDelta::microseconds(real_ns / 1_000_000 * self.speed_milli)
    }
}

/// A flight of the run.
pub struct Flight {
    carrier: String,
    number: usize,
    from: &'static str,
    to: &'static str,
    /// Its identifier, built from the natural key as the hub does.
    pub leg: String,
    /// Observation time of its last report, in Unix microseconds: each report must be newer. No hub accepts
    /// a million reports per second on one flight, so this never runs ahead of the clock. If it did, the
    /// next round's reports would be outdated.
    observed_us: i64,
}

/// The flights of a run.
pub struct Plan {
    /// The flights by number.
    pub flights: Vec<Flight>,
    clock: HubClock,
    date: String,
    remark_bytes: usize,
}

impl Plan {
    /// `count` flights of the hub's current day, with remarks of `remark_bytes` length.
    pub fn new(count: usize, clock: HubClock, remark_bytes: usize) -> Self {
        // The date at the origin: five hours behind UTC is close enough, because the hub accepts the
        // reported date.
        let date = (clock.now() - TimeDelta::hours(5)).date_naive();
        let flights =
            (0..count).map(|index| Flight::new(index, &date.format("%Y%m%d").to_string())).collect();
        Self { flights, clock, date: date.to_string(), remark_bytes }
    }

    /// The carrier of the first 9,000 flights.
    pub fn carrier() -> &'static str {
        "X0"
    }

    /// Appends the report that creates flight `index`, with everything a board shows.
    pub fn put_creation(&mut self, out: &mut Vec<u8>, index: usize) -> Result<()> {
        let departs = self.clock.now() + TimeDelta::minutes(120 + (index % 360) as i64);
        let seconds = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (departs, arrives) = (seconds(departs), seconds(departs + TimeDelta::hours(3)));
        let gate = index % 60 + 1;
        let set = format!(
            r#"{{"departure.scheduled":"{departs}","arrival.scheduled":"{arrives}","departure.terminal":"5","departure.gate":"{gate}"}}"#
        );
        self.put(out, index, &set)
    }

    /// Appends the report that writes `marker` into the remark of flight `index`.
    pub fn put_remark(&mut self, out: &mut Vec<u8>, index: usize, marker: u32) -> Result<()> {
        let set = format!(r#"{{"remark":"{}"}}"#, remark(marker, self.remark_bytes));
        self.put(out, index, &set)
    }

    /// Appends a report of a typical change: a new gate.
    pub fn put_gate(&mut self, out: &mut Vec<u8>, index: usize, turn: u64) -> Result<()> {
        let letter = char::from(b'A' + (turn % 26) as u8);
        let set = format!(r#"{{"departure.gate":"{letter}{}"}}"#, turn / 26 % 100);
        self.put(out, index, &set)
    }

    fn put(&mut self, out: &mut Vec<u8>, index: usize, set: &str) -> Result<()> {
        let now_us = (self.clock.now() - OBSERVED_AGO).timestamp_micros();
        let flight = &mut self.flights[index];
        flight.observed_us = now_us.max(flight.observed_us + 1);
        let observed = DateTime::from_timestamp_micros(flight.observed_us).context("a time out of range")?;
        let observed = observed.to_rfc3339_opts(SecondsFormat::Micros, true);
        let Flight { carrier, number, from, to, .. } = flight;
        let date = &self.date;
        write!(
            out,
            r#"{{"carrier":"{carrier}","number":"{number}","origin_date":"{date}","from":"{from}","to":"{to}","observed_at":"{observed}","set":{set}}}"#
        )?;
        Ok(())
    }
}

impl Flight {
    fn new(index: usize, date: &str) -> Self {
        let carrier = format!("{}{}", if index / NUMBERS < 10 { 'X' } else { 'Y' }, index / NUMBERS % 10);
        let number = 1_000 + index % NUMBERS;
        let from = AIRPORTS[index / FLIGHTS_PER_AIRPORT % AIRPORTS.len()];
        let to = AIRPORTS[(index / FLIGHTS_PER_AIRPORT + 1 + index % (AIRPORTS.len() - 1)) % AIRPORTS.len()];
        let leg = format!("{carrier}-{number}-{date}-{from}-{to}");
        Self { carrier, number, from, to, leg, observed_us: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FLIGHTS_MAX;
    use serde_json::Value;
    use std::collections::HashSet;

    fn plan(count: usize) -> Plan {
        Plan::new(count, HubClock::from_hello("2013-02-08T15:00:00Z", 1000).unwrap(), 60)
    }

    #[test]
    fn many_reports_at_once_do_not_push_a_flight_ahead_of_the_clock() {
        // The next round starts at the clock. A report ahead of it would outdate that round's reports.
        let clock = HubClock::from_hello("2013-02-08T15:00:00Z", 1000).unwrap();
        let mut plan = Plan::new(1, clock, 60);
        let began_us = (clock.now() - OBSERVED_AGO).timestamp_micros();
        let mut last_us = 0;
        for _ in 0..2_000 {
            plan.put_gate(&mut Vec::new(), 0, 1).unwrap();
            assert!(plan.flights[0].observed_us > last_us, "each is newer");
            last_us = plan.flights[0].observed_us;
        }
        let now_us = (clock.now() - OBSERVED_AGO).timestamp_micros();
        assert!((began_us..=now_us + 2_000).contains(&last_us), "{began_us} {last_us} {now_us}");
    }

    #[test]
    fn the_most_flights_a_run_may_have_are_all_different() {
        let plan = plan(FLIGHTS_MAX as usize);
        let legs: HashSet<_> = plan.flights.iter().map(|f| f.leg.as_str()).collect();
        assert_eq!(legs.len(), FLIGHTS_MAX as usize);
        assert!(plan.flights.iter().all(|f| f.from != f.to));
        assert_eq!(plan.flights[0].leg, "X0-1000-20130208-JFK-ATL");
    }

    #[test]
    fn each_report_about_a_flight_is_newer_than_the_one_before() {
        let mut plan = plan(1);
        let mut last = String::new();
        for marker in 0..100 {
            let mut out = Vec::new();
            plan.put_remark(&mut out, 0, marker).unwrap();
            let report: Value = serde_json::from_slice(&out).unwrap();
            let observed = report["observed_at"].as_str().unwrap().to_owned();
            assert!(observed > last, "{observed} after {last}");
            assert_eq!(report["set"]["remark"].as_str().unwrap().len(), 60);
            last = observed;
        }
    }
}
