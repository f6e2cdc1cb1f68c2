//! Entries that did not count, for as long as they matter.
//!
//! They stand in the log behind the one that counts. The archive must pass over them, and because
//! compaction keeps the last entry of each leg, the leg has to be written again behind them, by
//! whoever owns it.

use super::core::lock;
use domain::leg::LegId;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// Entries remembered of one partition, the newest. An archivist is never so far behind the reader of
/// its own node.
const LATE_MAX: usize = 50_000;

/// Legs that wait to be written again. They do so for half a second, unless nobody owns them.
const OVERWRITTEN_MAX: usize = 100_000;

#[derive(Debug)]
pub(super) struct Late {
    /// By partition, offsets.
    offsets: Vec<Mutex<BTreeSet<i64>>>,
    /// By leg, the version that the last late entry would have made.
    overwritten: Mutex<FxHashMap<LegId, u64>>,
}

impl Late {
    pub(super) fn new(partitions: usize) -> Self {
        let offsets = (0..partitions).map(|_| Mutex::default()).collect();
        Self { offsets, overwritten: Mutex::default() }
    }

    fn of(&self, partition: i32) -> Option<&Mutex<BTreeSet<i64>>> {
        self.offsets.get(usize::try_from(partition).ok()?)
    }

    /// Notes an entry that does not count.
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
            overwritten.insert(leg.clone(), u64::try_from(offset + 1).unwrap_or_default());
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
        lock(&self.overwritten).get(leg).copied()
    }

    /// Legs behind which a late entry stands last.
    pub(super) fn overwritten(&self, most: usize, wanted: impl Fn(&LegId) -> bool) -> Vec<LegId> {
        lock(&self.overwritten).keys().filter(|leg| wanted(leg)).take(most).cloned().collect()
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
        assert_eq!((late.over(&leg), late.overwritten(9, |_| true)), (Some(8), vec![leg.clone()]));
        assert_eq!(late.overwritten(9, |_| false), []);
        late.counted(&leg);
        assert_eq!((late.over(&leg), late.has(1, 7)), (None, true));
    }
}
