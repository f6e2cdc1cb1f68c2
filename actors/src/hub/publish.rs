//! Makes changes durable, then publishes them to readers, boards and followers.
//!
//! With a log of its own, the hub publishes a change when the log confirms the append. With a log that
//! several nodes write, every node, the writer included, publishes what it reads from the log
//! ([`Hub::apply_log_event`]). All nodes therefore publish in the order of the log.

use super::Hub;
use super::registry::CommittedState;
use crate::flight_snapshot::FlightSnapshot;
use crate::frame::Frame;
use crate::mailbox::send_bounded_to;
use crate::metrics::FieldLabel;
use crate::switchboard::Broadcast;
use actix::prelude::*;
use dashmap::mapref::entry::Entry;
use domain::change::{Change, ChangeKind};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{LogEntry, LogEvent, PastChange, StateChanged, StoreError, Version};
use domain::topic::Topic;
use domain::view::FlightView;
use smallvec::SmallVec;
use std::sync::Arc;
use wire::frame::FrameKind;

type Frames = SmallVec<[Frame; 2]>;

impl Hub {
    /// Makes a flight's changes durable and publishes them. The snapshot is replaced before the followers
    /// are looked up: a follower who registers too late for the frame finds the state in its snapshot.
    pub(crate) async fn commit(
        &self,
        base: CommittedState,
        next: Arc<Flight>,
        changes: Vec<Change>,
    ) -> Result<(), StoreError> {
        let asked = tokio::time::Instant::now();
        let entry = LogEntry { after: base.version, flight: next.clone(), changes: changes.clone() };
        self.0.log.append(vec![entry]).await?;
        self.0.metrics.commit_seconds.observe(asked.elapsed().as_secs_f64());
        if self.0.shared_log {
            // [`Hub::apply_log_event`] adds the aliases, on this node as on the others.
            return Ok(());
        }
        self.0.flights.learn_names(Some(&base.state), &next);
        let Some(last) = changes.last() else {
            if let Some(mut slot) = self.0.flights.slots.get_mut(&next.leg) {
                slot.base.state = next;
            }
            return Ok(());
        };
        let live = Arc::new(FlightSnapshot::of(&next, last.after.clone()));
        if let Some(mut slot) = self.0.flights.slots.get_mut(&next.leg) {
            slot.base = CommittedState { state: next, version: base.version, live: Some(live.clone()) };
        }
        let before = base.live.as_deref().map(|shown| &*shown.view);
        let frames = || match moves_before_last(&changes, moves) {
            true => Frames::from_iter([live.state_frame().clone()]),
            false => changes.iter().map(|change| change_frame(change, &live)).collect(),
        };
        self.publish(before, &live, frames).await;
        Ok(())
    }

    /// Retires a leg: removes it from the log, from memory and from the boards.
    pub(crate) async fn retire(&self, leg: &LegId, version: Version) -> Result<(), StoreError> {
        self.0.log.retire(leg.clone(), version, self.0.clock.now()).await?;
        if !self.0.shared_log {
            self.apply_retired(leg).await;
        }
        Ok(())
    }

    /// Appends the current state of a leg, or its retirement, to replace a superseded entry that arrived
    /// late.
    pub(crate) async fn rewrite(&self, leg: &LegId) -> Result<(), StoreError> {
        match self.committed_state(leg).filter(|base| base.state.rev > 0) {
            Some(CommittedState { state, version, .. }) => {
                let entry = LogEntry { after: version, flight: state, changes: Vec::new() };
                self.0.log.append(vec![entry]).await
            }
            None => self.0.log.retire(leg.clone(), Version::NONE, self.0.clock.now()).await,
        }
    }

    /// Applies the next event of the shared log.
    pub(crate) async fn apply_log_event(&self, event: LogEvent) {
        match event {
            LogEvent::Changed(changed) => self.apply_state_changed(changed).await,
            LogEvent::Retired { leg, .. } => self.apply_retired(&leg).await,
        }
    }

    async fn apply_state_changed(&self, StateChanged { flight, version, changes, gap }: StateChanged) {
        let leg = flight.leg.clone();
        let before = self.flight_snapshot(&leg);
        let shown_rev = before.as_ref().map_or(0, |live| live.rev);
        self.0.flights.learn_names(self.flight_state(&leg).as_deref().filter(|_| before.is_some()), &flight);
        let live = match &before {
            Some(live) if flight.rev == shown_rev => live.clone(),
            _ => Arc::new(FlightSnapshot::of(&flight, Arc::new(flight.view()))),
        };
        self.replace_state(&leg, CommittedState { state: flight, version, live: Some(live.clone()) });
        if live.rev == shown_rev {
            return;
        }
        let whole = gap || before.is_none() || moves_before_last(&changes, past_change_moves);
        let frames = || match whole {
            // A client has no base for a first revision, nor for one after a gap.
            true => Frames::from_iter([live.state_frame().clone()]),
            false => changes
                .iter()
                .map(|past| {
                    Frame::new(FrameKind::Change, wire::frame::server::past_change(&leg, past), Some(past.at))
                })
                .collect(),
        };
        self.publish(before.as_deref().map(|shown| &*shown.view), &live, frames).await;
    }

