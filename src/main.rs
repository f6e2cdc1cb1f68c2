//! # `gatecall`
//!
//! The hub's command line. `gatecall serve` runs the hub; the other commands help its operator.
//!
//! ## Adding a command
//!
//! 1. A variant of [`Command`] with its help text, and its arm in [`run`].
//! 2. A function here if the command fits on a screen, otherwise a module of the library.

#[cfg(feature = "servers")]
use ::kafka::RecordPlace;
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use domain::clock::ClockSpec;
use domain::feed_key::KeyPrefix;
use domain::single_line_text::SingleLineText;
use gatecall::config::feeds::Transport;
use gatecall::config::sections::StoreKind;
use gatecall::config::{Config, DEFAULT_FILE};
use gatecall::feed_key::KeyRequest;
use gatecall::roles::Roles;
#[cfg(feature = "servers")]
use gatecall::skip_record::{SkipOrder, skip_record};
use gatecall::storage::embedded;
#[cfg(feature = "servers")]
use gatecall::storage::servers;
use gatecall::{feed_key, repair, serve, telemetry};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The hub allocates many small frames on many threads; mimalloc does this faster than the default.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code for an invalid configuration (`EX_CONFIG`).
const EXIT_CONFIG: u8 = 78;

/// A real-time hub for flight status. Airports report what they know, and every follower of a flight receives
/// each change in the same second.
#[derive(Parser)]
#[command(name = "gatecall", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the hub until SIGTERM or Ctrl-C. A second signal ends it at once.
    Serve {
        #[command(flatten)]
        config: ConfigFile,
        /// Sets the operational clock: START@SPEED replays a day from that instant, SPEED times as
        /// fast; /ANCHOR, in unix seconds, binds START to a real instant, so that several processes
        /// share one clock. The default is real time.
        #[arg(long, value_name = "START@SPEED[/ANCHOR]", value_parser = ClockSpec::parse)]
        clock: Option<ClockSpec>,
        /// The roles of this node among several, separated by commas: feeds (accepts and polls),
        /// flights (merges), sockets (serves clients). alerts and notify do nothing in this version.
        /// The default is all roles.
        #[arg(long, value_name = "ROLES")]
        roles: Option<Roles>,
    },
    /// Checks a configuration and prints a summary. If the configuration names servers, the command
    /// connects to each of them and reports problems in one sentence each.
    CheckConfig {
        #[command(flatten)]
        config: ConfigFile,
        /// Connects to no server.
        #[arg(long)]
        offline: bool,
    },
    /// Migrates the storage to this version: the embedded store, or the topics, tables and collections
    /// of the servers. `serve` migrates the embedded store itself, and refuses to start if the servers
    /// are not migrated.
    Migrate {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Prints the last saved instant of the operational clock, where a replay can continue; prints
    /// nothing if there is none. Only a hub that runs with --clock saves it.
    Clock {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Begins a new epoch of the embedded store: clients discard the revisions they hold and load
    /// everything again. Run it after you restore a backup, before the hub starts. Otherwise clients keep
    /// states that are newer than the backup, and ignore new changes as outdated. Refused while a hub uses
    /// the folder.
    NewEpoch {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Checks that every flight in the embedded store is readable, and lists those that are not. Changes
    /// nothing, and exits with code 1 if it finds any. With --give-up the hub starts without these flights
    /// until their airports report them again, and the store begins a new epoch. Refused while a hub uses
    /// the folder.
    Repair {
        #[command(flatten)]
        config: ConfigFile,
        /// Discards the unreadable flights. A restored backup would still contain them.
        #[arg(long)]
        give_up: bool,
    },
    /// Creates a key for a pushed feed and explains how to use it. The command writes the key to the feed's
    /// key_file. With servers and without a key_file it stores the key's digest in the directory, where
    /// every hub finds it, and shows the key once. Also lists and revokes the keys of the directory.
    FeedKey {
        /// The feed's name in the configuration.
        feed: String,
        #[command(flatten)]
        config: ConfigFile,
        /// Appends the key to those in the file; all are valid until you remove the old one. Without
        /// this option the command does not change an existing file.
        #[arg(long)]
        add: bool,
        /// The purpose of a key in the directory, for your successors.
        #[arg(long, value_name = "TEXT", default_value = "made by gatecall feed-key", value_parser = SingleLineText::parse)]
        note: SingleLineText,
        /// Lists the directory's keys of this feed with digest, creation time and purpose.
        #[arg(long, conflicts_with_all = ["add", "note", "revoke"])]
        list: bool,
        /// Revokes the key of this feed whose digest in the directory begins with PREFIX.
        #[arg(long, value_name = "PREFIX", conflicts_with_all = ["add", "note"], value_parser = KeyPrefix::parse)]
        revoke: Option<KeyPrefix>,
    },
    #[cfg(feature = "servers")]
    /// Makes every hub skip a Kafka record that ends each of them, because only a newer version can read
    /// it. Refused for a record that hubs can read. Without --yes the command describes the record and the
    /// cost of skipping it, changes nothing, and exits with code 1.
    SkipRecord {
        #[command(flatten)]
        config: ConfigFile,
        /// The topic, from the last log line of the hub.
        #[arg(long)]
        topic: String,
        /// The partition.
        #[arg(long)]
        partition: i32,
        /// The offset.
        #[arg(long)]
        offset: i64,
        /// Skips the record.
        #[arg(long)]
        yes: bool,
        /// Skips the record even if all data of a flight may be lost with it.
        #[arg(long)]
        lose_flight: bool,
        /// The person who decides this. Kafka and the log of every hub record the name.
        #[arg(long, value_name = "NAME", value_parser = SingleLineText::parse)]
        by: SingleLineText,
        /// The reason.
        #[arg(long, value_name = "TEXT", value_parser = SingleLineText::parse)]
        reason: Option<SingleLineText>,
    },
    /// Prints the version.
    Version,
}

#[derive(Args)]
struct ConfigFile {
    /// The configuration file. The default is config/gatecall.toml, if it exists.
    #[arg(long = "config", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl ConfigFile {
    fn load(&self) -> Result<Config, gatecall::config::ConfigError> {
        match &self.file {
            Some(file) => Config::load(file),
            None if Path::new(DEFAULT_FILE).exists() => Config::load(Path::new(DEFAULT_FILE)),
            None => Config::load_without_file(),
        }
    }

    /// Loads the configuration for commands that need no secret, or create one.
    fn load_without_secrets(&self) -> Result<Config, gatecall::config::ConfigError> {
        Config::load_without_secrets(self.path())
    }

    fn path(&self) -> &Path {
        self.file.as_deref().unwrap_or(Path::new(DEFAULT_FILE))
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, with the causes separated by colons.
            let _ = writeln!(std::io::stderr(), "gatecall: {error:#}");
            let is_config = error.is::<gatecall::config::ConfigError>();
            if is_config { ExitCode::from(EXIT_CONFIG) } else { ExitCode::FAILURE }
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve { config, clock, roles } => {
            let config = config.load()?;
            telemetry::start_log(&config.log);
            raise_open_files(&config);
            actix_rt::System::new().block_on(serve::serve(config, roles.unwrap_or_else(Roles::all), clock))
        }
        Command::CheckConfig { config, offline } => check_config(&config, offline),
        Command::Migrate { config } => migrate(&config),
        Command::Clock { config } => print_clock(&config),
        Command::NewEpoch { config } => on_folder(&config, async |config| repair::new_epoch(config).await),
        Command::Repair { config, give_up } => {
            on_folder(&config, async |config| repair::repair(config, give_up).await)
        }
        Command::FeedKey { feed, config, add, note, list, revoke } => {
            let request = match revoke {
                Some(prefix) => KeyRequest::Revoke(prefix),
                None if list => KeyRequest::List,
                None => KeyRequest::Make { add, note },
            };
            feed_key(&feed, &config, request)
        }
        #[cfg(feature = "servers")]
        Command::SkipRecord { config, topic, partition, offset, yes, lose_flight, by, reason } => {
            let place = RecordPlace { topic, partition, offset };
            let order = SkipOrder { place, yes, lose_flight, by, reason };
            let lines = actix_rt::System::new().block_on(skip_record(&config.load()?, order))?;
            lines.into_iter().try_for_each(|line| print_line(format_args!("{line}")))
        }
        Command::Version => print_line(format_args!("gatecall {}", env!("CARGO_PKG_VERSION"))),
    }
}

/// Open files other than sockets: the database, logs, pipes of the runtime.
const OTHER_FILES: u64 = 256;

/// Raises the limit of open files towards the configured number of connections, and warns if the system
/// allows fewer. Every socket is an open file, and shells often set a limit of 1,024.
fn raise_open_files(config: &Config) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = config.sockets.connections_max as u64 + OTHER_FILES;
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let highest = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(fault) = setrlimit(Resource::Nofile, highest) {
        tracing::warn!(%fault, open_files_max = limit.current, "cannot raise the limit of open files");
    } else if let Some(maximum) = limit.maximum.filter(|maximum| *maximum < wanted) {
        tracing::warn!(
            open_files_max = maximum,
            sockets_max = config.sockets.connections_max,
            "the system allows fewer open files than sockets.connections_max (ulimit -Hn)"
        );
    }
}

fn print_line(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output is closed")
}

fn check_config(file: &ConfigFile, offline: bool) -> anyhow::Result<()> {
    let config = file.load()?;
    print_line(format_args!("The configuration is valid."))?;
    print_line(format_args!("  API and sockets  http://{}", config.server.api))?;
    print_line(format_args!("  web page         http://{}", config.server.web))?;
    match config.store.kind {
        StoreKind::Embedded => {
            print_line(format_args!("  data             {}", config.store.folder.display()))?;
        }
        #[cfg(feature = "servers")]
        StoreKind::Servers => {
            print_line(format_args!("  node             {} of several", config.servers.node))?;
        }
    }
    if config.feeds.is_empty() {
        print_line(format_args!("  feeds            none: this hub will receive no flight data"))?;
    }
    for (name, feed) in &config.feeds {
        let transport = match &feed.transport {
            Transport::Push { key_digests, .. } => format!("push, {} valid key(s)", key_digests.len()),
            Transport::Pull { airport, interval, .. } => {
                format!("polled every {} s at {}", interval.as_secs(), airport.url)
            }
        };
        print_line(format_args!("  feed {name:<11} {} {transport}", feed.spec.format.as_str()))?;
        print_line(format_args!("    {:<14} {}", "speaks for", feed.speaks_for()))?;
    }
    #[cfg(feature = "servers")]
    if config.store.kind.is_servers() && !offline {
        return check_servers(&config);
    }
    // Without servers there is nothing to ask, online or offline.
    let _ = offline;
    Ok(())
}

#[cfg(feature = "servers")]
fn check_servers(config: &Config) -> anyhow::Result<()> {
    let answers = actix_rt::System::new().block_on(servers::check(config))?;
    let mut wrong = 0;
    for answer in answers {
        match answer {
            Ok(success) => print_line(format_args!("  {success}"))?,
            Err(fault) => {
                wrong += 1;
                print_line(format_args!("  ERROR: {fault}"))?;
            }
        }
    }
    anyhow::ensure!(wrong == 0, "{wrong} of the servers are not usable");
    Ok(())
}

fn migrate(file: &ConfigFile) -> anyhow::Result<()> {
    let config = file.load_without_secrets()?;
    #[cfg(feature = "servers")]
    if config.store.kind.is_servers() {
        let config = file.load()?;
        let done = actix_rt::System::new().block_on(servers::migrate(&config))?;
        return done.into_iter().try_for_each(|line| print_line(format_args!("{line}")));
    }
    actix_rt::System::new().block_on(embedded::with_store(&config, async |_| Ok(())))?;
    print_line(format_args!("The store in {} is up to date.", config.store.folder.display()))
}

fn print_clock(file: &ConfigFile) -> anyhow::Result<()> {
    let config = file.load_without_secrets()?;
    if !config.store.folder.exists() {
        return Ok(());
    }
    let saved = embedded::with_store(&config, async |store| Ok(store.clock_instant().await?));
    match actix_rt::System::new().block_on(saved)? {
        Some(at) => print_line(format_args!("{}", at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))),
        None => Ok(()),
    }
}

fn on_folder(
    file: &ConfigFile,
    task: impl AsyncFnOnce(&Config) -> anyhow::Result<Vec<String>>,
) -> anyhow::Result<()> {
    let config = file.load_without_secrets()?;
    let lines = actix_rt::System::new().block_on(task(&config))?;
    lines.into_iter().try_for_each(|line| print_line(format_args!("{line}")))
}

fn feed_key(name: &str, file: &ConfigFile, request: KeyRequest) -> anyhow::Result<()> {
    let mut config = file.load_without_secrets()?;
    if config.store.kind.is_servers() && request.needs_directory(&config, name) {
        config = file.load()?;
    }
    let lines = actix_rt::System::new().block_on(feed_key::execute(&config, name, request))?;
    lines.into_iter().try_for_each(|line| print_line(format_args!("{line}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn clap_accepts_the_command_definitions() {
        Cli::command().debug_assert();
    }
}
