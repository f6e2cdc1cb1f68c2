//! Reports on their way to the owners of their legs.

use super::config::UNWRITTEN_MAX;
use super::core::{Core, Writer, lock, unavailable};
use domain::leg::LegId;
use domain::ports::{BoxFuture, ReportJournal, SinkError};
use domain::report::Report;
use futures_util::future::join_all;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::future_producer::{DeliveryFuture, FutureRecord};
use std::sync::Arc;

/// The journal, for whoever takes reports. A clone is another handle on the same.
#[derive(Clone)]
pub struct Journal {
    pub(super) core: Arc<Core>,
    pub(super) writer: Writer,
}

/// Room in the backlog that was taken, and what of it was written. However posting ends, the rest is given
/// back.
struct Room<'a> {
    core: &'a Core,
    feed: Arc<str>,
    count: usize,
    written: Vec<(usize, i64)>,
}

impl<'a> Room<'a> {
    fn take(core: &'a Core, feed: Arc<str>, count: usize) -> Result<Self, SinkError> {
        lock(&core.backlog).admit(&feed, count).map_err(SinkError::Behind)?;
        Ok(Self { core, feed, count, written: Vec::with_capacity(count) })
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        lock(&self.core.backlog).written(&self.feed, self.count, self.written.drain(..));
    }
}

impl Journal {
    /// Hands all to the driver. Of what is given back, some may be written all the same.
    fn send(&self, reports: &[(LegId, Report)]) -> Result<Vec<DeliveryFuture>, SinkError> {
        let sent = reports.iter().map(|(leg, report)| {
            let payload = wire::record::encode_report(report);
            let record = FutureRecord::to(&self.core.names.reports)
                .partition(self.core.partition_of(leg))
                .key(leg.as_str())
                .payload(&payload);
            self.writer.send_result(record).map_err(|(fault, _)| match fault.rdkafka_error_code() {
                Some(RDKafkaErrorCode::QueueFull) => SinkError::Full { limit: UNWRITTEN_MAX },
                _ => SinkError::NotDurable(unavailable(fault.to_string())),
            })
        });
        sent.collect()
    }
}

impl ReportJournal for Journal {
    fn post(&self, reports: Vec<(LegId, Report)>) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move {
            let Some((_, first)) = reports.first() else { return Ok(()) };
            self.core.reach.refuse_while_away().map_err(SinkError::NotDurable)?;
            let mut room = Room::take(&self.core, first.source.name.clone(), reports.len())?;
            for delivery in join_all(self.send(&reports)?).await {
                let delivered = match delivery {
                    Ok(Ok(delivered)) => delivered,
                    Ok(Err((fault, _))) => {
                        return Err(SinkError::NotDurable(unavailable(format!(
                            "a report could not be written: {fault}"
                        ))));
                    }
                    Err(_) => return Err(SinkError::NotDurable(unavailable("the writer has ended"))),
                };
                if let Ok(partition) = usize::try_from(delivered.partition) {
                    room.written.push((partition, delivered.offset));
                }
            }
            Ok(())
        })
    }
}
