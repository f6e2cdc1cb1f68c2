//! Faults: those that a hub must survive, and doubles that are broken on purpose.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// A double that breaks its contract. The checks must notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Broken {
    Nothing,
    /// The log of one node answers before it keeps an entry.
    LogAnswersFirst,
    /// The log of one node restores an older state of some legs.
    LogForgets,
    /// Sockets accept some writes and drop them.
    SocketsLoseFrames,
    /// The report queue drops some reports and counts them as acknowledged.
    QueueLosesReports,
    /// The shared log accepts an entry that was made from an older version.
    LogTakesConflicts,
}

/// The present faults of the store or the log. The scenario changes them, the doubles obey.
#[derive(Default)]
pub(crate) struct Faults {
    /// Every write is refused, as by a full disk or an unreachable log.
    pub(crate) is_full: AtomicBool,
    /// How many of a hundred writes fail.
    pub(crate) failures_percent: AtomicU64,
    /// The longest time that a write takes, in milliseconds.
    pub(crate) slowest_ms: AtomicU64,
}

impl Faults {
    pub(crate) fn set(&self, is_full: bool, failures_percent: u64, slowest: Duration) {
        self.is_full.store(is_full, Ordering::SeqCst);
        self.failures_percent.store(failures_percent, Ordering::SeqCst);
        self.slowest_ms.store(slowest.as_millis() as u64, Ordering::SeqCst);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::SeqCst)
    }

    pub(crate) fn failures_percent(&self) -> u64 {
        self.failures_percent.load(Ordering::SeqCst)
    }

    pub(crate) fn slowest_ms(&self) -> u64 {
        self.slowest_ms.load(Ordering::SeqCst)
    }
}
