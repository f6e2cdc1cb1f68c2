//! The port `Archive`: writes go to Kafka, reads come from the archive behind it.
//!
//! An archive that is unavailable delays neither feeds nor readers of boards. The `archivist` moves what was
//! written meanwhile when the archive is back.

use super::client::KafkaProducer;
use super::context::Context;
use super::errors::unavailable;
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{Archive, BoxFuture, PastChange, Quarantined, RawMessage, StoreError};
use futures_util::future::join_all;
use rdkafka::producer::future_producer::FutureRecord;
use std::sync::Arc;

/// Writes to Kafka and reads from the archive behind it.
#[derive(Clone)]
pub struct KafkaArchive {
    pub(super) context: Arc<Context>,
    pub(super) writer: KafkaProducer,
    pub(super) behind: Arc<dyn Archive>,
}

impl Archive for KafkaArchive {
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if message.is_none() && faults.is_empty() {
                return Ok(());
            }
            self.context.broker_health.refuse_while_unavailable()?;
            let feed =
                message.as_ref().map(|m| m.feed.clone()).or_else(|| faults.first().map(|f| f.feed.clone()));
            let records = message.iter().map(wire::record::encode_message);
            let records = records.chain(faults.iter().map(wire::record::encode_fault));
            let mut written = Vec::new();
            for payload in records {
                // The records of one feed share a partition, so they keep their order.
                let record = FutureRecord::to(&self.context.names.archive)
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

    /// Does nothing. Each document carries its own end in real time, and the archive drops it then. Nodes
    /// that delete in one shared archive would disturb each other, and one node with a wrong clock would
    /// delete the data of all.
    fn expire(&self, _: DateTime<Utc>, _: DateTime<Utc>) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async { Ok(0) })
    }
}
