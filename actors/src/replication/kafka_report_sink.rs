//! The report sink of a node of several.

use crate::hub::Hub;
use domain::ports::{BoxFuture, Outcome, ReportJournal, ReportSink, SinkError};
use domain::report::Report;
use std::sync::Arc;

/// Writes reports to the journal, from which the owners of their legs take them.
///
/// It rejects at once what this node already knows to be unusable, so that the sender learns of it.
pub struct KafkaReportSink {
    hub: Hub,
    journal: Arc<dyn ReportJournal>,
}

impl KafkaReportSink {
    /// `hub` resolves the legs of reports.
    pub fn new(hub: Hub, journal: Arc<dyn ReportJournal>) -> Self {
        Self { hub, journal }
    }
}

impl ReportSink for KafkaReportSink {
    fn accept(&self, reports: Vec<Report>) -> BoxFuture<'_, Result<Vec<Outcome>, SinkError>> {
        Box::pin(async move {
            let mut outcomes = vec![Outcome::Queued; reports.len()];
            let mut posted = Vec::with_capacity(reports.len());
            for (report, outcome) in reports.into_iter().zip(&mut outcomes) {
                let leg = self.hub.resolve_leg(&report);
                match self.hub.early_refusal(&leg, &report) {
                    Some(reason) => *outcome = Outcome::Rejected(reason),
                    None => posted.push((leg, report)),
                }
            }
            let _permit = self.hub.admit(posted.len())?;
            if !posted.is_empty() {
                self.journal.post(posted).await?;
            }
            Ok(outcomes)
        })
    }
}
