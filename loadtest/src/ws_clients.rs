//! Thousands of WebSocket clients on one thread.
//!
//! A client takes a file descriptor and a hundred bytes. Reads go into one shared buffer; a
//! [`ClientEvents`] handles the frames.

use crate::clock::now_ns;
use crate::hub_address::HubAddress;
use crate::limits::{HTTP_HEAD_BYTES_MAX, SLOW_SIP_BYTES, SMALL_RECEIVE_BUFFER_BYTES};
use crate::reactor::{Reactor, Ready, Watch};
use crate::ws::{self, frame};
use anyhow::{Context, Result};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The number of a socket, from 0.
pub type SockId = usize;

/// Why a socket closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The server closed it with a code and a reason.
    Code(u16, String),
    /// It was lost, or never connected.
    Lost(String),
}

/// A handler of client events.
pub trait ClientEvents {
    /// The handshake is complete. Returns a text frame to send.
    fn opened(&mut self, id: SockId) -> Option<String>;
    /// A text frame arrived. Returns a text frame to send.
    fn text(&mut self, id: SockId, payload: &[u8], at_ns: u64) -> Option<&'static str>;
    /// The socket closed.
    fn closed(&mut self, id: SockId, why: Closed);
}

/// How a socket reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// Everything, at once.
    Full,
    /// Only when [`WsClients::read_slowly`] is called.
    Sips,
    /// Not at all.
    Stopped,
}

struct Sock {
    stream: TcpStream,
    open: bool,
    pace: Pace,
    /// The incomplete frame at the end of the input.
    rest: Vec<u8>,
    /// Output that could not be written yet.
    out: Vec<u8>,
}

/// The clients.
pub struct WsClients {
    hub: HubAddress,
    request: Vec<u8>,
    socks: Vec<Option<Sock>>,
    buffer: Vec<u8>,
}

impl WsClients {
    /// Unconnected clients of the WebSocket at `path` of `hub`.
    pub fn new(hub: &HubAddress, path: &str) -> Self {
        let request = ws::upgrade_request(&hub.host, path);
        Self { hub: hub.clone(), request, socks: Vec::new(), buffer: vec![0; 64 << 10] }
    }

    /// Starts to connect socket `id`, again if it was connected before. `small_buffer` minimizes the
    /// kernel's buffer, so that a reader that stops has an effect soon.
    pub fn connect(&mut self, reactor: &Reactor, id: SockId, small_buffer: bool) -> Result<()> {
        let domain = Domain::for_address(self.hub.address);
        let socket =
            Socket::new(domain, Type::STREAM, Some(Protocol::TCP)).context("cannot open a socket")?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if small_buffer {
            socket.set_recv_buffer_size(SMALL_RECEIVE_BUFFER_BYTES)?;
        }
        match socket.connect(&SockAddr::from(self.hub.address)) {
            Ok(()) => {}
            // EINPROGRESS: epoll reports the socket as writable once it is connected.
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(e) => return Err(e).with_context(|| format!("cannot connect to {}", self.hub.host)),
        }
        let stream = TcpStream::from(socket);
        reactor.add(&stream, id as u64, Watch::Edges)?;
        let sock =
            Sock { stream, open: false, pace: Pace::Full, rest: Vec::new(), out: self.request.clone() };
        if self.socks.len() <= id {
            self.socks.resize_with(id + 1, || None);
        }
        self.socks[id] = Some(sock);
        Ok(())
    }

    /// Handles an event of socket `id`.
    pub fn on_ready(&mut self, ready: Ready, listener: &mut impl ClientEvents) {
        let id = ready.token as SockId;
        let Some(Some(sock)) = self.socks.get_mut(id) else { return };
        if ready.writable
            && !sock.out.is_empty()
            && let Err(e) = sock.flush()
        {
            return self.end(id, Closed::Lost(e.to_string()), listener);
        }
        if sock.pace == Pace::Full {
            self.read(id, ready.ending, listener);
        }
    }

    /// Lets a slow reader read a little.
    pub fn read_slowly(&mut self, id: SockId, listener: &mut impl ClientEvents) {
        self.read_once(id, SLOW_SIP_BYTES, listener);
    }

    /// Changes how an open socket reads. A socket that reads fully again reads its backlog at once.
    pub fn set_pace(
        &mut self,
        reactor: &Reactor,
        id: SockId,
        pace: Pace,
        listener: &mut impl ClientEvents,
    ) -> Result<()> {
        let Some(Some(sock)) = self.socks.get_mut(id) else { return Ok(()) };
        sock.pace = pace;
        let watch = if pace == Pace::Full { Watch::Edges } else { Watch::Nothing };
        reactor.change(&sock.stream, id as u64, watch)?;
        if pace == Pace::Full {
            self.read(id, true, listener);
        }
        Ok(())
    }

