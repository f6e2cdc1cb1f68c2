//! One connection: its socket, and the task that drives it.
//!
//! The switchboard writes to the socket; this task reads from it, lets the session answer, and
//! goes on writing where the socket was not ready. The session is always polled here, so a client
//! that does not read cannot freeze it.

use super::decoder::{ClientMessage, DecodeLimits, Decoder};
use super::rate_limit::{RateLimit, RateLimiter};
use super::server_sent_events::EventQueue;
use super::session::Session;
use super::worker::{ConnectionPermit, Worker};
use actix_http::error::PayloadError;
use actix_rt::net::TcpStream;
use actix_web_actors::ws;
use actors::frame::Encoding;
use actors::switchboard::{LineId, Socket};
use actors::unread::Client;
use bytes::Bytes;
use futures_util::{Stream, stream};
use rustix::io::Errno;
use rustix::net::SendFlags;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use wire::frame::close::CloseCode;

/// Bytes read at once, and only when no whole frame is left of those before: more than that of a client
/// is never in hand. One buffer a thread: nothing is kept for an idle connection.
const READ_BYTES: usize = 4 * 1024;

/// Frames of one connection, and reads of it, before others get their turn.
const FRAMES_A_TURN: usize = 16;
const READS_A_TURN: usize = 4;

/// The shortest time for which a client that sends too much is not heard: it is not worth a wake-up for
/// each of its frames.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// How long a client may take to answer our close, or to take the rest of its events, before the
/// connection is cut.
pub(super) const CLOSE_WAIT: Duration = Duration::from_secs(2);

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// A listener's socket.
pub enum ClientSocket {
    /// A WebSocket.
    Tcp(WebSocketConnection),
    /// A reader of server-sent events.
    Events(Rc<EventQueue>),
}

/// A WebSocket's connection.
pub struct WebSocketConnection {
    io: TcpStream,
    encoding: Encoding,
    waker: RefCell<Option<Waker>>,
    wants_write: Cell<bool>,
    closed: Cell<bool>,
    missed_pings: Cell<u32>,
}

impl WebSocketConnection {
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

