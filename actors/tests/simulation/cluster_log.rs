//! The log of one node of several: the shared log, with delays, failures and crashes.

use crate::checks::Checks;
use crate::faults::Faults;
use crate::random::Random;
use crate::report_queue::Journal;
use crate::shared_log::{NodeLog, Shared};
use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What the nodes share.
pub(crate) struct Cluster {
    pub(crate) shared: Arc<Shared>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) faults: Faults,
    pub(crate) checks: Checks,
    pub(crate) random: Random,
}

/// The handle of one process. After a crash of the process it writes, reads and answers nothing more.
pub(crate) struct ClusterLog {
    cluster: Arc<Cluster>,
    node: usize,
    inner: NodeLog,
    is_dead: AtomicBool,
}

impl ClusterLog {
    pub(crate) fn new(cluster: Arc<Cluster>, node: usize) -> Self {
        let inner = NodeLog::new(&cluster.shared);
        Self { cluster, node, inner, is_dead: AtomicBool::new(false) }
    }

    pub(crate) fn die(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
    }

    async fn work(&self) {
        tokio::time::sleep(self.cluster.random.millis(0..=self.cluster.faults.slowest_ms())).await;
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the next write fails, and whether it is written nevertheless.
    fn failure(&self) -> Option<bool> {
        let faults = &self.cluster.faults;
        let random = &self.cluster.random;
        match faults.is_full() {
            true => Some(false),
            false => random.percent(faults.failures_percent()).then(|| random.percent(50)),
        }
    }

    fn failed<T>(&self, what: &LegId, is_written: bool) -> Result<T, StoreError> {
        self.cluster.checks.note(format_args!("failed {what} on node {}, written: {is_written}", self.node));
        Err(StoreError::Unavailable { store: "simulated log", reason: "no answer".into() })
    }

    async fn write(
        &self,
        leg: LegId,
        write: BoxFuture<'_, Result<(), StoreError>>,
    ) -> Result<(), StoreError> {
        self.work().await;
        match self.failure() {
            Some(false) => self.failed(&leg, false),
            Some(true) => {
                // The first poll writes. The answer is lost.
                let _ = tokio::time::timeout(Duration::ZERO, write).await;
                self.failed(&leg, true)
            }
            None => {
                let answer = write.await;
                self.work().await;
                answer
            }
        }
    }
}

impl ChangeLog for ClusterLog {
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        let leg = entries[0].flight.leg.clone();
        Box::pin(self.write(leg, self.inner.append(entries)))
    }
    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        self.inner.restore()
    }
    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        self.inner.ended(since)
    }
    fn retire(&self, leg: LegId, after: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write(leg.clone(), self.inner.retire(leg, after, at)))
    }
    fn owns(&self, leg: &LegId) -> bool {
        self.cluster.journal.owner(leg) == Some(self.node)
    }
}

impl SharedLog for ClusterLog {
    fn begin(&self) -> BoxFuture<'_, Result<LogSnapshot, StoreError>> {
        Box::pin(async {
            self.work().await;
            self.inner.begin().await
        })
    }
    fn next(&self) -> BoxFuture<'_, Vec<LogEvent>> {
        Box::pin(async {
            let events = self.inner.next().await;
            // A node may lag behind the others.
            self.work().await;
            events
        })
    }
    fn needs_rewrite(&self) -> Vec<LegId> {
        self.inner.needs_rewrite()
    }
    fn away_for(&self) -> Option<Duration> {
        self.cluster.faults.is_full().then_some(Duration::from_secs(1))
    }
}
