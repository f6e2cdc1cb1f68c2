//! The embedded store: one folder, one file, one process.

use super::{Health, Storage, StorageDeps, StorageLifecycle};
use crate::config::Config;
use crate::telemetry::StoreCollector;
use crate::time;
use ::embedded::{Embedded, EmbeddedConfig};
use actors::hub::Hub;
use actors::supervisor::PanicGuard;
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::Clock;
use domain::ports::{Archive as _, BoxFuture};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

/// The store counts as unavailable if it does not answer within this time.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// How often the hub checks whether the store accepts changes.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// The store's settings.
pub fn settings(config: &Config) -> EmbeddedConfig {
    let store = &config.store;
    let mut embedded = EmbeddedConfig::in_folder(&store.folder);
    embedded.durability = store.synchronous;
    embedded.file_bytes_max = store.file_bytes_max;
    embedded
}

/// Runs a short task on the store without a hub.
pub async fn with_store<T>(
    config: &Config,
    task: impl AsyncFnOnce(&Embedded) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let store = Embedded::open(settings(config)).await?;
    let answer = task(&store).await;
    store.close().await?;
    answer
}

pub(super) async fn open(config: &Config, deps: StorageDeps) -> anyhow::Result<Storage> {
    let StorageDeps { clock, metrics, panics, threads, .. } = deps;
    let store = Embedded::open(settings(config)).await?;
    let epoch = store.epoch(rand::random()).await?.into();
    let hub = Hub::new(clock.clone(), Arc::new(store.clone()), config.limits, metrics, panics, threads);
    let began = tokio::time::Instant::now();
    let flights = hub
        .restore()
        .await
        .context("cannot restore the stored flights (`gatecall repair` lists the unreadable ones)")?;
    tracing::info!(flights, duration_ms = began.elapsed().as_millis() as u64, "restored the flights");
    if let Some(newest) = newest_stamp(&hub) {
        time::begin_not_before(newest);
    }
    let guard = PanicGuard::end_process("watch over the store".into(), hub.panic_reporter().clone());
    actix_rt::spawn(guard.watch(watch(hub.clone(), store.clone())));
    Ok(Storage {
        sink: Arc::new(hub.clone()),
        hub,
        archive: Arc::new(store.clone()),
        directory: Arc::new(store.clone()),
        leases: None,
        epoch,
        health: Arc::new(EmbeddedHealth(store.clone())),
        lifecycle: Box::new(EmbeddedLifecycle { store, clock }),
    })
}

/// The newest stamp of any change, if the operational clock is real time.
fn newest_stamp(hub: &Hub) -> Option<DateTime<Utc>> {
    let mut newest = None;
    hub.for_each_flight(|live| newest = newest.max(Some(live.changed_at)));
    let clock = hub.clock();
    let is_real = (clock.now() - time::real_now()).abs() < TimeDelta::minutes(1);
    newest.filter(|_| clock.speed() == 1.0 && is_real)
}

/// Notifies clients when the store stops accepting changes, because they receive no change then, and when
/// it accepts changes again.
async fn watch(hub: Hub, store: Embedded) {
    let mut is_away = false;
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        let health = store.health();
        if health.is_err() != is_away {
            is_away = health.is_err();
            match &health {
                Err(fault) => tracing::error!(%fault, "the store accepts no changes; clients are notified"),
                Ok(()) => tracing::info!("the store accepts changes again; clients are notified"),
            }
            hub.set_upstream_lost(is_away.then(|| hub.clock().now())).await;
        }
    }
}

struct EmbeddedHealth(Embedded);

impl Health for EmbeddedHealth {
    fn look(&self) -> BoxFuture<'_, Result<Vec<String>, String>> {
        Box::pin(async {
            self.0.health().map_err(|fault| fault.to_string())?;
            match tokio::time::timeout(STORE_WAIT, self.0.quarantine(1)).await {
                Ok(Ok(_)) => Ok(self.0.troubles()),
                Ok(Err(fault)) => Err(fault.to_string()),
                Err(_) => Err("the store does not answer".into()),
            }
        })
    }
}

struct EmbeddedLifecycle {
    store: Embedded,
    clock: Arc<dyn Clock>,
}

impl StorageLifecycle for EmbeddedLifecycle {
    fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(StoreCollector::new(self.store.clone())));
    }

    fn save_clock(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Err(fault) = self.store.save_clock_instant(self.clock.now()).await {
                tracing::warn!(%fault, "cannot save the operational clock");
            }
        })
    }

    fn hand_over(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn close(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { self.store.close().await.map_err(|fault| fault.to_string()) })
    }
}
