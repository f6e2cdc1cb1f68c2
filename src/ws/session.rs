//! One client's session: the control path.
//!
//! An actor on actix-web-actors' `WebsocketContext`. That crate is deprecated upstream because its
//! usual driver freezes the actor when the socket is full; ours polls it always, and no frame of
//! any flight passes through here. This file is the only one that knows the crate beside the
//! driver in `line.rs` (see docs/decisions).

use super::allowance::{Allowance, Rate};
use super::decode::{Heard, Refused};
use super::events::hello;
use super::line::Inbox;
use super::thread::Thread;
use crate::app::App;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, StreamHandler, WrapFuture};
use actix_web_actors::ws;
use actors::frame::Frame;
use actors::hub::NoSnapshot;
use actors::switchboard::{FollowError, LineId, Socket};
use chrono::{DateTime, Utc};
use domain::airlines::known_by;
use domain::leg::LegId;
use domain::topic::Topic;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use wire::frame::client::{BadFrame, ClientFrame, parse};
use wire::frame::close::CloseCode;
use wire::frame::server::ErrorCode;

/// What one client may and does.
pub(super) struct Session {
    thread: Rc<Thread>,
    id: LineId,
    /// What it says, once the session has begun to listen.
    inbox: Option<Inbox>,
    bad_frames: u32,
    commands: Allowance,
    /// Follows that wait for their snapshots.
    asks: VecDeque<Ask>,
    is_asking: bool,
}

/// A follow whose snapshot is still to be asked for.
struct Ask {
    topic: Topic,
    since: Option<DateTime<Utc>>,
    ref_: Option<u64>,
    /// It was not followed before.
    is_new: bool,
}

/// Why nothing can come of a topic: it names no airport or airline that there is, or an airline by the
/// code that its flights are not known by. `None` for all others.
pub(super) fn nothing_comes_of(topic: &Topic, app: &App) -> Option<String> {
    let is_one = match topic {
        Topic::Board(iata, _) => app.decided.is_airport(*iata),
        Topic::Airline(code) => app.decided.is_airline(*code),
        Topic::Flight(_) | Topic::All => true,
    };
    match topic {
        Topic::Airline(code) if known_by(*code) != *code => {
            Some(format!("its flights are under airline/{}", known_by(*code)))
        }
        _ => (!is_one).then(|| "no such airport or airline".into()),
    }
}

/// The latest `since` that a listener can have: a stamp of ours or of another node's, whose clock
/// may be a little ahead.
pub(super) fn since_max(app: &App) -> DateTime<Utc> {
    let clock = app.hub.clock();
    clock.now() + clock.operational_duration(app.hub.limits().resume_slack)
}

impl Session {
    /// The session of a line.
    pub(super) fn new(thread: Rc<Thread>, id: LineId, inbox: Inbox) -> Self {
        let commands = Allowance::full(command_rate(&thread.app));
        Self {
            thread,
            id,
            inbox: Some(inbox),
            bad_frames: 0,
            commands,
            asks: VecDeque::new(),
            is_asking: false,
        }
    }

    fn say(&self, frame: &Frame) {
        let mut lines = self.thread.lines.borrow_mut();
        let Some(encoding) = lines.socket(self.id).map(Socket::encoding) else { return };
        lines.send(self.id, frame.bytes(encoding).clone());
    }

    fn error(&self, ref_: Option<u64>, code: ErrorCode, message: &str) {
        self.say(&error_frame(ref_, code, message));
    }

    /// Counts one command; `false` if there were too many.
    fn may_speak(&mut self) -> bool {
        self.commands.take(command_rate(&self.thread.app))
    }

