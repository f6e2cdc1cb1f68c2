//! The way of reports to the owners of their legs.

use crate::hub::Hub;
use domain::ports::{BoxFuture, Outcome, ReportJournal, ReportSink, SinkError};
use domain::report::Report;
use std::sync::Arc;

/// The way of reports in a hub of several nodes: into the journal, for the owners of their legs.
///
/// What this node knows already to be unusable is refused at once, so that its sender hears of it.
pub struct Journaled {
    hub: Hub,
    journal: Arc<dyn ReportJournal>,
}

impl Journaled {
    /// `hub` knows by which names legs are called.
    pub fn new(hub: Hub, journal: Arc<dyn ReportJournal>) -> Self {
        Self { hub, journal }
    }
}

impl ReportSink for Journaled {
    fn accept(&self, reports: Vec<Report>) -> BoxFuture<'_, Result<Vec<Outcome>, SinkError>> {
        Box::pin(async move {
            let mut outcomes = vec![Outcome::Queued; reports.len()];
            let mut posted = Vec::with_capacity(reports.len());
            for (report, outcome) in reports.into_iter().zip(&mut outcomes) {
                let leg = self.hub.leg_of(&report);
                match self.hub.foreseen_refusal(&leg, &report) {
                    Some(reason) => *outcome = Outcome::Rejected(reason),
                    None => posted.push((leg, report)),
                }
            }
            let _under_way = self.hub.take_on(posted.len())?;
            if !posted.is_empty() {
                self.journal.post(posted).await?;
            }
            Ok(outcomes)
        })
    }
}
