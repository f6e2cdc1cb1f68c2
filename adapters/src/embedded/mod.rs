//! # The embedded store: one folder, one file, no server
//!
//! SQLite in WAL mode answers `ChangeLog`, `Archive` and `Directory`, for one hub on one machine. What it has
//! answered is on the disk ([`Durability`]); kill -9 at any moment loses nothing of that.
//!
//! How a change comes to rest, and where to look:
//!
//! 1. `append` encodes its entries where it is called and waits for a place in the queue (`work`).
//! 2. The writer (`writer`), alone on a thread of its own, gathers all that waits into a plan
//!    (`plan`): revisions are checked against what it holds in memory (`live`), so that a second
//!    owner of a flight is told `Conflict`.
//! 3. The plan is one transaction (`commit`): a row of compressed states at the end of the log
//!    (`segment`), a row for each change at the end of `changes`. Nothing is updated in place, so
//!    what a commit costs does not depend on how many flights there are. A small one is a single
//!    statement (`small`).
//! 4. It is durable; everybody is answered.
//! 5. Later, in slices between commits (`upkeep`): the oldest segments of the log are rewritten
//!    without the states that newer ones replaced, as Kafka compacts a topic; what is past its time
//!    is dropped. A connection of its own moves the write-ahead log into the file (`checkpoint`).
//!
//! What people decide (`directory`) goes the same way, but is looked up and written by the writer itself
//! within the commit (`decisions`), so that rules such as "at most eight keys" hold whoever comes at once.
//!
//! Reading (`read`) has its own connections and goes back along each leg's chain of changes.
//!
//! ## What goes wrong, and what then
//!
//! - *Room runs short*: the oldest raw messages go before their time (`room`).
//! - *The disk is full or fails*: the whole group is rolled back and everybody in it is answered
//!   `Unavailable`. The next group tries anew, so the store heals by itself.
//! - *A state cannot be read at the start*: [`ChangeLog::restore`] answers `Unreadable` with the leg
//!   and the position in the log. The hub should not start: going on without the flight would give
//!   out its revisions a second time. An operator restores the folder from a backup, or has
//!   [`Embedded::repair`] give up what cannot be read (`repair`).
//! - *The folder may have lost answered changes*, by a backup that was put back or a loss of power with
//!   [`Durability::Normal`]: it gets a new epoch (`epoch`).
//! - *A second hub on the same folder*: [`Embedded::open`] answers [`OpenError::InUse`].
//!
//! A deleted row's place in the file is used again; the file itself does not become smaller.

mod checkpoint;
mod commit;
mod config;
mod database;
mod decisions;
mod directory;
mod epoch;
mod live;
mod lock;
mod plan;
mod ports;
mod read;
mod repair;
mod room;
mod segment;
mod small;
mod start;
mod statements;
#[cfg(test)]
mod tests;
mod upkeep;
mod work;
mod writer;

pub use config::{Commit, CommitObserver, Durability, EmbeddedConfig, OpenError};
pub use repair::Damage;

use chrono::{DateTime, Utc};
use domain::ports::StoreError;
use live::Overview;
use room::Sizes;
use sqlx::SqlitePool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use work::{Queue, Work};

/// The store's name in errors.
const STORE: &str = "the embedded store";

/// The embedded store. A clone is another handle on the same; when the last is dropped, the writer
/// finishes what was taken and lets go of the folder. [`Embedded::close`] does so while you wait.
#[derive(Clone)]
pub struct Embedded {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Queue,
    readers: SqlitePool,
    overview: Arc<Mutex<Overview>>,
    health: Arc<Health>,
    sizes: Arc<Mutex<Sizes>>,
    /// The writer's runtime. Reads run there too: the caller's may be any, or end at any time.
    runtime: tokio::runtime::Handle,
}

/// What the store holds, for metrics and for the curious.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Flights that are live.
    pub flights: usize,
    /// Size of the log of states before compression, in bytes.
    pub log_bytes: usize,
    /// How much of that counts.
    pub live_bytes: usize,
    /// Size of the database file without the write-ahead log, in bytes.
    pub file_bytes: u64,
    /// How much of that is used.
    pub used_bytes: u64,
    /// How much may still be written, by the limit of the file and the room on its disk.
    pub room_bytes: u64,
    /// Raw messages that went before their time or were not kept, for want of room, since the start.
    pub messages_dropped: u64,
}

