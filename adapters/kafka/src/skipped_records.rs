//! Records that an operator has skipped: records that only a newer hub can read and that would end every hub that reads
//! them.
//!
//! A decision is a record of `gatecall.changes` with a key of its own, so that compaction keeps it, in the partition with
//! the same number as the skipped record. Every hub reads it at its start, before the other topics, and while it runs.

use super::Kafka;
use super::classify::place_of;
use super::client::ClientCallbacks;
use super::config::KafkaConfig;
use super::context::{Context, lock, monotonic};
use super::errors::unavailable;
use super::headers::{self, RecordHeaders, WriterId};
use super::log_replay::{self, BlockingRecord};
use super::metrics::StatisticsObserver;
use super::topics::{ARCHIVE, CHANGES, REPORTS};
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::StoreError;
use domain::single_line_text::SingleLineText;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::future_producer::FutureRecord;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wire::record::{RecordError, SkipRecord, decode_archive_record, decode_report, decode_skip, encode_skip};

/// Prefix of the keys of decisions.
const KEY: &str = "#skip-";

/// Time limit for reading one record.
const READ_WAIT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(100);

const TOPICS: [&str; 3] = [CHANGES, REPORTS, ARCHIVE];

/// A decision, decoded.
pub(super) struct Skip(SkipRecord);

impl Skip {
    fn key(topic: &str, partition: i32, offset: i64) -> String {
        format!("{KEY}{topic}-{partition}-{offset}")
    }

    /// The partition in which a decision with this key counts; `None` for other keys.
    pub(super) fn partition_of_key(key: &str) -> Option<i32> {
        let mut parts = key.strip_prefix(KEY)?.split('-').skip(1);
        parts.next()?.parse().ok()
    }

    /// Decodes a decision; `None` if the key is not one of a decision.
    pub(super) fn read(key: &str, payload: Option<&[u8]>) -> Option<Result<Self, String>> {
        key.starts_with(KEY).then(|| {
            let skip = decode_skip(payload.unwrap_or_default()).map_err(|fault| fault.to_string())?;
            match Self::key(&skip.topic, skip.partition, skip.offset) == key {
                true => Ok(Self(skip)),
                false => Err("its key names another record than it does".into()),
            }
        })
    }
}

/// The decisions that this node knows.
#[derive(Default)]
pub(super) struct Skips(Mutex<BTreeSet<(String, i32, i64)>>);

impl Skips {
    /// Adds a decision and logs it.
    pub(super) fn note(&self, Skip(skip): Skip) {
        let SkipRecord { topic, partition, offset, by, at, reason } = skip;
        let place = format!("{topic} {partition}/{offset}");
        let reason = reason.as_ref().map_or("", SingleLineText::as_str);
        if lock(&self.0).insert((topic, partition, offset)) {
            tracing::warn!(place, %by, %at, reason, "a record is skipped by decision of an operator");
        }
    }

    /// Whether the record is skipped.
    pub(super) fn has(&self, topic: &str, partition: i32, offset: i64) -> bool {
        let skips = lock(&self.0);
        !skips.is_empty() && skips.contains(&(topic.to_owned(), partition, offset))
    }
}

/// The position of a record in Kafka.
#[derive(Clone, Debug)]
pub struct RecordPlace {
    /// The topic, with or without the prefix of the installation.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

/// What a record is for this version of the hub.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inspected {
    /// There is no record: it was never written, or was deleted or compacted.
    Missing,
    /// This version reads the record or ignores it.
    Harmless(String),
    /// The record is skipped already.
    Skipped(String),
    /// The record ends every hub of this version that reads it.
    Ends {
        /// Position and fault.
        reason: String,
        /// What is lost when it is skipped.
        cost: SkipCost,
    },
}

/// What is lost when a record is skipped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SkipCost {
    /// A state. The flight keeps its older state until its sources report again.
    Update(LegId),
    /// All that the log has of this key. If it is a flight, hubs forget it until it is reported again.
    Flight(String),
    /// A report. It goes to the quarantine.
    Report,
    /// A raw message or a fault. A note on it goes to the quarantine.
    Message,
}

impl Kafka {
    /// Inspects a record and changes nothing.
    pub async fn inspect(config: &KafkaConfig, place: &RecordPlace) -> Result<Inspected, StoreError> {
        let (context, place) = (Arc::new(Context::new(config.clone())), place.clone());
        let looking = tokio::task::spawn_blocking(move || inspect(&context, &place));
        looking.await.map_err(|_| unavailable("looking at a record was broken off"))?
    }

    /// Makes every hub skip a record. Inspect it first ([`Kafka::inspect`]).
    pub async fn skip(
        config: &KafkaConfig,
        place: &RecordPlace,
        by: SingleLineText,
        reason: Option<SingleLineText>,
    ) -> Result<(), StoreError> {
        let RecordPlace { partition, offset, .. } = *place;
        let topic = topic_of(config, &place.topic)?;
        let skip =
            SkipRecord { topic: topic.to_owned(), partition, offset, by, at: (config.real_now)(), reason };
        let callbacks = ClientCallbacks::new("skip", StatisticsObserver::ignore());
        let writer: super::client::KafkaProducer = config
            .producer("skip", Duration::ZERO)
            .create_with_context(callbacks)
            .map_err(|fault| unavailable(fault.to_string()))?;
        let (changes, key) = (config.named(CHANGES), Skip::key(topic, partition, offset));
        let headers = RecordHeaders { after: 0, rev: 0, changes: 0, overwrites: None };
        let payload = encode_skip(&skip);
        let record = FutureRecord::to(&changes)
            .partition(partition)
            .key(&key)
            .headers(headers::encode(headers, WriterId { process: 0, count: 0 }))
            .payload(&payload);
        let sent = writer.send_result(record).map_err(|(fault, _)| unavailable(fault.to_string()))?;
        match sent.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err((fault, _))) => Err(unavailable(format!("the decision could not be written: {fault}"))),
            Err(_) => Err(unavailable("the writer has ended")),
        }
    }
}

