//! Limits the reports that are durable and not merged yet.
//!
//! A durable queue accepts reports faster than they can be merged, and the displayed state lags by the
//! length of the queue. So the backlog is bounded. From half of the bound on, a feed with more than its
//! share is refused, so one feed's flood neither delays the others nor causes their refusal.

use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// The unmerged reports of all partitions.
#[derive(Debug)]
pub struct Backlog {
    limit: usize,
    partitions: Vec<Partition>,
    /// Reports per feed that are being written or waiting. Feeds without any are not stored.
    feeds: FxHashMap<Arc<str>, usize>,
    /// Reports that are being written.
    writing: usize,
}

#[derive(Debug, Default)]
struct Partition {
    /// Reports before this offset are merged.
    merged: Option<i64>,
    /// Reports before this offset are known to be written, by any node.
    written: i64,
    /// This node's waiting reports by offset, in order.
    waiting: VecDeque<(i64, Arc<str>)>,
}

impl Partition {
    fn ahead(&self) -> usize {
        usize::try_from(self.written - self.merged.unwrap_or(self.written)).unwrap_or(0)
    }
}

/// Why no more reports are accepted. Reads as a sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BacklogFull {
    /// The feed exceeds its share.
    #[error("{waiting} reports of this feed wait to be merged, which is more than its share of {share}")]
    FeedShare {
        /// Its waiting reports.
        waiting: usize,
        /// Its share while other feeds wait too.
        share: usize,
    },
    /// The backlog is at its limit.
    #[error("{waiting} reports wait to be merged, and {limit} may")]
    Full {
        /// Waiting reports.
        waiting: usize,
        /// The limit.
        limit: usize,
    },
}

impl Backlog {
    /// An empty backlog with this many partitions and at most `limit` waiting reports.
    pub fn new(partitions: usize, limit: usize) -> Self {
        let partitions = (0..partitions).map(|_| Partition::default()).collect();
        Self { limit, partitions, feeds: FxHashMap::default(), writing: 0 }
    }

    /// Admits a message of `count` reports or returns why not. Pass admitted messages to
    /// [`Backlog::written`]. A message longer than the limit is admitted if nothing waits.
    pub fn admit(&mut self, feed: &Arc<str>, count: usize) -> Result<(), BacklogFull> {
        let (waiting, limit) = (self.waiting(), self.limit);
        if waiting > 0 && waiting + count > limit {
            return Err(BacklogFull::Full { waiting, limit });
        }
        let own = self.feeds.get(feed).copied().unwrap_or(0);
        let feeds = self.feeds.len() + usize::from(own == 0);
        let share = limit / 2 / feeds;
        if waiting > 0 && waiting + count > limit / 2 && own > 0 && own + count > share {
            return Err(BacklogFull::FeedShare { waiting: own, share });
        }
        *self.feeds.entry(feed.clone()).or_default() += count;
        self.writing += count;
        Ok(())
    }

    /// Records the partitions and offsets of an admitted message's reports that were written.
    pub fn written(
        &mut self,
        feed: &Arc<str>,
        count: usize,
        written: impl IntoIterator<Item = (usize, i64)>,
    ) {
        self.writing = self.writing.saturating_sub(count);
        let mut kept = 0;
        for (partition, offset) in written {
            let Some(partition) = self.partitions.get_mut(partition) else { continue };
            partition.written = partition.written.max(offset + 1);
            // The start of a consumer group that has never committed is unknown.
            if *partition.merged.get_or_insert(offset) <= offset {
                partition.waiting.push_back((offset, feed.clone()));
                kept += 1;
            }
        }
        self.release(feed, count.saturating_sub(kept));
    }

    /// Records that everything before this offset of a partition is merged.
    pub fn merged(&mut self, partition: usize, next: i64) {
        let Some(partition) = self.partitions.get_mut(partition) else { return };
        partition.merged = Some(next);
        partition.written = partition.written.max(next);
        let mut done: Vec<Arc<str>> = Vec::new();
        while partition.waiting.front().is_some_and(|(offset, _)| *offset < next) {
            done.extend(partition.waiting.pop_front().map(|(_, feed)| feed));
        }
        done.iter().for_each(|feed| self.release(feed, 1));
    }

