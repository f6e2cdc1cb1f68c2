//! The bounded queue between a switchboard and the body of one event stream.

use super::CLOSE_WAIT;
use super::open_connections::ConnectionPermit;
use actors::unread_budget::Client;
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::task::Waker;
use tokio::time::Instant;

/// Queued bytes from which a reader counts as behind. The queue accepts a write as a whole, so an event is
/// never cut.
pub(super) const QUEUE_BYTES: usize = 64 * 1024;

/// The largest piece for the response body.
const PIECE_BYTES: usize = 32 * 1024;

/// The queue of one event stream.
#[derive(Default)]
pub struct EventQueue {
    queue: RefCell<VecDeque<Bytes>>,
    pub(super) bytes: Cell<usize>,
    pub(super) wants_drain: Cell<bool>,
    closed_at: Cell<Option<Instant>>,
    is_cut: Cell<bool>,
    pub(super) waker: RefCell<Option<Waker>>,
    /// Released when the queue is cut, because the TCP connection may hang longer.
    counted: Cell<Option<ConnectionPermit>>,
    client: Option<Client>,
}

impl EventQueue {
    pub(super) fn new(counted: ConnectionPermit, client: Option<Client>) -> Self {
        Self { counted: Cell::new(Some(counted)), client, ..Self::default() }
    }

    /// The client of the stream.
    pub fn client(&self) -> Option<Client> {
        self.client
    }

    /// Queues bytes, or returns `WouldBlock` if the reader is behind. The bytes stay shared, so a large snapshot
    /// is in memory, and counted, once for all its readers.
    pub fn push(&self, bytes: Bytes) -> io::Result<usize> {
        if self.is_closed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.bytes.get() >= QUEUE_BYTES {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = bytes.len();
        self.bytes.set(self.bytes.get() + length);
        self.queue.borrow_mut().push_back(bytes);
        self.wake();
        Ok(length)
    }

    /// Asks for a drain when there is room.
    pub fn want_drain(&self) {
        self.wants_drain.set(true);
        self.wake();
    }

    /// Ends the stream when the queue is empty.
    pub fn close(&self) {
        if !self.is_closed() {
            self.closed_at.set(Some(Instant::now()));
        }
        self.wake();
    }

    /// Drops the queue and ends the stream for the hub. While the peer reads nothing, HTTP does not poll the
    /// body, and the TCP connection ends with the kernel's time-out.
    pub fn cut(&self) {
        self.close();
        self.is_cut.set(true);
        self.queue.borrow_mut().clear();
        self.bytes.set(0);
        drop(self.counted.take());
    }

    /// Whether the reader's time to read the rest is over.
    pub fn is_overdue(&self) -> bool {
        self.is_cut.get() || self.closed_at.get().is_some_and(|at| at.elapsed() >= CLOSE_WAIT)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed_at.get().is_some()
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// The next piece for the response, which copies it into its own buffer.
    pub(super) fn pop(&self) -> Option<Bytes> {
        let mut queue = self.queue.borrow_mut();
        let first = queue.front_mut()?;
        let piece = first.split_to(first.len().min(PIECE_BYTES));
        if first.is_empty() {
            queue.pop_front();
        }
        self.bytes.set(self.bytes.get() - piece.len());
        Some(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_event_is_shared_and_read_in_pieces() {
        let queue = EventQueue::default();
        let large: Bytes = (0..PIECE_BYTES * 3 + 7).map(|n| n as u8).collect();
        assert_eq!(queue.push(large.clone()).unwrap(), large.len());
        let full = queue.push(Bytes::from_static(b"more")).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock, "it is behind until that is taken");
        let pieces: Vec<Bytes> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(pieces.len(), 4);
        assert_eq!(pieces[0].as_ptr(), large.as_ptr(), "no copy of it was made");
        assert_eq!(pieces.concat(), large);
        assert_eq!(queue.bytes.get(), 0);
        assert!(queue.push(Bytes::from_static(b"more")).is_ok());
    }
}
