//! Up to where a partition's deliveries are settled.
//!
//! Deliveries are settled in any order; committed is the offset below which all of them are. So a
//! crash brings some of them again and loses none.

use std::collections::VecDeque;

/// One partition's deliveries that are not settled.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    /// In order of offset, and whether each is settled.
    waiting: VecDeque<(i64, bool)>,
    /// How many are not.
    open: usize,
}

impl Tracker {
    /// Notes a delivery. Offsets rise.
    pub(super) fn deliver(&mut self, offset: i64) {
        self.waiting.push_back((offset, false));
        self.open += 1;
    }

    /// Settles a delivery. Answers the offset from which to go on after a restart, where that has
    /// moved.
    pub(super) fn settle(&mut self, offset: i64) -> Option<i64> {
        let at = self.waiting.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
        if std::mem::replace(&mut self.waiting[at].1, true) {
            return None;
        }
        self.open -= 1;
        let mut go_on_from = None;
        while let Some((offset, true)) = self.waiting.front() {
            go_on_from = Some(offset + 1);
            self.waiting.pop_front();
        }
        go_on_from
    }

    /// A delivery was not made after all. Nothing behind it is committed any more.
    pub(super) fn take_back(&mut self, offset: i64) {
        if let Ok(at) = self.waiting.binary_search_by_key(&offset, |(offset, _)| *offset)
            && !self.waiting[at].1
        {
            self.open -= self.waiting.iter().skip(at).filter(|(_, settled)| !settled).count();
            self.waiting.truncate(at);
        }
    }

    /// Deliveries that are not settled.
    pub(super) fn open(&self) -> usize {
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_out_of_order_is_committed_in_order() {
        let mut tracker = Tracker::default();
        [3, 4, 7, 8].into_iter().for_each(|offset| tracker.deliver(offset));
        assert_eq!(tracker.settle(4), None);
        assert_eq!(tracker.settle(8), None);
        assert_eq!(tracker.settle(3), Some(5), "offsets need not be without gaps");
        assert_eq!(tracker.open(), 1);
        assert_eq!(tracker.settle(7), Some(9));
        assert_eq!(tracker.open(), 0);
    }

    #[test]
    fn what_was_taken_back_is_not_waited_for_and_nothing_behind_it_is_committed() {
        let mut tracker = Tracker::default();
        [1, 2, 3, 4].into_iter().for_each(|offset| tracker.deliver(offset));
        tracker.settle(4);
        tracker.take_back(3);
        assert_eq!(tracker.open(), 2);
        assert_eq!((tracker.settle(2), tracker.settle(1)), (None, Some(3)));
        assert_eq!((tracker.settle(4), tracker.open()), (None, 0));
    }

    #[test]
    fn what_is_settled_twice_or_was_never_delivered_is_nothing() {
        let mut tracker = Tracker::default();
        tracker.deliver(1);
        tracker.deliver(2);
        assert_eq!(tracker.settle(2), None);
        assert_eq!((tracker.settle(2), tracker.settle(9), tracker.open()), (None, None, 1));
        assert_eq!(tracker.settle(1), Some(3));
        assert_eq!(tracker.settle(1), None);
    }
}
