//! The rows of one topic in order.
//!
//! A [`Board`] keeps something for each leg (`T`: the actors keep the ready-made JSON of a row),
//! ordered by time and leg, and knows enough of the past to say whether a listener who was away
//! can be helped with a part.

use crate::leg::LegId;
use chrono::{DateTime, TimeDelta, Utc};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Where a row stands: its time, then its leg.
type SortKey = (DateTime<Utc>, LegId);

/// Rows in order.
#[derive(Debug)]
pub struct Board<T> {
    rows: BTreeMap<SortKey, Row<T>>,
    times: FxHashMap<LegId, DateTime<Utc>>,
    version: u64,
    /// Since when nothing was taken off: a listener who was away longer needs the whole.
    complete_since: DateTime<Utc>,
    /// The latest instant at which something was put or taken.
    latest: DateTime<Utc>,
}

/// From so far back an instant means that the clock was set back. Less is the order in which threads and nodes
/// come.
const SET_BACK_FROM: TimeDelta = TimeDelta::seconds(50);

#[derive(Debug)]
struct Row<T> {
    put_at: DateTime<Utc>,
    content: T,
}

/// What a listener who has everything up to an instant still needs.
#[derive(Debug, PartialEq, Eq)]
pub enum Resume<'a, T> {
    /// These rows were put since; the rest is as the listener has it.
    Partial(Vec<&'a T>),
    /// Rows have left since, or too long ago: everything.
    Full(Vec<&'a T>),
}

impl<T> Default for Board<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            times: FxHashMap::default(),
            version: 0,
            complete_since: DateTime::<Utc>::MIN_UTC,
            latest: DateTime::UNIX_EPOCH,
        }
    }
}

impl<T> Board<T> {
    /// An empty board. Of what was on it before `now` it knows nothing, so whoever was away at that
    /// time needs the whole.
    pub fn since_now(now: DateTime<Utc>) -> Self {
        Self { complete_since: now, ..Self::default() }
    }

    /// Puts a row in its place, over the leg's earlier one. `put_at` is when listeners are told of it,
    /// which may be long after it was stamped: it is made durable between the two.
    pub fn put(&mut self, leg: &LegId, time: DateTime<Utc>, put_at: DateTime<Utc>, content: T) {
        self.note(put_at);
        if let Some(earlier) = self.times.insert(leg.clone(), time)
            && earlier != time
        {
            self.rows.remove(&(earlier, leg.clone()));
        }
        self.rows.insert((time, leg.clone()), Row { put_at, content });
        self.version += 1;
    }

    /// Takes a row off. `now` is remembered: who was away at that time cannot be told with a part.
    pub fn remove(&mut self, leg: &LegId, now: DateTime<Utc>) -> Option<T> {
        let time = self.times.remove(leg)?;
        self.note(now);
        self.version += 1;
        self.complete_since = self.complete_since.max(now);
        self.rows.remove(&(time, leg.clone())).map(|row| row.content)
    }

    /// Where the clock was set back, instants come a second time: whoever knows one of those that were shown
    /// first may have missed what was put at those that came after it, and needs the whole.
    fn note(&mut self, at: DateTime<Utc>) {
        if at < self.latest - SET_BACK_FROM {
            self.complete_since = self.complete_since.max(self.latest);
            self.latest = at;
        }
        self.latest = self.latest.max(at);
    }

    /// Rows in order.
    pub fn rows(&self) -> impl Iterator<Item = &T> {
        self.rows.values().map(|row| &row.content)
    }

    /// The row of one leg.
    pub fn get(&self, leg: &LegId) -> Option<&T> {
        let time = self.times.get(leg)?;
        self.rows.get(&(*time, leg.clone())).map(|row| &row.content)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Rises with every change; equal versions mean equal rows.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether a listener who has everything that was put before `since` needs the whole all the same.
    pub fn needs_full(&self, since: DateTime<Utc>) -> bool {
        since <= self.complete_since
    }

    /// What a listener needs who has everything that was put before `since`.
    pub fn since(&self, since: DateTime<Utc>) -> Resume<'_, T> {
        if self.needs_full(since) {
            return Resume::Full(self.rows().collect());
        }
        Resume::Partial(self.rows.values().filter(|r| r.put_at >= since).map(|r| &r.content).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_360_335_600 + minute * 60, 0).unwrap()
    }

    fn leg(text: &str) -> LegId {
        LegId::known(text).unwrap()
    }

    #[test]
    fn rows_stand_by_time_and_move_when_their_time_does() {
        let mut board = Board::default();
        board.put(&leg("B"), at(10), at(0), "B");
        board.put(&leg("A"), at(20), at(0), "A");
        board.put(&leg("C"), at(10), at(0), "C");
        assert_eq!(board.rows().copied().collect::<Vec<_>>(), ["B", "C", "A"]);
        board.put(&leg("B"), at(30), at(1), "B later");
        assert_eq!(board.rows().copied().collect::<Vec<_>>(), ["C", "A", "B later"]);
        assert_eq!((board.len(), board.get(&leg("B"))), (3, Some(&"B later")));
    }

    #[test]
    fn a_listener_gets_a_part_only_if_nothing_left_while_it_was_away() {
        let mut board = Board::default();
        board.put(&leg("A"), at(10), at(1), "A");
        board.put(&leg("B"), at(10), at(5), "B");
        assert_eq!(board.since(at(2)), Resume::Partial(vec![&"B"]));
        assert_eq!(board.since(at(5)), Resume::Partial(vec![&"B"]));
        board.remove(&leg("A"), at(6));
        assert_eq!(board.since(at(5)), Resume::Full(vec![&"B"]));
        assert_eq!(board.since(at(7)), Resume::Partial(vec![]));
    }

    #[test]
    fn who_was_away_before_the_board_began_needs_the_whole() {
        let mut board = Board::since_now(at(5));
        board.put(&leg("A"), at(10), at(6), "A");
        assert_eq!(board.since(at(5)), Resume::Full(vec![&"A"]));
        assert_eq!(board.since(at(6)), Resume::Partial(vec![&"A"]));
    }

    #[test]
    fn who_comes_back_with_an_instant_of_before_the_clock_was_set_back_needs_the_whole() {
        let mut board = Board::default();
        board.put(&leg("A"), at(10), at(100), "A");
        board.put(&leg("B"), at(10), at(40), "B");
        board.put(&leg("C"), at(10), at(101), "C");
        let all = Resume::Full(vec![&"A", &"B", &"C"]);
        assert_eq!(board.since(at(99)), all, "B was put after that, an hour before");
        assert_eq!(board.since(at(41)), all);
        assert_eq!(board.since(at(101)), Resume::Partial(vec![&"C"]), "all is shown once from here on");
    }

    #[test]
    fn the_version_rises_with_every_change() {
        let mut board = Board::default();
        board.put(&leg("A"), at(1), at(1), 1);
        let first = board.version();
        board.put(&leg("A"), at(1), at(2), 2);
        assert!(board.version() > first);
        assert_eq!(board.remove(&leg("Z"), at(3)), None);
        assert_eq!(board.version(), first + 1);
    }
}
