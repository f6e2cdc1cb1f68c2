//! Server-sent events: the same frames for networks that block WebSocket.
//!
//! An event stream is a connection like any other. Its socket is a small queue that feeds the response body.
//! When the queue is full, the switchboard marks legs as dirty instead of queueing frames, as for any slow
//! client.

use super::event_queue::{EventQueue, QUEUE_BYTES};
use super::open_connections::OpenConnections;
use super::session::{since_max, unknown_topic_reason};
use super::socket::ClientSocket;
use super::this_thread;
use super::worker::Worker;
use crate::app::App;
use crate::fields::{Place, too_long};
use crate::problem::{Faults, Problem};
use crate::query::parameters;
use crate::roles::Role;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use actors::frame::Encoding;
use actors::hub::SnapshotError;
use actors::switchboard::{ConnectionId, Socket};
use actors::unread_budget::Client;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::topic::Topic;
use futures_util::Stream;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use wire::text::FromText;

/// How often the hub checks whether a reader has read a snapshot.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The body of one response.
struct EventStreamBody {
    worker: Rc<Worker>,
    id: ConnectionId,
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
    let given = parameters(request.query_string())?;
    let mut faults = Faults::default();
    faults.note_unknown(given.iter().map(|(name, _)| name.as_str()), &["topic", "since"]);
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut first_since = None;
    for (name, value) in given {
        if value.is_empty() {
            continue;
        }
        let value = too_long(&value).map_or(Ok(value), Err);
        let read = match name.as_str() {
            "topic" => value.and_then(|text| topic(&text, app)).and_then(|topic| {
                let is_new = wanted.iter().all(|(known, _)| *known != topic);
                is_new.then(|| wanted.push((topic, None))).ok_or_else(|| "is given twice".into())
            }),
            "since" => value.and_then(|text| FromText::from_text(&text)).map(|since| {
                *wanted.last_mut().map_or(&mut first_since, |(_, known)| known) = Some(since);
            }),
            _ => continue,
        };
        if let Err(why) = read {
            faults.note(&name, why);
        }
    }
    let topics_max = app.config.sockets.topics_max;
    if wanted.len() > topics_max {
        faults.note("topic", format!("is given more than {topics_max} times"));
    }
    let is_alone = wanted.len() == 1;
    match wanted.first_mut() {
        Some((_, since)) => *since = since.or(first_since),
        None if !faults.has("topic") => faults.note("topic", "is missing"),
        None => {}
    }
    if !faults.is_empty() {
        return Err(Place::Query.problem(faults));
    }
    // The id of an event is the position of one topic; it says nothing about other topics.
    let last_event = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    if is_alone && let Some(id) = last_event.and_then(|id| id.parse().ok()) {
        wanted[0].1 = Some(id);
    }
    // A stamp in the future belongs to other data, for example to an earlier replay.
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

/// `GET /api/v1/stream?topic=…`: the topics' frames as events named after their type. A browser that
/// reconnects sends the id of the last event, and receives only later changes.
pub async fn stream(
    request: HttpRequest,
    app: web::Data<App>,
    open: web::Data<OpenConnections>,
) -> Result<HttpResponse, Problem> {
    let wanted = wanted(&request, &app)?;
    app.require_role(Role::Sockets).map_err(|why| Problem::misdirected(&why))?;
    app.readiness.check().map_err(Problem::unavailable)?;
    // Refuse now, while the response still has a status.
    let is_unknown = |topic: &Topic| match topic {
        Topic::Flight(leg) => app.hub.flight_snapshot(leg).is_none_or(|live| live.view.hidden),
        _ => false,
    };
    if wanted.iter().any(|(topic, _)| is_unknown(topic)) {
        return Err(Problem::not_found(&SnapshotError::UnknownLeg.to_string()));
    }
    if request.method() == actix_web::http::Method::HEAD {
        return Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/event-stream")).finish());
    }
    let sockets = &app.config.sockets;
    let counted = open
        .take_one(sockets.connections_max)
        .ok_or_else(|| Problem::unavailable("the hub has its limit of listeners"))?;
    let worker = this_thread::worker(&app, &open)
        .ok_or_else(|| Problem::unavailable("this worker takes no listeners"))?;
    let client = request.peer_addr().map(|peer| Client::from_address(peer.ip()));
    let queue = Rc::new(EventQueue::new(counted, client));
    let id = worker.lines.borrow_mut().open(ClientSocket::Events(queue.clone()));
    let events = EventStreamBody { worker: worker.clone(), id, queue };
    {
        // Send this before following, so that the snapshot comes after it.
        let mut lines = worker.lines.borrow_mut();
        lines.send(id, wire::sse::retry(u64::try_from(sockets.retry.as_millis()).unwrap_or(u64::MAX)));
        lines.send(id, worker.hello().bytes(Encoding::EventStream).clone());
        for warning in app.hub.staleness_frames() {
            lines.send(id, warning.bytes(Encoding::EventStream).clone());
        }
    }
    // Follow all topics before the first snapshot: frames wait until the last snapshot is sent.
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

/// Sends the snapshot of a topic, then the frames that waited for it.
async fn release(worker: &Worker, id: ConnectionId, (topic, since): Wanted) -> Result<(), Problem> {
    let snapshot = worker.app.hub.snapshot(&topic, since).await.map_err(|error| match error {
        SnapshotError::UnknownLeg => Problem::not_found(&error.to_string()),
        SnapshotError::TooLarge { .. } => Problem::bad_query("topic", &error.to_string()),
        SnapshotError::Stopping => Problem::unavailable(&error.to_string()),
    })?;
    let released = worker.lines.borrow_mut().complete_follow(id, &topic, &snapshot);
    released.map_err(|error| Problem::unavailable(&error.to_string()))
}

/// Sends the other topics' snapshots, each after the reader has read the one before, so that no reader holds
/// more than one in memory. An error ends the stream; the reader reconnects and gets the reason.
async fn release_rest(worker: Rc<Worker>, id: ConnectionId, rest: impl Iterator<Item = Wanted>) {
    for wanted in rest {
        while worker.lines.borrow().has_unsent_snapshot(id) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        if worker.lines.borrow().socket(id).is_none() {
            return;
        }
        let topic = wanted.0.clone();
        if let Err(problem) = release(&worker, id, wanted).await {
            tracing::debug!(%topic, %problem, "ending a stream: one of its topics has no snapshot");
            if let Some(socket) = worker.lines.borrow().socket(id) {
                socket.cut();
            }
            return;
        }
    }
}
