//! What a socket that is behind still needs.

use crate::frame::Encoding;
use crate::live::Live;
use bytes::Bytes;
use domain::leg::LegId;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::collections::VecDeque;
use std::sync::Arc;

/// Answers (snapshots, states asked for, errors) waiting for one socket. A client that asks for
/// more without reading is let go.
pub const ANSWERS_MAX: usize = 64;

/// Bytes of answers waiting for one socket. Snapshots are shared, but a socket that does not read
/// keeps old ones alive. Room for the largest snapshot and some more.
pub(super) const ANSWERS_BYTES_MAX: usize = 80 * 1024 * 1024;

/// Bytes of newest states put together for one write to a socket that has caught up.
pub(super) const CATCH_UP_BYTES: usize = 64 * 1024;

/// Ticks that a listener who is let go has to take what has begun and the last words. The first of them
/// may come at once.
pub(super) const CLOSING_TICKS: u16 = 3;

/// What is owed of one leg.
#[derive(Debug, Default)]
struct Owed {
    /// That it has left topics, one frame after the other.
    goodbyes: Option<Bytes>,
    /// Its newest state, if there still is one when it can be sent.
    state: bool,
}

/// What waits for one socket. Bounded: one entry a leg it follows, [`ANSWERS_MAX`] answers, and the
/// rest of one write.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The rest of a write that was taken in part: bytes and how many of them have gone. It must
    /// go first, as a frame has begun.
    rest: Option<(Bytes, usize)>,
    /// Snapshots, and errors in their place: before any later change of their topic.
    snapshots: VecDeque<Bytes>,
    legs: IndexMap<LegId, Owed, FxBuildHasher>,
    /// Other answers. Behind the legs: the state of one leg must not carry a newer stamp past a leg
    /// whose older change is still owed, or a listener who resumes from it would miss that.
    answers: VecDeque<Bytes>,
    answers_bytes: usize,
    /// Follows under way: until their snapshots are here, frames are kept back.
    pub(super) holds: u16,
    /// Ticks in a row in which the socket took nothing.
    pub(super) idle_ticks: u16,
    /// Let go once this much is written.
    pub(super) closing: bool,
    /// Ticks since then.
    pub(super) closing_ticks: u16,
}

impl Pending {
    pub(super) fn rest(&mut self, bytes: Bytes, gone: usize) {
        self.rest = Some((bytes, gone));
    }

    pub(super) fn answer(&mut self, bytes: Bytes) -> Result<(), Full> {
        self.make_room(bytes.len())?;
        self.answers.push_back(bytes);
        Ok(())
    }

    pub(super) fn snapshot(&mut self, bytes: Bytes) -> Result<(), Full> {
        self.make_room(bytes.len())?;
        self.snapshots.push_back(bytes);
        Ok(())
    }

    fn make_room(&mut self, bytes: usize) -> Result<(), Full> {
        let count = self.answers.len() + self.snapshots.len();
        if count >= ANSWERS_MAX || (count > 0 && self.answers_bytes + bytes > ANSWERS_BYTES_MAX) {
            return Err(Full);
        }
        self.answers_bytes += bytes;
        Ok(())
    }

    /// The newest state of a leg is owed.
    pub(super) fn owe_state(&mut self, leg: &LegId) {
        match self.legs.get_mut(leg) {
            Some(owed) => owed.state = true,
            None => drop(self.legs.insert(leg.clone(), Owed { goodbyes: None, state: true })),
        }
    }

    /// It is owed that a leg has left a topic. What else is owed of it stays owed: it may still be
    /// followed through another topic, or come back.
    pub(super) fn owe_goodbye(&mut self, leg: &LegId, goodbye: &Bytes) {
        let owed = self.legs.entry(leg.clone()).or_default();
        owed.goodbyes = Some(match owed.goodbyes.take() {
            Some(earlier) => [&earlier[..], &goodbye[..]].concat().into(),
            None => goodbye.clone(),
        });
    }

    /// From now on only `last` is written, and then nothing more.
    pub(super) fn close_with(&mut self, last: Bytes) {
        self.legs.clear();
        self.answers.clear();
        self.snapshots.clear();
        self.snapshots.push_back(last);
        self.holds = 0;
        self.closing = true;
    }

    /// The next bytes to write, and how many of them have gone already. `newest` finds the live
    /// state of a leg, `None` where there is none any more.
    pub(super) fn next(
        &mut self,
        encoding: Encoding,
        newest: impl Fn(&LegId) -> Option<Arc<Live>>,
    ) -> Option<(Bytes, usize)> {
        if let Some(rest) = self.rest.take() {
            return Some(rest);
        }
        if let Some(answer) = self.snapshots.pop_front() {
            self.answers_bytes = self.answers_bytes.saturating_sub(answer.len());
            return Some((answer, 0));
        }
        if self.holds > 0 {
            return None;
        }
        if !self.legs.is_empty() {
            let caught_up = self.catch_up(encoding, newest);
            if !caught_up.is_empty() {
                return Some((caught_up.into(), 0));
            }
        }
        let answer = self.answers.pop_front()?;
        self.answers_bytes = self.answers_bytes.saturating_sub(answer.len());
        Some((answer, 0))
    }

    /// Goodbyes, then states, the oldest change first: whatever a listener has seen when the link
    /// breaks, everything older has been sent, so that it can resume from the newest stamp it has.
    fn catch_up(&mut self, encoding: Encoding, newest: impl Fn(&LegId) -> Option<Arc<Live>>) -> Vec<u8> {
        let mut together = Vec::new();
        let mut states = Vec::new();
        self.legs.retain(|leg, owed| {
            if let Some(goodbyes) = owed.goodbyes.take() {
                together.extend_from_slice(&goodbyes);
            }
            match newest(leg).filter(|_| owed.state) {
                Some(live) => {
                    states.push(live);
                    true
                }
                None => false,
            }
        });
        states.sort_unstable_by_key(|live| live.changed_at);
        for live in states {
            if together.len() >= CATCH_UP_BYTES {
                break;
            }
            together.extend_from_slice(live.state_frame().bytes(encoding));
            self.legs.swap_remove(&live.leg);
        }
        together
    }

    /// Nothing is owed and nothing awaited.
    pub(super) fn is_done(&self) -> bool {
        !self.has_work() && self.legs.is_empty() && self.answers.is_empty() && self.holds == 0
    }

    /// Whether there is something that could be written now.
    pub(super) fn has_work(&self) -> bool {
        let now = self.rest.is_some() || !self.snapshots.is_empty();
        now || (self.holds == 0 && !(self.legs.is_empty() && self.answers.is_empty()))
    }

    /// Whether a snapshot, or the rest of a write that may be one, still has to go.
    pub(super) fn owes_snapshot(&self) -> bool {
        self.rest.is_some() || !self.snapshots.is_empty()
    }

    /// Bytes of snapshots, or of the write that may be one, that it keeps alive.
    pub(super) fn snapshot_bytes(&self) -> usize {
        let rest = self.rest.as_ref().map_or(0, |(bytes, _)| bytes.len());
        rest + self.snapshots.iter().map(Bytes::len).sum::<usize>()
    }

    pub(super) fn legs_len(&self) -> usize {
        self.legs.len()
    }
}

/// A socket asks for more than it reads.
pub(super) struct Full;
