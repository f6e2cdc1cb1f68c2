//! Tests against a real Kafka (`testing::services`), each with its own topics.
//!
//! | module | tests |
//! |---|---|
//! | `changes` | nodes that write and read one log |
//! | `reports` | the journal, and how the nodes share its partitions |
//! | `archive` | the way into the archive, also after an outage of the archive |
//! | `records` | topics, and unreadable records |
//! | `poison` | records that no hub wrote, and compaction after them |

mod archive;
mod changes;
mod poison;
mod records;
mod reports;

use super::context::lock;
use super::*;
use chrono::{DateTime, TimeDelta, Utc};
use domain::backlog::BacklogFull;
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{
    Archive, BoxFuture, ChangeLog, Ended, LogEntry, LogEvent, Quarantined, QueuedItem, QueuedPayload,
    RawMessage, ReportJournal, ReportQueue, SharedLog, SinkError, StoreError, Version,
};
use domain::report::Report;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::future_producer::FutureRecord;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use testing::contract::{Opening, change_log};
use testing::driver_runtime::driver_runtime;
use testing::flights::Sample;
use testing::memory::Memory;
use testing::services;
use tokio::task::JoinHandle;

/// A number that no other test has, in this run or another.
fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let stamp = (real_now() - DateTime::<Utc>::UNIX_EPOCH).num_milliseconds().unsigned_abs();
    stamp * 1_000 + NEXT.fetch_add(1, Ordering::Relaxed)
}

#[expect(clippy::disallowed_methods, reason = "a test gives real time to the adapter, as the hub does")]
fn real_now() -> DateTime<Utc> {
    Utc::now()
}

fn config(brokers: &str) -> KafkaConfig {
    KafkaConfig {
        brokers: brokers.to_owned(),
        prefix: format!("test-{}", number()),
        partitions: 3,
        replication: 1,
        node: "test".into(),
        security: Security::Plaintext,
        request_timeout: Duration::from_secs(5),
        delivery_timeout: Duration::from_secs(10),
        session_timeout: Duration::from_secs(6),
        changes_kept: Duration::from_secs(3_600),
        journal_kept: Duration::from_secs(3_600),
        unmerged_max: 50_000,
        runtime: driver_runtime(),
        real_now,
        on_fatal_error: FatalErrorHandler(Arc::new(|thread| panic!("{thread} died"))),
    }
}

/// The Kafka adapter of one node, with a reader of the log as in the hub.
struct Node {
    kafka: Kafka,
    log: KafkaLog,
    follows: JoinHandle<()>,
    told: Arc<Mutex<Vec<LogEvent>>>,
    begun: Vec<(Flight, Version)>,
}

impl Node {
    async fn open(config: &KafkaConfig) -> Self {
        // Two nodes with one name would take each other's partitions.
        let config = &KafkaConfig { node: format!("test-{}", number()).into(), ..config.clone() };
        Kafka::prepare(config).await.unwrap();
        let kafka = Kafka::open(config.clone(), number()).unwrap();
        let log = kafka.log();
        let begun = log.begin().await.unwrap().flights;
        let told: Arc<Mutex<Vec<LogEvent>>> = Arc::default();
        let (following, shown) = (log.clone(), told.clone());
        let follows = tokio::spawn(async move {
            loop {
                let next = following.next().await;
                lock(&shown).extend(next);
            }
        });
        Self { kafka, log, follows, told, begun }
    }

    /// The events of a leg: revision, version, number of changes, gap.
    fn heard(&self, leg: &LegId) -> Vec<(u64, Version, usize, bool)> {
        let told = lock(&self.told);
        let of_leg = told.iter().filter_map(|told| match told {
            LogEvent::Changed(f) if f.flight.leg == *leg => {
                Some((f.flight.rev, f.version, f.changes.len(), f.gap))
            }
            _ => None,
        });
        of_leg.collect()
    }

    fn version(&self, leg: &LegId) -> Version {
        Version(lock(&self.kafka.context.arbiter).version(leg))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.follows.abort();
    }
}

/// For the contract suite: each entry is made from the newest state, as flights do.
impl ChangeLog for Node {
    fn append(&self, mut entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        for entry in &mut entries {
            entry.after = self.version(&entry.flight.leg);
        }
        self.log.append(entries)
    }

    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        self.log.restore()
    }

    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        self.log.ended(since)
    }

    fn retire(&self, leg: LegId, _: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        let after = self.version(&leg);
        self.log.retire(leg, after, at)
    }
}

/// Removes the topics of a test. Topics of a failed test have names of their own.
async fn remove(config: &KafkaConfig) {
    let admin: AdminClient<DefaultClientContext> = config.client("admin").create().unwrap();
    let names: Vec<String> =
        ["reports", "changes", "archive"].iter().map(|name| config.named(name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    admin.delete_topics(&names, &AdminOptions::new()).await.unwrap();
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain until {what}");
}

fn message(body: &[u8]) -> RawMessage {
    let received_at = testing::flights::dawn();
    RawMessage { feed: "jfk".into(), received_at, content_type: "application/json".into(), body: body.into() }
}

/// Writes a record and waits until it is confirmed.
async fn produce(by: &KafkaProducer, record: FutureRecord<'_, str, [u8]>) {
    let sent = by.send_result(record).map_err(|(fault, _)| fault).unwrap();
    sent.await.unwrap().map_err(|(fault, _)| fault).unwrap();
}
