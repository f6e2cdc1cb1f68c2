//! Reports on their way to the owners of their legs.

use super::config::UNWRITTEN_MAX;
use super::core::{Core, Writer, unavailable};
use domain::leg::LegId;
use domain::ports::{Answer, ReportJournal, SinkError};
use domain::report::Report;
use futures_util::future::join_all;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::future_producer::FutureRecord;
use std::sync::Arc;

/// The journal, for whoever takes reports. A clone is another handle on the same.
#[derive(Clone)]
pub struct Journal {
    pub(super) core: Arc<Core>,
    pub(super) writer: Writer,
}

impl ReportJournal for Journal {
    fn post(&self, reports: Vec<(LegId, Report)>) -> Answer<'_, Result<(), SinkError>> {
        Box::pin(async move {
            self.core.reach.refuse_while_away().map_err(SinkError::NotDurable)?;
            let mut written = Vec::with_capacity(reports.len());
            for (leg, report) in &reports {
                let payload = wire::record::encode_report(report);
                let record = FutureRecord::to(&self.core.names.reports)
                    .partition(self.core.partition_of(leg))
                    .key(leg.as_str())
                    .payload(&payload);
                match self.writer.send_result(record) {
                    Ok(delivery) => written.push(delivery),
                    Err((fault, _)) if fault.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                        return Err(SinkError::Full { limit: UNWRITTEN_MAX });
                    }
                    Err((fault, _)) => return Err(SinkError::NotDurable(unavailable(fault.to_string()))),
                }
            }
            for delivery in join_all(written).await {
                match delivery {
                    Ok(Ok(_)) => {}
                    Ok(Err((fault, _))) => {
                        return Err(SinkError::NotDurable(unavailable(format!(
                            "a report could not be written: {fault}"
                        ))));
                    }
                    Err(_) => return Err(SinkError::NotDurable(unavailable("the writer has ended"))),
                }
            }
            Ok(())
        })
    }
}
