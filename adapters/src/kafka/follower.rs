//! Reading the log as it grows. How it is read at the start is in `start`.
//!
//! On a thread of its own, because the driver's calls wait. States are read here, so that whoever
//! shows them has nothing to decode; our own entries come back as we gave them.

use super::core::{Core, Voice, lock, monotonic, unavailable};
use super::figures::{self, Observer};
use super::head;
use super::judge::{Read, judge, place_of, version_of};
use super::log::{Appended, Pending, Pendings, Reply};
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

/// How long the driver is asked to wait for a record.
const POLL: Duration = Duration::from_millis(100);

/// At the start, for so long nothing may come before the end is reached.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// After so many records the ends of legs that nobody can bring back any more are forgotten.
const FORGET_EVERY: u64 = 100_000;

/// One thing that was read: what is to be shown, and who is to hear of it then.
pub(super) struct Item {
    pub(super) what: Option<LogEvent>,
    pub(super) reply: Option<(Reply, Result<Version, StoreError>)>,
}

/// A reader of some partitions of the log.
pub(super) struct Reader {
    consumer: BaseConsumer<Voice>,
    /// Partitions that were not read to their end yet.
    open: BTreeSet<i32>,
}

impl Reader {
    /// A reader of every partition, from the offsets up to which they are judged.
    pub(super) fn behind_what_is_judged(core: &Arc<Core>) -> Result<Self, StoreError> {
        let judged = core.partitions.iter().map(|partition| partition.judged.load(Ordering::Acquire));
        Self::of(core, (0..).zip(judged.map(Offset::Offset)))
    }

    /// A reader of these partitions, from their beginning.
    pub(super) fn at_the_beginning(
        core: &Arc<Core>,
        partitions: impl Iterator<Item = i32>,
    ) -> Result<Self, StoreError> {
        Self::of(core, partitions.map(|partition| (partition, Offset::Beginning)))
    }

    fn of(core: &Arc<Core>, from: impl Iterator<Item = (i32, Offset)>) -> Result<Self, StoreError> {
        let heard = core.clone();
        let observer = Observer::new(move |statistics| {
            figures::note(statistics, &heard.names.changes, &heard.figures.log, 0, false);
        });
        let mut config = core.config.consumer("follower", &core.config.named("followers"));
        config.set("enable.partition.eof", "true");
        let voice = Voice::new("follower", observer);
        let failed = |fault: KafkaError| unavailable(format!("the log cannot be followed: {fault}"));
        let consumer: BaseConsumer<Voice> = config.create_with_context(voice).map_err(failed)?;
        let (mut list, mut open) = (TopicPartitionList::new(), BTreeSet::new());
        for (partition, offset) in from {
            list.add_partition_offset(&core.names.changes, partition, offset).map_err(failed)?;
            open.insert(partition);
        }
        consumer.assign(&list).map_err(failed)?;
        Ok(Self { consumer, open })
    }

    /// Reads up to the present end, and answers with the number of records.
    pub(super) fn read_to_end(
        mut self,
        core: &Core,
        mut take: impl FnMut(&BorrowedMessage<'_>),
    ) -> Result<u64, StoreError> {
        // Where the log grows all the time a reader never hears that it has come to the end.
        let ends = self.present_ends(core)?;
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
            if heard.elapsed() > SILENCE_MAX || core.is_ending() {
                return Err(unavailable("the log could not be read to its end"));
            }
        }
        Ok(records)
    }

