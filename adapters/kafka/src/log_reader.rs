//! Reads the log while it grows. `log_replay` reads it at the start.
//!
//! The reader has a thread of its own, because calls of the driver block. It decodes the states; entries of this node
//! come back as they were given.

use super::classify::{LogRecord, classify, place_of, version_of};
use super::client::ClientCallbacks;
use super::context::{Context, lock, monotonic};
use super::errors::unavailable;
use super::headers;
use super::metrics::{self, StatisticsObserver};
use super::shared_log::{Appended, PendingAppend, PendingAppends, Reply};
use super::topics::{CHANGES, ENDS_KEPT};
use domain::leg::LegId;
use domain::ports::{LogEntry, LogEvent, StateChanged, StoreError, Version};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc;
use wire::record::past_change;

/// How long one poll waits for a record.
const POLL: Duration = Duration::from_millis(100);

/// Longest pause between two records during the replay.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// After so many records, ends of legs that nothing can revive are forgotten.
const FORGET_EVERY: u64 = 100_000;

/// An entry that was read: the event to publish, and the append that waits for it.
pub(super) struct ReadEntry {
    pub(super) what: Option<LogEvent>,
    pub(super) reply: Option<(Reply, Result<Version, StoreError>)>,
}

/// A reader of some partitions of the log.
pub(super) struct LogReader {
    consumer: BaseConsumer<ClientCallbacks>,
    /// Partitions that the reader has not read to their end yet.
    open: BTreeSet<i32>,
}

impl LogReader {
    /// A reader of every partition, from the offsets that this node has read.
    pub(super) fn from_read_offsets(context: &Arc<Context>) -> Result<Self, StoreError> {
        let offsets = context.partitions.iter().map(|partition| partition.read_up_to.load(Ordering::Acquire));
        Self::of(context, (0..).zip(offsets.map(Offset::Offset)))
    }

    /// A reader of these partitions from their beginning.
    pub(super) fn from_beginning(
        context: &Arc<Context>,
        partitions: impl Iterator<Item = i32>,
    ) -> Result<Self, StoreError> {
        Self::of(context, partitions.map(|partition| (partition, Offset::Beginning)))
    }

    fn of(context: &Arc<Context>, from: impl Iterator<Item = (i32, Offset)>) -> Result<Self, StoreError> {
        let heard = context.clone();
        let observer = StatisticsObserver::new(move |statistics| {
            metrics::record_lag(statistics, &heard.names.changes, &heard.metrics.log, 0, false);
        });
        let mut config = context.config.consumer("follower", &context.config.named("followers"));
        config.set("enable.partition.eof", "true");
        let callbacks = ClientCallbacks::new("follower", observer);
        let failed = |fault: KafkaError| unavailable(format!("the log cannot be followed: {fault}"));
        let consumer: BaseConsumer<ClientCallbacks> =
            config.create_with_context(callbacks).map_err(failed)?;
        let (mut list, mut open) = (TopicPartitionList::new(), BTreeSet::new());
        for (partition, offset) in from {
            list.add_partition_offset(&context.names.changes, partition, offset).map_err(failed)?;
            open.insert(partition);
        }
        consumer.assign(&list).map_err(failed)?;
        Ok(Self { consumer, open })
    }

    /// Reads to the present end and returns the number of records.
    pub(super) fn read_to_end(
        mut self,
        context: &Context,
        mut take: impl FnMut(&BorrowedMessage<'_>),
    ) -> Result<u64, StoreError> {
        // A reader of a log that always grows never gets the event for the end of a partition.
        let ends = self.present_ends(context)?;
        self.open.retain(|partition| ends.contains_key(partition));
        let (mut heard, mut records) = (monotonic(), 0_u64);
        while !self.open.is_empty() {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    heard = monotonic();
                    records += 1;
                    take(&message);
                    let partition = message.partition();
                    if ends.get(&partition).is_some_and(|end| message.offset() + 1 >= *end) {
                        self.open.remove(&partition);
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.open.remove(&partition);
                }
                Some(Err(fault)) => tracing::warn!(%fault, "reading the log"),
                None => {}
            }
            if heard.elapsed() > SILENCE_MAX || context.is_ending() {
                return Err(unavailable("the log could not be read to its end"));
            }
        }
        Ok(records)
    }

    /// The present end of each partition that is not empty. Waits for brokers that do not know a new
    /// partition yet.
    fn present_ends(&self, context: &Context) -> Result<BTreeMap<i32, i64>, StoreError> {
        let (began, wait) = (monotonic(), context.config.request_timeout);
        let mut ends = BTreeMap::new();
        for partition in &self.open {
            let (first, end) = loop {
                match self.consumer.fetch_watermarks(&context.names.changes, *partition, wait) {
                    Ok(found) => break found,
                    Err(fault) if began.elapsed() >= wait => {
                        return Err(unavailable(format!("the end of the log cannot be asked: {fault}")));
                    }
                    Err(_) => std::thread::sleep(POLL),
                }
            };
            if first < end {
                ends.insert(*partition, end);
            }
        }
        Ok(ends)
    }

