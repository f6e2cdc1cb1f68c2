//! One client's session: the control path.
//!
//! An actor on actix-web-actors' `WebsocketContext`. That crate is deprecated upstream because its usual
//! driver freezes the actor when the socket is full. Our driver always polls it, and no flight frame passes
//! through here. Only this file and the driver in `connection.rs` use the crate (decision 0002).

use super::decode_error::DecodeError;
use super::decoder::ClientMessage;
use super::inbox::Inbox;
use super::rate_limit::{RateLimit, RateLimiter};
use super::worker::Worker;
use crate::app::App;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, StreamHandler, WrapFuture};
use actix_web_actors::ws;
use actors::frame::Frame;
use actors::hub::SnapshotError;
use actors::switchboard::{ConnectionId, FollowError, Socket};
use chrono::{DateTime, Utc};
use domain::airlines::canonical_code;
use domain::leg::LegId;
use domain::topic::Topic;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use wire::frame::FrameKind;
use wire::frame::client::{BadFrame, ClientFrame, parse};
use wire::frame::close::CloseCode;
use wire::frame::server::ErrorCode;

/// The session of one client.
pub(super) struct Session {
    worker: Rc<Worker>,
    id: ConnectionId,
    /// The decoded messages; taken when the session starts.
    inbox: Option<Inbox>,
    bad_frames: u32,
    commands: RateLimiter,
    /// Topics that wait for their snapshots.
    requests: VecDeque<SnapshotRequest>,
    is_requesting: bool,
}

/// A followed topic whose snapshot is not requested yet.
struct SnapshotRequest {
    topic: Topic,
    since: Option<DateTime<Utc>>,
    ref_: Option<u64>,
    /// The client did not follow the topic before.
    is_new: bool,
}

/// Why a topic cannot deliver anything: its airport or airline does not exist, or its airline code is not the
/// one that flights use. `None` for valid topics.
pub(super) fn unknown_topic_reason(topic: &Topic, app: &App) -> Option<String> {
    let is_one = match topic {
        Topic::Board(iata, _) => app.directory_cache.is_airport(*iata),
        Topic::Airline(code) => app.directory_cache.is_airline(*code),
        Topic::Flight(_) | Topic::All => true,
    };
    match topic {
        Topic::Airline(code) if canonical_code(*code) != *code => {
            Some(format!("its flights are under airline/{}", canonical_code(*code)))
        }
        _ => (!is_one).then(|| "no such airport or airline".into()),
    }
}

/// The latest valid `since`: a stamp of this node, or of another node whose clock is slightly ahead.
pub(super) fn since_max(app: &App) -> DateTime<Utc> {
    let clock = app.hub.clock();
    clock.now() + clock.operational_duration(app.hub.limits().resume_slack)
}

impl Session {
    /// The session of a connection.
    pub(super) fn new(worker: Rc<Worker>, id: ConnectionId, inbox: Inbox) -> Self {
        let commands = RateLimiter::full(command_rate(&worker.app));
        Self {
            worker,
            id,
            inbox: Some(inbox),
            bad_frames: 0,
            commands,
            requests: VecDeque::new(),
            is_requesting: false,
        }
    }

    fn say(&self, frame: &Frame) {
        let mut lines = self.worker.lines.borrow_mut();
        let Some(encoding) = lines.socket(self.id).map(Socket::encoding) else { return };
        lines.send(self.id, frame.bytes(encoding).clone());
    }

    fn error(&self, ref_: Option<u64>, code: ErrorCode, message: &str) {
        self.say(&error_frame(ref_, code, message));
    }

    /// Counts one command; `false` if there were too many.
    fn take_command(&mut self) -> bool {
        self.commands.take(command_rate(&self.worker.app))
    }

