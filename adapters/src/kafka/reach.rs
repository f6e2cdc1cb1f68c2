//! Whether the brokers can be reached.
//!
//! A thread asks them once a second. While they do not answer, what wants to write is refused at
//! once: memory must not fill with what waits for them. When they answer again, it may write, but
//! 'back' is said only when a mark has come back through every partition of the log and every partition
//! of the reports has an owner: then this node has been shown all that was written meanwhile, and what
//! comes now is merged.

use super::core::{Core, Writer, lock, monotonic, unavailable};
use super::log::Log;
use super::owners;
use chrono::{DateTime, Utc};
use domain::ports::StoreError;
use futures_util::future::try_join_all;
use rdkafka::producer::Producer;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often it is asked whether the brokers are there, and how long the answer may take.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const ANSWER_WAIT: Duration = Duration::from_secs(3);

/// Between two looks at who owns flights, in looks at the brokers. While they return it is every one.
const OWNERS_EVERY: u32 = 3;

/// How long 'back' waits for owners beyond two sessions. After that it is no matter of the brokers any more,
/// and told as what it is.
const OWNERS_WAIT: Duration = Duration::from_secs(5);
const OWNERS_AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub(super) struct Reach(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When they last answered.
    heard_at: Option<DateTime<Utc>>,
    away: Option<Away>,
}

#[derive(Clone, Copy, Debug)]
struct Away {
    /// When they last answered before.
    since: DateTime<Utc>,
    /// They answer again, and the log is being caught up with.
    returning: bool,
}

impl Reach {
    /// Since when what this node shows may be old.
    pub(super) fn away_since(&self) -> Option<DateTime<Utc>> {
        lock(&self.0).away.map(|away| away.since)
    }

    /// Why nothing should be written now, if that is so.
    pub(super) fn refuse_while_away(&self) -> Result<(), StoreError> {
        match lock(&self.0).away {
            Some(Away { since, returning: false }) => {
                let since = since.format("%H:%M:%S UTC");
                Err(unavailable(format!("the brokers have not been reached since {since}")))
            }
            _ => Ok(()),
        }
    }

    /// They answer again, and the log is being caught up with.
    fn is_returning(&self) -> bool {
        lock(&self.0).away.is_some_and(|away| away.returning)
    }

    /// They do not answer.
    fn is_away(&self) -> bool {
        lock(&self.0).away.is_some_and(|away| !away.returning)
    }

    /// Notes an answer, or why there is none. `true` where the log has to be caught up with.
    fn note(&self, fault: Option<&str>, now: DateTime<Utc>) -> bool {
        let mut state = lock(&self.0);
        match (fault, state.away) {
            (Some(reason), None) => {
                tracing::error!(reason, "Kafka is away; what is shown stays, and reports are refused");
                state.away = Some(Away { since: state.heard_at.unwrap_or(now), returning: false });
            }
            (Some(_), Some(away)) => state.away = Some(Away { returning: false, ..away }),
            (None, Some(away)) if !away.returning => {
                state.away = Some(Away { returning: true, ..away });
                return true;
            }
            (None, Some(_)) => {}
            (None, None) => state.heard_at = Some(now),
        }
        false
    }

    /// The log is caught up with, or could not be.
    fn caught_up(&self, caught_up: bool, now: DateTime<Utc>) {
        let mut state = lock(&self.0);
        let Some(away) = state.away.filter(|away| away.returning) else { return };
        if caught_up {
            tracing::info!(away_s = (now - away.since).num_seconds(), "Kafka is back");
            *state = State { heard_at: Some(now), away: None };
        } else {
            state.away = Some(Away { returning: false, ..away });
        }
    }
}

/// Looks whether the brokers are there, for as long as the node lives. On a thread of its own: the
/// driver's question blocks. A writer that can never write again ends the node.
pub(super) fn watch(core: &Arc<Core>, log: &Log, writers: &[Writer]) {
    let mut looks = 0_u32;
    while !core.is_ending() {
        for writer in writers {
            if let Some((code, reason)) = writer.client().fatal_error() {
                tracing::error!(%code, reason, "a writer can never write again; the node ends");
                return (core.config.died.0)("kafka-writer");
            }
        }
        if let Some(writer) = writers.first()
            && core.reach.note(ask(core, writer).as_deref(), (core.config.real_now)())
        {
            catch_up(core.clone(), log.clone());
        }
        looks = looks.wrapping_add(1);
        if let Some(writer) = writers.first()
            && !core.reach.is_away()
            && (looks.is_multiple_of(OWNERS_EVERY) || core.reach.is_returning())
        {
            owners::look(core, writer);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Why the brokers cannot be used, if they cannot.
fn ask(core: &Core, writer: &Writer) -> Option<String> {
    let wait = core.config.request_timeout.min(ANSWER_WAIT);
    match writer.client().fetch_metadata(Some(&core.names.changes), wait) {
        Err(fault) => Some(fault.to_string()),
        Ok(metadata) => {
            let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            let orphaned = partitions.filter(|partition| partition.leader() < 0).count();
            (orphaned > 0).then(|| format!("{orphaned} partition(s) of the log have no leader"))
        }
    }
}

fn catch_up(core: Arc<Core>, log: Log) {
    let partitions = 0..i32::from(core.config.partitions);
    let runtime = core.runtime.clone();
    drop(runtime.spawn(async move {
        let began = monotonic();
        let caught_up = try_join_all(partitions.map(|partition| log.catch_up(partition))).await;
        let wait = 2 * core.config.session_timeout + OWNERS_WAIT;
        // A coordinator that is back knows at first only who owned flights before.
        let known_anew = began + core.config.session_timeout / 2;
        while caught_up.is_ok() && !core.owners.whole_since(known_anew) && began.elapsed() < wait {
            tokio::time::sleep(OWNERS_AGAIN).await;
        }
        if let Err(fault) = &caught_up {
            tracing::warn!(%fault, "Kafka answers, but the log is not caught up with yet");
        }
        core.reach.caught_up(caught_up.is_ok(), (core.config.real_now)());
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_360_335_600 + second, 0).unwrap()
    }

    #[test]
    fn who_is_away_is_so_since_the_last_answer_and_back_when_all_is_caught_up() {
        let reach = Reach::default();
        assert!(!reach.note(None, at(0)) && !reach.note(None, at(1)));
        assert_eq!(reach.away_since(), None);
        reach.note(Some("no answer"), at(5));
        assert_eq!(reach.away_since(), Some(at(1)), "what is shown was true then");
        assert!(reach.refuse_while_away().unwrap_err().to_string().contains("not been reached since"));
        assert!(reach.note(None, at(9)), "the log is to be caught up with");
        assert!(!reach.note(None, at(10)), "once");
        assert_eq!((reach.away_since(), reach.refuse_while_away().is_ok()), (Some(at(1)), true));
        reach.caught_up(false, at(11));
        assert!(reach.refuse_while_away().is_err());
        assert!(reach.note(None, at(12)));
        reach.caught_up(true, at(13));
        assert_eq!((reach.away_since(), reach.refuse_while_away().is_ok()), (None, true));
        reach.note(Some("no answer"), at(20));
        assert_eq!(reach.away_since(), Some(at(13)));
    }

    #[test]
    fn an_outage_in_the_middle_of_catching_up_goes_on() {
        let reach = Reach::default();
        reach.note(Some("x"), at(0));
        assert!(reach.note(None, at(1)));
        reach.note(Some("x"), at(2));
        reach.caught_up(true, at(3));
        assert_eq!(reach.away_since(), Some(at(0)), "a mark of before says nothing of now");
    }
}
