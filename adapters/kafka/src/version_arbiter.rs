//! Decides which entries of the shared log count: the first that was made from the newest state of its leg.
//!
//! Two nodes can believe for a moment that they own a leg, for example when one slept through a rebalance. Both append,
//! and the log orders the two entries. An entry states the version that it was made from, and every reader decides by that
//! alone, so all readers decide alike without asking each other: the first entry counts; the second was made from a state
//! that is no longer the newest and is superseded. Its writer reads that too and merges again.
//!
//! The version of an entry is its offset plus one, so the versions of a leg rise.

use super::headers::RecordHeaders;
use domain::leg::LegId;
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

/// Whether an entry counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Decision {
    /// The entry is the newest state of its leg.
    Accepted {
        /// Compaction has removed the state that it was made from.
        gap: bool,
    },
    /// Another entry was faster.
    Superseded,
}

#[derive(Clone, Copy, Debug)]
struct LegVersion {
    version: u64,
    rev: u64,
    /// When the leg ended, in milliseconds of the log.
    ended_at_ms: Option<i64>,
}

impl LegVersion {
    fn newest_rev(&self) -> u64 {
        if self.ended_at_ms.is_some() { 0 } else { self.rev }
    }
}

/// The newest version of every leg in the log, and of legs that ended for as long as a delayed writer
/// could revive them.
#[derive(Debug, Default)]
pub(super) struct VersionArbiter {
    legs: FxHashMap<LegId, LegVersion>,
}

impl VersionArbiter {
    /// The decision on a state of `leg` that would come next.
    pub(super) fn preview(&self, leg: &LegId, headers: RecordHeaders) -> Decision {
        let Some(first) = headers.rev.checked_sub(headers.changes) else { return Decision::Superseded };
        let Some(known) = self.legs.get(leg) else {
            let begins = headers.after > 0 || first == 0;
            return if begins { Decision::Accepted { gap: headers.after > 0 } } else { Decision::Superseded };
        };
        if headers.overwrites == Some(known.version) {
            return Decision::Accepted { gap: true };
        }
        match headers.after.cmp(&known.version) {
            Ordering::Less => Decision::Superseded,
            Ordering::Greater if headers.rev < known.rev => Decision::Superseded,
            Ordering::Greater => Decision::Accepted { gap: true },
            // A writer that knows the end of a leg may begin the leg again.
            Ordering::Equal if first == known.newest_rev() => Decision::Accepted { gap: false },
            Ordering::Equal => Decision::Superseded,
        }
    }

    /// Decides on a state of `leg` with this version.
    pub(super) fn decide(&mut self, leg: &LegId, headers: RecordHeaders, version: u64) -> Decision {
        let decision = self.preview(leg, headers);
        if let Decision::Accepted { .. } = decision {
            self.legs.insert(leg.clone(), LegVersion { version, rev: headers.rev, ended_at_ms: None });
        }
        decision
    }

    /// Decides on the end of a leg.
    pub(super) fn decide_end(
        &mut self,
        leg: &LegId,
        headers: RecordHeaders,
        version: u64,
        at_ms: i64,
    ) -> Decision {
        let known = self.legs.get(leg).copied();
        if known
            .is_some_and(|known| headers.after < known.version && headers.overwrites != Some(known.version))
        {
            return Decision::Superseded;
        }
        let rev = known.map_or(0, |known| known.rev);
        self.legs.insert(leg.clone(), LegVersion { version, rev, ended_at_ms: Some(at_ms) });
        Decision::Accepted { gap: known.is_none_or(|known| headers.after > known.version) }
    }

    /// Whether the log holds a state of the leg.
    pub(super) fn is_live(&self, leg: &LegId) -> bool {
        self.legs.get(leg).is_some_and(|place| place.ended_at_ms.is_none())
    }

    /// The version of the newest state of the leg or of its end; 0 if the log does not know the leg.
    pub(super) fn version(&self, leg: &LegId) -> u64 {
        self.legs.get(leg).map_or(0, |place| place.version)
    }

