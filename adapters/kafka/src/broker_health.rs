//! Whether the brokers are reachable.
//!
//! A thread asks them once a second. While they do not answer, writes are refused at once, because pending writes would
//! fill the memory. When they answer again, writes are possible, but the outage ends only when a barrier has come back
//! through every partition of the log and every partition of the reports has an owner: then this node has published
//! everything that was written meanwhile, and new reports are merged.

use super::client::KafkaProducer;
use super::context::{Context, lock, monotonic};
use super::errors::unavailable;
use super::partition_owners;
use super::shared_log::KafkaLog;
use chrono::{DateTime, Utc};
use domain::ports::StoreError;
use futures_util::future::try_join_all;
use rdkafka::producer::Producer;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often the brokers are asked, and the time limit of the request.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const ANSWER_WAIT: Duration = Duration::from_secs(3);

/// The owners are asked with every third request, and with every request while an outage ends.
const OWNERS_EVERY: u32 = 3;

/// How long the end of an outage waits for owners beyond two sessions. After that the missing owners are
/// reported as such.
const OWNERS_WAIT: Duration = Duration::from_secs(5);
const OWNERS_AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub(super) struct BrokerHealth(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When the brokers last answered.
    heard_at: Option<DateTime<Utc>>,
    away: Option<Outage>,
}

#[derive(Clone, Copy, Debug)]
struct Outage {
    /// When the brokers last answered before the outage.
    since: DateTime<Utc>,
    /// The brokers answer again, and the node catches up with the log.
    returning: bool,
}

impl BrokerHealth {
    /// Since when the states on this node may be outdated.
    pub(super) fn unavailable_since(&self) -> Option<DateTime<Utc>> {
        lock(&self.0).away.map(|away| away.since)
    }

    /// An error while nothing should be written.
    pub(super) fn refuse_while_unavailable(&self) -> Result<(), StoreError> {
        match lock(&self.0).away {
            Some(Outage { since, returning: false }) => {
                let since = since.format("%H:%M:%S UTC");
                Err(unavailable(format!("the brokers have not been reached since {since}")))
            }
            _ => Ok(()),
        }
    }

    /// Whether the brokers answer again and the node catches up.
    fn is_returning(&self) -> bool {
        lock(&self.0).away.is_some_and(|away| away.returning)
    }

    /// Whether the brokers do not answer.
    fn is_unavailable(&self) -> bool {
        lock(&self.0).away.is_some_and(|away| !away.returning)
    }

    /// Records an answer or the reason for none. `true` if the node must catch up with the log.
    fn note(&self, fault: Option<&str>, now: DateTime<Utc>) -> bool {
        let mut state = lock(&self.0);
        match (fault, state.away) {
            (Some(reason), None) => {
                tracing::error!(
                    reason,
                    "Kafka is unreachable; boards keep their last states, and reports are refused"
                );
                state.away = Some(Outage { since: state.heard_at.unwrap_or(now), returning: false });
            }
            (Some(_), Some(away)) => state.away = Some(Outage { returning: false, ..away }),
            (None, Some(away)) if !away.returning => {
                state.away = Some(Outage { returning: true, ..away });
                return true;
            }
            (None, Some(_)) => {}
            (None, None) => state.heard_at = Some(now),
        }
        false
    }

    /// The node caught up with the log, or failed to.
    fn caught_up(&self, caught_up: bool, now: DateTime<Utc>) {
        let mut state = lock(&self.0);
        let Some(away) = state.away.filter(|away| away.returning) else { return };
        if caught_up {
            tracing::info!(away_s = (now - away.since).num_seconds(), "Kafka is reachable again");
            *state = State { heard_at: Some(now), away: None };
        } else {
            state.away = Some(Outage { returning: false, ..away });
        }
    }
}

