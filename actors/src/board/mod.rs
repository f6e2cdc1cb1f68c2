//! One actor per board, per airline, and one for all flights: its rows in order, and a cached snapshot.
//!
//! When a thousand screens reconnect at once, they request the same bytes. The board builds them once per
//! version and shares them. Building is rate limited per thread ([`rate_limit`]). Requests that arrive
//! while the limit applies are answered with the same bytes.

mod handle;
mod rate_limit;
mod request_queue;

pub(crate) use handle::BoardHandle;
pub use handle::{PENDING_CHANGES_MAX, WAKE_EVERY_CHANGES};

use crate::flight_snapshot::FlightSnapshot;
use crate::frame::Frame;
use crate::mailbox::Reply;
use crate::supervisor::{PanicGuard, PanicReporter};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::board::{Board, Resume};
use domain::codes::Direction;
use domain::topic::Topic;
use handle::{RowChange, lock};
use request_queue::RequestQueue;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;
use wire::frame::FrameKind;

/// Capacity of the mailbox. When it is full, the requester waits.
pub const MAILBOX: usize = 1024;

/// Apply the pending row changes.
#[derive(Message)]
#[rtype(result = "()")]
struct ApplyPending;

/// Requests the snapshot for a new follower.
pub struct GetSnapshot {
    /// The follower has every change up to this instant. `None` if it has nothing.
    pub since: Option<DateTime<Utc>>,
    /// The maximum size of the snapshot.
    pub limit_bytes: usize,
}

/// A request with the channel for its reply, which is closed once the requester has disconnected.
#[derive(Message)]
#[rtype(result = "()")]
struct SnapshotRequest {
    query: GetSnapshot,
    answer: oneshot::Sender<Snapshot>,
}

/// The answer to [`GetSnapshot`].
pub enum Snapshot {
    /// The frame.
    Ready(Frame),
    /// The snapshot exceeds the limit.
    TooLarge {
        /// Its size.
        bytes: usize,
    },
}

/// Requests the rows in order.
#[derive(Message)]
#[rtype(result = "BoardRows")]
pub struct GetRows;

/// The reply to [`GetRows`]. The default is the reply of a board without rows.
#[derive(Clone, Default)]
pub struct BoardRows {
    /// Within one run of the hub, equal versions of a board mean equal rows.
    pub version: u64,
    /// In the order of the board.
    pub rows: Arc<[Arc<FlightSnapshot>]>,
}

/// The actor of one topic.
pub struct BoardActor {
    topic: Topic,
    pending: Arc<Mutex<Vec<RowChange>>>,
    board: Board<Arc<FlightSnapshot>>,
    whole: Option<(u64, Frame)>,
    rows: Option<BoardRows>,
    requests: RequestQueue,
    is_throttled: bool,
    /// Reports a panic.
    _guard: PanicGuard,
}

impl BoardActor {
    /// Starts an actor that applies the changes in `pending`.
    fn start_on(
        thread: &ArbiterHandle,
        topic: Topic,
        now: DateTime<Utc>,
        panics: PanicReporter,
        pending: Arc<Mutex<Vec<RowChange>>>,
    ) -> Addr<Self> {
        Self::start_in_arbiter(thread, move |context| {
            context.set_mailbox_capacity(MAILBOX);
            let guard = PanicGuard::end_process(format!("board {topic}"), panics);
            Self {
                topic,
                board: Board::since_now(now),
                pending,
                whole: None,
                rows: None,
                requests: RequestQueue::default(),
                is_throttled: false,
                _guard: guard,
            }
        })
    }

    fn apply_pending(&mut self) {
        let pending = std::mem::take(&mut *lock(&self.pending));
        for one in pending {
            match one {
                RowChange::Put { live, now } => self.put(live, now),
                RowChange::Remove { leg, now } => drop(self.board.remove(&leg, now)),
            }
        }
    }

    fn put(&mut self, live: Arc<FlightSnapshot>, now: DateTime<Utc>) {
        // Rows of an airline and of all flights are in the order of departure.
        let direction = match self.topic {
            Topic::Board(_, direction) => direction,
            _ => Direction::Departures,
        };
        let time = live.view.board_time(direction);
        // The clock of the node that made the timestamp may be ahead of the clock of this node.
        let put_at = now.max(live.changed_at);
        self.board.put(&live.leg.clone(), time, put_at, live);
    }

