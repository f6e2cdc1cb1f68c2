//! What every socket must see: each revision of each flight it follows, once and in order.
//!
//! Kept per socket and flight: four bytes, the revision held. The checker is passive: it never
//! asks for what it misses, so whatever heals a gap was the server's own doing.

use crate::limits::VIOLATIONS_TOLD_MAX;
use std::collections::BTreeMap;

/// Rules that were broken: all are counted, the first few are told.
#[derive(Default, Debug)]
pub struct Violations {
    /// How often each rule was broken.
    pub counts: BTreeMap<&'static str, u64>,
    /// The first of them, in words.
    pub told: Vec<String>,
}

impl Violations {
    /// Notes one.
    pub fn add(&mut self, rule: &'static str, details: impl FnOnce() -> String) {
        *self.counts.entry(rule).or_default() += 1;
        if self.told.len() < VIOLATIONS_TOLD_MAX {
            self.told.push(format!("{rule}: {}", details()));
        }
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Adds another round's.
    pub fn absorb(&mut self, other: Self) {
        for (rule, count) in other.counts {
            *self.counts.entry(rule).or_default() += count;
        }
        let room = VIOLATIONS_TOLD_MAX.saturating_sub(self.told.len());
        self.told.extend(other.told.into_iter().take(room));
    }
}

/// A revision below one already held came.
pub const BACKWARDS: &str = "a picture went back in time";
/// The same revision came twice as a change.
pub const DUPLICATE: &str = "a change came twice or late";
/// A revision was left out and no `state` mended it.
pub const GAP: &str = "a revision was left out and no state followed";
/// A change came before the flight was ever shown.
pub const UNASKED: &str = "a change came before the snapshot";
/// At the end a socket held something older than REST.
pub const BEHIND: &str = "a socket was left behind the last revision";
/// The last picture is wrong.
pub const WRONG: &str = "a picture is wrong";
/// The hub closed a socket that did nothing wrong.
pub const CLOSED: &str = "a well-behaved socket was closed";
/// A broadcast did not reach everybody in time.
pub const STALLED: &str = "a broadcast did not reach everybody in time";
/// The hub spoke of an error, or of something the protocol does not know.
pub const UNREADABLE: &str = "the hub sent an error or an unreadable frame";
/// A report was refused, or its answer was not 202.
pub const REFUSED: &str = "a report was refused";

/// How the sockets' flights are laid out in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Socket `s` follows the one flight `s % flights`.
    One,
    /// Every socket follows every flight.
    All,
}

/// Set while a revision is missing and no `state` has come yet.
const GAP_BIT: u32 = 1 << 31;

/// The revisions held.
pub struct Checker {
    held: Vec<u32>,
    flights: usize,
    follows: Follows,
    /// Jumps over revisions by a `state`: what conflation looks like.
    pub conflated: u64,
    /// Gaps that a `state` mended.
    pub gaps_mended: u64,
    /// A `state` that told what was held already.
    pub repeats: u64,
    /// What went wrong.
    pub violations: Violations,
}

impl Checker {
    /// Nothing is held yet.
    pub fn new(sockets: usize, flights: usize, follows: Follows) -> Self {
        let stride = if follows == Follows::One { 1 } else { flights };
        let held = vec![0; sockets * stride];
        Self {
            held,
            flights,
            follows,
            conflated: 0,
            gaps_mended: 0,
            repeats: 0,
            violations: Violations::default(),
        }
    }

    fn slot(&self, sock: usize, leg: u32) -> Option<usize> {
        let leg = leg as usize;
        match self.follows {
            Follows::One => (sock % self.flights == leg).then_some(sock),
            Follows::All => (leg < self.flights).then(|| sock * self.flights + leg),
        }
    }

    /// What socket `sock` holds of `leg`; 0 for nothing.
    pub fn held(&self, sock: usize, leg: u32) -> u32 {
        self.slot(sock, leg).map_or(0, |slot| self.held[slot] & !GAP_BIT)
    }

    /// Takes what `sock` holds without a frame: a fresh socket holds nothing, and one of the
    /// ceiling holds what it begins with.
    pub fn assume(&mut self, sock: usize, leg: u32, rev: u32) {
        if let Some(slot) = self.slot(sock, leg) {
            self.held[slot] = rev;
        }
    }

    /// A fresh connection holds nothing.
    pub fn forget(&mut self, sock: usize) {
        for leg in 0..self.flights as u32 {
            self.assume(sock, leg, 0);
        }
    }

    /// A flight in a snapshot. It may repeat what is held, never less.
    pub fn shown(&mut self, sock: usize, leg: u32, rev: u32) {
        let Some(slot) = self.slot(sock, leg) else { return };
        let held = self.held[slot] & !GAP_BIT;
        if rev < held {
            self.violations
                .add(BACKWARDS, || format!("socket {sock}, flight {leg}: held {held}, snapshot has {rev}"));
        } else {
            self.held[slot] = rev;
        }
    }

    /// A `change` to `rev`.
    pub fn changed(&mut self, sock: usize, leg: u32, rev: u32) {
        let Some(slot) = self.slot(sock, leg) else { return };
        let held = self.held[slot];
        // The way of nearly every frame.
        if held + 1 == rev && held != 0 {
            self.held[slot] = rev;
            return;
        }
        if held & GAP_BIT != 0 {
            return;
        }
        if held == 0 {
            self.violations.add(UNASKED, || format!("socket {sock}, flight {leg}: revision {rev}"));
            self.held[slot] = rev;
        } else if rev <= held {
            self.violations
                .add(DUPLICATE, || format!("socket {sock}, flight {leg}: held {held}, came {rev}"));
        } else {
            self.held[slot] = held | GAP_BIT;
        }
    }

