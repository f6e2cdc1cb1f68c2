//! Kafka, PostgreSQL and MongoDB, for a node among several.

use super::{Health, Storage, StorageDeps, StorageLifecycle, driver_runtime, node_name};
use crate::config::Config;
use crate::roles::{Role, Roles};
use crate::telemetry::{KafkaCollector, ServerAvailability};
use crate::time::{monotonic, real_now};
use ::kafka::{FatalErrorHandler, Kafka, KafkaConfig, KafkaQueue, MetricsHandle};
use ::mongo::{Mongo, MongoCheckError, MongoConfig};
use ::postgres::{Postgres, PostgresConfig, PostgresLimits};
use actors::hub::Hub;
use actors::replication::{Deps, KafkaBridge, KafkaReportSink};
use anyhow::Context as _;
use domain::ports::{Archive as _, BoxFuture, Directory, ReportQueue};
use futures_util::future::join;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A server counts as unavailable if it does not answer within this time.
const SERVER_WAIT: Duration = Duration::from_secs(2);

/// How often the metrics check the servers.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// How long a health result is cached.
const HEALTH_VALID_FOR: Duration = Duration::from_secs(1);

/// The settings of Kafka.
pub fn kafka_settings(config: &Config, on_fatal_error: FatalErrorHandler) -> anyhow::Result<KafkaConfig> {
    let kafka = &config.servers.kafka;
    Ok(KafkaConfig {
        brokers: kafka.brokers.clone(),
        prefix: kafka.prefix.clone(),
        partitions: kafka.partitions,
        replication: kafka.replication,
        node: config.servers.node.clone(),
        security: kafka.security.clone(),
        request_timeout: kafka.request_timeout,
        delivery_timeout: kafka.delivery_timeout,
        session_timeout: kafka.session_timeout,
        changes_kept: kafka.changes_kept,
        journal_kept: kafka.journal_kept,
        unmerged_max: kafka.reports_unmerged_max,
        runtime: driver_runtime::handle()?,
        real_now,
        on_fatal_error,
    })
}

/// The settings of Kafka for a short command.
pub fn kafka_for_commands(config: &Config) -> anyhow::Result<KafkaConfig> {
    kafka_settings(config, ignore_panics())
}

/// Ignores panics: a short command ends before it could react.
fn ignore_panics() -> FatalErrorHandler {
    FatalErrorHandler(Arc::new(|_| {}))
}

/// Opens PostgreSQL without connecting.
pub fn postgres(config: &Config) -> anyhow::Result<Postgres> {
    let settings = &config.servers.postgres;
    let url = settings.url.clone().context("postgres.url_file: is missing")?;
    let limits = PostgresLimits { connections_max: settings.connections_max, ..PostgresLimits::default() };
    let settings = PostgresConfig { url, node: config.servers.node.clone(), limits };
    Ok(Postgres::open(settings, driver_runtime::handle()?))
}

/// Opens MongoDB without connecting.
pub async fn mongo(config: &Config) -> anyhow::Result<Mongo> {
    let settings = &config.servers.mongo;
    let uri = settings.uri.clone().context("mongo.uri_file: is missing")?;
    let mut mongo = MongoConfig::new(uri, settings.database.clone(), real_now);
    mongo.app_name = format!("gatecall-{}", config.servers.node);
    (mongo.raw_kept, mongo.history_kept) = (config.retention.raw, config.retention.history);
    mongo.limits.connections_max = settings.connections_max;
    Ok(Mongo::open(mongo, driver_runtime::handle()?).await?)
}

/// Runs something short on the directory alone, without a hub.
pub(super) async fn with_directory<T>(
    config: &Config,
    task: impl AsyncFnOnce(&dyn Directory) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let postgres = postgres(config)?;
    let answer = async {
        postgres.check().await?;
        task(&postgres).await
    };
    let answer = answer.await;
    postgres.close().await;
    answer
}

