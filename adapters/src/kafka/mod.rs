//! # Kafka: a log, a journal, and the way into the archive, for several nodes
//!
//! | topic | holds | key | cleaned |
//! |---|---|---|---|
//! | `gatecall.reports` | reports that were answered, for the owners of their legs | leg | by age |
//! | `gatecall.changes` | the log: each leg's states, with what led to them | leg | compacted |
//! | `gatecall.archive` | raw messages and faults | feed | by age |
//!
//! | group | reads | is |
//! |---|---|---|
//! | `gatecall.flights` | `reports` | those who own flights, a partition each its legs |
//! | `gatecall.archivists` | `archive`, `changes` | those who move things into the archive |
//!
//! How a change comes to be, and where to look:
//!
//! 1. A node takes a report and posts it (`journal`). It is durable and answered.
//! 2. Kafka gives its partition to one node, which is delivered the report (`queue`) and merges it.
//! 3. The new state is appended (`log`), with the version that it was made from.
//! 4. Every node reads it (`follower`; at its start `start`) and judges whether it counts (`judge`, `ledger`):
//!    the first that was made from the newest state does, in the partition of its leg. Two nodes that both believe a leg theirs do no harm: one is
//!    late, hears so, and merges anew. Who owns a leg decides how fast it goes, not what is true.
//! 5. It is shown, on every node the same way, and the owner hears that it was. Only now does the
//!    report count as settled (`tracker`), and its offset may be committed.
//! 6. Later the change comes into the archive (`archivist`).
//!
//! ## What goes wrong, and what then
//!
//! - *The brokers are away*: it is noticed within some seconds ([`SharedLog::away_for`]). Appends and
//!   posts are refused at once; reading goes on when they are back.
//! - *A record cannot be read, or stands in a wrong partition*: it is counted and passed over, and the flight
//!   behind which it stands is written again (`late`); of the journal, kept in quarantine.
//! - *Only a newer hub can read it*: the node ends, until an operator has it passed over (`skips`).
//! - *Nobody owns a partition*: every node notices (`owners`) and says so.
//! - *More is taken than merged*: posts are refused from a bound on (`merged`, `domain::backlog`).
//! - *A node is thought dead and is not*: what it appends is late wherever others were faster.
//! - *The driver does not end*: its threads are left behind after a bounded time, and the process
//!   ends all the same.
//!
//! The driver, librdkafka, has threads and queues of its own; every bound of them is in `config`.
//!
//! [`SharedLog::away_for`]: domain::ports::SharedLog::away_for

mod archive;
mod archivist;
mod config;
mod core;
mod figures;
mod follower;
mod head;
mod journal;
mod judge;
mod late;
mod ledger;
mod log;
mod merged;
mod owners;
mod partition;
mod probe;
mod queue;
mod reach;
mod skips;
mod start;
#[cfg(test)]
mod tests;
mod topics;
mod tracker;

pub use archive::JournaledArchive;
pub use config::{Died, KafkaConfig, Mechanism, RECORD_BYTES_MAX, Sasl, Security};
pub use figures::{Figures, Lag};
pub use journal::Journal;
pub use log::Log;
pub use queue::Queue;
pub use skips::{Inspected, RecordPlace, SkipCost};

use self::core::{Core, Voice, Writer, lock, unavailable};
use domain::ports::{Archive, Recorder, StoreError};
use figures::Observer;
use rdkafka::producer::Producer;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a record waits for others to go with it. The log's hardly any: somebody waits for it.
const LOG_LINGER: Duration = Duration::from_millis(1);
const JOURNAL_LINGER: Duration = Duration::from_millis(2);
const ARCHIVE_LINGER: Duration = Duration::from_millis(5);

/// How long records that are under way may take when the node ends.
const FLUSH_WAIT: Duration = Duration::from_secs(5);

/// One node's Kafka: from here come the answers to the ports.
pub struct Kafka {
    core: Arc<Core>,
    log: Log,
    journal: Writer,
    archive: Writer,
    appends: Writer,
}

impl Kafka {
    /// Makes the topics that are missing and says in one sentence what is wrong with those that are
    /// there, or with the brokers.
    pub async fn prepare(config: &KafkaConfig) -> Result<(), StoreError> {
        topics::make(config).await
    }

    /// Says in one sentence what is wrong with the brokers or with the topics, and makes nothing.
    pub async fn check(config: &KafkaConfig) -> Result<(), StoreError> {
        topics::check(config).await
    }

