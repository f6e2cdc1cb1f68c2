//! What has become durable is shown: to readers, boards, and everyone who follows.
//!
//! A log that this process has for itself answers, and the flight's actor goes on and shows the
//! change. A log that several nodes write tells every node what was written ([`Hub::follow`]), the
//! writer as well, and that is where it is shown: in the order of the log, everywhere.

use super::Hub;
use super::flights::Base;
use crate::frame::Frame;
use crate::live::Live;
use crate::metrics::FieldLabel;
use crate::switchboard::Deliver;
use crate::tell::tell_recipient;
use actix::prelude::*;
use dashmap::mapref::entry::Entry;
use domain::change::Change;
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{LogEntry, LogEvent, StateChanged, StoreError, Version};
use domain::topic::Topic;
use domain::view::FlightView;
use smallvec::SmallVec;
use std::sync::Arc;
use wire::frame::FrameKind;

type Frames = SmallVec<[Frame; 2]>;

impl Hub {
    /// Makes a flight's changes durable and shown. The order matters: the live state is replaced
    /// before anybody looks who follows, so that a follower who came too late for the frame finds
    /// the state in its snapshot.
    pub(crate) async fn commit(
        &self,
        base: Base,
        next: Arc<Flight>,
        changes: Vec<Change>,
    ) -> Result<(), StoreError> {
        let asked = tokio::time::Instant::now();
        let entry = LogEntry { after: base.version, flight: next.clone(), changes: changes.clone() };
        self.0.log.append(vec![entry]).await?;
        self.0.metrics.commit_seconds.observe(asked.elapsed().as_secs_f64());
        if self.0.shared_log {
            // Its names are learnt when the log tells of it, here and everywhere.
            return Ok(());
        }
        self.0.flights.learn_names(Some(&base.state), &next);
        let Some(last) = changes.last() else {
            if let Some(mut slot) = self.0.flights.slots.get_mut(&next.leg) {
                slot.base.state = next;
            }
            return Ok(());
        };
        let live = Arc::new(Live::of(&next, last.after.clone()));
        if let Some(mut slot) = self.0.flights.slots.get_mut(&next.leg) {
            slot.base = Base { state: next, version: base.version, live: Some(live.clone()) };
        }
        let before = base.live.as_deref().map(|shown| &*shown.view);
        self.tell_everyone(before, &live, || changes.iter().map(|change| frame_of(change, &live)).collect())
            .await;
        Ok(())
    }

    /// Takes a leg whose time is over out of the log, out of memory, and off the boards.
    pub(crate) async fn forget(&self, leg: &LegId, version: Version) -> Result<(), StoreError> {
        self.0.log.retire(leg.clone(), version, self.0.clock.now()).await?;
        if !self.0.shared_log {
            self.show_gone(leg).await;
        }
        Ok(())
    }

    /// Appends a leg as it is, or its end, over an entry that was late.
    pub(crate) async fn write_again(&self, leg: &LegId) -> Result<(), StoreError> {
        match self.base(leg).filter(|base| base.state.rev > 0) {
            Some(Base { state, version, .. }) => {
                let entry = LogEntry { after: version, flight: state, changes: Vec::new() };
                self.0.log.append(vec![entry]).await
            }
            None => self.0.log.retire(leg.clone(), Version::NONE, self.0.clock.now()).await,
        }
    }

    /// Shows what the shared log says next.
    pub(crate) async fn follow(&self, told: LogEvent) {
        match told {
            LogEvent::Changed(followed) => self.show(followed).await,
            LogEvent::Retired { leg, .. } => self.show_gone(&leg).await,
        }
    }

    async fn show(&self, StateChanged { flight, version, changes, gap }: StateChanged) {
        let leg = flight.leg.clone();
        let before = self.live(&leg);
        let shown_rev = before.as_ref().map_or(0, |live| live.rev);
        self.0.flights.learn_names(self.state(&leg).as_deref().filter(|_| before.is_some()), &flight);
        let live = match &before {
            Some(live) if flight.rev == shown_rev => live.clone(),
            _ => Arc::new(Live::of(&flight, Arc::new(flight.view()))),
        };
        self.put_in_slot(&leg, Base { state: flight, version, live: Some(live.clone()) });
        if live.rev == shown_rev {
            return;
        }
        let whole = gap || before.is_none();
        let frames = || match whole {
            // A listener has no base for a first revision, nor for one after a gap.
            true => Frames::from_iter([live.state_frame().clone()]),
            false => changes
                .iter()
                .map(|past| {
                    Frame::new(FrameKind::Change, wire::frame::server::past_change(&leg, past), Some(past.at))
                })
                .collect(),
        };
        self.tell_everyone(before.as_deref().map(|shown| &*shown.view), &live, frames).await;
    }

