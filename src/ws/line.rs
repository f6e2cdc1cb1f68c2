//! One connection: its socket, and the task that drives it.
//!
//! The switchboard writes to the socket; this task reads from it, lets the session answer, and
//! goes on writing where the socket was not ready. The session is always polled here, so a client
//! that does not read cannot freeze it.

use super::events::EventQueue;
use super::inflate::{Allowed, Inflate};
use super::session::Session;
use super::thread::{OpenLine, Thread};
use actix_http::error::PayloadError;
use actix_rt::net::TcpStream;
use actix_web_actors::ws;
use actors::frame::Encoding;
use actors::switchboard::{LineId, Socket};
use actors::unread::Client;
use bytes::Bytes;
use futures_util::Stream;
use rustix::io::Errno;
use rustix::net::SendFlags;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Bytes read at once. One buffer a thread: nothing is kept for an idle connection.
const READ_BYTES: usize = 16 * 1024;

/// Reads in a row before others get their turn.
const READS_MAX: usize = 8;

/// How long a client may take to answer our close, or to take the rest of its events, before the
/// connection is cut.
pub(super) const CLOSE_WAIT: Duration = Duration::from_secs(2);

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// A listener's socket.
pub enum LineSocket {
    /// A WebSocket.
    Tcp(TcpLine),
    /// A reader of server-sent events.
    Events(Rc<EventQueue>),
}

/// A WebSocket's connection.
pub struct TcpLine {
    io: TcpStream,
    encoding: Encoding,
    waker: RefCell<Option<Waker>>,
    wants_write: Cell<bool>,
    closed: Cell<bool>,
    missed_pings: Cell<u32>,
}

impl TcpLine {
    /// A connection whose handshake is done.
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

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Straight to the system call: the runtime's own bookkeeping is asked only when the socket is
    /// full, to learn when it no longer is.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match rustix::net::send(&self.io, bytes, SendFlags::empty()) {
            Ok(n) => Ok(n),
            Err(Errno::WOULDBLOCK) => self.io.try_write(bytes),
            Err(error) => Err(error.into()),
        }
    }
}

impl LineSocket {
    /// Pings since it was last heard of.
    pub fn missed_pings(&self) -> u32 {
        match self {
            Self::Tcp(line) => line.missed_pings.get(),
            // A reader of events cannot answer; a dead one stops taking bytes, and see `super::unread`.
            Self::Events(_) => 0,
        }
    }

    /// Whether it was closed and nobody will end it but the pulse.
    pub fn is_overdue(&self) -> bool {
        match self {
            // Its driver ends it.
            Self::Tcp(_) => false,
            Self::Events(queue) => queue.is_overdue(),
        }
    }

    /// A ping is sent.
    pub fn pinged(&self) {
        if let Self::Tcp(line) = self {
            line.missed_pings.set(line.missed_pings.get().saturating_add(1));
        }
    }
}

impl Socket for LineSocket {
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
            Self::Tcp(line) => line.io.peer_addr().ok().map(|peer| Client::at(peer.ip())),
            Self::Events(queue) => queue.client(),
        }
    }

    fn encoding(&self) -> Encoding {
        match self {
            Self::Tcp(line) => line.encoding,
            Self::Events(_) => Encoding::EventStream,
        }
    }

    fn call_when_writable(&self, _: LineId) {
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
            // Its driver waits for nothing but an answer to the end.
            Self::Tcp(_) => self.close(),
            Self::Events(queue) => queue.cut(),
        }
    }
}

/// Drives one connection until it ends.
pub async fn drive(thread: Rc<Thread>, line: TcpLine, early: Bytes, counted: OpenLine) {
    let compressed = line.encoding == Encoding::Deflated;
    let id = thread.lines.borrow_mut().open(LineSocket::Tcp(line));
    thread.opened.set(thread.opened.get() + 1);
    let place = Place { thread: thread.clone(), id };
    let inbound = Inbound::default();
    let frame_bytes_max = thread.app.config.sockets.client_frame_bytes_max;
    let session = Session::new(thread.clone(), id);
    let codec = actix_http::ws::Codec::new().max_size(frame_bytes_max);
    let allowed = Allowed { frame_bytes_max, compressed };
    let mut driver =
        Driver { thread: thread.clone(), id, inbound: inbound.clone(), inflate: Inflate::default(), allowed };
    {
        let mut said = pin!(ws::WebsocketContext::with_codec(session, inbound, codec));
        driver.took(&early);
        poll_fn(|context| driver.poll(context, said.as_mut())).await;
    }
    if let Some(LineSocket::Tcp(line)) = place.leave() {
        linger(line.io).await;
    }
    drop(counted);
}

/// A line's place in the switchboard, given up even if its driver panics.
struct Place {
    thread: Rc<Thread>,
    id: LineId,
}

