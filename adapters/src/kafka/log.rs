//! The shared log, written and told.
//!
//! An append is answered by reading: the entry is written, comes back with everything else that is
//! in the log, is judged there (see `ledger`), and is shown; then whoever appended hears whether it
//! counts. So there is one order, the log's, and one way in which anything is shown.

use super::core::{Core, Writer, lock, unavailable};
use super::follower::{Item, Reader};
use super::head::{self, Writer as By};
use super::ledger::{Head, Verdict};
use super::start::{self, Newest};
use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{
    BoxFuture, ChangeLog, Ended, LogEntry, LogEvent, LogSnapshot, SharedLog, StoreError, Version,
};
use futures_util::future::try_join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::FutureRecord;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Appends that are under way at once; more are answered `Unavailable`. Each flight has one at most,
/// and the reports under way are bounded before.
const APPENDS_MAX: usize = 65_536;

/// Things that were read from the log and not shown yet. When so many wait, reading waits.
pub(super) const READ_MAX: usize = 4_096;

/// Most things given at once: their writers hear of them when all are shown.
const TOLD_MAX: usize = 64;

/// How much longer than for the brokers one waits until an entry has come back and is shown.
const SHOWN_WAIT: Duration = Duration::from_secs(20);

/// Most legs that are to be written again at once.
const OVERWRITTEN_MAX: usize = 256;

/// How long a leg that is to be written again is left to its owner. After that any node does it, each after a
/// pause of its own, so that one of them is first: a leg without an owner must not be lost to compaction.
const OWNERS_TURN: Duration = Duration::from_secs(10);
const OTHERS_SPREAD_MS: u64 = 10_000;

/// How an append is answered.
pub(super) type Reply = oneshot::Sender<Result<Version, StoreError>>;

/// An append that has not come back yet.
pub(super) struct Pending {
    pub(super) what: Appended,
    pub(super) reply: Reply,
}

pub(super) enum Appended {
    State(LogEntry),
    End,
    /// Nothing but a place in the log: all before it has been shown when it is answered.
    Mark,
}

/// Appends by their count.
#[derive(Default)]
pub(super) struct Pendings(Mutex<FxHashMap<u64, Pending>>);

impl Pendings {
    pub(super) fn take(&self, count: u64) -> Option<Pending> {
        lock(&self.0).remove(&count)
    }

    fn put(&self, count: u64, pending: Pending) -> Result<(), StoreError> {
        let mut all = lock(&self.0);
        if all.len() >= APPENDS_MAX {
            return Err(unavailable(format!("{APPENDS_MAX} entries wait for the log already")));
        }
        all.insert(count, pending);
        Ok(())
    }
}

/// The log that the nodes share. A clone is another handle on the same.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    writer: Writer,
    /// Tells our own entries from those of other processes, and of our last life.
    process: u64,
    count: AtomicU64,
    pendings: Arc<Pendings>,
    telling: tokio::sync::Mutex<Telling>,
}

/// What is read, and what was given and not said to be shown.
struct Telling {
    items: Option<mpsc::Receiver<Item>>,
    given: Vec<(Reply, Result<Version, StoreError>)>,
}

impl Log {
    pub(super) fn new(core: Arc<Core>, writer: Writer, process: u64) -> Self {
        Self(Arc::new(Inner {
            core,
            writer,
            process,
            count: AtomicU64::new(1),
            pendings: Arc::default(),
            telling: tokio::sync::Mutex::new(Telling { items: None, given: Vec::new() }),
        }))
    }

    /// Answers when everything has been shown that was in a partition when this was asked.
    pub(super) async fn catch_up(&self, partition: i32) -> Result<(), StoreError> {
        let by = self.0.next_by();
        let node = &self.0.core.config.node;
        let (key, payload) = (format!("#owner-{partition}"), format!("{{\"v\":1,\"owner\":{node:?}}}"));
        let head = Head { after: 0, rev: 0, changes: 0, over: None };
        let sent = Sent { partition, key: &key, payload: Some(payload.as_bytes()), head, by };
        self.0.write(sent, Appended::Mark).await.map(drop)
    }
}

struct Sent<'a> {
    partition: i32,
    key: &'a str,
    payload: Option<&'a [u8]>,
    head: Head,
    by: By,
}

impl Inner {
    fn next_by(&self) -> By {
        By { process: self.process, count: self.count.fetch_add(1, Ordering::Relaxed) }
    }

