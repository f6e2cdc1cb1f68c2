//! The one task that writes.
//!
//! It takes everything that waits in the queue, writes it in one transaction, and sends the results when the transaction is
//! durable: the busier the hub, the larger the group, and the cheaper each change. Between two groups it runs one slice of
//! maintenance (compaction, expiry), or after a large group as many as keep up with it, so maintenance never delays a report
//! for longer than a group does.
//!
//! When a transaction fails, all its callers get `Unavailable`, the index stays as it was, and the connection is opened
//! again: a full disk recovers by itself when there is space.

use super::checkpoint::Checkpoints;
use super::commit::Inserts;
use super::commit_plan::{CommitPlan, Next};
use super::config::{Commit, EmbeddedConfig};
use super::database;
use super::disk_budget::DiskBudget;
use super::folder_lock::FolderLock;
use super::index::LogIndex;
use super::maintenance::{Expiry, Maintenance, Written};
use super::write_queue::{QueuedWrite, Reply, WriteRequest};
use super::{Health, epoch, lock, unavailable};
use domain::ports::StoreError;
use sqlx::{Connection, SqliteConnection, SqlitePool};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::error::TryRecvError;

/// Writes per group.
const GROUP_WORK_MAX: usize = 4096;
/// Bytes per group, except the last write. Limits the duration of a commit.
const GROUP_BYTES_MAX: usize = 4 << 20;
/// How long a raw message waits for the reports in it. Both arrive at the same time, the reports through
/// their flights, and together they cost one commit instead of two.
const REPORTS_WAIT: Duration = Duration::from_millis(1);
/// After so much time without work, the write-ahead log is copied into the file. A hub on a replayed
/// clock never idles so long: it saves its clock each second, which also shows when a failure is over.
const IDLE: Duration = Duration::from_millis(1500);
/// How often the writer tries a write of its own when it is idle or space is low: a full or broken disk
/// should be known before the first report is refused.
pub(super) const PROBE_EVERY: Duration = Duration::from_secs(10);
/// Size of a probe when space is low or after a failure: about a message of a busy airport with its
/// changes. Even on a full disk, the write-ahead log accepts less than that in place of older pages. In a
/// small file it is less, see [`DiskBudget::probe_bytes`].
pub(super) const PROBE_BYTES: usize = 256 << 10;

/// The writer and its state.
pub(super) struct Writer {
    pub(super) config: EmbeddedConfig,
    pub(super) receiver: UnboundedReceiver<QueuedWrite>,
    /// `None` after a failure, until it is opened again.
    pub(super) connection: Option<SqliteConnection>,
    pub(super) readers: SqlitePool,
    pub(super) index: Arc<Mutex<LogIndex>>,
    pub(super) health: Arc<Health>,
    pub(super) next: Next,
    pub(super) inserts: Inserts,
    pub(super) maintenance: Maintenance,
    pub(super) disk_budget: DiskBudget,
    pub(super) checkpoints: Checkpoints,
    /// The time of the last probe.
    pub(super) probed_at: Instant,
    /// Size of the largest failed commit since one of its size succeeded.
    pub(super) failed_bytes: usize,
    /// Released after everything is written.
    pub(super) _lock: FolderLock,
}

impl Writer {
    /// Works until the store is closed or every handle is dropped, then finishes.
    pub(super) async fn run(mut self) {
        let mut closing = None;
        while closing.is_none() {
            let Some(first) = self.next_work().await else { break };
            let mut plan = CommitPlan::new(self.next);
            let mut bytes = self.gather(first, &mut plan, &mut closing);
            if plan.has_only_messages() && closing.is_none() {
                bytes += self.await_reports(&mut plan, &mut closing).await;
            }
            self.commit(plan, bytes).await;
            self.measure_disk().await;
            self.probe().await;
            self.maintain().await;
            self.checkpoint(false).await;
        }
        self.finish(closing).await;
    }

    /// The next write; `Some(None)` if there is maintenance to do instead, `None` at the end.
    async fn next_work(&mut self) -> Option<Option<QueuedWrite>> {
        if self.maintenance_is_due() {
            return match self.receiver.try_recv() {
                Ok(work) => Some(Some(work)),
                Err(TryRecvError::Empty) => Some(None),
                Err(TryRecvError::Disconnected) => None,
            };
        }
        let rests = !self.checkpoints.is_pending() && self.health.last().is_ok();
        let wait = if rests { self.config.probe_every } else { IDLE };
        match tokio::time::timeout(wait, self.receiver.recv()).await {
            Ok(work) => work.map(Some),
            Err(_idle) => {
                self.checkpoint(true).await;
                Some(None)
            }
        }
    }

