//! Gathers what one commit writes, from the writes of many callers. Pure: it writes nothing, and the index in memory
//! changes only after the commit has succeeded.

use super::directory_writes::DirectoryWrite;
use super::index::{IndexEntry, LogIndex, Segment};
use super::segment::Builder;
use super::write_queue::{EncodedEntry, EncodedMessage, Reply, WriteRequest};
use domain::leg::LegId;
use domain::ports::{PastChange, Quarantined, StoreError};
use rustc_hash::FxHashMap;

/// The next free positions of the tables that only grow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Next {
    pub(super) segment: i64,
    pub(super) change: i64,
    pub(super) message: i64,
}

/// A row of `changes`.
pub(super) struct ChangeRow {
    pub(super) position: i64,
    pub(super) previous: i64,
    pub(super) leg: LegId,
    pub(super) change: PastChange,
}

/// A row of `log` with its effect on the index.
pub(super) struct LogRow {
    pub(super) position: i64,
    pub(super) contents: Vec<u8>,
    pub(super) states: Vec<u8>,
    pub(super) bytes: usize,
    pub(super) legs: Vec<(LegId, Option<IndexEntry>)>,
}

/// A leg as the plan leaves it.
#[derive(Default)]
struct StagedLeg {
    /// Revision and state, `None` once retired.
    live: Option<(u64, Vec<u8>)>,
    newest: i64,
}

/// What one commit will write.
pub(super) struct CommitPlan {
    pub(super) next: Next,
    staged: FxHashMap<LegId, StagedLeg>,
    pub(super) changes: Vec<ChangeRow>,
    /// Retired legs, each with its newest change and the time of its end.
    pub(super) retired: Vec<(LegId, i64, i64)>,
    pub(super) messages: Vec<(i64, EncodedMessage)>,
    pub(super) faults: Vec<(Option<i64>, Quarantined)>,
    pub(super) meta: Vec<(&'static str, String)>,
    /// In order, because each may read what an earlier one wrote.
    pub(super) directory_writes: Vec<DirectoryWrite>,
    /// Log entries in the plan.
    pub(super) entries: usize,
    /// Callers, and their results if the commit succeeds. A conflict is returned after the commit too: it
    /// may be a conflict with an entry of the same commit.
    replies: Vec<(Reply<()>, Result<(), StoreError>)>,
    /// Callers that wait for a message and its faults. They get their results last: the others have
    /// changes to publish.
    archive_replies: Vec<Reply<()>>,
}

impl CommitPlan {
    pub(super) fn new(next: Next) -> Self {
        Self {
            next,
            staged: FxHashMap::default(),
            changes: Vec::new(),
            retired: Vec::new(),
            messages: Vec::new(),
            faults: Vec::new(),
            meta: Vec::new(),
            directory_writes: Vec::new(),
            entries: 0,
            replies: Vec::new(),
            archive_replies: Vec::new(),
        }
    }

    /// Whether the plan contains only raw messages and their faults.
    pub(super) fn has_only_messages(&self) -> bool {
        let messages = !self.messages.is_empty() || !self.faults.is_empty();
        let others = self.retired.is_empty() && self.meta.is_empty() && self.directory_writes.is_empty();
        messages && self.entries == 0 && others
    }

    /// Adds a write to the plan, or returns it if it does not belong into one.
    pub(super) fn take(&mut self, work: WriteRequest, index: &LogIndex) -> Option<WriteRequest> {
        match work {
            WriteRequest::Append { entries, reply } => {
                let conflict = self.conflict(&entries, index);
                if conflict.is_none() {
                    entries.into_iter().for_each(|entry| self.append(entry, index));
                }
                self.replies.push((reply, conflict.map_or(Ok(()), Err)));
            }
            WriteRequest::Retire { leg, at, reply } => {
                self.retire(leg, at, index);
                self.replies.push((reply, Ok(())));
            }
            WriteRequest::Keep { message, faults, reply } => {
                self.keep(message, faults);
                self.archive_replies.push(reply);
            }
            WriteRequest::SetMeta { key, value, reply } => {
                self.meta.push((key, value));
                self.replies.push((reply, Ok(())));
            }
            WriteRequest::WriteDirectory { write, reply } => {
                self.directory_writes.push(write);
                self.replies.push((reply, Ok(())));
            }
            other @ (WriteRequest::Expire { .. } | WriteRequest::Close { .. }) => return Some(other),
        }
        None
    }

    /// The revision and the newest change of a leg as the plan leaves them; 0 for none.
    fn staged_revision(&self, leg: &LegId, index: &LogIndex) -> (u64, i64) {
        match self.staged.get(leg) {
            Some(StagedLeg { live: Some((rev, _)), newest }) => (*rev, *newest),
            Some(StagedLeg { live: None, .. }) => (0, 0),
            None => index.get(leg).map_or((0, 0), |live| (live.rev, live.newest)),
        }
    }

