//! The registry of legs in memory: find, start, restore, retire.

use super::{Hub, Map};
use crate::flight::{FlightActor, Retire};
use crate::flight_snapshot::FlightSnapshot;
use actix::prelude::*;
use chrono::{DateTime, TimeDelta, Utc};
use domain::alias::AliasIndex;
use domain::codes::Direction;
use domain::flight::Flight;
use domain::leg::LegId;
use domain::leg_pattern::LegPattern;
use domain::ports::{ENDS_KNOWN_FOR, Ended, Outcome, StoreError, Version};
use domain::report::{Report, Source};
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;
use std::sync::{Arc, RwLock, RwLockWriteGuard};

/// A leg in memory: its committed state and its actor.
pub(super) struct Slot {
    /// Started at the first report that reaches this node. Most replicas never need an actor.
    pub(super) address: Option<Addr<FlightActor>>,
    pub(super) base: CommittedState,
    /// The feed that created the leg, whose `flights_max` the leg counts against.
    created_by: Option<Arc<str>>,
}

/// The durable state of a leg, with its published snapshot.
#[derive(Clone)]
pub(crate) struct CommittedState {
    pub(crate) state: Arc<Flight>,
    /// The version in the log. The next entry of the leg refers to it.
    pub(crate) version: Version,
    pub(crate) live: Option<Arc<FlightSnapshot>>,
}

/// The legs in memory, and the retired ones.
#[derive(Default)]
pub(super) struct FlightRegistry {
    pub(super) slots: Map<LegId, Slot>,
    /// Retired legs, and until when the registry remembers them. A late report must not recreate such a
    /// leg with revision 1.
    retired: Map<LegId, DateTime<Utc>>,
    /// Other keys of retired legs, by the source whose correction introduced the key. `None` applies to
    /// every source.
    retired_keys: Map<(LegId, Option<Arc<str>>), DateTime<Utc>>,
    /// Legs in memory by the feed that created them.
    created_count: Map<Arc<str>, usize>,
    /// Aliases of legs in memory. Written when a leg gets an alias, read when a report matches no key.
    names: RwLock<AliasIndex>,
}

impl FlightRegistry {
    /// Creates the slot of a leg. The leg counts for the feed that created it until it leaves memory.
    pub(super) fn slot(&self, base: CommittedState, created_by: Option<Arc<str>>) -> Slot {
        if let Some(feed) = &created_by {
            *self.created_count.entry(feed.clone()).or_default() += 1;
        }
        Slot { address: None, base, created_by }
    }

    /// Remembers the other keys under which a retired leg was reported. Otherwise a report under such a
    /// key would recreate the leg. A key that now belongs to another live leg is skipped.
    fn remember_corrected_keys(&self, state: &Flight, forget_at: DateTime<Utc>) {
        let normalized = (state.key.normalized().id(), None);
        let corrected = state.corrections.iter().map(|correction| {
            let alone = (!correction.binds_others()).then(|| correction.source.clone());
            (correction.key.id(), alone)
        });
        for key in corrected.chain([normalized]) {
            if key.0 != state.leg && !self.slots.contains_key(&key.0) {
                self.retired_keys.insert(key, forget_at);
            }
        }
    }

    fn is_retired(&self, leg: &LegId, source: &Arc<str>) -> bool {
        let is_retired_by = |by| self.retired_keys.contains_key(&(leg.clone(), by));
        self.retired.contains_key(leg) || is_retired_by(None) || is_retired_by(Some(source.clone()))
    }

