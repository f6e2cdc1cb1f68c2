//! The port `Archive`: raw messages, quarantine and history.

use super::write_queue::{EncodedMessage, WriteRequest, nanos};
use super::{Embedded, queries};
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{Archive, BoxFuture, PastChange, Quarantined, RawMessage, StoreError};
use wire::stored_body::{self, COMPRESSED_INLINE_BYTES_MAX};

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
            let faults = stored_body::trim_faults(faults);
            let message = match message {
                Some(raw) if raw.body.len() > COMPRESSED_INLINE_BYTES_MAX => {
                    let packing = self.inner.runtime.spawn_blocking(move || EncodedMessage::of(&raw));
                    Some(packing.await.map_err(|_| super::gone())?)
                }
                Some(raw) => Some(EncodedMessage::of(&raw)),
                None => None,
            };
            self.inner.queue.submit(|reply| WriteRequest::Keep { message, faults, reply }).await
        })
    }

    fn history(
        &self,
        leg: LegId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>> {
        let (readers, index) = (self.inner.readers.clone(), self.inner.index.clone());
        Box::pin(self.inner.read(async move { queries::history(&readers, &index, &leg, after, limit).await }))
    }

    fn newest(&self, leg: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>> {
        let (readers, index) = (self.inner.readers.clone(), self.inner.index.clone());
        Box::pin(self.inner.read(async move { queries::newest(&readers, &index, &leg).await }))
    }

    fn quarantine(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>> {
        let readers = self.inner.readers.clone();
        Box::pin(self.inner.read(async move { queries::quarantine(&readers, limit).await }))
    }

    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        let (raw_before, history_before) = (nanos(raw_before), nanos(history_before));
        Box::pin(self.inner.queue.submit(move |reply| WriteRequest::Expire {
            raw_before,
            history_before,
            reply,
        }))
    }
}
