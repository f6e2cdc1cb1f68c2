//! What one commit will write, gathered from many callers' work. Pure: nothing is written here, and
//! what is kept in memory changes only once the commit has succeeded.

use super::decisions::Decision;
use super::live::{Live, Overview, Segment};
use super::segment::Builder;
use super::work::{Entry, Message, Reply, Work};
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

/// A row of `log`, and what it makes of the overview.
pub(super) struct LogRow {
    pub(super) position: i64,
    pub(super) contents: Vec<u8>,
    pub(super) states: Vec<u8>,
    pub(super) bytes: usize,
    pub(super) legs: Vec<(LegId, Option<Live>)>,
}

/// Where a leg stands once this plan is written.
#[derive(Default)]
struct Staged {
    /// Revision and state, `None` once retired.
    live: Option<(u64, Vec<u8>)>,
    newest: i64,
}

/// What one commit will write.
pub(super) struct Plan {
    pub(super) next: Next,
    staged: FxHashMap<LegId, Staged>,
    pub(super) changes: Vec<ChangeRow>,
    /// Each with its newest change, and when it was retired.
    pub(super) retired: Vec<(LegId, i64, i64)>,
    pub(super) messages: Vec<(i64, Message)>,
    pub(super) faults: Vec<(Option<i64>, Quarantined)>,
    pub(super) notes: Vec<(&'static str, String)>,
    /// In their order, as each may look at what the one before has written.
    pub(super) decisions: Vec<Decision>,
    /// Log entries taken.
    pub(super) entries: usize,
    /// Who is to be told, and what if all goes well. Even a conflict is told only after the commit:
    /// it may be with an entry that waits for the same commit.
    replies: Vec<(Reply<()>, Result<(), StoreError>)>,
    /// Who waits for a message and its faults alone. They are told last: those above have changes to
    /// show.
    keepers: Vec<Reply<()>>,
}

impl Plan {
    pub(super) fn new(next: Next) -> Self {
        Self {
            next,
            staged: FxHashMap::default(),
            changes: Vec::new(),
            retired: Vec::new(),
            messages: Vec::new(),
            faults: Vec::new(),
            notes: Vec::new(),
            decisions: Vec::new(),
            entries: 0,
            replies: Vec::new(),
            keepers: Vec::new(),
        }
    }

    /// Whether all it would write are raw messages and their faults.
    pub(super) fn has_only_messages(&self) -> bool {
        let messages = !self.messages.is_empty() || !self.faults.is_empty();
        let others = self.retired.is_empty() && self.notes.is_empty() && self.decisions.is_empty();
        messages && self.entries == 0 && others
    }

    /// Takes a piece of work, or gives back what is not for a plan.
    pub(super) fn take(&mut self, work: Work, overview: &Overview) -> Option<Work> {
        match work {
            Work::Append { entries, reply } => {
                let conflict = self.conflict(&entries, overview);
                if conflict.is_none() {
                    entries.into_iter().for_each(|entry| self.append(entry, overview));
                }
                self.replies.push((reply, conflict.map_or(Ok(()), Err)));
            }
            Work::Retire { leg, at, reply } => {
                self.retire(leg, at, overview);
                self.replies.push((reply, Ok(())));
            }
            Work::Keep { message, faults, reply } => {
                self.keep(message, faults);
                self.keepers.push(reply);
            }
            Work::Note { key, value, reply } => {
                self.notes.push((key, value));
                self.replies.push((reply, Ok(())));
            }
            Work::Decide { decision, reply } => {
                self.decisions.push(decision);
                self.replies.push((reply, Ok(())));
            }
            other @ (Work::Expire { .. } | Work::Close { .. }) => return Some(other),
        }
        None
    }

    /// The revision and the newest change of a leg as this plan leaves them, 0 for none.
    fn standing(&self, leg: &LegId, overview: &Overview) -> (u64, i64) {
        match self.staged.get(leg) {
            Some(Staged { live: Some((rev, _)), newest }) => (*rev, *newest),
            Some(Staged { live: None, .. }) => (0, 0),
            None => overview.get(leg).map_or((0, 0), |live| (live.rev, live.newest)),
        }
    }

    /// The first entry that does not follow. All of a call's entries are taken, or none.
    fn conflict(&self, entries: &[Entry], overview: &Overview) -> Option<StoreError> {
        let mut seen: FxHashMap<&LegId, u64> = FxHashMap::default();
        for entry in entries {
            let stored = seen.get(&entry.leg).copied();
            let stored = stored.unwrap_or_else(|| self.standing(&entry.leg, overview).0);
            if !entry.follows(stored) {
                return Some(StoreError::Conflict { leg: entry.leg.clone(), rev: entry.rev });
            }
            if entries.len() > 1 {
                seen.insert(&entry.leg, entry.rev);
            }
        }
        None
    }

    fn append(&mut self, entry: Entry, overview: &Overview) {
        let (_, mut newest) = self.standing(&entry.leg, overview);
        for change in entry.changes {
            let position = self.next.change;
            self.next.change += 1;
            self.changes.push(ChangeRow { position, previous: newest, leg: entry.leg.clone(), change });
            newest = position;
        }
        self.entries += 1;
        self.staged.insert(entry.leg, Staged { live: Some((entry.rev, entry.state)), newest });
    }

    fn retire(&mut self, leg: LegId, at: i64, overview: &Overview) {
        let known = overview.get(&leg).is_some() || self.staged.contains_key(&leg);
        let (_, newest) = self.standing(&leg, overview);
        if newest > 0 {
            self.retired.push((leg.clone(), newest, at));
        }
        if known {
            self.staged.insert(leg, Staged::default());
        }
    }

    fn keep(&mut self, message: Option<Message>, faults: Vec<Quarantined>) {
        let id = message.map(|message| {
            let id = self.next.message;
            self.next.message += 1;
            self.messages.push((id, message));
            id
        });
        self.faults.extend(faults.into_iter().map(|fault| (id, fault)));
    }

    /// The segments of this plan. Of a leg with several entries only the last state is written.
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

    /// Takes raw messages and their faults out again, whose keepers are told as if they were there. Answers
    /// how many messages that were.
    pub(super) fn leave_out_messages(&mut self) -> u64 {
        self.faults.clear();
        std::mem::take(&mut self.messages).len() as u64
    }

    /// Whether there is nothing to write.
    pub(super) fn writes_nothing(&self) -> bool {
        let archive = self.messages.is_empty() && self.faults.is_empty();
        self.staged.is_empty() && archive && self.notes.is_empty() && self.decisions.is_empty()
    }

    /// Tells everybody how it went.
    pub(super) fn reply(self, outcome: Result<(), StoreError>) {
        let keepers = self.keepers.into_iter().map(|reply| (reply, Ok(())));
        for (reply, planned) in self.replies.into_iter().chain(keepers) {
            // Whoever has gone away in the meantime does not want to know.
            let _ = reply.send(outcome.clone().and(planned));
        }
    }
}

/// Splits states over segments of bounded size.
pub(super) struct Segments<'a> {
    next: &'a mut Next,
    builder: Builder,
    legs: Vec<(LegId, Option<Live>)>,
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
        let live = state.map(|s| Live { rev, newest, segment, bytes: s.len() as u32 });
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

impl Overview {
    /// Takes note of segments that are now durable.
    pub(super) fn add(&mut self, rows: Vec<LogRow>) {
        for row in rows {
            self.add_segment(Segment { position: row.position, bytes: row.bytes });
            for (leg, live) in row.legs {
                self.set(leg, live);
            }
        }
    }
}