    fn uncount(&self, slot: &Slot) {
        if let Some(mut count) = slot.created_by.as_ref().and_then(|feed| self.created_count.get_mut(feed)) {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn names_mut(&self) -> RwLockWriteGuard<'_, AliasIndex> {
        self.names.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Adds the aliases of a leg to the index if they changed since `before`.
    pub(super) fn learn_names(&self, before: Option<&Flight>, state: &Flight) {
        let is_new = |known: &Flight| {
            known.rev == 0 || known.aliases != state.aliases || known.corrections != state.corrections
        };
        if before.is_none_or(is_new) {
            self.names_mut().learn(state);
        }
    }
}

impl Hub {
    /// Restores all stored flights and remembers the retired ones. Call it once, before the first report,
    /// and only with a log of its own. With a shared log the replication restores flights.
    pub async fn restore(&self) -> Result<usize, StoreError> {
        for Ended { leg, at } in self.0.log.ended(self.0.clock.now() - ENDS_KNOWN_FOR).await? {
            self.0.flights.retired.insert(leg, at + ENDS_KNOWN_FOR);
        }
        let flights = self.0.log.restore().await?;
        Ok(self.restore_flights(flights.into_iter().map(|flight| (flight, Version::NONE)).collect()).await)
    }

    /// Restores these flights and returns how many there are.
    pub(crate) async fn restore_flights(&self, flights: Vec<(Flight, Version)>) -> usize {
        let count = flights.len();
        for (flight, version) in flights.into_iter().filter(|(flight, _)| flight.rev > 0) {
            let state = Arc::new(flight);
            let live = Arc::new(FlightSnapshot::of(&state, Arc::new(state.view())));
            self.0.flights.learn_names(None, &state);
            let created_by = state.created_by.clone();
            let base = CommittedState { state, version, live: Some(live.clone()) };
            self.0.flights.slots.insert(live.leg.clone(), self.0.flights.slot(base, created_by));
            self.put_on_boards(&live.view.topics(&live.leg), &live).await;
        }
        self.update_flight_gauge();
        count
    }

    /// Remembers legs that were retired before this node started.
    pub(crate) fn remember_ended(&self, ended: Vec<LegId>) {
        let forget_at = self.0.clock.now() + ENDS_KNOWN_FOR;
        for leg in ended {
            self.0.flights.retired.insert(leg, forget_at);
        }
    }

    /// The published snapshot of a leg.
    pub fn flight_snapshot(&self, leg: &LegId) -> Option<Arc<FlightSnapshot>> {
        self.0.flights.slots.get(leg).and_then(|slot| slot.base.live.clone())
    }

    /// The merged state of a leg, including provenance.
    pub fn flight_state(&self, leg: &LegId) -> Option<Arc<Flight>> {
        self.0.flights.slots.get(leg).map(|slot| slot.base.state.clone())
    }

    /// The state into which the next report of a leg is merged.
    pub(crate) fn committed_state(&self, leg: &LegId) -> Option<CommittedState> {
        self.0.flights.slots.get(leg).map(|slot| slot.base.clone())
    }

    /// The leg with this call sign. If several legs have it, the one whose departure is nearest to now.
    pub fn find_by_call_sign(&self, call_sign: &str) -> Option<LegId> {
        let now = self.0.clock.now();
        let names = self.0.flights.names.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let legs = names.called(call_sign);
        let off = |leg: &LegId| {
            let leaves = self.flight_snapshot(leg).map(|live| live.view.board_time(Direction::Departures));
            leaves.map_or(TimeDelta::MAX, |at| (at - now).abs())
        };
        legs.iter().min_by_key(|leg| (off(leg), *leg)).cloned()
    }

    /// Legs in memory.
    pub fn flights_len(&self) -> usize {
        self.0.flights.slots.len()
    }

    /// Legs in memory that a feed created.
    pub fn flights_created_by(&self, feed: &str) -> usize {
        self.0.flights.created_count.get(feed).map_or(0, |count| *count)
    }

    /// Legs in memory that match, ordered by identifier and at most `most` of them, and the number of all
    /// matches. `feed` restricts the search to legs that this feed created.
    pub fn find_legs(&self, pattern: &LegPattern, feed: Option<&str>, most: usize) -> (Vec<LegId>, usize) {
        let matches = |slot: &Slot| {
            slot.base.state.rev > 0 && feed.is_none_or(|feed| slot.created_by.as_deref() == Some(feed))
        };
        let all = self.0.flights.slots.iter().filter(|slot| pattern.matches(slot.key()) && matches(slot));
        let mut legs: Vec<LegId> = all.map(|slot| slot.key().clone()).collect();
        legs.sort_unstable();
        let count = legs.len();
        legs.truncate(most);
        (legs, count)
    }

    /// Calls `look` with the snapshot of every leg, in no particular order.
    pub fn for_each_flight(&self, mut look: impl FnMut(&Arc<FlightSnapshot>)) {
        for slot in self.0.flights.slots.iter() {
            if let Some(live) = &slot.base.live {
                look(live);
            }
        }
    }

    /// Retires at most `most` legs of this node that are past their retirement time. Returns how many it
    /// selected.
    pub async fn retire_due(&self, most: usize) -> usize {
        let now = self.0.clock.now();
        let due = |slot: &Slot| slot.base.state.retires_at() <= now;
        let all = self.0.flights.slots.iter().filter(|slot| due(slot) && self.0.log.owns(slot.key()));
        let mut legs: Vec<LegId> = all.take(most).map(|slot| slot.key().clone()).collect();
        // The order of the map depends on the number of cores. A simulated run must not.
        legs.sort_unstable();
        for leg in &legs {
            // During a shutdown flight actors stop with their threads. That must not count as a panic.
            if self.0.stopping.load(std::sync::atomic::Ordering::SeqCst) {
                break;
            }
            if let Some(address) = self.existing_flight(leg) {
                // If the actor panics, the next round restarts it.
                let _ = address.send(Retire).await;
            }
        }
        self.0.flights.retired.retain(|_, forget_at| *forget_at > now);
        self.0.flights.retired_keys.retain(|_, forget_at| *forget_at > now);
        legs.len()
    }

    /// The reason why a report must not create this leg, if there is one.
    fn refusal_of_new_flight(&self, leg: &LegId, source: &Source) -> Option<String> {
        if self.0.flights.slots.contains_key(leg) {
            return None;
        }
        if self.0.flights.is_retired(leg, &source.name) {
            return Some(retired_reason(leg));
        }
        let name = &source.name;
        if let Some(most) = source.scope.flights_max
            && self.flights_created_by(name) >= most
        {
            return Some(format!(
                "{name} has reached its limit of {most} flights (feeds.{name}.flights_max)"
            ));
        }
        let most = self.0.limits.flights_max;
        (self.flights_len() >= most)
            .then(|| format!("the hub has reached its limit of {most} flights (limits.flights_max)"))
    }

    /// The reason why a report can never be merged, as far as a node can know without owning the leg.
    pub(crate) fn early_refusal(&self, leg: &LegId, report: &Report) -> Option<String> {
        if let Some(refusal) = self.refusal_of_new_flight(leg, &report.source) {
            return Some(refusal);
        }
        report.check_times(self.0.clock.now()).err().map(|refused| refused.to_string())
    }

    /// The actor of the leg of a report. Starts it if there is none or the last one panicked.
    pub(super) fn flight(&self, report: &Report, leg: &LegId) -> Result<Addr<FlightActor>, Outcome> {
        if let Some(slot) = self.0.flights.slots.get(leg)
            && let Some(address) = slot.address.as_ref().filter(|address| address.connected())
        {
            return Ok(address.clone());
        }
        if let Some(refusal) = self.refusal_of_new_flight(leg, &report.source) {
            return Err(Outcome::Rejected(refusal));
        }
        let mut fresh = false;
        let mut slot = self.0.flights.slots.entry(leg.clone()).or_insert_with(|| {
            fresh = true;
            let state = Arc::new(Flight::new(report.key));
            let base = CommittedState { state, version: Version::NONE, live: None };
            self.0.flights.slot(base, Some(report.source.name.clone()))
        });
        let address = self.ensure_actor(&mut slot);
        drop(slot);
        if fresh {
            self.update_flight_gauge();
        }
        Ok(address)
    }

    /// The actor of a leg in memory. Starts it if there is none or the last one panicked.
    pub(super) fn existing_flight(&self, leg: &LegId) -> Option<Addr<FlightActor>> {
        self.0.flights.slots.get_mut(leg).map(|mut slot| self.ensure_actor(&mut slot))
    }

    fn ensure_actor(&self, slot: &mut Slot) -> Addr<FlightActor> {
        if let Some(address) = &slot.address {
            if address.connected() {
                return address.clone();
            }
            let leg = &slot.base.state.leg;
            tracing::error!(flight.leg = %leg, "a flight's actor panicked; it restarts from its last durable state");
            self.0.panics.flight_panicked();
        }
        let address = self.start_flight(&slot.base.state.leg);
        slot.address = Some(address.clone());
        address
    }

    fn start_flight(&self, leg: &LegId) -> Addr<FlightActor> {
        let socket_thread = self.0.socket_thread.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let threads = match &*socket_thread {
            Some(thread) => std::slice::from_ref(thread),
            None => &self.0.flight_threads,
        };
        // The map uses the low bits of the hash; the high bits distribute legs over threads.
        let at = (FxBuildHasher.hash_one(leg) >> 32) as usize % threads.len();
        FlightActor::start_on(&threads[at], self.clone(), leg.clone())
    }

    /// Removes the empty slot that is left when the first report of a leg is rejected.
    pub(crate) fn remove_if_empty(&self, leg: &LegId) {
        let is_empty = |_: &LegId, slot: &Slot| slot.base.live.is_none() && slot.base.state.rev == 0;
        if let Some((_, slot)) = self.0.flights.slots.remove_if(leg, is_empty) {
            self.0.flights.uncount(&slot);
        }
        self.update_flight_gauge();
    }

    /// Removes a leg from memory and returns its last snapshot.
    pub(super) fn evict(&self, leg: &LegId) -> Option<Arc<FlightSnapshot>> {
        let forget_at = self.0.clock.now() + ENDS_KNOWN_FOR;
        self.0.flights.retired.insert(leg.clone(), forget_at);
        let slot = self.0.flights.slots.remove(leg);
        self.0.flights.names_mut().retire(leg);
        self.update_flight_gauge();
        let (_, slot) = slot?;
        self.0.flights.uncount(&slot);
        self.0.flights.remember_corrected_keys(&slot.base.state, forget_at);
        slot.base.live
    }

    /// Finds the leg of a report by its key, or by aliases that the source used before.
    pub(crate) fn resolve_leg(&self, report: &Report) -> LegId {
        let leg = report.key.id();
        if self.0.flights.slots.contains_key(&leg) {
            return leg;
        }
        // A provider may correct a leg's route or number under its own identifier.
        let names = self.0.flights.names.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let is_same_flight =
            |leg: &LegId| self.flight_state(leg).is_none_or(|state| state.may_be_meant_by(report));
        names.resolve_where(report, is_same_flight).unwrap_or(leg)
    }

    pub(super) fn update_flight_gauge(&self) {
        self.0.metrics.flights.set(self.flights_len() as i64);
    }
}

/// Why reports on a retired leg are rejected.
pub(crate) fn retired_reason(leg: &LegId) -> String {
    format!("{leg} is over or was removed, and has been retired")
}

/// Whether the retirement time of a leg has passed. A report after that time does not bring the leg back.
pub(crate) fn is_past_retirement(state: &Flight, now: DateTime<Utc>) -> bool {
    state.retires_at() <= now
}
