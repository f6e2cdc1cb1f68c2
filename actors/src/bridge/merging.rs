//! Reports of the journal, merged and settled.

use super::{Ends, NAME};
use crate::intake::correction;
use crate::metrics::FeedOutcomeLabel;
use crate::supervisor::{Deaths, Guard};
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{Ack, Outcome, Quarantined, QueuedItem, QueuedPayload, ReportSink, SinkError};
use domain::report::Report;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Between two tries of what cannot be made durable now: the first pause, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// How often a report is tried alone while the log takes others, some two minutes long. After that it
/// is kept for a human: one leg must not hold up its partition for ever.
const TRIES_MAX: usize = 30;

/// Reports that came before their flight and wait for it at once, and how often each is tried again,
/// some ten seconds long.
pub(super) const STRAYS_MAX: usize = 1_024;
const STRAY_TRIES_MAX: usize = 8;

/// A pause that grows, for what cannot be done now.
struct Patience(Duration);

impl Patience {
    fn new() -> Self {
        Self(RETRY_FIRST)
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(RETRY_MAX);
    }
}

/// What merging a batch needs.
#[derive(Clone)]
pub(super) struct Merging {
    pub(super) ends: Ends,
    pub(super) strays: Arc<Semaphore>,
    pub(super) deaths: Deaths,
}

/// A report and what is to be said when it is settled.
type Open = (Report, Ack);

impl Merging {
    /// Merges a batch and settles each part of it once its effect is durable.
    pub(super) async fn merge(&self, batch: Vec<QueuedItem>) {
        let mut open: Vec<Open> = Vec::with_capacity(batch.len());
        for QueuedItem { payload, ack } in batch {
            match payload {
                QueuedPayload::Report(report) => open.push((report, ack)),
                QueuedPayload::Unreadable { position, reason, excerpt } => {
                    let reason = format!("{position}: {reason}");
                    let now = self.ends.hub.clock().now();
                    self.put_aside(vec![fault("journal", now, reason, excerpt)]).await;
                    ack.ack();
                }
            }
        }
        let reports: Vec<Report> = open.iter().map(|(report, _)| report.clone()).collect();
        if reports.is_empty() {
            return;
        }
        match self.ends.hub.accept(reports).await {
            Ok(outcomes) => self.settle_all(open, outcomes).await,
            // The next owner merges them.
            Err(SinkError::Stopping) => {}
            // One leg that cannot be written must not hold up the others.
            Err(fault) => {
                tracing::warn!(reports = open.len(), %fault, "reports cannot be merged yet; trying one by one");
                join_all(open.into_iter().map(|one| self.merge_one(one))).await;
            }
        }
    }

    /// Merges a report for as long as it takes, unless the log is there and takes others: then it is
    /// put aside at last, for a human.
    async fn merge_one(&self, (report, ack): Open) {
        let (mut patience, mut tries) = (Patience::new(), 0);
        loop {
            match self.ends.hub.accept(vec![report.clone()]).await {
                Ok(outcomes) => return self.settle_all(vec![(report, ack)], outcomes).await,
                Err(SinkError::Stopping) => return,
                Err(fault) => {
                    tries += usize::from(self.ends.log.away_for().is_none());
                    if tries >= TRIES_MAX {
                        let reason = format!("could not be merged in {tries} tries: {fault}");
                        let outcomes = vec![Outcome::Rejected(reason)];
                        return self.settle_all(vec![(report, ack)], outcomes).await;
                    }
                    patience.wait().await;
                }
            }
        }
    }