    /// Continues on a thread of its own until the node ends or the receiver is gone.
    pub(super) fn follow(
        self,
        context: Arc<Context>,
        pending_appends: Arc<PendingAppends>,
        process: u64,
        items: mpsc::Sender<ReadEntry>,
    ) -> Result<(), StoreError> {
        let following = LogTail { context: context.clone(), pending_appends, process };
        context.thread("kafka-follower", move || following.run(&self.consumer, &items))
    }
}

struct LogTail {
    context: Arc<Context>,
    pending_appends: Arc<PendingAppends>,
    process: u64,
}

impl LogTail {
    fn run(&self, consumer: &BaseConsumer<ClientCallbacks>, items: &mpsc::Sender<ReadEntry>) {
        let mut records = 0_u64;
        while !self.context.is_ending() {
            let message = match consumer.poll(POLL) {
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(_))) | None => {
                    if items.is_closed() {
                        return;
                    }
                    continue;
                }
                Some(Err(fault)) => {
                    tracing::warn!(%fault, "following the log");
                    continue;
                }
            };
            let item = self.item(&message);
            record_read(&self.context, &message);
            self.context.metrics.log.record_taken(message.partition(), message.timestamp().to_millis());
            records += 1;
            if let (0, Some(now_ms)) = (records % FORGET_EVERY, message.timestamp().to_millis()) {
                lock(&self.context.arbiter).forget_ended_before(now_ms - ENDS_KEPT.as_millis() as i64);
            }
            if let Some(item) = item
                && items.blocking_send(item).is_err()
            {
                return;
            }
        }
    }

    fn item(&self, message: &BorrowedMessage<'_>) -> Option<ReadEntry> {
        let version = Version(version_of(message));
        let read = classify(&mut lock(&self.context.arbiter), self.context.config.partitions, message);
        let ours = |by: headers::WriterId| {
            (by.process == self.process).then(|| self.pending_appends.take(by.count)).flatten()
        };
        match read {
            LogRecord::Barrier { by } => {
                let PendingAppend { reply, .. } = ours(by)?;
                Some(ReadEntry { what: None, reply: Some((reply, Ok(version))) })
            }
            LogRecord::Skip { skip, by } => {
                self.context.skips.note(skip);
                let PendingAppend { reply, .. } = ours(by)?;
                Some(ReadEntry { what: None, reply: Some((reply, Ok(version))) })
            }
            LogRecord::Superseded { leg, known, headers, by } => {
                self.context.superseded.note(
                    Some(&leg).filter(|_| known),
                    message.partition(),
                    message.offset(),
                );
                self.context.metrics.superseded.fetch_add(1, Ordering::Relaxed);
                let PendingAppend { reply, .. } = ours(by)?;
                Some(ReadEntry {
                    what: None,
                    reply: Some((reply, Err(StoreError::Conflict { leg, rev: headers.rev }))),
                })
            }
            LogRecord::End { leg, by } => {
                self.context.superseded.accepted(&leg);
                let reply = ours(by).map(|pending| (pending.reply, Ok(version)));
                Some(ReadEntry { what: Some(LogEvent::Retired { leg, version }), reply })
            }
            LogRecord::State { leg, gap, by, payload } => {
                let item = self.state(&leg, gap, ours(by), payload, version);
                if item.is_none() {
                    self.context.superseded.note(Some(&leg), message.partition(), message.offset());
                }
                item
            }
            LogRecord::Unreadable { leg, reason } => {
                self.context.unreadable(leg.as_ref(), message, &reason);
                None
            }
            LogRecord::Misplaced { own } => {
                self.context.misplaced(own, message);
                None
            }
            LogRecord::NewerVersion { leg, fault } => {
                if self.context.skips.has(CHANGES, message.partition(), message.offset()) {
                    self.context.unreadable(leg.as_ref(), message, "an operator skipped it");
                } else {
                    self.context.too_old(&place_of(message), &fault);
                }
                None
            }
        }
    }

    fn state(
        &self,
        leg: &LegId,
        gap: bool,
        ours: Option<PendingAppend>,
        payload: &[u8],
        version: Version,
    ) -> Option<ReadEntry> {
        self.context.superseded.accepted(leg);
        if let Some(PendingAppend { what: Appended::State(LogEntry { flight, changes, .. }), reply }) = ours {
            let changes = changes.iter().map(past_change).collect();
            let followed = StateChanged { flight, version, changes, gap };
            return Some(ReadEntry {
                what: Some(LogEvent::Changed(followed)),
                reply: Some((reply, Ok(version))),
            });
        }
        match wire::record::decode_log(payload) {
            Ok(record) => {
                let (flight, changes) = (Arc::new(record.flight), record.changes);
                Some(ReadEntry {
                    what: Some(LogEvent::Changed(StateChanged { flight, version, changes, gap })),
                    reply: None,
                })
            }
            Err(fault) => {
                // JSON of this version that is no state: no hub wrote it. Every node forgets the versions
                // of the leg, and its owner writes the leg again.
                self.context.metrics.unreadable.fetch_add(1, Ordering::Relaxed);
                lock(&self.context.arbiter).forget(leg);
                tracing::error!(flight.leg = %leg, %fault, "a state in the log is unreadable and not shown");
                None
            }
        }
    }
}

fn record_read(context: &Context, message: &BorrowedMessage<'_>) {
    if let Some(partition) = context.partition(message.partition()) {
        partition.read_up_to.store(message.offset() + 1, Ordering::Release);
    }
}
