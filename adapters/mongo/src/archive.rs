//! The port `Archive`.

use super::Mongo;
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{Archive, BoxFuture, PastChange, Quarantined, RawMessage, StoreError};

impl Archive for Mongo {
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.map_error(self.write_kept(message, faults).await) })
    }

    fn history(
        &self,
        leg: LegId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>> {
        Box::pin(async move { self.map_error(self.read_history(&leg, after, limit).await) })
    }

    fn newest(&self, leg: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>> {
        Box::pin(async move { self.map_error(self.read_newest(&leg).await) })
    }

    fn quarantine(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>> {
        Box::pin(async move { self.map_error(self.read_quarantine(limit).await) })
    }

    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move { self.map_error(self.drop_older(raw_before, history_before).await) })
    }
}
