//! What a hub stands on, in the one place where ports meet adapters.
//!
//! | module | is |
//! |---|---|
//! | [`embedded`] | one folder, for a process of its own |
//! | [`servers`] | Kafka, PostgreSQL and MongoDB, for a node of several |
//! | `node_name` | the name that no two nodes may share |
//!
//! Either gives the same: a [`Storage`]. Whatever else knows which of the two it is asks this module.
//!
//! ## Adding one
//!
//! 1. A file with a function that opens it and answers with a [`Storage`].
//! 2. A word for it in `store.kind`, and its arm in [`open`].

pub mod embedded;
mod node_name;
pub mod servers;

use crate::config::Config;
use crate::config::sections::StoreKind;
use crate::roles::{Role, Roles};
use actix::ArbiterHandle;
use actors::hub::{Hub, Threads};
use actors::metrics::Metrics;
use actors::supervisor::Deaths;
use domain::clock::Clock;
use domain::ports::{Archive, BoxFuture, Directory, Leases, ReportSink};
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// What is given to whatever opens a backing.
pub struct StorageDeps {
    /// The operational clock.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Metrics,
    /// Where deaths are told.
    pub deaths: Deaths,
    /// Where flights and boards live.
    pub threads: Threads,
    /// Where the bridge to a shared log lives.
    pub bridge: ArbiterHandle,
    /// What this node does.
    pub roles: Roles,
}

/// What a hub stands on, with every flight in its place.
pub struct Storage {
    /// Flights, boards, switchboards.
    pub hub: Hub,
    /// Where decoded reports go.
    pub sink: Arc<dyn ReportSink>,
    /// Raw messages, quarantine, history.
    pub archive: Arc<dyn Archive>,
    /// Keys, names, what was decided by hand.
    pub directory: Arc<dyn Directory>,
    /// Who asks which airport, where several nodes could.
    pub leases: Option<Arc<dyn Leases>>,
    /// Names the data.
    pub epoch: Arc<str>,
    /// How it does.
    pub health: Arc<dyn Health>,
    /// Its end.
    pub lifecycle: Box<dyn StorageLifecycle>,
}

/// How a backing does.
pub trait Health: Send + Sync {
    /// What does not work at present, a sentence each, where traffic may come all the same; `Err`
    /// where it should not.
    fn look(&self) -> BoxFuture<'_, Result<Vec<String>, String>>;
}

/// What has to be done for a backing now and then, and at its end.
pub trait StorageLifecycle {
    /// Adds what it counts.
    fn register(&self, registry: &mut Registry);

    /// Saves the operational clock, where a replayed day is to go on from there.
    fn save_clock(&self) -> BoxFuture<'_, ()>;

    /// Gives back what other nodes should take over at once. The hub still serves.
    fn hand_over(&self) -> BoxFuture<'_, ()>;

    /// Comes to rest. Nothing is asked of it afterwards.
    fn close(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// Opens what the configuration names.
pub async fn open(config: &Config, parts: StorageDeps) -> anyhow::Result<Storage> {
    for role in parts.roles.iter().filter(|role| !role.has_work() && !parts.roles.are_all()) {
        tracing::warn!(role = role.as_str(), "this version has no work for this role yet");
    }
    match config.store.kind {
        StoreKind::Embedded => embedded::open(config, parts).await,
        StoreKind::Servers => servers::open(config, parts).await,
    }
}

/// Runs something short on the directory alone, without a hub. Of the embedded store that is refused
/// while a hub runs on it.
pub async fn with_directory<T>(
    config: &Config,
    task: impl AsyncFnOnce(&dyn Directory) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    match config.store.kind {
        StoreKind::Embedded => embedded::with_store(config, async |store| task(store).await).await,
        StoreKind::Servers => {
            let postgres = servers::postgres(config)?;
            let answer = async {
                postgres.check().await?;
                task(&postgres).await
            };
            let answer = answer.await;
            postgres.close().await;
            answer
        }
    }
}

/// Whether the roles fit what the hub stands on.
pub fn check_roles(config: &Config, roles: &Roles) -> anyhow::Result<()> {
    if config.store.kind == StoreKind::Embedded && !roles.are_all() {
        anyhow::bail!(
            "--roles {roles}: a hub with the embedded store does everything; store.kind is not \"servers\""
        );
    }
    let works = [Role::Feeds, Role::Flights, Role::Sockets].iter().any(|role| roles.has(*role));
    if !works {
        anyhow::bail!("--roles {roles}: this version has no work for these alone yet");
    }
    Ok(())
}