    /// Answers waiting requests as far as the rate limit allows. Skips requesters that have disconnected.
    fn answer(&mut self, context: &mut Context<Self>) {
        while let Some(request) = self.requests.next() {
            if !self.is_ready(&request.query)
                && let Some(wait) = rate_limit::wait()
            {
                self.requests.put_back(request);
                self.is_throttled = true;
                context.run_later(wait, |board, context| {
                    board.is_throttled = false;
                    board.apply_pending();
                    board.answer(context);
                });
                return;
            }
            let snapshot = self.snapshot(&request.query);
            // The requester may have disconnected. That is not an error.
            let _ = request.answer.send(snapshot);
        }
    }

    fn snapshot(&mut self, query: &GetSnapshot) -> Snapshot {
        let GetSnapshot { since, limit_bytes } = *query;
        if let Some(since) = since.filter(|since| !self.board.needs_full(*since)) {
            rate_limit::spend(self.board.len(), 0);
            // A part with most rows would need a copy of its own; the cached whole is shared.
            if let Resume::Partial(rows) = self.board.since(since)
                && (rows.len() <= SMALL_PART_ROWS || rows.len() * 2 <= self.board.len())
            {
                if let Some(bytes) = too_large(rows.iter().copied(), limit_bytes) {
                    return Snapshot::TooLarge { bytes };
                }
                let frame = snapshot_frame(&self.topic, true, &rows);
                rate_limit::spend(0, frame.payload().len());
                return Snapshot::Ready(frame);
            }
        }
        if !self.whole_is_ready() {
            rate_limit::spend(self.board.len(), 0);
            if let Some(bytes) = too_large(self.board.rows(), limit_bytes) {
                return Snapshot::TooLarge { bytes };
            }
        }
        Snapshot::Ready(self.whole().clone())
    }

    /// Whether the answer is cached and needs no work.
    fn is_ready(&self, query: &GetSnapshot) -> bool {
        self.whole_is_ready() && query.since.is_none_or(|since| self.board.needs_full(since))
    }

    fn whole_is_ready(&self) -> bool {
        self.whole.as_ref().is_some_and(|(made_for, _)| *made_for == self.board.version())
    }

    fn whole(&mut self) -> &Frame {
        if !self.whole_is_ready() {
            let rows: Vec<_> = self.board.rows().collect();
            let frame = snapshot_frame(&self.topic, false, &rows);
            rate_limit::spend(0, frame.payload().len());
            self.whole = Some((self.board.version(), frame));
        }
        &self.whole.as_ref().expect("made above").1
    }
}

fn snapshot_frame(topic: &Topic, partial: bool, rows: &[&Arc<FlightSnapshot>]) -> Frame {
    let newest = rows.iter().map(|live| live.changed_at).max();
    let payload = wire::frame::server::snapshot(topic, partial, rows.iter().map(|live| &live.json()[..]));
    Frame::new(FrameKind::Snapshot, payload, newest)
}

/// A part of at most this many rows is always sent as a part.
const SMALL_PART_ROWS: usize = 32;

/// The bytes of these rows if they exceed the limit. Commas and the envelope are negligible.
fn too_large<'a>(rows: impl Iterator<Item = &'a Arc<FlightSnapshot>>, limit_bytes: usize) -> Option<usize> {
    let bytes: usize = rows.map(|live| live.json().len() + 1).sum();
    (bytes > limit_bytes).then_some(bytes)
}

impl Actor for BoardActor {
    type Context = Context<Self>;
}

impl Handler<ApplyPending> for BoardActor {
    type Result = ();

    fn handle(&mut self, _: ApplyPending, _: &mut Context<Self>) {
        self.apply_pending();
    }
}

impl Handler<SnapshotRequest> for BoardActor {
    type Result = ();

    fn handle(&mut self, request: SnapshotRequest, context: &mut Context<Self>) {
        self.apply_pending();
        // A cached answer does not wait for requests that need work.
        if self.is_ready(&request.query) {
            let snapshot = self.snapshot(&request.query);
            let _ = request.answer.send(snapshot);
            return;
        }
        self.requests.add(request);
        if !self.is_throttled {
            self.answer(context);
        }
    }
}

impl Handler<GetRows> for BoardActor {
    type Result = Reply<BoardRows>;

    fn handle(&mut self, _: GetRows, _: &mut Context<Self>) -> Self::Result {
        self.apply_pending();
        let version = self.board.version();
        let rows = match &self.rows {
            Some(made) if made.version == version => made.clone(),
            _ => BoardRows { version, rows: self.board.rows().cloned().collect() },
        };
        self.rows = Some(rows.clone());
        Reply(rows)
    }
}
