//! The handle by which the rest of the hub speaks to flights, boards and switchboards.
//!
//! Addresses and messages stay behind it. What is shared between threads is here too: the flights
//! (found through a DashMap), and which worker threads have followers of which topic.
//!
//! | module | holds |
//! |---|---|
//! | `by_hand` | fields taken over by hand, given back, ended |
//! | `flights` | which legs there are: found, started, restored, retired |
//! | `sources` | how old what is shown is: the log away, sources that are silent |
//! | `taking` | reports taken on, within bounds |
//! | `telling` | what became durable is shown and told |

mod by_hand;
mod flights;
mod sources;
mod taking;
mod telling;

pub use by_hand::{Lapsed, NotAmended};
pub(crate) use flights::{Base, is_over, retired};
pub use sources::SilentSource;
pub(crate) use taking::UnderWay;

use crate::board::{BoardLine, BoardRows, GetSnapshot, Snapshot};
use crate::frame::Frame;
use crate::metrics::Metrics;
use crate::supervisor::Deaths;
use crate::switchboard::{Announce, Deliver};
use crate::unread::{UnreadBudget, UnreadLimits};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use domain::clock::Clock;
use domain::ports::ChangeLog;
use domain::topic::Topic;
use flights::Flights;
use rustc_hash::FxBuildHasher;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use wire::frame::FrameKind;

/// Bounds of what the hub takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Reports taken and not yet answered; beyond, senders are told to come back.
    pub reports_under_way_max: usize,
    /// Legs in memory; beyond, reports on new legs are rejected.
    pub flights_max: usize,
    /// Bytes of one snapshot; beyond, a listener is told to follow something smaller.
    pub snapshot_bytes_max: usize,
    /// Answers that clients have not read yet.
    pub unread: UnreadLimits,
    /// How far before `since` a resuming listener is served again, in real time. What it is served is
    /// what was put on the board since then, however old its stamp: how long a commit takes does not
    /// matter, only how far the clocks of nodes are apart, and what they show.
    pub resume_slack: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reports_under_way_max: 32_768,
            flights_max: 300_000,
            snapshot_bytes_max: 64 * 1024 * 1024,
            unread: UnreadLimits::default(),
            resume_slack: Duration::from_secs(10),
        }
    }
}

/// Most worker threads with sockets: one bit each in the followers' masks.
pub const SWITCHBOARDS_MAX: usize = 64;

/// How a worker thread's switchboard is spoken to.
#[derive(Clone)]
pub struct SwitchboardLine {
    /// Frames for those who follow a topic.
    pub frames: Recipient<Deliver>,
    /// Frames for everyone.
    pub announcements: Recipient<Announce>,
}

type Map<K, V> = DashMap<K, V, FxBuildHasher>;

/// The threads on which actors live.
pub struct Threads {
    /// Flights, at least one; a leg stays on its thread.
    pub flights: Vec<ArbiterHandle>,
    /// Boards.
    pub boards: ArbiterHandle,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    log: Arc<dyn ChangeLog>,
    limits: Limits,
    metrics: Metrics,
    deaths: Deaths,
    /// Several nodes write the log, and it tells this one what to show.
    shared_log: bool,
    flights: Flights,
    boards: Map<Topic, BoardLine>,
    /// One bit a switchboard that has a follower of the topic.
    followers: Map<Topic, u64>,
    switchboards: RwLock<Vec<SwitchboardLine>>,
    flight_threads: Vec<ArbiterHandle>,
    /// Where flights live instead, where there is one.
    beside_sockets: RwLock<Option<ArbiterHandle>>,
    board_thread: ArbiterHandle,
    under_way: AtomicUsize,
    unread: UnreadBudget,
    ages: sources::Ages,
    stopping: AtomicBool,
}

/// Why a snapshot cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSnapshot {
    /// Nobody has spoken of this leg, or it is long over.
    #[error("no such flight is known")]
    UnknownLeg,
    /// It would be longer than a listener should be sent at once.
    #[error("the snapshot would be {bytes} bytes, more than the limit of {limit_bytes}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The hub is going down.
    #[error("the hub is shutting down")]
    Stopping,
}

impl Hub {
    /// A hub with nothing in it, and a log of its own. Flights run on `flight_threads`, boards on
    /// `board_thread`.
    pub fn new(
        clock: Arc<dyn Clock>,
        log: Arc<dyn ChangeLog>,
        limits: Limits,
        metrics: Metrics,
        deaths: Deaths,
        threads: Threads,
    ) -> Self {
        Self::over(clock, log, false, limits, metrics, deaths, threads)
    }

    /// A hub over a log that other nodes write too. What it shows it is told by the
    /// [`crate::bridge`].
    pub fn on_shared_log(
        clock: Arc<dyn Clock>,
        log: Arc<dyn ChangeLog>,
        limits: Limits,
        metrics: Metrics,
        deaths: Deaths,
        threads: Threads,
    ) -> Self {
        Self::over(clock, log, true, limits, metrics, deaths, threads)
    }

