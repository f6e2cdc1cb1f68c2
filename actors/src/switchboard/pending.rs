//! What a socket that is behind still needs.

use bytes::Bytes;
use domain::leg::LegId;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::collections::VecDeque;

/// Answers (snapshots, states asked for, errors) waiting for one socket. A client that asks for
/// more without reading is let go.
pub const ANSWERS_MAX: usize = 64;

/// Bytes of newest states put together for one write to a socket that has caught up.
pub(super) const CATCH_UP_BYTES: usize = 64 * 1024;

/// What waits for one socket. Bounded: one entry a leg it follows, [`ANSWERS_MAX`] answers, whose
/// bytes are shared with everyone who got the same, and the rest of one write.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// The rest of a write that was taken in part: bytes and how many of them have gone. It must
    /// go first, as a frame has begun.
    rest: Option<(Bytes, usize)>,
    answers: VecDeque<Bytes>,
    /// Legs whose newest state is owed; with the last goodbye, where the leg has left a topic.
    legs: IndexMap<LegId, Option<Bytes>, FxBuildHasher>,
    /// Follows under way: until their snapshots are here, frames are kept back.
    pub holds: u16,
    /// Ticks in a row in which the socket took nothing.
    pub idle_ticks: u16,
    /// Let go once this much is written.
    pub closing: bool,
}

impl Pending {
    pub(super) fn rest(&mut self, bytes: Bytes, gone: usize) {
        self.rest = Some((bytes, gone));
    }

    pub(super) fn answer(&mut self, bytes: Bytes) -> Result<(), Bytes> {
        if self.answers.len() >= ANSWERS_MAX {
            return Err(bytes);
        }
        self.answers.push_back(bytes);
        Ok(())
    }

    pub(super) fn owe(&mut self, leg: &LegId, goodbye: Option<Bytes>) {
        match self.legs.get_mut(leg) {
            // A leg may leave two topics of one listener: both goodbyes are owed.
            Some(owed) => match (&owed, goodbye) {
                (Some(first), Some(second)) => *owed = Some([&first[..], &second[..]].concat().into()),
                (_, goodbye) => *owed = goodbye,
            },
            None => drop(self.legs.insert(leg.clone(), goodbye)),
        }
    }

    /// The next bytes to write, and how many of them have gone already. `newest` makes the state
    /// of a leg, `None` where there is none any more.
    pub(super) fn next(&mut self, mut newest: impl FnMut(&LegId) -> Option<Bytes>) -> Option<(Bytes, usize)> {
        if let Some(rest) = self.rest.take() {
            return Some(rest);
        }
        if let Some(answer) = self.answers.pop_front() {
            return Some((answer, 0));
        }
        if self.holds > 0 {
            return None;
        }
        let mut together = Vec::new();
        while let Some((leg, goodbye)) = self.legs.pop() {
            if let Some(bytes) = goodbye.or_else(|| newest(&leg)) {
                if together.is_empty() && self.legs.is_empty() {
                    return Some((bytes, 0));
                }
                together.extend_from_slice(&bytes);
            }
            if together.len() >= CATCH_UP_BYTES {
                break;
            }
        }
        (!together.is_empty()).then(|| (together.into(), 0))
    }

    /// Nothing is owed and nothing awaited.
    pub(super) fn is_done(&self) -> bool {
        self.rest.is_none() && self.answers.is_empty() && self.legs.is_empty() && self.holds == 0
    }

    /// Whether there is something that could be written now.
    pub(super) fn has_work(&self) -> bool {
        self.rest.is_some() || !self.answers.is_empty() || (self.holds == 0 && !self.legs.is_empty())
    }

    pub(super) fn legs_len(&self) -> usize {
        self.legs.len()
    }
}
