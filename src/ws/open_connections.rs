//! Counts the open connections of all worker threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of open connections of the process.
#[derive(Clone, Default)]
pub struct OpenConnections(Arc<AtomicUsize>);

impl OpenConnections {
    /// The current number.
    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one more connection, unless there are already `most`.
    pub fn take_one(&self, most: usize) -> Option<ConnectionPermit> {
        let one_more = |open| (open < most).then_some(open + 1);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, one_more)
            .ok()
            .map(|_| ConnectionPermit(self.clone()))
    }
}

/// One open connection, counted until it is dropped.
pub struct ConnectionPermit(OpenConnections);

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}
