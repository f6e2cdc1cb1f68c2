//! Leases: session-level advisory locks on one connection that a node keeps for them alone.

use super::conversation::{connect, silent, unavailable};
use super::{Inner, Postgres, STORE};
use domain::ports::{BoxFuture, Lease, Leases, StoreError, is_lease_name};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, timeout};

/// What the server has confirmed is good for so long: a node with a thousand leases asks a few times
/// a second, not a thousand times.
const CONFIRMED_GOOD_FOR: Duration = Duration::from_millis(500);

/// Where a node takes its leases.
#[derive(Default)]
pub(super) struct LeaseDesk {
    desk: Mutex<Desk>,
}

#[derive(Default)]
struct Desk {
    /// `None` before the first lease, and after the connection was lost until the next is taken.
    /// Also while it is used: whatever ends that use before its time ends the connection, and with
    /// it all that it may have taken without our knowing.
    link: Option<Link>,
    /// Numbers of connections that were opened.
    opened: u64,
}

/// The connection, and what it holds.
struct Link {
    connection: PgConnection,
    number: u64,
    held: BTreeSet<Arc<str>>,
    /// When the server last said so.
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
            let taken = inner.home.run(async move {
                // Made here, so that a lease whose taker has gone away is given back.
                let number = take(&taking, &name).await?;
                let lease = number.map(|link| HeldLease { given: Some(Given { inner: taking, name, link }) });
                Ok::<_, StoreError>(lease)
            });
            Ok(taken.await??.map(|lease| Box::new(lease) as Box<dyn Lease>))
        })
    }
}

/// A lease that was given.
struct HeldLease {
    /// `None` once it is being given back.
    given: Option<Given>,
}

#[derive(Clone)]
struct Given {
    inner: Arc<Inner>,
    name: Arc<str>,
    /// The number of the connection that holds it.
    link: u64,
}

impl Lease for HeldLease {
    fn still_held(&self) -> BoxFuture<'_, bool> {
        let given = self.given.clone();
        Box::pin(async move {
            let Some(given) = given else { return false };
            let inner = given.inner.clone();
            inner.home.run(async move { is_held(&given).await }).await.unwrap_or(false)
        })
    }

    fn release(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        let given = self.given.take();
        Box::pin(async move {
            let Some(given) = given else { return };
            let inner = given.inner.clone();
            // Where its thread has ended, so has the connection.
            let _ = inner.home.run(async move { give_back(&given).await }).await;
        })
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        if let Some(given) = self.given.take() {
            let inner = given.inner.clone();
            drop(inner.home.run(async move { give_back(&given).await }));
        }
    }
}

/// Takes a lease. Answers the number of the connection that holds it.
async fn take(inner: &Inner, name: &Arc<str>) -> Result<Option<u64>, StoreError> {
    let limits = &inner.config.limits;
    let mut desk = waiting(inner, limits.connect + limits.lease_ask).await?;
    let (mut link, is_new) = match desk.link.take() {
        Some(link) => (link, false),
        None => (desk.open(inner).await?, true),
    };
    if link.held.contains(name) {
        desk.link = Some(link);
        return Ok(None);
    }
    let mut asked = ask(inner, &mut link, name).await;
    if asked.is_err() && !is_new {
        // It ended while nobody looked. Its leases are lost, but this one may be had.
        link = desk.open(inner).await?;
        asked = ask(inner, &mut link, name).await;
    }
    let taken = asked?;
    let number = link.number;
    if taken {
        link.held.insert(name.clone());
    }
    desk.link = Some(link);
    Ok(taken.then_some(number))
}

impl Desk {
    async fn open(&mut self, inner: &Inner) -> Result<Link, StoreError> {
        let connection = connect(&inner.config).await?;
        self.opened += 1;
        Ok(Link { connection, number: self.opened, held: BTreeSet::new(), confirmed_at: Instant::now() })
    }
}

/// Asks the server for a lease. After an error the connection is not to be used any more.
async fn ask(inner: &Inner, link: &mut Link, name: &str) -> Result<bool, StoreError> {
    let limit = inner.config.limits.lease_ask;
    match timeout(limit, lock(inner, &mut link.connection, name)).await {
        Ok(Ok(taken)) => {
            link.confirmed_at = Instant::now();
            Ok(taken)
        }
        Ok(Err(e)) => Err(lost(link, unavailable(&inner.config, &e))),
        Err(_) => Err(lost(link, silent(&inner.config, limit))),
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
        for_people_only(noted.execute(connection).await)?;
    }
    Ok(taken)
}

