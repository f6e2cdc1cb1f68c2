//! The one task that writes.
//!
//! It takes whatever waits in the queue, writes that in one transaction, and answers everybody once
//! it is durable: the busier the hub, the larger the group, and the cheaper each change. Between two
//! groups it does one slice of upkeep (compaction, expiry), or where the group was large as many as keep up
//! with it, so that upkeep never stands between a report and its answer for longer than a group does.
//!
//! When a transaction fails, everybody in it is told `Unavailable`, what is in memory stays as it
//! was, and the connection is opened anew: a full disk heals by itself once there is room.

use super::checkpoint::Checkpoints;
use super::commit::Inserts;
use super::config::{Commit, EmbeddedConfig};
use super::database;
use super::live::Overview;
use super::lock::FolderLock;
use super::plan::{Next, Plan};
use super::room::Room;
use super::upkeep::{Expiry, Upkeep, Written};
use super::work::{Queued, Reply, Work};
use super::{Health, epoch, lock, unavailable};
use domain::ports::StoreError;
use sqlx::{Connection, SqliteConnection, SqlitePool};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::error::TryRecvError;

/// Pieces of work in one group at most.
const GROUP_WORK_MAX: usize = 4096;
/// Bytes in one group at most, but for the last piece. Bounds how long a commit takes.
const GROUP_BYTES_MAX: usize = 4 << 20;
/// How long a raw message waits for the reports that were in it. Both are on their way at once, the
/// reports through their flights; together they cost one commit instead of two.
const COMPANY: Duration = Duration::from_millis(1);
/// After this long without work, what is in the WAL is moved into the file. A hub on a replayed clock never
/// rests so long: it saves its clock each second, which also tells it when a failure is over.
const IDLE: Duration = Duration::from_millis(1500);
/// So often a write is tried that nobody has asked for, where there is nothing else to do or little room: a
/// disk that is full or broken is to be known before the first report is refused.
pub(super) const PROBE_EVERY: Duration = Duration::from_secs(10);
/// What a probe writes where little room is left, or after a failure: about as much as a busy airport's
/// message with its changes. The write-ahead log takes less even on a full disk, in the place of what it had
/// before. In a small file it is less, see [`Room::probe_bytes`].
pub(super) const PROBE_BYTES: usize = 256 << 10;

/// The one task that writes, and all it needs.
pub(super) struct Writer {
    pub(super) config: EmbeddedConfig,
    pub(super) receiver: UnboundedReceiver<Queued>,
    /// `None` after a failure, until it is opened anew.
    pub(super) connection: Option<SqliteConnection>,
    pub(super) readers: SqlitePool,
    pub(super) overview: Arc<Mutex<Overview>>,
    pub(super) health: Arc<Health>,
    pub(super) next: Next,
    pub(super) inserts: Inserts,
    pub(super) upkeep: Upkeep,
    pub(super) room: Room,
    pub(super) checkpoints: Checkpoints,
    /// When a write was tried last that nobody had asked for.
    pub(super) probed_at: Instant,
    /// How much the largest commit was that has failed since one of its size succeeded.
    pub(super) failed_bytes: usize,
    /// Let go of only when all is written.
    pub(super) _lock: FolderLock,
}

impl Writer {
    /// Works until it is closed or every handle is dropped, then finishes.
    pub(super) async fn run(mut self) {
        let mut closing = None;
        while closing.is_none() {
            let Some(first) = self.next_work().await else { break };
            let mut plan = Plan::new(self.next);
            let mut bytes = self.gather(first, &mut plan, &mut closing);
            if plan.has_only_messages() && closing.is_none() {
                bytes += self.await_company(&mut plan, &mut closing).await;
            }
            self.commit(plan, bytes).await;
            self.look_at_room().await;
            self.probe().await;
            self.upkeep().await;
            self.checkpoint(false).await;
        }
        self.finish(closing).await;
    }