    /// Reports that are being written or waiting, as far as this node knows. Reports of other nodes count
    /// once a report of this node follows them.
    pub fn waiting(&self) -> usize {
        self.writing + self.partitions.iter().map(Partition::ahead).sum::<usize>()
    }

    /// Partitions with waiting reports.
    pub fn partitions_waiting(&self) -> impl Iterator<Item = usize> + '_ {
        let numbered = self.partitions.iter().enumerate();
        numbered.filter(|(_, partition)| partition.ahead() > 0).map(|(number, _)| number)
    }

    fn release(&mut self, feed: &Arc<str>, count: usize) {
        if let Some(own) = self.feeds.get_mut(feed) {
            *own = own.saturating_sub(count);
            if *own == 0 {
                self.feeds.remove(feed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(name: &str) -> Arc<str> {
        name.into()
    }

    /// Posts one report at an offset of the first partition.
    fn post(backlog: &mut Backlog, feed: &Arc<str>, offset: i64) -> Result<(), BacklogFull> {
        backlog.admit(feed, 1)?;
        backlog.written(feed, 1, [(0, offset)]);
        Ok(())
    }

    #[test]
    fn a_feed_alone_may_fill_half_and_goes_on_when_some_are_merged() {
        let (mut backlog, jfk) = (Backlog::new(2, 20), feed("jfk"));
        for offset in 100..110 {
            post(&mut backlog, &jfk, offset).unwrap();
        }
        let refusal = BacklogFull::FeedShare { waiting: 10, share: 10 };
        assert_eq!(post(&mut backlog, &jfk, 110), Err(refusal));
        assert_eq!((backlog.waiting(), backlog.partitions_waiting().collect::<Vec<_>>()), (10, vec![0]));
        backlog.merged(0, 104);
        assert_eq!(backlog.waiting(), 6);
        post(&mut backlog, &jfk, 110).unwrap();
        backlog.merged(0, 111);
        assert_eq!((backlog.waiting(), backlog.feeds.len()), (0, 0));
    }

    #[test]
    fn one_feeds_flood_does_not_have_another_refused() {
        let (mut backlog, flood, calm) = (Backlog::new(1, 40), feed("flood"), feed("calm"));
        let taken = (0..1_000).filter(|offset| post(&mut backlog, &flood, *offset).is_ok()).count() as i64;
        assert_eq!(taken, 20);
        // The calm feed has the other half as long as it stays within its share.
        for offset in taken..taken + 10 {
            post(&mut backlog, &calm, offset).unwrap();
            assert!(matches!(post(&mut backlog, &flood, 0), Err(BacklogFull::FeedShare { .. })));
        }
        assert_eq!(post(&mut backlog, &calm, 0), Err(BacklogFull::FeedShare { waiting: 10, share: 10 }));
    }

    #[test]
    fn reports_of_other_nodes_count_and_the_limit_is_shared() {
        let (mut backlog, jfk) = (Backlog::new(1, 20), feed("jfk"));
        backlog.merged(0, 50);
        // Nineteen reports of another node lie between the merged offset and this report.
        post(&mut backlog, &jfk, 69).unwrap();
        assert_eq!(backlog.waiting(), 20);
        assert_eq!(backlog.admit(&feed("lga"), 1), Err(BacklogFull::Full { waiting: 20, limit: 20 }));
        backlog.merged(0, 60);
        post(&mut backlog, &feed("lga"), 70).unwrap();
    }

    #[test]
    fn reports_being_written_count_and_unwritten_ones_are_released() {
        let (mut backlog, jfk, lga) = (Backlog::new(1, 20), feed("jfk"), feed("lga"));
        backlog.admit(&jfk, 100).expect("nothing waits, and nobody could ever send it otherwise");
        assert_eq!(backlog.admit(&lga, 1), Err(BacklogFull::Full { waiting: 100, limit: 20 }));
        backlog.written(&jfk, 100, []);
        assert_eq!((backlog.waiting(), backlog.feeds.len()), (0, 0));
        post(&mut backlog, &lga, 7).unwrap();
        // Merged before this node learned that it was written.
        backlog.admit(&jfk, 1).unwrap();
        backlog.merged(0, 9);
        backlog.written(&jfk, 1, [(0, 8), (9, 1)]);
        assert_eq!((backlog.waiting(), backlog.feeds.len()), (0, 0));
    }
}
