//! Records of the log that do not count, for as long as they matter.
//!
//! They follow the record that counts: writes that came too late, and unreadable records. The archive must ignore them.
//! Compaction keeps the last record of each leg, whatever it is, so the leg must be written again after them: at once by
//! its owner, and after a pause by any node.

use super::context::{lock, monotonic};
use domain::leg::LegId;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Offsets remembered per partition, the newest. An archivist is never that far behind the reader of its
/// node.
const LATE_MAX: usize = 50_000;

/// Legs that wait to be written again. They wait half a second, and some seconds if no node owns them.
const REWRITES_MAX: usize = 100_000;

#[derive(Debug)]
pub(super) struct SupersededWrites {
    /// WriterId partition, offsets.
    offsets: Vec<Mutex<BTreeSet<i64>>>,
    rewrites: Mutex<FxHashMap<LegId, PendingRewrite>>,
}

/// A leg whose last record in the log does not count.
#[derive(Clone, Copy, Debug)]
struct PendingRewrite {
    /// The version that the record would have created.
    version: u64,
    /// When this node first read such a record of the leg.
    since: Instant,
}

impl SupersededWrites {
    pub(super) fn new(partitions: usize) -> Self {
        let offsets = (0..partitions).map(|_| Mutex::default()).collect();
        Self { offsets, rewrites: Mutex::default() }
    }

    fn of(&self, partition: i32) -> Option<&Mutex<BTreeSet<i64>>> {
        self.offsets.get(usize::try_from(partition).ok()?)
    }

    /// Remembers a record that does not count. `leg` is a leg in the log: no other leg can be written
    /// again.
    pub(super) fn note(&self, leg: Option<&LegId>, partition: i32, offset: i64) {
        if let Some(offsets) = self.of(partition) {
            let mut offsets = lock(offsets);
            offsets.insert(offset);
            if offsets.len() > LATE_MAX {
                offsets.pop_first();
            }
        }
        let Some(leg) = leg else { return };
        let mut rewrites = lock(&self.rewrites);
        if rewrites.len() < REWRITES_MAX || rewrites.contains_key(leg) {
            let version = u64::try_from(offset + 1).unwrap_or_default();
            let fresh = PendingRewrite { version, since: monotonic() };
            rewrites.entry(leg.clone()).or_insert(fresh).version = version;
        }
    }

    /// Forgets the records before an entry that counts.
    pub(super) fn accepted(&self, leg: &LegId) {
        let mut rewrites = lock(&self.rewrites);
        if !rewrites.is_empty() {
            rewrites.remove(leg);
        }
    }

    /// Whether the record at an offset does not count.
    pub(super) fn has(&self, partition: i32, offset: i64) -> bool {
        self.of(partition).is_some_and(|offsets| lock(offsets).contains(&offset))
    }

    /// The version of the last record of the leg, if that record does not count.
    pub(super) fn superseded_version(&self, leg: &LegId) -> Option<u64> {
        lock(&self.rewrites).get(leg).map(|rewrites| rewrites.version)
    }

    /// Legs that must be written again: those that this node owns, and those that have waited longer than
    /// `patience` for their owner.
    pub(super) fn needs_rewrite(
        &self,
        most: usize,
        patience: Duration,
        ours: impl Fn(&LegId) -> bool,
    ) -> Vec<LegId> {
        let rewrites = lock(&self.rewrites);
        let due = rewrites.iter().filter(|(leg, over)| over.since.elapsed() >= patience || ours(leg));
        due.map(|(leg, _)| leg.clone()).take(most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_needs_a_rewrite_until_a_record_that_counts_follows() {
        let superseded = SupersededWrites::new(2);
        let leg = LegId::known("B6-615-20130208-JFK-FLL").unwrap();
        superseded.note(Some(&leg), 1, 7);
        superseded.note(None, 0, 3);
        assert!(
            superseded.has(1, 7) && superseded.has(0, 3) && !superseded.has(0, 7) && !superseded.has(9, 7)
        );
        let (long, none) = (Duration::from_secs(600), Duration::ZERO);
        assert_eq!(
            (superseded.superseded_version(&leg), superseded.needs_rewrite(9, long, |_| true)),
            (Some(8), vec![leg.clone()])
        );
        assert_eq!(superseded.needs_rewrite(9, long, |_| false), [], "it is another node's to write");
        assert_eq!(
            superseded.needs_rewrite(9, none, |_| false),
            std::slice::from_ref(&leg),
            "until that took too long"
        );
        superseded.accepted(&leg);
        assert_eq!((superseded.superseded_version(&leg), superseded.has(1, 7)), (None, true));
    }
}
