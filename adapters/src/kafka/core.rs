//! What the parts of one node's Kafka share.

use super::config::KafkaConfig;
use super::figures::{Figures, Observer};
use super::judge::place_of;
use super::late::Late;
use super::ledger::Ledger;
use super::owners::Owners;
use super::partition::partition_of;
use super::reach::Reach;
use super::skips::Skips;
use super::topics::{ARCHIVE, CHANGES, KAFKA, REPORTS};
use domain::backlog::Backlog;
use domain::leg::LegId;
use domain::ports::StoreError;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::future_producer::FutureProducer;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wire::record::RecordError;

/// Between two lines of a client on its troubles: each broker that is away makes several a second.
const TROUBLES_EVERY: Duration = Duration::from_secs(10);

/// Records in a wrong partition of which a process writes a line; more are only counted.
const MISPLACED_LINES_MAX: u64 = 100;

/// What librdkafka says of itself goes where our own lines go.
#[derive(Clone)]
pub(super) struct Voice {
    purpose: &'static str,
    observer: Arc<Observer>,
    /// When the last line on troubles was written.
    spoke: Arc<Mutex<Option<Instant>>>,
}

impl Voice {
    pub(super) fn new(purpose: &'static str, observer: Observer) -> Self {
        Self { purpose, observer: Arc::new(observer), spoke: Arc::default() }
    }

    fn trouble(&self, what: &str, said: &str) {
        let mut spoke = lock(&self.spoke);
        if spoke.is_none_or(|at| at.elapsed() >= TROUBLES_EVERY) {
            *spoke = Some(monotonic());
            tracing::warn!(kafka = self.purpose, what, "{said}");
        } else {
            tracing::debug!(kafka = self.purpose, what, "{said}");
        }
    }
}

impl ClientContext for Voice {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        use RDKafkaLogLevel::{Alert, Critical, Emerg, Error, Notice, Warning};
        match level {
            Emerg | Alert | Critical | Error | Warning => {
                self.trouble(facility, message);
            }
            Notice => tracing::info!(kafka = self.purpose, facility, "{message}"),
            _ => tracing::debug!(kafka = self.purpose, facility, "{message}"),
        }
    }

    fn stats(&self, statistics: rdkafka::Statistics) {
        self.observer.hear(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // That a reader has come to the end is no error, though the driver tells it as one.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        self.trouble(&error.to_string(), reason);
    }
}

impl ConsumerContext for Voice {}

/// A producer that speaks so.
pub(super) type Writer = FutureProducer<Voice>;

/// One partition, as this node sees it.
#[derive(Default)]
pub(super) struct Partition {
    /// The offset up to which the log was read and judged.
    pub(super) judged: AtomicI64,
    /// Whether its legs fall to this node.
    pub(super) owned: AtomicBool,
}

/// Names of topics, made once.
pub(super) struct Names {
    pub(super) reports: String,
    pub(super) changes: String,
    pub(super) archive: String,
}

pub(super) struct Core {
    pub(super) config: KafkaConfig,
    pub(super) names: Names,
    pub(super) partitions: Vec<Partition>,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) late: Late,
    pub(super) skips: Skips,
    pub(super) owners: Owners,
    pub(super) backlog: Mutex<Backlog>,
    pub(super) reach: Reach,
    pub(super) figures: Figures,
    /// Short tasks beside the caller's runtime, which may be any.
    pub(super) runtime: tokio::runtime::Handle,
    pub(super) ending: AtomicBool,
}

impl Core {
    pub(super) fn new(config: KafkaConfig) -> Self {
        let partitions = (0..config.partitions).map(|_| Partition::default()).collect();
        let names = Names {
            reports: config.named(REPORTS),
            changes: config.named(CHANGES),
            archive: config.named(ARCHIVE),
        };
        Self {
            figures: Figures::new(usize::from(config.partitions)),
            names,
            partitions,
            ledger: Mutex::default(),
            late: Late::new(usize::from(config.partitions)),
            skips: Skips::default(),
            reach: Reach::default(),
            owners: Owners::default(),
            backlog: Mutex::new(Backlog::new(usize::from(config.partitions), config.unmerged_max)),
            config,
            runtime: tokio::runtime::Handle::current(),
            ending: AtomicBool::new(false),
        }
    }

    /// Runs `work` on a thread of its own. Its panic is told: what only a log line has heard of would
    /// leave a node that looks well and does nothing.
    pub(super) fn thread(
        self: Arc<Self>,
        name: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<(), StoreError> {
        let run = move || {
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() && !self.is_ending() {
                tracing::error!(thread = name, "a thread died of a panic");
                (self.config.died.0)(name);
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

    /// Counts a record of the log that cannot be read and is passed over. Where it stands last of a leg,
    /// the leg is to be written again.
    pub(super) fn unreadable(&self, leg: Option<&LegId>, message: &BorrowedMessage<'_>, reason: &str) {
        self.figures.unreadable.fetch_add(1, Ordering::Relaxed);
        self.late.note(leg, message.partition(), message.offset());
        let place = place_of(message);
        tracing::error!(place, reason, "a record of the log cannot be read and is passed over");
    }

    /// Counts a record that stands in another partition than its own, and is passed over. One that was
    /// copied stays there, so only the first ones of a process are logged.
    pub(super) fn misplaced(&self, own: i32, message: &BorrowedMessage<'_>) {
        let before = self.figures.misplaced.fetch_add(1, Ordering::Relaxed);
        self.late.note(None, message.partition(), message.offset());
        if before < MISPLACED_LINES_MAX {
            let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
            tracing::error!(
                topic,
                partition,
                offset,
                own,
                "a record stands in a wrong partition and is passed over"
            );
        }
    }

    /// A record was written by a newer hub: this one is too old to go on, and would show what is not
    /// true any more.
    pub(super) fn too_old(&self, place: &str, fault: &RecordError) {
        tracing::error!(place, %fault, "this hub is older than what writes here, and ends");
        (self.config.died.0)("kafka-reader");
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }
}

pub(super) fn unavailable(reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable { store: KAFKA, reason: reason.into() }
}

/// Locks without minding a panic elsewhere: what is guarded here is replaced as a whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The steady clock: how long brokers take is real time, whatever the hub's clock says.
#[expect(clippy::disallowed_methods, reason = "the adapter's one door to the steady clock")]
pub(super) fn monotonic() -> Instant {
    Instant::now()
}
