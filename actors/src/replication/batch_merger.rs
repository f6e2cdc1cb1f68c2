//! Merges batches of queued reports and acknowledges them.

use super::{Deps, NAME};
use crate::ingest::unshown_correction_reason;
use crate::metrics::FeedOutcomeLabel;
use crate::supervisor::{PanicGuard, PanicReporter};
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{Ack, Outcome, Quarantined, QueuedItem, QueuedPayload, ReportSink, SinkError};
use domain::report::Report;
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pause between two tries of what cannot be made durable now: the first pause, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// How often a report is retried alone while the log accepts others, about two minutes. Then it goes to
/// quarantine, because one leg must not block its partition.
const TRIES_MAX: usize = 30;

/// Reports that came before their flight and wait for it: how many at once, and how often each is
/// retried, about ten seconds.
pub(super) const EARLY_REPORTS_MAX: usize = 1_024;
const EARLY_REPORT_TRIES_MAX: usize = 8;

/// Exponential backoff.
struct Backoff(Duration);

impl Backoff {
    fn new() -> Self {
        Self(RETRY_FIRST)
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(RETRY_MAX);
    }
}

/// What the merge of a batch needs.
#[derive(Clone)]
pub(super) struct BatchMerger {
    pub(super) deps: Deps,
    pub(super) early_reports: Arc<Semaphore>,
    pub(super) panics: PanicReporter,
}

/// A report and its acknowledgement.
type Unacknowledged = (Report, Ack);

impl BatchMerger {
    /// Merges a batch and acknowledges each report once its effect is durable.
    pub(super) async fn merge(&self, batch: Vec<QueuedItem>) {
        let mut unacknowledged: Vec<Unacknowledged> = Vec::with_capacity(batch.len());
        for QueuedItem { payload, ack } in batch {
            match payload {
                QueuedPayload::Report(report) => unacknowledged.push((report, ack)),
                QueuedPayload::Unreadable { position, reason, excerpt } => {
                    let reason = format!("{position}: {reason}");
                    let now = self.deps.hub.clock().now();
                    self.quarantine(vec![fault("journal", now, reason, excerpt)]).await;
                    ack.ack();
                }
            }
        }
        let reports: Vec<Report> = unacknowledged.iter().map(|(report, _)| report.clone()).collect();
        if reports.is_empty() {
            return;
        }
        match self.deps.hub.accept(reports).await {
            Ok(outcomes) => self.finish(unacknowledged, outcomes).await,
            // The next owner of the leg merges them.
            Err(SinkError::Stopping) => {}
            // A leg that cannot be written must not block the others.
            Err(fault) => {
                tracing::warn!(reports = unacknowledged.len(), %fault, "reports cannot be merged yet; retrying one by one");
                join_all(unacknowledged.into_iter().map(|one| self.merge_one(one))).await;
            }
        }
    }

    /// Retries one report until it is merged. If the log is reachable and accepts others, the report goes
    /// to quarantine after [`TRIES_MAX`] tries.
    async fn merge_one(&self, (report, ack): Unacknowledged) {
        let (mut backoff, mut tries) = (Backoff::new(), 0);
        loop {
            match self.deps.hub.accept(vec![report.clone()]).await {
                Ok(outcomes) => return self.finish(vec![(report, ack)], outcomes).await,
                Err(SinkError::Stopping) => return,
                Err(fault) => {
                    tries += usize::from(self.deps.log.away_for().is_none());
                    if tries >= TRIES_MAX {
                        let reason = format!("could not be merged in {tries} tries: {fault}");
                        let outcomes = vec![Outcome::Rejected(reason)];
                        return self.finish(vec![(report, ack)], outcomes).await;
                    }
                    backoff.wait().await;
                }
            }
        }
    }

