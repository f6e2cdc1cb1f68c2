//! The handle by which the rest of the hub speaks to flights, boards and switchboards.
//!
//! Addresses and messages stay behind it. What is shared between threads is here too: the flights
//! (found through a DashMap), and which worker threads have followers of which topic.

use crate::board::{BoardActor, BoardRows, GetRows, GetSnapshot, Put, Snapshot, Take};
use crate::flight::{Apply, FlightActor, Retire};
use crate::frame::Frame;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::supervisor::Deaths;
use crate::switchboard::Deliver;
use crate::tell::{tell, tell_recipient};
use actix::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use domain::alias::AliasIndex;
use domain::change::Change;
use domain::clock::Clock;
use domain::flight::Flight;
use domain::leg::{Alias, LegId, LegKey};
use domain::ports::{Answer, ChangeLog, LogEntry, Outcome, ReportSink, SinkError, StoreError, Version};
use domain::report::Report;
use domain::topic::Topic;
use domain::view::FlightView;
use futures_util::future::join_all;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// Bounds of what the hub takes on.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Reports taken and not yet answered; beyond, senders are told to come back.
    pub reports_under_way_max: usize,
    /// Legs in memory; beyond, reports on new legs are rejected.
    pub flights_max: usize,
    /// Bytes of one snapshot; beyond, a listener is told to follow something smaller.
    pub snapshot_bytes_max: usize,
    /// How far before `since` a resuming listener is served again, in real time. Changes are
    /// stamped before they are durable and told after, so the newest stamp a listener has seen
    /// may be newer than one it has not; by no more than a commit takes.
    pub resume_slack: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reports_under_way_max: 32_768,
            flights_max: 300_000,
            snapshot_bytes_max: 64 * 1024 * 1024,
            resume_slack: Duration::from_secs(10),
        }
    }
}

/// How long a retired leg is remembered, by the operational clock. Feeds repeat a flight for some
/// days at most; what is older is refused for its dates.
const RETIRED_KNOWN_FOR: TimeDelta = TimeDelta::days(7);

/// Most worker threads with sockets: one bit each in the followers' masks.
pub const SWITCHBOARDS_MAX: usize = 64;

/// Where a leg's actor is, and what it last made durable.
struct Slot {
    address: Addr<FlightActor>,
    state: Arc<Flight>,
    live: Option<Arc<Live>>,
}

type Map<K, V> = DashMap<K, V, FxBuildHasher>;

/// Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    log: Arc<dyn ChangeLog>,
    limits: Limits,
    metrics: Metrics,
    deaths: Deaths,
    flights: Map<LegId, Slot>,
    /// Legs that were retired, and until when they are remembered: a late report must not bring one
    /// back with a first revision.
    retired: Map<LegId, DateTime<Utc>>,
    /// Other names of live legs. Written when a leg gets a name, read for legs not found by key.
    names: RwLock<AliasIndex>,
    boards: Map<Topic, Addr<BoardActor>>,
    /// One bit a switchboard that has a follower of the topic.
    followers: Map<Topic, u64>,
    switchboards: RwLock<Vec<Recipient<Deliver>>>,
    flight_threads: Vec<ArbiterHandle>,
    board_thread: ArbiterHandle,
    under_way: AtomicUsize,
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
    /// A hub with nothing in it. Flights run on `flight_threads`, boards on `board_thread`.
    pub fn new(
        clock: Arc<dyn Clock>,
        log: Arc<dyn ChangeLog>,
        limits: Limits,
        metrics: Metrics,
        deaths: Deaths,
        flight_threads: Vec<ArbiterHandle>,
        board_thread: ArbiterHandle,
    ) -> Self {
        assert!(!flight_threads.is_empty(), "flights need a thread to live on");
        Self(Arc::new(Shared {
            clock,
            log,
            limits,
            metrics,
            deaths,
            flights: Map::default(),
            retired: Map::default(),
            names: RwLock::default(),
            boards: Map::default(),
            followers: Map::default(),
            switchboards: RwLock::default(),
            flight_threads,
            board_thread,
            under_way: AtomicUsize::new(0),
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

    /// Where deaths are told.
    pub fn deaths(&self) -> &Deaths {
        &self.0.deaths
    }

    /// Puts every stored flight back in its place. Call once, before any report.
    pub async fn restore(&self) -> Result<usize, StoreError> {
        let flights = self.0.log.restore().await?;
        let count = flights.len();
        for flight in flights.into_iter().filter(|f| f.rev > 0) {
            let state = Arc::new(flight);
            let live = Arc::new(Live::of(&state, Arc::new(state.view())));
            let address = self.start_flight(state.clone(), Some(live.clone()));
            self.learn_names(&state, &[state.key]);
            let slot = Slot { address, state, live: Some(live.clone()) };
            self.0.flights.insert(live.leg.clone(), slot);
            self.put_on_boards(&live.view.topics(&live.leg), &live).await;
        }
        self.count_flights();
        Ok(count)
    }

    /// The live state of a leg.
    pub fn live(&self, leg: &LegId) -> Option<Arc<Live>> {
        self.0.flights.get(leg).and_then(|slot| slot.live.clone())
    }

    /// The whole merged state of a leg, provenance and all.
    pub fn state(&self, leg: &LegId) -> Option<Arc<Flight>> {
        self.0.flights.get(leg).map(|slot| slot.state.clone())
    }

    /// A leg of another name, such as a call sign; the newest where several are called so.
    pub fn leg_of_alias(&self, alias: &Alias) -> Option<LegId> {
        let names = self.0.names.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        names.called(alias).last().cloned()
    }

    /// Legs in memory.
    pub fn flights_len(&self) -> usize {
        self.0.flights.len()
    }

    /// Calls `look` with the live state of every leg, in no order.
    pub fn each_live(&self, mut look: impl FnMut(&Arc<Live>)) {
        for slot in self.0.flights.iter() {
            if let Some(live) = &slot.live {
                look(live);
            }
        }
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
            return Ok(Frame::new("snapshot", payload, Some(live.changed_at)));
        }
        let limit_bytes = self.0.limits.snapshot_bytes_max;
        let message = GetSnapshot { since, limit_bytes };
        match self.board(topic).send(message).await.map_err(|_| NoSnapshot::Stopping)? {
            Snapshot::Ready(frame) => Ok(frame),
            Snapshot::TooLarge { bytes } => Err(NoSnapshot::TooLarge { bytes, limit_bytes }),
        }
    }

    /// The rows of a board, in order, with their version.
    pub async fn rows(&self, topic: &Topic) -> Result<BoardRows, NoSnapshot> {
        self.board(topic).send(GetRows).await.map_err(|_| NoSnapshot::Stopping)
    }

    /// Adds a worker thread's switchboard; its bit in the followers' masks is the answer.
    pub fn add_switchboard(&self, switchboard: Recipient<Deliver>) -> Option<u8> {
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

    /// Retires every leg whose time is over, at most `most` of them. Answers how many went.
    pub async fn retire_due(&self, most: usize) -> usize {
        let now = self.0.clock.now();
        let due = |slot: &Slot| slot.state.retires_at() <= now;
        let over: Vec<LegId> =
            self.0.flights.iter().filter(|s| due(s)).take(most).map(|s| s.key().clone()).collect();
        for leg in &over {
            let address = self.0.flights.get_mut(leg).map(|mut slot| {
                if !slot.address.connected() {
                    self.start_again(&mut slot);
                }
                slot.address.clone()
            });
            if let Some(address) = address {
                // If it dies of this, the next round finds it dead and starts it again.
                let _ = address.send(Retire).await;
            }
        }
        self.0.retired.retain(|_, forget_at| *forget_at > now);
        over.len()
    }
}

/// What flights ask of the hub.
impl Hub {
    /// Makes a flight's changes durable, shows them, and tells everyone. The order matters: the
    /// live state is replaced before anybody looks who follows, so that a follower who came too
    /// late for the frame finds the state in its snapshot.
    pub(crate) async fn commit(
        &self,
        shown: Option<Arc<Live>>,
        next: Arc<Flight>,
        changes: Vec<Change>,
        keys: &[LegKey],
    ) -> Result<Option<Arc<Live>>, StoreError> {
        let asked = tokio::time::Instant::now();
        self.0
            .log
            .append(vec![LogEntry { after: Version::NONE, flight: next.clone(), changes: changes.clone() }])
            .await?;
        self.0.metrics.commit_seconds.observe(asked.elapsed().as_secs_f64());
        self.learn_names(&next, keys);
        let Some(last) = changes.last() else {
            if let Some(mut slot) = self.0.flights.get_mut(&next.leg) {
                slot.state = next;
            }
            return Ok(shown);
        };
        let live = Arc::new(Live::of(&next, last.after.clone()));
        if let Some(mut slot) = self.0.flights.get_mut(&next.leg) {
            slot.state = next;
            slot.live = Some(live.clone());
        }
        self.tell_everyone(shown.as_deref().map(|s| &*s.view), &live, &changes).await;
        Ok(Some(live))
    }

    /// Takes a leg out of memory and tells its followers.
    pub(crate) async fn forget(&self, state: &Flight, shown: Option<&Live>) -> Result<(), StoreError> {
        self.0.log.retire(state.leg.clone(), Version::NONE).await?;
        self.0.retired.insert(state.leg.clone(), self.0.clock.now() + RETIRED_KNOWN_FOR);
        self.0.flights.remove(&state.leg);
        self.names_mut().retire(&state.leg);
        self.count_flights();
        if let Some(shown) = shown {
            self.tell_gone(&state.leg, &shown.view.topics(&state.leg)).await;
        }
        Ok(())
    }

    async fn tell_everyone(&self, before: Option<&FlightView>, live: &Arc<Live>, changes: &[Change]) {
        let leg = &live.leg;
        let topics = live.view.topics(leg);
        let left: SmallVec<[Topic; 6]> = match before {
            Some(before) => before.topics(leg).into_iter().filter(|t| !topics.contains(t)).collect(),
            None => SmallVec::new(),
        };
        self.put_on_boards(&topics, live).await;
        let mask = self.mask(&topics);
        if mask != 0 {
            let frames: SmallVec<[Frame; 2]> = changes.iter().map(|change| frame_of(change, live)).collect();
            let deliver = Deliver { leg: leg.clone(), frames, topics };
            self.deliver(mask, deliver).await;
        }
        if !left.is_empty() {
            self.tell_gone(leg, &left).await;
        }
    }

    async fn tell_gone(&self, leg: &LegId, topics: &[Topic]) {
        let now = self.0.clock.now();
        for topic in topics {
            if !matches!(topic, Topic::Flight(_)) {
                // A board that has gone has no rows to take off.
                let _ = tell(&self.board(topic), Take { leg: leg.clone(), now }).await;
            }
            let mask = self.mask(std::slice::from_ref(topic));
            if mask != 0 {
                let frame = Frame::new("gone", wire::frame::server::gone(leg, topic), None);
                let topics = SmallVec::from_iter([topic.clone()]);
                self.deliver(
                    mask,
                    Deliver { leg: leg.clone(), frames: SmallVec::from_iter([frame]), topics },
                )
                .await;
            }
        }
    }

    async fn put_on_boards(&self, topics: &[Topic], live: &Arc<Live>) {
        for topic in topics {
            if matches!(topic, Topic::Flight(_)) {
                continue;
            }
            if tell(&self.board(topic), Put { live: live.clone() }).await.is_err() {
                tracing::debug!(%topic, "a board has gone while the hub stops");
            }
        }
    }

    async fn deliver(&self, mask: u64, deliver: Deliver) {
        let to: SmallVec<[Recipient<Deliver>; 4]> = {
            let all = self.0.switchboards.read().unwrap_or_else(|poisoned| poisoned.into_inner());
            all.iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0).map(|(_, s)| s.clone()).collect()
        };
        for switchboard in to {
            // A switchboard that has gone took its sockets with it.
            let _ = tell_recipient(&switchboard, deliver.clone()).await;
        }
    }

    fn mask(&self, topics: &[Topic]) -> u64 {
        topics.iter().filter_map(|t| self.0.followers.get(t).map(|mask| *mask)).fold(0, |all, one| all | one)
    }

    fn board(&self, topic: &Topic) -> Addr<BoardActor> {
        if let Some(board) = self.0.boards.get(topic) {
            return board.clone();
        }
        let start = || {
            BoardActor::start_on(
                &self.0.board_thread,
                topic.clone(),
                self.0.clock.now(),
                self.0.deaths.clone(),
            )
        };
        self.0.boards.entry(topic.clone()).or_insert_with(start).clone()
    }

    fn start_flight(&self, state: Arc<Flight>, shown: Option<Arc<Live>>) -> Addr<FlightActor> {
        let threads = &self.0.flight_threads;
        // The map's own hash takes the low bits; the high ones spread legs over threads.
        let at = (FxBuildHasher.hash_one(&state.leg) >> 32) as usize % threads.len();
        FlightActor::start_on(&threads[at], self.clone(), state, shown)
    }

    fn learn_names(&self, state: &Flight, keys: &[LegKey]) {
        if keys.is_empty() {
            return;
        }
        let mut names = self.names_mut();
        for key in keys {
            names.learn(&state.leg, key, &state.aliases);
        }
    }

    fn names_mut(&self) -> std::sync::RwLockWriteGuard<'_, AliasIndex> {
        self.0.names.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn count_flights(&self) {
        self.0.metrics.flights.set(self.0.flights.len() as i64);
    }

    /// The actor of a leg, started if there is none or the last one died.
    fn flight(&self, report: &Report, leg: &LegId) -> Result<Addr<FlightActor>, Outcome> {
        if let Some(slot) = self.0.flights.get(leg)
            && slot.address.connected()
        {
            return Ok(slot.address.clone());
        }
        if let Some(refusal) = self.refusal_of_new(leg) {
            return Err(Outcome::Rejected(refusal));
        }
        let mut fresh = false;
        let mut slot = self.0.flights.entry(leg.clone()).or_insert_with(|| {
            fresh = true;
            let state = Arc::new(Flight::new(report.key));
            Slot { address: self.start_flight(state.clone(), None), state, live: None }
        });
        if !fresh && !slot.address.connected() {
            self.start_again(&mut slot);
        }
        let address = slot.address.clone();
        drop(slot);
        if fresh {
            self.count_flights();
        }
        Ok(address)
    }

    /// Why no actor may be started for a leg that has none.
    fn refusal_of_new(&self, leg: &LegId) -> Option<String> {
        if self.0.flights.contains_key(leg) {
            return None;
        }
        if self.0.retired.contains_key(leg) {
            return Some(format!("{leg} is over and has been retired"));
        }
        let most = self.0.limits.flights_max;
        (self.0.flights.len() >= most).then(|| format!("the hub holds its limit of {most} flights"))
    }

    fn start_again(&self, slot: &mut Slot) {
        let leg = &slot.state.leg;
        tracing::error!(flight.leg = %leg, "a flight's actor died; it starts again from its last durable state");
        self.0.deaths.flight_died();
        slot.address = self.start_flight(slot.state.clone(), slot.live.clone());
    }

    /// Takes an empty slot away again after a first report that could not be applied.
    pub(crate) fn withdraw(&self, leg: &LegId) {
        self.0.flights.remove_if(leg, |_, slot| slot.live.is_none() && slot.state.rev == 0);
        self.count_flights();
    }

    fn leg_of(&self, report: &Report) -> LegId {
        let leg = report.key.id();
        if self.0.flights.contains_key(&leg) {
            return leg;
        }
        // A provider may correct a leg's route or number under its own identifier.
        let names = self.0.names.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        names.resolve(report).unwrap_or(leg)
    }
}

fn frame_of(change: &Change, live: &Live) -> Frame {
    if change.before.is_some() {
        return Frame::new("change", wire::frame::server::change(change), Some(change.at));
    }
    // A listener has no base for a first revision. If more changes came with it, the state that
    // includes them serves as well, and the changes that follow are old news to it.
    live.state_frame().clone()
}

/// Reports under way, given back when dropped.
struct UnderWay<'a>(&'a Shared, usize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(self.1, Ordering::AcqRel);
        self.0.metrics.reports_under_way.dec_by(self.1 as i64);
    }
}

