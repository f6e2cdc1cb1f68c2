//! The archive of a hub of several nodes: what is kept is durable in Kafka, and what is read comes
//! from the archive behind it, a moment later.
//!
//! So an archive that is away makes nobody wait: neither who sends reports nor who watches. What
//! was kept meanwhile is moved there when it is back (`archivist`).

use super::core::{Core, Writer, unavailable};
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{Archive, BoxFuture, PastChange, Quarantined, RawMessage, StoreError};
use futures_util::future::join_all;
use rdkafka::producer::future_producer::FutureRecord;
use std::sync::Arc;

/// Keeps in Kafka, reads from the archive behind.
#[derive(Clone)]
pub struct JournaledArchive {
    pub(super) core: Arc<Core>,
    pub(super) writer: Writer,
    pub(super) behind: Arc<dyn Archive>,
}

impl Archive for JournaledArchive {
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if message.is_none() && faults.is_empty() {
                return Ok(());
            }
            self.core.reach.refuse_while_away()?;
            let feed =
                message.as_ref().map(|m| m.feed.clone()).or_else(|| faults.first().map(|f| f.feed.clone()));
            let records = message.iter().map(wire::record::encode_message);
            let records = records.chain(faults.iter().map(wire::record::encode_fault));
            let mut written = Vec::new();
            for payload in records {
                // A feed's are in one partition, and so in order.
                let record = FutureRecord::to(&self.core.names.archive)
                    .key(feed.as_deref().unwrap_or(""))
                    .payload(&payload);
                let delivery = self.writer.send_result(record);
                written
                    .push(delivery.map_err(|(fault, _)| {
                        unavailable(format!("a message could not be kept: {fault}"))
                    })?);
            }
            for delivery in join_all(written).await {
                match delivery {
                    Ok(Ok(_)) => {}
                    Ok(Err((fault, _))) => {
                        return Err(unavailable(format!("a message could not be kept: {fault}")));
                    }
                    Err(_) => return Err(unavailable("the writer has ended")),
                }
            }
            Ok(())
        })
    }

    fn history(
        &self,
        leg: LegId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>> {
        self.behind.history(leg, after, limit)
    }

    fn newest(&self, leg: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>> {
        self.behind.newest(leg)
    }

    fn quarantine(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>> {
        self.behind.quarantine(limit)
    }

    /// Each document carries its own end, by real time, and the archive drops it. Many nodes that
    /// deleted in one archive would be in each other's way, and one with a wrong clock would delete
    /// everybody's.
    fn expire(&self, _: DateTime<Utc>, _: DateTime<Utc>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }
}
