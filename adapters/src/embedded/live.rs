//! Which legs are live, and where in the log their newest states are.

use domain::leg::LegId;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// What is known of a live leg without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Live {
    /// Revision of its newest state.
    pub(super) rev: u64,
    /// Position of its newest change, 0 for none.
    pub(super) newest: i64,
    /// The segment that holds its newest state.
    pub(super) segment: i64,
    /// What that takes before compression.
    pub(super) bytes: u32,
}

/// A segment of the log and what it takes before compression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) position: i64,
    pub(super) bytes: usize,
}

/// The log as seen from above. About 100 bytes a leg, so that revisions are checked and segments
/// compacted without reading.
#[derive(Default)]
pub(super) struct Overview {
    legs: FxHashMap<LegId, Live>,
    live_bytes: usize,
    segments: VecDeque<Segment>,
    log_bytes: usize,
}

impl Overview {
    pub(super) fn get(&self, leg: &LegId) -> Option<Live> {
        self.legs.get(leg).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.legs.len()
    }

    /// Takes note of a leg's newest state, or that it is retired.
    pub(super) fn set(&mut self, leg: LegId, live: Option<Live>) {
        let before = match live {
            Some(live) => {
                self.live_bytes += live.bytes as usize;
                self.legs.insert(leg, live)
            }
            None => self.legs.remove(&leg),
        };
        self.live_bytes -= before.map_or(0, |b| b.bytes as usize);
    }

    pub(super) fn add_segment(&mut self, segment: Segment) {
        self.log_bytes += segment.bytes;
        self.segments.push_back(segment);
    }

    /// The oldest segments in order, up to `bytes` of them and at most `count`, always leaving the
    /// newest.
    pub(super) fn oldest(&self, bytes: usize, count: usize) -> Vec<Segment> {
        let mut sum = 0;
        let older = self.segments.len().saturating_sub(1);
        let within = |segment: &&Segment| {
            let fits = sum == 0 || sum + segment.bytes <= bytes;
            sum += segment.bytes;
            fits
        };
        self.segments.iter().take(older.min(count)).take_while(within).copied().collect()
    }

    /// Forgets the oldest segments, which were compacted away.
    pub(super) fn drop_oldest(&mut self, count: usize) {
        for segment in self.segments.drain(..count.min(self.segments.len())) {
            self.log_bytes -= segment.bytes;
        }
    }

    pub(super) fn log_bytes(&self) -> usize {
        self.log_bytes
    }

    pub(super) fn live_bytes(&self) -> usize {
        self.live_bytes
    }
}
