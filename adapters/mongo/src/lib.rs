//! # MongoDB: the archive of several nodes
//!
//! Implements `Archive` and `Recorder`. On several nodes, raw messages, faults and changes become durable in Kafka first. A
//! reader of Kafka passes them in bulk to [`Recorder::record`](domain::ports::Recorder), behind the live path, and commits
//! its position afterwards. So the archive may be unavailable for hours without delaying any caller, and records that arrive
//! twice are stored once.
//!
//! | file | what |
//! |---|---|
//! | `client`, `config`, `uri`, `errors` | connections, limits, address, errors |
//! | `schema` | the collections and their indexes, declared |
//! | `migrate` | [`Mongo::migrate`] creates what is missing, [`Mongo::check`] reports it |
//! | `archive`, `recorder` | the ports |
//! | `documents` | records as documents, and back |
//! | `writes` | batches, duplicates, expiry |
//! | `queries` | history and quarantine |
//!
//! To store one more kind of record: a row in `schema`, its fields in `documents` with its natural key as `_id`, and a case in
//! the contract suite of its port.
//!
//! ## Retention
//!
//! Every document has `kept_until`: the real time of its writing plus the retention of its kind. An index lets MongoDB drop it
//! then. `received_at` and `at` cannot serve for that: they follow the operational clock, and a replayed day of years ago
//! would be gone within a minute. A changed retention applies to documents that are written afterwards.
//! [`Archive::expire`](domain::ports::Archive) drops by the operational clock, for tools.
//!
//! ## Failures
//!
//! - *MongoDB is unreachable or accepts no writes*: every call returns `Unavailable` within the time limit of a call, which is
//!   the sum of those for finding a server, connecting and the operation. The driver searches for servers all the time, and
//!   the next call after their return succeeds.
//! - *MongoDB stops answering on an open connection*: the same. The driver has no time limit for it, so this crate has one.
//! - *A write is interrupted*: documents that were written stay. When they are recorded again, they are ignored. When they are
//!   stored again by [`Archive::keep`](domain::ports::Archive), which has no keys, they exist twice.
//! - *More calls than [`MongoLimits::calls_max`]*: further calls return `Unavailable` at once.
//! - *User or password is wrong*: the error says so, unlike for hosts that do not answer.
//!
//! ## Requirements
//!
//! MongoDB 5.1 or newer (5.1 is the first that can add an expiry to an existing index), standalone or as a replica set. No
//! transactions, no change streams, no comparison of whole documents: only what other servers with MongoDB's protocol do
//! too. A sharded cluster works through its routers, but this crate chooses no shard keys.

mod archive;
mod client;
mod config;
mod documents;
mod errors;
mod migrate;
mod queries;
mod recorder;
mod schema;
#[cfg(test)]
mod tests;
mod uri;
mod writes;

pub use client::MongoOpenError;
pub use config::{
    CONNECT_MAX, CONNECTIONS_MAX, MongoConfig, MongoConfigError, MongoLimits, OPERATION_MAX, SELECTION_MAX,
};
pub use migrate::MongoCheckError;
pub use uri::MongoUri;

use chrono::{DateTime, Utc};
use documents::WriteStamp;
use domain::ports::StoreError;
use errors::CallError;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::{Collection, Database};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// The store's name in errors.
const STORE: &str = "MongoDB";

/// The archive. A clone is another handle on the same connections, which close with the last handle.
#[derive(Clone)]
pub struct Mongo {
    inner: Arc<Inner>,
}

struct Inner {
    config: MongoConfig,
    database: Database,
    /// Time limit of one call.
    call_max: Duration,
    calls: Arc<Semaphore>,
    /// The last order number.
    order: AtomicI64,
    /// The runtime of the drivers: the caller's may be any, or end at any time.
    runtime: Handle,
}

impl Mongo {
    fn collection(&self, name: &str) -> Collection<RawDocumentBuf> {
        self.inner.database.collection(name)
    }

    /// Runs a call on the runtime of the drivers, in bounded time.
    async fn call<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, CallError>> + Send + 'static,
    ) -> Result<T, CallError> {
        self.call_within(self.inner.call_max, work).await
    }

    async fn call_within<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, CallError>> + Send + 'static,
    ) -> Result<T, CallError> {
        let full = || CallError::Full(self.inner.config.limits.calls_max);
        let permit = self.inner.calls.clone().try_acquire_owned().map_err(|_| full())?;
        let bounded = async move {
            let outcome = tokio::time::timeout(limit, work).await;
            drop(permit);
            outcome.unwrap_or(Err(CallError::Late(limit)))
        };
        self.inner.runtime.spawn(bounded).await.unwrap_or(Err(CallError::Gone))
    }

    /// Runs CPU-bound work outside of the event loops.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CallError> {
        self.inner.runtime.spawn_blocking(work).await.map_err(|_| CallError::Gone)
    }

    fn map_error<T>(&self, outcome: Result<T, CallError>) -> Result<T, StoreError> {
        outcome.map_err(|failure| failure.into_store_error(&self.inner.config.uri))
    }

    /// The retention ends and order numbers of the next `things` records.
    fn stamp(&self, things: usize) -> WriteStamp {
        let MongoConfig { raw_kept, history_kept, real_time, .. } = &self.inner.config;
        let now = real_time();
        WriteStamp {
            raw_until: later(now, *raw_kept),
            history_until: later(now, *history_kept),
            order: self.inner.numbers(now, things),
        }
    }
}

impl Inner {
    /// The first of `things` rising numbers: microseconds of real time, or more if that does not rise. So
    /// the numbers of several writers follow roughly the order of their writing.
    fn numbers(&self, now: DateTime<Utc>, things: usize) -> i64 {
        let things = i64::try_from(things).unwrap_or(i64::MAX);
        let first = |last: i64| last.saturating_add(1).max(now.timestamp_micros());
        let next = |last| Some(first(last).saturating_add(things));
        // The closure always returns a value, so the update cannot fail.
        self.order.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).map_or(0, first)
    }
}

fn later(now: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    let by = chrono::TimeDelta::from_std(by).unwrap_or(chrono::TimeDelta::MAX);
    now.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
