//! The ports `ChangeLog` and `SharedLog`: appending to the log, and delivering its events.
//!
//! An append succeeds by being read. The entry is written, comes back with everything else in the log, is accepted or
//! superseded (`version_arbiter`) and is published; then the append gets its result. So there is one order, that of
//! the log, and one way in which changes are published.

use super::client::KafkaProducer;
use super::context::{Context, lock};
use super::errors::{refused, unavailable};
use super::headers::{self, RecordHeaders, WriterId};
use super::log_reader::{LogReader, ReadEntry};
use super::log_replay::{self, NewestState};
use super::version_arbiter::Decision;
use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{
    BoxFuture, ChangeLog, Ended, LogEntry, LogEvent, LogSnapshot, SharedLog, StoreError, Version,
};
use futures_util::future::try_join_all;
use rdkafka::producer::future_producer::FutureRecord;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Limit of concurrent appends; more get `Unavailable`. Each flight has one at most, and the number of
/// concurrent reports is bounded before.
const APPENDS_MAX: usize = 65_536;

/// Entries that were read and not published yet. When the limit is reached, reading waits.
pub(super) const READ_MAX: usize = 4_096;

/// Events per batch: appends succeed when all events of their batch are published.
const EVENTS_MAX: usize = 64;

/// How long an append waits, after the brokers confirmed it, until its entry is read and published.
const SHOWN_WAIT: Duration = Duration::from_secs(20);

/// Legs per batch that must be written again.
const REWRITES_MAX: usize = 256;

/// How long only the owner writes a leg again. After that any node does, each after a pause of its own so
/// that one of them is first: compaction must not remove the state of a leg without an owner.
const OWNER_REWRITE_WAIT: Duration = Duration::from_secs(10);
const REWRITE_SPREAD_MS: u64 = 10_000;

/// Receives the result of an append.
pub(super) type Reply = oneshot::Sender<Result<Version, StoreError>>;

/// An append whose entry has not come back yet.
pub(super) struct PendingAppend {
    pub(super) what: Appended,
    pub(super) reply: Reply,
}

pub(super) enum Appended {
    State(LogEntry),
    End,
    /// A position in the log: when it is answered, everything before it is published.
    Barrier,
}

/// Pending appends by their number.
#[derive(Default)]
pub(super) struct PendingAppends(Mutex<FxHashMap<u64, PendingAppend>>);

impl PendingAppends {
    pub(super) fn take(&self, count: u64) -> Option<PendingAppend> {
        lock(&self.0).remove(&count)
    }

    fn put(&self, count: u64, pending: PendingAppend) -> Result<(), StoreError> {
        let mut all = lock(&self.0);
        if all.len() >= APPENDS_MAX {
            return Err(unavailable(format!("{APPENDS_MAX} appends are pending already")));
        }
        all.insert(count, pending);
        Ok(())
    }
}

/// The log that the nodes share. A clone is another handle on the same log.
#[derive(Clone)]
pub struct KafkaLog(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    writer: KafkaProducer,
    /// Distinguishes the entries of this run from those of other processes and of earlier runs.
    process: u64,
    count: AtomicU64,
    pending_appends: Arc<PendingAppends>,
    delivering: tokio::sync::Mutex<Delivering>,
}

/// Entries that were read, and appends whose events were delivered and not yet confirmed as published.
struct Delivering {
    items: Option<mpsc::Receiver<ReadEntry>>,
    given: Vec<(Reply, Result<Version, StoreError>)>,
}

impl KafkaLog {
    pub(super) fn new(context: Arc<Context>, writer: KafkaProducer, process: u64) -> Self {
        Self(Arc::new(Inner {
            context,
            writer,
            process,
            count: AtomicU64::new(1),
            pending_appends: Arc::default(),
            delivering: tokio::sync::Mutex::new(Delivering { items: None, given: Vec::new() }),
        }))
    }

    /// Returns when everything is published that was in the partition at the time of the call.
    pub(super) async fn catch_up(&self, partition: i32) -> Result<(), StoreError> {
        let by = self.0.next_by();
        let node = &self.0.context.config.node;
        let (key, payload) = (format!("#owner-{partition}"), format!("{{\"v\":1,\"owner\":{node:?}}}"));
        let headers = RecordHeaders { after: 0, rev: 0, changes: 0, overwrites: None };
        let sent = RecordToWrite { partition, key: &key, payload: Some(payload.as_bytes()), headers, by };
        self.0.write(sent, Appended::Barrier).await.map(drop)
    }
}

struct RecordToWrite<'a> {
    partition: i32,
    key: &'a str,
    payload: Option<&'a [u8]>,
    headers: RecordHeaders,
    by: WriterId,
}

impl Inner {
    fn next_by(&self) -> WriterId {
        WriterId { process: self.process, count: self.count.fetch_add(1, Ordering::Relaxed) }
    }

