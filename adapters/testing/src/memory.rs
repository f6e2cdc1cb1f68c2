//! A store that forgets with the process: the contract in its shortest form, for tests.

mod directory;

use chrono::{DateTime, Utc};
use directory::Decided;
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{
    Archive, ArchiveRecord, BoxFuture, ChangeLog, ENDS_KNOWN_FOR, Ended, LogEntry, PastChange, Quarantined,
    RawMessage, Recorder, StoreError, Version,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wire::record::past_change;

/// A store that forgets with the process. A clone is another handle on the same.
#[derive(Clone, Default)]
pub struct Memory {
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    flights: BTreeMap<LegId, Arc<Flight>>,
    ended: BTreeMap<LegId, DateTime<Utc>>,
    changes: BTreeMap<LegId, BTreeMap<u64, PastChange>>,
    messages: Shelf<RawMessage>,
    faults: Shelf<Quarantined>,
    decided: Decided,
    /// What every call answers while it is set.
    broken: Option<StoreError>,
}

/// Things in the order in which they came, some of them with a key.
struct Shelf<T> {
    kept: Vec<(Option<Arc<str>>, T)>,
    keys: BTreeSet<Arc<str>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), keys: BTreeSet::new() }
    }
}

impl<T> Shelf<T> {
    fn keep(&mut self, things: impl IntoIterator<Item = T>) {
        self.kept.extend(things.into_iter().map(|thing| (None, thing)));
    }

    /// Keeps it unless its key is known.
    fn record(&mut self, key: Arc<str>, thing: T) {
        if self.keys.insert(key.clone()) {
            self.kept.push((Some(key), thing));
        }
    }

    fn retain(&mut self, stays: impl Fn(&T) -> bool) {
        let keys = &mut self.keys;
        self.kept.retain(|(key, thing)| {
            let stays = stays(thing);
            if let (false, Some(key)) = (stays, key) {
                keys.remove(key);
            }
            stays
        });
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.kept.iter().map(|(_, thing)| thing)
    }
}

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers every call with `error` until it is taken back, for tests of what the hub does then.
    pub fn break_with(&self, error: Option<StoreError>) {
        self.held().broken = error;
    }

    /// The messages kept, oldest first.
    pub fn messages(&self) -> Vec<RawMessage> {
        self.held().messages.iter().cloned().collect()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Held) -> Result<T, StoreError>,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        let mut held = self.held();
        let outcome = held.broken.clone().map_or(Ok(()), Err).and_then(|()| work(&mut held));
        Box::pin(std::future::ready(outcome))
    }
}

impl Held {
    fn append(&mut self, entries: Vec<LogEntry>) -> Result<(), StoreError> {
        let mut revs: BTreeMap<&LegId, u64> = BTreeMap::new();
        for entry in &entries {
            let leg = &entry.flight.leg;
            let stored = revs.get(leg).copied();
            let stored = stored.or_else(|| self.flights.get(leg).map(|f| f.rev)).unwrap_or_default();
            let expected = (stored + 1)..=entry.flight.rev;
            if entry.flight.rev < stored || !entry.changes.iter().map(|c| c.rev).eq(expected) {
                return Err(StoreError::Conflict { leg: leg.clone(), rev: entry.flight.rev });
            }
            revs.insert(leg, entry.flight.rev);
        }
        for LogEntry { flight, changes, .. } in entries {
            let told = changes.iter().map(|change| (change.rev, past_change(change)));
            self.changes.entry(flight.leg.clone()).or_default().extend(told);
            self.ended.remove(&flight.leg);
            self.flights.insert(flight.leg.clone(), flight);
        }
        Ok(())
    }

