//! Moves what Kafka holds into the archive: raw messages, faults, and from the log the changes.
//!
//! Members of the group `archivists` share the partitions. A batch is recorded, and only then are
//! its offsets committed; a batch that cannot be recorded is tried again for as long as it takes,
//! while the member stays in its group and reads no more. Recording twice is recording once, so a
//! crash or a change of hands between the two does no harm.

use super::core::{Core, Voice, monotonic, unavailable};
use super::figures::{self, Observer};
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

/// A batch: so many records, or so many bytes, or what came in so long a time.
const BATCH_MAX: usize = 1_000;
const BATCH_BYTES_MAX: usize = 8 << 20;
const BATCH_WAIT: Duration = Duration::from_millis(200);

const POLL: Duration = Duration::from_millis(50);

/// Between two tries of a batch: the first pause and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Starts moving, on a thread of its own, until the node ends.
pub(super) fn start(core: Arc<Core>, recorder: Arc<dyn Recorder>) -> Result<(), StoreError> {
    let heard = core.clone();
    let observer = Observer::new(move |statistics| {
        let second = i32::from(heard.config.partitions);
        figures::note(statistics, &heard.names.archive, &heard.figures.archive, 0, true);
        figures::note(statistics, &heard.names.changes, &heard.figures.archive, second, true);
    });
    let voice = Voice::new("archivist", observer);
    let failed = |fault: KafkaError| unavailable(format!("the archivist cannot read: {fault}"));
    let config = core.config.consumer("archivist", &core.config.named("archivists"));
    let consumer: BaseConsumer<Voice> = config.create_with_context(voice).map_err(failed)?;
    consumer.subscribe(&[&core.names.archive, &core.names.changes]).map_err(failed)?;
    let moving = Moving { core: core.clone(), recorder, consumer, batch: Batch::default() };
    core.thread("kafka-archivist", move || moving.run())
}

#[derive(Default)]
struct Batch {
    archive_records: Vec<ArchiveRecord>,
    bytes: usize,
    records: usize,
    since: Option<Instant>,
    /// By topic and partition, from where to go on.
    go_on_from: BTreeMap<(String, i32), i64>,
}

impl Batch {
    fn is_due(&self) -> bool {
        self.records >= BATCH_MAX
            || self.bytes >= BATCH_BYTES_MAX
            || self.since.is_some_and(|since| since.elapsed() >= BATCH_WAIT)
    }
}

struct Moving {
    core: Arc<Core>,
    recorder: Arc<dyn Recorder>,
    consumer: BaseConsumer<Voice>,
    batch: Batch,
}

impl Moving {
    fn run(mut self) {
        while !self.core.is_ending() {
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
        if message.topic() == self.core.names.archive {
            self.core.figures.archive.took(partition, message.timestamp().to_millis());
            return match decode_archive_record(payload) {
                Ok(ArchivePayload::Message(message)) => vec![ArchiveRecord::Message { key: place, message }],
                Ok(ArchivePayload::Fault(fault)) => vec![ArchiveRecord::Fault { key: place, fault }],
                Err(fault @ RecordError::Newer { .. })
                    if !self.core.skips.has(ARCHIVE, partition, offset) =>
                {
                    self.core.too_old(&place, &fault);
                    Vec::new()
                }
                Err(fault) => vec![self.unreadable(place, fault.to_string(), payload)],
            };
        }
        let second = i32::from(self.core.config.partitions);
        self.core.figures.archive.took(second + partition, message.timestamp().to_millis());
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
                self.core.too_old(&place, &fault);
                Vec::new()
            }
            (None, _) => vec![self.unreadable(place, "its key is no leg".into(), payload)],
            (_, Err(fault)) => vec![self.unreadable(place, fault.to_string(), payload)],
        }
    }

    /// Whether an entry of the log does not count. The follower of this node knows once it has come so
    /// far, and is waited for: history that was wrong would stay so.
    fn was_late(&self, partition: i32, offset: i64) -> bool {
        let has_come = || {
            self.core.partition(partition).is_some_and(|place| place.judged.load(Ordering::Acquire) > offset)
        };
        while !has_come() && !self.core.is_ending() {
            std::thread::sleep(Duration::from_millis(2));
        }
        self.core.late.has(partition, offset)
    }

    fn unreadable(&self, place: Arc<str>, why: String, payload: &[u8]) -> ArchiveRecord {
        self.core.figures.unreadable.fetch_add(1, Ordering::Relaxed);
        let cut = &payload[..payload.len().min(Quarantined::EXCERPT_BYTES_MAX / 4)];
        let fault = Quarantined {
            feed: "kafka".into(),
            received_at: (self.core.config.real_now)(),
            index: None,
            field: None,
            reason: format!("{place}: {why}"),
            excerpt: String::from_utf8_lossy(cut).into_owned(),
        };
        ArchiveRecord::Fault { key: place, fault }
    }

    /// Records the batch, however often it takes, and commits.
    fn record(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let mut pause = RETRY_FIRST;
        while !batch.archive_records.is_empty() {
            match self.core.runtime.block_on(self.recorder.record(batch.archive_records.clone())) {
                Ok(()) => break,
                Err(fault) => {
                    tracing::warn!(records = batch.records, %fault, "a batch is not in the archive yet; trying again");
                    if !self.stay(pause) {
                        return;
                    }
                    pause = (pause * 2).min(RETRY_MAX);
                }
            }
        }
        let mut list = TopicPartitionList::new();
        for ((topic, partition), next) in &batch.go_on_from {
            // Names and numbers that came from the driver are taken by it.
            let _ = list.add_partition_offset(topic, *partition, Offset::Offset(*next));
        }
        if let Err(fault) = self.consumer.commit(&list, CommitMode::Sync) {
            // Partitions that went to another are recorded there once more, which is nothing.
            tracing::info!(%fault, "the archivist's offsets were not committed");
        }
        self.pause_or_resume(false);
    }

    /// Stays a member of the group for a while without reading. `false` when the node ends.
    fn stay(&mut self, pause: Duration) -> bool {
        let began = monotonic();
        while began.elapsed() < pause {
            if self.core.is_ending() {
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
    batch.archive_records.extend(read);
    batch.bytes += message.payload_len();
    batch.records += 1;
    batch.since.get_or_insert_with(monotonic);
    batch.go_on_from.insert((message.topic().to_owned(), message.partition()), message.offset() + 1);
}