    /// Tries a write if one is due. So a full disk is known before a report is refused, and a hub that is
    /// not ready, and gets no reports, learns that there is space again.
    async fn probe(&mut self) {
        let is_well = self.health.last().is_ok();
        let every = if is_well { self.config.probe_every } else { IDLE };
        if now().saturating_duration_since(self.probed_at) < every {
            return;
        }
        self.probed_at = now();
        self.disk_budget.measure_soon();
        self.measure_disk().await;
        let probe_bytes = self.disk_budget.probe_bytes();
        let mut notes = Vec::new();
        if !is_well || self.disk_budget.is_below(2 * probe_bytes as u64) {
            notes.push("probe ".repeat(probe_bytes / 6));
        } else if !self.receiver.is_empty() {
            return;
        }
        // Removes the probe.
        notes.push(String::new());
        for note in notes {
            let mut plan = CommitPlan::new(self.next);
            let bytes = note.len();
            plan.meta.push(("probe", note));
            self.commit(plan, bytes).await;
            if self.health.last().is_err() {
                return;
            }
        }
    }

    /// Puts waiting writes into the plan, up to the limits of a group. Returns their bytes.
    fn gather(
        &mut self,
        first: Option<QueuedWrite>,
        plan: &mut CommitPlan,
        closing: &mut Option<Reply<()>>,
    ) -> usize {
        let index = self.index.clone();
        let index = lock(&index);
        let (mut bytes, mut pieces) = (0, 0);
        let mut waiting = first;
        while let Some(queued) = waiting {
            bytes += queued.bytes;
            pieces += 1;
            match plan.take(queued.work, &index) {
                Some(WriteRequest::Expire { raw_before, history_before, reply }) => {
                    self.maintenance.expire(Expiry::new(raw_before, history_before, reply));
                }
                Some(WriteRequest::Close { reply }) => *closing = Some(reply),
                _ => {}
            }
            let more = pieces < GROUP_WORK_MAX && bytes < GROUP_BYTES_MAX && closing.is_none();
            waiting = if more { self.receiver.try_recv().ok() } else { None };
        }
        bytes
    }

    /// Continues to gather until something other than raw messages arrives, or the time is up. Returns
    /// the bytes.
    async fn await_reports(&mut self, plan: &mut CommitPlan, closing: &mut Option<Reply<()>>) -> usize {
        let until = tokio::time::Instant::now() + REPORTS_WAIT;
        let mut bytes = 0;
        while plan.has_only_messages() && closing.is_none() && bytes < GROUP_BYTES_MAX {
            match tokio::time::timeout_at(until, self.receiver.recv()).await {
                Ok(Some(work)) => bytes += self.gather(Some(work), plan, closing),
                Ok(None) | Err(_) => break,
            }
        }
        bytes
    }

    async fn commit(&mut self, mut plan: CommitPlan, bytes: usize) {
        self.disk_budget.leave_out_messages_if_full(&mut plan);
        if plan.writes_nothing() {
            return plan.reply(Ok(()));
        }
        let begun = now();
        let mut commit = Commit {
            entries: plan.entries,
            changes: plan.changes.len(),
            messages: plan.messages.len(),
            took: Duration::ZERO,
            waiting: self.receiver.len(),
            committed: false,
        };
        let outcome = self.write(&mut plan, bytes).await;
        commit.took = now().saturating_duration_since(begun);
        commit.committed = outcome.is_ok();
        match &outcome {
            Err(_) => self.failed_bytes = self.failed_bytes.max(bytes).min(self.disk_budget.probe_bytes()),
            Ok(()) if bytes * 2 >= self.failed_bytes => self.failed_bytes = 0,
            Ok(()) => {}
        }
        // A commit much smaller than the failed one proves nothing: a full disk has space for a few
        // bytes.
        if outcome.is_err() || self.failed_bytes == 0 {
            self.health.note(&outcome);
        }
        self.checkpoints.written(bytes);
        if let Some(observer) = &self.config.on_commit {
            observer(&commit);
        }
        plan.reply(outcome);
    }