    async fn settle_all(&self, open: Vec<Open>, outcomes: Vec<Outcome>) {
        let (mut faults, mut settled) = (Vec::new(), Vec::with_capacity(open.len()));
        for ((report, ack), outcome) in open.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Changed(_) => self.count(&report, "changed"),
                Outcome::Unchanged | Outcome::Queued => self.count(&report, "unchanged"),
                Outcome::MergedUnderCorrectedKey { leg, rev } => {
                    faults.push(self.correction(&report, &leg, rev));
                }
                Outcome::Rejected(_) if self.may_be_early(&report) => {
                    match self.strays.clone().try_acquire_owned() {
                        Ok(place) => {
                            self.wait_for_its_flight((report, ack), place);
                            continue;
                        }
                        Err(_) => faults
                            .push(self.rejected(&report, "came before its flight, as too many did".into())),
                    }
                }
                Outcome::Rejected(reason) => faults.push(self.rejected(&report, reason)),
            }
            settled.push(ack);
        }
        self.put_aside(faults).await;
        settled.into_iter().for_each(Ack::ack);
    }

    /// Whether it adds to a flight that nobody has spoken of yet, whose first report may be waiting in
    /// a batch of before.
    fn may_be_early(&self, report: &Report) -> bool {
        !report.source.creates && self.ends.hub.live(&self.ends.hub.leg_of(report)).is_none()
    }

    /// Tries it again for some seconds, beside the batches.
    fn wait_for_its_flight(&self, (report, ack): Open, place: OwnedSemaphorePermit) {
        let merging = self.clone();
        let guard = Guard::ends_process(NAME.into(), self.deaths.clone());
        drop(actix_rt::spawn(async move {
            let (_place, _guard) = (place, guard);
            let (mut patience, mut tries) = (Patience::new(), 0);
            loop {
                patience.wait().await;
                tries += usize::from(merging.ends.log.away_for().is_none());
                match merging.ends.hub.accept(vec![report.clone()]).await {
                    Err(SinkError::Stopping) => return,
                    Ok(outcomes) => match &outcomes[..] {
                        [Outcome::Rejected(reason)] if tries >= STRAY_TRIES_MAX => {
                            let fault = merging.rejected(&report, reason.clone());
                            merging.put_aside(vec![fault]).await;
                            return ack.ack();
                        }
                        [Outcome::Rejected(_)] => {}
                        [Outcome::Changed(_)] => {
                            merging.count(&report, "changed");
                            return ack.ack();
                        }
                        [Outcome::MergedUnderCorrectedKey { leg, rev }] => {
                            merging.put_aside(vec![merging.correction(&report, leg, *rev)]).await;
                            return ack.ack();
                        }
                        _ => {
                            merging.count(&report, "unchanged");
                            return ack.ack();
                        }
                    },
                    Err(_) => {}
                }
            }
        }));
    }

    fn count(&self, report: &Report, outcome: &'static str) {
        let label = FeedOutcomeLabel { feed: report.source.name.to_string(), outcome };
        self.ends.metrics.reports.get_or_create(&label).inc();
    }

    fn rejected(&self, report: &Report, reason: String) -> Quarantined {
        self.count(report, "rejected");
        fault(&report.source.name, report.received_at, reason, report.key.id().to_string())
    }

    /// What is kept of a merged report that gives its leg another number, route or date.
    fn correction(&self, report: &Report, leg: &LegId, rev: Option<u64>) -> Quarantined {
        self.count(report, if rev.is_some() { "changed" } else { "unchanged" });
        let said = report.key.id();
        fault(&report.source.name, report.received_at, correction(leg, &said), said.to_string())
    }

    /// Keeps faults, however long that takes: what is settled is not seen again.
    async fn put_aside(&self, faults: Vec<Quarantined>) {
        if faults.is_empty() {
            return;
        }
        let mut patience = Patience::new();
        while let Err(fault) = self.ends.archive.keep(None, faults.clone()).await {
            tracing::warn!(%fault, "what could not be used cannot be kept yet; trying again");
            patience.wait().await;
        }
    }
}

fn fault(feed: &str, received_at: DateTime<Utc>, reason: String, excerpt: String) -> Quarantined {
    Quarantined { feed: feed.into(), received_at, index: None, field: None, reason, excerpt }
}
