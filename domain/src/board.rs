//! The ordered rows of one topic.
//!
//! A [`Board`] holds one value per leg (`T`; the actors store the encoded JSON of a row), ordered by time
//! and leg. It can tell whether a returning client needs all rows or only those that changed.

use crate::leg::LegId;
use chrono::{DateTime, TimeDelta, Utc};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The order of rows: by time, then by leg.
type SortKey = (DateTime<Utc>, LegId);

/// The ordered rows.
#[derive(Debug)]
pub struct Board<T> {
    rows: BTreeMap<SortKey, Row<T>>,
    times: FxHashMap<LegId, DateTime<Utc>>,
    version: u64,
    /// No row was removed since this instant. A client that was away longer needs all rows.
    complete_since: DateTime<Utc>,
    /// The latest instant of an insertion or removal.
    latest: DateTime<Utc>,
}

/// An instant that is older than the latest by this much means that the clock was set back. Smaller
/// differences come from the order of threads and nodes.
const SET_BACK_FROM: TimeDelta = TimeDelta::seconds(50);

#[derive(Debug)]
struct Row<T> {
    put_at: DateTime<Utc>,
    content: T,
}

/// What a client needs that has everything up to an instant.
#[derive(Debug, PartialEq, Eq)]
pub enum Resume<'a, T> {
    /// These rows changed since; the client's other rows are current.
    Partial(Vec<&'a T>),
    /// All rows, because rows were removed since, or the client was away too long.
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
    /// An empty board. It does not know the rows before `now`, so a client that was away then needs all
    /// rows.
    pub fn since_now(now: DateTime<Utc>) -> Self {
        Self { complete_since: now, ..Self::default() }
    }

    /// Inserts a row and replaces the leg's earlier one. `put_at` is when clients are notified. That can be
    /// long after the change's stamp, because the change is made durable in between.
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

    /// Removes a row. A client that was away at `now` needs all rows.
    pub fn remove(&mut self, leg: &LegId, now: DateTime<Utc>) -> Option<T> {
        let time = self.times.remove(leg)?;
        self.note(now);
        self.version += 1;
        self.complete_since = self.complete_since.max(now);
        self.rows.remove(&(time, leg.clone())).map(|row| row.content)
    }

    /// After the clock was set back, instants occur twice. A client with an instant from the first pass may
    /// have missed rows and needs all.
    fn note(&mut self, at: DateTime<Utc>) {
        if at < self.latest - SET_BACK_FROM {
            self.complete_since = self.complete_since.max(self.latest);
            self.latest = at;
        }
        self.latest = self.latest.max(at);
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = &T> {
        self.rows.values().map(|row| &row.content)
    }

    /// The row of one leg.
    pub fn get(&self, leg: &LegId) -> Option<&T> {
        let time = self.times.get(leg)?;
        self.rows.get(&(*time, leg.clone())).map(|row| &row.content)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Rises with every change. Equal versions mean equal rows.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether a client that has everything before `since` needs all rows.
    pub fn needs_full(&self, since: DateTime<Utc>) -> bool {
        since <= self.complete_since
    }

    /// What a client needs that has everything before `since`.
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
    fn a_client_from_before_the_board_existed_needs_all_rows() {
        let mut board = Board::since_now(at(5));
        board.put(&leg("A"), at(10), at(6), "A");
        assert_eq!(board.since(at(5)), Resume::Full(vec![&"A"]));
        assert_eq!(board.since(at(6)), Resume::Partial(vec![&"A"]));
    }

    #[test]
    fn a_client_with_an_instant_from_before_a_clock_reset_needs_all_rows() {
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