    async fn write(&mut self, plan: &mut CommitPlan, bytes: usize) -> Result<(), StoreError> {
        let mut log = plan.segments();
        let written = Written {
            log_bytes: log.iter().map(|row| row.bytes).sum(),
            messages: plan.messages.len(),
            rows: plan.changes.len() + plan.faults.len(),
        };
        let connection = connected(&mut self.connection, &self.config, &self.inserts).await?;
        match self.inserts.commit(connection, plan, &mut log).await {
            Ok(()) => {
                self.next = plan.next;
                lock(&self.index).add(log);
                self.maintenance.written(written);
                self.disk_budget.written(bytes);
                Ok(())
            }
            Err(e) => {
                if is_full(&e) {
                    self.disk_budget.record_full(bytes);
                }
                Err(self.failed(&e).await)
            }
        }
    }

    /// Closes the connection, which rolls back the transaction.
    async fn failed(&mut self, error: &sqlx::Error) -> StoreError {
        tracing::error!(error = %error, "a commit of the embedded store failed and was rolled back");
        if let Some(connection) = self.connection.take() {
            // The connection was broken already and must only be gone.
            let _ = connection.close().await;
        }
        unavailable(error)
    }

    /// Runs after the results are sent: no report should wait for it.
    async fn measure_disk(&mut self) {
        let Some(connection) = self.connection.as_mut().filter(|_| self.disk_budget.needs_measurement())
        else {
            return;
        };
        if let Err(e) = self.disk_budget.measure(connection).await {
            tracing::warn!(error = %e, "the available space cannot be measured");
        }
    }

    fn maintenance_is_due(&self) -> bool {
        self.disk_budget.is_low() && self.maintenance.is_rested()
            || self.maintenance.is_due(&lock(&self.index))
    }

    async fn maintain(&mut self) {
        if !self.maintenance_is_due() {
            return;
        }
        let outcome = match connected(&mut self.connection, &self.config, &self.inserts).await {
            Ok(connection) => {
                let freed = match self.disk_budget.is_low() {
                    true => self.disk_budget.free_space(connection).await,
                    false => Ok(()),
                };
                let (maintenance, next) = (&mut self.maintenance, &mut self.next);
                let done = match freed {
                    Ok(()) => maintenance.run_slices(connection, &self.inserts, &self.index, next).await,
                    Err(e) => Err(e),
                };
                match done {
                    Ok(bytes) => {
                        self.checkpoints.written(bytes);
                        Ok(())
                    }
                    Err(e) => Err(self.failed(&e).await),
                }
            }
            Err(e) => Err(e),
        };
        if let Err(e) = outcome {
            self.maintenance.pause(e, now());
        }
    }

    async fn checkpoint(&mut self, idle: bool) {
        let Some(connection) = &mut self.connection else { return };
        if let Err(e) = self.checkpoints.step(connection, idle).await {
            tracing::warn!(error = %e, "the write-ahead log could not be copied into the database file");
        }
    }

    /// Writes what is left, copies everything into the one file and releases it.
    async fn finish(mut self, closing: Option<Reply<()>>) {
        self.receiver.close();
        while let Some(queued) = self.receiver.recv().await {
            let mut plan = CommitPlan::new(self.next);
            let bytes = self.gather(Some(queued), &mut plan, &mut None);
            self.commit(plan, bytes).await;
        }
        self.maintenance.abandon();
        self.readers.close().await;
        let mut outcome = Ok(());
        if let Some(mut connection) = self.connection.take() {
            let ended = epoch::end_run(&mut connection).await;
            outcome = ended.and(self.checkpoints.finish(connection).await).map_err(|e| unavailable(&e));
        }
        self.health.ended();
        let Self { _lock, .. } = self;
        drop(_lock);
        if let Some(reply) = closing {
            let _ = reply.send(outcome);
        }
    }
}

/// Whether a commit failed for lack of space (`SQLITE_FULL`).
fn is_full(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|e| e.code()).is_some_and(|code| code == "13")
}

/// The connection, opened again after a failure.
async fn connected<'a>(
    connection: &'a mut Option<SqliteConnection>,
    config: &EmbeddedConfig,
    inserts: &Inserts,
) -> Result<&'a mut SqliteConnection, StoreError> {
    if connection.is_none() {
        let opened = database::reopen(config, inserts).await;
        *connection = Some(opened.map_err(|e| unavailable(&e))?);
    }
    connection.as_mut().ok_or_else(super::gone)
}

/// The only place of this crate that reads real time: for durations of commits and pauses after failures.
#[expect(
    clippy::disallowed_methods,
    reason = "measures the store itself, never decides what is true of a flight"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}
