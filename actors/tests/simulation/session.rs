//! The control path of one connection, as the session of the WebSocket code does it.
//!
//! The real session lives in the root package, which the actors do not know. This one makes the same calls
//! in the same order: it registers the follower, waits until the last snapshot is written, asks for the next
//! one, and completes the follow.

use crate::node::Node;
use chrono::{DateTime, Utc};
use domain::topic::Topic;
use gatecall_actors::frame::Frame;
use gatecall_actors::switchboard::{ConnectionId, Socket};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use wire::frame::FrameKind;
use wire::frame::client::{ClientFrame, parse};
use wire::frame::server::ErrorCode;

/// Most topics of one connection.
const TOPICS_MAX: usize = 8;

struct Request {
    topic: Topic,
    since: Option<DateTime<Utc>>,
    ref_: Option<u64>,
    is_new: bool,
}

struct Session {
    node: Rc<Node>,
    id: ConnectionId,
    requests: RefCell<VecDeque<Request>>,
    requested: Notify,
}

/// Serves a connection until its client disconnects or the process crashes.
pub(crate) async fn serve(node: Rc<Node>, id: ConnectionId, mut commands: mpsc::UnboundedReceiver<String>) {
    let session =
        Rc::new(Session { node: node.clone(), id, requests: RefCell::default(), requested: Notify::new() });
    let clock = node.hub.clock();
    session.send(&Frame::new(
        FrameKind::Hello,
        wire::frame::server::hello("1", clock.now(), clock.speed(), 25),
        None,
    ));
    for frame in node.hub.staleness_frames() {
        session.send(&frame);
    }
    let hear = async {
        while let Some(command) = commands.recv().await {
            session.hear(&command);
        }
    };
    let _ = node
        .request(async {
            tokio::select! {
                biased;
                () = hear => {}
                () = session.answer_follows() => {}
            }
        })
        .await;
    drop(node.connections.borrow_mut().remove(id));
}

impl Session {
    fn send(&self, frame: &Frame) {
        let mut connections = self.node.connections.borrow_mut();
        let Some(encoding) = connections.socket(self.id).map(Socket::encoding) else { return };
        connections.send(self.id, frame.bytes(encoding).clone());
    }

    fn hear(&self, command: &str) {
        match parse(command).unwrap() {
            ClientFrame::Follow { topic, since, ref_ } => {
                let followed = self.node.connections.borrow_mut().follow(self.id, &topic, TOPICS_MAX);
                match followed {
                    Ok(is_new) => {
                        self.requests.borrow_mut().push_back(Request { topic, since, ref_, is_new });
                        self.requested.notify_one();
                    }
                    Err(error) => self.send(&error_frame(ref_, ErrorCode::TooManyTopics, &error.to_string())),
                }
            }
            ClientFrame::Unfollow { topic, .. } => {
                let mut connections = self.node.connections.borrow_mut();
                connections.unfollow(self.id, &topic);
                let mut requests = self.requests.borrow_mut();
                let before = requests.len();
                requests.retain(|request| request.topic != topic);
                connections.cancel_follows(self.id, before - requests.len());
            }
            ClientFrame::Get { leg, ref_ } => {
                match self.node.hub.flight_snapshot(&leg).filter(|live| !live.view.hidden) {
                    Some(live) => self.send(live.state_frame()),
                    None => self.send(&error_frame(ref_, ErrorCode::UnknownLeg, "no such flight is known")),
                }
            }
            ClientFrame::Auth { .. } | ClientFrame::Pong => {}
        }
    }

    /// Answers follows, one snapshot at a time.
    async fn answer_follows(&self) {
        loop {
            let request = self.requests.borrow_mut().pop_front();
            let Some(Request { topic, since, ref_, is_new }) = request else {
                self.requested.notified().await;
                continue;
            };
            while self.node.connections.borrow().has_unsent_snapshot(self.id) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            let frame = match self.node.hub.snapshot(&topic, since).await {
                Ok(frame) => frame,
                Err(error) => error_frame(ref_, ErrorCode::UnknownLeg, &error.to_string()),
            };
            let mut connections = self.node.connections.borrow_mut();
            if connections.complete_follow(self.id, &topic, &frame).is_err() {
                connections.close(self.id, wire::websocket::close_frame(4003, ""), "no_room");
            }
            if is_new && frame.kind() == FrameKind::Error {
                connections.unfollow(self.id, &topic);
            }
        }
    }
}

fn error_frame(ref_: Option<u64>, code: ErrorCode, message: &str) -> Frame {
    Frame::new(FrameKind::Error, wire::frame::server::error(ref_, code, message), None)
}