    fn wake_by(&self, waker: &Waker) {
        if !self.waker.borrow().as_ref().is_some_and(|known| known.will_wake(waker)) {
            *self.waker.borrow_mut() = Some(waker.clone());
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

impl ClientSocket {
    /// Pings since it was last heard of.
    pub fn missed_pings(&self) -> u32 {
        match self {
            Self::Tcp(line) => line.missed_pings.get(),
            // A reader of events cannot answer; a dead one stops taking bytes, and see `super::tcp_timeout`.
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
pub async fn drive(worker: Rc<Worker>, line: WebSocketConnection, early: Bytes, counted: ConnectionPermit) {
    let compressed = line.encoding == Encoding::Deflated;
    let id = worker.lines.borrow_mut().open(ClientSocket::Tcp(line));
    worker.opened.set(worker.opened.get() + 1);
    let place = ConnectionGuard { worker: worker.clone(), id };
    let inbox = Inbox::default();
    let sockets = &worker.app.config.sockets;
    let allowed = DecodeLimits { frame_bytes_max: sockets.client_frame_bytes_max, compressed };
    let limit = RateLimit { burst: sockets.frames_burst, per_s: sockets.frames_per_s };
    let session = Session::new(worker.clone(), id, inbox.clone());
    let mut driver = Driver {
        worker: worker.clone(),
        id,
        inbox,
        decoder: Decoder::default(),
        allowed,
        limit,
        rate_limiter: RateLimiter::full(limit),
        pause: None,
        ahead_since: None,
    };
    {
        // Its own decoder would gather whatever comes. Ours hands messages to the session.
        let nothing = stream::pending::<Result<Bytes, PayloadError>>();
        let mut said = pin!(ws::WebsocketContext::with_codec(session, nothing, actix_http::ws::Codec::new()));
        driver.decoder.push(&early);
        drop(early);
        poll_fn(|context| driver.poll(context, said.as_mut())).await;
    }
    if let Some(ClientSocket::Tcp(line)) = place.leave() {
        linger(line.io).await;
    }
    drop(counted);
}

/// A line's place in the switchboard, given up even if its driver panics.
struct ConnectionGuard {
    worker: Rc<Worker>,
    id: LineId,
}

impl ConnectionGuard {
    fn leave(&self) -> Option<ClientSocket> {
        self.worker.lines.borrow_mut().remove(self.id)
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        // A panic while the lines were being changed ends the process, which is told where they are
        // borrowed. Any other ends this connection, and its client comes back.
        if std::thread::panicking() {
            self.worker.app.hub.deaths().session_died();
        }
        if let Some(mut lines) = self.worker.lines.try_borrow_mut() {
            lines.remove(self.id);
        }
    }
}

/// What was heard from the client, on its way to the session: one turn's at most.
#[derive(Clone, Default)]
pub(super) struct Inbox(Rc<RefCell<VecDeque<ClientMessage>>>);

impl Stream for Inbox {
    type Item = ClientMessage;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<ClientMessage>> {
        let mut heard = self.0.borrow_mut();
        match heard.pop_front() {
            Some(one) => Poll::Ready(Some(one)),
            None => {
                *heard = VecDeque::new();
                // The driver polls the session whenever it has put something in, so no waker is kept.
                Poll::Pending
            }
        }
    }
}

struct Driver {
    worker: Rc<Worker>,
    id: LineId,
    inbox: Inbox,
    decoder: Decoder,
    allowed: DecodeLimits,
    limit: RateLimit,
    rate_limiter: RateLimiter,
    /// Until then the client is not heard: it has used up what it may send.
    pause: Option<Pin<Box<Sleep>>>,
    /// Since when it has sent more than it may without ever waiting.
    ahead_since: Option<Instant>,
}

/// Why listening ended.
enum Input {
    /// Until the client sends more, or may send more, there is nothing to do.
    Nothing,
    /// Others get their turn.
    TurnOver,
    /// The client has gone.
    Ended,
}

impl Driver {
    fn poll<E>(
        &mut self,
        context: &mut Context<'_>,
        mut said: Pin<&mut impl Stream<Item = Result<Bytes, E>>>,
    ) -> Poll<()> {
        if let Some(ClientSocket::Tcp(line)) = self.worker.lines.borrow().socket(self.id) {
            line.wake_by(context.waker());
        }
        let input = self.read_messages(context);
        loop {
            match said.as_mut().poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => self.worker.lines.borrow_mut().send(self.id, bytes),
                Poll::Ready(Some(Err(_)) | None) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        if self.write(context) {
            return Poll::Ready(());
        }
        match input {
            Input::Ended => return Poll::Ready(()),
            Input::TurnOver => context.waker().wake_by_ref(),
            Input::Nothing => {}
        }
        Poll::Pending
    }

    /// Puts what the client says into the inbox, as far as its turn and its rate limit go. Reads on only
    /// when all that was read is decoded: who sends faster than that fills its own side of the line.
    fn read_messages(&mut self, context: &mut Context<'_>) -> Input {
        let (mut frames, mut reads) = (0, 0);
        loop {
            if frames == FRAMES_A_TURN || reads == READS_A_TURN {
                return Input::TurnOver;
            }
            if !self.decoder.is_empty() && self.must_wait(context) {
                return Input::Nothing;
            }
            if let Some(heard) = self.decoder.next(self.allowed) {
                frames += 1;
                self.rate_limiter.take(self.limit);
                if heard != ClientMessage::Part {
                    self.inbox.0.borrow_mut().push_back(heard);
                }
                continue;
            }
            match self.read(context) {
                Ok(()) => reads += 1,
                Err(input) => return input,
            }
        }
    }

    /// Whether the client has used up what it may send. One that stays ahead of that for as long as a
    /// slow reader has is let go: what it has sent would keep its connection long after its end.
    fn must_wait(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(context).is_pending() {
                return true;
            }
            self.pause = None;
        }
        if self.rate_limiter.has(self.limit) {
            return false;
        }
        let now = Instant::now();
        let ahead_since = *self.ahead_since.get_or_insert(now);
        if now - ahead_since >= self.worker.app.config.sockets.slow {
            self.worker.disconnect(self.id, CloseCode::TooManyFrames, "too_many_frames");
            return true;
        }
        let wait = self.rate_limiter.wait(self.limit).max(PAUSE_MIN);
        let pause = self.pause.insert(Box::pin(tokio::time::sleep(wait)));
        pause.as_mut().poll(context).is_pending()
    }

    /// Reads once, or says why not.
    fn read(&mut self, context: &mut Context<'_>) -> Result<(), Input> {
        let lines = self.worker.lines.borrow();
        let Some(ClientSocket::Tcp(line)) = lines.socket(self.id) else { return Err(Input::Ended) };
        loop {
            if line.io.poll_read_ready(context).is_pending() {
                // It has sent no more than it may.
                self.ahead_since = None;
                return Err(Input::Nothing);
            }
            let read = READ.with_borrow_mut(|buffer| {
                let read = line.io.try_read(buffer);
                if let Ok(bytes @ 1..) = read {
                    line.missed_pings.set(0);
                    self.decoder.push(&buffer[..bytes]);
                }
                read
            });
            match read {
                Ok(0) => return Err(Input::Ended),
                Ok(_) => return Ok(()),
                // Readiness was stale; asking again registers for the next.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(Input::Ended),
            }
        }
    }

    /// Goes on writing where the socket was full. Answers whether the line is to end.
    fn write(&mut self, context: &mut Context<'_>) -> bool {
        loop {
            {
                let lines = self.worker.lines.borrow();
                let Some(ClientSocket::Tcp(line)) = lines.socket(self.id) else { return true };
                if line.closed.get() {
                    return true;
                }
                if !line.wants_write.get() || line.io.poll_write_ready(context).is_pending() {
                    return false;
                }
                line.wants_write.set(false);
            }
            self.worker.lines.borrow_mut().drain(self.id);
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
