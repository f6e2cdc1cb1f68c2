//! Server-sent events: the same frames for networks that block WebSocket.
//!
//! A reader of events is a line like any other. Its socket is a small queue that the response's
//! body is fed from; when that is full, the switchboard keeps legs instead of frames, as for any
//! slow reader.

use super::connection::{CLOSE_WAIT, ClientSocket};
use super::session::{since_max, unknown_topic_reason};
use super::worker::{ConnectionPermit, OpenConnections, Worker};
use crate::app::App;
use crate::http::problem::Problem;
use crate::http::query::Parameters;
use crate::roles::Role;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use actors::frame::{Encoding, Frame};
use actors::hub::NoSnapshot;
use actors::switchboard::{LineId, Socket};
use actors::unread::Client;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::topic::Topic;
use futures_util::Stream;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::Instant;

/// Bytes waiting for one reader beyond which it counts as behind. One write is always taken whole,
/// so that an event is never cut.
const QUEUE_BYTES: usize = 64 * 1024;

/// Most that the response is handed at once.
const PIECE_BYTES: usize = 32 * 1024;

/// How often it is looked whether a reader has taken a snapshot.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The socket of a reader of events.
#[derive(Default)]
pub struct EventQueue {
    queue: RefCell<VecDeque<Bytes>>,
    bytes: Cell<usize>,
    wants_drain: Cell<bool>,
    closed_at: Cell<Option<Instant>>,
    is_cut: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    /// Given back when it is cut: its connection may hang for longer.
    counted: Cell<Option<ConnectionPermit>>,
    client: Option<Client>,
}

impl EventQueue {
    fn new(counted: ConnectionPermit, client: Option<Client>) -> Self {
        Self { counted: Cell::new(Some(counted)), client, ..Self::default() }
    }

    /// Whose stream it is.
    pub fn client(&self) -> Option<Client> {
        self.client
    }

    /// Takes bytes, or says that the reader is behind. They stay shared with whoever else has them, so
    /// that a large snapshot is in memory once, and is counted, however many have not read it.
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

    /// The switchboard has more for it.
    pub fn want_drain(&self) {
        self.wants_drain.set(true);
        self.wake();
    }

    /// Ends the stream once the queue is empty.
    pub fn close(&self) {
        if !self.is_closed() {
            self.closed_at.set(Some(Instant::now()));
        }
        self.wake();
    }

    /// Ends the stream for the hub, whatever is left. A body is asked for nothing while its reader
    /// reads nothing; then the connection ends when the kernel gives it up.
    pub fn cut(&self) {
        self.close();
        self.is_cut.set(true);
        self.queue.borrow_mut().clear();
        self.bytes.set(0);
        drop(self.counted.take());
    }

    /// Whether its reader has had its time to take what was left.
    pub fn is_overdue(&self) -> bool {
        self.is_cut.get() || self.closed_at.get().is_some_and(|at| at.elapsed() >= CLOSE_WAIT)
    }

