//! One actor a board, an airline, and one for all: rows in order, and the snapshot ready-made.
//!
//! A thousand screens that come back at once ask for the same bytes; they are put together once a
//! version and shared.

mod line;

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

/// Questions waiting for one board. When full, whoever asks waits.
pub const MAILBOX: usize = 1024;

/// Take in what has become of rows.
#[derive(Message)]
#[rtype(result = "()")]
struct TakeIn;

/// What a new follower is told.
#[derive(Message)]
#[rtype(result = "Snapshot")]
pub struct GetSnapshot {
    /// Everything up to this instant is known to the follower; `None` for nothing.
    pub since: Option<DateTime<Utc>>,
    /// Longest answer.
    pub limit_bytes: usize,
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
            Self { topic, board: Board::since_now(now), news, whole: None, rows: None, _guard: guard }
        })
    }

    fn take_in(&mut self) {
        let news = std::mem::take(&mut *lock(&self.news));
        for one in news {
            match one {
                News::Put { live, now } => self.put(live, now),
                News::Take { leg, now } => drop(self.board.take(&leg, now)),
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

    fn whole(&mut self) -> &Frame {
        let version = self.board.version();
        if self.whole.as_ref().is_none_or(|(made_for, _)| *made_for != version) {
            let rows: Vec<_> = self.board.rows().collect();
            let frame = snapshot_frame(&self.topic, false, &rows);
            self.whole = Some((version, frame));
        }
        &self.whole.as_ref().expect("made above").1
    }
}

fn snapshot_frame(topic: &Topic, partial: bool, rows: &[&Arc<Live>]) -> Frame {
    let newest = rows.iter().map(|live| live.changed_at).max();
    let payload = wire::frame::server::snapshot(topic, partial, rows.iter().map(|live| &live.json()[..]));
    Frame::new("snapshot", payload, newest)
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

impl Handler<GetSnapshot> for BoardActor {
    type Result = Reply<Snapshot>;

    fn handle(
        &mut self,
        GetSnapshot { since, limit_bytes }: GetSnapshot,
        _: &mut Context<Self>,
    ) -> Self::Result {
        self.take_in();
        if let Some(Resume::Part(rows)) = since.map(|since| self.board.since(since)) {
            // A part of most rows would be a copy of its own; the whole is ready-made and shared.
            if rows.len() <= SMALL_PART_ROWS || rows.len() * 2 <= self.board.len() {
                return Reply(match too_large(rows.iter().copied(), limit_bytes) {
                    Some(bytes) => Snapshot::TooLarge { bytes },
                    None => Snapshot::Ready(snapshot_frame(&self.topic, true, &rows)),
                });
            }
        }
        if let Some(bytes) = too_large(self.board.rows(), limit_bytes) {
            return Reply(Snapshot::TooLarge { bytes });
        }
        Reply(Snapshot::Ready(self.whole().clone()))
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
