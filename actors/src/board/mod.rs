//! One actor a board, an airline, and one for all: rows in order, and the snapshot ready-made.
//!
//! A thousand screens that come back at once ask for the same bytes; they are put together once a
//! version and shared. Where that is much, questions wait for their turn ([`pace`]), and those that
//! have come meanwhile are answered with the same bytes.

mod line;
mod pace;
mod waiting;

pub(crate) use line::BoardLine;
pub use line::{NEWS_AT_ONCE, NEWS_MAX};

use crate::frame::Frame;
use crate::live::Live;
use crate::supervisor::{Deaths, Guard};
use crate::tell::Reply;
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::board::{Board, Resume};
use domain::codes::Direction;
use domain::topic::Topic;
use line::{News, lock};
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;
use waiting::Waiting;
use wire::frame::FrameKind;

/// Questions waiting for one board. When full, whoever asks waits.
pub const MAILBOX: usize = 1024;

/// Take in what has become of rows.
#[derive(Message)]
#[rtype(result = "()")]
struct TakeIn;

/// What a new follower is told?
pub struct GetSnapshot {
    /// Everything up to this instant is known to the follower; `None` for nothing.
    pub since: Option<DateTime<Utc>>,
    /// Longest answer.
    pub limit_bytes: usize,
}

/// A question with the place for its answer, which is closed once whoever asked has left.
#[derive(Message)]
#[rtype(result = "()")]
struct Asked {
    question: GetSnapshot,
    answer: oneshot::Sender<Snapshot>,
}

/// The answer to [`GetSnapshot`].
pub enum Snapshot {
    /// The frame.
    Ready(Frame),
    /// It would be too long.
    TooLarge {
        /// How long.
        bytes: usize,
    },
}

/// The rows in order.
#[derive(Message)]
#[rtype(result = "BoardRows")]
pub struct GetRows;

/// The answer to [`GetRows`]. The default is that of a board that nobody has written to.
#[derive(Clone, Default)]
pub struct BoardRows {
    /// Equal versions of one board mean equal rows, within one run of the hub.
    pub version: u64,
    /// In the order of the board.
    pub rows: Arc<[Arc<Live>]>,
}

/// The rows of one topic.
pub struct BoardActor {
    topic: Topic,
    news: Arc<Mutex<Vec<News>>>,
    board: Board<Arc<Live>>,
    whole: Option<(u64, Frame)>,
    rows: Option<BoardRows>,
    waiting: Waiting,
    is_waiting: bool,
    /// Tells of its death.
    _guard: Guard,
}

impl BoardActor {
    /// An actor that takes in what comes to `news`.
    fn start_on(
        thread: &ArbiterHandle,
        topic: Topic,
        now: DateTime<Utc>,
        deaths: Deaths,
        news: Arc<Mutex<Vec<News>>>,
    ) -> Addr<Self> {
        Self::start_in_arbiter(thread, move |context| {
            context.set_mailbox_capacity(MAILBOX);
            let guard = Guard::ends_process(format!("board {topic}"), deaths);
            Self {
                topic,
                board: Board::since_now(now),
                news,
                whole: None,
                rows: None,
                waiting: Waiting::default(),
                is_waiting: false,
                _guard: guard,
            }
        })
    }

    fn take_in(&mut self) {
        let news = std::mem::take(&mut *lock(&self.news));
        for one in news {
            match one {
                News::Put { live, now } => self.put(live, now),
                News::Take { leg, now } => drop(self.board.remove(&leg, now)),
            }
        }
    }

    fn put(&mut self, live: Arc<Live>, now: DateTime<Utc>) {
        // Boards of airlines and of all stand in the order of departure.
        let direction = match self.topic {
            Topic::Board(_, direction) => direction,
            _ => Direction::Departures,
        };
        let time = live.view.board_time(direction);
        // The clock of the node that stamped it may be ahead of this one's.
        let put_at = now.max(live.changed_at);
        self.board.put(&live.leg.clone(), time, put_at, live);
    }

