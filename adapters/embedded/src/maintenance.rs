//! Keeps the file small, in slices: compaction of the log, and expiry of the archive.

use super::commit::Inserts;
use super::commit_plan::{Next, Segments};
use super::index::LogIndex;
use super::inserts::{COMMIT, run};
use super::lock;
use super::segment::{self, Line};
use super::write_queue::Reply;
use super::writer::now;
use domain::ports::{ENDS_KNOWN_FOR, StoreError};
use sqlx::{Row, SqliteConnection};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The log may be so many times as large as the live states before its oldest segments are compacted.
/// With 3, a change costs about half a rewritten state more, and a restore reads three times what it
/// needs.
const LOG_TO_LIVE_MAX: usize = 3;
/// How much of the log one slice compacts, in bytes before compression and in segments: at least one
/// segment, at most what memory should hold at once.
const SLICE_BYTES: usize = 1 << 20;
const SLICE_BYTES_MAX: usize = 4 << 20;
const SLICE_SEGMENTS: usize = 256;
/// Rows that one slice drops. Fewer messages, because their bodies are large.
const SLICE_ROWS: usize = 1000;
const SLICE_MESSAGES: usize = 100;
/// Maintenance processes so many times what the commit before it wrote, if that is more than a slice;
/// otherwise a log that is written at full speed would grow without limit. One pass over a log of three
/// times the live states frees two thirds of it, so twice is enough to let it shrink.
const SLICES_TIMES_WRITTEN: usize = 2;
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// An expiry in progress.
pub(super) struct Expiry {
    raw_before: i64,
    history_before: i64,
    step: usize,
    gone: u64,
    reply: Reply<u64>,
}

impl Expiry {
    pub(super) fn new(raw_before: i64, history_before: i64, reply: Reply<u64>) -> Self {
        Self { raw_before, history_before, step: 0, gone: 0, reply }
    }
}

/// Maintenance that is due, and its progress.
pub(super) struct Maintenance {
    compact_from_bytes: usize,
    expiries: VecDeque<Expiry>,
    paused_until: Option<Instant>,
    /// A segment is unreadable: compacting it would lose it.
    stopped: bool,
    /// What the last commit wrote.
    written: Written,
}

/// What a commit wrote.
#[derive(Clone, Copy, Default)]
pub(super) struct Written {
    /// Bytes of the log before compression.
    pub(super) log_bytes: usize,
    /// Raw messages.
    pub(super) messages: usize,
    /// Changes and faults.
    pub(super) rows: usize,
}

impl Maintenance {
    pub(super) fn new(compact_from_bytes: usize) -> Self {
        Self {
            compact_from_bytes,
            expiries: VecDeque::new(),
            paused_until: None,
            stopped: false,
            written: Written::default(),
        }
    }

    pub(super) fn expire(&mut self, expiry: Expiry) {
        self.expiries.push_back(expiry);
    }

    /// Records a commit.
    pub(super) fn written(&mut self, written: Written) {
        self.written = written;
    }

    pub(super) fn is_due(&self, index: &LogIndex) -> bool {
        !self.expiries.is_empty() || self.wants_compaction(index)
    }

    /// Whether the pause after the last failure is over.
    pub(super) fn is_rested(&self) -> bool {
        self.paused_until.is_none_or(|until| now() >= until)
    }

    fn wants_compaction(&self, index: &LogIndex) -> bool {
        let bytes_max = self.compact_from_bytes.max(index.live_bytes() * LOG_TO_LIVE_MAX);
        !self.stopped && index.log_bytes() > bytes_max && self.is_rested()
    }

    /// Runs one slice, or as many as keep up with the last commit. Returns the approximate number of
    /// bytes written.
    pub(super) async fn run_slices(
        &mut self,
        connection: &mut SqliteConnection,
        inserts: &Inserts,
        index: &Mutex<LogIndex>,
        next: &mut Next,
    ) -> sqlx::Result<usize> {
        let last = std::mem::take(&mut self.written);
        let mut left = SLICES_TIMES_WRITTEN * last.log_bytes;
        let mut written = 0;
        while self.wants_compaction(&lock(index)) {
            let slice_bytes = left.clamp(SLICE_BYTES, SLICE_BYTES_MAX);
            let compacted = self.compact(connection, inserts, index, next, slice_bytes).await?;
            written += compacted.written;
            left = left.saturating_sub(compacted.read);
            if left == 0 || compacted.read == 0 {
                break;
            }
        }
        if let Some(expiry) = self.expiries.front_mut() {
            let done = expiry.slice(connection, last).await?;
            written += SLICE_BYTES / 4;
            if done && let Some(Expiry { reply, gone, .. }) = self.expiries.pop_front() {
                let _ = reply.send(Ok(gone));
            }
        }
        Ok(written)
    }

