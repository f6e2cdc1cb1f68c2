//! Admission of reports: bounds how many are in flight.

use super::Hub;
use crate::flight::Apply;
use domain::leg::LegId;
use domain::ports::{BoxFuture, Outcome, ReportSink, SinkError, StoreError};
use domain::report::Report;
use futures_util::future::join_all;
use rustc_hash::FxHashMap;
use std::sync::atomic::Ordering;

/// Counts reports as in flight until it is dropped.
pub(crate) struct InFlightPermit {
    hub: Hub,
    count: usize,
}

impl InFlightPermit {
    /// Splits off a permit for `count` of these reports.
    fn part(&mut self, count: usize) -> Self {
        let count = count.min(self.count);
        self.count -= count;
        Self { hub: self.hub.clone(), count }
    }
}

impl Drop for InFlightPermit {
    fn drop(&mut self) {
        if self.count > 0 {
            self.hub.0.in_flight.fetch_sub(self.count, Ordering::AcqRel);
            self.hub.0.metrics.reports_under_way.dec_by(self.count as i64);
        }
    }
}

impl Hub {
    /// Admits reports if the limit of reports in flight allows it. They count until the permit is
    /// dropped.
    pub(crate) fn admit(&self, count: usize) -> Result<InFlightPermit, SinkError> {
        let shared = &self.0;
        if shared.stopping.load(Ordering::SeqCst) {
            return Err(SinkError::Stopping);
        }
        let before = shared.in_flight.fetch_add(count, Ordering::AcqRel);
        shared.metrics.reports_under_way.inc_by(count as i64);
        let taken = InFlightPermit { hub: self.clone(), count };
        // A message that exceeds the whole limit is admitted when nothing else is in flight.
        if before > 0 && before + count > shared.limits.reports_under_way_max {
            return Err(SinkError::Full { limit: shared.limits.reports_under_way_max });
        }
        Ok(taken)
    }
}

impl ReportSink for Hub {
    fn accept(&self, reports: Vec<Report>) -> BoxFuture<'_, Result<Vec<Outcome>, SinkError>> {
        Box::pin(async move {
            let mut in_flight = self.admit(reports.len())?;
            let mut outcomes = vec![Outcome::Unchanged; reports.len()];
            let mut legs: FxHashMap<LegId, (Vec<usize>, Vec<Report>)> = FxHashMap::default();
            for (index, report) in reports.into_iter().enumerate() {
                let leg = self.resolve_leg(&report);
                let (indices, of_leg) = legs.entry(leg).or_default();
                indices.push(index);
                of_leg.push(report);
            }
            let mut asked = Vec::with_capacity(legs.len());
            for (leg, (indices, of_leg)) in legs {
                let permit = in_flight.part(of_leg.len());
                match self.flight(&of_leg[0], &leg) {
                    Ok(address) => {
                        let apply = Apply { reports: of_leg, permit };
                        asked.push(async move { (indices, address.send(apply).await) });
                    }
                    Err(outcome) => indices.iter().for_each(|i| outcomes[*i] = outcome.clone()),
                }
            }
            for (indices, answer) in join_all(asked).await {
                // If the actor panics, the answer is "unavailable". The sender repeats the report, which
                // is harmless.
                let answer = answer.map_err(|_| unavailable())??;
                for (index, outcome) in indices.into_iter().zip(answer) {
                    outcomes[index] = outcome;
                }
            }
            Ok(outcomes)
        })
    }
}

pub(super) fn unavailable() -> SinkError {
    SinkError::NotDurable(StoreError::Unavailable { store: "flight", reason: "its actor stopped".into() })
}
