//! Entries that did not count, for as long as they matter.
//!
//! They stand in the log behind the one that counts: entries that were late, and records that nobody can
//! read. The archive must pass over them. Compaction keeps the last record of each leg, whatever it is, so
//! the leg has to be written again behind them: at once by its owner, and after a pause by any node.

use super::core::{lock, monotonic};
use domain::leg::LegId;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Entries remembered of one partition, the newest. An archivist is never so far behind the reader of
/// its own node.
const LATE_MAX: usize = 50_000;

/// Legs that wait to be written again. They do so for half a second, and for some seconds where nobody owns
/// them.
const OVERWRITTEN_MAX: usize = 100_000;

#[derive(Debug)]
pub(super) struct Late {
    /// By partition, offsets.
    offsets: Vec<Mutex<BTreeSet<i64>>>,
    overwritten: Mutex<FxHashMap<LegId, Overwritten>>,
}

/// A leg behind whose newest entry stands a record that does not count.
#[derive(Clone, Copy, Debug)]
struct Overwritten {
    /// The version that the record would have made, had it counted.
    version: u64,
    /// When this node first met such a record behind the entry.
    since: Instant,
}

impl Late {
    pub(super) fn new(partitions: usize) -> Self {
        let offsets = (0..partitions).map(|_| Mutex::default()).collect();
        Self { offsets, overwritten: Mutex::default() }
    }

    fn of(&self, partition: i32) -> Option<&Mutex<BTreeSet<i64>>> {
        self.offsets.get(usize::try_from(partition).ok()?)
    }

    /// Notes an entry that does not count. `leg` is one that the log knows: of others nothing could be
    /// written again.
    pub(super) fn note(&self, leg: Option<&LegId>, partition: i32, offset: i64) {
        if let Some(offsets) = self.of(partition) {
            let mut offsets = lock(offsets);
            offsets.insert(offset);
            if offsets.len() > LATE_MAX {
                offsets.pop_first();
            }
        }
        let Some(leg) = leg else { return };
        let mut overwritten = lock(&self.overwritten);
        if overwritten.len() < OVERWRITTEN_MAX || overwritten.contains_key(leg) {
            let version = u64::try_from(offset + 1).unwrap_or_default();
            let fresh = Overwritten { version, since: monotonic() };
            overwritten.entry(leg.clone()).or_insert(fresh).version = version;
        }
    }

    /// Notes an entry that counts, behind whatever did not.
    pub(super) fn counted(&self, leg: &LegId) {
        let mut overwritten = lock(&self.overwritten);
        if !overwritten.is_empty() {
            overwritten.remove(leg);
        }
    }

    /// Whether the entry at an offset did not count.
    pub(super) fn has(&self, partition: i32, offset: i64) -> bool {
        self.of(partition).is_some_and(|offsets| lock(offsets).contains(&offset))
    }

    /// The version of the late entry that stands last of a leg, if one does.
    pub(super) fn over(&self, leg: &LegId) -> Option<u64> {
        lock(&self.overwritten).get(leg).map(|overwritten| overwritten.version)
    }

    /// Legs that are to be written again: those that are `ours`, and those that have waited longer than
    /// `patience` for their owner.
    pub(super) fn overwritten(
        &self,
        most: usize,
        patience: Duration,
        ours: impl Fn(&LegId) -> bool,
    ) -> Vec<LegId> {
        let overwritten = lock(&self.overwritten);
        let due = overwritten.iter().filter(|(leg, over)| over.since.elapsed() >= patience || ours(leg));
        due.map(|(leg, _)| leg.clone()).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_waits_until_something_that_counts_stands_behind_what_did_not() {
        let late = Late::new(2);
        let leg = LegId::known("B6-615-20130208-JFK-FLL").unwrap();
        late.note(Some(&leg), 1, 7);
        late.note(None, 0, 3);
        assert!(late.has(1, 7) && late.has(0, 3) && !late.has(0, 7) && !late.has(9, 7));
        let (long, none) = (Duration::from_secs(600), Duration::ZERO);
        assert_eq!((late.over(&leg), late.overwritten(9, long, |_| true)), (Some(8), vec![leg.clone()]));
        assert_eq!(late.overwritten(9, long, |_| false), [], "it is another node's to write");
        assert_eq!(
            late.overwritten(9, none, |_| false),
            std::slice::from_ref(&leg),
            "until that took too long"
        );
        late.counted(&leg);
        assert_eq!((late.over(&leg), late.has(1, 7)), (None, true));
    }
}