    /// Writes a record and waits until it has come back and everything up to it is published.
    async fn write(&self, sent: RecordToWrite<'_>, what: Appended) -> Result<Version, StoreError> {
        self.context.broker_health.refuse_while_unavailable()?;
        let (reply, answer) = oneshot::channel();
        let count = sent.by.count;
        self.pending_appends.put(count, PendingAppend { what, reply })?;
        let guard = PendingGuard(&self.pending_appends, count);
        let record = FutureRecord::to(&self.context.names.changes)
            .partition(sent.partition)
            .key(sent.key)
            .headers(headers::encode(sent.headers, sent.by));
        let record = FutureRecord { payload: sent.payload, ..record };
        let delivery = self.writer.send_result(record).map_err(|(fault, _)| refused(&fault))?;
        match delivery.await {
            Ok(Ok(_)) => {}
            Ok(Err((fault, _))) => return Err(refused(&fault)),
            Err(_) => return Err(unavailable("the writer has ended")),
        }
        let shown = tokio::time::timeout(SHOWN_WAIT, answer).await;
        drop(guard);
        match shown {
            Ok(Ok(decision)) => decision,
            Ok(Err(_)) => Err(unavailable("the reader has ended")),
            Err(_) => Err(unavailable(format!(
                "an entry was written, but was not read back within {} s",
                SHOWN_WAIT.as_secs()
            ))),
        }
    }

    /// Refuses entries that the log would not accept. Then none of them is written.
    fn preview(&self, leg: &LegId, entries: &[LogEntry]) -> Result<(), StoreError> {
        let mut before: Option<u64> = None;
        for entry in entries {
            let headers = head_of(entry, entry.after);
            let first = headers.rev.checked_sub(headers.changes);
            let follows = match before {
                None => lock(&self.context.arbiter).preview(leg, headers) != Decision::Superseded,
                Some(rev) => first == Some(rev),
            };
            let revs = entry.changes.iter().map(|change| change.rev);
            if !follows || first.is_none_or(|first| !revs.eq(first + 1..=headers.rev)) {
                return Err(StoreError::Conflict { leg: leg.clone(), rev: headers.rev });
            }
            before = Some(headers.rev);
        }
        Ok(())
    }

    async fn append_one(&self, entry: LogEntry, after: Version) -> Result<Version, StoreError> {
        let leg = entry.flight.leg.clone();
        let payload = wire::record::encode_log(&entry);
        let sent = RecordToWrite {
            partition: self.context.partition_of(&leg),
            key: leg.as_str(),
            payload: Some(&payload),
            headers: RecordHeaders {
                overwrites: self.context.superseded.superseded_version(&leg),
                ..head_of(&entry, after)
            },
            by: self.next_by(),
        };
        self.write(sent, Appended::State(entry)).await
    }
}

fn head_of(entry: &LogEntry, after: Version) -> RecordHeaders {
    RecordHeaders {
        after: after.0,
        rev: entry.flight.rev,
        changes: entry.changes.len() as u64,
        overwrites: None,
    }
}

/// Removes a pending append, however its write ends.
struct PendingGuard<'a>(&'a PendingAppends, u64);

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        self.0.take(self.1);
    }
}

impl ChangeLog for KafkaLog {
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let mut legs: Vec<(LegId, Vec<LogEntry>)> = Vec::new();
            for entry in entries {
                match legs.iter_mut().find(|(leg, _)| *leg == entry.flight.leg) {
                    Some((_, of_leg)) => of_leg.push(entry),
                    None => legs.push((entry.flight.leg.clone(), vec![entry])),
                }
            }
            for (leg, entries) in &legs {
                if let Err(conflict) = self.0.preview(leg, entries) {
                    // The caller finds the faster entry published when it gets the conflict.
                    self.catch_up(self.0.context.partition_of(leg)).await?;
                    return Err(conflict);
                }
            }
            let each = legs.into_iter().map(async |(_, entries)| {
                let mut after = entries.first().map_or(Version::NONE, |entry| entry.after);
                for entry in entries {
                    // The previous entry of this call is the state that this one was made from.
                    after = self.0.append_one(entry, after).await?;
                }
                Ok::<_, StoreError>(())
            });
            try_join_all(each).await.map(drop)
        })
    }

    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        let context = self.0.context.clone();
        Box::pin(async move {
            let read =
                tokio::task::spawn_blocking(move || log_replay::replay(&context).map(|whole| whole.newest));
            let newest = read.await.map_err(|_| unavailable("reading the log was broken off"))??;
            Ok(decoded(newest).await?.0.into_iter().map(|(flight, _)| flight).collect())
        })
    }

    fn ended(&self, _: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        // They are part of the snapshot of `begin`.
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn retire(&self, leg: LegId, after: Version, _: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let (is_live, newest) = {
                let arbiter = lock(&self.0.context.arbiter);
                (arbiter.is_live(&leg), arbiter.version(&leg))
            };
            // A leg that has ended gets a second end only over a superseded write.
            let after = if is_live { after.0 } else { newest };
            let overwrites = self.0.context.superseded.superseded_version(&leg);
            // A leg that is not in the log has no end to write: it may begin later.
            if !is_live && (overwrites.is_none() || newest == 0) {
                return Ok(());
            }
            let headers = RecordHeaders { after, rev: 0, changes: 0, overwrites };
            let (partition, by) = (self.0.context.partition_of(&leg), self.0.next_by());
            let sent = RecordToWrite { partition, key: leg.as_str(), payload: None, headers, by };
            self.0.write(sent, Appended::End).await.map(drop)
        })
    }

    fn owns(&self, leg: &LegId) -> bool {
        let partition = self.0.context.partition(self.0.context.partition_of(leg));
        partition.is_some_and(|partition| partition.owned.load(Ordering::Acquire))
    }
}