    /// Answers who waits, as far as the thread's pace allows. Who has left is passed over.
    fn answer(&mut self, context: &mut Context<Self>) {
        while let Some(asked) = self.waiting.next() {
            if !self.is_ready(&asked.question)
                && let Some(wait) = pace::wait()
            {
                self.waiting.put_back(asked);
                self.is_waiting = true;
                context.run_later(wait, |board, context| {
                    board.is_waiting = false;
                    board.take_in();
                    board.answer(context);
                });
                return;
            }
            let snapshot = self.snapshot(&asked.question);
            // Whoever asked may leave meanwhile; that is no fault.
            let _ = asked.answer.send(snapshot);
        }
    }

    fn snapshot(&mut self, question: &GetSnapshot) -> Snapshot {
        let GetSnapshot { since, limit_bytes } = *question;
        if let Some(since) = since.filter(|since| !self.board.needs_full(*since)) {
            pace::spend(self.board.len(), 0);
            // A part of most rows would be a copy of its own; the whole is ready-made and shared.
            if let Resume::Partial(rows) = self.board.since(since)
                && (rows.len() <= SMALL_PART_ROWS || rows.len() * 2 <= self.board.len())
            {
                if let Some(bytes) = too_large(rows.iter().copied(), limit_bytes) {
                    return Snapshot::TooLarge { bytes };
                }
                let frame = snapshot_frame(&self.topic, true, &rows);
                pace::spend(0, frame.payload().len());
                return Snapshot::Ready(frame);
            }
        }
        if !self.whole_is_ready() {
            pace::spend(self.board.len(), 0);
            if let Some(bytes) = too_large(self.board.rows(), limit_bytes) {
                return Snapshot::TooLarge { bytes };
            }
        }
        Snapshot::Ready(self.whole().clone())
    }

    /// Whether the answer is at hand, and costs nothing.
    fn is_ready(&self, question: &GetSnapshot) -> bool {
        self.whole_is_ready() && question.since.is_none_or(|since| self.board.needs_full(since))
    }

    fn whole_is_ready(&self) -> bool {
        self.whole.as_ref().is_some_and(|(made_for, _)| *made_for == self.board.version())
    }

    fn whole(&mut self) -> &Frame {
        if !self.whole_is_ready() {
            let rows: Vec<_> = self.board.rows().collect();
            let frame = snapshot_frame(&self.topic, false, &rows);
            pace::spend(0, frame.payload().len());
            self.whole = Some((self.board.version(), frame));
        }
        &self.whole.as_ref().expect("made above").1
    }
}

fn snapshot_frame(topic: &Topic, partial: bool, rows: &[&Arc<Live>]) -> Frame {
    let newest = rows.iter().map(|live| live.changed_at).max();
    let payload = wire::frame::server::snapshot(topic, partial, rows.iter().map(|live| &live.json()[..]));
    Frame::new(FrameKind::Snapshot, payload, newest)
}

/// Parts of so few rows are always sent as parts.
const SMALL_PART_ROWS: usize = 32;

/// The bytes of these rows, if they are too many. Commas and envelope are small change beside them.
fn too_large<'a>(rows: impl Iterator<Item = &'a Arc<Live>>, limit_bytes: usize) -> Option<usize> {
    let bytes: usize = rows.map(|live| live.json().len() + 1).sum();
    (bytes > limit_bytes).then_some(bytes)
}

impl Actor for BoardActor {
    type Context = Context<Self>;
}

impl Handler<TakeIn> for BoardActor {
    type Result = ();

    fn handle(&mut self, _: TakeIn, _: &mut Context<Self>) {
        self.take_in();
    }
}

impl Handler<Asked> for BoardActor {
    type Result = ();

    fn handle(&mut self, asked: Asked, context: &mut Context<Self>) {
        self.take_in();
        // What is at hand goes ahead of those who wait for something to be put together.
        if self.is_ready(&asked.question) {
            let snapshot = self.snapshot(&asked.question);
            let _ = asked.answer.send(snapshot);
            return;
        }
        self.waiting.add(asked);
        if !self.is_waiting {
            self.answer(context);
        }
    }
}

impl Handler<GetRows> for BoardActor {
    type Result = Reply<BoardRows>;

    fn handle(&mut self, _: GetRows, _: &mut Context<Self>) -> Self::Result {
        self.take_in();
        let version = self.board.version();
        let rows = match &self.rows {
            Some(made) if made.version == version => made.clone(),
            _ => BoardRows { version, rows: self.board.rows().cloned().collect() },
        };
        self.rows = Some(rows.clone());
        Reply(rows)
    }
}
