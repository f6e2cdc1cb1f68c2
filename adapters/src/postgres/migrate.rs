//! Brings the database up to date. The rules are in `adapters/migrations/postgres/README.md`.

use super::check::CheckError;
use super::conversation::connect_with;
use super::{Inner, Postgres};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long a node waits for another that is migrating.
const TURN_MAX: Duration = Duration::from_secs(300);
/// Between two looks whether it is done.
const TURN_STEP: Duration = Duration::from_millis(200);
/// How long all migrations may take.
const MIGRATIONS_MAX: Duration = Duration::from_secs(3600);
/// How long one statement of a migration may take.
const STATEMENT_MAX: Duration = Duration::from_secs(1800);
/// How long one waits for a lock: behind it everybody else would wait as well.
const LOCK_MAX: Duration = Duration::from_secs(30);

/// Why the database could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateFault {
    /// It cannot be worked with at all.
    #[error(transparent)]
    Database(#[from] CheckError),
    /// Another node is at it, or died while it was and the server has not noticed.
    #[error("another node has been migrating this database for {} s; see `gatecall/migrate` among its locks", TURN_MAX.as_secs())]
    Busy,
    /// They took too long.
    #[error("the migrations were not done within {} s; what was begun is taken back", MIGRATIONS_MAX.as_secs())]
    TooLong,
    /// One failed and was taken back as a whole; those before it stay.
    #[error("migration {version} failed and was taken back: {reason}")]
    Failed {
        /// Which.
        version: i64,
        /// What the server said.
        reason: String,
    },
}

/// How a database stands to what this version needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has everything, and maybe more.
    Good,
    /// It was never migrated.
    Empty,
    /// This migration, the first that is missing, has not been run.
    Older { missing: i64 },
    /// This migration was run from another text.
    Foreign { version: i64 },
}

fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("migrations/postgres");
    // A database that is newer than we are only has more than we need.
    migrations.set_ignore_missing(true);
    // It waits for its turn in a statement, which ends by the time-out of statements. We have our own.
    migrations.set_locking(false);
    migrations
}

impl Postgres {
    /// Runs the migrations that are missing. Several nodes may do so at once: one does the work, the
    /// others wait for it. Where something is to be done, it takes the right to make tables.
    pub async fn migrate(&self) -> Result<(), MigrateFault> {
        let inner = self.inner.clone();
        let server = self.inner.config.url.server();
        let done = self.inner.home.run(async move { migrate(&inner).await }).await;
        done.map_err(|e| CheckError::Other { server, reason: e.to_string() })?
    }
}

async fn migrate(inner: &Arc<Inner>) -> Result<(), MigrateFault> {
    let config = &inner.config;
    let mut connection = connect_with(config, STATEMENT_MAX, LOCK_MAX).await?;
    let said = |e: &sqlx::Error| MigrateFault::Database(CheckError::of(config, e));
    let turn = timeout(TURN_MAX, await_turn(&mut connection)).await;
    turn.map_err(|_| MigrateFault::Busy)?.map_err(|e| said(&e))?;
    if standing(&mut connection).await.map_err(|e| said(&e))? == Standing::Good {
        // Asked first, as a node may have the rights to work and not those to make tables.
        return Ok(());
    }
    let run = timeout(MIGRATIONS_MAX, migrations().run_direct(None, &mut connection, false)).await;
    run.map_err(|_| MigrateFault::TooLong)?.map_err(|e| match e {
        MigrateError::Execute(e) => said(&e),
        MigrateError::ExecuteMigration(e, version) => {
            MigrateFault::Failed { version, reason: CheckError::of(config, &e).to_string() }
        }
        MigrateError::VersionMismatch(version) => {
            let (server, database) = (config.url.server(), config.url.database().to_owned());
            CheckError::Foreign { server, database, version }.into()
        }
        other => CheckError::Other { server: config.url.server(), reason: other.to_string() }.into(),
    })?;
    // With the connection the lock goes; should the goodbye fail, it goes a moment later.
    let _ = timeout(config.limits.connect, connection.close()).await;
    Ok(())
}

/// Waits until nobody else migrates this database.
async fn await_turn(connection: &mut PgConnection) -> sqlx::Result<()> {
    loop {
        let taken = sqlx::query_scalar!(
            r#"SELECT pg_try_advisory_lock(hashtextextended('gatecall/migrate', 0)) AS "taken!""#
        );
        if taken.fetch_one(&mut *connection).await? {
            return Ok(());
        }
        tokio::time::sleep(TURN_STEP).await;
    }
}

/// Looks which migrations have been run.
pub(super) async fn standing(connection: &mut PgConnection) -> sqlx::Result<Standing> {
    let is_there = sqlx::query_scalar!(r#"SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS "there!""#);
    if !is_there.fetch_one(&mut *connection).await? {
        return Ok(Standing::Empty);
    }
    let run = sqlx::query!("SELECT version, checksum FROM _sqlx_migrations WHERE success");
    let run: BTreeMap<i64, Vec<u8>> =
        run.fetch_all(connection).await?.into_iter().map(|row| (row.version, row.checksum)).collect();
    if run.is_empty() {
        return Ok(Standing::Empty);
    }
    for migration in migrations().iter() {
        match run.get(&migration.version) {
            None => return Ok(Standing::Older { missing: migration.version }),
            Some(checksum) if **checksum != *migration.checksum => {
                return Ok(Standing::Foreign { version: migration.version });
            }
            Some(_) => {}
        }
    }
    Ok(Standing::Good)
}
