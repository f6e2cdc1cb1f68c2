//! State that the parts of the Kafka adapter share.

use super::broker_health::BrokerHealth;
use super::classify::place_of;
use super::config::KafkaConfig;
use super::errors::unavailable;
use super::metrics::Metrics;
use super::partition_owners::PartitionOwners;
use super::partitioner::partition_of;
use super::skipped_records::Skips;
use super::superseded::SupersededWrites;
use super::topics::{ARCHIVE, CHANGES, REPORTS};
use super::version_arbiter::VersionArbiter;
use domain::backlog::Backlog;
use domain::leg::LegId;
use domain::ports::StoreError;
use rdkafka::message::{BorrowedMessage, Message};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use wire::record::RecordError;

/// Log lines on misplaced records per process. Further ones are only counted.
const MISPLACED_LINES_MAX: u64 = 100;

/// What this node knows of one partition.
#[derive(Default)]
pub(super) struct Partition {
    /// The offset up to which this node has read the log.
    pub(super) read_up_to: AtomicI64,
    /// Whether this node owns the legs of the partition.
    pub(super) owned: AtomicBool,
}

/// Full names of the topics.
pub(super) struct Names {
    pub(super) reports: String,
    pub(super) changes: String,
    pub(super) archive: String,
}

pub(super) struct Context {
    pub(super) config: KafkaConfig,
    pub(super) names: Names,
    pub(super) partitions: Vec<Partition>,
    pub(super) arbiter: Mutex<VersionArbiter>,
    pub(super) superseded: SupersededWrites,
    pub(super) skips: Skips,
    pub(super) owners: PartitionOwners,
    pub(super) backlog: Mutex<Backlog>,
    pub(super) broker_health: BrokerHealth,
    pub(super) metrics: Metrics,
    /// Runs short tasks, apart from the runtime of the caller.
    pub(super) runtime: tokio::runtime::Handle,
    pub(super) ending: AtomicBool,
}

impl Context {
    pub(super) fn new(config: KafkaConfig) -> Self {
        let partitions = (0..config.partitions).map(|_| Partition::default()).collect();
        let names = Names {
            reports: config.named(REPORTS),
            changes: config.named(CHANGES),
            archive: config.named(ARCHIVE),
        };
        Self {
            metrics: Metrics::new(usize::from(config.partitions)),
            names,
            partitions,
            arbiter: Mutex::default(),
            superseded: SupersededWrites::new(usize::from(config.partitions)),
            skips: Skips::default(),
            broker_health: BrokerHealth::default(),
            owners: PartitionOwners::default(),
            backlog: Mutex::new(Backlog::new(usize::from(config.partitions), config.unmerged_max)),
            runtime: config.runtime.clone(),
            config,
            ending: AtomicBool::new(false),
        }
    }

    /// Runs `work` on a thread of its own and reports its panic: a node whose thread died silently would
    /// look healthy and do nothing.
    pub(super) fn thread(
        self: Arc<Self>,
        name: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let run = move || {
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() && !self.is_ending() {
                tracing::error!(thread = name, "a thread panicked");
                (self.config.on_fatal_error.0)(name);
            }
        };
        let spawned = std::thread::Builder::new().name(name.into()).spawn(run);
        spawned.map(drop).map_err(|fault| unavailable(format!("no thread could be had: {fault}")))
    }

    pub(super) fn partition_of(&self, leg: &LegId) -> i32 {
        partition_of(leg, self.config.partitions)
    }

    pub(super) fn partition(&self, number: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(number).ok()?)
    }

    /// Counts and logs an unreadable record of the log. If it is the last record of a known leg, the leg
    /// must be written again.
    pub(super) fn unreadable(&self, leg: Option<&LegId>, message: &BorrowedMessage<'_>, reason: &str) {
        self.metrics.unreadable.fetch_add(1, Ordering::Relaxed);
        self.superseded.note(leg, message.partition(), message.offset());
        let place = place_of(message);
        tracing::error!(place, reason, "an unreadable record of the log is ignored");
    }

    /// Counts a record that is in another partition than its own. Copies stay in the log, so only the
    /// first ones are logged.
    pub(super) fn misplaced(&self, own: i32, message: &BorrowedMessage<'_>) {
        let before = self.metrics.misplaced.fetch_add(1, Ordering::Relaxed);
        self.superseded.note(None, message.partition(), message.offset());
        if before < MISPLACED_LINES_MAX {
            let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
            tracing::error!(topic, partition, offset, own, "a record in a wrong partition is ignored");
        }
    }

    /// Ends the node, because a newer hub wrote a record: this version would show outdated states.
    pub(super) fn too_old(&self, place: &str, fault: &RecordError) {
        tracing::error!(place, %fault, "a newer version of the hub wrote this record; this hub ends");
        (self.config.on_fatal_error.0)("kafka-reader");
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }
}

/// Locks a mutex, also after a panic of another holder: guarded values are replaced as a whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The monotonic clock. Waits for brokers are in real time, whatever the operational clock says.
#[expect(clippy::disallowed_methods, reason = "the only place of the adapter that reads the monotonic clock")]
pub(super) fn monotonic() -> Instant {
    Instant::now()
}
