//! The command line. A named limit bounds every number.

use crate::flood::Kind;
use crate::limits::{
    BATCH_MAX, FLIGHTS_MAX, FLOODERS_MAX, FOLLOWED_FLIGHTS_MAX, LANES_MAX, RATE_MAX_PER_S, ROUNDS_MAX,
    SECONDS_MAX, SOCKETS_MAX, WINDOW_MAX,
};
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use std::path::PathBuf;

/// Every number has a bound, so that no run can exhaust a machine.
const BOUNDS: &str = "Bounds: 100000 sockets, 100000 flights, of which 10000 may be followed, 50000000 pairs of \
socket and followed flight, 200000 reports/s, 1000 reports per POST, window of 64 POSTs, 600 seconds per phase, \
15 rounds, 64 connections that push, 200 clients of a flood. Sockets also need open files: see ulimit -Hn.";

/// Loads a hub on this machine, checks that every client sees correct data, and measures the cost.
///
/// Exit code: 0 if every check held (goals may be missed, unless --strict), 1 if a check failed or a run
/// could not be finished, 2 for a wrong command line.
#[derive(Parser, Debug)]
#[command(name = "loadtest", version, after_help = BOUNDS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Many sockets receive each change: CPU per delivered frame relative to a bare epoll loop, memory per
    /// connection, latency, and whether every client's state is correct.
    Fanout(Fanout),
    /// Many screens of one board lose their connection at once and reconnect at once: the time until each
    /// has the correct board.
    Reconnect(Reconnect),
    /// Many reports: how many per second are accepted, the time until a follower receives a change, and
    /// whether that depends on the number of flights.
    Ingest(Ingest),
    /// Clients that send too much, or request data and do not read it: how much memory the hub takes,
    /// whether it releases it, and whether a well-behaved follower and a poster are affected.
    Flood(Flood),
    /// Run the baseline server of `fanout`: one write per subscriber per message, nothing else.
    Ceiling(Ceiling),
}

/// The hub and how to push reports to it.
#[derive(Args, Debug, Clone)]
pub struct Target {
    /// The hub, on loopback: load on a foreign machine is an attack, and CPU and memory can only be read
    /// locally.
    #[arg(long, default_value = "http://127.0.0.1:5000", value_name = "URL")]
    pub hub: String,
    /// Start this hub binary with a configuration of its own in a temporary folder, and use it
    /// instead of --hub.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["hub", "hub_pid", "key_file"])]
    pub spawn_hub: Option<PathBuf>,
    /// The feed for which reports are pushed.
    #[arg(long, default_value = "load")]
    pub feed: String,
    /// File with the feed's bearer key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// The hub's process, for its CPU and memory [default: the listener on the hub's port].
    #[arg(long, value_name = "PID")]
    pub hub_pid: Option<u32>,
    /// Bind the server to core 0 and this client to core 1. The hub stays bound afterwards.
    #[arg(long)]
    pub pin: bool,
    /// HTTP connections that push reports.
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u32).range(1..=i64::from(LANES_MAX)))]
    pub connections: u32,
}

/// Output of the result.
#[derive(Args, Debug, Clone)]
pub struct Output {
    /// Write the report as JSON, too.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A missed goal is a failure (exit code 1).
    #[arg(long)]
    pub strict: bool,
}

/// The topics that sockets follow.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// One flight each, in turn.
    Flight,
    /// The departures of JFK.
    Board,
    /// The flights of carrier X0.
    Airline,
    /// Everything.
    All,
}

/// Whether to measure the baseline (the ceiling).
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithCeiling {
    /// In turn with the hub.
    With,
    /// Not at all: no ratios.
    Without,
    /// Alone, without a hub: what this machine can do.
    Only,
}

/// `loadtest fanout`.
#[derive(Args, Debug, Clone)]
pub struct Fanout {
    /// The hub.
    #[command(flatten)]
    pub target: Target,
    /// The result.
    #[command(flatten)]
    pub output: Output,
    /// Number of sockets. Several numbers run one after the other.
    #[arg(long, value_delimiter = ',', default_value = "1000", value_parser = value_parser!(u32).range(1..=i64::from(SOCKETS_MAX)))]
    pub sockets: Vec<u32>,
    /// Number of flights that change, in turn.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=i64::from(FOLLOWED_FLIGHTS_MAX)))]
    pub flights: u32,
    /// What the sockets follow.
    #[arg(long, value_enum, default_value = "flight")]
    pub topic: Topic,
    /// Closed loop: POSTs of one report whose frames may be in flight at once. 1 sends the next change when
    /// every socket has the last one.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=i64::from(WINDOW_MAX)))]
    pub window: u32,
    /// Closed loop with this many reports per POST; 1 skips this phase.
    #[arg(long, default_value_t = 16, value_parser = value_parser!(u32).range(1..=i64::from(BATCH_MAX)))]
    pub burst: u32,
    /// Open loop: reports per second regardless of the hub, for latency under load; 0 skips this phase.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=i64::from(RATE_MAX_PER_S)))]
    pub rate: u32,
    /// Additional sockets that read a few hundred bytes ten times a second.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=i64::from(SOCKETS_MAX)))]
    pub slow_readers: u32,
    /// Additional sockets that read nothing until the end.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=i64::from(SOCKETS_MAX)))]
    pub never_readers: u32,
    /// Length of each measured phase.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=i64::from(SECONDS_MAX)))]
    pub seconds: u32,
    /// Rounds of hub and ceiling in turn; the report shows medians.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=i64::from(ROUNDS_MAX)))]
    pub rounds: u32,
    /// Whether to measure the ceiling.
    #[arg(long, value_enum, default_value = "with")]
    pub ceiling: WithCeiling,
    /// Handshakes per second while connecting; 0 for as fast as 256 concurrent ones allow.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=i64::from(SOCKETS_MAX)))]
    pub connect_rate: u32,
    /// Payload of a frame in bytes, padded in the remark.
    #[arg(long, default_value_t = 200, value_parser = value_parser!(u32).range(150..=300))]
    pub payload_bytes: u32,
}