    /// The next piece of work; `Some(None)` if there is upkeep to do instead, `None` at the end.
    async fn next_work(&mut self) -> Option<Option<Queued>> {
        if self.upkeep_is_due() {
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

    /// Tries a write where it is time to. A full disk is known before a report is refused, and a hub that is
    /// not ready, which is sent nothing, learns that there is room again.
    async fn probe(&mut self) {
        let is_well = self.health.last().is_ok();
        let every = if is_well { self.config.probe_every } else { IDLE };
        if now().saturating_duration_since(self.probed_at) < every {
            return;
        }
        self.probed_at = now();
        self.room.look_soon();
        self.look_at_room().await;
        let probe_bytes = self.room.probe_bytes();
        let mut notes = Vec::new();
        if !is_well || self.room.is_below(2 * probe_bytes as u64) {
            notes.push("probe ".repeat(probe_bytes / 6));
        } else if !self.receiver.is_empty() {
            return;
        }
        // What was tried is taken away again.
        notes.push(String::new());
        for note in notes {
            let mut plan = Plan::new(self.next);
            let bytes = note.len();
            plan.notes.push(("probe", note));
            self.commit(plan, bytes).await;
            if self.health.last().is_err() {
                return;
            }
        }
    }

    /// Puts what waits into the plan, up to the bounds of a group. Answers the bytes of it.
    fn gather(&mut self, first: Option<Queued>, plan: &mut Plan, closing: &mut Option<Reply<()>>) -> usize {
        let overview = self.overview.clone();
        let overview = lock(&overview);
        let (mut bytes, mut pieces) = (0, 0);
        let mut waiting = first;
        while let Some(queued) = waiting {
            bytes += queued.bytes;
            pieces += 1;
            match plan.take(queued.work, &overview) {
                Some(Work::Expire { raw_before, history_before, reply }) => {
                    self.upkeep.expire(Expiry::new(raw_before, history_before, reply));
                }
                Some(Work::Close { reply }) => *closing = Some(reply),
                _ => {}
            }
            let more = pieces < GROUP_WORK_MAX && bytes < GROUP_BYTES_MAX && closing.is_none();
            waiting = if more { self.receiver.try_recv().ok() } else { None };
        }
        bytes
    }

    /// Gathers on until something other than raw messages has come, or the time is up. Answers the
    /// bytes of it.
    async fn await_company(&mut self, plan: &mut Plan, closing: &mut Option<Reply<()>>) -> usize {
        let until = tokio::time::Instant::now() + COMPANY;
        let mut bytes = 0;
        while plan.has_only_messages() && closing.is_none() && bytes < GROUP_BYTES_MAX {
            match tokio::time::timeout_at(until, self.receiver.recv()).await {
                Ok(Some(work)) => bytes += self.gather(Some(work), plan, closing),
                Ok(None) | Err(_) => break,
            }
        }
        bytes
    }

    async fn commit(&mut self, mut plan: Plan, bytes: usize) {
        self.room.thin(&mut plan);
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
            Err(_) => self.failed_bytes = self.failed_bytes.max(bytes).min(self.room.probe_bytes()),
            Ok(()) if bytes * 2 >= self.failed_bytes => self.failed_bytes = 0,
            Ok(()) => {}
        }
        // What is much smaller than what failed proves nothing: a full disk has room for a word.
        if outcome.is_err() || self.failed_bytes == 0 {
            self.health.note(&outcome);
        }
        self.checkpoints.written(bytes);
        if let Some(observer) = &self.config.on_commit {
            observer(&commit);
        }
        plan.reply(outcome);
    }

    async fn write(&mut self, plan: &mut Plan, bytes: usize) -> Result<(), StoreError> {
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
                lock(&self.overview).add(log);
                self.upkeep.written(written);
                self.room.written(bytes);
                Ok(())
            }
            Err(e) => {
                if is_full(&e) {
                    self.room.refused(bytes);
                }
                Err(self.failed(&e).await)
            }
        }
    }

    /// Closes the connection, which rolls back what it had begun.
    async fn failed(&mut self, error: &sqlx::Error) -> StoreError {
        tracing::error!(error = %error, "a commit of the embedded store failed; nothing of it was kept");
        if let Some(connection) = self.connection.take() {
            // It was broken already; what counts is that it is gone.
            let _ = connection.close().await;
        }
        unavailable(error)
    }

    /// Once everybody is answered: it is nothing that a report should wait for.
    async fn look_at_room(&mut self) {
        let Some(connection) = self.connection.as_mut().filter(|_| self.room.wants_look()) else { return };
        if let Err(e) = self.room.look(connection).await {
            tracing::warn!(error = %e, "the room that is left to the store cannot be told");
        }
    }

    fn upkeep_is_due(&self) -> bool {
        self.room.is_short() && self.upkeep.is_rested() || self.upkeep.is_due(&lock(&self.overview))
    }

    async fn upkeep(&mut self) {
        if !self.upkeep_is_due() {
            return;
        }
        let outcome = match connected(&mut self.connection, &self.config, &self.inserts).await {
            Ok(connection) => {
                let relieved = match self.room.is_short() {
                    true => self.room.relieve(connection).await,
                    false => Ok(()),
                };
                let (upkeep, next) = (&mut self.upkeep, &mut self.next);
                let done = match relieved {
                    Ok(()) => upkeep.round(connection, &self.inserts, &self.overview, next).await,
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
            self.upkeep.pause(e, now());
        }
    }

    async fn checkpoint(&mut self, idle: bool) {
        let Some(connection) = &mut self.connection else { return };
        if let Err(e) = self.checkpoints.step(connection, idle).await {
            tracing::warn!(error = %e, "the write-ahead log could not be moved into the database file");
        }
    }

    /// Writes what is left, moves all into the one file, and lets go of it.
    async fn finish(mut self, closing: Option<Reply<()>>) {
        self.receiver.close();
        while let Some(queued) = self.receiver.recv().await {
            let mut plan = Plan::new(self.next);
            let bytes = self.gather(Some(queued), &mut plan, &mut None);
            self.commit(plan, bytes).await;
        }
        self.upkeep.abandon();
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

/// Whether a commit failed for want of room (`SQLITE_FULL`).
fn is_full(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(|e| e.code()).is_some_and(|code| code == "13")
}

/// The connection, opened anew after a failure.
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

/// The one door for real time in this module: how long commits take, when a failed upkeep is tried
/// again.
#[expect(
    clippy::disallowed_methods,
    reason = "measures the store itself, never decides what is true of a flight"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}
