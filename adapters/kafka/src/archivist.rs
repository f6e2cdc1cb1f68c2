//! Moves records from Kafka into the archive: raw messages and faults, and from the log the changes.
//!
//! Members of the group `archivists` share the partitions. The archivist records a batch and then commits its
//! offsets. It retries a batch that cannot be recorded until it succeeds, stays in its group meanwhile and reads no
//! more. Recording is idempotent, so a crash or a rebalance between recording and committing does no harm.

use super::client::ClientCallbacks;
use super::context::{Context, monotonic};
use super::errors::unavailable;
use super::metrics::{self, StatisticsObserver};
use super::topics::ARCHIVE;
use domain::leg::LegId;
use domain::ports::{ArchiveRecord, Quarantined, Recorder, StoreError};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use wire::record::{ArchivePayload, RecordError, decode_archive_record, decode_log};

/// Limits of a batch: records, bytes, and how long it collects.
const BATCH_MAX: usize = 1_000;
const BATCH_BYTES_MAX: usize = 8 << 20;
const BATCH_WAIT: Duration = Duration::from_millis(200);

const POLL: Duration = Duration::from_millis(50);

/// The first and the longest pause between two attempts to record a batch.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Starts the archivist on a thread of its own. It runs until the node ends.
pub(super) fn start(context: Arc<Context>, recorder: Arc<dyn Recorder>) -> Result<(), StoreError> {
    let heard = context.clone();
    let observer = StatisticsObserver::new(move |statistics| {
        let second = i32::from(heard.config.partitions);
        metrics::record_lag(statistics, &heard.names.archive, &heard.metrics.archive, 0, true);
        metrics::record_lag(statistics, &heard.names.changes, &heard.metrics.archive, second, true);
    });
    let callbacks = ClientCallbacks::new("archivist", observer);
    let failed = |fault: KafkaError| unavailable(format!("the archivist cannot read: {fault}"));
    let config = context.config.consumer("archivist", &context.config.named("archivists"));
    let consumer: BaseConsumer<ClientCallbacks> = config.create_with_context(callbacks).map_err(failed)?;
    consumer.subscribe(&[&context.names.archive, &context.names.changes]).map_err(failed)?;
    let moving = Archivist { context: context.clone(), recorder, consumer, batch: Batch::default() };
    context.thread("kafka-archivist", move || moving.run())
}

#[derive(Default)]
struct Batch {
    records: Vec<ArchiveRecord>,
    bytes: usize,
    count: usize,
    since: Option<Instant>,
    /// WriterId topic and partition, from where to go on.
    next_offset: BTreeMap<(String, i32), i64>,
}

impl Batch {
    fn is_due(&self) -> bool {
        self.count >= BATCH_MAX
            || self.bytes >= BATCH_BYTES_MAX
            || self.since.is_some_and(|since| since.elapsed() >= BATCH_WAIT)
    }
}

struct Archivist {
    context: Arc<Context>,
    recorder: Arc<dyn Recorder>,
    consumer: BaseConsumer<ClientCallbacks>,
    batch: Batch,
}