impl Place {
    fn leave(&self) -> Option<LineSocket> {
        self.thread.lines.borrow_mut().remove(self.id)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A panic while the lines were being changed ends the process, which is told where they are
        // borrowed. Any other ends this connection, and its client comes back.
        if std::thread::panicking() {
            self.thread.app.hub.deaths().session_died();
        }
        if let Some(mut lines) = self.thread.lines.try_borrow_mut() {
            lines.remove(self.id);
        }
    }
}

/// Bytes from the client on their way to the session.
#[derive(Clone, Default)]
struct Inbound(Rc<RefCell<InboundState>>);

#[derive(Default)]
struct InboundState {
    chunk: Option<Bytes>,
    ended: bool,
}

impl Stream for Inbound {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.borrow_mut();
        match state.chunk.take() {
            Some(chunk) => Poll::Ready(Some(Ok(chunk))),
            None if state.ended => Poll::Ready(None),
            // The driver polls the session after every read, so no waker is kept.
            None => Poll::Pending,
        }
    }
}

struct Driver {
    thread: Rc<Thread>,
    id: LineId,
    inbound: Inbound,
    inflate: Inflate,
    allowed: Allowed,
}

enum Read {
    Some,
    Nothing,
    Ended,
}

impl Driver {
    fn poll<E>(
        &mut self,
        context: &mut Context<'_>,
        mut said: Pin<&mut impl Stream<Item = Result<Bytes, E>>>,
    ) -> Poll<()> {
        let mut reads = 0;
        loop {
            let read = self.read(context);
            loop {
                match said.as_mut().poll_next(context) {
                    Poll::Ready(Some(Ok(bytes))) => self.thread.lines.borrow_mut().send(self.id, bytes),
                    Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                    Poll::Pending => break,
                }
            }
            if self.write(context) {
                return Poll::Ready(());
            }
            match read {
                Read::Ended => return Poll::Ready(()),
                Read::Nothing => return Poll::Pending,
                Read::Some => reads += 1,
            }
            if reads >= READS_MAX {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    fn read(&mut self, context: &mut Context<'_>) -> Read {
        let read = {
            let lines = self.thread.lines.borrow();
            let Some(LineSocket::Tcp(line)) = lines.socket(self.id) else { return Read::Ended };
            if !line.waker.borrow().as_ref().is_some_and(|w| w.will_wake(context.waker())) {
                *line.waker.borrow_mut() = Some(context.waker().clone());
            }
            if line.io.poll_read_ready(context).is_pending() {
                return Read::Nothing;
            }
            READ.with_borrow_mut(|buffer| {
                line.io.try_read(buffer).map(|n| {
                    line.missed_pings.set(0);
                    Bytes::copy_from_slice(&buffer[..n])
                })
            })
        };
        match read {
            Ok(bytes) if bytes.is_empty() => {
                self.inbound.0.borrow_mut().ended = true;
                Read::Ended
            }
            Ok(bytes) => {
                self.took(&bytes);
                Read::Some
            }
            // Readiness was stale; asking again registers for the next.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Read::Some,
            Err(_) => Read::Ended,
        }
    }

    fn took(&mut self, bytes: &Bytes) {
        if bytes.is_empty() {
            return;
        }
        let bytes = self.inflate.pass(bytes, self.allowed);
        let mut state = self.inbound.0.borrow_mut();
        state.chunk = Some(match state.chunk.take() {
            Some(earlier) => [&earlier[..], &bytes[..]].concat().into(),
            None => bytes,
        });
    }

    /// Goes on writing where the socket was full. Answers whether the line is to end.
    fn write(&mut self, context: &mut Context<'_>) -> bool {
        loop {
            {
                let lines = self.thread.lines.borrow();
                let Some(LineSocket::Tcp(line)) = lines.socket(self.id) else { return true };
                if line.closed.get() {
                    return true;
                }
                if !line.wants_write.get() || line.io.poll_write_ready(context).is_pending() {
                    return false;
                }
                line.wants_write.set(false);
            }
            self.thread.lines.borrow_mut().drain(self.id);
            // The session may have waited for this, to ask for its next snapshot.
            context.waker().wake_by_ref();
        }
    }
}

/// Says that nothing more will come, and waits a moment for the client to close, so that our last
/// words are not lost to a reset.
async fn linger(io: TcpStream) {
    if socket2::SockRef::from(&io).shutdown(std::net::Shutdown::Write).is_err() {
        return;
    }
    let until_closed = async {
        let mut rest = [0; 256];
        while io.readable().await.is_ok() {
            match io.try_read(&mut rest) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
    };
    // Whether it closed or the time is up, the connection ends here.
    let _ = tokio::time::timeout(CLOSE_WAIT, until_closed).await;
}
