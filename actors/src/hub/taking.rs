//! Reports taken on, within the bound of what may be under way.

use super::Hub;
use crate::flight::Apply;
use domain::leg::LegId;
use domain::ports::{BoxFuture, Outcome, ReportSink, SinkError, StoreError};
use domain::report::Report;
use futures_util::future::join_all;
use rustc_hash::FxHashMap;
use std::sync::atomic::Ordering;

/// Places of reports among those under way, given back when dropped.
pub(crate) struct UnderWay {
    hub: Hub,
    count: usize,
}

impl UnderWay {
    /// So many of these places, to be given back by themselves.
    fn part(&mut self, count: usize) -> Self {
        let count = count.min(self.count);
        self.count -= count;
        Self { hub: self.hub.clone(), count }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.count > 0 {
            self.hub.0.under_way.fetch_sub(self.count, Ordering::AcqRel);
            self.hub.0.metrics.reports_under_way.dec_by(self.count as i64);
        }
    }
}

impl Hub {
    /// Takes reports on, within the bound of what may be under way, until the answer is dropped.
    pub(crate) fn take_on(&self, count: usize) -> Result<UnderWay, SinkError> {
        let shared = &self.0;
        if shared.stopping.load(Ordering::SeqCst) {
            return Err(SinkError::Stopping);
        }
        let before = shared.under_way.fetch_add(count, Ordering::AcqRel);
        shared.metrics.reports_under_way.inc_by(count as i64);
        let taken = UnderWay { hub: self.clone(), count };
        // One message larger than the whole limit is let in when nothing else is under way.
        if before > 0 && before + count > shared.limits.reports_under_way_max {
            return Err(SinkError::Full { limit: shared.limits.reports_under_way_max });
        }
        Ok(taken)
    }
}

impl ReportSink for Hub {
    fn accept(&self, reports: Vec<Report>) -> BoxFuture<'_, Result<Vec<Outcome>, SinkError>> {
        Box::pin(async move {
            let mut under_way = self.take_on(reports.len())?;
            let mut outcomes = vec![Outcome::Unchanged; reports.len()];
            let mut legs: FxHashMap<LegId, (Vec<usize>, Vec<Report>)> = FxHashMap::default();
            for (index, report) in reports.into_iter().enumerate() {
                let leg = self.leg_of(&report);
                let (indices, of_leg) = legs.entry(leg).or_default();
                indices.push(index);
                of_leg.push(report);
            }
            let mut asked = Vec::with_capacity(legs.len());
            for (leg, (indices, of_leg)) in legs {
                let places = under_way.part(of_leg.len());
                match self.flight(&of_leg[0], &leg) {
                    Ok(address) => {
                        let apply = Apply { reports: of_leg, places };
                        asked.push(async move { (indices, address.send(apply).await) });
                    }
                    Err(outcome) => indices.iter().for_each(|i| outcomes[*i] = outcome.clone()),
                }
            }
            for (indices, answer) in join_all(asked).await {
                // A death in the middle answers as unavailable: the sender repeats, and repeating
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
