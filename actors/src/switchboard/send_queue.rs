//! What a slow connection still needs.

use crate::flight_snapshot::FlightSnapshot;
use crate::frame::Encoding;
use bytes::Bytes;
use domain::leg::LegId;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::collections::VecDeque;
use std::sync::Arc;

/// Maximum number of queued replies (snapshots, requested states, errors). The hub closes a connection
/// that requests more without reading.
pub const REPLIES_MAX: usize = 64;

/// Maximum bytes of queued replies. Snapshots are shared, but a slow connection keeps old ones in memory.
/// The limit fits the largest snapshot and some more.
pub(super) const REPLY_BYTES_MAX: usize = 80 * 1024 * 1024;

/// Bytes of states that go into one write when a connection catches up.
pub(super) const CATCH_UP_BYTES: usize = 64 * 1024;

/// Ticks that a closing connection has to take a partial write and the close frame. The first tick may
/// come at once.
pub(super) const CLOSING_TICKS: u16 = 3;

/// What a connection needs of one leg.
#[derive(Debug, Default)]
struct LegUpdate {
    /// Frames that state which topics the leg has left.
    gone_frames: Option<Bytes>,
    /// Whether to send the newest state, if the leg still exists then.
    state: bool,
}

/// The queue of one connection. It is bounded: one entry per leg that the connection follows,
/// [`REPLIES_MAX`] replies, and the rest of one write.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    /// The rest of a partial write: the bytes and how many are sent. It goes first, because a frame is
    /// partly sent.
    rest: Option<(Bytes, usize)>,
    /// Snapshots, and errors in their place. They precede later changes of their topic.
    snapshots: VecDeque<Bytes>,
    legs: IndexMap<LegId, LegUpdate, FxBuildHasher>,
    /// Other replies. They follow the legs: a reply with the state of one leg must not carry a newer
    /// timestamp than an unsent change of another leg, or a client that resumes from that timestamp would
    /// miss the change.
    replies: VecDeque<Bytes>,
    reply_bytes: usize,
    /// Follows without a snapshot yet. While there are any, frames are held back.
    pub(super) follows_in_progress: u16,
    /// Successive ticks without progress.
    pub(super) idle_ticks: u16,
    /// Whether the connection closes once this queue is sent.
    pub(super) closing: bool,
    /// Ticks since the connection began to close.
    pub(super) closing_ticks: u16,
}

impl SendQueue {
    pub(super) fn rest(&mut self, bytes: Bytes, gone: usize) {
        self.rest = Some((bytes, gone));
    }

    pub(super) fn answer(&mut self, bytes: Bytes) -> Result<(), QueueFull> {
        self.make_room(bytes.len())?;
        self.replies.push_back(bytes);
        Ok(())
    }

    pub(super) fn snapshot(&mut self, bytes: Bytes) -> Result<(), QueueFull> {
        self.make_room(bytes.len())?;
        self.snapshots.push_back(bytes);
        Ok(())
    }

    fn make_room(&mut self, bytes: usize) -> Result<(), QueueFull> {
        let count = self.replies.len() + self.snapshots.len();
        if count >= REPLIES_MAX || (count > 0 && self.reply_bytes + bytes > REPLY_BYTES_MAX) {
            return Err(QueueFull);
        }
        self.reply_bytes += bytes;
        Ok(())
    }

    /// Marks a leg as dirty: its newest state must be sent.
    pub(super) fn mark_dirty(&mut self, leg: &LegId) {
        match self.legs.get_mut(leg) {
            Some(update) => update.state = true,
            None => drop(self.legs.insert(leg.clone(), LegUpdate { gone_frames: None, state: true })),
        }
    }