    fn handle_text(&mut self, text: &str, context: &mut ws::WebsocketContext<Self>) {
        let frame = match parse(text) {
            Ok(ClientFrame::Pong) => return,
            Ok(frame) => frame,
            Err(BadFrame { ref_, code, message }) => {
                return self.handle_bad_frame(ref_, code, &message, context);
            }
        };
        // An unfollow counts but is never refused, because it reduces work.
        if !self.take_command() && !matches!(frame, ClientFrame::Unfollow { .. }) {
            let ref_ = match frame {
                ClientFrame::Follow { ref_, .. }
                | ClientFrame::Get { ref_, .. }
                | ClientFrame::Auth { ref_, .. } => ref_,
                ClientFrame::Unfollow { .. } | ClientFrame::Pong => None,
            };
            return self.rate_limited(ref_);
        }
        match frame {
            ClientFrame::Follow { topic, since, ref_ } => self.follow(topic, since, ref_, context),
            ClientFrame::Unfollow { topic, .. } => self.unfollow(&topic),
            ClientFrame::Get { leg, ref_ } => self.get(&leg, ref_),
            ClientFrame::Auth { ref_, .. } => {
                self.error(ref_, ErrorCode::Unauthorized, "this hub gives out no tokens yet");
            }
            ClientFrame::Pong => {}
        }
    }

    fn handle_bad_frame(
        &mut self,
        ref_: Option<u64>,
        code: ErrorCode,
        message: &str,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        // A readable frame that cannot be executed, such as a newer client's op, is not a protocol error.
        if code == ErrorCode::BadFrame {
            self.bad_frames = self.bad_frames.saturating_add(1);
        }
        if self.bad_frames > self.worker.app.config.sockets.bad_frames_max {
            return self.end(CloseCode::BadProtocol, context);
        }
        match code == ErrorCode::BadFrame || self.take_command() {
            true => self.error(ref_, code, message),
            false => self.rate_limited(ref_),
        }
    }

    fn rate_limited(&self, ref_: Option<u64>) {
        self.error(ref_, ErrorCode::RateLimited, "too many frames; this one was not acted upon");
    }

    fn follow(
        &mut self,
        topic: Topic,
        since: Option<DateTime<Utc>>,
        ref_: Option<u64>,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        let app = &self.worker.app;
        if let Some(reason) = unknown_topic_reason(&topic, app) {
            return self.error(ref_, ErrorCode::UnknownTopic, &format!("{topic}: {reason}"));
        }
        if since.is_some_and(|since| since > since_max(app)) {
            return self.error(ref_, ErrorCode::BadSince, "since lies in the future of the hub's clock");
        }
        let topics_max = app.config.sockets.topics_max;
        if self.requests.len() >= topics_max {
            let message = "too many snapshots are still to come; this frame was not acted upon";
            return self.error(ref_, ErrorCode::RateLimited, message);
        }
        // Follow before the request: a change between the two waits and is sent after the snapshot.
        let followed = self.worker.lines.borrow_mut().follow(self.id, &topic, topics_max);
        let is_new = match followed {
            Ok(is_new) => is_new,
            Err(FollowError::Gone) => return,
            Err(error @ FollowError::TooMany(_)) => {
                return self.error(ref_, ErrorCode::TooManyTopics, &error.to_string());
            }
        };
        self.requests.push_back(SnapshotRequest { topic, since, ref_, is_new });
        self.request_next(context);
    }

    fn unfollow(&mut self, topic: &Topic) {
        let mut lines = self.worker.lines.borrow_mut();
        lines.unfollow(self.id, topic);
        // Drop the topic's snapshots that are not requested yet.
        let asked = self.requests.len();
        self.requests.retain(|ask| ask.topic != *topic);
        lines.cancel_follows(self.id, asked - self.requests.len());
    }

