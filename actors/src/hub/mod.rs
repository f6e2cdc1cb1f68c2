//! The handle to flights, boards and switchboards.
//!
//! Addresses and messages are private to this crate. The hub also holds what threads share: the registry
//! of flights (a DashMap), and which worker threads have followers of which topic.
//!
//! | module | contains |
//! |---|---|
//! | `admission` | bounds how many reports are in flight |
//! | `registry` | legs in memory: find, start, restore, retire |
//! | `publish` | makes changes durable, then sends them to boards and followers |
//! | `overrides` | operator actions: set, clear and expire overrides, remove a flight |
//! | `staleness` | how old the shown data is: log unreachable, silent sources |

mod admission;
mod overrides;
mod publish;
mod registry;
mod staleness;

pub(crate) use admission::InFlightPermit;
pub use overrides::{ExpiredOverrides, OperatorError};
pub(crate) use registry::{CommittedState, is_past_retirement, retired_reason};
pub use staleness::SilentSource;

use crate::board::{BoardHandle, BoardRows, GetSnapshot, Snapshot};
use crate::frame::Frame;
use crate::metrics::Metrics;
use crate::supervisor::PanicReporter;
use crate::switchboard::{Announce, Broadcast};
use crate::unread_budget::{UnreadBudget, UnreadLimits};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use domain::clock::Clock;
use domain::ports::ChangeLog;
use domain::topic::Topic;
use registry::FlightRegistry;
use rustc_hash::FxBuildHasher;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use wire::frame::FrameKind;

/// Limits of the hub.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Reports in flight. Above, senders are asked to retry.
    pub reports_under_way_max: usize,
    /// Legs in memory. Above, reports that would create a leg are rejected.
    pub flights_max: usize,
    /// Bytes of one snapshot. Above, the client gets an error and should follow a smaller topic.
    pub snapshot_bytes_max: usize,
    /// Responses that clients have not read yet.
    pub unread: UnreadLimits,
    /// How far before `since` a resuming client gets changes again, in real time. Only the clock
    /// difference between nodes matters, not the duration of a commit: a board selects rows by when they
    /// were put on it, not by the timestamps of their changes.
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

/// Maximum number of worker threads with connections: each has one bit in the follower masks.
pub const SWITCHBOARDS_MAX: usize = 64;

/// How the hub sends to the switchboard of a worker thread.
#[derive(Clone)]
pub struct SwitchboardHandle {
    /// Frames for the followers of topics.
    pub frames: Recipient<Broadcast>,
    /// Frames for all connections.
    pub announcements: Recipient<Announce>,
}

type Map<K, V> = DashMap<K, V, FxBuildHasher>;

/// The threads on which actors run.
pub struct Threads {
    /// For flights, at least one. A leg stays on its thread.
    pub flights: Vec<ArbiterHandle>,
    /// For boards.
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
    panics: PanicReporter,
    /// Whether several nodes write the log. If so, the hub publishes what it reads from the log.
    shared_log: bool,
    flights: FlightRegistry,
    boards: Map<Topic, BoardHandle>,
    /// By topic, one bit for each switchboard that has a follower.
    followers: Map<Topic, u64>,
    switchboards: RwLock<Vec<SwitchboardHandle>>,
    flight_threads: Vec<ArbiterHandle>,
    /// If set, the thread that runs new flight actors instead of `flight_threads`.
    socket_thread: RwLock<Option<ArbiterHandle>>,
    board_thread: ArbiterHandle,
    in_flight: AtomicUsize,
    unread: UnreadBudget,
    staleness: staleness::Staleness,
    stopping: AtomicBool,
}

/// Why there is no snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// No source has reported the leg, or it was retired.
    #[error("no such flight is known")]
    UnknownLeg,
    /// The snapshot exceeds the limit.
    #[error("the snapshot would be {bytes} bytes, more than the limit of {limit_bytes}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The hub is shutting down.
    #[error("the hub is shutting down")]
    Stopping,
}

impl Hub {
    /// Creates an empty hub with a log that no other node writes. Flights run on `threads.flights`,
    /// boards on `threads.boards`.
    pub fn new(
        clock: Arc<dyn Clock>,
        log: Arc<dyn ChangeLog>,
        limits: Limits,
        metrics: Metrics,
        panics: PanicReporter,
        threads: Threads,
    ) -> Self {
        Self::build(clock, log, false, limits, metrics, panics, threads)
    }

    /// Creates an empty hub with a log that other nodes write too. [`crate::replication`] passes it the
    /// events of the log.
    pub fn on_shared_log(
        clock: Arc<dyn Clock>,
        log: Arc<dyn ChangeLog>,
        limits: Limits,
        metrics: Metrics,
        panics: PanicReporter,
        threads: Threads,
    ) -> Self {
        Self::build(clock, log, true, limits, metrics, panics, threads)
    }