    fn is_closed(&self) -> bool {
        self.closed_at.get().is_some()
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// The next piece for the response, which copies it into a buffer of its own.
    fn pop(&self) -> Option<Bytes> {
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

/// The body of one response.
struct EventStreamBody {
    worker: Rc<Worker>,
    id: LineId,
    queue: Rc<EventQueue>,
}

impl Stream for EventStreamBody {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let queue = &self.queue;
        *queue.waker.borrow_mut() = Some(context.waker().clone());
        if queue.bytes.get() < QUEUE_BYTES && queue.wants_drain.replace(false) {
            self.worker.lines.borrow_mut().drain(self.id);
        }
        match queue.pop() {
            Some(bytes) => Poll::Ready(Some(Ok(bytes))),
            None if queue.is_closed() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl Drop for EventStreamBody {
    fn drop(&mut self) {
        self.worker.lines.borrow_mut().remove(self.id);
    }
}

/// One topic of a stream, and the position to resume it from.
type Wanted = (Topic, Option<DateTime<Utc>>);

/// Reads `topic=…`, given once or several times. `since` belongs to the topic before it, or to the first.
fn wanted(request: &HttpRequest, app: &App) -> Result<Vec<Wanted>, Problem> {
    let mut given = Parameters::of(request)?;
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut first_since = None;
    for (name, value) in given.in_order(&["topic", "since"]) {
        match name {
            "topic" => match topic(&value, app) {
                Ok(topic) if wanted.iter().any(|(known, _)| *known == topic) => {
                    given.wrong("topic", "is given twice");
                }
                Ok(topic) => wanted.push((topic, None)),
                Err(why) => given.wrong("topic", why),
            },
            _ => match DateTime::parse_from_rfc3339(&value) {
                Ok(at) => {
                    *wanted.last_mut().map_or(&mut first_since, |(_, known)| known) = Some(at.to_utc());
                }
                Err(_) => given.wrong("since", "is no instant such as 2013-02-08T15:00:00Z"),
            },
        }
    }
    let topics_max = app.config.sockets.topics_max;
    if wanted.len() > topics_max {
        given.wrong("topic", format!("is given more than {topics_max} times"));
    }
    let is_alone = wanted.len() == 1;
    match wanted.first_mut() {
        Some((_, since)) => *since = since.or(first_since),
        None => drop(given.needed::<Topic>("topic", None)),
    }
    given.finish()?;
    // The id of an event tells how far one topic is, and not whether the others had begun.
    let last_event = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    if is_alone && let Some(id) = last_event.and_then(|id| id.parse().ok()) {
        wanted[0].1 = Some(id);
    }
    // A stamp of a future is one of other data: a day that was replayed before, say.
    let since_max = since_max(app);
    for (_, since) in &mut wanted {
        *since = since.filter(|since| *since <= since_max);
    }
    Ok(wanted)
}

fn topic(text: &str, app: &App) -> Result<Topic, String> {
    let topic = Topic::parse(text).ok_or("is not a topic; see /docs/protocol")?;
    match unknown_topic_reason(&topic, app) {
        Some(reason) => Err(format!("names nothing to follow: {reason}")),
        None => Ok(topic),
    }
}

/// `GET /api/v1/stream?topic=…`: the topics' frames as events named after their type. A browser
/// that reconnects sends the id of the last event, and is told only what changed since.
pub async fn stream(
    request: HttpRequest,
    app: web::Data<App>,
    open: web::Data<OpenConnections>,
) -> Result<HttpResponse, Problem> {
    let wanted = wanted(&request, &app)?;
    app.does(Role::Sockets).map_err(|why| Problem::misdirected(&why))?;
    app.readiness.check().map_err(Problem::unavailable)?;
    // Refused while there is a status to do it with.
    let is_unknown = |topic: &Topic| match topic {
        Topic::Flight(leg) => app.hub.live(leg).is_none_or(|live| live.view.hidden),
        _ => false,
    };
    if wanted.iter().any(|(topic, _)| is_unknown(topic)) {
        return Err(Problem::not_found(&NoSnapshot::UnknownLeg.to_string()));
    }
    if request.method() == actix_web::http::Method::HEAD {
        return Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/event-stream")).finish());
    }
    let sockets = &app.config.sockets;
    let counted = open
        .take_one(sockets.connections_max)
        .ok_or_else(|| Problem::unavailable("the hub has its limit of listeners"))?;
    let worker =
        Worker::here(&app, &open).ok_or_else(|| Problem::unavailable("this worker takes no listeners"))?;
    let client = request.peer_addr().map(|peer| Client::at(peer.ip()));
    let queue = Rc::new(EventQueue::new(counted, client));
    let id = worker.lines.borrow_mut().open(ClientSocket::Events(queue.clone()));
    let events = EventStreamBody { worker: worker.clone(), id, queue };
    {
        // Before it follows: then the snapshot comes behind.
        let mut lines = worker.lines.borrow_mut();
        lines.send(id, wire::sse::retry(u64::try_from(sockets.retry.as_millis()).unwrap_or(u64::MAX)));
        lines.send(id, hello(&app).bytes(Encoding::EventStream).clone());
        for warning in app.hub.warnings() {
            lines.send(id, warning.bytes(Encoding::EventStream).clone());
        }
    }
    // All before the first snapshot: frames are kept back until the last has been put in its place.
    for (topic, _) in &wanted {
        let followed = worker.lines.borrow_mut().follow(id, topic, wanted.len());
        followed.map_err(|error| Problem::unavailable(&error.to_string()))?;
    }
    let mut rest = wanted.into_iter();
    if let Some(first) = rest.next() {
        release(&worker, id, first).await?;
    }
    if rest.len() > 0 {
        actix_web::rt::spawn(release_rest(worker.clone(), id, rest));
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/event-stream"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // Without this, compressing middleware would hold events back to fill a block.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

/// Puts a topic's snapshot in its place on the line.
async fn release(worker: &Worker, id: LineId, (topic, since): Wanted) -> Result<(), Problem> {
    let snapshot = worker.app.hub.snapshot(&topic, since).await.map_err(|error| match error {
        NoSnapshot::UnknownLeg => Problem::not_found(&error.to_string()),
        NoSnapshot::TooLarge { .. } => Problem::bad_query("topic", &error.to_string()),
        NoSnapshot::Stopping => Problem::unavailable(&error.to_string()),
    })?;
    let released = worker.lines.borrow_mut().release(id, &topic, &snapshot);
    released.map_err(|error| Problem::unavailable(&error.to_string()))
}

/// The other topics' snapshots, each once the reader has taken the one before: no reader keeps more than one
/// in memory. What cannot be had ends the stream, so that its reader comes back and is told why.
async fn release_rest(worker: Rc<Worker>, id: LineId, rest: impl Iterator<Item = Wanted>) {
    for wanted in rest {
        while worker.lines.borrow().owes_snapshot(id) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        if worker.lines.borrow().socket(id).is_none() {
            return;
        }
        let topic = wanted.0.clone();
        if let Err(problem) = release(&worker, id, wanted).await {
            tracing::debug!(%topic, %problem, "a stream ends: one of its topics has no snapshot");
            if let Some(socket) = worker.lines.borrow().socket(id) {
                socket.cut();
            }
            return;
        }
    }
}

/// The first frame of every connection.
pub fn hello(app: &App) -> Frame {
    let clock = app.hub.clock();
    let ping_s = u32::try_from(app.config.sockets.ping.as_secs()).unwrap_or(u32::MAX);
    let payload = wire::frame::server::hello(&app.epoch, clock.now(), clock.speed(), ping_s);
    Frame::new("hello", payload, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_event_is_kept_as_it_is_and_handed_out_in_pieces() {
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
