//! Configuration of MongoDB, with every limit named.

use super::uri::MongoUri;
use chrono::{DateTime, Utc};
use mongodb::options::{Acknowledgment, ClientOptions, WriteConcern};
use std::time::Duration;

/// The address of the archive, its retention, and limits.
#[derive(Clone, Debug)]
pub struct MongoConfig {
    /// The servers, with user and password.
    pub uri: MongoUri,
    /// The database. A name after the hosts in the URI is only the one in which the user is looked up.
    pub database: String,
    /// The name of this client in the logs and lists of the server.
    pub app_name: String,
    /// How long raw messages and their faults stay, in real time from their writing.
    pub raw_kept: Duration,
    /// How long a change stays, in real time from its writing.
    pub history_kept: Duration,
    /// Limits of connections and calls.
    pub limits: MongoLimits,
    /// Real time. The operational clock can replay a day of years ago, which must not drop anything.
    pub real_time: fn() -> DateTime<Utc>,
}

/// Limits of connections and calls. The same options in the URI take precedence, up to the maximum of
/// each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MongoLimits {
    /// Time limit for finding a suitable server (`serverSelectionTimeoutMS`), at most [`SELECTION_MAX`].
    pub server_selection: Duration,
    /// Time limit for opening a connection (`connectTimeoutMS`), at most [`CONNECT_MAX`].
    pub connect: Duration,
    /// Time limit of the server for one operation, and for the confirmation of a write by the majority
    /// (`wtimeoutMS`). At most [`OPERATION_MAX`].
    pub operation: Duration,
    /// Connections kept open to each server (`minPoolSize`).
    pub connections_min: u32,
    /// Connections to each server (`maxPoolSize`), at most [`CONNECTIONS_MAX`]. A call without a free
    /// connection waits, within its time limit.
    pub connections_max: u32,
    /// How long an idle connection is kept (`maxIdleTimeMS`).
    pub connections_kept: Duration,
    /// Concurrent calls, including those that wait for a connection. Further calls return `Unavailable`
    /// at once.
    pub calls_max: usize,
}

/// Longest wait for a server, also if the URI asks for more.
pub const SELECTION_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a connection, also if the URI asks for more.
pub const CONNECT_MAX: Duration = Duration::from_secs(30);
/// Longest time limit of one operation.
pub const OPERATION_MAX: Duration = Duration::from_secs(120);
/// Most connections to one server, also if the URI asks for more.
pub const CONNECTIONS_MAX: u32 = 256;
/// Most concurrent calls.
const CALLS_MAX: usize = 65_536;
/// Shortest and longest retention.
const KEPT_MIN: Duration = Duration::from_secs(60);
const KEPT_MAX: Duration = Duration::from_secs(100 * 366 * 24 * 3600);
/// MongoDB's limit for the name of an application.
const APP_NAME_BYTES_MAX: usize = 128;
/// MongoDB's limit for the name of a database.
const DATABASE_BYTES_MAX: usize = 63;

const DAY: Duration = Duration::from_secs(24 * 3600);

impl MongoConfig {
    /// The defaults for a database: 30 days of raw messages, 400 days of history.
    pub fn new(uri: MongoUri, database: impl Into<String>, real_time: fn() -> DateTime<Utc>) -> Self {
        Self {
            uri,
            database: database.into(),
            app_name: "gatecall".into(),
            raw_kept: 30 * DAY,
            history_kept: 400 * DAY,
            limits: MongoLimits::default(),
            real_time,
        }
    }

    /// Checks the configuration before anything is opened.
    pub(super) fn check(&self) -> Result<(), MongoConfigError> {
        let wrong = |key, reason: String| Err(MongoConfigError { key, reason });
        let is_refused = |c: char| "/\\. \"$*<>:|?\0".contains(c);
        if self.database.is_empty() || self.database.len() > DATABASE_BYTES_MAX {
            return wrong("database", format!("must have 1 to {DATABASE_BYTES_MAX} characters"));
        }
        if let Some(found) = self.database.chars().find(|c| is_refused(*c)) {
            return wrong("database", format!("must not hold {found:?}"));
        }
        if self.app_name.len() > APP_NAME_BYTES_MAX {
            return wrong("app_name", format!("is longer than {APP_NAME_BYTES_MAX} bytes"));
        }
        for (key, kept) in [("raw_kept", self.raw_kept), ("history_kept", self.history_kept)] {
            if !(KEPT_MIN..=KEPT_MAX).contains(&kept) {
                return wrong(key, "must be a minute at least and a hundred years at most".into());
            }
        }
        self.limits.check()?;
        self.uri.check_write_concern()
    }

    /// The options of the driver: those of the URI, else ours, within the maxima. Looks up `mongodb+srv`
    /// names.
    pub(super) async fn options(&self) -> mongodb::error::Result<ClientOptions> {
        let mut options = ClientOptions::parse(self.uri.connection().clone()).await?;
        let limits = &self.limits;
        let within = |given: Option<Duration>, ours: Duration, max: Duration| {
            // For the driver, zero means no limit.
            Some(given.unwrap_or(ours)).map(|time| if time.is_zero() { max } else { time.min(max) })
        };
        options.server_selection_timeout =
            within(options.server_selection_timeout, limits.server_selection, SELECTION_MAX);
        options.connect_timeout = within(options.connect_timeout, limits.connect, CONNECT_MAX);
        let connections = options.max_pool_size.unwrap_or(limits.connections_max).min(CONNECTIONS_MAX);
        options.max_pool_size = Some(connections);
        options.min_pool_size =
            Some(options.min_pool_size.unwrap_or(limits.connections_min).min(connections));
        options.max_idle_time = options.max_idle_time.or(Some(limits.connections_kept));
        options.app_name.get_or_insert_with(|| self.app_name.clone());
        let given = options.write_concern.take().unwrap_or_default();
        options.write_concern = Some(
            WriteConcern::builder()
                .w(given.w.or(Some(Acknowledgment::Majority)))
                .journal(given.journal.or(Some(true)))
                .w_timeout(within(given.w_timeout, limits.operation, OPERATION_MAX))
                .build(),
        );
        Ok(options)
    }
}

