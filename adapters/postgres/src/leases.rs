//! The port `Leases`: session-level advisory locks on one connection that a node keeps for leases only.

use super::client::connect;
use super::errors::{no_answer, unavailable};
use super::{Inner, Postgres, STORE};
use domain::ports::{BoxFuture, Lease, Leases, StoreError, is_lease_name};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout};

/// How long a confirmation of the server is reused: a node with a thousand leases asks a few times a
/// second, not a thousand times.
const CONFIRMED_GOOD_FOR: Duration = Duration::from_millis(500);

/// The connection for the leases of this node.
#[derive(Default)]
pub(super) struct LeaseConnection {
    state: Mutex<LeaseState>,
}

#[derive(Default)]
struct LeaseState {
    /// `None` before the first lease, after the connection was lost, and while it is in use: an aborted
    /// use closes the connection, and with it every lock that it may have taken unnoticed.
    session: Option<LeaseSession>,
    /// Number of opened connections.
    opened: u64,
}

/// The connection and its leases.
struct LeaseSession {
    connection: PgConnection,
    number: u64,
    held: BTreeSet<Arc<str>>,
    /// When the server last confirmed the leases.
    confirmed_at: Instant,
}

impl Leases for Postgres {
    fn try_take(&self, name: Arc<str>) -> BoxFuture<'_, Result<Option<Box<dyn Lease>>, StoreError>> {
        let inner = self.inner.clone();
        Box::pin(async move {
            if !is_lease_name(&name) {
                return Ok(None);
            }
            let taking = inner.clone();
            let taken = inner.run(async move {
                // Created here, so that a lease whose caller is gone is released.
                let number = take(&taking, &name).await?;
                let lease =
                    number.map(|session| HeldLease { given: Some(Given { inner: taking, name, session }) });
                Ok::<_, StoreError>(lease)
            });
            Ok(taken.await??.map(|lease| Box::new(lease) as Box<dyn Lease>))
        })
    }
}

/// A granted lease.
struct HeldLease {
    /// `None` after the release has begun.
    given: Option<Given>,
}

#[derive(Clone)]
struct Given {
    inner: Arc<Inner>,
    name: Arc<str>,
    /// The number of the connection that holds the lease.
    session: u64,
}

impl Lease for HeldLease {
    fn still_held(&self) -> BoxFuture<'_, bool> {
        let given = self.given.clone();
        Box::pin(async move {
            let Some(given) = given else { return false };
            let inner = given.inner.clone();
            inner.run(async move { is_held(&given).await }).await.unwrap_or(false)
        })
    }

    fn release(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        let given = self.given.take();
        Box::pin(async move {
            let Some(given) = given else { return };
            let inner = given.inner.clone();
            // If the runtime has ended, so has the connection.
            let _ = inner.run(async move { give_back(&given).await }).await;
        })
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        if let Some(given) = self.given.take() {
            let inner = given.inner.clone();
            drop(inner.run(async move { give_back(&given).await }));
        }
    }
}

/// Takes a lease. Returns the number of the connection that holds it.
async fn take(inner: &Inner, name: &Arc<str>) -> Result<Option<u64>, StoreError> {
    let limits = &inner.config.limits;
    let mut state = waiting(inner, limits.connect + limits.lease_ask).await?;
    let (mut session, is_new) = match state.session.take() {
        Some(session) => (session, false),
        None => (state.open(inner).await?, true),
    };
    if session.held.contains(name) {
        state.session = Some(session);
        return Ok(None);
    }
    let mut asked = ask(inner, &mut session, name).await;
    if asked.is_err() && !is_new {
        // The connection ended unnoticed. Its leases are lost, but this one may be free.
        session = state.open(inner).await?;
        asked = ask(inner, &mut session, name).await;
    }
    let taken = asked?;
    let number = session.number;
    if taken {
        session.held.insert(name.clone());
    }
    state.session = Some(session);
    Ok(taken.then_some(number))
}

impl LeaseState {
    async fn open(&mut self, inner: &Inner) -> Result<LeaseSession, StoreError> {
        let connection = connect(&inner.config).await?;
        self.opened += 1;
        Ok(LeaseSession {
            connection,
            number: self.opened,
            held: BTreeSet::new(),
            confirmed_at: Instant::now(),
        })
    }
}

/// Asks the server for a lease. After an error the connection must not be used again.
async fn ask(inner: &Inner, session: &mut LeaseSession, name: &str) -> Result<bool, StoreError> {
    let limit = inner.config.limits.lease_ask;
    match timeout(limit, lock(inner, &mut session.connection, name)).await {
        Ok(Ok(taken)) => {
            session.confirmed_at = Instant::now();
            Ok(taken)
        }
        Ok(Err(e)) => Err(lost(session, unavailable(&inner.config, &e))),
        Err(_) => Err(lost(session, no_answer(&inner.config, limit))),
    }
}

