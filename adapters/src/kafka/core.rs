//! What the parts of one node's Kafka share.

use super::config::KafkaConfig;
use super::figures::{Figures, Observer};
use super::ledger::Ledger;
use super::partition::partition_of;
use super::topics::{ARCHIVE, CHANGES, KAFKA, REPORTS};
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::StoreError;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer;
use rdkafka::producer::future_producer::FutureProducer;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Entries of the log that were late and are remembered, so that the archive passes over them too.
const LATE_MAX: usize = 100_000;

/// How often it is asked whether the brokers are there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Between two lines of a client on its troubles: each broker that is away makes several a second.
const TROUBLES_EVERY: Duration = Duration::from_secs(10);

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
    late: Mutex<BTreeSet<(i32, i64)>>,
    overwritten: Mutex<FxHashSet<LegId>>,
    away_since: Mutex<Option<DateTime<Utc>>>,
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
            config,
            ledger: Mutex::default(),
            late: Mutex::default(),
            overwritten: Mutex::default(),
            away_since: Mutex::default(),
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

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// Notes an entry that does not count. It stands behind the one that does, and compaction keeps
    /// the last: so the leg has to be written again, by whoever owns it.
    pub(super) fn note_late(&self, leg: &LegId, partition: i32, offset: i64) {
        let mut late = lock(&self.late);
        late.insert((partition, offset));
        while late.len() > LATE_MAX {
            late.pop_first();
        }
        drop(late);
        let mut overwritten = lock(&self.overwritten);
        if overwritten.len() < LATE_MAX {
            overwritten.insert(leg.clone());
        }
    }

    /// Notes an entry that counts, behind whatever did not.
    pub(super) fn note_counted(&self, leg: &LegId) {
        let mut overwritten = lock(&self.overwritten);
        if !overwritten.is_empty() {
            overwritten.remove(leg);
        }
    }

    pub(super) fn is_overwritten(&self, leg: &LegId) -> bool {
        lock(&self.overwritten).contains(leg)
    }

    pub(super) fn overwritten(&self, most: usize, wanted: impl Fn(&LegId) -> bool) -> Vec<LegId> {
        lock(&self.overwritten).iter().filter(|leg| wanted(leg)).take(most).cloned().collect()
    }

    pub(super) fn was_late(&self, partition: i32, offset: i64) -> bool {
        lock(&self.late).contains(&(partition, offset))
    }

    pub(super) fn away_since(&self) -> Option<DateTime<Utc>> {
        *lock(&self.away_since)
    }

    /// Why nothing should be tried now, if that is so: memory must not fill with what waits for
    /// brokers that are away.
    pub(super) fn refuse_while_away(&self) -> Result<(), StoreError> {
        match self.away_since() {
            None => Ok(()),
            Some(since) => {
                let since = since.format("%H:%M:%S UTC");
                Err(unavailable(format!("the brokers have not been reached since {since}")))
            }
        }
    }

    /// Looks whether the brokers are there, for as long as the node lives. On a thread of its own:
    /// the driver's question blocks.
    pub(super) fn watch(self: Arc<Self>, writer: Writer) {
        while !self.is_ending() {
            let found = writer.client().fetch_metadata(
                Some(&self.names.changes),
                self.config.request_timeout.min(Duration::from_secs(3)),
            );
            let fault = match &found {
                Err(fault) => Some(fault.to_string()),
                Ok(metadata) => {
                    let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
                    let orphaned = partitions.filter(|partition| partition.leader() < 0).count();
                    (orphaned > 0).then(|| format!("{orphaned} partition(s) of the log have no leader"))
                }
            };
            self.note_reached(fault.as_deref());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn note_reached(&self, fault: Option<&str>) {
        let mut away_since = lock(&self.away_since);
        match (fault, *away_since) {
            (Some(reason), None) => {
                tracing::error!(reason, "Kafka is away; what is shown stays, and reports are refused");
                *away_since = Some((self.config.real_now)());
            }
            (None, Some(since)) => {
                let away_s = ((self.config.real_now)() - since).num_seconds();
                tracing::info!(away_s, "Kafka is back");
                *away_since = None;
            }
            _ => {}
        }
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
