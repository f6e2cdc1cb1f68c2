//! Counters and lags of a node: how far behind its readers are, in records and in time.
//!
//! The statistics of the driver give the records. The time is the age of the newest record that was taken, while newer ones
//! wait.

use rdkafka::Statistics;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How far behind one reader is.
#[derive(Debug)]
pub struct Lag {
    records: Vec<AtomicI64>,
    /// When the newest taken record was written, in milliseconds since 1970.
    newest_ms: Vec<AtomicI64>,
}

impl Lag {
    fn new(partitions: usize) -> Self {
        let zeros = || (0..partitions).map(|_| AtomicI64::new(0)).collect();
        Self { records: zeros(), newest_ms: zeros() }
    }

    pub(super) fn record_taken(&self, partition: i32, written_ms: Option<i64>) {
        if let (Some(place), Some(ms)) = (at(&self.newest_ms, partition), written_ms) {
            place.store(ms, Ordering::Relaxed);
        }
    }

    /// Another node owns the partition: nothing waits here.
    pub(super) fn clear(&self, partition: i32) {
        self.set(partition, 0);
    }

    fn set(&self, partition: i32, records: i64) {
        if let Some(place) = at(&self.records, partition) {
            place.store(records.max(0), Ordering::Relaxed);
        }
    }

    /// Records by partition that were written and not taken, as of some seconds ago.
    pub fn records(&self) -> Vec<i64> {
        self.records.iter().map(|records| records.load(Ordering::Relaxed)).collect()
    }

    /// Age in seconds of the newest taken record, for the partition that is furthest behind; 0 if nothing
    /// waits.
    pub fn seconds(&self, now_ms: i64) -> f64 {
        let behind = self.records.iter().zip(&self.newest_ms).filter(|(n, _)| n.load(Ordering::Relaxed) > 0);
        let oldest = behind.map(|(_, ms)| ms.load(Ordering::Relaxed)).filter(|ms| *ms > 0).min();
        oldest.map_or(0.0, |ms| (now_ms - ms).max(0) as f64 / 1_000.0)
    }
}

fn at(places: &[AtomicI64], partition: i32) -> Option<&AtomicI64> {
    places.get(usize::try_from(partition).ok()?)
}

/// Counters and lags.
#[derive(Debug)]
pub struct Metrics {
    /// The change log, which every node reads.
    pub log: Lag,
    /// Reports on the legs of this node that are not merged.
    pub queue: Lag,
    /// Records that wait for the archive: the partitions of the topic `archive`, then those of the log.
    pub archive: Lag,
    /// Entries of the log that were superseded, from any writer.
    pub superseded: AtomicU64,
    /// Unreadable records.
    pub unreadable: AtomicU64,
    /// Records of the log in a wrong partition.
    pub misplaced: AtomicU64,
}

impl Metrics {
    pub(super) fn new(partitions: usize) -> Self {
        Self {
            log: Lag::new(partitions),
            queue: Lag::new(partitions),
            archive: Lag::new(2 * partitions),
            superseded: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
            misplaced: AtomicU64::new(0),
        }
    }
}

/// Handles statistics.
type Callback = Box<dyn FnMut(&Statistics) + Send>;

/// Receives the statistics of a client and records what waits for it.
pub(super) struct StatisticsObserver {
    note: Mutex<Callback>,
}

impl StatisticsObserver {
    pub(super) fn new(note: impl FnMut(&Statistics) + Send + 'static) -> Self {
        Self { note: Mutex::new(Box::new(note)) }
    }

    pub(super) fn ignore() -> Self {
        Self::new(|_| {})
    }

    pub(super) fn observe(&self, statistics: &Statistics) {
        let mut note = self.note.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        note(statistics);
    }
}

/// Records into `lag` what waits in `topic`, its partitions from `first` on. `committed` selects the
/// committed offset as the position of the reader instead of the delivered one. The driver knows
/// positions only of assigned partitions.
pub(super) fn record_lag(statistics: &Statistics, topic: &str, lag: &Lag, first: i32, committed: bool) {
    let Some(topic) = statistics.topics.get(topic) else { return };
    for (number, partition) in topic.partitions.iter().filter(|(number, _)| **number >= 0) {
        let taken = if committed { partition.committed_offset } else { partition.app_offset };
        let waiting = match (partition.fetch_state.as_str(), taken) {
            // The reader does not have the partition.
            ("none" | "stopped" | "stopping", _) => 0,
            (_, taken) if taken < 0 => partition.hi_offset - partition.lo_offset.max(0),
            (_, taken) => partition.hi_offset - taken,
        };
        lag.set(first + *number, waiting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_took_everything_has_no_lag() {
        let lag = Lag::new(2);
        lag.record_taken(0, Some(1_000));
        lag.record_taken(7, Some(5));
        assert_eq!((lag.records(), lag.seconds(61_000)), (vec![0, 0], 0.0));
        lag.set(0, 3);
        lag.set(1, -1);
        assert_eq!((lag.records(), lag.seconds(61_000)), (vec![3, 0], 60.0));
        lag.record_taken(1, Some(500));
        lag.set(1, 1);
        assert_eq!(lag.seconds(61_000), 60.5, "the one furthest behind counts");
        assert_eq!(lag.seconds(0), 0.0, "a clock that is behind shows nothing negative");
    }
}