async fn lock(inner: &Inner, connection: &mut PgConnection, name: &str) -> sqlx::Result<bool> {
    let taken = sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_lock(hashtextextended('gatecall/lease/' || $1::text, 0)) AS "taken!""#,
        name
    );
    let taken = taken.fetch_one(&mut *connection).await?;
    if taken {
        let noted = sqlx::query!(
            "INSERT INTO lease_holders (name, node, since) VALUES ($1, $2, now())
             ON CONFLICT (name) DO UPDATE SET node = excluded.node, since = excluded.since",
            name,
            &*inner.config.node,
        );
        ignore_database_errors(noted.execute(connection).await)?;
    }
    Ok(taken)
}

/// The table `lease_holders` is only for people, so a failed write to it does not fail the lease. A
/// broken connection does.
fn ignore_database_errors(written: sqlx::Result<sqlx::postgres::PgQueryResult>) -> sqlx::Result<()> {
    match written {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(e)) => {
            tracing::warn!(error = %e, "the holder of a lease could not be written to lease_holders");
            Ok(())
        }
        Err(e) => Err(e),
    }
}

/// Whether a lease is still held. Asks the server whether this session holds as many locks as it should:
/// behind a pooler, another session would hold others or none.
async fn is_held(given: &Given) -> bool {
    let inner = &given.inner;
    let limit = inner.config.limits.lease_ask;
    let Ok(mut state) = waiting(inner, limit).await else { return false };
    let Some(mut session) = state.session.take_if(|session| session.number == given.session) else {
        return false;
    };
    let is_held = session.held.contains(&given.name);
    if !is_held || session.confirmed_at.elapsed() < CONFIRMED_GOOD_FOR {
        state.session = Some(session);
        return is_held;
    }
    let locks = sqlx::query_scalar!(
        r#"SELECT count(*) AS "locks!" FROM pg_locks
           WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid = 1 AND granted"#
    );
    let reason = match timeout(limit, locks.fetch_one(&mut session.connection)).await {
        Ok(Ok(locks)) if usize::try_from(locks) == Ok(session.held.len()) => {
            session.confirmed_at = Instant::now();
            state.session = Some(session);
            return true;
        }
        Ok(Ok(locks)) => StoreError::Unavailable {
            store: STORE,
            reason: format!("the session holds {locks} locks, not {}", session.held.len()),
        },
        Ok(Err(e)) => unavailable(&inner.config, &e),
        Err(_) => no_answer(&inner.config, limit),
    };
    lost(&session, reason);
    false
}

/// Releases a lease. Waits for its turn without a limit, because all uses before it are bounded.
async fn give_back(given: &Given) {
    let inner = &given.inner;
    let mut state = inner.leases.state.lock().await;
    let Some(mut session) = state.session.take_if(|session| session.number == given.session) else { return };
    if !session.held.contains(&given.name) {
        state.session = Some(session);
        return;
    }
    let limit = inner.config.limits.lease_ask;
    match timeout(limit, unlock(inner, &mut session.connection, &given.name)).await {
        Ok(Ok(())) => {
            session.held.remove(&given.name);
            session.confirmed_at = Instant::now();
            state.session = Some(session);
        }
        Ok(Err(e)) => drop(lost(&session, unavailable(&inner.config, &e))),
        Err(_) => drop(lost(&session, no_answer(&inner.config, limit))),
    }
}

async fn unlock(inner: &Inner, connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    // Before the unlock, because the next holder writes the row again.
    let noted =
        sqlx::query!("DELETE FROM lease_holders WHERE name = $1 AND node = $2", name, &*inner.config.node);
    ignore_database_errors(noted.execute(&mut *connection).await)?;
    let unlocked = sqlx::query_scalar!(
        r#"SELECT pg_advisory_unlock(hashtextextended('gatecall/lease/' || $1::text, 0)) AS "unlocked!""#,
        name
    );
    let unlocked = unlocked.fetch_one(connection).await?;
    if unlocked {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol(format!("{name} was not locked by this session")))
    }
}

/// Waits for the lease connection, up to a limit.
async fn waiting(inner: &Inner, limit: Duration) -> Result<MutexGuard<'_, LeaseState>, StoreError> {
    let state = timeout(limit, inner.leases.state.lock()).await;
    state.map_err(|_| no_answer(&inner.config, limit))
}

/// Logs that the connection is given up with all its leases.
fn lost(session: &LeaseSession, reason: StoreError) -> StoreError {
    tracing::warn!(
        leases = session.held.len(),
        error = %reason,
        "the connection that holds this node's leases is lost, and the leases with it"
    );
    reason
}

impl LeaseConnection {
    /// Releases all leases by closing the connection.
    pub(super) async fn close(&self) {
        let session = self.state.lock().await.session.take();
        if let Some(session) = session {
            // If closing fails, the connection is gone all the same.
            let _ = timeout(CONFIRMED_GOOD_FOR, session.connection.close()).await;
        }
    }
}
