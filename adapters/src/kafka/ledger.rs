//! Which entries of the shared log count: the first that was made from a leg's newest state.
//!
//! Several nodes can believe for a moment that a leg is theirs: one was asleep while the leg went to
//! another. Both append, and the log puts the two in an order. An entry says from which version it
//! was made, and everyone who reads the log judges by that alone, so everyone judges alike, without
//! asking anybody: the first counts, the second was made from what is no longer the newest, and is
//! passed over. Its writer reads that too, and merges anew.
//!
//! A version is the offset of the entry that made it, plus one, so that versions of a leg rise.

use domain::leg::LegId;
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

/// What an entry says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Head {
    /// The version it was made from; 0 for none.
    pub(super) after: u64,
    /// The revision of its state.
    pub(super) rev: u64,
    /// How many revisions it adds.
    pub(super) changes: u64,
    /// The version of a late entry that it is written over, for those who began with that one because
    /// compaction had taken what it was late for.
    pub(super) over: Option<u64>,
}

/// What an entry amounts to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It is the leg's newest state.
    Counts {
        /// What it was made from is not in the log any more: compaction took it.
        gap: bool,
    },
    /// Somebody else was faster.
    Late,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    version: u64,
    rev: u64,
    /// When it was retired, in the log's milliseconds.
    over_at_ms: Option<i64>,
}

impl Place {
    fn newest_rev(&self) -> u64 {
        if self.over_at_ms.is_some() { 0 } else { self.rev }
    }
}

/// The newest version of every leg in the log, and of those that are over for as long as a late
/// writer could bring them back.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    places: FxHashMap<LegId, Place>,
}

impl Ledger {
    /// What a state of `leg` would amount to, if it came next.
    pub(super) fn foresee(&self, leg: &LegId, head: Head) -> Verdict {
        let Some(first) = head.rev.checked_sub(head.changes) else { return Verdict::Late };
        let Some(known) = self.places.get(leg) else {
            let begins = head.after > 0 || first == 0;
            return if begins { Verdict::Counts { gap: head.after > 0 } } else { Verdict::Late };
        };
        if head.over == Some(known.version) {
            return Verdict::Counts { gap: true };
        }
        match head.after.cmp(&known.version) {
            Ordering::Less => Verdict::Late,
            Ordering::Greater if head.rev < known.rev => Verdict::Late,
            Ordering::Greater => Verdict::Counts { gap: true },
            // Who knows of its end may begin a leg again.
            Ordering::Equal if first == known.newest_rev() => Verdict::Counts { gap: false },
            Ordering::Equal => Verdict::Late,
        }
    }

    /// Judges a state of `leg` that stands in the log as `version`.
    pub(super) fn judge(&mut self, leg: &LegId, head: Head, version: u64) -> Verdict {
        let verdict = self.foresee(leg, head);
        if let Verdict::Counts { .. } = verdict {
            self.places.insert(leg.clone(), Place { version, rev: head.rev, over_at_ms: None });
        }
        verdict
    }

    /// Judges the end of a leg.
    pub(super) fn judge_end(&mut self, leg: &LegId, head: Head, version: u64, at_ms: i64) -> Verdict {
        let known = self.places.get(leg).copied();
        if known.is_some_and(|known| head.after < known.version && head.over != Some(known.version)) {
            return Verdict::Late;
        }
        let rev = known.map_or(0, |known| known.rev);
        self.places.insert(leg.clone(), Place { version, rev, over_at_ms: Some(at_ms) });
        Verdict::Counts { gap: known.is_none_or(|known| head.after > known.version) }
    }

    /// Whether the log holds a state of it.
    pub(super) fn is_live(&self, leg: &LegId) -> bool {
        self.places.get(leg).is_some_and(|place| place.over_at_ms.is_none())
    }

    /// The version of its newest state, or of its end; 0 where nothing is known of it.
    pub(super) fn version(&self, leg: &LegId) -> u64 {
        self.places.get(leg).map_or(0, |place| place.version)
    }

