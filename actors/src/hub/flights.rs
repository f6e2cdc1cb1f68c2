//! Which legs there are: found, started, restored, retired.

use super::{Hub, Map};
use crate::flight::{FlightActor, Retire};
use crate::live::Live;
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

/// What is durable of a leg, and who merges its reports.
pub(super) struct Slot {
    /// Started when the first report comes to this node: most replicas never need one.
    pub(super) address: Option<Addr<FlightActor>>,
    pub(super) base: Base,
    /// The feed of whose share it takes a place.
    made_by: Option<Arc<str>>,
}

/// The durable state of a leg, and what is shown of it.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) state: Arc<Flight>,
    /// For the entry that is made from this state.
    pub(crate) version: Version,
    pub(crate) live: Option<Arc<Live>>,
}

/// The legs in memory, and those that were.
#[derive(Default)]
pub(super) struct Flights {
    pub(super) slots: Map<LegId, Slot>,
    /// Legs that were retired, and until when they are remembered: a late report must not bring one
    /// back with a first revision.
    retired: Map<LegId, DateTime<Utc>>,
    /// What they were called besides, by the source whose correction that was. `None` is everybody.
    retired_names: Map<(LegId, Option<Arc<str>>), DateTime<Utc>>,
    /// How many legs in memory each feed has made known.
    made: Map<Arc<str>, usize>,
    /// Other names of live legs. Written when a leg gets a name, read for legs not found by key.
    names: RwLock<AliasIndex>,
}

impl Flights {
    /// A slot for a leg that comes into memory. It counts for the feed that made it known until it leaves.
    pub(super) fn slot(&self, base: Base, made_by: Option<Arc<str>>) -> Slot {
        if let Some(feed) = &made_by {
            *self.made.entry(feed.clone()).or_default() += 1;
        }
        Slot { address: None, base, made_by }
    }

    /// Remembers under what other keys a leg that is over was reported, or it would come back under them.
    /// What is a live leg of its own by now is none of them.
    fn retire_names(&self, state: &Flight, forget_at: DateTime<Utc>) {
        let normalized = (state.key.normalized().id(), None);
        let corrected = state.corrections.iter().map(|correction| {
            let alone = (!correction.binds_others()).then(|| correction.source.clone());
            (correction.key.id(), alone)
        });
        for name in corrected.chain([normalized]) {
            if name.0 != state.leg && !self.slots.contains_key(&name.0) {
                self.retired_names.insert(name, forget_at);
            }
        }
    }

    fn is_retired(&self, leg: &LegId, source: &Arc<str>) -> bool {
        let is_named = |by| self.retired_names.contains_key(&(leg.clone(), by));
        self.retired.contains_key(leg) || is_named(None) || is_named(Some(source.clone()))
    }

