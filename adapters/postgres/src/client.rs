//! Connections and calls: a call gets a connection, runs some statements and returns, all in bounded time.

use super::config::PostgresConfig;
use super::errors::{CheckError, no_answer, unavailable};
use super::{Inner, Postgres};
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
        self.inner.run(async move { run_call(&inner, work).await }).await?
    }
}

async fn run_call<T>(
    inner: &Arc<Inner>,
    work: impl for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, sqlx::Result<T>>,
) -> Result<T, StoreError> {
    let mut connection = inner.pool.acquire().await.map_err(|e| unavailable(&inner.config, &e))?;
    let limit = inner.config.limits.call_max();
    match timeout(limit, work(&mut connection)).await {
        Ok(outcome) => outcome.map_err(|e| unavailable(&inner.config, &e)),
        Err(_) => {
            // The connection still waits for an answer that no caller wants. The server ends its work
            // when it notices that the connection is gone.
            drop(connection.detach());
            Err(no_answer(&inner.config, limit))
        }
    }
}

/// Opens a connection outside the pool.
pub(super) async fn connect(config: &PostgresConfig) -> Result<PgConnection, CheckError> {
    connect_with(config, config.limits.statement, config.limits.lock).await
}

/// Opens a connection outside the pool, with other time limits.
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