    /// Legs that are over and not forgotten.
    pub(super) fn ended(&self) -> Vec<LegId> {
        let ended = self.places.iter().filter(|(_, place)| place.over_at_ms.is_some());
        ended.map(|(leg, _)| leg.clone()).collect()
    }

    /// Forgets a leg of which nothing can be read.
    pub(super) fn forget(&mut self, leg: &LegId) {
        self.places.remove(leg);
    }

    /// Takes over what another one knows of its legs.
    pub(super) fn adopt(&mut self, other: Self) {
        self.places.extend(other.places);
    }

    /// Forgets legs that ended before an instant of the log.
    pub(super) fn forget_ended_before(&mut self, at_ms: i64) {
        self.places.retain(|_, place| place.over_at_ms.is_none_or(|ended| ended >= at_ms));
    }

    /// Legs that are known, those that are over as well.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg() -> LegId {
        LegId::known("B6-615-20130208-JFK-FLL").unwrap()
    }

    fn head(after: u64, rev: u64, changes: u64) -> Head {
        Head { after, rev, changes, over: None }
    }

    const COUNTS: Verdict = Verdict::Counts { gap: false };
    const GAP: Verdict = Verdict::Counts { gap: true };

    #[test]
    fn each_entry_that_was_made_from_the_newest_state_counts() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.judge(&leg(), head(0, 1, 1), 10), COUNTS);
        assert_eq!(ledger.judge(&leg(), head(10, 1, 0), 12), COUNTS, "a confirmation");
        assert_eq!(ledger.judge(&leg(), head(12, 4, 3), 20), COUNTS);
        assert_eq!((ledger.version(&leg()), ledger.is_live(&leg())), (20, true));
    }

    #[test]
    fn of_two_made_from_one_state_the_first_counts_whatever_they_say() {
        for late in [head(10, 2, 1), head(10, 1, 0), head(10, 5, 4), head(0, 1, 1)] {
            let mut ledger = Ledger::default();
            ledger.judge(&leg(), head(0, 1, 1), 10);
            assert_eq!(ledger.judge(&leg(), head(10, 2, 1), 11), COUNTS);
            assert_eq!(ledger.judge(&leg(), late, 12), Verdict::Late, "{late:?}");
            assert_eq!(ledger.judge(&leg(), head(11, 3, 1), 13), COUNTS, "the winner goes on");
        }
    }

    #[test]
    fn a_confirmation_can_be_late_too() {
        let mut ledger = Ledger::default();
        ledger.judge(&leg(), head(0, 1, 1), 10);
        assert_eq!(ledger.judge(&leg(), head(10, 1, 0), 11), COUNTS);
        assert_eq!(ledger.judge(&leg(), head(10, 1, 0), 12), Verdict::Late);
        assert_eq!(ledger.judge(&leg(), head(10, 2, 1), 13), Verdict::Late);
    }

    #[test]
    fn a_reader_who_missed_what_compaction_took_goes_on_with_a_gap() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.judge(&leg(), head(7, 18, 1), 9), GAP, "the first that is left of it");
        assert_eq!(ledger.judge(&leg(), head(15, 22, 2), 30), GAP);
        assert_eq!(ledger.judge(&leg(), head(30, 23, 1), 31), COUNTS);
        assert_eq!(ledger.judge(&leg(), head(29, 23, 1), 32), Verdict::Late);
    }

    #[test]
    fn who_began_with_a_late_entry_takes_what_is_written_over_it() {
        let mut all = Ledger::default();
        all.judge(&leg(), head(0, 1, 1), 10);
        all.judge(&leg(), head(10, 2, 1), 11);
        assert_eq!(all.judge(&leg(), head(10, 3, 2), 12), Verdict::Late);
        let again = Head { over: Some(12), ..head(11, 2, 0) };
        assert_eq!(all.judge(&leg(), again, 13), COUNTS);
        let mut late = Ledger::default();
        assert_eq!(late.judge(&leg(), head(10, 3, 2), 12), GAP, "all that compaction has left of it");
        assert_eq!(late.judge(&leg(), again, 13), GAP);
        assert_eq!(late.judge(&leg(), head(13, 3, 1), 14), all.judge(&leg(), head(13, 3, 1), 14));
        assert_eq!(all.judge(&leg(), Head { over: Some(13), ..head(11, 2, 0) }, 15), Verdict::Late);
    }

    #[test]
    fn revisions_that_do_not_follow_never_count() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.judge(&leg(), head(0, 2, 1), 5), Verdict::Late, "its first revision is missing");
        assert_eq!(ledger.judge(&leg(), head(0, 1, 2), 6), Verdict::Late);
        ledger.judge(&leg(), head(0, 3, 3), 7);
        assert_eq!(ledger.judge(&leg(), head(7, 5, 1), 8), Verdict::Late);
        assert_eq!(ledger.judge(&leg(), head(7, 3, 1), 9), Verdict::Late);
        assert_eq!(ledger.judge(&leg(), head(9, 2, 0), 10), Verdict::Late, "no gap leads back");
    }

    #[test]
    fn a_leg_that_is_over_stays_so_until_it_is_forgotten() {
        let mut ledger = Ledger::default();
        ledger.judge(&leg(), head(0, 1, 1), 10);
        assert_eq!(ledger.judge_end(&leg(), head(9, 0, 0), 11, 1_000), Verdict::Late);
        assert_eq!(ledger.judge_end(&leg(), head(10, 0, 0), 12, 1_000), COUNTS);
        assert!(!ledger.is_live(&leg()));
        assert_eq!(ledger.ended(), [leg()]);
        for late in [head(0, 1, 1), head(10, 2, 1), head(12, 2, 1)] {
            assert_eq!(ledger.judge(&leg(), late, 13), Verdict::Late, "{late:?}");
        }
        assert_eq!(ledger.foresee(&leg(), head(12, 1, 1)), COUNTS, "who knows of its end may begin again");
        ledger.forget_ended_before(1_000);
        assert_eq!(ledger.len(), 1);
        ledger.forget_ended_before(1_001);
        assert_eq!(ledger.len(), 0);
    }

    #[test]
    fn every_reader_of_one_log_judges_alike_from_wherever_compaction_lets_it_begin() {
        // Two writers who do not see each other's entries at once, from fixed seeds.
        for seed in 0..200_u64 {
            let mut log: Vec<Head> = Vec::new();
            let mut chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let mut seen = [(0_u64, 0_u64); 2];
            let mut truth = Ledger::default();
            let mut counted = Vec::new();
            for offset in 0..40_u64 {
                chance ^= chance << 13;
                chance ^= chance >> 7;
                chance ^= chance << 17;
                let (after, rev) = seen[(chance % 2) as usize];
                let changes = if after == 0 { 1 } else { (chance >> 8) % 3 };
                let entry = head(after, rev + changes, changes);
                log.push(entry);
                let verdict = truth.judge(&leg(), entry, offset + 1);
                if verdict != Verdict::Late {
                    counted.push((offset, entry));
                }
                // Each writer hears of the newest now and then.
                if let (0, Some((offset, entry))) = ((chance >> 16) % 3, counted.last()) {
                    seen[((chance >> 24) % 2) as usize] = (offset + 1, entry.rev);
                }
            }
            for begin in 0..counted.len() {
                let mut reader = Ledger::default();
                let from = counted[begin].0;
                let judged: Vec<u64> = (from..40)
                    .filter(|o| reader.judge(&leg(), log[*o as usize], o + 1) != Verdict::Late)
                    .collect();
                let expected: Vec<u64> = counted[begin..].iter().map(|(offset, _)| *offset).collect();
                assert_eq!(judged, expected, "seed {seed}, from {from}");
            }
        }
    }
}
