//! # Kafka: the shared change log, the report queue and the way into the archive
//!
//! Implements `SharedLog`, `ChangeLog`, `ReportJournal`, `ReportQueue` and the writing half of `Archive` for an
//! installation of several nodes.
//!
//! | topic | holds | key | cleanup |
//! |---|---|---|---|
//! | `gatecall.reports` | accepted reports on their way to the owners of their legs | leg | by age |
//! | `gatecall.changes` | the change log: the states of each leg with the changes that led to them | leg | compacted |
//! | `gatecall.archive` | raw messages and faults | feed | by age |
//!
//! | group | reads | members |
//! |---|---|---|
//! | `gatecall.flights` | `reports` | nodes that own flights; each partition, with its legs, belongs to one |
//! | `gatecall.archivists` | `archive`, `changes` | nodes that move records into the archive |
//!
//! ## How a report becomes a visible change
//!
//! 1. A node accepts a report and writes it to `reports` (`report_journal`). The report is durable, and its sender
//!    gets the answer.
//! 2. Kafka assigns the partition to one node. That node reads the report (`report_queue`) and merges it.
//! 3. The node appends the new state with the version that it was made from (`shared_log`).
//! 4. Every node reads the entry (`log_reader`; at its start `log_replay`) and decides whether it counts
//!    (`classify`, `version_arbiter`): the first entry made from the newest state does, in the partition of its
//!    leg. Two nodes that both believe to own a leg do no harm: one entry is superseded, and its node merges again.
//!    Ownership decides how fast a report is merged, not what is true.
//! 5. Every node publishes the change, and the owner's append succeeds. Only now is the report acknowledged
//!    (`offset_tracker`), and its offset can be committed.
//! 6. Later the change goes to the archive (`archivist`).
//!
//! ## Failures
//!
//! - *The brokers are unreachable*: the node notices within seconds ([`SharedLog::away_for`]). Appends and posts
//!   are refused at once. Reading continues when the brokers are back (`broker_health`).
//! - *A record of the log is unreadable, or in a wrong partition*: it is counted and ignored, and the flight behind
//!   whose newest state it stands is written again (`superseded`). An unreadable report goes to the quarantine.
//! - *Only a newer hub can read a record*: the node ends, until an operator skips the record (`skipped_records`).
//! - *A partition has no owner*: every node notices and reports it (`partition_owners`).
//! - *Reports arrive faster than they are merged*: above a limit, posts are refused (`merge_progress`,
//!   `domain::backlog`).
//! - *The group considers a live node dead*: its appends are superseded wherever the new owner was faster.
//! - *The driver does not end*: after a bounded time its threads are abandoned, and the process ends.
//!
//! The driver, librdkafka, has threads and queues of its own. `config` sets the limits of all of them.
//!
//! | file | what |
//! |---|---|
//! | `client`, `config`, `errors`, `migrate`, `topics` | connections, limits, errors, topics |
//! | `shared_log`, `headers`, `log_reader`, `log_replay` | the port `SharedLog`: writing and reading the log |
//! | `classify`, `version_arbiter`, `superseded`, `skipped_records` | which records of the log count |
//! | `report_journal`, `report_queue`, `offset_tracker`, `merge_progress` | the ports `ReportJournal` and `ReportQueue` |
//! | `archive`, `archivist` | the port `Archive`, and the way into the archive |
//! | `broker_health`, `broker_check`, `partition_owners`, `metrics` | the state of the installation |
//!
//! To add a topic: a name and its settings in `topics`, a writer in `Kafka::open`, and the file of its port.
//!
//! [`SharedLog::away_for`]: domain::ports::SharedLog::away_for

mod archive;
mod archivist;
mod broker_check;
mod broker_health;
mod classify;
mod client;
mod config;
mod context;
mod errors;
mod headers;
mod log_reader;
mod log_replay;
mod merge_progress;
mod metrics;
mod migrate;
mod offset_tracker;
mod partition_owners;
mod partitioner;
mod report_journal;
mod report_queue;
mod shared_log;
mod skipped_records;
mod superseded;
#[cfg(test)]
mod tests;
mod topics;
mod version_arbiter;

pub use archive::KafkaArchive;
pub use config::{FatalErrorHandler, KafkaConfig, Mechanism, RECORD_BYTES_MAX, Sasl, Security};
pub use metrics::{Lag, Metrics};
pub use report_journal::KafkaJournal;
pub use report_queue::KafkaQueue;
pub use shared_log::KafkaLog;
pub use skipped_records::{Inspected, RecordPlace, SkipCost};

use self::client::{ClientCallbacks, KafkaProducer};
use self::context::{Context, lock};
use self::errors::unavailable;
use domain::ports::{Archive, Recorder, StoreError};
use metrics::StatisticsObserver;
use rdkafka::producer::Producer;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a record waits for others to share a request. Appends to the log hardly wait: a report waits
/// for them.
const LOG_LINGER: Duration = Duration::from_millis(1);
const JOURNAL_LINGER: Duration = Duration::from_millis(2);
const ARCHIVE_LINGER: Duration = Duration::from_millis(5);

/// How long pending records may take when the node ends.
const FLUSH_WAIT: Duration = Duration::from_secs(5);