/// Creates missing topics, tables and collections. Returns what it did, one line each.
pub async fn migrate(config: &Config) -> anyhow::Result<Vec<String>> {
    let kafka = kafka_for_commands(config)?;
    Kafka::prepare(&kafka).await?;
    let mut done =
        vec![format!("Kafka has the topics {0}.reports, {0}.changes and {0}.archive.", kafka.prefix)];
    let postgres = postgres(config)?;
    postgres.migrate().await.context("PostgreSQL")?;
    postgres.close().await;
    done.push("PostgreSQL has the tables of the directory.".into());
    let made = mongo(config).await?.migrate().await.context("MongoDB")?;
    done.push(format!("MongoDB has the collections of {}.", config.servers.mongo.database));
    done.extend(made.into_iter().map(|line| format!("  {line}")));
    Ok(done)
}

/// Checks each server. Returns one sentence per server.
pub async fn check(config: &Config) -> anyhow::Result<Vec<Result<String, String>>> {
    let said = |name: &str, answer: Result<(), String>| answer.map(|()| format!("{name} is ready"));
    let kafka = Kafka::check(&kafka_for_commands(config)?).await.map_err(|fault| fault.to_string());
    let postgres = postgres(config)?;
    let directory = postgres.check().await.map_err(|fault| format!("PostgreSQL: {fault}"));
    postgres.close().await;
    let archive = mongo(config).await?.check().await.map_err(|fault| format!("MongoDB: {fault}"));
    Ok(vec![said("Kafka", kafka), said("PostgreSQL", directory), said("MongoDB", archive)])
}

pub(super) async fn open(config: &Config, deps: StorageDeps) -> anyhow::Result<Storage> {
    let StorageDeps { clock, metrics, panics, threads, bridge, roles } = deps;
    let postgres = postgres(config)?;
    postgres.check().await.context("PostgreSQL")?;
    let mongo = mongo(config).await?;
    match mongo.check().await {
        Ok(()) => {}
        // No request waits for MongoDB, so a node can start without it. Other faults stop the start.
        Err(fault @ MongoCheckError::Unreachable { .. }) => {
            tracing::warn!(%fault, "MongoDB is unavailable; histories cannot be read until it returns");
        }
        Err(fault) => return Err(anyhow::Error::new(fault).context("MongoDB")),
    }
    let reporter = panics.clone();
    let on_fatal_error = FatalErrorHandler(Arc::new(move |thread| reporter.end_process(thread)));
    let settings = kafka_settings(config, on_fatal_error)?;
    Kafka::prepare(&settings).await?;
    if roles.has(Role::Flights) {
        node_name::take(Arc::new(postgres.clone()), &config.servers.node).await?;
    }
    let kafka = Kafka::open(settings, rand::random())?;
    let epoch = postgres.epoch(rand::random()).await?.into();
    let log = kafka.log();
    let hub = Hub::on_shared_log(
        clock,
        Arc::new(log.clone()),
        config.limits,
        metrics.clone(),
        panics.clone(),
        threads,
    );
    let archive = Arc::new(kafka.archive(Arc::new(mongo.clone())));
    let mut deps =
        Deps { hub: hub.clone(), log: Arc::new(log.clone()), queue: None, archive: archive.clone(), metrics };
    let began = tokio::time::Instant::now();
    let flights = KafkaBridge::restore(&deps).await.context("cannot read the log")?;
    tracing::info!(flights, duration_ms = began.elapsed().as_millis() as u64, "restored the flights");
    let mut queue = None;
    if roles.has(Role::Flights) {
        let joined = Arc::new(kafka.queue()?);
        deps.queue = Some(joined.clone());
        queue = Some(joined);
        kafka.start_archivist(Arc::new(mongo.clone()))?;
    }
    KafkaBridge::start_on(&bridge, deps, panics);
    let partitions = config.servers.kafka.partitions;
    let servers = Servers { kafka, partitions, postgres: postgres.clone(), mongo, queue, roles };
    Ok(Storage {
        sink: Arc::new(KafkaReportSink::new(hub.clone(), Arc::new(servers.kafka.journal()))),
        hub,
        archive,
        directory: Arc::new(postgres.clone()),
        leases: Some(Arc::new(postgres.clone())),
        epoch,
        health: Arc::new(servers.health()),
        lifecycle: Box::new(servers),
    })
}