fn topic_of(config: &KafkaConfig, given: &str) -> Result<&'static str, StoreError> {
    let known = TOPICS.into_iter().find(|topic| given == *topic || given == config.named(topic));
    known.ok_or_else(|| {
        let names = TOPICS.map(|topic| config.named(topic)).join(", ");
        unavailable(format!("{given} is none of this installation's topics: {names}"))
    })
}

fn inspect(context: &Arc<Context>, place: &RecordPlace) -> Result<Inspected, StoreError> {
    let topic = topic_of(&context.config, &place.topic)?;
    if context.partition(place.partition).is_none() {
        let partitions = context.config.partitions;
        return Err(unavailable(format!("the topic has the partitions 0 to {}", partitions - 1)));
    }
    let found = Found::read(context, topic, place)?;
    // For the decisions, and for the state of the leg without the record.
    let (whole, blocked) = log_replay::replay_with_blocking(context)?;
    let Some(found) = found else { return Ok(Inspected::Missing) };
    if context.skips.has(topic, place.partition, place.offset) {
        return Ok(Inspected::Skipped(format!("it is skipped already: {}", found.what)));
    }
    if topic != CHANGES {
        return Ok(match found.fault {
            Some(fault) => Inspected::Ends {
                reason: format!("{}: {fault}", found.what),
                cost: if topic == REPORTS { SkipCost::Report } else { SkipCost::Message },
            },
            None => Inspected::Harmless(found.what),
        });
    }
    let is_it =
        |record: &&BlockingRecord| record.partition == place.partition && record.offset == place.offset;
    Ok(match blocked.iter().find(is_it) {
        None => Inspected::Harmless(found.what),
        Some(BlockingRecord { leg, reason, .. }) => Inspected::Ends {
            reason: reason.clone(),
            cost: match leg {
                Some(leg) if whole.knows(leg) => SkipCost::Update(leg.clone()),
                _ => SkipCost::Flight(found.key),
            },
        },
    })
}

/// One record, described for an operator.
struct Found {
    key: String,
    /// Position, age and length.
    what: String,
    /// Why only a newer hub can read it, for topics other than the log.
    fault: Option<RecordError>,
}

impl Found {
    fn read(context: &Context, topic: &str, place: &RecordPlace) -> Result<Option<Self>, StoreError> {
        let failed = |fault: KafkaError| unavailable(format!("the record cannot be read: {fault}"));
        let mut config = context.config.consumer("skip", &context.config.named("followers"));
        config.set("enable.partition.eof", "true").set("auto.offset.reset", "error");
        let callbacks = ClientCallbacks::new("skip", StatisticsObserver::ignore());
        let consumer: BaseConsumer<ClientCallbacks> =
            config.create_with_context(callbacks).map_err(failed)?;
        let mut one = TopicPartitionList::new();
        let name = context.config.named(topic);
        one.add_partition_offset(&name, place.partition, Offset::Offset(place.offset)).map_err(failed)?;
        consumer.assign(&one).map_err(failed)?;
        let began = monotonic();
        while began.elapsed() < READ_WAIT {
            let message = match consumer.poll(POLL) {
                None => continue,
                Some(Ok(message)) => message,
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
                Some(Err(fault)) => match fault.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                        return Ok(None);
                    }
                    _ => return Err(failed(fault)),
                },
            };
            if message.offset() != place.offset {
                return Ok(None);
            }
            let payload = message.payload().unwrap_or_default();
            let fault = match topic {
                REPORTS => decode_report(payload).err(),
                ARCHIVE => decode_archive_record(payload).err(),
                _ => None,
            };
            let written: Option<DateTime<Utc>> =
                message.timestamp().to_millis().and_then(DateTime::from_timestamp_millis);
            let key = String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned();
            let what = format!(
                "{}, key {key:?}, {} bytes, written at {}",
                place_of(&message),
                payload.len(),
                written.map_or_else(|| "an unknown time".into(), |at| at.to_rfc3339()),
            );
            return Ok(Some(Self {
                key,
                what,
                fault: fault.filter(|fault| matches!(fault, RecordError::Newer { .. })),
            }));
        }
        Err(unavailable(format!("the record could not be read within {} s", READ_WAIT.as_secs())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_counts_if_its_key_and_content_agree() {
        let by = SingleLineText::parse("J. Novak").unwrap();
        let skip = SkipRecord {
            topic: CHANGES.into(),
            partition: 3,
            offset: 17,
            by,
            at: DateTime::UNIX_EPOCH,
            reason: None,
        };
        let (json, skips) = (encode_skip(&skip), Skips::default());
        assert_eq!(Skip::partition_of_key("#skip-changes-3-17"), Some(3));
        assert!(Skip::partition_of_key("#owner-3").is_none() && Skip::read("#owner-3", None).is_none());
        assert!(Skip::read("#skip-changes-3-18", Some(&json)).unwrap().is_err());
        assert!(Skip::read("#skip-changes-3-17", None).unwrap().is_err());
        assert!(!skips.has(CHANGES, 3, 17));
        skips.note(Skip::read("#skip-changes-3-17", Some(&json)).unwrap().unwrap());
        assert!(skips.has(CHANGES, 3, 17) && !skips.has(CHANGES, 3, 18) && !skips.has(REPORTS, 3, 17));
    }
}