impl Archivist {
    fn run(mut self) {
        while !self.context.is_ending() {
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    let read = self.read(&message);
                    add(&mut self.batch, read, &message);
                }
                Some(Err(fault)) => tracing::warn!(%fault, "reading for the archive"),
                None => {}
            }
            if self.batch.is_due() {
                self.record();
            }
        }
    }

    fn read(&self, message: &BorrowedMessage<'_>) -> Vec<ArchiveRecord> {
        let (partition, offset) = (message.partition(), message.offset());
        let payload = message.payload().unwrap_or_default();
        let place: Arc<str> = format!("{}-{partition}-{offset}", message.topic()).into();
        if message.topic() == self.context.names.archive {
            self.context.metrics.archive.record_taken(partition, message.timestamp().to_millis());
            return match decode_archive_record(payload) {
                Ok(ArchivePayload::Message(message)) => vec![ArchiveRecord::Message { key: place, message }],
                Ok(ArchivePayload::Fault(fault)) => vec![ArchiveRecord::Fault { key: place, fault }],
                Err(fault @ RecordError::Newer { .. })
                    if !self.context.skips.has(ARCHIVE, partition, offset) =>
                {
                    self.context.too_old(&place, &fault);
                    Vec::new()
                }
                Err(fault) => vec![self.unreadable(place, fault.to_string(), payload)],
            };
        }
        let second = i32::from(self.context.config.partitions);
        self.context.metrics.archive.record_taken(second + partition, message.timestamp().to_millis());
        let key = message.key().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
        let is_state = !key.starts_with('#') && message.payload().is_some();
        if !is_state || self.was_late(partition, offset) {
            return Vec::new();
        }
        match (LegId::known(key), decode_log(payload)) {
            (Some(leg), Ok(record)) => {
                let of_leg = |change| ArchiveRecord::Change { leg: leg.clone(), change };
                record.changes.into_iter().map(of_leg).collect()
            }
            (_, Err(fault @ RecordError::Newer { .. })) => {
                self.context.too_old(&place, &fault);
                Vec::new()
            }
            (None, _) => vec![self.unreadable(place, "its key is no leg".into(), payload)],
            (_, Err(fault)) => vec![self.unreadable(place, fault.to_string(), payload)],
        }
    }

    /// Whether an entry of the log does not count. Waits until the log reader of this node has passed the
    /// entry: a wrong change in the history would stay there.
    fn was_late(&self, partition: i32, offset: i64) -> bool {
        let has_come = || {
            self.context
                .partition(partition)
                .is_some_and(|place| place.read_up_to.load(Ordering::Acquire) > offset)
        };
        while !has_come() && !self.context.is_ending() {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.context.superseded.has(partition, offset)
    }

    fn unreadable(&self, place: Arc<str>, why: String, payload: &[u8]) -> ArchiveRecord {
        self.context.metrics.unreadable.fetch_add(1, Ordering::Relaxed);
        let cut = &payload[..payload.len().min(Quarantined::EXCERPT_BYTES_MAX / 4)];
        let fault = Quarantined {
            feed: "kafka".into(),
            received_at: (self.context.config.real_now)(),
            index: None,
            field: None,
            reason: format!("{place}: {why}"),
            excerpt: String::from_utf8_lossy(cut).into_owned(),
        };
        ArchiveRecord::Fault { key: place, fault }
    }

    /// Records the batch, with retries, and commits its offsets.
    fn record(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let mut pause = RETRY_FIRST;
        while !batch.records.is_empty() {
            match self.context.runtime.block_on(self.recorder.record(batch.records.clone())) {
                Ok(()) => break,
                Err(fault) => {
                    tracing::warn!(records = batch.count, %fault, "a batch is not in the archive yet; trying again");
                    if !self.stay(pause) {
                        return;
                    }
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
        let mut list = TopicPartitionList::new();
        for ((topic, partition), next) in &batch.next_offset {
            // The driver accepts topics and partitions that it returned itself.
            let _ = list.add_partition_offset(topic, *partition, Offset::Offset(*next));
        }
        if let Err(fault) = self.consumer.commit(&list, CommitMode::Sync) {
            // The next owner records these partitions again, which has no effect.
            tracing::info!(%fault, "the archivist's offsets were not committed");
        }
        self.pause_or_resume(false);
    }

    /// Stays a member of the group for `pause` without reading. `false` if the node ends.
    fn stay(&mut self, pause: Duration) -> bool {
        let began = monotonic();
        while began.elapsed() < pause {
            if self.context.is_ending() {
                return false;
            }
            self.pause_or_resume(true);
            match self.consumer.poll(POLL) {
                Some(Ok(message)) => {
                    let read = self.read(&message);
                    add(&mut self.batch, read, &message);
                }
                Some(Err(fault)) => tracing::warn!(%fault, "reading for the archive"),
                None => {}
            }
        }
        true
    }

    fn pause_or_resume(&self, pause: bool) {
        let switched = self.consumer.assignment().and_then(|all| match pause {
            true => self.consumer.pause(&all),
            false => self.consumer.resume(&all),
        });
        if let Err(fault) = switched {
            tracing::warn!(%fault, "the archivist could not pause or resume");
        }
    }
}

fn add(batch: &mut Batch, read: Vec<ArchiveRecord>, message: &BorrowedMessage<'_>) {
    batch.records.extend(read);
    batch.bytes += message.payload_len();
    batch.count += 1;
    batch.since.get_or_insert_with(monotonic);
    batch.next_offset.insert((message.topic().to_owned(), message.partition()), message.offset() + 1);
}
