//! # `gatecall`
//!
//! The commands of the hub. `gatecall serve` runs it; everything else helps whoever does.
//!
//! ## Adding a command
//!
//! 1. A variant of [`Command`] with its help, and its arm in [`run`].
//! 2. What it does in a function here if it fits a screen, else in a module of the library.

use adapters::kafka::RecordPlace;
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
use gatecall::skip_record::{SkipOrder, skip_record};
use gatecall::storage::{embedded, servers};
use gatecall::{feed_key, repair, serve, telemetry};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Allocations of many small frames on many threads are what the hub does all day.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code of a configuration that cannot be used (`EX_CONFIG`).
const EXIT_CONFIG: u8 = 78;

/// A real-time hub for flight status: airports tell it what they know, and everyone who follows a
/// flight is told in the same second.
#[derive(Parser)]
#[command(name = "gatecall", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the hub until it is told to stop (SIGTERM or Ctrl-C; a second one ends it at once).
    Serve {
        #[command(flatten)]
        config: ConfigFile,
        /// The operational clock: START@SPEED replays a day from that instant, SPEED times as
        /// fast; /ANCHOR, in unix seconds, binds it to a real instant, so that several processes
        /// share one clock. Real time without it.
        #[arg(long, value_name = "START@SPEED[/ANCHOR]", value_parser = ClockSpec::parse)]
        clock: Option<ClockSpec>,
        /// What this node of several does, with commas between: feeds (takes and asks), flights
        /// (merges), sockets (serves); alerts and notify have no work in this version. Everything
        /// without it.
        #[arg(long, value_name = "ROLES")]
        roles: Option<Roles>,
    },
    /// Says whether a configuration is sound, and what it amounts to. Where it names servers, each
    /// is asked, and what is wrong is said in a sentence.
    CheckConfig {
        #[command(flatten)]
        config: ConfigFile,
        /// Asks no server.
        #[arg(long)]
        offline: bool,
    },
    /// Brings what the hub stands on up to date and says so: the embedded store, or on servers the
    /// topics, tables and collections. `serve` does the first as well, and refuses to start before
    /// the second.
    Migrate {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Prints the operational clock's instant as it was last saved, or nothing where there is
    /// none: where a replayed day can go on. Only a hub that was given --clock saves it.
    Clock {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Gives the embedded store a new epoch: clients forget the revisions they hold and take everything
    /// anew. Do it after a backup was put back, before the hub starts: else screens keep what was
    /// newer than the backup, and take what is told now for old. Refused while a hub runs on the folder.
    NewEpoch {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Looks whether every flight in the embedded store can be read, lists those that cannot, and changes
    /// nothing; code 1 where there are any. With --give-up the hub starts without them, until their
    /// airports tell them anew, and the store begins a new epoch. Refused while a hub runs on the folder.
    Repair {
        #[command(flatten)]
        config: ConfigFile,
        /// Gives up the flights that cannot be read. A backup that is put back would have them still.
        #[arg(long)]
        give_up: bool,
    },
    /// Makes a key of a pushed feed and says how to use it. It is written to the feed's key_file; with
    /// servers and without a key_file its digest goes into the directory, where every hub finds it,
    /// and the key is shown this once. Lists and revokes the directory's keys as well.
    FeedKey {
        /// The feed's name in the configuration.
        feed: String,
        #[command(flatten)]
        config: ConfigFile,
        /// Adds the key below those in the file, so that both are in force until the old one is
        /// taken out. Without it a file that exists is left alone.
        #[arg(long)]
        add: bool,
        /// What a key of the directory is for, for those who come after.
        #[arg(long, value_name = "TEXT", default_value = "made by gatecall feed-key", value_parser = SingleLineText::parse)]
        note: SingleLineText,
        /// Lists the directory's keys of this feed: digest, since when, what for.
        #[arg(long, conflicts_with_all = ["add", "note", "revoke"])]
        list: bool,
        /// Revokes the directory's key of this feed whose digest begins so.
        #[arg(long, value_name = "PREFIX", conflicts_with_all = ["add", "note"], value_parser = KeyPrefix::parse)]
        revoke: Option<KeyPrefix>,
    },
    /// Has every hub pass over a record of Kafka that would end each of them, because only a newer version
    /// can read it; refused where nothing is wrong with the record. Without --yes it says what the record
    /// is and what passing over it costs, and changes nothing (code 1).
    SkipRecord {
        #[command(flatten)]
        config: ConfigFile,
        /// The topic, as the hub's last line names it.
        #[arg(long)]
        topic: String,
        /// The partition.
        #[arg(long)]
        partition: i32,
        /// The offset.
        #[arg(long)]
        offset: i64,
        /// Does it.
        #[arg(long)]
        yes: bool,
        /// Does it although all that is known of a flight may go with the record.
        #[arg(long)]
        lose_flight: bool,
        /// Who decides it, for those who come after: it is kept in Kafka and in every hub's log.
        #[arg(long, value_name = "NAME", value_parser = SingleLineText::parse)]
        by: SingleLineText,
        /// Why.
        #[arg(long, value_name = "TEXT", value_parser = SingleLineText::parse)]
        reason: Option<SingleLineText>,
    },
    /// Prints the version.
    Version,
}

#[derive(Args)]
struct ConfigFile {
    /// The configuration. Without it config/gatecall.toml is read, if it is there.
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

    /// For commands that need no secret, or make one.
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
            // One line: causes after colons.
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
        Command::SkipRecord { config, topic, partition, offset, yes, lose_flight, by, reason } => {
            let place = RecordPlace { topic, partition, offset };
            let order = SkipOrder { place, yes, lose_flight, by, reason };
            let said = actix_rt::System::new().block_on(skip_record(&config.load()?, order))?;
            said.into_iter().try_for_each(|line| say(format_args!("{line}")))
        }
        Command::Version => say(format_args!("gatecall {}", env!("CARGO_PKG_VERSION"))),
    }
}

/// Files that are open beside sockets: the database, logs, pipes of the runtime.
const OTHER_FILES: u64 = 256;

/// Every socket is an open file, and the limit that a shell gives is often 1,024. Raises it as far
/// as it may be raised, and says so when that is less than the configuration allows.
fn raise_open_files(config: &Config) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = config.sockets.connections_max as u64 + OTHER_FILES;
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let highest = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(fault) = setrlimit(Resource::Nofile, highest) {
        tracing::warn!(%fault, open_files_max = limit.current, "the limit of open files could not be raised");
    } else if let Some(maximum) = limit.maximum.filter(|maximum| *maximum < wanted) {
        tracing::warn!(
            open_files_max = maximum,
            sockets_max = config.sockets.connections_max,
            "the system allows fewer open files than the configuration allows listeners (ulimit -Hn)"
        );
    }
}

