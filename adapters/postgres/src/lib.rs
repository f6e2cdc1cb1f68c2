//! # PostgreSQL: the directory and the leases of several nodes
//!
//! Implements `Directory` and `Leases` for an installation of several nodes. The migrations and the rules for changing them
//! are in `adapters/postgres/migrations/`.
//!
//! | file | what |
//! |---|---|
//! | `client`, `config`, `errors` | connections and calls, limits, errors |
//! | `migrate`, `check` | [`Postgres::migrate`] brings a database up to date, [`Postgres::check`] reports what is wrong |
//! | `directory`, `directory_writes`, `feed_keys` | the port `Directory` |
//! | `leases` | the port `Leases` |
//!
//! - Queries are checked at compile time against `adapters/postgres/.sqlx`. The README beside the migrations says how to
//!   renew it after a change. To store one more kind of record: a migration, its queries, the rights in `check`, and a case
//!   in the contract suite of its port.
//! - All work runs on the runtime of the drivers, which the hub gives to [`Postgres::open`]: the runtime of the caller may be
//!   any, and a caller that stops waiting leaves nothing half done.
//! - Every call ends within [`PostgresLimits`], also when the server stops answering (`client`): a connection that did not
//!   answer in time is closed. While PostgreSQL is unreachable, calls return [`StoreError::Unavailable`]; the first call
//!   after its return succeeds. Nothing is retried here, because only the caller knows whether the result still matters.
//! - Writes that depend on a read (`directory_writes`, `feed_keys`) are serialised by a lock that ends with the transaction.
//!
//! ## Leases
//!
//! A lease is a session-level advisory lock on one connection that a node keeps for leases only (`leases`). If the connection
//! ends, for whatever reason, the node loses all leases at once.
//! [`Lease::still_held`](domain::ports::Lease::still_held) shows it after half a second, for which an earlier answer is
//! reused, plus `lease_ask`. A lease is advisory only: its holders must tolerate that two of them work at the same time.
//!
//! When a process ends, the server frees its leases at once. When a machine disappears from the network, the server probes
//! after 5 seconds of silence, 5 times in intervals of 2 seconds, and frees its leases **15 to 20 seconds** after the last
//! packet. These settings are made on every connection (`tcp_keepalives_*`, `tcp_user_timeout`) and need no change of the
//! configuration of the server.
//!
//! A pooler that hands a connection to another client after each transaction (mode `transaction` of PgBouncer) breaks
//! session-level locks. Between the hub and PostgreSQL there must be no pooler, or one in mode `session`.

mod check;
mod client;
mod config;
mod directory;
mod directory_writes;
mod errors;
mod feed_keys;
mod leases;
mod migrate;
#[cfg(test)]
mod tests;

pub use config::{InvalidPostgresUrl, PostgresConfig, PostgresLimits, PostgresUrl};
pub use errors::CheckError;
pub use migrate::MigrateFault;

use domain::ports::StoreError;
use leases::LeaseConnection;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection, PgPool};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// The store's name in errors.
const STORE: &str = "PostgreSQL";

/// Time after which an unused connection is closed.
const IDLE_MAX: Duration = Duration::from_secs(5 * 60);
/// Lifetime of a connection, so that changes of address or rights take effect.
const LIFETIME_MAX: Duration = Duration::from_secs(30 * 60);

/// Time limit for a connection to answer after its call; otherwise it is closed.
const RETURN_MAX: Duration = Duration::from_secs(2);

/// PostgreSQL. A clone is another handle on the same connections. With the last handle, leases and
/// connections end.
#[derive(Clone)]
pub struct Postgres {
    inner: Arc<Inner>,
}

struct Inner {
    config: PostgresConfig,
    pool: PgPool,
    leases: LeaseConnection,
    /// The runtime of the drivers: the caller's may be any, or end at any time.
    runtime: Handle,
}

impl Postgres {
    /// Prepares the connections and opens none: while the server is away, the calls say so. All work
    /// runs on `runtime`, which must have time and I/O and must live as long as the handles.
    pub fn open(config: PostgresConfig, runtime: Handle) -> Self {
        let pool = {
            let _context = runtime.enter();
            PgPoolOptions::new()
                .max_connections(config.limits.connections_max.max(1))
                .acquire_timeout(config.limits.acquire)
                .idle_timeout(IDLE_MAX)
                .max_lifetime(LIFETIME_MAX)
                .after_release(|connection, _| Box::pin(answers(connection)))
                .connect_lazy_with(config.options())
        };
        Self { inner: Arc::new(Inner { config, pool, leases: LeaseConnection::default(), runtime }) }
    }

    /// Releases all leases and closes all connections. Later calls on any handle return `Unavailable`,
    /// except requests for a lease, which open a new connection.
    pub async fn close(&self) {
        let inner = self.inner.clone();
        let closing = self.inner.run(async move {
            inner.leases.close().await;
            inner.pool.close().await;
        });
        // If the runtime has ended, so have all connections.
        let _ = closing.await;
    }
}

impl Inner {
    /// Runs work to its end on the runtime of the drivers, also when the caller stops waiting.
    fn run<T, W>(&self, work: W) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let task = self.runtime.spawn(work);
        let closed = || StoreError::Unavailable { store: STORE, reason: "it is closed".into() };
        async move { task.await.map_err(|_| closed()) }
    }
}

/// Whether a returned connection still answers. The pool asks that too, but without a time limit:
/// connections in a silent network would use up the pool until the system gives them up.
async fn answers(connection: &mut PgConnection) -> sqlx::Result<bool> {
    match tokio::time::timeout(RETURN_MAX, connection.ping()).await {
        Ok(answered) => answered.map(|()| true),
        // An error, because the pool would otherwise close the connection properly and wait for the
        // answer.
        Err(_) => Err(sqlx::Error::Protocol(format!("no answer within {RETURN_MAX:?}"))),
    }
}
