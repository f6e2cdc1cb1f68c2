//! What a node's Kafka tells of itself: how far behind it is, in records and in time.
//!
//! Records come from the driver's own statistics. Time is the age of the newest record that was
//! taken, while there are newer ones: what a person would call 'behind'.

use rdkafka::Statistics;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// How far behind one reader is.
#[derive(Debug)]
pub struct Lag {
    records: Vec<AtomicI64>,
    /// When the newest record that was taken was written, in milliseconds since 1970.
    newest_ms: Vec<AtomicI64>,
}

impl Lag {
    fn new(partitions: usize) -> Self {
        let zeros = || (0..partitions).map(|_| AtomicI64::new(0)).collect();
        Self { records: zeros(), newest_ms: zeros() }
    }

    pub(super) fn took(&self, partition: i32, written_ms: Option<i64>) {
        if let (Some(place), Some(ms)) = (at(&self.newest_ms, partition), written_ms) {
            place.store(ms, Ordering::Relaxed);
        }
    }

    /// Somebody else's now: nothing of it waits here.
    pub(super) fn not_ours(&self, partition: i32) {
        self.set(partition, 0);
    }

    fn set(&self, partition: i32, records: i64) {
        if let Some(place) = at(&self.records, partition) {
            place.store(records.max(0), Ordering::Relaxed);
        }
    }

    /// Records by partition that were written and not taken yet, some seconds ago.
    pub fn records(&self) -> Vec<i64> {
        self.records.iter().map(|records| records.load(Ordering::Relaxed)).collect()
    }

    /// Seconds since the newest record that was taken was written, of the partition that is furthest
    /// behind; 0 where nothing waits.
    pub fn seconds(&self, now_ms: i64) -> f64 {
        let behind = self.records.iter().zip(&self.newest_ms).filter(|(n, _)| n.load(Ordering::Relaxed) > 0);
        let oldest = behind.map(|(_, ms)| ms.load(Ordering::Relaxed)).filter(|ms| *ms > 0).min();
        oldest.map_or(0.0, |ms| (now_ms - ms).max(0) as f64 / 1_000.0)
    }
}

fn at(places: &[AtomicI64], partition: i32) -> Option<&AtomicI64> {
    places.get(usize::try_from(partition).ok()?)
}

/// What is counted.
#[derive(Debug)]
pub struct Figures {
    /// The log, followed by every node.
    pub log: Lag,
    /// The journal's reports on this node's legs, that are not merged.
    pub queue: Lag,
    /// What waits for the archive; its partitions and then the log's.
    pub archive: Lag,
    /// Entries of the log that were late, whoever wrote them.
    pub late: AtomicU64,
    /// Records that cannot be read.
    pub unreadable: AtomicU64,
    /// Records of the log that stand in a wrong partition.
    pub misplaced: AtomicU64,
}

impl Figures {
    pub(super) fn new(partitions: usize) -> Self {
        Self {
            log: Lag::new(partitions),
            queue: Lag::new(partitions),
            archive: Lag::new(2 * partitions),
            late: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
            misplaced: AtomicU64::new(0),
        }
    }
}

/// What is made of statistics.
type Note = Box<dyn FnMut(&Statistics) + Send>;

/// Hears a client's statistics and notes what waits for it.
pub(super) struct Observer {
    note: Mutex<Note>,
}

impl Observer {
    pub(super) fn new(note: impl FnMut(&Statistics) + Send + 'static) -> Self {
        Self { note: Mutex::new(Box::new(note)) }
    }

    pub(super) fn deaf() -> Self {
        Self::new(|_| {})
    }

    pub(super) fn hear(&self, statistics: &Statistics) {
        let mut note = self.note.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        note(statistics);
    }
}

/// Notes what waits in `topic` into `lag`, its partitions from `first` on. `taken` says up to where
/// the reader came: the driver knows it only for the partitions it has.
pub(super) fn note(statistics: &Statistics, topic: &str, lag: &Lag, first: i32, committed: bool) {
    let Some(topic) = statistics.topics.get(topic) else { return };
    for (number, partition) in topic.partitions.iter().filter(|(number, _)| **number >= 0) {
        let taken = if committed { partition.committed_offset } else { partition.app_offset };
        let waiting = match (partition.fetch_state.as_str(), taken) {
            // Not this reader's, or not any more.
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
    fn who_has_taken_everything_is_not_behind_however_old_it_is() {
        let lag = Lag::new(2);
        lag.took(0, Some(1_000));
        lag.took(7, Some(5));
        assert_eq!((lag.records(), lag.seconds(61_000)), (vec![0, 0], 0.0));
        lag.set(0, 3);
        lag.set(1, -1);
        assert_eq!((lag.records(), lag.seconds(61_000)), (vec![3, 0], 60.0));
        lag.took(1, Some(500));
        lag.set(1, 1);
        assert_eq!(lag.seconds(61_000), 60.5, "the one furthest behind counts");
        assert_eq!(lag.seconds(0), 0.0, "a clock that is behind shows nothing negative");
    }
}
