//! Errors of PostgreSQL, and how they map to [`StoreError`].

use super::STORE;
use super::config::PostgresConfig;
use domain::ports::StoreError;
use std::time::Duration;

/// What is wrong with PostgreSQL. Each message is a whole sentence and contains neither user nor
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The server does not answer, or not in time.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// The error of the system.
        reason: String,
    },
    /// The server refuses the user or the password.
    #[error("{server} refuses the user or the password of the configured address")]
    Refused {
        /// Host and port.
        server: String,
    },
    /// The server has no such database.
    #[error("{server} has no database {database:?}; create it first")]
    NoDatabase {
        /// Host and port.
        server: String,
        /// As configured.
        database: String,
    },
    /// The database has none of the tables.
    #[error("the database {database:?} at {server} has not been migrated; run `gatecall migrate`")]
    NotMigrated {
        /// Host and port.
        server: String,
        /// The database.
        database: String,
    },
    /// The database lacks a migration of this version.
    #[error(
        "the database {database:?} at {server} is older than this gatecall: migration {missing} is missing; run `gatecall migrate`"
    )]
    Older {
        /// Host and port.
        server: String,
        /// The database.
        database: String,
        /// The first migration that is missing.
        missing: i64,
    },
    /// A migration of the database has another text than ours.
    #[error(
        "the database {database:?} at {server} was migrated by something else: its migration {version} is not this gatecall's"
    )]
    Foreign {
        /// Host and port.
        server: String,
        /// The database.
        database: String,
        /// The first migration that differs.
        version: i64,
    },
    /// The user lacks rights that the hub needs.
    #[error(
        "the user of the configured address lacks rights in the database {database:?} at {server}: {what}"
    )]
    NoRights {
        /// Host and port.
        server: String,
        /// The database.
        database: String,
        /// The missing right, such as `UPDATE on feeds`.
        what: String,
    },
    /// Any other error of the server or the driver.
    #[error("{server}: {reason}")]
    Other {
        /// Host and port.
        server: String,
        /// The error.
        reason: String,
    },
}

impl CheckError {
    /// The meaning of an error of the driver.
    pub(super) fn of(config: &PostgresConfig, error: &sqlx::Error) -> Self {
        let (server, database) = (config.url.server(), config.url.database().to_owned());
        match error {
            sqlx::Error::Io(e) => Self::Unreachable { server, reason: e.to_string() },
            // While the server refuses connections, the pool retries until its time is up.
            sqlx::Error::PoolTimedOut => {
                let reason = format!("no connection within {:?}", config.limits.acquire);
                Self::Unreachable { server, reason }
            }
            sqlx::Error::Database(e) => match e.code().as_deref() {
                Some("28P01" | "28000") => Self::Refused { server },
                Some("3D000") => Self::NoDatabase { server, database },
                Some("42P01" | "42703") => Self::NotMigrated { server, database },
                Some("42501") => Self::NoRights { server, database, what: e.message().to_owned() },
                _ => Self::Other { server, reason: e.message().to_owned() },
            },
            other => Self::Other { server, reason: other.to_string() },
        }
    }
}

/// The port error for an error of the driver.
pub(super) fn unavailable(config: &PostgresConfig, error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => unreadable(error.to_string()),
        _ => CheckError::of(config, error).into(),
    }
}

pub(super) fn unreadable(reason: String) -> StoreError {
    StoreError::Unreadable { store: STORE, reason }
}

/// The error when there was no answer in time.
pub(super) fn no_answer(config: &PostgresConfig, limit: Duration) -> StoreError {
    let reason = format!("{} has not answered within {limit:?}", config.url.server());
    StoreError::Unavailable { store: STORE, reason }
}

impl From<CheckError> for StoreError {
    fn from(error: CheckError) -> Self {
        Self::Unavailable { store: STORE, reason: error.to_string() }
    }
}