    /// The present end of each partition that is not empty. A partition that was made a moment ago is not known
    /// to every broker yet, and is waited for.
    fn present_ends(&self, core: &Core) -> Result<BTreeMap<i32, i64>, StoreError> {
        let (began, wait) = (monotonic(), core.config.request_timeout);
        let mut ends = BTreeMap::new();
        for partition in &self.open {
            let (first, end) = loop {
                match self.consumer.fetch_watermarks(&core.names.changes, *partition, wait) {
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

    /// Goes on reading, on a thread of its own, until the node ends or nobody listens any more.
    pub(super) fn follow(
        self,
        core: Arc<Core>,
        pendings: Arc<Pendings>,
        process: u64,
        items: mpsc::Sender<Item>,
    ) -> Result<(), StoreError> {
        let following = Following { core: core.clone(), pendings, process };
        core.thread("kafka-follower", move || following.run(&self.consumer, &items))
    }
}

struct Following {
    core: Arc<Core>,
    pendings: Arc<Pendings>,
    process: u64,
}

impl Following {
    fn run(&self, consumer: &BaseConsumer<Voice>, items: &mpsc::Sender<Item>) {
        let mut records = 0_u64;
        while !self.core.is_ending() {
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
            note_judged(&self.core, &message);
            self.core.figures.log.took(message.partition(), message.timestamp().to_millis());
            records += 1;
            if let (0, Some(now_ms)) = (records % FORGET_EVERY, message.timestamp().to_millis()) {
                lock(&self.core.ledger).forget_ended_before(now_ms - ENDS_KEPT.as_millis() as i64);
            }
            if let Some(item) = item
                && items.blocking_send(item).is_err()
            {
                return;
            }
        }
    }

    fn item(&self, message: &BorrowedMessage<'_>) -> Option<Item> {
        let version = Version(version_of(message));
        let read = judge(&mut lock(&self.core.ledger), self.core.config.partitions, message);
        let ours =
            |by: head::Writer| (by.process == self.process).then(|| self.pendings.take(by.count)).flatten();
        match read {
            Read::Mark { by } => {
                let Pending { reply, .. } = ours(by)?;
                Some(Item { what: None, reply: Some((reply, Ok(version))) })
            }
            Read::Skip { skip, by } => {
                self.core.skips.note(skip);
                let Pending { reply, .. } = ours(by)?;
                Some(Item { what: None, reply: Some((reply, Ok(version))) })
            }
            Read::Late { leg, known, head, by } => {
                self.core.late.note(Some(&leg).filter(|_| known), message.partition(), message.offset());
                self.core.figures.late.fetch_add(1, Ordering::Relaxed);
                let Pending { reply, .. } = ours(by)?;
                Some(Item {
                    what: None,
                    reply: Some((reply, Err(StoreError::Conflict { leg, rev: head.rev }))),
                })
            }
            Read::End { leg, by } => {
                self.core.late.counted(&leg);
                let reply = ours(by).map(|pending| (pending.reply, Ok(version)));
                Some(Item { what: Some(LogEvent::Retired { leg, version }), reply })
            }
            Read::State { leg, gap, by, payload } => {
                let item = self.state(&leg, gap, ours(by), payload, version);
                if item.is_none() {
                    self.core.late.note(Some(&leg), message.partition(), message.offset());
                }
                item
            }
            Read::Unreadable { leg, reason } => {
                self.core.unreadable(leg.as_ref(), message, &reason);
                None
            }
            Read::Misplaced { own } => {
                self.core.misplaced(own, message);
                None
            }
            Read::Newer { leg, fault } => {
                if self.core.skips.has(CHANGES, message.partition(), message.offset()) {
                    self.core.unreadable(leg.as_ref(), message, "an operator had it passed over");
                } else {
                    self.core.too_old(&place_of(message), &fault);
                }
                None
            }
        }
    }

    fn state(
        &self,
        leg: &LegId,
        gap: bool,
        ours: Option<Pending>,
        payload: &[u8],
        version: Version,
    ) -> Option<Item> {
        self.core.late.counted(leg);
        if let Some(Pending { what: Appended::State(LogEntry { flight, changes, .. }), reply }) = ours {
            let changes = changes.iter().map(past_change).collect();
            let followed = StateChanged { flight, version, changes, gap };
            return Some(Item { what: Some(LogEvent::Changed(followed)), reply: Some((reply, Ok(version))) });
        }
        match wire::record::decode_log(payload) {
            Ok(record) => {
                let (flight, changes) = (Arc::new(record.flight), record.changes);
                Some(Item {
                    what: Some(LogEvent::Changed(StateChanged { flight, version, changes, gap })),
                    reply: None,
                })
            }
            Err(fault) => {
                // JSON of our version that is no state: no hub has written it. Every node forgets what
                // was known of the leg's versions, and its owner writes again what is shown of it.
                self.core.figures.unreadable.fetch_add(1, Ordering::Relaxed);
                lock(&self.core.ledger).forget(leg);
                tracing::error!(flight.leg = %leg, %fault, "a state in the log cannot be read and is not shown");
                None
            }
        }
    }
}

fn note_judged(core: &Core, message: &BorrowedMessage<'_>) {
    if let Some(partition) = core.partition(message.partition()) {
        partition.judged.store(message.offset() + 1, Ordering::Release);
    }
}
