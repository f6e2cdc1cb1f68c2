//! One folder, one file, one process.

use super::{Backing, Health, Keeper, Parts};
use crate::config::Config;
use crate::telemetry::StoreFigures;
use actors::hub::Hub;
use adapters::embedded::{Embedded, EmbeddedConfig};
use anyhow::Context as _;
use domain::clock::Clock;
use domain::ports::{Answer, Archive as _};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;

/// How long the store may take to answer before it counts as away.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// The store's settings.
pub fn settings(config: &Config) -> EmbeddedConfig {
    let store = &config.store;
    let mut embedded = EmbeddedConfig::in_folder(&store.folder);
    embedded.durability = store.synchronous;
    embedded.file_bytes_max = store.file_bytes_max;
    embedded
}

/// Runs something short on the store, without a hub.
pub async fn with_store<T>(
    config: &Config,
    task: impl AsyncFnOnce(&Embedded) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let store = Embedded::open(settings(config)).await?;
    let answer = task(&store).await;
    store.close().await?;
    answer
}

pub(super) async fn open(config: &Config, parts: Parts) -> anyhow::Result<Backing> {
    let Parts { clock, metrics, deaths, threads, .. } = parts;
    let store = Embedded::open(settings(config)).await?;
    let epoch = store.epoch(rand::random()).await?.into();
    let hub = Hub::new(clock.clone(), Arc::new(store.clone()), config.limits, metrics, deaths, threads);
    let began = tokio::time::Instant::now();
    let flights =
        hub.restore().await.context("the stored flights cannot be restored (gatecall repair tells which)")?;
    tracing::info!(flights, duration_ms = began.elapsed().as_millis() as u64, "flights are restored");
    Ok(Backing {
        sink: Arc::new(hub.clone()),
        hub,
        archive: Arc::new(store.clone()),
        directory: Arc::new(store.clone()),
        leases: None,
        epoch,
        health: Arc::new(EmbeddedHealth(store.clone())),
        keeper: Box::new(EmbeddedKeeper { store, clock }),
    })
}

struct EmbeddedHealth(Embedded);

impl Health for EmbeddedHealth {
    fn look(&self) -> Answer<'_, Result<Vec<String>, String>> {
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

struct EmbeddedKeeper {
    store: Embedded,
    clock: Arc<dyn Clock>,
}

impl Keeper for EmbeddedKeeper {
    fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(StoreFigures::new(self.store.clone())));
    }

    fn save_clock(&self) -> Answer<'_, ()> {
        Box::pin(async {
            if let Err(fault) = self.store.save_clock_instant(self.clock.now()).await {
                tracing::warn!(%fault, "the operational clock could not be saved");
            }
        })
    }

    fn hand_over(&self) -> Answer<'_, ()> {
        Box::pin(async {})
    }

    fn close(&self) -> Answer<'_, Result<(), String>> {
        Box::pin(async { self.store.close().await.map_err(|fault| fault.to_string()) })
    }
}
