//! The change log of one node, on a simulated disk that survives crashes.

use crate::checks::{Checks, Invariant};
use crate::faults::{Broken, Faults};
use crate::random::Random;
use crate::record::Record;
use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{BoxFuture, ChangeLog, Ended, LogEntry, StoreError, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// What survives a crash.
pub(crate) struct Disk {
    pub(crate) faults: Faults,
    broken: Broken,
    flights: Mutex<BTreeMap<LegId, Flight>>,
    /// The state before the last, for the broken log that forgets.
    earlier: Mutex<BTreeMap<LegId, Flight>>,
    ended: Mutex<BTreeMap<LegId, DateTime<Utc>>>,
    record: Record,
    checks: Checks,
    random: Random,
}

impl Disk {
    pub(crate) fn new(seed: u64, broken: Broken, record: Record, checks: Checks) -> Self {
        Self {
            faults: Faults::default(),
            broken,
            flights: Mutex::default(),
            earlier: Mutex::default(),
            ended: Mutex::default(),
            record,
            checks,
            random: Random::of(seed, "disk"),
        }
    }

    fn keep(&self, entry: &LogEntry) {
        let flight = (*entry.flight).clone();
        let leg = flight.leg.clone();
        if let Some(earlier) = self.flights.lock().unwrap().insert(leg.clone(), flight) {
            self.earlier.lock().unwrap().insert(leg, earlier);
        }
        self.record.keep(entry);
    }

    fn flights(&self) -> Vec<Flight> {
        let flights = self.flights.lock().unwrap();
        let earlier = self.earlier.lock().unwrap();
        let forgets = |leg| match self.broken == Broken::LogForgets && self.random.percent(30) {
            true => earlier.get(leg),
            false => None,
        };
        flights.iter().map(|(leg, flight)| forgets(leg).unwrap_or(flight).clone()).collect()
    }
}

/// The log of one process. After a crash of the process it writes and answers nothing more.
pub(crate) struct DiskLog {
    disk: Arc<Disk>,
    is_dead: Arc<AtomicBool>,
    /// Legs with an append in progress.
    in_progress: Mutex<BTreeSet<LegId>>,
}

impl DiskLog {
    pub(crate) fn new(disk: Arc<Disk>) -> Self {
        Self { disk, is_dead: Arc::default(), in_progress: Mutex::default() }
    }

    pub(crate) fn die(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
    }

    /// Takes as long as the disk takes. Never returns in a dead process.
    async fn work(&self) {
        let pause = self.disk.random.millis(0..=self.disk.faults.slowest_ms());
        tokio::time::sleep(pause).await;
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// Does the work before a write, which may fail.
    async fn begin(&self, what: &str) -> Result<(), StoreError> {
        self.work().await;
        let faults = &self.disk.faults;
        let reason = match (faults.is_full(), self.disk.random.percent(faults.failures_percent())) {
            (true, _) => "the simulated disk is full",
            (_, true) => "the simulated disk failed",
            _ => return Ok(()),
        };
        self.disk.checks.note(format_args!("refused {what}: {reason}"));
        Err(StoreError::Unavailable { store: "simulated disk", reason: reason.into() })
    }

    async fn write(&self, entries: &[LogEntry]) -> Result<(), StoreError> {
        self.begin(entries[0].flight.leg.as_str()).await?;
        if self.disk.broken == Broken::LogAnswersFirst && self.disk.random.percent(30) {
            let (disk, entries, is_dead) = (self.disk.clone(), entries.to_vec(), self.is_dead.clone());
            actix_rt::spawn(async move {
                tokio::time::sleep(disk.random.millis(0..=3_000)).await;
                if !is_dead.load(Ordering::SeqCst) {
                    entries.iter().for_each(|entry| disk.keep(entry));
                }
            });
            return Ok(());
        }
        entries.iter().for_each(|entry| self.disk.keep(entry));
        // A crash now keeps what was not answered.
        self.work().await;
        Ok(())
    }
}

impl ChangeLog for DiskLog {
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let legs: Vec<LegId> = entries.iter().map(|entry| entry.flight.leg.clone()).collect();
            for leg in &legs {
                let is_first = self.in_progress.lock().unwrap().insert(leg.clone());
                let what = format_args!("two appends of {leg} at the same time");
                self.disk.checks.check(Invariant::PortContract, is_first, what);
            }
            let answer = self.write(&entries).await;
            self.in_progress.lock().unwrap().retain(|leg| !legs.contains(leg));
            answer
        })
    }

    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        Box::pin(async {
            self.work().await;
            Ok(self.disk.flights())
        })
    }

    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        Box::pin(async move {
            self.work().await;
            let ended = self.disk.ended.lock().unwrap();
            let known = ended.iter().filter(|(_, at)| **at >= since);
            Ok(known.map(|(leg, at)| Ended { leg: leg.clone(), at: *at }).collect())
        })
    }

    fn retire(&self, leg: LegId, _: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.begin(leg.as_str()).await?;
            self.disk.flights.lock().unwrap().remove(&leg);
            self.disk.record.end(&leg);
            self.disk.ended.lock().unwrap().insert(leg, at);
            self.work().await;
            Ok(())
        })
    }
}
