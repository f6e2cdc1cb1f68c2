//! # The embedded store: one folder, one file, no server
//!
//! SQLite in WAL mode implements `ChangeLog`, `Archive`, `Directory` and `Leases` for one hub on one machine. A write that
//! has succeeded is on the disk ([`Durability`]): kill -9 at any moment does not lose it.
//!
//! ## How a change becomes durable
//!
//! 1. `append` encodes its entries on the thread of the caller and waits for a place in the queue (`write_queue`).
//! 2. The writer (`writer`), one task on a thread of its own, gathers everything that waits into a plan (`commit_plan`).
//!    It checks revisions against an index in memory (`index`), so a second owner of a flight gets `Conflict`.
//! 3. The plan is one transaction (`commit`): a row of compressed states at the end of the log (`segment`), and a row for
//!    each change at the end of `changes`. Nothing is updated in place, so the cost of a commit does not depend on the
//!    number of flights. A small commit is a single statement (`single_statement_commit`).
//! 4. The commit is durable, and all its callers get their results.
//! 5. Later, in slices between commits (`maintenance`): the oldest segments are rewritten without replaced states, as Kafka
//!    compacts a topic, and expired rows are dropped. A connection of its own copies the write-ahead log into the file
//!    (`checkpoint`).
//!
//! Writes to the directory take the same way, but the writer reads and writes within the commit (`directory_writes`), so
//! rules such as "at most eight keys" also hold for concurrent callers.
//!
//! Reads (`queries`) have connections of their own and follow the chain of changes of each leg backwards.
//!
//! | file | what |
//! |---|---|
//! | `change_log`, `archive`, `directory`, `leases` | the ports |
//! | `config`, `errors`, `open` | configuration, errors, start |
//! | `database`, `folder_lock`, `epoch`, `repair` | the file: opening, locking, identity, damage |
//! | `write_queue`, `writer`, `commit_plan`, `commit`, `inserts`, `single_statement_commit` | the way of a write |
//! | `segment`, `index`, `queries` | the log of states, and reading |
//! | `maintenance`, `checkpoint`, `disk_budget` | compaction, expiry, write-ahead log, free space |
//!
//! To store one more kind of record: a migration, its row in `commit_plan`, its statement in `commit`, its expiry in
//! `maintenance`, and a case in the contract suite of its port.
//!
//! ## Failures
//!
//! - *Space runs low*: the oldest raw messages are dropped before their time (`disk_budget`).
//! - *The disk is full or fails*: the whole commit is rolled back, and all its callers get `Unavailable`. The next commit
//!   tries again, so the store recovers by itself.
//! - *A state is unreadable at the start*: [`ChangeLog::restore`](domain::ports::ChangeLog::restore) returns `Unreadable`
//!   with the leg and the position in the log. The hub must not start: without the flight it would use its revisions a
//!   second time. The operator restores a backup or gives up the unreadable flights with [`Embedded::repair`].
//! - *The folder may have lost durable changes*, after a backup was restored or after a power loss with
//!   [`Durability::Normal`]: it gets a new epoch (`epoch`).
//! - *A second hub opens the folder*: [`Embedded::open`] returns [`OpenError::InUse`].
//!
//! SQLite reuses the space of deleted rows. The file does not shrink.

mod archive;
mod change_log;
mod checkpoint;
mod commit;
mod commit_plan;
mod config;
mod database;
mod directory;
mod directory_writes;
mod disk_budget;
mod epoch;
mod errors;
mod folder_lock;
mod index;
mod inserts;
mod leases;
mod maintenance;
mod open;
mod queries;
mod repair;
mod segment;
mod single_statement_commit;
#[cfg(test)]
mod tests;
mod write_queue;
mod writer;

pub use config::{Commit, CommitObserver, Durability, EmbeddedConfig};
pub use errors::OpenError;
pub use leases::LocalLeases;
pub use repair::Damage;

use chrono::{DateTime, Utc};
use disk_budget::Sizes;
use domain::ports::StoreError;
use errors::{gone, unavailable};
use index::LogIndex;
use sqlx::SqlitePool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use write_queue::{WriteQueue, WriteRequest};

/// The store's name in errors.
const STORE: &str = "the embedded store";

/// The embedded store. A clone is another handle on the same store. When the last handle is dropped, the
/// writer finishes its queue and releases the folder. [`Embedded::close`] does the same and waits for it.
#[derive(Clone)]
pub struct Embedded {
    inner: Arc<Inner>,
}

struct Inner {
    queue: WriteQueue,
    readers: SqlitePool,
    index: Arc<Mutex<LogIndex>>,
    health: Arc<Health>,
    sizes: Arc<Mutex<Sizes>>,
    /// The runtime of the writer. Reads run there too: the runtime of the caller may be any, or end at any time.
    runtime: tokio::runtime::Handle,
}

