//! The embedded store.

mod config;

pub use config::{Commit, CommitObserver, Durability, EmbeddedConfig, OpenError};

use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{Answer, Archive, ChangeLog, LogEntry, PastChange, Quarantined, RawMessage, StoreError};
use std::sync::Arc;

/// The embedded store. A clone is another handle on the same.
#[derive(Clone)]
pub struct Embedded {
    inner: Arc<()>,
}

impl Embedded {
    /// Opens the data folder, brings its database up to date, and starts the writer on a thread of
    /// its own. Waits a moment for a process that is just leaving the folder.
    pub async fn open(_config: EmbeddedConfig) -> Result<Self, OpenError> {
        Ok(Self { inner: Arc::new(()) })
    }

    /// The identity of this data folder: sixteen random bytes in hexadecimal, made once. `fresh`
    /// is used if there is none yet.
    pub async fn epoch(&self, _fresh: [u8; 16]) -> Result<String, StoreError> {
        later()
    }

    /// The operational clock's instant as it was last saved.
    pub async fn clock_instant(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        later()
    }

    /// Saves the operational clock's instant, so that a replayed day continues where it stopped.
    pub async fn save_clock_instant(&self, _at: DateTime<Utc>) -> Result<(), StoreError> {
        later()
    }

    /// Takes no more work, finishes what was taken, writes all into the one file, and lets go of
    /// the folder. Later calls of every handle answer `Unavailable`.
    pub async fn close(&self) -> Result<(), StoreError> {
        later()
    }
}

fn later<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable { store: "embedded", reason: "not yet".into() })
}

impl ChangeLog for Embedded {
    fn append(&self, _entries: Vec<LogEntry>) -> Answer<'_, Result<(), StoreError>> {
        let _ = &self.inner;
        Box::pin(async { later() })
    }
    fn restore(&self) -> Answer<'_, Result<Vec<Flight>, StoreError>> {
        Box::pin(async { later() })
    }
    fn retire(&self, _leg: LegId) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(async { later() })
    }
}

impl Archive for Embedded {
    fn keep(&self, _m: Option<RawMessage>, _f: Vec<Quarantined>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(async { later() })
    }
    fn history(
        &self,
        _leg: LegId,
        _after: u64,
        _limit: u32,
    ) -> Answer<'_, Result<Vec<PastChange>, StoreError>> {
        Box::pin(async { later() })
    }
    fn quarantine(&self, _limit: u32) -> Answer<'_, Result<Vec<Quarantined>, StoreError>> {
        Box::pin(async { later() })
    }
    fn expire(&self, _r: DateTime<Utc>, _h: DateTime<Utc>) -> Answer<'_, Result<u64, StoreError>> {
        Box::pin(async { later() })
    }
}
