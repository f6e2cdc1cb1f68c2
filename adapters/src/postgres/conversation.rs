//! One call: a connection, some statements, an answer, all in bounded time.

use super::check::CheckError;
use super::config::PostgresConfig;
use super::{Inner, Postgres, STORE};
use domain::ports::StoreError;
use futures_util::future::BoxFuture;
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

impl Postgres {
    /// Runs some statements on a connection of the pool.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, sqlx::Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.inner.clone();
        self.inner.home.run(async move { converse(&inner, work).await }).await?
    }
}

async fn converse<T>(
    inner: &Arc<Inner>,
    work: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, sqlx::Result<T>>,
) -> Result<T, StoreError> {
    let mut connection = inner.pool.acquire().await.map_err(|e| unavailable(&inner.config, &e))?;
    let limit = inner.config.limits.conversation();
    match timeout(limit, work(&mut connection)).await {
        Ok(outcome) => outcome.map_err(|e| unavailable(&inner.config, &e)),
        Err(_) => {
            // It owes an answer that nobody wants any more; the server ends what it is at when it
            // finds the connection gone.
            drop(connection.detach());
            Err(silent(&inner.config, limit))
        }
    }
}

/// Opens a connection outside the pool.
pub(super) async fn connect(config: &PostgresConfig) -> Result<PgConnection, CheckError> {
    connect_with(config, config.limits.statement, config.limits.lock).await
}

/// The same with time-outs of its own.
pub(super) async fn connect_with(
    config: &PostgresConfig,
    statement: Duration,
    lock: Duration,
) -> Result<PgConnection, CheckError> {
    let options = config.options_with(statement, lock);
    match timeout(config.limits.connect, PgConnection::connect_with(&options)).await {
        Ok(connected) => connected.map_err(|e| CheckError::of(config, &e)),
        Err(_) => Err(CheckError::Unreachable {
            server: config.url.server(),
            reason: format!("no answer within {:?}", config.limits.connect),
        }),
    }
}

/// What PostgreSQL says, or what keeps it from saying anything, in the words of the port.
pub(super) fn unavailable(config: &PostgresConfig, error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => unreadable(error.to_string()),
        _ => CheckError::of(config, error).into(),
    }
}

pub(super) fn unreadable(reason: String) -> StoreError {
    StoreError::Unreadable { store: STORE, reason }
}

/// The answer where there was none in time.
pub(super) fn silent(config: &PostgresConfig, limit: Duration) -> StoreError {
    let reason = format!("{} has not answered within {limit:?}", config.url.server());
    StoreError::Unavailable { store: STORE, reason }
}

impl From<CheckError> for StoreError {
    fn from(error: CheckError) -> Self {
        Self::Unavailable { store: STORE, reason: error.to_string() }
    }
}