    async fn finish(&self, unacknowledged: Vec<Unacknowledged>, outcomes: Vec<Outcome>) {
        let (mut faults, mut settled) = (Vec::new(), Vec::with_capacity(unacknowledged.len()));
        for ((report, ack), outcome) in unacknowledged.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Changed(_) => self.count(&report, "changed"),
                Outcome::Unchanged | Outcome::Queued => self.count(&report, "unchanged"),
                Outcome::MergedUnderCorrectedKey { leg, rev } => {
                    faults.push(self.correction(&report, &leg, rev));
                }
                Outcome::Rejected(_) if self.is_early(&report) => {
                    match self.early_reports.clone().try_acquire_owned() {
                        Ok(permit) => {
                            self.retry_until_flight_known((report, ack), permit);
                            continue;
                        }
                        Err(_) => faults.push(
                            self.rejected(&report, "came before its flight, as too many reports did".into()),
                        ),
                    }
                }
                Outcome::Rejected(reason) => faults.push(self.rejected(&report, reason)),
            }
            settled.push(ack);
        }
        self.quarantine(faults).await;
        settled.into_iter().for_each(Ack::ack);
    }

    /// Whether the report adds to an unknown flight, whose first report may be in an earlier batch that
    /// is still being merged.
    fn is_early(&self, report: &Report) -> bool {
        !report.source.creates && self.deps.hub.flight_snapshot(&self.deps.hub.resolve_leg(report)).is_none()
    }

    /// Retries the report for some seconds, concurrently with the batches.
    fn retry_until_flight_known(&self, (report, ack): Unacknowledged, permit: OwnedSemaphorePermit) {
        let merger = self.clone();
        let guard = PanicGuard::end_process(NAME.into(), self.panics.clone());
        drop(actix_rt::spawn(async move {
            let (_permit, _guard) = (permit, guard);
            let (mut backoff, mut tries) = (Backoff::new(), 0);
            loop {
                backoff.wait().await;
                tries += usize::from(merger.deps.log.away_for().is_none());
                match merger.deps.hub.accept(vec![report.clone()]).await {
                    Err(SinkError::Stopping) => return,
                    Ok(outcomes) => match &outcomes[..] {
                        [Outcome::Rejected(reason)] if tries >= EARLY_REPORT_TRIES_MAX => {
                            let fault = merger.rejected(&report, reason.clone());
                            merger.quarantine(vec![fault]).await;
                            return ack.ack();
                        }
                        [Outcome::Rejected(_)] => {}
                        [Outcome::Changed(_)] => {
                            merger.count(&report, "changed");
                            return ack.ack();
                        }
                        [Outcome::MergedUnderCorrectedKey { leg, rev }] => {
                            merger.quarantine(vec![merger.correction(&report, leg, *rev)]).await;
                            return ack.ack();
                        }
                        _ => {
                            merger.count(&report, "unchanged");
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
        self.deps.metrics.reports.get_or_create(&label).inc();
    }

    fn rejected(&self, report: &Report, reason: String) -> Quarantined {
        self.count(report, "rejected");
        fault(&report.source.name, report.received_at, reason, report.key.id().to_string())
    }

    /// The quarantine entry of a merged report that gives its leg another number, route or date.
    fn correction(&self, report: &Report, leg: &LegId, rev: Option<u64>) -> Quarantined {
        self.count(report, if rev.is_some() { "changed" } else { "unchanged" });
        let reported = report.key.id();
        fault(
            &report.source.name,
            report.received_at,
            unshown_correction_reason(leg, &reported),
            reported.to_string(),
        )
    }

    /// Stores faults and retries until that succeeds, because acknowledged reports do not come again.
    async fn quarantine(&self, faults: Vec<Quarantined>) {
        if faults.is_empty() {
            return;
        }
        let mut backoff = Backoff::new();
        while let Err(fault) = self.deps.archive.keep(None, faults.clone()).await {
            tracing::warn!(%fault, "unusable reports cannot be stored in quarantine yet; retrying");
            backoff.wait().await;
        }
    }
}

fn fault(feed: &str, received_at: DateTime<Utc>, reason: String, excerpt: String) -> Quarantined {
    Quarantined { feed: feed.into(), received_at, index: None, field: None, reason, excerpt }
}
