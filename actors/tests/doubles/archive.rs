//! An archive in memory that a test can inspect and make fail.

use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{Archive, BoxFuture, PastChange, Quarantined, RawMessage, StoreError};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Default)]
pub(crate) struct TestArchive {
    pub(crate) messages: Mutex<Vec<RawMessage>>,
    pub(crate) faults: Mutex<Vec<Quarantined>>,
    /// While set, it stores its input and reports a failure.
    pub(crate) away: AtomicBool,
}

impl Archive for TestArchive {
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            self.messages.lock().unwrap().extend(message);
            self.faults.lock().unwrap().extend(faults);
            match self.away.load(Ordering::SeqCst) {
                true => Err(StoreError::Unavailable { store: "test archive", reason: "test outage".into() }),
                false => Ok(()),
            }
        })
    }
    fn history(&self, _: LegId, _: u64, _: u32) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn newest(&self, _: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>> {
        Box::pin(async { Ok(None) })
    }
    fn quarantine(&self, _: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn expire(&self, _: DateTime<Utc>, _: DateTime<Utc>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }
}
