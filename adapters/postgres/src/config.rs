//! Configuration of PostgreSQL, with every limit named.

use sqlx::postgres::PgConnectOptions;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The address of PostgreSQL, the name of this node, and limits.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// Address of the database with user and password.
    pub url: PostgresUrl,
    /// Name of this node in `lease_holders` and, after `gatecall`, in `pg_stat_activity`.
    pub node: Arc<str>,
    /// Limits of connections and calls.
    pub limits: PostgresLimits,
}

/// Limits of connections and calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresLimits {
    /// Time limit for opening a connection outside the pool (leases, migrations, checks).
    pub connections_max: u32,
    /// How long a call waits for a connection, including the handshake of a new one.
    pub acquire: Duration,
    /// Until one of the connections outside the pool stands (leases, migrations, checks).
    pub connect: Duration,
    /// Time limit of the server for one statement (`statement_timeout`).
    pub statement: Duration,
    /// How long a statement waits for a lock (`lock_timeout`).
    pub lock: Duration,
    /// How long a node waits for the answer whether it still holds a lease.
    pub lease_ask: Duration,
}

impl Default for PostgresLimits {
    fn default() -> Self {
        Self {
            connections_max: 8,
            acquire: Duration::from_secs(5),
            connect: Duration::from_secs(5),
            statement: Duration::from_secs(5),
            lock: Duration::from_secs(2),
            lease_ask: Duration::from_secs(3),
        }
    }
}

impl PostgresLimits {
    /// Time limit of a call on its connection: a few statements in sequence and the network. It ends the
    /// call when the server stops answering.
    pub(super) fn call_max(&self) -> Duration {
        self.statement * 2
    }
}

/// When the server considers a silent peer dead and frees its locks and leases: after so many seconds of
/// silence it sends so many probes, so many seconds apart.
const KEEPALIVE_IDLE_S: u32 = 5;
const KEEPALIVE_INTERVAL_S: u32 = 2;
const KEEPALIVE_COUNT: u32 = 5;

/// Also after so long without an acknowledgement of sent data.
const UNACKNOWLEDGED_MAX_MS: u32 = 15_000;

/// Longest idle time in a transaction: only a dead node leaves one open.
const IDLE_IN_TRANSACTION_MAX_MS: u32 = 15_000;

/// Accepted parameters of an address. Any other is a mistake that must be reported
/// (`sslmodus=verify-full`), but not written to a log as the driver would do.
const PARAMETERS: [&str; 6] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "options"];

/// The address of a database, `postgres://user:password@host:5432/database`. `Debug` and `Display` show
/// only host, port and database.
#[derive(Clone)]
pub struct PostgresUrl(Box<PgConnectOptions>);

/// Why a text is no address of a database. The messages do not repeat the text, which may contain a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPostgresUrl {
    /// The scheme is wrong.
    #[error("must begin with postgres:// or postgresql://")]
    Scheme,
    /// The text is no address.
    #[error("is not an address such as postgres://user:password@host:5432/database")]
    Shape,
    /// A parameter is unknown.
    #[error("has a parameter that is none of {}", PARAMETERS.join(", "))]
    Parameter,
    /// The database is missing.
    #[error("names no database; it goes after the last slash, postgres://user:password@host:5432/database")]
    Database,
}

impl PostgresUrl {
    /// Parses an address. Missing parts (user, password) come from `PGUSER`, `PGPASSWORD` and
    /// `~/.pgpass`, as for the programs of PostgreSQL. `?sslmode=verify-full&sslrootcert=…` enables TLS.
    pub fn parse(text: &str) -> Result<Self, InvalidPostgresUrl> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(InvalidPostgresUrl::Scheme);
        }
        let parameters = text.split_once('?').map_or("", |(_, parameters)| parameters);
        let name = |parameter: &str| PARAMETERS.contains(&parameter.split('=').next().unwrap_or_default());
        if !parameters.split('&').filter(|parameter| !parameter.is_empty()).all(name) {
            return Err(InvalidPostgresUrl::Parameter);
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| InvalidPostgresUrl::Shape)?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(InvalidPostgresUrl::Database);
        }
        // An IPv6 address has brackets in a URL, and none elsewhere.
        let bare = options.get_host().trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self(Box::new(options.host(&bare))))
    }

    /// The database's name.
    pub(super) fn database(&self) -> &str {
        self.0.get_database().unwrap_or_default()
    }

    /// Host and port, or the folder of the socket.
    pub(super) fn server(&self) -> String {
        match self.0.get_socket() {
            Some(folder) => folder.display().to_string(),
            None => format!("{}:{}", self.0.get_host(), self.0.get_port()),
        }
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}/{}", self.server(), self.database())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PostgresConfig {
    /// Options of a connection, with the time limits that the server enforces.
    pub(super) fn options(&self) -> PgConnectOptions {
        self.options_with(self.limits.statement, self.limits.lock)
    }

    /// The same with other time limits, for migrations.
    pub(super) fn options_with(&self, statement: Duration, lock: Duration) -> PgConnectOptions {
        self.url.0.as_ref().clone().application_name(&format!("gatecall {}", self.node)).options([
            ("statement_timeout", milliseconds(statement)),
            ("lock_timeout", milliseconds(lock)),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_MAX_MS.to_string()),
            ("tcp_keepalives_idle", KEEPALIVE_IDLE_S.to_string()),
            ("tcp_keepalives_interval", KEEPALIVE_INTERVAL_S.to_string()),
            ("tcp_keepalives_count", KEEPALIVE_COUNT.to_string()),
            ("tcp_user_timeout", UNACKNOWLEDGED_MAX_MS.to_string()),
        ])
    }
}

/// In the form of PostgreSQL, where 0 would mean no limit.
fn milliseconds(limit: Duration) -> String {
    limit.as_millis().max(1).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_neither_user_nor_password() {
        let url = PostgresUrl::parse("postgres://desk:s3cret%21@db.example.org:5433/gatecall").unwrap();
        let config = PostgresConfig { url, node: "a".into(), limits: PostgresLimits::default() };
        let shown = format!("{config:?} {}", config.url);
        assert!(shown.contains("postgres://db.example.org:5433/gatecall"), "{shown}");
        assert!(!shown.contains("s3cret") && !shown.contains("desk"), "{shown}");
        assert_eq!(config.url.0.get_username(), "desk");
    }

    #[test]
    fn an_invalid_address_is_refused_and_not_repeated() {
        use InvalidPostgresUrl::{Database, Parameter, Scheme, Shape};
        for (text, why) in [
            ("", Scheme),
            ("mysql://desk:s3cret@h/d", Scheme),
            ("postgres://desk:s3cret@h:port/d", Shape),
            ("postgres://desk:s3cret@h/d?sslmode=s3cret", Shape),
            ("postgres://desk:s3cret@h/d?sslmode=require&pass=s3cret", Parameter),
            ("postgres://desk:s3cret@h", Database),
        ] {
            let error = PostgresUrl::parse(text).unwrap_err();
            assert_eq!(error, why, "{text}");
            assert!(!error.to_string().contains("s3cret"));
        }
    }

    #[test]
    fn an_ipv6_host_loses_its_brackets() {
        let url = PostgresUrl::parse("postgres://a@[::1]:5433/d").unwrap();
        assert_eq!(url.0.get_host(), "::1");
    }
}