/// Sizes and counters of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Live flights.
    pub flights: usize,
    /// Bytes of the log of states before compression.
    pub log_bytes: usize,
    /// Bytes of the log that are newest states.
    pub live_bytes: usize,
    /// Bytes of the database file, without the write-ahead log.
    pub file_bytes: u64,
    /// Used bytes of the file.
    pub used_bytes: u64,
    /// Bytes that can still be written, by the limit of the file and the free space of its disk.
    pub available_bytes: u64,
    /// Raw messages dropped early or not stored since the start, because space was low.
    pub messages_dropped: u64,
}

impl Embedded {
    /// The identity of the data folder in hexadecimal, created once. `fresh`, sixteen random bytes,
    /// becomes the identity if there is none yet.
    pub async fn epoch(&self, fresh: [u8; 16]) -> Result<String, StoreError> {
        if let Some(epoch) = self.meta_value(epoch::EPOCH).await? {
            return Ok(epoch);
        }
        let epoch = epoch::written(fresh);
        self.write_directory(|connection| {
            Box::pin(directory_writes::meta_value_or_insert(connection, epoch::EPOCH, epoch))
        })
        .await
    }

    /// Gives the folder another identity: clients then forget the revisions of the earlier one. Do not
    /// call it while a hub uses the folder, which would continue with the old identity.
    pub async fn begin_epoch(&self, fresh: [u8; 16]) -> Result<String, StoreError> {
        let epoch = epoch::written(fresh);
        self.set_meta(epoch::EPOCH, epoch.clone()).await?;
        Ok(epoch)
    }

    /// The saved instant of the operational clock.
    pub async fn clock_instant(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let Some(text) = self.meta_value("clock").await? else { return Ok(None) };
        let reason = |e| format!("meta clock {text:?}: {e}");
        let at = DateTime::parse_from_rfc3339(&text)
            .map_err(|e| StoreError::Unreadable { store: STORE, reason: reason(e) })?;
        Ok(Some(at.to_utc()))
    }

    /// Saves the instant of the operational clock, so that a replayed day continues where it stopped.
    pub async fn save_clock_instant(&self, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.set_meta("clock", at.to_rfc3339()).await
    }

    /// Sizes and counters. Sizes are as of the last measurement: at the start, and after each 1 MB of
    /// writes.
    pub fn metrics(&self) -> Metrics {
        let Sizes { file_bytes, used_bytes, available_bytes, messages_dropped, .. } =
            *lock(&self.inner.sizes);
        let index = lock(&self.inner.index);
        Metrics {
            flights: index.len(),
            log_bytes: index.log_bytes(),
            live_bytes: index.live_bytes(),
            file_bytes,
            used_bytes,
            available_bytes,
            messages_dropped,
        }
    }

    /// Problems that do not prevent writes, a sentence each.
    pub fn troubles(&self) -> Vec<String> {
        lock(&self.inner.sizes).troubles()
    }

    /// Whether the writer runs and its last commit succeeded, for a readiness check. After a failure the
    /// store tries a write every second or two.
    pub fn health(&self) -> Result<(), StoreError> {
        self.inner.health.last()
    }

    /// Accepts no more work, finishes the queue, copies everything into the one file and releases the
    /// folder. Later calls on any handle return `Unavailable`.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.queue.submit(|reply| WriteRequest::Close { reply }).await
    }

    async fn meta_value(&self, key: &'static str) -> Result<Option<String>, StoreError> {
        let readers = self.inner.readers.clone();
        self.inner.read(async move { queries::meta_value(&readers, key).await }).await
    }

    async fn set_meta(&self, key: &'static str, value: String) -> Result<(), StoreError> {
        self.inner.queue.submit(|reply| WriteRequest::SetMeta { key, value, reply }).await
    }
}

impl Inner {
    /// Runs a read on the runtime of the store.
    async fn read<T: Send + 'static>(
        &self,
        reading: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.spawn(reading).await.map_err(|_| gone())?
    }
}

/// The result of the last commit.
#[derive(Default)]
struct Health {
    last: Mutex<Option<StoreError>>,
}

impl Health {
    fn note(&self, outcome: &Result<(), StoreError>) {
        let mut last = lock(&self.last);
        if last.is_some() || outcome.is_err() {
            *last = outcome.as_ref().err().cloned();
        }
    }

    fn ended(&self) {
        *lock(&self.last) = Some(gone());
    }

    fn last(&self) -> Result<(), StoreError> {
        lock(&self.last).clone().map_or(Ok(()), Err)
    }
}

/// Locks a mutex, also after a panic of another holder: guarded values are replaced as a whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
