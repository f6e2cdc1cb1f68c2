//! The sockets that a switchboard writes to: WebSockets and event streams.

use super::event_queue::EventQueue;
use actix_rt::net::TcpStream;
use actors::frame::Encoding;
use actors::switchboard::{ConnectionId, Socket};
use actors::unread_budget::Client;
use bytes::Bytes;
use rustix::io::Errno;
use rustix::net::SendFlags;
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::task::Waker;

/// The socket of a client.
pub enum ClientSocket {
    /// A WebSocket.
    Tcp(WebSocketConnection),
    /// An event stream.
    Events(Rc<EventQueue>),
}

/// The TCP connection of a WebSocket.
pub struct WebSocketConnection {
    pub(super) io: TcpStream,
    pub(super) encoding: Encoding,
    pub(super) waker: RefCell<Option<Waker>>,
    pub(super) wants_write: Cell<bool>,
    pub(super) closed: Cell<bool>,
    pub(super) missed_pings: Cell<u32>,
}

impl WebSocketConnection {
    /// A connection after its handshake.
    pub fn new(io: TcpStream, deflate: bool) -> Self {
        let encoding = if deflate { Encoding::Deflated } else { Encoding::WebSocket };
        Self {
            io,
            encoding,
            waker: RefCell::default(),
            wants_write: Cell::new(false),
            closed: Cell::new(false),
            missed_pings: Cell::new(0),
        }
    }

    pub(super) fn wake_by(&self, waker: &Waker) {
        if !self.waker.borrow().as_ref().is_some_and(|known| known.will_wake(waker)) {
            *self.waker.borrow_mut() = Some(waker.clone());
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Calls `send` directly. Only a full socket goes through the runtime, which then reports when the socket is
    /// writable again.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match rustix::net::send(&self.io, bytes, SendFlags::empty()) {
            Ok(n) => Ok(n),
            Err(Errno::WOULDBLOCK) => self.io.try_write(bytes),
            Err(error) => Err(error.into()),
        }
    }
}

impl ClientSocket {
    /// Pings since the last bytes from the client.
    pub fn missed_pings(&self) -> u32 {
        match self {
            Self::Tcp(line) => line.missed_pings.get(),
            // An event stream cannot answer; `super::tcp_timeout` ends a dead one.
            Self::Events(_) => 0,
        }
    }

    /// Whether the socket is closed and only the heartbeat can end it.
    pub fn is_overdue(&self) -> bool {
        match self {
            // The driver ends it.
            Self::Tcp(_) => false,
            Self::Events(queue) => queue.is_overdue(),
        }
    }

    /// Counts a sent ping.
    pub fn pinged(&self) {
        if let Self::Tcp(line) = self {
            line.missed_pings.set(line.missed_pings.get().saturating_add(1));
        }
    }
}

impl Socket for ClientSocket {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(line) => line.write(bytes),
            Self::Events(queue) => queue.push(Bytes::copy_from_slice(bytes)),
        }
    }

    fn try_write_shared(&self, bytes: Bytes) -> io::Result<usize> {
        match self {
            Self::Tcp(line) => line.write(&bytes),
            Self::Events(queue) => queue.push(bytes),
        }
    }

    fn client(&self) -> Option<Client> {
        match self {
            Self::Tcp(line) => line.io.peer_addr().ok().map(|peer| Client::from_address(peer.ip())),
            Self::Events(queue) => queue.client(),
        }
    }

    fn encoding(&self) -> Encoding {
        match self {
            Self::Tcp(line) => line.encoding,
            Self::Events(_) => Encoding::EventStream,
        }
    }

    fn call_when_writable(&self, _: ConnectionId) {
        match self {
            Self::Tcp(line) => {
                line.wants_write.set(true);
                line.wake();
            }
            Self::Events(queue) => queue.want_drain(),
        }
    }

    fn close(&self) {
        match self {
            Self::Tcp(line) => {
                line.closed.set(true);
                line.wake();
            }
            Self::Events(queue) => queue.close(),
        }
    }

    fn cut(&self) {
        match self {
            // After a close the driver only waits for the end.
            Self::Tcp(_) => self.close(),
            Self::Events(queue) => queue.cut(),
        }
    }
}
