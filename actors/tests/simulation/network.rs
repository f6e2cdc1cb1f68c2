//! Simulated sockets: a bounded buffer between the hub, which writes, and a client, which reads.

use crate::random::Random;
use bytes::Bytes;
use gatecall_actors::frame::Encoding;
use gatecall_actors::switchboard::{ConnectionId, Socket};
use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use tokio::sync::Notify;

/// A socket. The hub has one end, the client the other.
pub(crate) struct SimSocket {
    buffer: RefCell<Vec<u8>>,
    capacity: usize,
    encoding: Encoding,
    /// The hub waits until the socket is writable.
    is_awaited: Cell<bool>,
    /// The hub writes nothing more.
    is_closed: Cell<bool>,
    /// There is something to read, or the socket is closed.
    readable: Notify,
    /// A broken double: accepts a write and drops it, with this probability in percent.
    loses: Option<(Rc<Random>, u64)>,
}

impl SimSocket {
    pub(crate) fn new(capacity: usize, encoding: Encoding, loses: Option<(Rc<Random>, u64)>) -> Rc<Self> {
        Rc::new(Self {
            buffer: RefCell::default(),
            capacity,
            encoding,
            is_awaited: Cell::new(false),
            is_closed: Cell::new(false),
            readable: Notify::new(),
            loses,
        })
    }

    /// Waits until there is something to read or the socket is closed.
    pub(crate) async fn until_readable(&self) {
        while self.buffer.borrow().is_empty() && !self.is_closed.get() {
            self.readable.notified().await;
        }
    }

    /// Reads at most `most` bytes. Empty once the socket is closed and everything is read.
    pub(crate) fn read(&self, most: usize) -> Vec<u8> {
        let mut buffer = self.buffer.borrow_mut();
        let count = buffer.len().min(most);
        buffer.drain(..count).collect()
    }

    /// Whether the hub must be told now that the socket is writable.
    pub(crate) fn take_awaited(&self) -> bool {
        self.buffer.borrow().len() < self.capacity && self.is_awaited.take()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.get()
    }

    /// Whether the client has read everything and the hub waits for nothing.
    pub(crate) fn is_drained(&self) -> bool {
        self.buffer.borrow().is_empty() && !self.is_awaited.get()
    }

    /// Breaks the connection. What the client has not read is lost.
    pub(crate) fn break_off(&self) {
        self.is_closed.set(true);
        self.buffer.borrow_mut().clear();
        self.readable.notify_one();
    }
}

/// The hub's end of a socket.
pub(crate) struct HubEnd(pub(crate) Rc<SimSocket>);

impl Socket for HubEnd {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let socket = &self.0;
        if socket.is_closed.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut buffer = socket.buffer.borrow_mut();
        let count = bytes.len().min(socket.capacity - buffer.len());
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if let Some((random, chance)) = &socket.loses
            && count == bytes.len()
            && random.percent(*chance)
        {
            return Ok(count);
        }
        buffer.extend_from_slice(&bytes[..count]);
        drop(buffer);
        socket.readable.notify_one();
        Ok(count)
    }

    fn encoding(&self) -> Encoding {
        self.0.encoding
    }

    fn call_when_writable(&self, _: ConnectionId) {
        // The buffer is full, so the client will read and then look.
        self.0.is_awaited.set(true);
    }

    fn close(&self) {
        self.0.is_closed.set(true);
        self.0.readable.notify_one();
    }

    fn cut(&self) {
        self.0.break_off();
    }
}

/// Splits the bytes of a connection into frames.
pub(crate) struct FrameReader {
    unread: Vec<u8>,
    encoding: Encoding,
}

impl FrameReader {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self { unread: Vec::new(), encoding }
    }

    /// Adds bytes and returns the JSON of each frame that is now complete. A close frame ends the list.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Vec<Bytes> {
        self.unread.extend_from_slice(bytes);
        let mut frames = Vec::new();
        while let Some((length, payload)) = self.next() {
            frames.extend(payload);
            self.unread.drain(..length);
        }
        frames
    }

    /// The length of the first frame, and its JSON if it carries any.
    fn next(&self) -> Option<(usize, Option<Bytes>)> {
        match self.encoding {
            Encoding::EventStream => {
                let length = self.unread.windows(2).position(|two| two == b"\n\n")? + 2;
                let event = std::str::from_utf8(&self.unread[..length]).unwrap();
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                Some((length, data.map(|data| Bytes::copy_from_slice(data.as_bytes()))))
            }
            Encoding::WebSocket | Encoding::Deflated => {
                let (opcode, short) = (*self.unread.first()? & 0x0f, *self.unread.get(1)?);
                let (head, length) = match short {
                    126 => (4, usize::from(u16::from_be_bytes(self.unread.get(2..4)?.try_into().unwrap()))),
                    127 => (10, u64::from_be_bytes(self.unread.get(2..10)?.try_into().unwrap()) as usize),
                    short => (2, usize::from(short)),
                };
                let payload = self.unread.get(head..head + length)?;
                Some((head + length, (opcode == 1).then(|| Bytes::copy_from_slice(payload))))
            }
        }
    }
}