    /// Legs that ended and are not forgotten.
    pub(super) fn ended(&self) -> Vec<LegId> {
        let ended = self.legs.iter().filter(|(_, place)| place.ended_at_ms.is_some());
        ended.map(|(leg, _)| leg.clone()).collect()
    }

    /// Forgets a leg without a readable state.
    pub(super) fn forget(&mut self, leg: &LegId) {
        self.legs.remove(leg);
    }

    /// Takes over the legs of another arbiter.
    pub(super) fn adopt(&mut self, other: Self) {
        self.legs.extend(other.legs);
    }

    /// Forgets legs that ended before an instant of the log.
    pub(super) fn forget_ended_before(&mut self, at_ms: i64) {
        self.legs.retain(|_, place| place.ended_at_ms.is_none_or(|ended| ended >= at_ms));
    }

    /// The number of known legs, ended ones included.
    pub(super) fn len(&self) -> usize {
        self.legs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg() -> LegId {
        LegId::known("B6-615-20130208-JFK-FLL").unwrap()
    }

    fn head(after: u64, rev: u64, changes: u64) -> RecordHeaders {
        RecordHeaders { after, rev, changes, overwrites: None }
    }

    const ACCEPTED: Decision = Decision::Accepted { gap: false };
    const GAP: Decision = Decision::Accepted { gap: true };

    #[test]
    fn every_entry_made_from_the_newest_state_counts() {
        let mut arbiter = VersionArbiter::default();
        assert_eq!(arbiter.decide(&leg(), head(0, 1, 1), 10), ACCEPTED);
        assert_eq!(arbiter.decide(&leg(), head(10, 1, 0), 12), ACCEPTED, "a confirmation");
        assert_eq!(arbiter.decide(&leg(), head(12, 4, 3), 20), ACCEPTED);
        assert_eq!((arbiter.version(&leg()), arbiter.is_live(&leg())), (20, true));
    }

    #[test]
    fn of_two_entries_made_from_one_state_the_first_counts() {
        for late in [head(10, 2, 1), head(10, 1, 0), head(10, 5, 4), head(0, 1, 1)] {
            let mut arbiter = VersionArbiter::default();
            arbiter.decide(&leg(), head(0, 1, 1), 10);
            assert_eq!(arbiter.decide(&leg(), head(10, 2, 1), 11), ACCEPTED);
            assert_eq!(arbiter.decide(&leg(), late, 12), Decision::Superseded, "{late:?}");
            assert_eq!(arbiter.decide(&leg(), head(11, 3, 1), 13), ACCEPTED, "the winner goes on");
        }
    }

    #[test]
    fn a_confirmation_can_be_superseded() {
        let mut arbiter = VersionArbiter::default();
        arbiter.decide(&leg(), head(0, 1, 1), 10);
        assert_eq!(arbiter.decide(&leg(), head(10, 1, 0), 11), ACCEPTED);
        assert_eq!(arbiter.decide(&leg(), head(10, 1, 0), 12), Decision::Superseded);
        assert_eq!(arbiter.decide(&leg(), head(10, 2, 1), 13), Decision::Superseded);
    }

    #[test]
    fn a_reader_that_missed_compacted_entries_continues_with_a_gap() {
        let mut arbiter = VersionArbiter::default();
        assert_eq!(arbiter.decide(&leg(), head(7, 18, 1), 9), GAP, "the first that is left of it");
        assert_eq!(arbiter.decide(&leg(), head(15, 22, 2), 30), GAP);
        assert_eq!(arbiter.decide(&leg(), head(30, 23, 1), 31), ACCEPTED);
        assert_eq!(arbiter.decide(&leg(), head(29, 23, 1), 32), Decision::Superseded);
    }

    #[test]
    fn a_reader_that_began_with_a_superseded_entry_accepts_its_rewrite() {
        let mut all = VersionArbiter::default();
        all.decide(&leg(), head(0, 1, 1), 10);
        all.decide(&leg(), head(10, 2, 1), 11);
        assert_eq!(all.decide(&leg(), head(10, 3, 2), 12), Decision::Superseded);
        let again = RecordHeaders { overwrites: Some(12), ..head(11, 2, 0) };
        assert_eq!(all.decide(&leg(), again, 13), ACCEPTED);
        let mut late = VersionArbiter::default();
        assert_eq!(late.decide(&leg(), head(10, 3, 2), 12), GAP, "all that compaction has left of it");
        assert_eq!(late.decide(&leg(), again, 13), GAP);
        assert_eq!(late.decide(&leg(), head(13, 3, 1), 14), all.decide(&leg(), head(13, 3, 1), 14));
        assert_eq!(
            all.decide(&leg(), RecordHeaders { overwrites: Some(13), ..head(11, 2, 0) }, 15),
            Decision::Superseded
        );
    }

    #[test]
    fn revisions_that_do_not_follow_never_count() {
        let mut arbiter = VersionArbiter::default();
        assert_eq!(
            arbiter.decide(&leg(), head(0, 2, 1), 5),
            Decision::Superseded,
            "its first revision is missing"
        );
        assert_eq!(arbiter.decide(&leg(), head(0, 1, 2), 6), Decision::Superseded);
        arbiter.decide(&leg(), head(0, 3, 3), 7);
        assert_eq!(arbiter.decide(&leg(), head(7, 5, 1), 8), Decision::Superseded);
        assert_eq!(arbiter.decide(&leg(), head(7, 3, 1), 9), Decision::Superseded);
        assert_eq!(arbiter.decide(&leg(), head(9, 2, 0), 10), Decision::Superseded, "no gap leads back");
    }

    #[test]
    fn an_ended_leg_stays_ended_until_it_is_forgotten() {
        let mut arbiter = VersionArbiter::default();
        arbiter.decide(&leg(), head(0, 1, 1), 10);
        assert_eq!(arbiter.decide_end(&leg(), head(9, 0, 0), 11, 1_000), Decision::Superseded);
        assert_eq!(arbiter.decide_end(&leg(), head(10, 0, 0), 12, 1_000), ACCEPTED);
        assert!(!arbiter.is_live(&leg()));
        assert_eq!(arbiter.ended(), [leg()]);
        for late in [head(0, 1, 1), head(10, 2, 1), head(12, 2, 1)] {
            assert_eq!(arbiter.decide(&leg(), late, 13), Decision::Superseded, "{late:?}");
        }
        assert_eq!(arbiter.preview(&leg(), head(12, 1, 1)), ACCEPTED, "who knows of its end may begin again");
        arbiter.forget_ended_before(1_000);
        assert_eq!(arbiter.len(), 1);
        arbiter.forget_ended_before(1_001);
        assert_eq!(arbiter.len(), 0);
    }

    #[test]
    fn all_readers_decide_alike_wherever_compaction_lets_them_begin() {
        // Two writers that see each other's entries with a delay, from fixed seeds.
        for seed in 0..200_u64 {
            let mut log: Vec<RecordHeaders> = Vec::new();
            let mut chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let mut seen = [(0_u64, 0_u64); 2];
            let mut truth = VersionArbiter::default();
            let mut counted = Vec::new();
            for offset in 0..40_u64 {
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                let (after, rev) = seen[(chance % 2) as usize];
                let changes = if after == 0 { 1 } else { (chance >> 8) % 3 };
                let entry = head(after, rev + changes, changes);
                log.push(entry);
                let decision = truth.decide(&leg(), entry, offset + 1);
                if decision != Decision::Superseded {
                    counted.push((offset, entry));
                }
                // A writer learns of the newest entry now and then.
                if let (0, Some((offset, entry))) = ((chance >> 16) % 3, counted.last()) {
                    seen[((chance >> 24) % 2) as usize] = (offset + 1, entry.rev);
                }
            }
            for begin in 0..counted.len() {
                let mut reader = VersionArbiter::default();
                let from = counted[begin].0;
                let accepted: Vec<u64> = (from..40)
                    .filter(|o| reader.decide(&leg(), log[*o as usize], o + 1) != Decision::Superseded)
                    .collect();
                let expected: Vec<u64> = counted[begin..].iter().map(|(offset, _)| *offset).collect();
                assert_eq!(accepted, expected, "seed {seed}, from {from}");
            }
        }
    }
}