    /// Writes a record and waits until it has come back and everything up to it is shown.
    async fn write(&self, sent: Sent<'_>, what: Appended) -> Result<Version, StoreError> {
        self.core.reach.refuse_while_away()?;
        let (reply, answer) = oneshot::channel();
        let count = sent.by.count;
        self.pendings.put(count, Pending { what, reply })?;
        let given_up = GivenUp(&self.pendings, count);
        let record = FutureRecord::to(&self.core.names.changes)
            .partition(sent.partition)
            .key(sent.key)
            .headers(head::headers(sent.head, sent.by));
        let record = FutureRecord { payload: sent.payload, ..record };
        let delivery = self.writer.send_result(record).map_err(|(fault, _)| refused(&fault))?;
        match delivery.await {
            Ok(Ok(_)) => {}
            Ok(Err((fault, _))) => return Err(refused(&fault)),
            Err(_) => return Err(unavailable("the writer has ended")),
        }
        let shown = tokio::time::timeout(SHOWN_WAIT, answer).await;
        drop(given_up);
        match shown {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) => Err(unavailable("the reader has ended")),
            Err(_) => Err(unavailable(format!(
                "an entry was written and did not come back within {} s",
                SHOWN_WAIT.as_secs()
            ))),
        }
    }

    /// Refuses what the log would: nothing is written then of any of the entries.
    fn foresee(&self, leg: &LegId, entries: &[LogEntry]) -> Result<(), StoreError> {
        let mut before: Option<u64> = None;
        for entry in entries {
            let head = head_of(entry, entry.after);
            let first = head.rev.checked_sub(head.changes);
            let follows = match before {
                None => lock(&self.core.ledger).foresee(leg, head) != Verdict::Late,
                Some(rev) => first == Some(rev),
            };
            let revs = entry.changes.iter().map(|change| change.rev);
            if !follows || first.is_none_or(|first| !revs.eq(first + 1..=head.rev)) {
                return Err(StoreError::Conflict { leg: leg.clone(), rev: head.rev });
            }
            before = Some(head.rev);
        }
        Ok(())
    }

    async fn append_one(&self, entry: LogEntry, after: Version) -> Result<Version, StoreError> {
        let leg = entry.flight.leg.clone();
        let payload = wire::record::encode_log(&entry);
        let sent = Sent {
            partition: self.core.partition_of(&leg),
            key: leg.as_str(),
            payload: Some(&payload),
            head: Head { over: self.core.late.over(&leg), ..head_of(&entry, after) },
            by: self.next_by(),
        };
        self.write(sent, Appended::State(entry)).await
    }
}

fn head_of(entry: &LogEntry, after: Version) -> Head {
    Head { after: after.0, rev: entry.flight.rev, changes: entry.changes.len() as u64, over: None }
}

/// Takes an append out of those that wait, however its writing ends.
struct GivenUp<'a>(&'a Pendings, u64);

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        self.0.take(self.1);
    }
}

fn refused(fault: &KafkaError) -> StoreError {
    match fault.rdkafka_error_code() {
        Some(RDKafkaErrorCode::QueueFull) => unavailable("too many records wait to be written"),
        Some(RDKafkaErrorCode::MessageTimedOut) => unavailable("no broker confirmed the record in time"),
        _ => unavailable(fault.to_string()),
    }
}

impl ChangeLog for Log {
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
                if let Err(conflict) = self.0.foresee(leg, entries) {
                    // Whoever hears of it finds what was faster in its place.
                    self.catch_up(self.0.core.partition_of(leg)).await?;
                    return Err(conflict);
                }
            }
            let each = legs.into_iter().map(async |(_, entries)| {
                let mut after = entries.first().map_or(Version::NONE, |entry| entry.after);
                for entry in entries {
                    // The one before it in this call is what it was made from.
                    after = self.0.append_one(entry, after).await?;
                }
                Ok::<_, StoreError>(())
            });
            try_join_all(each).await.map(drop)
        })
    }

    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        let core = self.0.core.clone();
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || start::read_all(&core).map(|whole| whole.newest));
            let newest = read.await.map_err(|_| unavailable("reading the log was broken off"))??;
            Ok(decoded(newest).await?.0.into_iter().map(|(flight, _)| flight).collect())
        })
    }

    fn ended(&self, _: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        // They are told with the rest of the beginning.
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn retire(&self, leg: LegId, after: Version, _: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let (is_live, newest) = {
                let ledger = lock(&self.0.core.ledger);
                (ledger.is_live(&leg), ledger.version(&leg))
            };
            // The end of one that is over is written again only over what came too late.
            let after = if is_live { after.0 } else { newest };
            let over = self.0.core.late.over(&leg);
            // Of a leg that the log does not know there is no end to write: it may begin one day.
            if !is_live && (over.is_none() || newest == 0) {
                return Ok(());
            }
            let head = Head { after, rev: 0, changes: 0, over };
            let (partition, by) = (self.0.core.partition_of(&leg), self.0.next_by());
            let sent = Sent { partition, key: leg.as_str(), payload: None, head, by };
            self.0.write(sent, Appended::End).await.map(drop)
        })
    }

    fn owns(&self, leg: &LegId) -> bool {
        let partition = self.0.core.partition(self.0.core.partition_of(leg));
        partition.is_some_and(|partition| partition.owned.load(Ordering::Acquire))
    }
}