/// `loadtest reconnect`.
#[derive(Args, Debug, Clone)]
pub struct Reconnect {
    /// The hub.
    #[command(flatten)]
    pub target: Target,
    /// The result.
    #[command(flatten)]
    pub output: Output,
    /// Number of screens.
    #[arg(long, default_value_t = 1_200, value_parser = value_parser!(u32).range(1..=i64::from(SOCKETS_MAX)))]
    pub sockets: u32,
    /// The board that they show.
    #[arg(long, default_value = "board/JFK/departures")]
    pub topic: String,
    /// Flights to create on the board of JFK first; 0 uses the board as it is (and needs no key).
    #[arg(long, default_value_t = 300, value_parser = value_parser!(u32).range(0..=i64::from(2_000)))]
    pub flights: u32,
    /// Number of rounds.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=i64::from(ROUNDS_MAX)))]
    pub rounds: u32,
}

/// `loadtest ingest`.
#[derive(Args, Debug, Clone)]
pub struct Ingest {
    /// The hub.
    #[command(flatten)]
    pub target: Target,
    /// The result.
    #[command(flatten)]
    pub output: Output,
    /// Open loop: reports per second.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=i64::from(RATE_MAX_PER_S)), conflicts_with = "max")]
    pub rate: u32,
    /// Closed loop: as many as the connections allow.
    #[arg(long)]
    pub max: bool,
    /// Reports per POST.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=i64::from(BATCH_MAX)))]
    pub batch: u32,
    /// Number of flights, which change in turn.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=i64::from(FLIGHTS_MAX)))]
    pub flights: u32,
    /// Several ascending numbers of flights instead of --flights, for the cost of a report at each.
    #[arg(long, value_delimiter = ',', value_parser = value_parser!(u32).range(1..=i64::from(FLIGHTS_MAX)))]
    pub flights_sweep: Vec<u32>,
    /// Length of the measured phase.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=i64::from(SECONDS_MAX)))]
    pub seconds: u32,
    /// Another node of the same hub, on loopback. Followers connect to it, and the merged reports of both
    /// are counted. Without it the hub is a single process.
    #[arg(long, value_name = "URL", conflicts_with_all = ["spawn_hub", "pin"])]
    pub listen: Option<String>,
}

/// `loadtest flood`.
#[derive(Args, Debug, Clone)]
pub struct Flood {
    /// The hub.
    #[command(flatten)]
    pub target: Target,
    /// The result.
    #[command(flatten)]
    pub output: Output,
    /// Which floods, one after the other [default: all].
    #[arg(long, value_enum, value_delimiter = ',')]
    pub kinds: Vec<Kind>,
    /// Clients of each flood. Those that send HTTP requests and do not read have 30 connections each.
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u32).range(1..=i64::from(FLOODERS_MAX)))]
    pub clients: u32,
    /// Flights on the requested board.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=2_000))]
    pub flights: u32,
    /// Changes per second, each of which makes a new version of that board.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=1_000))]
    pub rate: u32,
    /// Length of each flood.
    #[arg(long, default_value_t = 15, value_parser = value_parser!(u32).range(1..=i64::from(SECONDS_MAX)))]
    pub seconds: u32,
    /// The feed whose messages arrive byte by byte; it has the same key. A hub started with --spawn-hub has
    /// this feed.
    #[arg(long, default_value = "flood")]
    pub slow_feed: String,
}

/// `loadtest ceiling`.
#[derive(Args, Debug, Clone)]
pub struct Ceiling {
    /// Loopback port; 0 for a free one, printed in the first line.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Exit when the parent process exits.
    #[arg(long, hide = true)]
    pub until_parent_ends: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::HELD_REVISIONS_MAX;
    use clap::CommandFactory;

    #[test]
    fn the_help_names_every_bound_as_it_is() {
        Cli::command().debug_assert();
        let bounds = [
            SOCKETS_MAX,
            FLIGHTS_MAX,
            FOLLOWED_FLIGHTS_MAX,
            RATE_MAX_PER_S,
            BATCH_MAX,
            WINDOW_MAX,
            SECONDS_MAX,
        ];
        let more = [ROUNDS_MAX, LANES_MAX, FLOODERS_MAX, HELD_REVISIONS_MAX as u32];
        for bound in bounds.iter().chain(&more) {
            assert!(BOUNDS.contains(&format!(" {bound} ")), "{bound}");
        }
    }
}
