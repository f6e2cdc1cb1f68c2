//! The ports, answered.

use super::Mongo;
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{
    Archive, ArchiveRecord, BoxFuture, PastChange, Quarantined, RawMessage, Recorder, StoreError,
};

impl Archive for Mongo {
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.in_words(self.write_kept(message, faults).await) })
    }

    fn history(
        &self,
        leg: LegId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>> {
        Box::pin(async move { self.in_words(self.read_history(&leg, after, limit).await) })
    }

    fn newest(&self, leg: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>> {
        Box::pin(async move { self.in_words(self.read_newest(&leg).await) })
    }

    fn quarantine(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>> {
        Box::pin(async move { self.in_words(self.read_quarantine(limit).await) })
    }

    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { self.in_words(self.drop_older(raw_before, history_before).await) })
    }
}

impl Recorder for Mongo {
    fn record(&self, records: Vec<ArchiveRecord>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if records.is_empty() {
                return Ok(());
            }
            self.in_words(self.write_recorded(records).await)
        })
    }
}
