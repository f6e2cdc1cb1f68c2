//! The command line.

use crate::days::Day;
use crate::faults::Faults;
use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use domain::clock::ClockSpec;
use domain::codes::Iata;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Simulated airports and recorded days.
///
/// Plays JFK, LGA and EWR to a hub: JFK pushes AIDX, LGA is polled for AIDX, EWR is polled for JSON in the
/// format of Schiphol's API. A recorded day and a seed determine all events.
#[derive(Debug, Parser)]
#[command(name = "mock-feeds", version, about, long_about)]
pub struct Cli {
    /// What to play.
    #[command(subcommand)]
    pub command: Command,
}

/// What to play.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay a recorded day, shipped with this program, at any speed.
    ///
    /// Flights, delays and cancellations are real; gates, belts, arrivals and the times at which facts
    /// become known are simulated. After the day the airports stay in their last state.
    Replay(Replay),
    /// Simulate an endless timetable, by default at wall-clock time.
    ///
    /// The seed determines the timetable. Delays and cancellations are drawn for each date with the
    /// distribution of New York in 2013.
    Airports(Synthetic),
}

/// `mock-feeds replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The day: the blizzard of 8 February 2013, or 19 September 2013, an ordinary day.
    #[arg(long, value_enum, default_value_t = Day::Blizzard)]
    pub day: Day,
    /// Options of both commands.
    #[command(flatten)]
    pub common: Common,
}

/// `mock-feeds airports`.
#[derive(Debug, Args)]
pub struct Synthetic {
    /// Flights per day, arrivals and departures of all airports together.
    #[arg(long, default_value_t = 1500, value_parser = clap::value_parser!(u32).range(2..=6000))]
    pub flights_per_day: u32,
    /// The airports that share them; a single one is one big hub.
    #[arg(long, value_delimiter = ',', default_value = "JFK,LGA,EWR", value_parser = simulated)]
    pub airports: Vec<Iata>,
    /// Options of both commands.
    #[command(flatten)]
    pub common: Common,
}

/// Options of both commands.
#[derive(Debug, Args)]
pub struct Common {
    /// Operational clock: START@SPEED, or START@SPEED/ANCHOR with ANCHOR in Unix seconds to share one clock
    /// with the hub. By default a replay starts at 05:00 New York time of its day, 60 times as fast, and
    /// synthetic airports use the wall clock.
    #[arg(long, value_name = "CLOCK", value_parser = clock)]
    pub clock: Option<ClockSpec>,
    /// The hub that JFK pushes to.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000")]
    pub hub: reqwest::Url,
    /// Address of the polled feeds of LGA and EWR, and of clock, faults and counts.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5050")]
    pub listen: SocketAddr,
    /// File with JFK's key for the hub; the program waits for it. Without this option the environment
    /// variable MOCK_FEEDS_JFK_KEY is used, and without that no key is sent.
    #[arg(long, value_name = "FILE")]
    pub jfk_key_file: Option<PathBuf>,
    /// Header `app_id` that EWR requires.
    #[arg(long, value_name = "ID", default_value = "demo")]
    pub ewr_app_id: String,
    /// Header `app_key` that EWR requires.
    #[arg(long, value_name = "KEY", default_value = "demo")]
    pub ewr_app_key: String,
    /// Random seed: the same seed plays the same day.
    #[arg(long, default_value_t = 20_130_208)]
    pub seed: u64,
    /// Faults of an airport from the start, such as LGA:errors=0.1,latency_ms=400,wrong_zone=missing.
    /// Settings: latency_ms; the shares errors, timeouts, cuts, repeats, reorders;
    /// wrong_zone=missing|local_as_utc; silent_from and silent_until, instants. Can be repeated for several
    /// airports, and changed at run time with POST /faults.
    #[arg(long = "fault", value_name = "AIRPORT:KNOBS", value_parser = fault)]
    pub faults: Vec<(Iata, Faults)>,
}

fn clock(text: &str) -> Result<ClockSpec> {
    Ok(ClockSpec::parse(text)?)
}

/// Parses an airport with known terminals.
fn simulated(text: &str) -> Result<Iata> {
    let iata = Iata::parse(text)?;
    anyhow::ensure!(["JFK", "LGA", "EWR"].contains(&iata.as_str()), "only JFK, LGA and EWR can be simulated");
    Ok(iata)
}

fn fault(text: &str) -> Result<(Iata, Faults)> {
    let (airport, knobs) = text.split_once(':').context("write AIRPORT:NAME=VALUE,…")?;
    Ok((simulated(airport)?, Faults::parse(knobs)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound_and_has_help_for_everything() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands() {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{}", argument.get_id());
            }
        }
    }

    #[test]
    fn a_replay_is_asked_for_as_documented() {
        let line = "mock-feeds replay --day ordinary --clock 2013-09-19T10:00:00-04:00@60/1767225600.5 --seed 7 --fault LGA:errors=0.5 --fault EWR:latency_ms=9";
        let Command::Replay(replay) = Cli::parse_from(line.split(' ')).command else {
            panic!("not a replay")
        };
        assert_eq!((replay.day, replay.common.seed, replay.common.faults.len()), (Day::Ordinary, 7, 2));
        assert!(Cli::try_parse_from(["mock-feeds", "replay", "--fault", "SFO:errors=1"]).is_err());
        assert!(Cli::try_parse_from(["mock-feeds", "airports", "--airports", "JFK,LAX"]).is_err());
    }
}
