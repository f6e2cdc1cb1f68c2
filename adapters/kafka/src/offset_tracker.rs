//! Tracks which reports of a partition are acknowledged.
//!
//! Reports are acknowledged in any order. The offset to commit is the one below which all reports are acknowledged, so a
//! crash repeats some reports and loses none.

use std::collections::VecDeque;

/// The unacknowledged reports of one partition.
#[derive(Debug, Default)]
pub(super) struct OffsetTracker {
    /// Offsets in order, and whether each is acknowledged.
    waiting: VecDeque<(i64, bool)>,
    /// How many are not acknowledged.
    open: usize,
}

impl OffsetTracker {
    /// Adds a delivered report. Offsets rise.
    pub(super) fn deliver(&mut self, offset: i64) {
        self.waiting.push_back((offset, false));
        self.open += 1;
    }

    /// Acknowledges a report. Returns the offset to commit, if it has moved.
    pub(super) fn ack(&mut self, offset: i64) -> Option<i64> {
        let at = self.waiting.binary_search_by_key(&offset, |(offset, _)| *offset).ok()?;
        if std::mem::replace(&mut self.waiting[at].1, true) {
            return None;
        }
        self.open -= 1;
        let mut next_offset = None;
        while let Some((offset, true)) = self.waiting.front() {
            next_offset = Some(offset + 1);
            self.waiting.pop_front();
        }
        next_offset
    }

    /// Removes a report that was not delivered after all. Later offsets are no longer committed.
    pub(super) fn take_back(&mut self, offset: i64) {
        if let Ok(at) = self.waiting.binary_search_by_key(&offset, |(offset, _)| *offset)
            && !self.waiting[at].1
        {
            self.open -= self.waiting.iter().skip(at).filter(|(_, settled)| !settled).count();
            self.waiting.truncate(at);
        }
    }

    /// How many reports are not acknowledged.
    pub(super) fn open(&self) -> usize {
        self.open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_acknowledged_out_of_order_are_committed_in_order() {
        let mut tracker = OffsetTracker::default();
        [3, 4, 7, 8].into_iter().for_each(|offset| tracker.deliver(offset));
        assert_eq!(tracker.ack(4), None);
        assert_eq!(tracker.ack(8), None);
        assert_eq!(tracker.ack(3), Some(5), "offsets need not be without gaps");
        assert_eq!(tracker.open(), 1);
        assert_eq!(tracker.ack(7), Some(9));
        assert_eq!(tracker.open(), 0);
    }

    #[test]
    fn a_report_taken_back_is_not_awaited_and_nothing_after_it_is_committed() {
        let mut tracker = OffsetTracker::default();
        [1, 2, 3, 4].into_iter().for_each(|offset| tracker.deliver(offset));
        tracker.ack(4);
        tracker.take_back(3);
        assert_eq!(tracker.open(), 2);
        assert_eq!((tracker.ack(2), tracker.ack(1)), (None, Some(3)));
        assert_eq!((tracker.ack(4), tracker.open()), (None, 0));
    }

    #[test]
    fn repeated_and_unknown_acknowledgements_have_no_effect() {
        let mut tracker = OffsetTracker::default();
        tracker.deliver(1);
        tracker.deliver(2);
        assert_eq!(tracker.ack(2), None);
        assert_eq!((tracker.ack(2), tracker.ack(9), tracker.open()), (None, None, 1));
        assert_eq!(tracker.ack(1), Some(3));
        assert_eq!(tracker.ack(1), None);
    }
}
