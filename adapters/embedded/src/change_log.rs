//! The port `ChangeLog`: states and changes of flights.

use super::write_queue::{EncodedEntry, WriteRequest, nanos};
use super::{Embedded, queries};
use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{BoxFuture, ChangeLog, Ended, LogEntry, StoreError, Version};

impl ChangeLog for Embedded {
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if entries.is_empty() {
                return Ok(());
            }
            let entries = entries.iter().map(EncodedEntry::of).collect();
            self.inner.queue.submit(|reply| WriteRequest::Append { entries, reply }).await
        })
    }

    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        let readers = self.inner.readers.clone();
        Box::pin(self.inner.read(async move { queries::restore(&readers).await }))
    }

    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        let (readers, index) = (self.inner.readers.clone(), self.inner.index.clone());
        Box::pin(self.inner.read(async move { queries::ended(&readers, &index, nanos(since)).await }))
    }

    fn retire(&self, leg: LegId, _: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.inner.queue.submit(move |reply| WriteRequest::Retire { leg, at: nanos(at), reply }))
    }
}