impl Default for MongoLimits {
    fn default() -> Self {
        Self {
            server_selection: Duration::from_secs(5),
            connect: Duration::from_secs(5),
            operation: Duration::from_secs(10),
            connections_min: 0,
            connections_max: 16,
            connections_kept: Duration::from_secs(300),
            calls_max: 1024,
        }
    }
}

impl MongoLimits {
    fn check(&self) -> Result<(), MongoConfigError> {
        let times = [
            ("server_selection", self.server_selection, SELECTION_MAX),
            ("connect", self.connect, CONNECT_MAX),
            ("operation", self.operation, OPERATION_MAX),
        ];
        for (key, time, max) in times {
            if time < Duration::from_millis(1) || time > max {
                let reason = format!("must be a millisecond at least and {} s at most", max.as_secs());
                return Err(MongoConfigError { key, reason });
            }
        }
        if !(1..=CONNECTIONS_MAX).contains(&self.connections_max) {
            let reason = format!("must be 1 to {CONNECTIONS_MAX}");
            return Err(MongoConfigError { key: "connections_max", reason });
        }
        if !(1..=CALLS_MAX).contains(&self.calls_max) {
            let reason = format!("must be 1 to {CALLS_MAX}");
            return Err(MongoConfigError { key: "calls_max", reason });
        }
        Ok(())
    }
}

/// Why the configuration is unusable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("MongoDB's {key} {reason}")]
pub struct MongoConfigError {
    /// The key at fault.
    pub key: &'static str,
    /// The reason, to be read after the key. Never contains a password.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(uri: &str) -> MongoConfig {
        MongoConfig::new(MongoUri::parse(uri).unwrap(), "gatecall", DateTime::<Utc>::default)
    }

    #[tokio::test]
    async fn options_of_the_uri_take_precedence_within_the_maxima() {
        let ours = config("mongodb://h").options().await.unwrap();
        assert_eq!(ours.server_selection_timeout, Some(Duration::from_secs(5)));
        assert_eq!(ours.connect_timeout, Some(Duration::from_secs(5)));
        assert_eq!((ours.min_pool_size, ours.max_pool_size), (Some(0), Some(16)));
        assert_eq!(ours.app_name.as_deref(), Some("gatecall"));
        let concern = ours.write_concern.unwrap();
        assert_eq!((concern.w, concern.journal), (Some(Acknowledgment::Majority), Some(true)));
        assert_eq!(concern.w_timeout, Some(Duration::from_secs(10)));

        let uri = "mongodb://h/?serverSelectionTimeoutMS=700&connectTimeoutMS=800&maxPoolSize=3&minPoolSize=2\
                   &appName=x&w=2&wtimeoutMS=900&maxIdleTimeMS=1000";
        let theirs = config(uri).options().await.unwrap();
        assert_eq!(theirs.server_selection_timeout, Some(Duration::from_millis(700)));
        assert_eq!(theirs.connect_timeout, Some(Duration::from_millis(800)));
        assert_eq!((theirs.min_pool_size, theirs.max_pool_size), (Some(2), Some(3)));
        assert_eq!(theirs.app_name.as_deref(), Some("x"));
        assert_eq!(theirs.max_idle_time, Some(Duration::from_secs(1)));
        let concern = theirs.write_concern.unwrap();
        assert_eq!((concern.w, concern.journal), (Some(Acknowledgment::Nodes(2)), Some(true)));
        assert_eq!(concern.w_timeout, Some(Duration::from_millis(900)));

        let uri = "mongodb://h/?serverSelectionTimeoutMS=9999999&connectTimeoutMS=0&maxPoolSize=99999\
                   &minPoolSize=9999&wtimeoutMS=0";
        let bounded = config(uri).options().await.unwrap();
        assert_eq!(bounded.server_selection_timeout, Some(SELECTION_MAX));
        assert_eq!(bounded.connect_timeout, Some(CONNECT_MAX), "0 would be without end");
        assert_eq!((bounded.min_pool_size, bounded.max_pool_size), (Some(256), Some(256)));
        assert_eq!(bounded.write_concern.unwrap().w_timeout, Some(OPERATION_MAX));
    }

    #[test]
    fn an_unusable_key_is_named() {
        config("mongodb://h").check().unwrap();
        type Change = fn(&mut MongoConfig);
        let wrong: [(&str, Change); 8] = [
            ("database must have 1 to 63", |c| c.database = String::new()),
            ("database must not hold '.'", |c| c.database = "a.b".into()),
            ("app_name is longer", |c| c.app_name = "x".repeat(129)),
            ("raw_kept must be", |c| c.raw_kept = Duration::ZERO),
            ("history_kept must be", |c| c.history_kept = Duration::MAX),
            ("operation must be", |c| c.limits.operation = Duration::ZERO),
            ("connections_max must be", |c| c.limits.connections_max = 0),
            ("calls_max must be", |c| c.limits.calls_max = 0),
        ];
        for (expected, change) in wrong {
            let mut config = config("mongodb://h");
            change(&mut config);
            let error = config.check().unwrap_err().to_string();
            assert!(error.starts_with("MongoDB's ") && error.contains(expected), "{error}");
        }
    }
}
