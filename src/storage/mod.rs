//! Storage backends and how they are composed. Only this module knows the adapters behind the ports.
//!
//! | module | contents |
//! |---|---|
//! | [`embedded`] | one folder, for a single process |
//! | `servers` | Kafka, PostgreSQL and MongoDB, for a node among several |
//! | `driver_runtime` | the runtime of the drivers |
//! | `node_name` | the lease on this node's unique name |
//!
//! Both return a [`Storage`]; other modules do not know which one it is.
//!
//! ## Adding a backend
//!
//! 1. A file with a function that opens the backend and returns a [`Storage`].
//! 2. A value of `store.kind`, and its arm in [`open`].

#[cfg(feature = "servers")]
mod driver_runtime;
pub mod embedded;
#[cfg(feature = "servers")]
mod node_name;
#[cfg(feature = "servers")]
pub mod servers;

use crate::config::Config;
use crate::config::sections::StoreKind;
use crate::roles::{Role, Roles};
use actix::ArbiterHandle;
use actors::hub::{Hub, Threads};
use actors::metrics::Metrics;
use actors::supervisor::PanicReporter;
use domain::clock::Clock;
use domain::ports::{Archive, BoxFuture, Directory, Leases, ReportSink};
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// What a backend needs to open.
pub struct StorageDeps {
    /// The operational clock.
    pub clock: Arc<dyn Clock>,
    /// The metrics of the actors.
    pub metrics: Metrics,
    /// Where panics are reported.
    pub panics: PanicReporter,
    /// The threads of flights and boards.
    pub threads: Threads,
    /// The thread of the bridge to a shared log.
    pub bridge: ArbiterHandle,
    /// The roles of this node.
    pub roles: Roles,
}

/// An open backend with all flights restored.
pub struct Storage {
    /// Flights, boards, switchboards.
    pub hub: Hub,
    /// Where decoded reports go.
    pub sink: Arc<dyn ReportSink>,
    /// Raw messages, quarantine, history.
    pub archive: Arc<dyn Archive>,
    /// Feed keys, reference names, overrides and their audit.
    pub directory: Arc<dyn Directory>,
    /// Leases on polled feeds, if several nodes could poll them.
    pub leases: Option<Arc<dyn Leases>>,
    /// The epoch of the data.
    pub epoch: Arc<str>,
    /// The health of the backend.
    pub health: Arc<dyn Health>,
    /// Saves and closes the backend.
    pub lifecycle: Box<dyn StorageLifecycle>,
}

/// The health of a backend.
pub trait Health: Send + Sync {
    /// Current problems, one sentence each, that do not prevent traffic; `Err` if the hub should receive no
    /// traffic.
    fn look(&self) -> BoxFuture<'_, Result<Vec<String>, String>>;
}

/// What a running hub does with its backend, and at its end.
pub trait StorageLifecycle {
    /// Registers the metrics of the backend.
    fn register(&self, registry: &mut Registry);

    /// Saves the operational clock, so that a replay can continue from there.
    fn save_clock(&self) -> BoxFuture<'_, ()>;

    /// Releases what other nodes should take over at once. The hub still serves clients.
    fn hand_over(&self) -> BoxFuture<'_, ()>;

    /// Closes the backend. The hub does not use it afterwards.
    fn close(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// Opens the configured backend.
pub async fn open(config: &Config, deps: StorageDeps) -> anyhow::Result<Storage> {
    for role in deps.roles.iter().filter(|role| !role.has_work() && !deps.roles.are_all()) {
        tracing::warn!(role = role.as_str(), "this version has no work for this role");
    }
    match config.store.kind {
        StoreKind::Embedded => embedded::open(config, deps).await,
        #[cfg(feature = "servers")]
        StoreKind::Servers => servers::open(config, deps).await,
    }
}

/// Runs a short task on the directory without a hub. Fails if a hub uses the embedded store.
pub async fn with_directory<T>(
    config: &Config,
    task: impl AsyncFnOnce(&dyn Directory) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    match config.store.kind {
        StoreKind::Embedded => embedded::with_store(config, async |store| task(store).await).await,
        #[cfg(feature = "servers")]
        StoreKind::Servers => servers::with_directory(config, task).await,
    }
}

/// Checks that the roles fit the configured backend.
pub fn check_roles(config: &Config, roles: &Roles) -> anyhow::Result<()> {
    if config.store.kind == StoreKind::Embedded && !roles.are_all() {
        anyhow::bail!(
            "--roles {roles}: a hub with the embedded store runs all roles; store.kind is not \"servers\""
        );
    }
    let works = [Role::Feeds, Role::Flights, Role::Sockets].iter().any(|role| roles.has(*role));
    if !works {
        anyhow::bail!("--roles {roles}: this version has no work for these roles");
    }
    Ok(())
}