fn say(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output is closed")
}

fn check_config(file: &ConfigFile, offline: bool) -> anyhow::Result<()> {
    let config = file.load()?;
    say(format_args!("The configuration is sound."))?;
    say(format_args!("  API and sockets  http://{}", config.server.api))?;
    say(format_args!("  web page         http://{}", config.server.web))?;
    match config.store.kind {
        StoreKind::Embedded => say(format_args!("  data             {}", config.store.folder.display()))?,
        StoreKind::Servers => say(format_args!("  node             {} of several", config.servers.node))?,
    }
    if config.feeds.is_empty() {
        say(format_args!("  feeds            none: nobody will tell this hub of any flight"))?;
    }
    for (name, feed) in &config.feeds {
        let transport = match &feed.transport {
            Transport::Push { key_digests, .. } => format!("pushes, {} key(s) in force", key_digests.len()),
            Transport::Pull { airport, interval, .. } => {
                format!("is asked every {} s at {}", interval.as_secs(), airport.url)
            }
        };
        say(format_args!("  feed {name:<11} {} {transport}", feed.spec.format.as_str()))?;
        say(format_args!("    {:<14} {}", "speaks for", feed.speaks_for()))?;
    }
    match config.store.kind {
        StoreKind::Servers if !offline => check_servers(&config),
        _ => Ok(()),
    }
}

fn check_servers(config: &Config) -> anyhow::Result<()> {
    let answers = actix_rt::System::new().block_on(servers::check(config))?;
    let mut wrong = 0;
    for answer in answers {
        match answer {
            Ok(well) => say(format_args!("  {well}"))?,
            Err(fault) => {
                wrong += 1;
                say(format_args!("  WRONG: {fault}"))?;
            }
        }
    }
    anyhow::ensure!(wrong == 0, "{wrong} of the servers cannot be used as they are");
    Ok(())
}

fn migrate(file: &ConfigFile) -> anyhow::Result<()> {
    let config = file.load_without_secrets()?;
    if config.store.kind == StoreKind::Servers {
        let config = file.load()?;
        let done = actix_rt::System::new().block_on(servers::migrate(&config))?;
        return done.into_iter().try_for_each(|line| say(format_args!("{line}")));
    }
    actix_rt::System::new().block_on(embedded::with_store(&config, async |_| Ok(())))?;
    say(format_args!("The store in {} is up to date.", config.store.folder.display()))
}

fn print_clock(file: &ConfigFile) -> anyhow::Result<()> {
    let config = file.load_without_secrets()?;
    if !config.store.folder.exists() {
        return Ok(());
    }
    let saved = embedded::with_store(&config, async |store| Ok(store.clock_instant().await?));
    match actix_rt::System::new().block_on(saved)? {
        Some(at) => say(format_args!("{}", at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))),
        None => Ok(()),
    }
}

fn on_folder(
    file: &ConfigFile,
    task: impl AsyncFnOnce(&Config) -> anyhow::Result<Vec<String>>,
) -> anyhow::Result<()> {
    let config = file.load_without_secrets()?;
    let said = actix_rt::System::new().block_on(task(&config))?;
    said.into_iter().try_for_each(|line| say(format_args!("{line}")))
}

fn feed_key(name: &str, file: &ConfigFile, request: KeyRequest) -> anyhow::Result<()> {
    let mut config = file.load_without_secrets()?;
    if config.store.kind == StoreKind::Servers && request.needs_directory(&config, name) {
        config = file.load()?;
    }
    let said = actix_rt::System::new().block_on(feed_key::execute(&config, name, request))?;
    said.into_iter().try_for_each(|line| say(format_args!("{line}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }
}