    fn over(
        clock: Arc<dyn Clock>,
        log: Arc<dyn ChangeLog>,
        shared_log: bool,
        limits: Limits,
        metrics: Metrics,
        deaths: Deaths,
        threads: Threads,
    ) -> Self {
        let Threads { flights: flight_threads, boards: board_thread } = threads;
        assert!(!flight_threads.is_empty(), "flights need a thread to live on");
        let unread = UnreadBudget::new(limits.unread, metrics.unread_bytes.clone());
        Self(Arc::new(Shared {
            clock,
            log,
            limits,
            metrics,
            deaths,
            shared_log,
            flights: Flights::default(),
            boards: Map::default(),
            followers: Map::default(),
            switchboards: RwLock::default(),
            flight_threads,
            beside_sockets: RwLock::default(),
            board_thread,
            under_way: AtomicUsize::new(0),
            unread,
            ages: sources::Ages::default(),
            stopping: AtomicBool::new(false),
        }))
    }

    /// The operational clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// What answers take until their clients have read them.
    pub fn unread(&self) -> &UnreadBudget {
        &self.0.unread
    }

    /// Where deaths are told.
    pub fn deaths(&self) -> &Deaths {
        &self.0.deaths
    }

    /// Has flights that start from now on live on this thread, which serves sockets too. Where there is
    /// one core, threads of their own give flights nothing, and cost each report four changes of thread.
    /// The last call counts, so that a thread that takes the place of one that ended takes over its
    /// flights, which start again there at their next report.
    pub fn let_flights_live_on(&self, thread: ArbiterHandle) {
        *self.0.beside_sockets.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(thread);
    }

    /// Topics that have rows now, of boards only.
    pub fn boards(&self) -> Vec<Topic> {
        self.0.boards.iter().map(|b| b.key().clone()).filter(|t| matches!(t, Topic::Board(..))).collect()
    }

    /// What a new follower of `topic` is told: all of it, or what changed since.
    ///
    /// Register the follower first: then nothing can fall between this and the frames.
    pub async fn snapshot(&self, topic: &Topic, since: Option<DateTime<Utc>>) -> Result<Frame, NoSnapshot> {
        let since = since.map(|at| at - self.0.clock.operational_duration(self.0.limits.resume_slack));
        if let Topic::Flight(leg) = topic {
            let live = self.live(leg).filter(|live| !live.view.hidden).ok_or(NoSnapshot::UnknownLeg)?;
            // One flight is its own part and its own whole.
            let rows = std::iter::once(&live.json()[..]);
            let payload = wire::frame::server::snapshot(topic, false, rows);
            return Ok(Frame::new(FrameKind::Snapshot, payload, Some(live.changed_at)));
        }
        let limit_bytes = self.0.limits.snapshot_bytes_max;
        let message = GetSnapshot { since, limit_bytes };
        match self.board(topic).snapshot(message).await.map_err(|_| NoSnapshot::Stopping)? {
            Snapshot::Ready(frame) => Ok(frame),
            Snapshot::TooLarge { bytes } => Err(NoSnapshot::TooLarge { bytes, limit_bytes }),
        }
    }

    /// The rows of a board, in order, with their version. To look makes no board: people may look for
    /// any code.
    pub async fn rows(&self, topic: &Topic) -> Result<BoardRows, NoSnapshot> {
        let board = self.0.boards.get(topic).map(|board| board.clone());
        match board {
            Some(board) => board.rows().await.map_err(|_| NoSnapshot::Stopping),
            None => Ok(BoardRows::default()),
        }
    }

    /// Adds a worker thread's switchboard; its bit in the followers' masks is the answer.
    pub fn add_switchboard(&self, switchboard: SwitchboardLine) -> Option<u8> {
        let mut all = self.0.switchboards.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if all.len() >= SWITCHBOARDS_MAX {
            return None;
        }
        all.push(switchboard);
        Some((all.len() - 1) as u8)
    }

    /// Notes that a switchboard has its first follower of a topic, or has lost its last.
    pub fn mark_follower(&self, topic: &Topic, switchboard: u8, has_followers: bool) {
        let bit = 1u64 << switchboard;
        match self.0.followers.entry(topic.clone()) {
            Entry::Occupied(mut mask) if has_followers => *mask.get_mut() |= bit,
            Entry::Vacant(place) if has_followers => drop(place.insert(bit)),
            Entry::Occupied(mut mask) => {
                *mask.get_mut() &= !bit;
                if *mask.get() == 0 {
                    mask.remove();
                }
            }
            Entry::Vacant(_) => {}
        }
    }

    /// From now on reports are refused.
    pub fn stop_taking(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
    }

    fn board(&self, topic: &Topic) -> BoardLine {
        if let Some(board) = self.0.boards.get(topic) {
            return board.clone();
        }
        let start = || {
            BoardLine::start_on(
                &self.0.board_thread,
                topic.clone(),
                self.0.clock.now(),
                self.0.deaths.clone(),
            )
        };
        self.0.boards.entry(topic.clone()).or_insert_with(start).clone()
    }
}
