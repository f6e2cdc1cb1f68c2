//! The ports, answered.

use super::work::{Entry, Message, Work, nanos};
use super::{Embedded, read};
use crate::packed::{self, COMPRESSED_HERE_BYTES_MAX};
use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{
    Archive, BoxFuture, ChangeLog, Ended, LogEntry, PastChange, Quarantined, RawMessage, StoreError, Version,
};

impl ChangeLog for Embedded {
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if entries.is_empty() {
                return Ok(());
            }
            let entries = entries.iter().map(Entry::of).collect();
            self.inner.queue.ask(|reply| Work::Append { entries, reply }).await
        })
    }

    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        let readers = self.inner.readers.clone();
        Box::pin(self.inner.read(async move { read::restore(&readers).await }))
    }

    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        let (readers, overview) = (self.inner.readers.clone(), self.inner.overview.clone());
        Box::pin(self.inner.read(async move { read::ended(&readers, &overview, nanos(since)).await }))
    }

    fn retire(&self, leg: LegId, _: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.inner.queue.ask(move |reply| Work::Retire { leg, at: nanos(at), reply }))
    }
}

impl Archive for Embedded {
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if message.is_none() && faults.is_empty() {
                return Ok(());
            }
            let faults = packed::faults(faults);
            let message = match message {
                Some(raw) if raw.body.len() > COMPRESSED_HERE_BYTES_MAX => {
                    let packing = self.inner.runtime.spawn_blocking(move || Message::of(&raw));
                    Some(packing.await.map_err(|_| super::gone())?)
                }
                Some(raw) => Some(Message::of(&raw)),
                None => None,
            };
            self.inner.queue.ask(|reply| Work::Keep { message, faults, reply }).await
        })
    }

    fn history(
        &self,
        leg: LegId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>> {
        let (readers, overview) = (self.inner.readers.clone(), self.inner.overview.clone());
        Box::pin(self.inner.read(async move { read::history(&readers, &overview, &leg, after, limit).await }))
    }

    fn newest(&self, leg: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>> {
        let (readers, overview) = (self.inner.readers.clone(), self.inner.overview.clone());
        Box::pin(self.inner.read(async move { read::newest(&readers, &overview, &leg).await }))
    }

    fn quarantine(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>> {
        let readers = self.inner.readers.clone();
        Box::pin(self.inner.read(async move { read::quarantine(&readers, limit).await }))
    }

    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        let (raw_before, history_before) = (nanos(raw_before), nanos(history_before));
        Box::pin(self.inner.queue.ask(move |reply| Work::Expire { raw_before, history_before, reply }))
    }
}