    fn put_in_slot(&self, leg: &LegId, base: Base) {
        match self.0.flights.slots.entry(leg.clone()) {
            Entry::Occupied(mut slot) => slot.get_mut().base = base,
            Entry::Vacant(place) => {
                let made_by = base.state.created_by.clone();
                drop(place.insert(self.0.flights.slot(base, made_by)));
                self.count_flights();
            }
        }
    }

    async fn show_gone(&self, leg: &LegId) {
        if let Some(shown) = self.let_go(leg) {
            self.tell_gone(leg, &shown.view.topics(leg)).await;
        }
    }

    fn count_doubtful(&self, before: Option<&FlightView>, after: &FlightView) {
        let is_known = |field| before.is_some_and(|before| before.doubtful.contains(field));
        for field in after.doubtful.iter().filter(|field| !is_known(*field)) {
            self.0.metrics.doubtful.get_or_create(&FieldLabel { field: field.name() }).inc();
        }
    }

    async fn tell_everyone(
        &self,
        before: Option<&FlightView>,
        live: &Arc<Live>,
        frames: impl FnOnce() -> Frames,
    ) {
        let leg = &live.leg;
        self.count_doubtful(before, &live.view);
        let topics = live.view.topics(leg);
        let left: SmallVec<[Topic; 6]> = match before {
            Some(before) => before.topics(leg).into_iter().filter(|t| !topics.contains(t)).collect(),
            None => SmallVec::new(),
        };
        self.put_on_boards(&topics, live).await;
        let mask = self.mask(&topics);
        if mask != 0 {
            let deliver = Deliver { leg: leg.clone(), frames: frames(), topics };
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
                let _ = self.board(topic).take(leg.clone(), now).await;
            }
            let mask = self.mask(std::slice::from_ref(topic));
            if mask != 0 {
                let frame = Frame::new(FrameKind::Gone, wire::frame::server::gone(leg, topic), None);
                let topics = SmallVec::from_iter([topic.clone()]);
                let deliver = Deliver { leg: leg.clone(), frames: Frames::from_iter([frame]), topics };
                self.deliver(mask, deliver).await;
            }
        }
    }

    pub(super) async fn put_on_boards(&self, topics: &[Topic], live: &Arc<Live>) {
        let now = self.0.clock.now();
        for topic in topics {
            if matches!(topic, Topic::Flight(_)) {
                continue;
            }
            if self.board(topic).put(live.clone(), now).await.is_err() {
                tracing::debug!(%topic, "a board has gone while the hub stops");
            }
        }
    }

    async fn deliver(&self, mask: u64, deliver: Deliver) {
        let to: SmallVec<[Recipient<Deliver>; 4]> = {
            let all = self.0.switchboards.read().unwrap_or_else(|poisoned| poisoned.into_inner());
            all.iter()
                .enumerate()
                .filter(|(bit, _)| mask & (1 << bit) != 0)
                .map(|(_, s)| s.frames.clone())
                .collect()
        };
        for switchboard in to {
            // A switchboard that has gone took its sockets with it.
            let _ = tell_recipient(&switchboard, deliver.clone()).await;
        }
    }

    fn mask(&self, topics: &[Topic]) -> u64 {
        topics.iter().filter_map(|t| self.0.followers.get(t).map(|mask| *mask)).fold(0, |all, one| all | one)
    }
}

fn frame_of(change: &Change, live: &Live) -> Frame {
    if change.before.is_some() {
        return Frame::new(FrameKind::Change, wire::frame::server::change(change), Some(change.at));
    }
    // A listener has no base for a first revision. If more changes came with it, the state that
    // includes them serves as well, and the changes that follow are old news to it.
    live.state_frame().clone()
}
