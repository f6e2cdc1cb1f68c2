//! # The archive at scale: MongoDB
//!
//! Answers `Archive` and `Recorder`. In a cluster, raw messages, faults and changes are durable in a
//! journal first; what reads that journal gives them to [`Recorder::record`](domain::ports::Recorder)
//! in bulk, behind the live path, and only then goes on. So the archive may be away for hours without
//! anybody waiting for it, and what is given twice is kept once.
//!
//! | file | what |
//! |---|---|
//! | `uri`, `config` | where it is, and every bound; passwords are not shown |
//! | `schema` | the collections and their indexes, declared |
//! | `migrate` | [`Mongo::migrate`] brings a database there, [`Mongo::check`] says what is missing |
//! | `documents` | the port's types as documents, and back |
//! | `write` | batches, what is known already, expiry |
//! | `read` | history and quarantine |
//! | `words` | the driver's errors, in words |
//! | `start` | the adapter's own thread; `ports` the traits |
//!
//! To keep one more kind of thing: a row in `schema`, its fields in `documents` with its natural key
//! as `_id`, a case in the suite of the port.
//!
//! ## How long things stay
//!
//! Every document has `kept_until`, real time of its writing and the retention of its kind, and an
//! index by which MongoDB drops it then. It cannot be `received_at` or `at`: these follow the
//! operational clock, and a day of years ago that is replayed would be gone within a minute. Another
//! retention counts for what is written from then on. [`Archive::expire`](domain::ports::Archive)
//! drops by the operational clock, for tools.
//!
//! ## What goes wrong, and what then
//!
//! - *MongoDB is away, or takes no writes*: every call is answered `Unavailable` within the time of a
//!   call, which is that of finding a server, of connecting and of the operation together. The driver
//!   looks for the servers all the time, and the next call after their return succeeds.
//! - *It answers no more, but the connection stands*: the same; the driver has no time-out for that,
//!   the adapter has.
//! - *A write is half done*: documents that went in stay. Recorded again, they are passed over; kept
//!   again by [`Archive::keep`](domain::ports::Archive), which knows no keys, they are there twice.
//! - *More calls than [`MongoLimits::calls_max`]*: one more is answered `Unavailable` at once.
//! - *User or password are wrong*: the words say so, as opposed to hosts that do not answer.
//!
//! ## What it asks of the server
//!
//! MongoDB 5.1 or newer (5.1 is the first that can change how long an index keeps where it kept for
//! ever), alone or as a replica set. No transactions, no change streams, no comparison of whole
//! documents: only what servers that speak MongoDB's protocol do likewise. A sharded cluster works by
//! its routers, but no shard keys are chosen here.

mod config;
mod documents;
mod migrate;
mod ports;
mod read;
mod schema;
mod start;
#[cfg(test)]
mod tests;
mod uri;
mod words;
mod write;

pub use config::{
    CONNECT_MAX, CONNECTIONS_MAX, MongoConfig, MongoConfigError, MongoLimits, OPERATION_MAX, SELECTION_MAX,
};
pub use migrate::MongoFault;
pub use start::MongoOpenError;
pub use uri::MongoUri;

use chrono::{DateTime, Utc};
use documents::Stamp;
use domain::ports::StoreError;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::{Collection, Database};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use words::Failure;

/// The store's name in errors.
const STORE: &str = "MongoDB";

/// The archive. A clone is another handle on the same; with the last, its connections are closed.
#[derive(Clone)]
pub struct Mongo {
    inner: Arc<Inner>,
}

struct Inner {
    config: MongoConfig,
    database: Database,
    /// Longest that one call may take, all in all.
    call_max: Duration,
    calls: Arc<Semaphore>,
    /// The last number given to something written.
    order: AtomicI64,
    /// The driver lives on a thread of its own: the caller's runtime may be any, or end at any time.
    runtime: tokio::runtime::Handle,
    /// Dropped with the last handle, which ends that thread.
    _alive: oneshot::Sender<()>,
}

impl Mongo {
    fn collection(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.inner.database.collection(name)
    }

    /// A conversation with the server on the adapter's own runtime, in bounded time.
    async fn call<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        self.call_within(self.inner.call_max, work).await
    }

    async fn call_within<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let full = || Failure::Full(self.inner.config.limits.calls_max);
        let place = self.inner.calls.clone().try_acquire_owned().map_err(|_| full())?;
        let bounded = async move {
            let outcome = tokio::time::timeout(limit, work).await;
            drop(place);
            outcome.unwrap_or(Err(Failure::Late(limit)))
        };
        self.inner.runtime.spawn(bounded).await.unwrap_or(Err(Failure::Gone))
    }

    /// Work for the processor, away from everybody's loop.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        self.inner.runtime.spawn_blocking(work).await.map_err(|_| Failure::Gone)
    }

    fn in_words<T>(&self, outcome: Result<T, Failure>) -> Result<T, StoreError> {
        outcome.map_err(|failure| failure.into_store_error(&self.inner.config.uri))
    }

    /// What the next `things` that are written need.
    fn stamp(&self, things: usize) -> Stamp {
        let MongoConfig { raw_kept, history_kept, real_time, .. } = &self.inner.config;
        let now = real_time();
        Stamp {
            raw_until: later(now, *raw_kept),
            history_until: later(now, *history_kept),
            order: self.inner.numbers(now, things),
        }
    }
}

impl Inner {
    /// The first of `things` numbers that rise: microseconds of real time, or more where that does
    /// not rise. Several writers' numbers are thereby about in the order of their writing.
    fn numbers(&self, now: DateTime<Utc>, things: usize) -> i64 {
        let things = i64::try_from(things).unwrap_or(i64::MAX);
        let first = |last: i64| last.saturating_add(1).max(now.timestamp_micros());
        let next = |last| Some(first(last).saturating_add(things));
        // The update always has a next value, so that there is always a last one.
        self.order.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).map_or(0, first)
    }
}

fn later(now: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    let by = chrono::TimeDelta::from_std(by).unwrap_or(chrono::TimeDelta::MAX);
    now.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