    /// Requests one snapshot at a time, and the next only after the socket has taken the last. A client cannot
    /// make boards work faster than it reads, and holds at most one snapshot in memory.
    fn request_next(&mut self, context: &mut ws::WebsocketContext<Self>) {
        if self.is_requesting {
            return;
        }
        let Some(ask) = self.requests.pop_front() else { return };
        if self.requests.is_empty() {
            // An idle session keeps no buffer; there are many thousands of them.
            self.requests = VecDeque::new();
        }
        self.is_requesting = true;
        let (worker, id) = (self.worker.clone(), self.id);
        let answer = async move {
            // The driver polls the session whenever it has written.
            poll_fn(|_| match worker.lines.borrow().has_unsent_snapshot(id) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            })
            .await;
            (worker.app.hub.snapshot(&ask.topic, ask.since).await, ask)
        };
        context.spawn(answer.into_actor(self).map(|(answer, ask), session, context| {
            session.is_requesting = false;
            session.answer(answer, ask, context);
            session.request_next(context);
        }));
    }

    fn answer(
        &self,
        answer: Result<Frame, SnapshotError>,
        SnapshotRequest { topic, ref_, is_new, .. }: SnapshotRequest,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        let frame = match answer {
            Ok(frame) => frame,
            Err(SnapshotError::Stopping) => return self.end(CloseCode::ShuttingDown, context),
            Err(error) => {
                let code = match error {
                    SnapshotError::TooLarge { .. } => ErrorCode::SnapshotTooLarge,
                    _ => ErrorCode::UnknownLeg,
                };
                error_frame(ref_, code, &format!("{topic}: {error}"))
            }
        };
        let released = self.worker.lines.borrow_mut().complete_follow(self.id, &topic, &frame);
        if released.is_err() {
            self.worker.disconnect(self.id, CloseCode::Overloaded, "no_room");
        }
        if is_new && frame.kind() == FrameKind::Error {
            self.worker.lines.borrow_mut().unfollow(self.id, &topic);
        }
    }

    fn get(&self, leg: &LegId, ref_: Option<u64>) {
        match self.worker.app.hub.flight_snapshot(leg).filter(|live| !live.view.hidden) {
            Some(live) => self.say(live.state_frame()),
            None => self.error(ref_, ErrorCode::UnknownLeg, &format!("{leg}: no such flight is known")),
        }
    }

    fn end(&self, code: CloseCode, context: &mut ws::WebsocketContext<Self>) {
        let retry = self.worker.app.config.sockets.retry.as_millis();
        let retry_ms = u64::try_from(retry).unwrap_or(u64::MAX);
        context.close(Some(ws::CloseReason {
            code: ws::CloseCode::Other(code.number()),
            description: Some(code.reason(retry_ms)),
        }));
        context.stop();
    }
}

/// The rate limit of commands.
fn command_rate(app: &App) -> RateLimit {
    let sockets = &app.config.sockets;
    RateLimit { burst: sockets.commands_burst, per_s: sockets.commands_per_s }
}

fn error_frame(ref_: Option<u64>, code: ErrorCode, message: &str) -> Frame {
    Frame::new(FrameKind::Error, wire::frame::server::error(ref_, code, message), None)
}

impl Actor for Session {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        if let Some(inbox) = self.inbox.take() {
            context.add_stream(inbox);
        }
        self.say(&self.worker.hello());
        for warning in self.worker.app.hub.staleness_frames() {
            self.say(&warning);
        }
    }
}

impl StreamHandler<ClientMessage> for Session {
    fn handle(&mut self, heard: ClientMessage, context: &mut Self::Context) {
        match heard {
            ClientMessage::Text(text) => self.handle_text(&text, context),
            ClientMessage::Ping(payload) => context.pong(&payload),
            ClientMessage::Pong | ClientMessage::Part => {}
            ClientMessage::Binary => {
                self.handle_bad_frame(None, ErrorCode::BadFrame, "frames are JSON text, not binary", context);
            }
            ClientMessage::Close(reason) => {
                let reason = reason.map(|(code, description)| ws::CloseReason {
                    code: ws::CloseCode::from(code),
                    description: Some(description).filter(|words| !words.is_empty()),
                });
                context.close(reason);
                context.stop();
            }
            ClientMessage::DecodeError(DecodeError::TooLong) => self.end(CloseCode::FrameTooLong, context),
            ClientMessage::DecodeError(DecodeError::Malformed) => self.end(CloseCode::BadProtocol, context),
        }
    }
}

/// The crate's own decoder gets no bytes; messages arrive through the inbox.
impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Session {
    fn handle(&mut self, _: Result<ws::Message, ws::ProtocolError>, _: &mut Self::Context) {}
}