    fn replace_state(&self, leg: &LegId, base: CommittedState) {
        match self.0.flights.slots.entry(leg.clone()) {
            Entry::Occupied(mut slot) => slot.get_mut().base = base,
            Entry::Vacant(place) => {
                let created_by = base.state.created_by.clone();
                drop(place.insert(self.0.flights.slot(base, created_by)));
                self.update_flight_gauge();
            }
        }
    }

    async fn apply_retired(&self, leg: &LegId) {
        if let Some(shown) = self.evict(leg) {
            self.publish_gone(leg, &shown.view.topics(leg)).await;
        }
    }

    fn count_new_doubtful_fields(&self, before: Option<&FlightView>, after: &FlightView) {
        let is_known = |field| before.is_some_and(|before| before.doubtful.contains(field));
        for field in after.doubtful.iter().filter(|field| !is_known(*field)) {
            self.0.metrics.doubtful.get_or_create(&FieldLabel { field: field.name() }).inc();
        }
    }

    async fn publish(
        &self,
        before: Option<&FlightView>,
        live: &Arc<FlightSnapshot>,
        frames: impl FnOnce() -> Frames,
    ) {
        let leg = &live.leg;
        self.count_new_doubtful_fields(before, &live.view);
        let topics = live.view.topics(leg);
        let left: SmallVec<[Topic; 6]> = match before {
            Some(before) => before.topics(leg).into_iter().filter(|t| !topics.contains(t)).collect(),
            None => SmallVec::new(),
        };
        self.put_on_boards(&topics, live).await;
        let follower_mask = self.follower_mask(&topics);
        if follower_mask != 0 {
            let broadcast = Broadcast { leg: leg.clone(), frames: frames(), topics };
            self.broadcast(follower_mask, broadcast).await;
        }
        if !left.is_empty() {
            self.publish_gone(leg, &left).await;
        }
    }

    async fn publish_gone(&self, leg: &LegId, topics: &[Topic]) {
        let now = self.0.clock.now();
        for topic in topics {
            if !matches!(topic, Topic::Flight(_)) {
                // A board that has stopped has no rows to remove.
                let _ = self.board(topic).remove(leg.clone(), now).await;
            }
            let follower_mask = self.follower_mask(std::slice::from_ref(topic));
            if follower_mask != 0 {
                let frame = Frame::new(FrameKind::Gone, wire::frame::server::gone(leg, topic), None);
                let topics = SmallVec::from_iter([topic.clone()]);
                let broadcast = Broadcast { leg: leg.clone(), frames: Frames::from_iter([frame]), topics };
                self.broadcast(follower_mask, broadcast).await;
            }
        }
    }

    pub(super) async fn put_on_boards(&self, topics: &[Topic], live: &Arc<FlightSnapshot>) {
        let now = self.0.clock.now();
        for topic in topics {
            if matches!(topic, Topic::Flight(_)) {
                continue;
            }
            if self.board(topic).put(live.clone(), now).await.is_err() {
                tracing::debug!(%topic, "a board has stopped during the shutdown");
            }
        }
    }

    async fn broadcast(&self, follower_mask: u64, broadcast: Broadcast) {
        let to: SmallVec<[Recipient<Broadcast>; 4]> = {
            let all = self.0.switchboards.read().unwrap_or_else(|poisoned| poisoned.into_inner());
            all.iter()
                .enumerate()
                .filter(|(bit, _)| follower_mask & (1 << bit) != 0)
                .map(|(_, s)| s.frames.clone())
                .collect()
        };
        for switchboard in to {
            // The connections of a switchboard stop with it.
            let _ = send_bounded_to(&switchboard, broadcast.clone()).await;
        }
    }

    fn follower_mask(&self, topics: &[Topic]) -> u64 {
        topics
            .iter()
            .filter_map(|t| self.0.followers.get(t).map(|follower_mask| *follower_mask))
            .fold(0, |all, one| all | one)
    }
}

/// The kinds of changes that may bring a leg into a topic or out of one.
const MOVES: [ChangeKind; 3] = [ChangeKind::Diverted, ChangeKind::Codeshare, ChangeKind::Corrected];

fn moves(change: &Change) -> bool {
    change.after.hidden || MOVES.iter().any(|kind| change.kinds.contains(*kind))
}

fn past_change_moves(past: &PastChange) -> bool {
    past.is_hidden() || MOVES.iter().any(|kind| past.kinds.iter().any(|past| past == kind.as_str()))
}

/// Whether a change before the last one may have moved the leg into a topic that it has left again. The hub
/// sends `gone` for the topics of the state before, so a client that applies the changes one by one would keep
/// the leg in such a topic. It gets the state instead.
fn moves_before_last<C>(changes: &[C], moves: impl Fn(&C) -> bool) -> bool {
    changes.split_last().is_some_and(|(_, earlier)| earlier.iter().any(moves))
}

fn change_frame(change: &Change, live: &FlightSnapshot) -> Frame {
    if change.before.is_some() {
        return Frame::new(FrameKind::Change, wire::frame::server::change(change), Some(change.at));
    }
    // A client has no base for a first revision. If more changes came with it, the state already includes
    // them, and the client ignores the later frames.
    live.state_frame().clone()
}