    fn build(
        clock: Arc<dyn Clock>,
        log: Arc<dyn ChangeLog>,
        shared_log: bool,
        limits: Limits,
        metrics: Metrics,
        panics: PanicReporter,
        threads: Threads,
    ) -> Self {
        let Threads { flights: flight_threads, boards: board_thread } = threads;
        assert!(!flight_threads.is_empty(), "flights need at least one thread");
        let unread = UnreadBudget::new(limits.unread, metrics.unread_bytes.clone());
        Self(Arc::new(Shared {
            clock,
            log,
            limits,
            metrics,
            panics,
            shared_log,
            flights: FlightRegistry::default(),
            boards: Map::default(),
            followers: Map::default(),
            switchboards: RwLock::default(),
            flight_threads,
            socket_thread: RwLock::default(),
            board_thread,
            in_flight: AtomicUsize::new(0),
            unread,
            staleness: staleness::Staleness::default(),
            stopping: AtomicBool::new(false),
        }))
    }

    /// The operational clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The memory budget of responses that clients have not read.
    pub fn unread_budget(&self) -> &UnreadBudget {
        &self.0.unread
    }

    /// Reports panics.
    pub fn panic_reporter(&self) -> &PanicReporter {
        &self.0.panics
    }

    /// Runs flight actors that start from now on on this thread, which also serves connections. With one
    /// core, separate threads for flights gain nothing and cost each report four thread switches. The
    /// last call wins: the replacement of a thread that ended takes over its flights, which restart there
    /// at their next report.
    pub fn run_flights_on(&self, thread: ArbiterHandle) {
        *self.0.socket_thread.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(thread);
    }

    /// Topics of airport boards that have rows now.
    pub fn boards(&self) -> Vec<Topic> {
        self.0.boards.iter().map(|b| b.key().clone()).filter(|t| matches!(t, Topic::Board(..))).collect()
    }

    /// The snapshot for a new follower of `topic`: the whole, or what changed since `since`.
    ///
    /// Register the follower first. Then no change is missed between the snapshot and the first frame.
    pub async fn snapshot(
        &self,
        topic: &Topic,
        since: Option<DateTime<Utc>>,
    ) -> Result<Frame, SnapshotError> {
        let since = since.map(|at| at - self.0.clock.operational_duration(self.0.limits.resume_slack));
        if let Topic::Flight(leg) = topic {
            let live = self
                .flight_snapshot(leg)
                .filter(|live| !live.view.hidden)
                .ok_or(SnapshotError::UnknownLeg)?;
            // For one flight, the part and the whole are the same.
            let rows = std::iter::once(&live.json()[..]);
            let payload = wire::frame::server::snapshot(topic, false, rows);
            return Ok(Frame::new(FrameKind::Snapshot, payload, Some(live.changed_at)));
        }
        let limit_bytes = self.0.limits.snapshot_bytes_max;
        let message = GetSnapshot { since, limit_bytes };
        match self.board(topic).snapshot(message).await.map_err(|_| SnapshotError::Stopping)? {
            Snapshot::Ready(frame) => Ok(frame),
            Snapshot::TooLarge { bytes } => Err(SnapshotError::TooLarge { bytes, limit_bytes }),
        }
    }

    /// The rows of a board, in order, with their version. Reading creates no board, because clients may
    /// ask for any airport code.
    pub async fn rows(&self, topic: &Topic) -> Result<BoardRows, SnapshotError> {
        let board = self.0.boards.get(topic).map(|board| board.clone());
        match board {
            Some(board) => board.rows().await.map_err(|_| SnapshotError::Stopping),
            None => Ok(BoardRows::default()),
        }
    }

    /// Adds the switchboard of a worker thread and returns its bit in the follower masks.
    pub fn add_switchboard(&self, switchboard: SwitchboardHandle) -> Option<u8> {
        let mut all = self.0.switchboards.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if all.len() >= SWITCHBOARDS_MAX {
            return None;
        }
        all.push(switchboard);
        Some((all.len() - 1) as u8)
    }

    /// Records that a switchboard has its first follower of a topic, or has lost its last one.
    pub fn set_follower(&self, topic: &Topic, switchboard: u8, has_followers: bool) {
        let bit = 1u64 << switchboard;
        match self.0.followers.entry(topic.clone()) {
            Entry::Occupied(mut follower_mask) if has_followers => *follower_mask.get_mut() |= bit,
            Entry::Vacant(place) if has_followers => drop(place.insert(bit)),
            Entry::Occupied(mut follower_mask) => {
                *follower_mask.get_mut() &= !bit;
                if *follower_mask.get() == 0 {
                    follower_mask.remove();
                }
            }
            Entry::Vacant(_) => {}
        }
    }

    /// Refuses reports from now on.
    pub fn stop_admitting(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
    }

    fn board(&self, topic: &Topic) -> BoardHandle {
        if let Some(board) = self.0.boards.get(topic) {
            return board.clone();
        }
        let start = || {
            BoardHandle::start_on(
                &self.0.board_thread,
                topic.clone(),
                self.0.clock.now(),
                self.0.panics.clone(),
            )
        };
        self.0.boards.entry(topic.clone()).or_insert_with(start).clone()
    }
}