    fn gave_up(&self, slot: &Slot) {
        if let Some(mut count) = slot.made_by.as_ref().and_then(|feed| self.made.get_mut(feed)) {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn names_mut(&self) -> RwLockWriteGuard<'_, AliasIndex> {
        self.names.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Learns what a leg is called, where that is new since `before`.
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
    /// Puts every stored flight back in its place, and remembers those that are over. Call once, before
    /// any report, and not where several nodes write the log: there the bridge begins.
    pub async fn restore(&self) -> Result<usize, StoreError> {
        for Ended { leg, at } in self.0.log.ended(self.0.clock.now() - ENDS_KNOWN_FOR).await? {
            self.0.flights.retired.insert(leg, at + ENDS_KNOWN_FOR);
        }
        let flights = self.0.log.restore().await?;
        Ok(self.put_back(flights.into_iter().map(|flight| (flight, Version::NONE)).collect()).await)
    }

    /// Puts these flights in their places, and answers how many there are.
    pub(crate) async fn put_back(&self, flights: Vec<(Flight, Version)>) -> usize {
        let count = flights.len();
        for (flight, version) in flights.into_iter().filter(|(flight, _)| flight.rev > 0) {
            let state = Arc::new(flight);
            let live = Arc::new(Live::of(&state, Arc::new(state.view())));
            self.0.flights.learn_names(None, &state);
            let made_by = state.created_by.clone();
            let base = Base { state, version, live: Some(live.clone()) };
            self.0.flights.slots.insert(live.leg.clone(), self.0.flights.slot(base, made_by));
            self.put_on_boards(&live.view.topics(&live.leg), &live).await;
        }
        self.count_flights();
        count
    }

    /// Remembers legs that were over before this node began.
    pub(crate) fn remember_ended(&self, ended: Vec<LegId>) {
        let forget_at = self.0.clock.now() + ENDS_KNOWN_FOR;
        for leg in ended {
            self.0.flights.retired.insert(leg, forget_at);
        }
    }

    /// The live state of a leg.
    pub fn live(&self, leg: &LegId) -> Option<Arc<Live>> {
        self.0.flights.slots.get(leg).and_then(|slot| slot.base.live.clone())
    }

    /// The whole merged state of a leg, provenance and all.
    pub fn state(&self, leg: &LegId) -> Option<Arc<Flight>> {
        self.0.flights.slots.get(leg).map(|slot| slot.base.state.clone())
    }

    /// What the next report of a leg is merged into.
    pub(crate) fn base(&self, leg: &LegId) -> Option<Base> {
        self.0.flights.slots.get(leg).map(|slot| slot.base.clone())
    }

    /// The leg of a call sign. Where several have it, the one that leaves nearest to now.
    pub fn leg_of_call_sign(&self, call_sign: &str) -> Option<LegId> {
        let now = self.0.clock.now();
        let names = self.0.flights.names.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let legs = names.called(call_sign);
        let off = |leg: &LegId| {
            let leaves = self.live(leg).map(|live| live.view.board_time(Direction::Departures));
            leaves.map_or(TimeDelta::MAX, |at| (at - now).abs())
        };
        legs.iter().min_by_key(|leg| (off(leg), *leg)).cloned()
    }

    /// Legs in memory.
    pub fn flights_len(&self) -> usize {
        self.0.flights.slots.len()
    }

    /// Legs in memory that a feed has made known.
    pub fn flights_made_by(&self, feed: &str) -> usize {
        self.0.flights.made.get(feed).map_or(0, |count| *count)
    }

    /// Legs in memory that match, in the order of their identifiers, at most `most` of them, and how many
    /// there are in all. `feed` is the one that made them known.
    pub fn legs_that_match(
        &self,
        pattern: &LegPattern,
        feed: Option<&str>,
        most: usize,
    ) -> (Vec<LegId>, usize) {
        let matches = |slot: &Slot| {
            slot.base.state.rev > 0 && feed.is_none_or(|feed| slot.made_by.as_deref() == Some(feed))
        };
        let all = self.0.flights.slots.iter().filter(|slot| pattern.matches(slot.key()) && matches(slot));
        let mut legs: Vec<LegId> = all.map(|slot| slot.key().clone()).collect();
        legs.sort_unstable();
        let count = legs.len();
        legs.truncate(most);
        (legs, count)
    }

    /// Calls `look` with the live state of every leg, in no order.
    pub fn each_live(&self, mut look: impl FnMut(&Arc<Live>)) {
        for slot in self.0.flights.slots.iter() {
            if let Some(live) = &slot.base.live {
                look(live);
            }
        }
    }

    /// Retires every leg of this node whose time is over, at most `most` of them. Answers how many
    /// it asked to go.
    pub async fn retire_due(&self, most: usize) -> usize {
        let now = self.0.clock.now();
        let due = |slot: &Slot| slot.base.state.retires_at() <= now;
        let all = self.0.flights.slots.iter().filter(|slot| due(slot) && self.0.log.owns(slot.key()));
        let over: Vec<LegId> = all.take(most).map(|slot| slot.key().clone()).collect();
        for leg in &over {
            // Flights leave with their threads now, and are not to be taken for dead.
            if self.0.stopping.load(std::sync::atomic::Ordering::SeqCst) {
                break;
            }
            if let Some(address) = self.known_flight(leg) {
                // If it dies of this, the next round finds it dead and starts it again.
                let _ = address.send(Retire).await;
            }
        }
        self.0.flights.retired.retain(|_, forget_at| *forget_at > now);
        self.0.flights.retired_names.retain(|_, forget_at| *forget_at > now);
        over.len()
    }

    /// Why no actor may be started for a leg that has none.
    fn refusal_of_new(&self, leg: &LegId, source: &Source) -> Option<String> {
        if self.0.flights.slots.contains_key(leg) {
            return None;
        }
        if self.0.flights.is_retired(leg, &source.name) {
            return Some(retired(leg));
        }
        let name = &source.name;
        if let Some(most) = source.scope.flights_max
            && self.flights_made_by(name) >= most
        {
            return Some(format!(
                "{name} has made its share of {most} flights known (feeds.{name}.flights_max)"
            ));
        }
        let most = self.0.limits.flights_max;
        (self.flights_len() >= most)
            .then(|| format!("the hub holds its limit of {most} flights (limits.flights_max)"))
    }

    /// Why a report can never be merged, as far as this node can tell without owning its leg.
    pub(crate) fn foreseen_refusal(&self, leg: &LegId, report: &Report) -> Option<String> {
        if let Some(refusal) = self.refusal_of_new(leg, &report.source) {
            return Some(refusal);
        }
        report.check_times(self.0.clock.now()).err().map(|refused| refused.to_string())
    }

    /// The actor of a leg, started if there is none or the last one died.
    pub(super) fn flight(&self, report: &Report, leg: &LegId) -> Result<Addr<FlightActor>, Outcome> {
        if let Some(slot) = self.0.flights.slots.get(leg)
            && let Some(address) = slot.address.as_ref().filter(|address| address.connected())
        {
            return Ok(address.clone());
        }
        if let Some(refusal) = self.refusal_of_new(leg, &report.source) {
            return Err(Outcome::Rejected(refusal));
        }
        let mut fresh = false;
        let mut slot = self.0.flights.slots.entry(leg.clone()).or_insert_with(|| {
            fresh = true;
            let state = Arc::new(Flight::new(report.key));
            let base = Base { state, version: Version::NONE, live: None };
            self.0.flights.slot(base, Some(report.source.name.clone()))
        });
        let address = self.actor_in(&mut slot);
        drop(slot);
        if fresh {
            self.count_flights();
        }
        Ok(address)
    }

    /// The actor of a leg that is in memory, started if there is none or the last one died.
    pub(super) fn known_flight(&self, leg: &LegId) -> Option<Addr<FlightActor>> {
        self.0.flights.slots.get_mut(leg).map(|mut slot| self.actor_in(&mut slot))
    }

    fn actor_in(&self, slot: &mut Slot) -> Addr<FlightActor> {
        if let Some(address) = &slot.address {
            if address.connected() {
                return address.clone();
            }
            let leg = &slot.base.state.leg;
            tracing::error!(flight.leg = %leg, "a flight's actor died; it starts again from its last durable state");
            self.0.deaths.flight_died();
        }
        let address = self.start_flight(&slot.base.state.leg);
        slot.address = Some(address.clone());
        address
    }

    fn start_flight(&self, leg: &LegId) -> Addr<FlightActor> {
        let beside_sockets = self.0.beside_sockets.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let threads = match &*beside_sockets {
            Some(thread) => std::slice::from_ref(thread),
            None => &self.0.flight_threads,
        };
        // The map's own hash takes the low bits; the high ones spread legs over threads.
        let at = (FxBuildHasher.hash_one(leg) >> 32) as usize % threads.len();
        FlightActor::start_on(&threads[at], self.clone(), leg.clone())
    }

    /// Takes an empty slot away again after a first report that could not be applied.
    pub(crate) fn withdraw(&self, leg: &LegId) {
        let is_empty = |_: &LegId, slot: &Slot| slot.base.live.is_none() && slot.base.state.rev == 0;
        if let Some((_, slot)) = self.0.flights.slots.remove_if(leg, is_empty) {
            self.0.flights.gave_up(&slot);
        }
        self.count_flights();
    }

    /// Takes a leg out of memory. Answers what was shown of it.
    pub(super) fn let_go(&self, leg: &LegId) -> Option<Arc<Live>> {
        let forget_at = self.0.clock.now() + ENDS_KNOWN_FOR;
        self.0.flights.retired.insert(leg.clone(), forget_at);
        let slot = self.0.flights.slots.remove(leg);
        self.0.flights.names_mut().retire(leg);
        self.count_flights();
        let (_, slot) = slot?;
        self.0.flights.gave_up(&slot);
        self.0.flights.retire_names(&slot.base.state, forget_at);
        slot.base.live
    }

    /// The leg that a report is of: by its key, or by the names that its source gave it before.
    pub(crate) fn leg_of(&self, report: &Report) -> LegId {
        let leg = report.key.id();
        if self.0.flights.slots.contains_key(&leg) {
            return leg;
        }
        // A provider may correct a leg's route or number under its own identifier.
        let names = self.0.flights.names.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let is_same_flight = |leg: &LegId| self.state(leg).is_none_or(|state| state.may_be_meant_by(report));
        names.resolve_where(report, is_same_flight).unwrap_or(leg)
    }

    pub(super) fn count_flights(&self) {
        self.0.metrics.flights.set(self.flights_len() as i64);
    }
}

/// Why reports on a leg that is over are refused.
pub(crate) fn retired(leg: &LegId) -> String {
    format!("{leg} is over or was removed, and has been retired")
}

/// How long after a leg's last known time a report of it is taken for an echo of the past.
pub(crate) fn is_over(state: &Flight, now: DateTime<Utc>) -> bool {
    state.retires_at() <= now
}