/// States that were decoded, and legs whose newest state is unreadable.
type Decoded = (Vec<(Flight, Version)>, Vec<LegId>);

/// Decodes states on all cores: 100,000 states take one core more than a second.
async fn decoded(newest: Vec<NewestState>) -> Result<Decoded, StoreError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = newest.len().div_ceil(threads).max(1);
    let mut newest = newest.into_iter().peekable();
    let mut readers = Vec::new();
    while newest.peek().is_some() {
        let part: Vec<NewestState> = newest.by_ref().take(share).collect();
        let read = move || part.into_iter().map(NewestState::read).collect::<Vec<_>>();
        readers.push(tokio::task::spawn_blocking(read));
    }
    let (mut flights, mut lost) = (Vec::new(), Vec::new());
    for reader in readers {
        for read in reader.await.map_err(|_| unavailable("reading states was broken off"))? {
            match read {
                Ok(flight) => flights.push(flight),
                Err(leg) => lost.push(leg),
            }
        }
    }
    Ok((flights, lost))
}

impl SharedLog for KafkaLog {
    fn begin(&self) -> BoxFuture<'_, Result<LogSnapshot, StoreError>> {
        Box::pin(async move {
            let context = self.0.context.clone();
            let read = tokio::task::spawn_blocking(move || log_replay::replay(&context));
            let whole = read.await.map_err(|_| unavailable("reading the log was broken off"))??;
            let newest = whole.install(&self.0.context);
            let reader = LogReader::from_read_offsets(&self.0.context)?;
            let (mut flights, lost) = decoded(newest).await?;
            if !lost.is_empty() {
                lost.iter().for_each(|leg| lock(&self.0.context.arbiter).forget(leg));
                let context = self.0.context.clone();
                let older =
                    tokio::task::spawn_blocking(move || log_replay::read_older_states(&context, &lost));
                flights.extend(older.await.map_err(|_| unavailable("reading the log was broken off"))??);
            }
            let ended = lock(&self.0.context.arbiter).ended();
            let (items, told) = mpsc::channel(READ_MAX);
            self.0.delivering.lock().await.items = Some(told);
            reader.follow(self.0.context.clone(), self.0.pending_appends.clone(), self.0.process, items)?;
            Ok(LogSnapshot { flights, ended })
        })
    }

    fn next(&self) -> BoxFuture<'_, Vec<LogEvent>> {
        Box::pin(async move {
            let mut delivering = self.0.delivering.lock().await;
            let Delivering { items, given } = &mut *delivering;
            let mut read = Vec::with_capacity(EVENTS_MAX);
            loop {
                for (reply, decision) in given.drain(..) {
                    // A caller that no longer waits has got a time-out.
                    let _ = reply.send(decision);
                }
                let Some(items) = items.as_mut() else { return std::future::pending().await };
                if items.recv_many(&mut read, EVENTS_MAX).await == 0 {
                    // The reader ended with the node.
                    return std::future::pending().await;
                }
                let mut told = Vec::with_capacity(read.len());
                for ReadEntry { what, reply } in read.drain(..) {
                    told.extend(what);
                    given.extend(reply);
                }
                if !told.is_empty() {
                    return told;
                }
            }
        })
    }

    fn needs_rewrite(&self) -> Vec<LegId> {
        let patience = OWNER_REWRITE_WAIT + Duration::from_millis(self.0.process % REWRITE_SPREAD_MS);
        self.0.context.superseded.needs_rewrite(REWRITES_MAX, patience, |leg| self.owns(leg))
    }

    fn away_for(&self) -> Option<Duration> {
        let context = &self.0.context;
        let unreached =
            context.broker_health.unavailable_since().map(|since| (context.config.real_now)() - since);
        let unreached = unreached.map(|away| away.to_std().unwrap_or_default());
        // Reports that no node merges are not shown either.
        let unmerged = context.owners.unowned(context.config.session_timeout).map(|(_, age)| age);
        unreached.max(unmerged)
    }
}
