//! A store that forgets with the process: the contract in its shortest form, for tests.

mod directory;

use chrono::{DateTime, Utc};
use directory::Decided;
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{
    Answer, Archive, ChangeLog, LogEntry, PastChange, Quarantined, RawMessage, StoreError, Version,
};
use std::collections::BTreeMap;
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
    changes: BTreeMap<LegId, Vec<PastChange>>,
    messages: Vec<RawMessage>,
    faults: Vec<Quarantined>,
    decided: Decided,
    /// What every call answers while it is set.
    broken: Option<StoreError>,
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
        self.held().messages.clone()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Held) -> Result<T, StoreError>,
    ) -> Answer<'_, Result<T, StoreError>> {
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
            self.changes.entry(flight.leg.clone()).or_default().extend(changes.iter().map(past_change));
            self.flights.insert(flight.leg.clone(), flight);
        }
        Ok(())
    }

    fn expire(&mut self, raw_before: DateTime<Utc>, history_before: DateTime<Utc>) -> u64 {
        let count = |held: &Self| {
            held.messages.len() + held.faults.len() + held.changes.values().map(Vec::len).sum::<usize>()
        };
        let before = count(self);
        self.messages.retain(|m| m.received_at >= raw_before);
        self.faults.retain(|f| f.received_at >= raw_before);
        for changes in self.changes.values_mut() {
            changes.retain(|c| c.at >= history_before);
        }
        self.changes.retain(|_, changes| !changes.is_empty());
        (before - count(self)) as u64
    }
}

impl ChangeLog for Memory {
    fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, Result<(), StoreError>> {
        self.with(|held| held.append(entries))
    }

    fn restore(&self) -> Answer<'_, Result<Vec<Flight>, StoreError>> {
        self.with(|held| Ok(held.flights.values().map(|flight| Flight::clone(flight)).collect()))
    }

    fn retire(&self, leg: LegId, _: Version) -> Answer<'_, Result<(), StoreError>> {
        self.with(|held| {
            held.flights.remove(&leg);
            Ok(())
        })
    }
}

impl Archive for Memory {
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> Answer<'_, Result<(), StoreError>> {
        self.with(|held| {
            held.messages.extend(message);
            held.faults.extend(faults);
            Ok(())
        })
    }

    fn history(&self, leg: LegId, after: u64, limit: u32) -> Answer<'_, Result<Vec<PastChange>, StoreError>> {
        self.with(|held| {
            let changes = held.changes.get(&leg).map(Vec::as_slice).unwrap_or_default();
            Ok(changes.iter().filter(|c| c.rev > after).take(limit as usize).cloned().collect())
        })
    }

    fn quarantine(&self, limit: u32) -> Answer<'_, Result<Vec<Quarantined>, StoreError>> {
        self.with(|held| Ok(held.faults.iter().rev().take(limit as usize).cloned().collect()))
    }

    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> Answer<'_, Result<u64, StoreError>> {
        self.with(|held| Ok(held.expire(raw_before, history_before)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Opening, archive, change_log, directory};

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
    }

    #[tokio::test]
    async fn the_memory_is_an_archive() {
        archive::suite(places()).await;
    }

    #[tokio::test]
    async fn the_memory_is_a_directory() {
        directory::suite(places()).await;
    }

    #[tokio::test]
    async fn a_broken_memory_says_so_until_it_is_mended() {
        let memory = Memory::new();
        memory.break_with(Some(StoreError::Unavailable { store: "memory", reason: "for a test".into() }));
        assert!(memory.restore().await.is_err());
        memory.break_with(None);
        assert_eq!(memory.restore().await.unwrap(), []);
    }
}
