//! Checks whether the hub can work with the database.

use super::client::connect;
use super::config::PostgresConfig;
use super::errors::CheckError;
use super::migrate::{SchemaState, schema_state};
use super::{Inner, Postgres};
use sqlx::PgConnection;
use std::sync::Arc;
use tokio::time::timeout;

/// The rights that the hub needs on its tables.
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
    /// Whether the hub can work with this database: it is reachable, accepts the user, is migrated and
    /// grants all rights. A database that is newer than this version is accepted, because migrations only
    /// expand.
    pub async fn check(&self) -> Result<(), CheckError> {
        let inner = self.inner.clone();
        let checked = self.inner.run(async move { check(&inner).await }).await;
        checked.map_err(|e| CheckError::Other {
            server: self.inner.config.url.server(),
            reason: e.to_string(),
        })?
    }
}

async fn check(inner: &Arc<Inner>) -> Result<(), CheckError> {
    let config = &inner.config;
    let mut connection = connect(config).await?;
    let limit = config.limits.call_max();
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
    let fault = |e: sqlx::Error| CheckError::of(config, &e);
    match schema_state(connection).await.map_err(fault)? {
        SchemaState::Empty => return Err(CheckError::NotMigrated { server, database }),
        SchemaState::Older { missing } => return Err(CheckError::Older { server, database, missing }),
        SchemaState::Foreign { version } => return Err(CheckError::Foreign { server, database, version }),
        SchemaState::Current => {}
    }
    let lacking = rights_lacking(connection).await.map_err(fault)?;
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