/// States that were read, and legs of which nothing can be.
type Decoded = (Vec<(Flight, Version)>, Vec<LegId>);

/// Reads states on every core: a hundred thousand take a core a second and more.
async fn decoded(newest: Vec<Newest>) -> Result<Decoded, StoreError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = newest.len().div_ceil(threads).max(1);
    let mut newest = newest.into_iter().peekable();
    let mut readers = Vec::new();
    while newest.peek().is_some() {
        let part: Vec<Newest> = newest.by_ref().take(share).collect();
        let read = move || part.into_iter().map(Newest::read).collect::<Vec<_>>();
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

impl SharedLog for Log {
    fn begin(&self) -> BoxFuture<'_, Result<LogSnapshot, StoreError>> {
        Box::pin(async move {
            let core = self.0.core.clone();
            let read = tokio::task::spawn_blocking(move || start::read_all(&core));
            let whole = read.await.map_err(|_| unavailable("reading the log was broken off"))??;
            let newest = whole.install(&self.0.core);
            let reader = Reader::behind_what_is_judged(&self.0.core)?;
            let (mut flights, lost) = decoded(newest).await?;
            if !lost.is_empty() {
                lost.iter().for_each(|leg| lock(&self.0.core.ledger).forget(leg));
                let core = self.0.core.clone();
                let older = tokio::task::spawn_blocking(move || start::read_older(&core, &lost));
                flights.extend(older.await.map_err(|_| unavailable("reading the log was broken off"))??);
            }
            let ended = lock(&self.0.core.ledger).ended();
            let (items, told) = mpsc::channel(READ_MAX);
            self.0.telling.lock().await.items = Some(told);
            reader.follow(self.0.core.clone(), self.0.pendings.clone(), self.0.process, items)?;
            Ok(LogSnapshot { flights, ended })
        })
    }

    fn next(&self) -> BoxFuture<'_, Vec<LogEvent>> {
        Box::pin(async move {
            let mut telling = self.0.telling.lock().await;
            let Telling { items, given } = &mut *telling;
            let mut read = Vec::with_capacity(TOLD_MAX);
            loop {
                for (reply, verdict) in given.drain(..) {
                    // Who does not wait any more has been answered with a time-out.
                    let _ = reply.send(verdict);
                }
                let Some(items) = items.as_mut() else { return std::future::pending().await };
                if items.recv_many(&mut read, TOLD_MAX).await == 0 {
                    // The reader has ended with the node.
                    return std::future::pending().await;
                }
                let mut told = Vec::with_capacity(read.len());
                for Item { what, reply } in read.drain(..) {
                    told.extend(what);
                    given.extend(reply);
                }
                if !told.is_empty() {
                    return told;
                }
            }
        })
    }

    fn overwritten(&self) -> Vec<LegId> {
        let patience = OWNERS_TURN + Duration::from_millis(self.0.process % OTHERS_SPREAD_MS);
        self.0.core.late.overwritten(OVERWRITTEN_MAX, patience, |leg| self.owns(leg))
    }

    fn away_for(&self) -> Option<Duration> {
        let core = &self.0.core;
        let unreached = core.reach.away_since().map(|since| (core.config.real_now)() - since);
        let unreached = unreached.map(|away| away.to_std().unwrap_or_default());
        // What nobody merges is not shown either.
        let unmerged = core.owners.missing(core.config.session_timeout).map(|(_, age)| age);
        unreached.max(unmerged)
    }
}