struct Servers {
    kafka: Kafka,
    partitions: u16,
    postgres: Postgres,
    mongo: Mongo,
    queue: Option<Arc<KafkaQueue>>,
    roles: Roles,
}

impl Servers {
    fn health(&self) -> ServersHealth {
        ServersHealth {
            kafka: self.kafka.metrics(),
            partitions: self.partitions,
            postgres: self.postgres.clone(),
            mongo: self.mongo.clone(),
            serves: self.roles.has(Role::Sockets),
            last: tokio::sync::Mutex::default(),
        }
    }
}

struct ServersHealth {
    kafka: MetricsHandle,
    partitions: u16,
    postgres: Postgres,
    mongo: Mongo,
    serves: bool,
    /// The last result for the databases, so that frequent health requests do not load them.
    last: tokio::sync::Mutex<Option<(Instant, Databases)>>,
}

/// Which of the databases answer.
#[derive(Clone, Copy)]
struct Databases {
    postgres: bool,
    mongo: bool,
}

impl Databases {
    fn troubles(self) -> impl Iterator<Item = String> {
        let postgres = "PostgreSQL is unavailable; airports are not polled, and keys are cached";
        let mongo = "MongoDB is unavailable; histories cannot be read, and are written when it returns";
        let away = [(self.postgres, postgres), (self.mongo, mongo)];
        away.into_iter().filter(|(answers, _)| !answers).map(|(_, trouble)| trouble.to_owned())
    }
}

impl ServersHealth {
    async fn databases(&self) -> Databases {
        let mut last = self.last.lock().await;
        if let Some((at, databases)) = *last
            && at.elapsed() < HEALTH_VALID_FOR
        {
            return databases;
        }
        let (directory, archive) = join(
            tokio::time::timeout(SERVER_WAIT, self.postgres.feeds()),
            tokio::time::timeout(SERVER_WAIT, self.mongo.quarantine(1)),
        )
        .await;
        let databases =
            Databases { postgres: matches!(directory, Ok(Ok(_))), mongo: matches!(archive, Ok(Ok(_))) };
        *last = Some((monotonic(), databases));
        databases
    }
}

/// Checks the databases periodically, so that metrics do not depend on requests to `/readyz`.
async fn watch(health: ServersHealth, answers: ServerAvailability) {
    loop {
        let Databases { postgres, mongo } = health.databases().await;
        answers.set("postgresql", postgres);
        answers.set("mongodb", mongo);
        tokio::time::sleep(CHECK_EVERY).await;
    }
}

impl Health for ServersHealth {
    fn look(&self) -> BoxFuture<'_, Result<Vec<String>, String>> {
        Box::pin(async {
            let mut troubles = Vec::new();
            let away_s = self.kafka.away_seconds();
            if away_s > 0.0 {
                let away = format!("Kafka has been unavailable for {away_s:.0} s; shown data may be old");
                // A node that only accepts reports can do nothing. A node that serves clients still serves old
                // data.
                if !self.serves {
                    return Err(away);
                }
                troubles.push(away);
            }
            if let Some((unowned, age)) = self.kafka.partitions_unowned() {
                troubles.push(format!(
                    "no hub has merged the flights of {unowned} of {} partitions for {} s; their reports are stored \
                     and wait, and their shown data is old",
                    self.partitions,
                    age.as_secs()
                ));
            }
            troubles.extend(self.databases().await.troubles());
            Ok(troubles)
        })
    }
}

impl StorageLifecycle for Servers {
    fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(KafkaCollector::new(self.kafka.metrics())));
        let answers = ServerAvailability::default();
        answers.register(registry);
        actix_rt::spawn(watch(self.health(), answers));
    }

    fn save_clock(&self) -> BoxFuture<'_, ()> {
        // Nodes that replay a day share its clock by an anchor; there is nothing to save.
        Box::pin(async {})
    }

    fn hand_over(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(queue) = &self.queue {
                queue.leave().await;
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            self.kafka.close().await;
            self.postgres.close().await;
            Ok(())
        })
    }
}