    fn expire(&mut self, raw_before: DateTime<Utc>, history_before: DateTime<Utc>) -> u64 {
        let count = |held: &Self| {
            let changes: usize = held.changes.values().map(BTreeMap::len).sum();
            held.messages.kept.len() + held.faults.kept.len() + changes
        };
        let before = count(self);
        self.messages.retain(|m| m.received_at >= raw_before);
        self.faults.retain(|f| f.received_at >= raw_before);
        for changes in self.changes.values_mut() {
            changes.retain(|_, c| c.at >= history_before);
        }
        self.changes.retain(|_, changes| !changes.is_empty());
        let ended_before = raw_before.min(history_before) - ENDS_KNOWN_FOR;
        self.ended.retain(|_, at| *at >= ended_before);
        (before - count(self)) as u64
    }
}

impl ChangeLog for Memory {
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.with(|held| held.append(entries))
    }

    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        self.with(|held| Ok(held.flights.values().map(|flight| Flight::clone(flight)).collect()))
    }

    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        self.with(|held| {
            let known = held.ended.iter().filter(|(_, at)| **at >= since);
            Ok(known.map(|(leg, at)| Ended { leg: leg.clone(), at: *at }).collect())
        })
    }

    fn retire(&self, leg: LegId, _: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.with(|held| {
            if held.flights.remove(&leg).is_some() {
                held.ended.insert(leg, at);
            }
            Ok(())
        })
    }
}

impl Archive for Memory {
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        self.with(|held| {
            held.messages.keep(message);
            held.faults.keep(faults);
            Ok(())
        })
    }

    fn history(
        &self,
        leg: LegId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>> {
        self.with(|held| {
            let Some(changes) = held.changes.get(&leg) else { return Ok(Vec::new()) };
            let later = changes.range((Bound::Excluded(after), Bound::Unbounded));
            Ok(later.take(limit as usize).map(|(_, change)| change.clone()).collect())
        })
    }

    fn newest(&self, leg: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>> {
        self.with(|held| Ok(held.changes.get(&leg).and_then(|all| all.values().next_back().cloned())))
    }

    fn quarantine(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>> {
        self.with(|held| {
            let mut faults: Vec<_> = held.faults.iter().rev().collect();
            // Stable: among entries of one instant, the last one is first.
            faults.sort_by_key(|fault| std::cmp::Reverse(fault.received_at));
            Ok(faults.into_iter().take(limit as usize).cloned().collect())
        })
    }

    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.with(|held| Ok(held.expire(raw_before, history_before)))
    }
}

impl Recorder for Memory {
    fn record(&self, records: Vec<ArchiveRecord>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.with(|held| {
            for record in records {
                match record {
                    ArchiveRecord::Message { key, message } => held.messages.record(key, message),
                    ArchiveRecord::Fault { key, fault } => held.faults.record(key, fault),
                    ArchiveRecord::Change { leg, change } => {
                        held.changes.entry(leg).or_default().entry(change.rev).or_insert(change);
                    }
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Opening, archive, change_log, directory, recorder};

    /// "The same place again" is the same memory: nothing is durable here, and the suites ask only
    /// that what was answered is found.
    fn places() -> impl AsyncFnMut(Opening) -> Memory {
        let mut current = Memory::new();
        async move |opening| {
            if opening == Opening::Fresh {
                current = Memory::new();
            }
            current.clone()
        }
    }

    #[tokio::test]
    async fn the_memory_is_a_change_log() {
        change_log::suite(places()).await;
        change_log::ends_are_known(places()).await;
    }

    #[tokio::test]
    async fn the_memory_is_an_archive() {
        archive::suite(places()).await;
    }

    #[tokio::test]
    async fn the_memory_is_a_recorder() {
        recorder::suite(places()).await;
    }

    #[tokio::test]
    async fn the_memory_is_a_directory() {
        directory::suite(places()).await;
    }

    #[tokio::test]
    async fn a_broken_memory_store_fails_until_it_is_repaired() {
        let memory = Memory::new();
        memory.break_with(Some(StoreError::Unavailable { store: "memory", reason: "for a test".into() }));
        assert!(memory.restore().await.is_err());
        memory.break_with(None);
        assert_eq!(memory.restore().await.unwrap(), []);
    }
}
