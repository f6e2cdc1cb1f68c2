//! What is wrong with PostgreSQL, in a sentence for an operator.

use super::config::PostgresConfig;
use super::conversation::connect;
use super::migrate::{Standing, standing};
use super::{Inner, Postgres};
use sqlx::PgConnection;
use std::sync::Arc;
use tokio::time::timeout;

/// What is wrong. Each reads as a whole sentence and holds neither user nor password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// Nobody answers there, or not in time.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What the system said.
        reason: String,
    },
    /// It does not let us in.
    #[error("{server} refuses the user or the password of the configured address")]
    Refused {
        /// Host and port.
        server: String,
    },
    /// It has no such database.
    #[error("{server} has no database {database:?}; create it first")]
    NoDatabase {
        /// Host and port.
        server: String,
        /// As configured.
        database: String,
    },
    /// It has none of our tables.
    #[error("the database {database:?} at {server} has not been migrated; run `gatecall migrate`")]
    NotMigrated {
        /// Host and port.
        server: String,
        /// Which.
        database: String,
    },
    /// It has not all of what this version needs.
    #[error(
        "the database {database:?} at {server} is older than this gatecall: migration {missing} is missing; run `gatecall migrate`"
    )]
    Older {
        /// Host and port.
        server: String,
        /// Which.
        database: String,
        /// The first migration that is missing.
        missing: i64,
    },
    /// A migration of it is not ours.
    #[error(
        "the database {database:?} at {server} was migrated by something else: its migration {version} is not this gatecall's"
    )]
    Foreign {
        /// Host and port.
        server: String,
        /// Which.
        database: String,
        /// The first migration that differs.
        version: i64,
    },
    /// The user may not do what the hub does.
    #[error(
        "the user of the configured address lacks rights in the database {database:?} at {server}: {what}"
    )]
    NoRights {
        /// Host and port.
        server: String,
        /// Which.
        database: String,
        /// What it may not, such as `UPDATE on feeds`.
        what: String,
    },
    /// Anything else, as the server or the driver says it.
    #[error("{server}: {reason}")]
    Other {
        /// Host and port.
        server: String,
        /// What was said.
        reason: String,
    },
}

/// What the hub does with its tables, and so must have the right to.
const RIGHTS: [(&str, &str); 19] = [
    ("_sqlx_migrations", "SELECT"),
    ("meta", "SELECT"),
    ("meta", "INSERT"),
    ("feeds", "SELECT"),
    ("feeds", "INSERT"),
    ("feeds", "UPDATE"),
    ("feed_keys", "SELECT"),
    ("feed_keys", "INSERT"),
    ("feed_keys", "UPDATE"),
    ("airline_changes", "SELECT"),
    ("airline_changes", "INSERT"),
    ("airport_changes", "SELECT"),
    ("airport_changes", "INSERT"),
    ("overrides", "SELECT"),
    ("overrides", "INSERT"),
    ("lease_holders", "SELECT"),
    ("lease_holders", "INSERT"),
    ("lease_holders", "UPDATE"),
    ("lease_holders", "DELETE"),
];

impl Postgres {
    /// Whether the hub could work with this database: reachable, let in, migrated, with all rights.
    /// A database that is newer than this version is fine: migrations only expand.
    pub async fn check(&self) -> Result<(), CheckError> {
        let inner = self.inner.clone();
        let checked = self.inner.home.run(async move { check(&inner).await }).await;
        checked.map_err(|e| CheckError::Other {
            server: self.inner.config.url.server(),
            reason: e.to_string(),
        })?
    }
}

async fn check(inner: &Arc<Inner>) -> Result<(), CheckError> {
    let config = &inner.config;
    let mut connection = connect(config).await?;
    let limit = config.limits.conversation();
    match timeout(limit, examine(config, &mut connection)).await {
        Ok(examined) => examined,
        Err(_) => Err(CheckError::Unreachable {
            server: config.url.server(),
            reason: format!("no answer within {limit:?}"),
        }),
    }
}

async fn examine(config: &PostgresConfig, connection: &mut PgConnection) -> Result<(), CheckError> {
    let (server, database) = (config.url.server(), config.url.database().to_owned());
    let said = |e: sqlx::Error| CheckError::of(config, &e);
    match standing(connection).await.map_err(said)? {
        Standing::Empty => return Err(CheckError::NotMigrated { server, database }),
        Standing::Older { missing } => return Err(CheckError::Older { server, database, missing }),
        Standing::Foreign { version } => return Err(CheckError::Foreign { server, database, version }),
        Standing::Good => {}
    }
    let lacking = rights_lacking(connection).await.map_err(said)?;
    if lacking.is_empty() {
        return Ok(());
    }
    Err(CheckError::NoRights { server, database, what: lacking.join(", ") })
}

async fn rights_lacking(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let (tables, rights): (Vec<String>, Vec<String>) =
        RIGHTS.iter().map(|(table, right)| ((*table).to_owned(), (*right).to_owned())).unzip();
    sqlx::query_scalar!(
        r#"SELECT n.needed || ' on ' || n.of_table AS "lacking!"
           FROM unnest($1::text[], $2::text[]) AS n (of_table, needed)
           WHERE NOT has_table_privilege(n.of_table, n.needed)"#,
        &tables,
        &rights,
    )
    .fetch_all(connection)
    .await
}

impl CheckError {
    /// What an error of the driver means.
    pub(super) fn of(config: &PostgresConfig, error: &sqlx::Error) -> Self {
        let (server, database) = (config.url.server(), config.url.database().to_owned());
        match error {
            sqlx::Error::Io(e) => Self::Unreachable { server, reason: e.to_string() },
            // While connections are refused, the pool tries until its time is up.
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
