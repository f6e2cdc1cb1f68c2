//! The command line.

use crate::days::Day;
use crate::faults::Faults;
use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use domain::clock::ClockSpec;
use domain::codes::Iata;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Airports that never were, and days that were.
///
/// Plays JFK, LGA and EWR to a hub: JFK pushes AIDX to it, LGA is pulled for AIDX, EWR is pulled
/// for JSON in the shape of Schiphol's API. What happens is decided by a day's record and a seed.
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
    /// Replay a real day, shipped with this program, at any speed.
    ///
    /// Flights, delays and cancellations are as they were; gates, belts, arrivals and the way
    /// things became known are simulated. When the day is over, the airports stay as they are.
    Replay(Replay),
    /// Play a synthetic hub without end, by default at wall-clock time.
    ///
    /// A timetable is made from the seed; what becomes of it is drawn for each date, by the
    /// delays and cancellations counted in New York's year 2013.
    Airports(Synthetic),
}

/// `mock-feeds replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Which day: the blizzard of 8 February 2013, or 19 September 2013, an ordinary one.
    #[arg(long, value_enum, default_value_t = Day::Blizzard)]
    pub day: Day,
    /// What is common to both commands.
    #[command(flatten)]
    pub common: Common,
}

/// `mock-feeds airports`.
#[derive(Debug, Args)]
pub struct Synthetic {
    /// Flights a day, arrivals and departures together, over all airports.
    #[arg(long, default_value_t = 1500, value_parser = clap::value_parser!(u32).range(2..=6000))]
    pub flights_per_day: u32,
    /// Airports that share them; one alone is one big hub.
    #[arg(long, value_delimiter = ',', default_value = "JFK,LGA,EWR", value_parser = simulated)]
    pub airports: Vec<Iata>,
    /// What is common to both commands.
    #[command(flatten)]
    pub common: Common,
}

/// What is common to both commands.
#[derive(Debug, Args)]
pub struct Common {
    /// Operational clock: START@SPEED, or START@SPEED/ANCHOR with ANCHOR in unix seconds to share
    /// one clock with the hub. Without it a replay starts at 05:00 New York time of its day, 60
    /// times as fast, and synthetic airports run by the wall clock.
    #[arg(long, value_name = "CLOCK", value_parser = clock)]
    pub clock: Option<ClockSpec>,
    /// The hub that JFK pushes to.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000")]
    pub hub: reqwest::Url,
    /// Where LGA and EWR can be pulled, and the clock, faults and counts be read.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5050")]
    pub listen: SocketAddr,
    /// File with the key that JFK shows to the hub; it is waited for if it is not there yet.
    /// Without it the environment's MOCK_FEEDS_JFK_KEY is taken, and without that none is shown.
    #[arg(long, value_name = "FILE")]
    pub jfk_key_file: Option<PathBuf>,
    /// Header `app_id` that EWR asks of its callers.
    #[arg(long, value_name = "ID", default_value = "demo")]
    pub ewr_app_id: String,
    /// Header `app_key` that EWR asks of its callers.
    #[arg(long, value_name = "KEY", default_value = "demo")]
    pub ewr_app_key: String,
    /// Seed of all chance: the same seed plays the same day.
    #[arg(long, default_value_t = 20_130_208)]
    pub seed: u64,
    /// What goes wrong at an airport from the start, such as
    /// LGA:errors=0.1,latency_ms=400,wrong_zone=missing. Knobs: latency_ms; the shares errors,
    /// timeouts, cuts, repeats, reorders; wrong_zone=missing|local_as_utc; silent_from and
    /// silent_until, instants. May be given for several airports, and changed at run time with
    /// POST /faults.
    #[arg(long = "fault", value_name = "AIRPORT:KNOBS", value_parser = fault)]
    pub faults: Vec<(Iata, Faults)>,
}

fn clock(text: &str) -> Result<ClockSpec> {
    Ok(ClockSpec::parse(text)?)
}

/// The airports whose terminals are known.
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