/// The table of holders is for people to see: that it cannot be written is no reason to have no
/// lease. That the connection is broken is.
fn for_people_only(written: sqlx::Result<sqlx::postgres::PgQueryResult>) -> sqlx::Result<()> {
    match written {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(e)) => {
            tracing::warn!(error = %e, "who holds a lease could not be noted in lease_holders");
            Ok(())
        }
        Err(e) => Err(e),
    }
}

/// Whether a lease is still held. Asks the server whether this very session holds as many locks as
/// it should: another session, behind a pooler, would hold others or none.
async fn is_held(given: &Given) -> bool {
    let inner = &given.inner;
    let limit = inner.config.limits.lease_ask;
    let Ok(mut desk) = waiting(inner, limit).await else { return false };
    let Some(mut link) = desk.link.take_if(|link| link.number == given.link) else { return false };
    let is_held = link.held.contains(&given.name);
    if !is_held || link.confirmed_at.elapsed() < CONFIRMED_GOOD_FOR {
        desk.link = Some(link);
        return is_held;
    }
    let locks = sqlx::query_scalar!(
        r#"SELECT count(*) AS "locks!" FROM pg_locks
           WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid = 1 AND granted"#
    );
    let reason = match timeout(limit, locks.fetch_one(&mut link.connection)).await {
        Ok(Ok(locks)) if usize::try_from(locks) == Ok(link.held.len()) => {
            link.confirmed_at = Instant::now();
            desk.link = Some(link);
            return true;
        }
        Ok(Ok(locks)) => StoreError::Unavailable {
            store: STORE,
            reason: format!("the session holds {locks} locks, not {}", link.held.len()),
        },
        Ok(Err(e)) => unavailable(&inner.config, &e),
        Err(_) => silent(&inner.config, limit),
    };
    lost(&link, reason);
    false
}

/// Gives a lease back. Waits for its turn however long that takes: those before it are bounded.
async fn give_back(given: &Given) {
    let inner = &given.inner;
    let mut desk = inner.leases.desk.lock().await;
    let Some(mut link) = desk.link.take_if(|link| link.number == given.link) else { return };
    if !link.held.contains(&given.name) {
        desk.link = Some(link);
        return;
    }
    let limit = inner.config.limits.lease_ask;
    match timeout(limit, unlock(inner, &mut link.connection, &given.name)).await {
        Ok(Ok(())) => {
            link.held.remove(&given.name);
            link.confirmed_at = Instant::now();
            desk.link = Some(link);
        }
        Ok(Err(e)) => drop(lost(&link, unavailable(&inner.config, &e))),
        Err(_) => drop(lost(&link, silent(&inner.config, limit))),
    }
}

async fn unlock(inner: &Inner, connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    // First, as whoever takes the lease next writes the row anew.
    let noted =
        sqlx::query!("DELETE FROM lease_holders WHERE name = $1 AND node = $2", name, &*inner.config.node);
    for_people_only(noted.execute(&mut *connection).await)?;
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

/// Waits for the desk, and not for ever.
async fn waiting(inner: &Inner, limit: Duration) -> Result<MutexGuard<'_, Desk>, StoreError> {
    let desk = timeout(limit, inner.leases.desk.lock()).await;
    desk.map_err(|_| silent(&inner.config, limit))
}

/// Says once that the connection is given up, with all that it held.
fn lost(link: &Link, reason: StoreError) -> StoreError {
    tracing::warn!(
        leases = link.held.len(),
        error = %reason,
        "the connection that holds this node's leases is lost, and the leases with it"
    );
    reason
}

impl LeaseDesk {
    /// Gives all back by closing the connection.
    pub(super) async fn close(&self) {
        let link = self.desk.lock().await.link.take();
        if let Some(link) = link {
            // Should the goodbye fail, the connection is gone all the same.
            let _ = timeout(CONFIRMED_GOOD_FOR, link.connection.close()).await;
        }
    }
}