    /// Connects. `process` is a number by chance: it tells this life of the node from all others.
    /// Call [`Kafka::prepare`] before.
    pub fn open(config: KafkaConfig, process: u64) -> Result<Self, StoreError> {
        let writer = |purpose: &'static str, linger| -> Result<Writer, StoreError> {
            let voice = Voice::new(purpose, Observer::deaf());
            let made = config.producer(purpose, linger).create_with_context(voice);
            made.map_err(|fault| unavailable(format!("the {purpose} writer: {fault}")))
        };
        let appends = writer("log", LOG_LINGER)?;
        let (journal, archive) = (writer("journal", JOURNAL_LINGER)?, writer("archive", ARCHIVE_LINGER)?);
        let core = Arc::new(Core::new(config));
        let log = Log::new(core.clone(), appends.clone(), process);
        let (watching, through) = (core.clone(), log.clone());
        let writers = [appends.clone(), journal.clone(), archive.clone()];
        let merging = core.clone();
        core.clone().thread("kafka-merged", move || merged::watch(&merging))?;
        core.clone().thread("kafka-watch", move || reach::watch(&watching, &through, &writers))?;
        Ok(Self { core, log, journal, archive, appends })
    }

    /// The log that the nodes share.
    pub fn log(&self) -> Log {
        self.log.clone()
    }

    /// Where reports are posted.
    pub fn journal(&self) -> Journal {
        Journal { core: self.core.clone(), writer: self.journal.clone() }
    }

    /// Joins those who own flights. The log must have begun.
    pub fn queue(&self) -> Result<Queue, StoreError> {
        Queue::join(self.core.clone(), self.log.clone())
    }

    /// An archive that keeps in Kafka and reads what is `behind`.
    pub fn archive(&self, behind: Arc<dyn Archive>) -> JournaledArchive {
        JournaledArchive { core: self.core.clone(), writer: self.archive.clone(), behind }
    }

    /// Joins those who move things into the archive. The log must have begun.
    pub fn start_archivist(&self, recorder: Arc<dyn Recorder>) -> Result<(), StoreError> {
        archivist::start(self.core.clone(), recorder)
    }

    /// What is counted.
    pub fn figures(&self) -> FiguresHandle {
        FiguresHandle(self.core.clone())
    }

    /// Lets what is under way come to rest, and ends every thread soon.
    pub async fn close(&self) {
        let writers = [self.journal.clone(), self.archive.clone(), self.appends.clone()];
        let core = self.core.clone();
        let flushed = tokio::task::spawn_blocking(move || {
            for writer in &writers {
                if let Err(fault) = writer.flush(FLUSH_WAIT) {
                    tracing::warn!(%fault, "records were not confirmed before the end");
                }
            }
            core.ending.store(true, Ordering::Release);
        });
        if flushed.await.is_err() {
            self.core.ending.store(true, Ordering::Release);
        }
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.core.ending.store(true, Ordering::Release);
    }
}

/// What is counted, for whoever shows it. Cheap to clone.
#[derive(Clone)]
pub struct FiguresHandle(Arc<Core>);

impl FiguresHandle {
    /// The numbers.
    pub fn get(&self) -> &Figures {
        &self.0.figures
    }

    /// Seconds since the brokers were last reached, 0 while they are.
    pub fn away_seconds(&self) -> f64 {
        let away = self.0.reach.away_since().map(|since| (self.0.config.real_now)() - since);
        away.map_or(0.0, |away| away.num_milliseconds().max(0) as f64 / 1_000.0)
    }

    /// Partitions whose flights no node merges, and for how long that has been so; `None` where it has not
    /// lasted longer than dealing them anew takes.
    pub fn partitions_unowned(&self) -> Option<(usize, Duration)> {
        self.0.owners.missing(self.0.config.session_timeout)
    }

    /// Partitions whose flights fall to this node.
    pub fn partitions_owned(&self) -> usize {
        self.0.partitions.iter().filter(|partition| partition.owned.load(Ordering::Relaxed)).count()
    }

    /// Reports that were answered and are not merged yet, as far as this node knows.
    pub fn reports_unmerged(&self) -> usize {
        lock(&self.0.backlog).waiting()
    }

    /// Legs that are known of in the log, those that are over for a while as well.
    pub fn legs_known(&self) -> usize {
        lock(&self.0.ledger).len()
    }
}
