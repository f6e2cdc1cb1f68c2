//! The topics: what they are called, how they are made, and whether those that are there will do.

use super::config::{KafkaConfig, RECORD_BYTES_MAX, millis};
use super::core::monotonic;
use domain::ports::StoreError;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer;
use std::collections::BTreeMap;
use std::time::Duration;

/// The store's name in errors.
pub(super) const KAFKA: &str = "Kafka";

/// Reports on their way to the owners of their legs. Key: the leg.
pub(super) const REPORTS: &str = "reports";
/// The log: states of legs with what led to them. Key: the leg. Compacted.
pub(super) const CHANGES: &str = "changes";
/// Raw messages and faults on their way to the archive.
pub(super) const ARCHIVE: &str = "archive";

/// The group of those who own flights.
pub(super) const FLIGHTS_GROUP: &str = "flights";

/// For how long the end of a leg stays in the log. A node that reads the log from its beginning
/// hears of it, and who was away for longer reads anew.
pub(super) const ENDS_KEPT: Duration = Duration::from_secs(48 * 60 * 60);

/// Bytes of a segment: what is in the newest one is never compacted.
const SEGMENT_BYTES: usize = 64 << 20;

/// A start reads every change that is not compacted yet. So a segment is closed after a part of the time that
/// changes are kept, also where little is written, and can be compacted soon after.
const SEGMENTS: u32 = 6;
const SEGMENT_MIN: Duration = Duration::from_secs(10 * 60);

/// A topic as it should be.
struct Topic {
    name: String,
    config: BTreeMap<&'static str, String>,
}

fn topics(config: &KafkaConfig) -> Vec<Topic> {
    let of = |name: &str, more: &[(&'static str, String)]| {
        let mut settings = BTreeMap::from([
            ("max.message.bytes", RECORD_BYTES_MAX.to_string()),
            ("segment.bytes", SEGMENT_BYTES.to_string()),
            // With three copies one may be away and nothing is refused, and what is confirmed is on two.
            // With one or two, what is confirmed may be on one alone.
            ("min.insync.replicas", config.replication.saturating_sub(1).max(1).to_string()),
        ]);
        settings.extend(more.iter().cloned());
        Topic { name: config.named(name), config: settings }
    };
    let kept = [
        ("cleanup.policy", "delete".to_owned()),
        ("retention.ms", millis(config.journal_kept)),
        ("retention.bytes", "-1".to_owned()),
    ];
    vec![
        of(REPORTS, &kept),
        of(
            CHANGES,
            &[
                ("cleanup.policy", "compact".to_owned()),
                ("min.compaction.lag.ms", millis(config.changes_kept)),
                ("max.compaction.lag.ms", millis(config.changes_kept * 2)),
                ("segment.ms", millis((config.changes_kept / SEGMENTS).max(SEGMENT_MIN))),
                ("delete.retention.ms", millis(ENDS_KEPT)),
                ("min.cleanable.dirty.ratio", "0.1".to_owned()),
            ],
        ),
        of(ARCHIVE, &kept),
    ]
}

/// Between two questions whether a new topic is known.
const KNOWN_AGAIN: Duration = Duration::from_millis(50);

/// Settings that must be as said, or data is lost or judged wrongly.
const MUST: [&str; 1] = ["cleanup.policy"];

fn unavailable(what: &str, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable { store: KAFKA, reason: format!("{what}: {reason}") }
}

fn unfit(reason: String) -> StoreError {
    StoreError::Unreadable { store: KAFKA, reason }
}

/// Makes the topics that are missing, and answers with one sentence where one that is there cannot
/// be used. Where all are there nothing is made, so that it needs no right to.
pub(super) async fn make(config: &KafkaConfig) -> Result<(), StoreError> {
    reach(config).await?;
    let admin = admin(config)?;
    let (options, wanted) = (options(config), topics(config));
    let there = partitions_of(config, &wanted, Duration::ZERO).await?;
    let missing = wanted.iter().zip(&there).filter(|(_, count)| **count == 0).map(|(topic, _)| topic);
    let new: Vec<NewTopic<'_>> = missing
        .map(|topic| {
            let replication = TopicReplication::Fixed(i32::from(config.replication));
            let new = NewTopic::new(&topic.name, i32::from(config.partitions), replication);
            topic.config.iter().fold(new, |new, (key, value)| new.set(key, value))
        })
        .collect();
    if !new.is_empty() {
        let made = admin.create_topics(&new, &options).await.map_err(|fault| unavailable("topics", fault))?;
        for answer in made {
            match answer {
                Ok(topic) => tracing::info!(topic, partitions = config.partitions, "a topic was made"),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(unavailable(&format!("the topic {topic} could not be made"), code));
                }
            }
        }
    }
    check_partitions(config, &wanted).await?;
    check_settings(&admin, &options, &wanted).await
}