    fn hear(&mut self, text: &str, context: &mut ws::WebsocketContext<Self>) {
        let frame = match parse(text) {
            Ok(ClientFrame::Pong) => return,
            Ok(frame) => frame,
            Err(BadFrame { ref_, code, message }) => return self.misheard(ref_, code, &message, context),
        };
        // Leaving a topic counts, and is never refused: it makes less work.
        if !self.may_speak() && !matches!(frame, ClientFrame::Unfollow { .. }) {
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

    fn misheard(
        &mut self,
        ref_: Option<u64>,
        code: ErrorCode,
        message: &str,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        // What can be read but not done (a newer client's op, say) is no sign of a client that is broken.
        if code == ErrorCode::BadFrame {
            self.bad_frames = self.bad_frames.saturating_add(1);
        }
        if self.bad_frames > self.thread.app.config.sockets.bad_frames_max {
            return self.end(CloseCode::BadProtocol, context);
        }
        match code == ErrorCode::BadFrame || self.may_speak() {
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
        let app = &self.thread.app;
        if let Some(reason) = nothing_comes_of(&topic, app) {
            return self.error(ref_, ErrorCode::UnknownTopic, &format!("{topic}: {reason}"));
        }
        if since.is_some_and(|since| since > since_max(app)) {
            return self.error(ref_, ErrorCode::BadSince, "since lies in the future of the hub's clock");
        }
        let topics_max = app.config.sockets.topics_max;
        if self.asks.len() >= topics_max {
            let message = "too many snapshots are still to come; this frame was not acted upon";
            return self.error(ref_, ErrorCode::RateLimited, message);
        }
        // Follow first, ask after: a change between the two is kept back and comes behind.
        let followed = self.thread.lines.borrow_mut().follow(self.id, &topic, topics_max);
        let is_new = match followed {
            Ok(is_new) => is_new,
            Err(FollowError::Gone) => return,
            Err(error @ FollowError::TooMany(_)) => {
                return self.error(ref_, ErrorCode::TooManyTopics, &error.to_string());
            }
        };
        self.asks.push_back(Ask { topic, since, ref_, is_new });
        self.ask_next(context);
    }

    fn unfollow(&mut self, topic: &Topic) {
        let mut lines = self.thread.lines.borrow_mut();
        lines.unfollow(self.id, topic);
        // Snapshots of it that were not asked for yet are wanted no more.
        let asked = self.asks.len();
        self.asks.retain(|ask| ask.topic != *topic);
        lines.withdraw(self.id, asked - self.asks.len());
    }

    /// Asks for one snapshot at a time, and for the next when the socket has taken the last: a client
    /// can have the boards work no faster than it reads, and keeps no more than one snapshot in memory.
    fn ask_next(&mut self, context: &mut ws::WebsocketContext<Self>) {
        if self.is_asking {
            return;
        }
        let Some(ask) = self.asks.pop_front() else { return };
        if self.asks.is_empty() {
            // An idle listener, of which there are many thousands, keeps no room for what it may ask.
            self.asks = VecDeque::new();
        }
        self.is_asking = true;
        let (thread, id) = (self.thread.clone(), self.id);
        let answer = async move {
            // The driver polls the session whenever it has written.
            poll_fn(|_| match thread.lines.borrow().owes_snapshot(id) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            })
            .await;
            (thread.app.hub.snapshot(&ask.topic, ask.since).await, ask)
        };
        context.spawn(answer.into_actor(self).map(|(answer, ask), session, context| {
            session.is_asking = false;
            session.answer(answer, ask, context);
            session.ask_next(context);
        }));
    }

    fn answer(
        &self,
        answer: Result<Frame, NoSnapshot>,
        Ask { topic, ref_, is_new, .. }: Ask,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        let frame = match answer {
            Ok(frame) => frame,
            Err(NoSnapshot::Stopping) => return self.end(CloseCode::ShuttingDown, context),
            Err(error) => {
                let code = match error {
                    NoSnapshot::TooLarge { .. } => ErrorCode::SnapshotTooLarge,
                    _ => ErrorCode::UnknownLeg,
                };
                error_frame(ref_, code, &format!("{topic}: {error}"))
            }
        };
        let released = self.thread.lines.borrow_mut().release(self.id, &topic, &frame);
        if released.is_err() {
            self.thread.let_go(self.id, CloseCode::Overloaded, "no_room");
        }
        if is_new && frame.kind() == "error" {
            self.thread.lines.borrow_mut().unfollow(self.id, &topic);
        }
    }

    fn get(&self, leg: &LegId, ref_: Option<u64>) {
        match self.thread.app.hub.live(leg).filter(|live| !live.view.hidden) {
            Some(live) => self.say(live.state_frame()),
            None => self.error(ref_, ErrorCode::UnknownLeg, &format!("{leg}: no such flight is known")),
        }
    }

    fn end(&self, code: CloseCode, context: &mut ws::WebsocketContext<Self>) {
        let retry = self.thread.app.config.sockets.retry.as_millis();
        let retry_ms = u64::try_from(retry).unwrap_or(u64::MAX);
        context.close(Some(ws::CloseReason {
            code: ws::CloseCode::Other(code.number()),
            description: Some(code.reason(retry_ms)),
        }));
        context.stop();
    }
}

/// How many commands a client may give.
fn command_rate(app: &App) -> Rate {
    let sockets = &app.config.sockets;
    Rate { burst: sockets.commands_burst, per_s: sockets.commands_per_s }
}

fn error_frame(ref_: Option<u64>, code: ErrorCode, message: &str) -> Frame {
    Frame::new("error", wire::frame::server::error(ref_, code, message), None)
}

impl Actor for Session {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        if let Some(inbox) = self.inbox.take() {
            context.add_stream(inbox);
        }
        self.say(&hello(&self.thread.app));
        for warning in self.thread.app.hub.warnings() {
            self.say(&warning);
        }
    }
}

impl StreamHandler<Heard> for Session {
    fn handle(&mut self, heard: Heard, context: &mut Self::Context) {
        match heard {
            Heard::Text(text) => self.hear(&text, context),
            Heard::Ping(payload) => context.pong(&payload),
            Heard::Pong | Heard::Part => {}
            Heard::Binary => {
                self.misheard(None, ErrorCode::BadFrame, "frames are JSON text, not binary", context);
            }
            Heard::Close(reason) => {
                let reason = reason.map(|(code, description)| ws::CloseReason {
                    code: ws::CloseCode::from(code),
                    description: Some(description).filter(|words| !words.is_empty()),
                });
                context.close(reason);
                context.stop();
            }
            Heard::Refused(Refused::TooLong) => self.end(CloseCode::FrameTooLong, context),
            Heard::Refused(Refused::Malformed) => self.end(CloseCode::BadProtocol, context),
        }
    }
}

/// The crate's own decoder is given nothing: what a client says comes through the inbox.
impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Session {
    fn handle(&mut self, _: Result<ws::Message, ws::ProtocolError>, _: &mut Self::Context) {}
}