    /// Rewrites the oldest segments at the end of the log without replaced states.
    async fn compact(
        &mut self,
        connection: &mut SqliteConnection,
        inserts: &Inserts,
        index: &Mutex<LogIndex>,
        next: &mut Next,
        slice_bytes: usize,
    ) -> sqlx::Result<Compacted> {
        let oldest = lock(index).oldest(slice_bytes, SLICE_SEGMENTS);
        let Some(last) = oldest.last().map(|s| s.position) else { return Ok(Compacted::default()) };
        let mut after = *next;
        let mut segments = Segments::new(&mut after);
        let rows =
            sqlx::query("SELECT position, legs, states FROM log WHERE position <= ? ORDER BY position")
                .bind(last)
                .fetch_all(&mut *connection)
                .await?;
        for row in rows {
            let (position, contents, states): (i64, &[u8], &[u8]) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            if let Err(reason) = keep_live(position, contents, states, &lock(index), &mut segments) {
                tracing::error!(
                    log.position = position,
                    reason,
                    "a segment of the log is damaged; compaction stops"
                );
                self.stopped = true;
                return Ok(Compacted::default());
            }
        }
        let mut log = segments.finish();
        let read = oldest.iter().map(|segment| segment.bytes).sum();
        let written = log.iter().map(|row| row.bytes).sum();
        inserts.log(connection, &mut log).await?;
        sqlx::query("DELETE FROM log WHERE position <= ?").bind(last).execute(&mut *connection).await?;
        run(connection, COMMIT).await?;
        *next = after;
        let mut index = lock(index);
        index.drop_oldest(oldest.len());
        index.add(log);
        Ok(Compacted { read, written })
    }

    /// Fails the callers that wait for an expiry, and pauses.
    pub(super) fn pause(&mut self, error: StoreError, at: Instant) {
        self.paused_until = Some(at + PAUSE);
        for expiry in self.expiries.drain(..) {
            let _ = expiry.reply.send(Err(error.clone()));
        }
    }

    /// Ends the expiries in progress when the store closes. The next expiry continues.
    pub(super) fn abandon(&mut self) {
        for expiry in self.expiries.drain(..) {
            let _ = expiry.reply.send(Err(super::gone()));
        }
    }
}

/// Bytes of a compaction, before compression.
#[derive(Clone, Copy, Default)]
struct Compacted {
    read: usize,
    written: usize,
}

/// Adds the states of a segment that are still the newest. The line of a retired leg is not needed any
/// more when nothing older is left.
fn keep_live(
    position: i64,
    contents: &[u8],
    states: &[u8],
    index: &LogIndex,
    segments: &mut Segments<'_>,
) -> Result<(), String> {
    let lines = segment::contents(contents)?;
    let live = |line: &&Line| index.get(&line.leg).is_some_and(|l| l.segment == position);
    if !lines.iter().any(|line| live(&line)) {
        return Ok(());
    }
    let states = segment::states(&lines, states)?;
    for line in lines.iter().filter(live) {
        if let Some(slice) = line.state {
            segments.add(line.leg.clone(), line.rev, line.newest, Some(slice.of(&states)?));
        }
    }
    Ok(())
}

impl Expiry {
    /// Drops one slice of rows, and more than the last commit wrote. Returns whether nothing is left to
    /// drop.
    async fn slice(&mut self, connection: &mut SqliteConnection, last: Written) -> sqlx::Result<bool> {
        let messages_max = SLICE_MESSAGES.max(SLICES_TIMES_WRITTEN * last.messages);
        let rows_max = SLICE_ROWS.max(SLICES_TIMES_WRITTEN * last.rows);
        let steps: [(&str, usize); 4] = [
            (
                "DELETE FROM messages WHERE id IN
                    (SELECT id FROM messages WHERE received_at < ?1 ORDER BY received_at LIMIT ?2)",
                messages_max,
            ),
            (
                "DELETE FROM faults WHERE id IN
                    (SELECT id FROM faults WHERE received_at < ?1 ORDER BY received_at LIMIT ?2)",
                rows_max,
            ),
            (
                "DELETE FROM changes WHERE position IN
                    (SELECT position FROM changes WHERE at < ?1 ORDER BY at LIMIT ?2)",
                rows_max,
            ),
            // A retired leg without history needs no start of its chain, and no end once its dates make
            // every late report invalid.
            (
                "DELETE FROM retired WHERE leg IN (SELECT leg FROM retired
                    WHERE newest < coalesce((SELECT min(position) FROM changes), 9223372036854775807)
                        AND ended_at < ?1 LIMIT ?2)",
                rows_max,
            ),
        ];
        let Some((text, rows_max)) = steps.get(self.step) else { return Ok(true) };
        // The given instants are before now, so this is more than the time for which ends are known.
        let ends_known_ns = ENDS_KNOWN_FOR.num_nanoseconds().unwrap_or(i64::MAX);
        let ended_before = self.raw_before.min(self.history_before).saturating_sub(ends_known_ns);
        let before = [self.raw_before, self.raw_before, self.history_before, ended_before][self.step];
        let done = sqlx::query(*text).bind(before).bind(*rows_max as i64).execute(connection).await?;
        let is_retired = self.step == steps.len() - 1;
        self.gone += if is_retired { 0 } else { done.rows_affected() };
        if done.rows_affected() < *rows_max as u64 {
            self.step += 1;
        }
        Ok(self.step == steps.len())
    }
}
