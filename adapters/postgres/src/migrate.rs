//! Brings the database up to date. The rules are in `adapters/postgres/migrations/README.md`.

use super::client::connect_with;
use super::errors::CheckError;
use super::{Inner, Postgres};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a node waits for another one that migrates.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(300);
/// Pause between two attempts.
const LOCK_RETRY: Duration = Duration::from_millis(200);
/// Time limit of all migrations.
const MIGRATIONS_MAX: Duration = Duration::from_secs(3600);
/// Time limit of one statement of a migration.
const STATEMENT_MAX: Duration = Duration::from_secs(1800);
/// How long a statement waits for a lock: all other statements would queue behind it.
const LOCK_MAX: Duration = Duration::from_secs(30);

/// Why the database could not be migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateFault {
    /// The database is unusable.
    #[error(transparent)]
    Database(#[from] CheckError),
    /// Another node migrates, or died while it did and the server has not noticed.
    #[error("another node has been migrating this database for {} s; see `gatecall/migrate` among its locks", LOCK_WAIT_MAX.as_secs())]
    Busy,
    /// The migrations took too long.
    #[error("the migrations were not done within {} s; what was begun is rolled back", MIGRATIONS_MAX.as_secs())]
    TooLong,
    /// A migration failed and was rolled back. Earlier ones stay.
    #[error("migration {version} failed and was rolled back: {reason}")]
    Failed {
        /// The migration.
        version: i64,
        /// The error of the server.
        reason: String,
    },
}

/// How the schema of a database compares with this version.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SchemaState {
    /// It has everything, and maybe more.
    Current,
    /// It was never migrated.
    Empty,
    /// This migration, the first missing one, has not run.
    Older { missing: i64 },
    /// This migration ran with another text.
    Foreign { version: i64 },
}

fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!();
    // A newer database only has more than this version needs.
    migrations.set_ignore_missing(true);
    // sqlx waits for its lock in a statement, which the statement time-out would end. This crate has a
    // lock of its own.
    migrations.set_locking(false);
    migrations
}

impl Postgres {
    /// Runs the missing migrations. Several nodes may call it at once: one does the work, the others
    /// wait. If something is missing, it needs the right to create tables.
    pub async fn migrate(&self) -> Result<(), MigrateFault> {
        let inner = self.inner.clone();
        let server = self.inner.config.url.server();
        let done = self.inner.run(async move { migrate(&inner).await }).await;
        done.map_err(|e| CheckError::Other { server, reason: e.to_string() })?
    }
}

async fn migrate(inner: &Arc<Inner>) -> Result<(), MigrateFault> {
    let config = &inner.config;
    let mut connection = connect_with(config, STATEMENT_MAX, LOCK_MAX).await?;
    let fault = |e: &sqlx::Error| MigrateFault::Database(CheckError::of(config, e));
    let turn = timeout(LOCK_WAIT_MAX, lock_migrations(&mut connection)).await;
    turn.map_err(|_| MigrateFault::Busy)?.map_err(|e| fault(&e))?;
    if schema_state(&mut connection).await.map_err(|e| fault(&e))? == SchemaState::Current {
        // Checked first, because a node may have the rights to work but not to create tables.
        return Ok(());
    }
    let run = timeout(MIGRATIONS_MAX, migrations().run_direct(None, &mut connection, false)).await;
    run.map_err(|_| MigrateFault::TooLong)?.map_err(|e| match e {
        MigrateError::Execute(e) => fault(&e),
        MigrateError::ExecuteMigration(e, version) => {
            MigrateFault::Failed { version, reason: CheckError::of(config, &e).to_string() }
        }
        MigrateError::VersionMismatch(version) => {
            let (server, database) = (config.url.server(), config.url.database().to_owned());
            CheckError::Foreign { server, database, version }.into()
        }
        other => CheckError::Other { server: config.url.server(), reason: other.to_string() }.into(),
    })?;
    // The lock ends with the connection; if closing fails, a moment later.
    let _ = timeout(config.limits.connect, connection.close()).await;
    Ok(())
}

/// Waits until no other node migrates this database.
async fn lock_migrations(connection: &mut PgConnection) -> sqlx::Result<()> {
    loop {
        let taken = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_lock(hashtextextended('gatecall/migrate', 0)) AS "taken!""#
        );
        if taken.fetch_one(&mut *connection).await? {
            return Ok(());
        }
        tokio::time::sleep(LOCK_RETRY).await;
    }
}

/// Reads which migrations have run.
pub(super) async fn schema_state(connection: &mut PgConnection) -> sqlx::Result<SchemaState> {
    let is_there = sqlx::query_scalar!(r#"SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS "there!""#);
    if !is_there.fetch_one(&mut *connection).await? {
        return Ok(SchemaState::Empty);
    }
    let run = sqlx::query!("SELECT version, checksum FROM _sqlx_migrations WHERE success");
    let run: BTreeMap<i64, Vec<u8>> =
        run.fetch_all(connection).await?.into_iter().map(|row| (row.version, row.checksum)).collect();
    if run.is_empty() {
        return Ok(SchemaState::Empty);
    }
    for migration in migrations().iter() {
        match run.get(&migration.version) {
            None => return Ok(SchemaState::Older { missing: migration.version }),
            Some(checksum) if **checksum != *migration.checksum => {
                return Ok(SchemaState::Foreign { version: migration.version });
            }
            Some(_) => {}
        }
    }
    Ok(SchemaState::Current)
}
