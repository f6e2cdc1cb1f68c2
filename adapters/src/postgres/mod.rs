//! # PostgreSQL: the directory and the leases of several nodes
//!
//! Answers `Directory` and `Leases` for an installation of more than one node. Its tables and the
//! rules of changing them are in `adapters/migrations/postgres/`.
//!
//! - Queries are checked at compile time against `adapters/.sqlx`; the README beside the migrations
//!   says how to renew that.
//! - All conversation happens on a thread of its own (`home`), so that the caller's runtime may be any,
//!   and a caller that goes away leaves nothing half done.
//! - Every call ends within the limits of [`PostgresLimits`], also where the server has fallen silent
//!   (`conversation`): a connection that answered too late is thrown away. While PostgreSQL is away,
//!   calls answer [`StoreError::Unavailable`]; the first call after it is back works. Nothing is
//!   retried here, as only the caller knows whether it still wants it.
//! - What is decided by looking first (`decisions`, `keys`) is put in turn by a lock that ends with the
//!   transaction.
//!
//! ## Leases
//!
//! A lease is a session-level advisory lock on one connection that a node keeps for that alone
//! (`lease`). If that connection ends, for whatever reason, all leases of the node are lost at once,
//! and [`Lease::still_held`](domain::ports::Lease::still_held) says so within half a second, for which an
//! earlier answer is good, and `lease_ask`.
//!
//! When a process ends, the server frees its leases at once. A machine that vanishes from the network
//! says nothing: the server asks after 5 seconds of silence, 5 times 2 seconds apart, and frees its
//! leases **15 to 20 seconds** after the last sign of life. That is set on every connection
//! (`tcp_keepalives_*`, `tcp_user_timeout`) and needs no change of the server's configuration.
//!
//! A pooler that hands a connection to another client after each transaction (PgBouncer's
//! `transaction` mode) breaks session-level locks. Between the hub and PostgreSQL there must be none,
//! or one in `session` mode.

mod check;
mod config;
mod conversation;
mod decisions;
mod directory;
mod home;
mod keys;
mod lease;
mod migrate;
#[cfg(test)]
mod tests;

pub use check::CheckError;
pub use config::{InvalidPostgresUrl, PostgresConfig, PostgresLimits, PostgresUrl};
pub use migrate::MigrateFault;

use domain::ports::StoreError;
use home::Home;
use lease::LeaseDesk;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection, PgPool};
use std::sync::Arc;
use std::time::Duration;

/// The store's name in errors.
const STORE: &str = "PostgreSQL";

/// A connection that nobody has used for so long is closed.
const IDLE_MAX: Duration = Duration::from_secs(5 * 60);
/// A connection is closed after so long, so that a change of address or rights is found.
const LIFETIME_MAX: Duration = Duration::from_secs(30 * 60);

/// A connection that does not answer so soon after its call is closed.
const RETURN_MAX: Duration = Duration::from_secs(2);

/// PostgreSQL. A clone is another handle on the same; when the last is dropped, its leases and its
/// connections go with it.
#[derive(Clone)]
pub struct Postgres {
    inner: Arc<Inner>,
}

struct Inner {
    config: PostgresConfig,
    pool: PgPool,
    leases: LeaseDesk,
    home: Home,
}

impl Postgres {
    /// Makes ready without asking the server anything: that it is away is told by whatever is called
    /// next. Fails only where the system gives no thread.
    pub fn open(config: PostgresConfig) -> Result<Self, StoreError> {
        let home = Home::start().map_err(|e| StoreError::Unavailable {
            store: STORE,
            reason: format!("there is no thread to speak with it: {e}"),
        })?;
        let pool = home.within(|| {
            PgPoolOptions::new()
                .max_connections(config.limits.connections_max.max(1))
                .acquire_timeout(config.limits.acquire)
                .idle_timeout(IDLE_MAX)
                .max_lifetime(LIFETIME_MAX)
                .after_release(|connection, _| Box::pin(answers(connection)))
                .connect_lazy_with(config.options())
        });
        Ok(Self { inner: Arc::new(Inner { config, pool, leases: LeaseDesk::default(), home }) })
    }

    /// Gives all leases back and closes all connections. Later calls on any handle answer
    /// `Unavailable`, but for those that ask for a lease: they make a new connection.
    pub async fn close(&self) {
        let inner = self.inner.clone();
        let closing = self.inner.home.run(async move {
            inner.leases.close().await;
            inner.pool.close().await;
        });
        // Its end without an answer is the end of the thread, and with it of all connections.
        let _ = closing.await;
    }
}

/// Whether a connection that comes back still answers. The pool asks that too, but without a time-out:
/// connections that met a silent network would take up its places until the system gives them up.
async fn answers(connection: &mut PgConnection) -> sqlx::Result<bool> {
    match tokio::time::timeout(RETURN_MAX, connection.ping()).await {
        Ok(answered) => answered.map(|()| true),
        // An error, as the pool would otherwise say goodbye, and wait for the answer to that.
        Err(_) => Err(sqlx::Error::Protocol(format!("no answer within {RETURN_MAX:?}"))),
    }
}