impl Shared {
    fn take_on(&self, count: usize) -> Result<UnderWay<'_>, SinkError> {
        if self.stopping.load(Ordering::SeqCst) {
            return Err(SinkError::Stopping);
        }
        let before = self.under_way.fetch_add(count, Ordering::AcqRel);
        self.metrics.reports_under_way.inc_by(count as i64);
        let taken = UnderWay(self, count);
        // One message larger than the whole limit is let in when nothing else is under way.
        if before > 0 && before + count > self.limits.reports_under_way_max {
            return Err(SinkError::Full { limit: self.limits.reports_under_way_max });
        }
        Ok(taken)
    }
}

impl ReportSink for Hub {
    fn accept(&self, reports: Vec<Report>) -> Answer<'_, Result<Vec<Outcome>, SinkError>> {
        Box::pin(async move {
            let _under_way = self.0.take_on(reports.len())?;
            let mut outcomes = vec![Outcome::Unchanged; reports.len()];
            let mut legs: FxHashMap<LegId, (Vec<usize>, Vec<Report>)> = FxHashMap::default();
            for (index, report) in reports.into_iter().enumerate() {
                let (indices, of_leg) = legs.entry(self.leg_of(&report)).or_default();
                indices.push(index);
                of_leg.push(report);
            }
            let mut asked = Vec::with_capacity(legs.len());
            for (leg, (indices, of_leg)) in legs {
                match self.flight(&of_leg[0], &leg) {
                    Ok(address) => {
                        asked.push(async move { (indices, address.send(Apply { reports: of_leg }).await) });
                    }
                    Err(outcome) => indices.iter().for_each(|i| outcomes[*i] = outcome.clone()),
                }
            }
            for (indices, answer) in join_all(asked).await {
                // A death in the middle answers as unavailable: the sender repeats, and repeating
                // is harmless.
                let answer = answer.map_err(|_| unavailable())??;
                for (index, outcome) in indices.into_iter().zip(answer) {
                    outcomes[index] = outcome;
                }
            }
            Ok(outcomes)
        })
    }
}

fn unavailable() -> SinkError {
    SinkError::NotDurable(StoreError::Unavailable { store: "flight", reason: "its actor stopped".into() })
}

/// How long after a leg's last known time a report of it is taken for an echo of the past.
pub(crate) fn is_over(state: &Flight, now: DateTime<Utc>) -> bool {
    state.retires_at() <= now
}
