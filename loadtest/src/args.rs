//! The command line. Every number is bounded by a named limit.

use crate::flood::Kind;
use crate::limits::{
    BATCH_MAX, FLIGHTS_MAX, FLOODERS_MAX, FOLLOWED_FLIGHTS_MAX, LANES_MAX, RATE_MAX_PER_S, ROUNDS_MAX,
    SECONDS_MAX, SOCKETS_MAX, WINDOW_MAX,
};
use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use std::path::PathBuf;

/// Every number has a bound, so that no run takes a machine down.
const BOUNDS: &str = "Bounds: 100000 sockets, 100000 flights, of which 10000 may be followed, 50000000 pairs of \
socket and followed flight, 200000 reports/s, 1000 reports per POST, window of 64 POSTs, 600 seconds per phase, \
15 rounds, 64 connections that push, 200 clients of a flood. Sockets also need open files: see ulimit -Hn.";

/// Loads a hub on this machine, checks that nobody is told anything wrong meanwhile, and measures
/// what it costs.
///
/// Exit code: 0 when every check held (goals may be missed, unless --strict), 1 when a check
/// failed or a run could not be finished, 2 for a wrong command line.
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
    /// Many sockets hear each change: CPU per delivered frame beside a bare epoll loop, memory per
    /// connection, latency, and whether every picture is right.
    Fanout(Fanout),
    /// Many screens of one board lose their link at once and come back at once: how long until
    /// each holds the right board.
    Reconnect(Reconnect),
    /// Many reports: how many per second are taken, how long until a follower hears of one, and
    /// whether that depends on how many flights there are.
    Ingest(Ingest),
    /// Clients that send too much, or ask and do not read: what they make the hub take, whether it gives
    /// it back, and whether a well-behaved follower and a poster notice.
    Flood(Flood),
    /// The server that fanout compares with: one write per subscriber per message, nothing else.
    Ceiling(Ceiling),
}

/// Where the hub is and how to feed it.
#[derive(Args, Debug, Clone)]
pub struct Target {
    /// The hub, on loopback: loading somebody else's machine is an attack, and CPU and memory can
    /// only be read here.
    #[arg(long, default_value = "http://127.0.0.1:5000", value_name = "URL")]
    pub hub: String,
    /// Start this hub binary with a configuration of its own in a temporary folder, and use it
    /// instead of --hub.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["hub", "hub_pid", "key_file"])]
    pub spawn_hub: Option<PathBuf>,
    /// The feed under whose name reports are pushed.
    #[arg(long, default_value = "load")]
    pub feed: String,
    /// A file that holds the feed's bearer key.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// The hub's process, for its CPU and memory [default: whoever listens on the hub's port].
    #[arg(long, value_name = "PID")]
    pub hub_pid: Option<u32>,
    /// Bind the server to core 0 and this client to core 1. The hub stays bound afterwards.
    #[arg(long)]
    pub pin: bool,
    /// HTTP connections that push reports.
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u32).range(1..=i64::from(LANES_MAX)))]
    pub connections: u32,
}

/// What to do with the result.
#[derive(Args, Debug, Clone)]
pub struct Output {
    /// Write the report as JSON, too.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// A missed goal is a failure (exit code 1).
    #[arg(long)]
    pub strict: bool,
}

/// Which topics sockets follow.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// One flight each, by turns.
    Flight,
    /// The departures of JFK.
    Board,
    /// The flights of carrier X0.
    Airline,
    /// Everything.
    All,
}

