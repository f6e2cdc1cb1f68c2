//! Snapshot requests that wait for the rate limit.

use super::SnapshotRequest;
use std::collections::VecDeque;

/// Before the queue grows beyond this length it drops the requests of disconnected clients, and again
/// when it has doubled since. The queue is therefore never longer than twice the number of clients: each
/// has one open request, but may disconnect and reconnect with another.
const SWEEP_FROM: usize = 1024;

/// A first-in, first-out queue.
pub(super) struct RequestQueue {
    requests: VecDeque<SnapshotRequest>,
    sweep_at: usize,
}

impl Default for RequestQueue {
    fn default() -> Self {
        Self { requests: VecDeque::new(), sweep_at: SWEEP_FROM }
    }
}

impl RequestQueue {
    pub(super) fn add(&mut self, request: SnapshotRequest) {
        if self.requests.len() >= self.sweep_at {
            self.requests.retain(|request| !request.answer.is_closed());
            self.sweep_at = SWEEP_FROM.max(2 * self.requests.len());
        }
        self.requests.push_back(request);
    }

    /// The next request whose client is still connected.
    pub(super) fn next(&mut self) -> Option<SnapshotRequest> {
        while let Some(request) = self.requests.pop_front() {
            if !request.answer.is_closed() {
                return Some(request);
            }
        }
        None
    }

    /// Returns a request to the front.
    pub(super) fn put_back(&mut self, request: SnapshotRequest) {
        self.requests.push_front(request);
    }
}

#[cfg(test)]
mod tests {
    use super::super::GetSnapshot;
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn requests_of_disconnected_clients_do_not_accumulate() {
        let mut requests = RequestQueue::default();
        let query = || GetSnapshot { since: None, limit_bytes: 0 };
        let mut listeners = Vec::new();
        for n in 0..100 * SWEEP_FROM {
            let (answer, answered) = oneshot::channel();
            requests.add(SnapshotRequest { query: query(), answer });
            if n % 100 == 0 {
                listeners.push(answered);
            }
            assert!(requests.requests.len() <= SWEEP_FROM.max(2 * listeners.len()), "{n}");
        }
        let kept = std::iter::from_fn(|| requests.next()).count();
        assert_eq!(kept, listeners.len(), "open requests stay");
    }
}