fn admin(config: &KafkaConfig) -> Result<AdminClient<DefaultClientContext>, StoreError> {
    config.client("admin").create().map_err(|fault| unavailable("the settings", fault))
}

fn options(config: &KafkaConfig) -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(config.request_timeout))
        .operation_timeout(Some(config.request_timeout))
}

/// Answers with one sentence where the brokers or the topics cannot be used.
pub(super) async fn check(config: &KafkaConfig) -> Result<(), StoreError> {
    reach(config).await?;
    let wanted = topics(config);
    check_partitions(config, &wanted).await?;
    check_settings(&admin(config)?, &options(config), &wanted).await
}

/// Asks the brokers who they are. The first question of a new client, so that a wrong address or
/// password is told as what it is.
async fn reach(config: &KafkaConfig) -> Result<(), StoreError> {
    let (settings, wait) = (config.client("check"), config.request_timeout);
    let brokers = config.brokers.clone();
    let asked = tokio::task::spawn_blocking(move || super::probe::reach(&settings, wait));
    match asked.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(reason)) => Err(unavailable(&format!("the brokers {brokers} cannot be reached"), reason)),
        Err(_) => Err(unavailable("the brokers", "the question was broken off")),
    }
}

/// How many partitions each topic has, 0 where it is not there. A topic that was made a moment ago is
/// not known to every broker yet, and is waited for.
async fn partitions_of(
    config: &KafkaConfig,
    wanted: &[Topic],
    wait_for_new: Duration,
) -> Result<Vec<usize>, StoreError> {
    let (settings, wait) = (config.client("check"), config.request_timeout);
    let names: Vec<String> = wanted.iter().map(|topic| topic.name.clone()).collect();
    let counting = move || -> Result<Vec<usize>, String> {
        let client: rdkafka::producer::BaseProducer = settings.create().map_err(|e| e.to_string())?;
        let count = |name: &String| {
            let began = monotonic();
            loop {
                let metadata = client.client().fetch_metadata(Some(name), wait).map_err(|e| e.to_string())?;
                let count = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
                if count > 0 || began.elapsed() >= wait_for_new {
                    return Ok(count);
                }
                std::thread::sleep(KNOWN_AGAIN);
            }
        };
        names.iter().map(count).collect()
    };
    let counts = tokio::task::spawn_blocking(counting).await;
    let counts = counts.map_err(|_| unavailable("topics", "the question was broken off"))?;
    counts.map_err(|reason| unavailable("topics", reason))
}

/// A leg's partition follows from how many there are, so their number must stay.
async fn check_partitions(config: &KafkaConfig, wanted: &[Topic]) -> Result<(), StoreError> {
    let counts = partitions_of(config, wanted, config.request_timeout).await?;
    for (Topic { name, .. }, count) in wanted.iter().zip(counts) {
        if count == 0 {
            return Err(unfit(format!("there is no topic {name}; gatecall migrate makes it")));
        }
        if count != usize::from(config.partitions) {
            return Err(unfit(format!(
                "the topic {name} has {count} partitions and the configuration says {} (kafka.partitions); \
                 their number must stay what it was when the topic was made",
                config.partitions
            )));
        }
    }
    Ok(())
}

async fn check_settings(
    admin: &AdminClient<DefaultClientContext>,
    options: &AdminOptions,
    wanted: &[Topic],
) -> Result<(), StoreError> {
    let asked: Vec<_> = wanted.iter().map(|topic| ResourceSpecifier::Topic(&topic.name)).collect();
    let found =
        admin.describe_configs(&asked, options).await.map_err(|fault| unavailable("topics", fault))?;
    for (topic, found) in wanted.iter().zip(found) {
        let found = match found {
            Ok(found) => found,
            Err(code) => {
                // Who may not look at settings can still work with them.
                tracing::warn!(topic = topic.name, %code, "the settings of a topic cannot be read");
                continue;
            }
        };
        for (key, should) in &topic.config {
            let is = found.get(key).and_then(|entry| entry.value.clone()).unwrap_or_default();
            if is == *should {
                continue;
            }
            if MUST.contains(key) {
                return Err(unfit(format!(
                    "the topic {} has {key}={is} and must have {should}; set it with kafka-configs",
                    topic.name
                )));
            }
            tracing::warn!(topic = topic.name, setting = key, is, should, "a topic is set otherwise");
        }
    }
    Ok(())
}
