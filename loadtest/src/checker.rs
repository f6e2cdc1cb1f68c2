//! Checks that every socket receives each revision of each flight it follows, once and in order.
//!
//! Four bytes per socket and flight hold its current revision. The checker is passive and never requests
//! missing data, so only the server can repair a gap.

use crate::limits::VIOLATIONS_TOLD_MAX;
use std::collections::BTreeMap;

/// Violated rules: all are counted, the first few are reported.
#[derive(Default, Debug)]
pub struct Violations {
    /// How often each rule was broken.
    pub counts: BTreeMap<&'static str, u64>,
    /// Descriptions of the first ones.
    pub told: Vec<String>,
}

impl Violations {
    /// Adds a violation.
    pub fn add(&mut self, rule: &'static str, details: impl FnOnce() -> String) {
        *self.counts.entry(rule).or_default() += 1;
        if self.told.len() < VIOLATIONS_TOLD_MAX {
            self.told.push(format!("{rule}: {}", details()));
        }
    }

    /// The total number.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Adds those of another round.
    pub fn absorb(&mut self, other: Self) {
        for (rule, count) in other.counts {
            *self.counts.entry(rule).or_default() += count;
        }
        let room = VIOLATIONS_TOLD_MAX.saturating_sub(self.told.len());
        self.told.extend(other.told.into_iter().take(room));
    }
}

/// A revision below the socket's current one arrived.
pub const BACKWARDS: &str = "a picture went back in time";
/// The same revision arrived twice as a change.
pub const DUPLICATE: &str = "a change came twice or late";
/// A revision was missing and no `state` repaired it.
pub const GAP: &str = "a revision was left out and no state followed";
/// A change arrived before the flight was first shown.
pub const UNASKED: &str = "a change came before the snapshot";
/// At the end a socket had an older revision than REST.
pub const BEHIND: &str = "a socket was left behind the last revision";
/// The last state is wrong.
pub const WRONG: &str = "a picture is wrong";
/// The hub closed a well-behaved socket.
pub const CLOSED: &str = "a well-behaved socket was closed";
/// A broadcast did not reach every socket in time.
pub const STALLED: &str = "a broadcast did not reach everybody in time";
/// The hub sent an error, or something that is not a frame.
pub const UNREADABLE: &str = "the hub sent an error or an unreadable frame";
/// A report was refused, or the response was not 202.
pub const REFUSED: &str = "a report was refused";

/// The memory layout of the sockets' flights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Socket `s` follows one flight, `s % flights`.
    One,
    /// Every socket follows every flight.
    All,
}

/// Set while a revision is missing and no `state` has arrived.
const GAP_BIT: u32 = 1 << 31;

/// The current revisions.
pub struct Checker {
    held: Vec<u32>,
    flights: usize,
    follows: Follows,
    /// Revisions skipped by a `state`: conflation.
    pub conflated: u64,
    /// Gaps that a `state` repaired.
    pub gaps_mended: u64,
    /// States that repeated the current revision.
    pub repeats: u64,
    /// The violations.
    pub violations: Violations,
}

impl Checker {
    /// A checker without any revisions.
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

    /// The revision of `leg` at socket `sock`; 0 for none.
    pub fn held(&self, sock: usize, leg: u32) -> u32 {
        self.slot(sock, leg).map_or(0, |slot| self.held[slot] & !GAP_BIT)
    }

    /// Sets a revision without a frame: 0 for a new socket, the initial revision for a socket of the
    /// baseline.
    pub fn assume(&mut self, sock: usize, leg: u32, rev: u32) {
        if let Some(slot) = self.slot(sock, leg) {
            self.held[slot] = rev;
        }
    }

    /// Resets a new connection.
    pub fn forget(&mut self, sock: usize) {
        for leg in 0..self.flights as u32 {
            self.assume(sock, leg, 0);
        }
    }

    /// A flight in a snapshot. It may repeat the current revision, but not go back.
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
        // The case of nearly every frame.
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

    /// A whole flight outside of a snapshot.
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

    /// Whether every socket of `socks` has the last revision of every flight it follows.
    pub fn all_hold(&self, socks: impl Iterator<Item = usize>, last: &[u32]) -> bool {
        self.missing(socks, last).next().is_none()
    }

    /// Adds a violation for every socket of `socks` that lacks the last revision.
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
                // A newer revision may have arrived since `last` was requested.
                (held & GAP_BIT != 0 || held < *last).then_some((sock, leg, held))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two sockets with revision 5 of a single flight.
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
    fn a_gap_repaired_by_a_state_is_counted_and_no_violation() {
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
    fn a_socket_that_follows_one_flight_is_checked_for_that_flight_only() {
        let mut checker = Checker::new(4, 2, Follows::One);
        for sock in 0..4 {
            checker.shown(sock, (sock % 2) as u32, 1);
        }
        checker.changed(3, 1, 2);
        checker.changed(1, 1, 2);
        assert!(checker.all_hold(0..4, &[1, 2]));
        // Another socket's flight changes nothing.
        checker.changed(0, 1, 9);
        assert_eq!(checker.violations.total(), 0);
    }

    #[test]
    fn the_first_violations_are_reported_and_all_are_counted() {
        let mut violations = Violations::default();
        for n in 0..100 {
            violations.add(GAP, || n.to_string());
        }
        assert_eq!((violations.total(), violations.told.len()), (100, VIOLATIONS_TOLD_MAX));
    }
}