    /// Queues a frame that states that the leg left a topic. The leg stays dirty if it was: the client
    /// may follow it through another topic, or it may come back.
    pub(super) fn push_gone(&mut self, leg: &LegId, gone: &Bytes) {
        let update = self.legs.entry(leg.clone()).or_default();
        update.gone_frames = Some(match update.gone_frames.take() {
            Some(earlier) => [&earlier[..], &gone[..]].concat().into(),
            None => gone.clone(),
        });
    }

    /// Drops everything except a partial write, and queues `last` as the final bytes.
    pub(super) fn close_with(&mut self, last: Bytes) {
        self.legs.clear();
        self.replies.clear();
        self.snapshots.clear();
        self.snapshots.push_back(last);
        self.follows_in_progress = 0;
        self.closing = true;
    }

    /// The next bytes to write, and how many of them are sent already. `newest` finds the snapshot of a
    /// leg, `None` if it no longer exists.
    pub(super) fn next(
        &mut self,
        encoding: Encoding,
        newest: impl Fn(&LegId) -> Option<Arc<FlightSnapshot>>,
    ) -> Option<(Bytes, usize)> {
        if let Some(rest) = self.rest.take() {
            return Some(rest);
        }
        if let Some(answer) = self.snapshots.pop_front() {
            self.reply_bytes = self.reply_bytes.saturating_sub(answer.len());
            return Some((answer, 0));
        }
        if self.follows_in_progress > 0 {
            return None;
        }
        if !self.legs.is_empty() {
            let caught_up = self.catch_up(encoding, newest);
            if !caught_up.is_empty() {
                return Some((caught_up.into(), 0));
            }
        }
        let answer = self.replies.pop_front()?;
        self.reply_bytes = self.reply_bytes.saturating_sub(answer.len());
        Some((answer, 0))
    }

    /// `gone` frames, then states, oldest change first. Whenever the connection breaks, everything
    /// older than the newest timestamp that the client has was sent, so that the client can resume from
    /// it.
    fn catch_up(
        &mut self,
        encoding: Encoding,
        newest: impl Fn(&LegId) -> Option<Arc<FlightSnapshot>>,
    ) -> Vec<u8> {
        let mut joined_frames = Vec::new();
        let mut states = Vec::new();
        self.legs.retain(|leg, update| {
            if let Some(gone_frames) = update.gone_frames.take() {
                joined_frames.extend_from_slice(&gone_frames);
            }
            match newest(leg).filter(|_| update.state) {
                Some(live) => {
                    states.push(live);
                    true
                }
                None => false,
            }
        });
        states.sort_unstable_by_key(|live| live.changed_at);
        for live in states {
            if joined_frames.len() >= CATCH_UP_BYTES {
                break;
            }
            joined_frames.extend_from_slice(live.state_frame().bytes(encoding));
            self.legs.swap_remove(&live.leg);
        }
        joined_frames
    }

    /// Whether the queue is empty and no follow is in progress.
    pub(super) fn is_done(&self) -> bool {
        !self.has_work() && self.legs.is_empty() && self.replies.is_empty() && self.follows_in_progress == 0
    }

    /// Whether there is something to write now.
    pub(super) fn has_work(&self) -> bool {
        let now = self.rest.is_some() || !self.snapshots.is_empty();
        now || (self.follows_in_progress == 0 && !(self.legs.is_empty() && self.replies.is_empty()))
    }

    /// Whether a snapshot, or a partial write that may be one, is unsent.
    pub(super) fn has_unsent_snapshot(&self) -> bool {
        self.rest.is_some() || !self.snapshots.is_empty()
    }

    /// Bytes of snapshots, or of a partial write that may be one, that the queue keeps in memory.
    pub(super) fn snapshot_bytes(&self) -> usize {
        let rest = self.rest.as_ref().map_or(0, |(bytes, _)| bytes.len());
        rest + self.snapshots.iter().map(Bytes::len).sum::<usize>()
    }

    pub(super) fn legs_len(&self) -> usize {
        self.legs.len()
    }
}

/// The client requests more than it reads.
pub(super) struct QueueFull;