impl Embedded {
    /// The identity of this data folder in hexadecimal, made once. `fresh` is what it becomes if
    /// there is none yet: sixteen random bytes.
    pub async fn epoch(&self, fresh: [u8; 16]) -> Result<String, StoreError> {
        if let Some(epoch) = self.word(epoch::EPOCH).await? {
            return Ok(epoch);
        }
        let epoch = epoch::written(fresh);
        self.decide(|connection| Box::pin(decisions::word_or(connection, epoch::EPOCH, epoch))).await
    }

    /// Gives the folder another identity: whoever holds revisions of the one before forgets them. Not
    /// while a hub runs on it, which would go on under the old one.
    pub async fn begin_epoch(&self, fresh: [u8; 16]) -> Result<String, StoreError> {
        let epoch = epoch::written(fresh);
        self.note(epoch::EPOCH, epoch.clone()).await?;
        Ok(epoch)
    }

    /// The operational clock's instant as it was last saved.
    pub async fn clock_instant(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let Some(text) = self.word("clock").await? else { return Ok(None) };
        let reason = |e| format!("meta clock {text:?}: {e}");
        let at = DateTime::parse_from_rfc3339(&text)
            .map_err(|e| StoreError::Unreadable { store: STORE, reason: reason(e) })?;
        Ok(Some(at.to_utc()))
    }

    /// Saves the operational clock's instant, so that a replayed day goes on where it stopped.
    pub async fn save_clock_instant(&self, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.note("clock", at.to_rfc3339()).await
    }

    /// What the store holds. Sizes are as they were looked at last: at the start, and whenever some
    /// 1 MB has been written.
    pub fn figures(&self) -> Figures {
        let Sizes { file_bytes, used_bytes, room_bytes, messages_dropped, .. } = *lock(&self.inner.sizes);
        let overview = lock(&self.inner.overview);
        Figures {
            flights: overview.len(),
            log_bytes: overview.log_bytes(),
            live_bytes: overview.live_bytes(),
            file_bytes,
            used_bytes,
            room_bytes,
            messages_dropped,
        }
    }

    /// What does not work as it should while changes are taken, a sentence each.
    pub fn troubles(&self) -> Vec<String> {
        lock(&self.inner.sizes).troubles()
    }

    /// Whether the last commit succeeded and the writer is there, for a readiness check. After a
    /// failure the store tries by itself, every second or two, whether it can write again.
    pub fn health(&self) -> Result<(), StoreError> {
        self.inner.health.last()
    }

    /// Takes no more work, finishes what was taken, moves all into the one file, and lets go of the
    /// folder. Later calls on any handle answer `Unavailable`.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.queue.ask(|reply| Work::Close { reply }).await
    }

    async fn word(&self, key: &'static str) -> Result<Option<String>, StoreError> {
        let readers = self.inner.readers.clone();
        self.inner.read(async move { read::word(&readers, key).await }).await
    }

    async fn note(&self, key: &'static str, value: String) -> Result<(), StoreError> {
        self.inner.queue.ask(|reply| Work::Note { key, value, reply }).await
    }
}

impl Inner {
    /// Runs a read on the store's own runtime.
    async fn read<T: Send + 'static>(
        &self,
        reading: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.runtime.spawn(reading).await.map_err(|_| gone())?
    }
}

/// How the last commit went.
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

/// The answer once the writer is no more.
fn gone() -> StoreError {
    StoreError::Unavailable { store: STORE, reason: "it is closed".into() }
}

/// What SQLite says, in the words of the port.
fn unavailable(error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|e| e.code());
    let primary = code.and_then(|c| c.parse::<u32>().ok()).map(|c| c & 0xff);
    let reason = error.to_string();
    match primary {
        // SQLITE_CORRUPT, SQLITE_NOTADB
        Some(11 | 26) => StoreError::Unreadable { store: STORE, reason },
        _ => StoreError::Unavailable { store: STORE, reason },
    }
}

/// Locks without minding a panic elsewhere: what is guarded here is replaced as a whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