/// Whether the ceiling is measured.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithCeiling {
    /// Beside the hub, by turns.
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
    /// How many sockets listen; several numbers run one after the other.
    #[arg(long, value_delimiter = ',', default_value = "1000", value_parser = value_parser!(u32).range(1..=i64::from(SOCKETS_MAX)))]
    pub sockets: Vec<u32>,
    /// How many flights change, by turns.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=i64::from(FOLLOWED_FLIGHTS_MAX)))]
    pub flights: u32,
    /// What the sockets follow.
    #[arg(long, value_enum, default_value = "flight")]
    pub topic: Topic,
    /// Closed loop: POSTs of one report whose frames may be on their way at once. 1 sends the next
    /// change when everybody has the last one.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=i64::from(WINDOW_MAX)))]
    pub window: u32,
    /// Closed loop with so many reports in one POST; 1 leaves this phase out.
    #[arg(long, default_value_t = 16, value_parser = value_parser!(u32).range(1..=i64::from(BATCH_MAX)))]
    pub burst: u32,
    /// Open loop: reports per second whatever the hub does, for latency under load; 0 leaves this
    /// phase out.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=i64::from(RATE_MAX_PER_S)))]
    pub rate: u32,
    /// Sockets more that read a few hundred bytes ten times a second.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=i64::from(SOCKETS_MAX)))]
    pub slow_readers: u32,
    /// Sockets more that read nothing until the end.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=i64::from(SOCKETS_MAX)))]
    pub never_readers: u32,
    /// Length of each measured phase.
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u32).range(1..=i64::from(SECONDS_MAX)))]
    pub seconds: u32,
    /// Rounds of hub and ceiling by turns; medians are told.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..=i64::from(ROUNDS_MAX)))]
    pub rounds: u32,
    /// Whether the ceiling is measured.
    #[arg(long, value_enum, default_value = "with")]
    pub ceiling: WithCeiling,
    /// Handshakes per second while connecting; 0 for as fast as 256 under way at once allow.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(0..=i64::from(SOCKETS_MAX)))]
    pub connect_rate: u32,
    /// Payload of a frame in bytes, filled up in the remark.
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
    /// How many screens.
    #[arg(long, default_value_t = 1_200, value_parser = value_parser!(u32).range(1..=i64::from(SOCKETS_MAX)))]
    pub sockets: u32,
    /// The board they show.
    #[arg(long, default_value = "board/JFK/departures")]
    pub topic: String,
    /// Flights put on the board of JFK first; 0 takes the board as it is (and needs no key).
    #[arg(long, default_value_t = 300, value_parser = value_parser!(u32).range(0..=i64::from(2_000)))]
    pub flights: u32,
    /// How often.
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
    /// Closed loop: as many as the connections carry.
    #[arg(long)]
    pub max: bool,
    /// Reports in one POST.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=i64::from(BATCH_MAX)))]
    pub batch: u32,
    /// How many flights there are; they change by turns.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=i64::from(FLIGHTS_MAX)))]
    pub flights: u32,
    /// Several numbers of flights one after the other, rising, instead of --flights: the cost of a
    /// report for each.
    #[arg(long, value_delimiter = ',', value_parser = value_parser!(u32).range(1..=i64::from(FLIGHTS_MAX)))]
    pub flights_sweep: Vec<u32>,
    /// Length of the measured phase.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=i64::from(SECONDS_MAX)))]
    pub seconds: u32,
    /// Another node of the same hub, on loopback: followers listen there, and what both merge is
    /// counted. Without it the hub is one process.
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
    /// Clients of each flood. Those that ask over HTTP and do not read have 30 connections each.
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u32).range(1..=i64::from(FLOODERS_MAX)))]
    pub clients: u32,
    /// Flights on the board that is asked for.
    #[arg(long, default_value_t = 1_000, value_parser = value_parser!(u32).range(1..=2_000))]
    pub flights: u32,
    /// Changes a second, each of which makes a new version of that board.
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=1_000))]
    pub rate: u32,
    /// Length of each flood.
    #[arg(long, default_value_t = 15, value_parser = value_parser!(u32).range(1..=i64::from(SECONDS_MAX)))]
    pub seconds: u32,
    /// The feed whose messages come a byte at a time; the key is the same. A hub that is started from
    /// here has it.
    #[arg(long, default_value = "flood")]
    pub slow_feed: String,
}

/// `loadtest ceiling`.
#[derive(Args, Debug, Clone)]
pub struct Ceiling {
    /// Loopback port; 0 takes a free one, told in the first line.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// End when the process that started this one ends.
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
