//! Creates the topics that are missing, and checks those that exist.

use super::config::KafkaConfig;
use super::context::monotonic;
use super::topics::{KAFKA, Topic, topics};
use domain::ports::StoreError;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::Producer;
use std::time::Duration;

/// Pause between two requests for a new topic.
const KNOWN_AGAIN: Duration = Duration::from_millis(50);

/// Settings that must match; otherwise data is lost or decisions are wrong.
const MUST: [&str; 1] = ["cleanup.policy"];

fn unavailable(what: &str, reason: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable { store: KAFKA, reason: format!("{what}: {reason}") }
}

fn unfit(reason: String) -> StoreError {
    StoreError::Unreadable { store: KAFKA, reason }
}

/// Creates the topics that are missing. An error says in one sentence why an existing topic is unusable.
/// If all exist, no right to create topics is needed.
pub(super) async fn make(config: &KafkaConfig) -> Result<(), StoreError> {
    check_brokers(config).await?;
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
                Ok(topic) => tracing::info!(topic, partitions = config.partitions, "a topic was created"),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(unavailable(&format!("the topic {topic} could not be created"), code));
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

/// An error says in one sentence why the brokers or the topics are unusable.
pub(super) async fn check(config: &KafkaConfig) -> Result<(), StoreError> {
    check_brokers(config).await?;
    let wanted = topics(config);
    check_partitions(config, &wanted).await?;
    check_settings(&admin(config)?, &options(config), &wanted).await
}

/// Asks the brokers for their metadata: the first request of a new client, so that a wrong address or
/// password is reported as such.
async fn check_brokers(config: &KafkaConfig) -> Result<(), StoreError> {
    let (settings, wait) = (config.client("check"), config.request_timeout);
    let brokers = config.brokers.clone();
    let asked = tokio::task::spawn_blocking(move || super::broker_check::check_brokers(&settings, wait));
    match asked.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(reason)) => Err(unavailable(&format!("the brokers {brokers} cannot be reached"), reason)),
        Err(_) => Err(unavailable("the brokers", "the question was broken off")),
    }
}

/// The number of partitions of each topic, 0 if it does not exist. Waits for brokers that do not know a
/// new topic yet.
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

/// The partition of a leg depends on the number of partitions, so that number must stay.
async fn check_partitions(config: &KafkaConfig, wanted: &[Topic]) -> Result<(), StoreError> {
    let counts = partitions_of(config, wanted, config.request_timeout).await?;
    for (Topic { name, .. }, count) in wanted.iter().zip(counts) {
        if count == 0 {
            return Err(unfit(format!("there is no topic {name}; gatecall migrate creates it")));
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
                // A user without the right to read settings can still work with the topics.
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
            tracing::warn!(
                topic = topic.name,
                setting = key,
                is,
                should,
                "a topic has another setting than it should"
            );
        }
    }
    Ok(())
}