    /// The first entry whose revision does not follow. A call is accepted as a whole or not at all.
    fn conflict(&self, entries: &[EncodedEntry], index: &LogIndex) -> Option<StoreError> {
        let mut seen: FxHashMap<&LegId, u64> = FxHashMap::default();
        for entry in entries {
            let stored = seen.get(&entry.leg).copied();
            let stored = stored.unwrap_or_else(|| self.staged_revision(&entry.leg, index).0);
            if !entry.follows(stored) {
                return Some(StoreError::Conflict { leg: entry.leg.clone(), rev: entry.rev });
            }
            if entries.len() > 1 {
                seen.insert(&entry.leg, entry.rev);
            }
        }
        None
    }

    fn append(&mut self, entry: EncodedEntry, index: &LogIndex) {
        let (_, mut newest) = self.staged_revision(&entry.leg, index);
        for change in entry.changes {
            let position = self.next.change;
            self.next.change += 1;
            self.changes.push(ChangeRow { position, previous: newest, leg: entry.leg.clone(), change });
            newest = position;
        }
        self.entries += 1;
        self.staged.insert(entry.leg, StagedLeg { live: Some((entry.rev, entry.state)), newest });
    }

    fn retire(&mut self, leg: LegId, at: i64, index: &LogIndex) {
        let known = index.get(&leg).is_some() || self.staged.contains_key(&leg);
        let (_, newest) = self.staged_revision(&leg, index);
        if newest > 0 {
            self.retired.push((leg.clone(), newest, at));
        }
        if known {
            self.staged.insert(leg, StagedLeg::default());
        }
    }

    fn keep(&mut self, message: Option<EncodedMessage>, faults: Vec<Quarantined>) {
        let id = message.map(|message| {
            let id = self.next.message;
            self.next.message += 1;
            self.messages.push((id, message));
            id
        });
        self.faults.extend(faults.into_iter().map(|fault| (id, fault)));
    }

    /// The segments of the plan. Of several states of a leg only the last is written.
    pub(super) fn segments(&mut self) -> Vec<LogRow> {
        let mut segments = Segments::new(&mut self.next);
        for (leg, staged) in self.staged.drain() {
            let (rev, state) = match &staged.live {
                Some((rev, state)) => (*rev, Some(state.as_slice())),
                None => (0, None),
            };
            segments.add(leg, rev, staged.newest, state);
        }
        segments.finish()
    }

    /// Removes raw messages and their faults; their callers get success all the same. Returns the number
    /// of messages.
    pub(super) fn leave_out_messages(&mut self) -> u64 {
        self.faults.clear();
        std::mem::take(&mut self.messages).len() as u64
    }

    /// Whether the plan is empty.
    pub(super) fn writes_nothing(&self) -> bool {
        let archive = self.messages.is_empty() && self.faults.is_empty();
        self.staged.is_empty() && archive && self.meta.is_empty() && self.directory_writes.is_empty()
    }

    /// Sends every caller its result.
    pub(super) fn reply(self, outcome: Result<(), StoreError>) {
        let archive_replies = self.archive_replies.into_iter().map(|reply| (reply, Ok(())));
        for (reply, planned) in self.replies.into_iter().chain(archive_replies) {
            // The caller may be gone.
            let _ = reply.send(outcome.clone().and(planned));
        }
    }
}

/// Distributes states over segments of bounded size.
pub(super) struct Segments<'a> {
    next: &'a mut Next,
    builder: Builder,
    legs: Vec<(LegId, Option<IndexEntry>)>,
    rows: Vec<LogRow>,
}

impl<'a> Segments<'a> {
    pub(super) fn new(next: &'a mut Next) -> Self {
        Self { next, builder: Builder::default(), legs: Vec::new(), rows: Vec::new() }
    }

    pub(super) fn add(&mut self, leg: LegId, rev: u64, newest: i64, state: Option<&[u8]>) {
        if self.builder.is_full_for(state.map_or(0, <[u8]>::len)) {
            self.close_row();
        }
        self.builder.add(&leg, rev, newest, state);
        let segment = self.next.segment;
        let live = state.map(|s| IndexEntry { rev, newest, segment, bytes: s.len() as u32 });
        self.legs.push((leg, live));
    }

    fn close_row(&mut self) {
        if self.builder.is_empty() {
            return;
        }
        let builder = std::mem::take(&mut self.builder);
        let position = self.next.segment;
        self.next.segment += 1;
        let bytes = builder.bytes();
        let (contents, states) = builder.finish();
        let legs = std::mem::take(&mut self.legs);
        self.rows.push(LogRow { position, contents, states, bytes, legs });
    }

    pub(super) fn finish(mut self) -> Vec<LogRow> {
        self.close_row();
        self.rows
    }
}

impl LogIndex {
    /// Adds segments that are durable now.
    pub(super) fn add(&mut self, rows: Vec<LogRow>) {
        for row in rows {
            self.add_segment(Segment { position: row.position, bytes: row.bytes });
            for (leg, live) in row.legs {
                self.set(leg, live);
            }
        }
    }
}
