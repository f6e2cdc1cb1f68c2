//! The index of the log in memory: live legs, and the segments that hold their newest states.

use domain::leg::LegId;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// What the index knows of a live leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IndexEntry {
    /// Revision of its newest state.
    pub(super) rev: u64,
    /// Position of its newest change, 0 for none.
    pub(super) newest: i64,
    /// The segment that holds its newest state.
    pub(super) segment: i64,
    /// The size of the state before compression.
    pub(super) bytes: u32,
}

/// A segment of the log and its size before compression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    pub(super) position: i64,
    pub(super) bytes: usize,
}

/// The index. It takes about 100 bytes per leg and allows checking revisions and choosing segments
/// without reading.
#[derive(Default)]
pub(super) struct LogIndex {
    legs: FxHashMap<LegId, IndexEntry>,
    live_bytes: usize,
    segments: VecDeque<Segment>,
    log_bytes: usize,
}

impl LogIndex {
    pub(super) fn get(&self, leg: &LegId) -> Option<IndexEntry> {
        self.legs.get(leg).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.legs.len()
    }

    /// Records the newest state of a leg, or that the leg is retired.
    pub(super) fn set(&mut self, leg: LegId, live: Option<IndexEntry>) {
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

    /// The oldest segments in order, up to `bytes` in total and at most `count`, never the newest.
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

    /// Removes the oldest segments after their compaction.
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
