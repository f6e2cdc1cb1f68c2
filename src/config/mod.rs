//! One TOML file, overridden by the environment, checked before anything starts.
//!
//! `config/gatecall.toml` lists every key with its default and an explanation. Environment variables override
//! keys: `GATECALL__SOCKETS__PING_S=10`, `GATECALL__FEEDS__JFK__URL=…`. A wrong, unknown or out-of-bounds value
//! stops the start with one line that names it.
//!
//! | module | contents |
//! |---|---|
//! | [`sections`] | the sections with fixed names: types, defaults and bounds |
//! | `servers` | `[node]`, `[kafka]`, `[postgres]`, `[mongo]` |
//! | `without_servers` | refuses these sections in a build without the feature `servers` |
//! | [`feeds`] | `[feeds.NAME]` |
//! | `secrets` | keys from files and the environment |
//! | `reader` | values by dotted path, and unknown keys |
//!
//! ## Adding a key
//!
//! 1. A field in its section's struct, with its unit, and a line in its reading function with
//!    default and bounds.
//! 2. The key in `config/gatecall.toml` with the same default and a comment. A test checks this.

pub mod feeds;
mod reader;
#[cfg_attr(not(feature = "servers"), expect(dead_code, reason = "only servers have passwords"))]
mod secrets;
pub mod sections;
#[cfg(feature = "servers")]
pub mod servers;
#[cfg(all(test, feature = "servers"))]
mod tests;
#[cfg(not(feature = "servers"))]
mod without_servers;

pub use reader::ConfigError;
pub use secrets::digest;

use actors::hub::Limits;
use reader::Reader;
use secrets::{ProcessSecrets, Secrets, SkippedSecrets};
use sections::{Log, Retention, Server, Sockets, Store, Threads};
use std::collections::BTreeMap;
use std::path::Path;

/// The default path of the configuration.
pub const DEFAULT_FILE: &str = "config/gatecall.toml";

/// The complete, checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// HTTP.
    pub server: Server,
    /// WebSocket and server-sent events.
    pub sockets: Sockets,
    /// The embedded store.
    pub store: Store,
    /// The servers, for a hub of several nodes.
    #[cfg(feature = "servers")]
    pub servers: servers::Servers,
    /// Retention times.
    pub retention: Retention,
    /// Limits of the hub.
    pub limits: Limits,
    /// Threads.
    pub threads: Threads,
    /// Logs.
    pub log: Log,
    /// Feeds by name.
    pub feeds: BTreeMap<String, feeds::Feed>,
}

impl Config {
    /// Reads a file, the environment, and all secrets that they name.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        Self::read(&file.display().to_string(), &text(file)?, std::env::vars(), &ProcessSecrets)
    }

    /// The same without secrets, for commands that need none.
    pub fn load_without_secrets(file: &Path) -> Result<Self, ConfigError> {
        Self::read(&file.display().to_string(), &text(file)?, std::env::vars(), &SkippedSecrets)
    }

    /// The defaults and the environment, without a file.
    pub fn load_without_file() -> Result<Self, ConfigError> {
        Self::read("environment", "", std::env::vars(), &ProcessSecrets)
    }

    /// The defaults, as in `config/gatecall.toml`, without feeds.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::from_toml("defaults", "")
    }

    /// Reads a text as if it were the file `place`, without overrides from the environment. It reads secrets from
    /// files and variables.
    pub fn from_toml(place: &str, text: &str) -> Result<Self, ConfigError> {
        Self::read(place, text, std::iter::empty(), &ProcessSecrets)
    }

    fn read(
        place: &str,
        text: &str,
        environment: impl Iterator<Item = (String, String)>,
        secrets: &dyn Secrets,
    ) -> Result<Self, ConfigError> {
        let reader = Reader::new(place, text, environment)?;
        let config = Self::from_reader(&reader, secrets)?;
        reader.finish()?;
        Ok(config)
    }

    fn from_reader(reader: &Reader, secrets: &dyn Secrets) -> Result<Self, ConfigError> {
        let store = sections::store(reader)?;
        let is_shared = store.kind.is_servers();
        #[cfg(feature = "servers")]
        let servers = servers::read(reader, secrets)?;
        #[cfg(feature = "servers")]
        if is_shared && secrets.are_read() {
            servers::check(reader, &servers)?;
        }
        #[cfg(not(feature = "servers"))]
        without_servers::check(reader)?;
        let limits = sections::limits(reader)?;
        Ok(Self {
            feeds: feeds::read(reader, secrets, is_shared, limits.flights_max)?,
            server: sections::server(reader, secrets)?,
            sockets: sections::sockets(reader)?,
            store,
            #[cfg(feature = "servers")]
            servers,
            retention: sections::retention(reader)?,
            limits,
            threads: sections::threads(reader)?,
            log: sections::log(reader)?,
        })
    }
}

fn text(file: &Path) -> Result<String, ConfigError> {
    let wrong = |fault: std::io::Error| ConfigError {
        place: file.display().to_string(),
        what: format!("cannot be read: {fault}"),
    };
    std::fs::read_to_string(file).map_err(wrong)
}