    /// A whole flight outside a snapshot.
    pub fn stated(&mut self, sock: usize, leg: u32, rev: u32) {
        let Some(slot) = self.slot(sock, leg) else { return };
        let (held, gap) = (self.held[slot] & !GAP_BIT, self.held[slot] & GAP_BIT != 0);
        if rev < held {
            self.violations
                .add(BACKWARDS, || format!("socket {sock}, flight {leg}: held {held}, state has {rev}"));
            return;
        }
        self.gaps_mended += u64::from(gap);
        if rev == held {
            self.repeats += 1;
        } else if rev > held + 1 {
            self.conflated += u64::from(held != 0);
        }
        self.held[slot] = rev;
    }

    /// Whether every socket of `socks` holds the last revision of every flight it follows.
    pub fn all_hold(&self, socks: impl Iterator<Item = usize>, last: &[u32]) -> bool {
        self.missing(socks, last).next().is_none()
    }

    /// Notes every socket of `socks` that does not hold the last revision at the end.
    pub fn settle(&mut self, socks: impl Iterator<Item = usize>, last: &[u32]) {
        let missing: Vec<_> = self.missing(socks, last).collect();
        for (sock, leg, held) in missing {
            let (rule, last) = (if held & GAP_BIT != 0 { GAP } else { BEHIND }, last[leg]);
            let held = held & !GAP_BIT;
            self.violations
                .add(rule, || format!("socket {sock}, flight {leg}: held {held}, the last is {last}"));
        }
    }

    fn missing(
        &self,
        socks: impl Iterator<Item = usize>,
        last: &[u32],
    ) -> impl Iterator<Item = (usize, usize, u32)> {
        socks.flat_map(move |sock| {
            last.iter().enumerate().filter_map(move |(leg, last)| {
                let held = self.held[self.slot(sock, leg as u32)?];
                // Something newer may have come since `last` was asked for.
                (held & GAP_BIT != 0 || held < *last).then_some((sock, leg, held))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two sockets that hold revision 5 of the one flight.
    fn checker() -> Checker {
        let mut checker = Checker::new(2, 1, Follows::All);
        checker.shown(0, 0, 5);
        checker.shown(1, 0, 5);
        checker
    }

    fn count(checker: &Checker, rule: &str) -> u64 {
        checker.violations.counts.get(rule).copied().unwrap_or_default()
    }

    #[test]
    fn revisions_once_and_in_order_break_no_rule() {
        let mut checker = checker();
        for rev in 6..10 {
            checker.changed(0, 0, rev);
            checker.changed(1, 0, rev);
        }
        checker.settle(0..2, &[9]);
        assert_eq!(checker.violations.total(), 0);
    }

    #[test]
    fn a_gap_is_caught_when_no_state_follows() {
        let mut checker = checker();
        checker.changed(0, 0, 7);
        checker.changed(0, 0, 8);
        checker.changed(1, 0, 6);
        checker.settle(0..1, &[8]);
        assert_eq!((count(&checker, GAP), checker.violations.total()), (1, 1));
    }

    #[test]
    fn a_gap_that_a_state_mends_is_counted_and_forgiven() {
        let mut checker = checker();
        checker.changed(0, 0, 7);
        checker.stated(0, 0, 8);
        checker.changed(0, 0, 9);
        checker.settle(0..1, &[9]);
        assert_eq!((checker.violations.total(), checker.gaps_mended), (0, 1));
    }

    #[test]
    fn conflation_by_a_state_is_no_violation() {
        let mut checker = checker();
        checker.stated(0, 0, 40);
        checker.changed(0, 0, 41);
        checker.settle(0..1, &[41]);
        assert_eq!((checker.violations.total(), checker.conflated), (0, 1));
    }

    #[test]
    fn a_duplicate_and_a_late_change_are_caught() {
        let mut checker = checker();
        checker.changed(0, 0, 5);
        checker.changed(0, 0, 3);
        assert_eq!(count(&checker, DUPLICATE), 2);
    }

    #[test]
    fn a_state_or_snapshot_that_goes_back_is_caught() {
        let mut checker = checker();
        checker.stated(0, 0, 4);
        checker.shown(1, 0, 4);
        assert_eq!(count(&checker, BACKWARDS), 2);
    }

    #[test]
    fn a_change_before_the_snapshot_is_caught() {
        let mut checker = Checker::new(1, 1, Follows::All);
        checker.changed(0, 0, 6);
        assert_eq!(count(&checker, UNASKED), 1);
    }

    #[test]
    fn a_socket_that_missed_the_last_revision_is_caught() {
        let mut checker = checker();
        checker.changed(0, 0, 6);
        assert!(checker.all_hold(0..1, &[6]) && !checker.all_hold(0..2, &[6]));
        checker.settle(0..2, &[6]);
        assert_eq!((count(&checker, BEHIND), checker.violations.total()), (1, 1));
    }

    #[test]
    fn a_socket_that_follows_one_flight_is_held_to_that_flight_alone() {
        let mut checker = Checker::new(4, 2, Follows::One);
        for sock in 0..4 {
            checker.shown(sock, (sock % 2) as u32, 1);
        }
        checker.changed(3, 1, 2);
        checker.changed(1, 1, 2);
        assert!(checker.all_hold(0..4, &[1, 2]));
        // Somebody else's flight leaves no mark.
        checker.changed(0, 1, 9);
        assert_eq!(checker.violations.total(), 0);
    }

    #[test]
    fn only_the_first_violations_are_told_and_all_are_counted() {
        let mut violations = Violations::default();
        for n in 0..100 {
            violations.add(GAP, || n.to_string());
        }
        assert_eq!((violations.total(), violations.told.len()), (100, VIOLATIONS_TOLD_MAX));
    }
}