/// The Kafka clients of one node, from which the implementations of the ports come.
pub struct Kafka {
    context: Arc<Context>,
    log: KafkaLog,
    journal: KafkaProducer,
    archive: KafkaProducer,
    appends: KafkaProducer,
}

impl Kafka {
    /// Creates the topics that are missing. An error says in one sentence what is wrong with the existing
    /// topics or with the brokers.
    pub async fn prepare(config: &KafkaConfig) -> Result<(), StoreError> {
        migrate::make(config).await
    }

    /// Checks brokers and topics and creates nothing. An error says in one sentence what is wrong.
    pub async fn check(config: &KafkaConfig) -> Result<(), StoreError> {
        migrate::check(config).await
    }

    /// Connects. `process` is a random number that distinguishes this run of the node from all others.
    /// Call [`Kafka::prepare`] first.
    pub fn open(config: KafkaConfig, process: u64) -> Result<Self, StoreError> {
        let writer = |purpose: &'static str, linger| -> Result<KafkaProducer, StoreError> {
            let callbacks = ClientCallbacks::new(purpose, StatisticsObserver::ignore());
            let made = config.producer(purpose, linger).create_with_context(callbacks);
            made.map_err(|fault| unavailable(format!("the {purpose} writer: {fault}")))
        };
        let appends = writer("log", LOG_LINGER)?;
        let (journal, archive) = (writer("journal", JOURNAL_LINGER)?, writer("archive", ARCHIVE_LINGER)?);
        let context = Arc::new(Context::new(config));
        let log = KafkaLog::new(context.clone(), appends.clone(), process);
        let (watching, through) = (context.clone(), log.clone());
        let writers = [appends.clone(), journal.clone(), archive.clone()];
        let merging = context.clone();
        context.clone().thread("kafka-merged", move || merge_progress::watch(&merging))?;
        context.clone().thread("kafka-watch", move || broker_health::watch(&watching, &through, &writers))?;
        Ok(Self { context, log, journal, archive, appends })
    }

    /// The change log that the nodes share.
    pub fn log(&self) -> KafkaLog {
        self.log.clone()
    }

    /// The journal of accepted reports.
    pub fn journal(&self) -> KafkaJournal {
        KafkaJournal { context: self.context.clone(), writer: self.journal.clone() }
    }

    /// Joins the group of nodes that own flights. Call
    /// [`SharedLog::begin`](domain::ports::SharedLog::begin) first.
    pub fn queue(&self) -> Result<KafkaQueue, StoreError> {
        KafkaQueue::join(self.context.clone(), self.log.clone())
    }

    /// An archive that writes to Kafka and reads from `behind`.
    pub fn archive(&self, behind: Arc<dyn Archive>) -> KafkaArchive {
        KafkaArchive { context: self.context.clone(), writer: self.archive.clone(), behind }
    }

    /// Joins the group of nodes that fill the archive. Call
    /// [`SharedLog::begin`](domain::ports::SharedLog::begin) first.
    pub fn start_archivist(&self, recorder: Arc<dyn Recorder>) -> Result<(), StoreError> {
        archivist::start(self.context.clone(), recorder)
    }

    /// Counters and lags of this node.
    pub fn metrics(&self) -> MetricsHandle {
        MetricsHandle(self.context.clone())
    }

    /// Waits for pending records and stops every thread soon after.
    pub async fn close(&self) {
        let writers = [self.journal.clone(), self.archive.clone(), self.appends.clone()];
        let context = self.context.clone();
        let flushed = tokio::task::spawn_blocking(move || {
            for writer in &writers {
                if let Err(fault) = writer.flush(FLUSH_WAIT) {
                    tracing::warn!(%fault, "records were not confirmed before the end");
                }
            }
            context.ending.store(true, Ordering::Release);
        });
        if flushed.await.is_err() {
            self.context.ending.store(true, Ordering::Release);
        }
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.context.ending.store(true, Ordering::Release);
    }
}

/// Counters and lags of this node. Cheap to clone.
#[derive(Clone)]
pub struct MetricsHandle(Arc<Context>);

impl MetricsHandle {
    /// The counters.
    pub fn get(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Seconds since the brokers last answered; 0 while they answer.
    pub fn away_seconds(&self) -> f64 {
        let away = self.0.broker_health.unavailable_since().map(|since| (self.0.config.real_now)() - since);
        away.map_or(0.0, |away| away.num_milliseconds().max(0) as f64 / 1_000.0)
    }

    /// The number of partitions without an owner and for how long that has been so; `None` while a
    /// rebalance can explain it.
    pub fn partitions_unowned(&self) -> Option<(usize, Duration)> {
        self.0.owners.unowned(self.0.config.session_timeout)
    }

    /// Partitions that this node owns.
    pub fn partitions_owned(&self) -> usize {
        self.0.partitions.iter().filter(|partition| partition.owned.load(Ordering::Relaxed)).count()
    }

    /// Accepted reports that are not merged yet, as far as this node knows.
    pub fn reports_unmerged(&self) -> usize {
        lock(&self.0.backlog).waiting()
    }

    /// Legs in the log, including those that ended recently.
    pub fn legs_known(&self) -> usize {
        lock(&self.0.arbiter).len()
    }
}
