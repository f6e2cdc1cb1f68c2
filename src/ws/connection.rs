//! The task that drives one WebSocket.
//!
//! The switchboard writes to the socket. This task reads from it, polls the session, and continues a write
//! when the socket is writable again. It always polls the session, so a client that does not read cannot
//! freeze it.

use super::CLOSE_WAIT;
use super::decoder::{ClientMessage, DecodeLimits, Decoder};
use super::inbox::Inbox;
use super::open_connections::ConnectionPermit;
use super::rate_limit::{RateLimit, RateLimiter};
use super::session::Session;
use super::socket::{ClientSocket, WebSocketConnection};
use super::worker::Worker;
use actix_http::error::PayloadError;
use actix_rt::net::TcpStream;
use actix_web_actors::ws;
use actors::frame::Encoding;
use actors::switchboard::ConnectionId;
use bytes::Bytes;
use futures_util::{Stream, stream};
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use wire::frame::close::CloseCode;

/// Bytes of one read. The task reads only when no complete frame is buffered, so it never holds more of a
/// client. There is one buffer per thread, and none per idle connection.
const READ_BYTES: usize = 4 * 1024;

/// Frames and reads of one connection before others get their turn.
const FRAMES_A_TURN: usize = 16;
const READS_A_TURN: usize = 4;

/// The shortest pause for a client that sends too much, so that each of its frames does not cost a wake-up.
const PAUSE_MIN: Duration = Duration::from_millis(50);

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
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
        // The crate's own decoder gets no bytes. Ours passes messages to the session.
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

/// Removes the connection from the switchboard, even if its driver panics.
struct ConnectionGuard {
    worker: Rc<Worker>,
    id: ConnectionId,
}

impl ConnectionGuard {
    fn leave(&self) -> Option<ClientSocket> {
        self.worker.lines.borrow_mut().remove(self.id)
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        // A panic during a change of the connections ends the process; the code that borrows them reports it.
        // Any other panic ends this connection, and its client reconnects.
        if std::thread::panicking() {
            self.worker.app.hub.panic_reporter().session_panicked();
        }
        if let Some(mut lines) = self.worker.lines.try_borrow_mut() {
            lines.remove(self.id);
        }
    }
}

struct Driver {
    worker: Rc<Worker>,
    id: ConnectionId,
    inbox: Inbox,
    decoder: Decoder,
    allowed: DecodeLimits,
    limit: RateLimit,
    rate_limiter: RateLimiter,
    /// The task reads nothing until then, because the client has used up its rate limit.
    pause: Option<Pin<Box<Sleep>>>,
    /// Since when the client has been above its rate limit.
    ahead_since: Option<Instant>,
}

/// Why reading ended.
enum Input {
    /// There is nothing to do until the client sends more, or may send more.
    Nothing,
    /// The turn is over.
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

    /// Puts decoded messages into the inbox, up to the end of the turn or the rate limit. Reads again only
    /// when everything is decoded, so a client that sends faster fills its own send buffer.
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

    /// Whether the client has used up its rate limit. Disconnects a client that stays above the limit for
    /// `sockets.slow_s`: its unread bytes would keep the connection open long after its end.
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

    /// Reads once, or returns why it cannot.
    fn read(&mut self, context: &mut Context<'_>) -> Result<(), Input> {
        let lines = self.worker.lines.borrow();
        let Some(ClientSocket::Tcp(line)) = lines.socket(self.id) else { return Err(Input::Ended) };
        loop {
            if line.io.poll_read_ready(context).is_pending() {
                // The client has waited.
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
                // The readiness was stale; polling again registers for the next.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(Input::Ended),
            }
        }
    }

    /// Continues a write on a socket that was full. Returns whether the connection has to end.
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
            // The session may wait for this before it requests the next snapshot.
            context.waker().wake_by_ref();
        }
    }
}

/// Shuts down the write side and waits a moment for the client to close, so that a reset does not lose the
/// close frame.
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