/// Monitors the brokers for as long as the node lives. Needs a thread of its own, because the request
/// blocks. A producer with a fatal error ends the node.
pub(super) fn watch(context: &Arc<Context>, log: &KafkaLog, writers: &[KafkaProducer]) {
    let mut looks = 0_u32;
    while !context.is_ending() {
        for writer in writers {
            if let Some((code, reason)) = writer.client().fatal_error() {
                tracing::error!(%code, reason, "a producer can never write again; the node ends");
                return (context.config.on_fatal_error.0)("kafka-writer");
            }
        }
        if let Some(writer) = writers.first()
            && context.broker_health.note(ask(context, writer).as_deref(), (context.config.real_now)())
        {
            catch_up(context.clone(), log.clone());
        }
        looks = looks.wrapping_add(1);
        if let Some(writer) = writers.first()
            && !context.broker_health.is_unavailable()
            && (looks.is_multiple_of(OWNERS_EVERY) || context.broker_health.is_returning())
        {
            partition_owners::refresh(context, writer);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Why the brokers are unusable, if they are.
fn ask(context: &Context, writer: &KafkaProducer) -> Option<String> {
    let wait = context.config.request_timeout.min(ANSWER_WAIT);
    match writer.client().fetch_metadata(Some(&context.names.changes), wait) {
        Err(fault) => Some(fault.to_string()),
        Ok(metadata) => {
            let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            let orphaned = partitions.filter(|partition| partition.leader() < 0).count();
            (orphaned > 0).then(|| format!("{orphaned} partition(s) of the log have no leader"))
        }
    }
}

fn catch_up(context: Arc<Context>, log: KafkaLog) {
    let partitions = 0..i32::from(context.config.partitions);
    let runtime = context.runtime.clone();
    drop(runtime.spawn(async move {
        let began = monotonic();
        let caught_up = try_join_all(partitions.map(|partition| log.catch_up(partition))).await;
        let wait = 2 * context.config.session_timeout + OWNERS_WAIT;
        // A coordinator that has just returned knows only the earlier owners.
        let known_anew = began + context.config.session_timeout / 2;
        while caught_up.is_ok() && !context.owners.all_owned_since(known_anew) && began.elapsed() < wait {
            tokio::time::sleep(OWNERS_AGAIN).await;
        }
        if let Err(fault) = &caught_up {
            tracing::warn!(%fault, "Kafka answers, but this node has not caught up with the log yet");
        }
        context.broker_health.caught_up(caught_up.is_ok(), (context.config.real_now)());
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_360_335_600 + second, 0).unwrap()
    }

    #[test]
    fn an_outage_begins_with_the_last_answer_and_ends_when_the_node_has_caught_up() {
        let health = BrokerHealth::default();
        assert!(!health.note(None, at(0)) && !health.note(None, at(1)));
        assert_eq!(health.unavailable_since(), None);
        health.note(Some("no answer"), at(5));
        assert_eq!(health.unavailable_since(), Some(at(1)), "what is shown was true then");
        assert!(
            health.refuse_while_unavailable().unwrap_err().to_string().contains("not been reached since")
        );
        assert!(health.note(None, at(9)), "the log is to be caught up with");
        assert!(!health.note(None, at(10)), "once");
        assert_eq!(
            (health.unavailable_since(), health.refuse_while_unavailable().is_ok()),
            (Some(at(1)), true)
        );
        health.caught_up(false, at(11));
        assert!(health.refuse_while_unavailable().is_err());
        assert!(health.note(None, at(12)));
        health.caught_up(true, at(13));
        assert_eq!((health.unavailable_since(), health.refuse_while_unavailable().is_ok()), (None, true));
        health.note(Some("no answer"), at(20));
        assert_eq!(health.unavailable_since(), Some(at(13)));
    }

    #[test]
    fn an_outage_continues_when_the_brokers_fail_while_the_node_catches_up() {
        let health = BrokerHealth::default();
        health.note(Some("x"), at(0));
        assert!(health.note(None, at(1)));
        health.note(Some("x"), at(2));
        health.caught_up(true, at(3));
        assert_eq!(health.unavailable_since(), Some(at(0)), "a mark of before says nothing of now");
    }
}