    /// Whether the handshake is complete and the socket open.
    pub fn is_open(&self, id: SockId) -> bool {
        matches!(self.socks.get(id), Some(Some(sock)) if sock.open)
    }

    /// Sends a text frame.
    pub fn send(&mut self, id: SockId, text: &str, listener: &mut impl ClientEvents) {
        let Some(Some(sock)) = self.socks.get_mut(id) else { return };
        frame::put_masked(&mut sock.out, frame::TEXT, text.as_bytes());
        if let Err(e) = sock.flush() {
            self.end(id, Closed::Lost(e.to_string()), listener);
        }
    }

    /// Resets every socket, as a power cut at a switch would. (Resets also leave no port in TIME_WAIT, so
    /// that many rounds find enough ports.)
    pub fn drop_all(&mut self) {
        for sock in self.socks.drain(..).flatten() {
            let socket = Socket::from(sock.stream);
            // A socket that cannot be reset is closed normally.
            drop(socket.set_linger(Some(Duration::ZERO)));
        }
    }

    fn read(&mut self, id: SockId, to_the_end: bool, listener: &mut impl ClientEvents) {
        let whole = self.buffer.len();
        loop {
            match self.read_once(id, whole, listener) {
                // A short read has emptied the socket, and the next edge reports more. If the peer is
                // closing, no edge follows.
                Some(n) if n == whole || to_the_end => {}
                _ => return,
            }
        }
    }

    /// Reads once; `None` if there is nothing more to read now, or ever.
    fn read_once(&mut self, id: SockId, most: usize, listener: &mut impl ClientEvents) -> Option<usize> {
        let sock = self.socks.get_mut(id)?.as_mut()?;
        let why = match sock.stream.read(&mut self.buffer[..most]) {
            Ok(0) => Closed::Lost("the server hung up".to_owned()),
            Ok(n) => match sock.take(id, &self.buffer[..n], listener) {
                Ok(None) => return Some(n),
                Ok(Some(closed)) => closed,
                Err(e) => Closed::Lost(format!("{e:#}")),
            },
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return None,
            Err(e) => Closed::Lost(e.to_string()),
        };
        self.end(id, why, listener);
        None
    }

    fn end(&mut self, id: SockId, why: Closed, listener: &mut impl ClientEvents) {
        if let Some(slot) = self.socks.get_mut(id) {
            *slot = None;
        }
        listener.closed(id, why);
    }
}

impl Sock {
    fn flush(&mut self) -> std::io::Result<()> {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(n) => drop(self.out.drain(..n)),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(());
                }
                Err(e) => return Err(e),
            }
        }
        self.out = Vec::new();
        Ok(())
    }

    /// Handles bytes from the server; `Some` when the server closed.
    fn take(&mut self, id: SockId, fresh: &[u8], listener: &mut impl ClientEvents) -> Result<Option<Closed>> {
        let at_ns = now_ns();
        if self.open {
            return self.take_frames(id, fresh, at_ns, listener);
        }
        self.rest.extend_from_slice(fresh);
        let Some(len) = ws::head_len(&self.rest) else {
            anyhow::ensure!(self.rest.len() <= HTTP_HEAD_BYTES_MAX, "an endless answer to the upgrade");
            return Ok(None);
        };
        ws::check_upgrade(&self.rest[..len])?;
        let after = self.rest.split_off(len);
        self.rest = Vec::new();
        self.open = true;
        if let Some(text) = listener.opened(id) {
            frame::put_masked(&mut self.out, frame::TEXT, text.as_bytes());
            self.flush()?;
        }
        self.take_frames(id, &after, at_ns, listener)
    }

    fn take_frames(
        &mut self,
        id: SockId,
        fresh: &[u8],
        at_ns: u64,
        listener: &mut impl ClientEvents,
    ) -> Result<Option<Closed>> {
        let (out, mut closed) = (&mut self.out, None);
        let parsed = frame::drain(&mut self.rest, fresh, |frame| match frame.opcode {
            frame::TEXT => {
                if let Some(reply) = listener.text(id, frame.payload, at_ns) {
                    frame::put_masked(out, frame::TEXT, reply.as_bytes());
                }
            }
            frame::PING => frame::put_masked(out, frame::PONG, frame.payload),
            frame::CLOSE => {
                let (code, reason) = frame.close_reason();
                closed = Some(Closed::Code(code, reason));
            }
            _ => {}
        });
        parsed.map_err(|e| anyhow::anyhow!("{e}"))?;
        if !self.out.is_empty() {
            self.flush()?;
        }
        Ok(closed)
    }
}
