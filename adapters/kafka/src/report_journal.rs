//! The port `ReportJournal`: accepted reports on their way to the owners of their legs.

use super::client::KafkaProducer;
use super::config::UNWRITTEN_MAX;
use super::context::{Context, lock};
use super::errors::unavailable;
use domain::leg::LegId;
use domain::ports::{BoxFuture, ReportJournal, SinkError};
use domain::report::Report;
use futures_util::future::join_all;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::future_producer::{DeliveryFuture, FutureRecord};
use std::sync::Arc;

/// The journal of accepted reports. A clone is another handle on the same journal.
#[derive(Clone)]
pub struct KafkaJournal {
    pub(super) context: Arc<Context>,
    pub(super) writer: KafkaProducer,
}

/// Reserved room in the backlog, and the reports that were written. The rest is released when it is
/// dropped.
struct BacklogReservation<'a> {
    context: &'a Context,
    feed: Arc<str>,
    count: usize,
    written: Vec<(usize, i64)>,
}

impl<'a> BacklogReservation<'a> {
    fn take(context: &'a Context, feed: Arc<str>, count: usize) -> Result<Self, SinkError> {
        lock(&context.backlog).admit(&feed, count).map_err(SinkError::Behind)?;
        Ok(Self { context, feed, count, written: Vec::with_capacity(count) })
    }
}

impl Drop for BacklogReservation<'_> {
    fn drop(&mut self) {
        lock(&self.context.backlog).written(&self.feed, self.count, self.written.drain(..));
    }
}

impl KafkaJournal {
    /// Hands all reports to the driver. After an error some of them may still be written.
    fn send(&self, reports: &[(LegId, Report)]) -> Result<Vec<DeliveryFuture>, SinkError> {
        let sent = reports.iter().map(|(leg, report)| {
            let payload = wire::record::encode_report(report);
            let record = FutureRecord::to(&self.context.names.reports)
                .partition(self.context.partition_of(leg))
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

impl ReportJournal for KafkaJournal {
    fn post(&self, reports: Vec<(LegId, Report)>) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move {
            let Some((_, first)) = reports.first() else { return Ok(()) };
            self.context.broker_health.refuse_while_unavailable().map_err(SinkError::NotDurable)?;
            let mut reservation =
                BacklogReservation::take(&self.context, first.source.name.clone(), reports.len())?;
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
                    reservation.written.push((partition, delivered.offset));
                }
            }
            Ok(())
        })
    }
}
