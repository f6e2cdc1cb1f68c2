//! The state that all parts of a running hub share.

use crate::config::Config;
use crate::directory_cache::DirectoryCache;
use crate::feed::Feed;
use crate::origin::Origins;
use crate::roles::{Role, Roles};
use crate::storage::Health;
use actors::hub::Hub;
use actors::ingest::IngestPipeline;
use domain::ports::{Archive, Directory};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// The state of a running hub. A clone is cheap; each worker thread has one.
#[derive(Clone)]
pub struct App {
    /// Flights, boards, switchboards.
    pub hub: Hub,
    /// Decodes messages and passes their reports on.
    pub intake: IngestPipeline,
    /// Raw messages, quarantine, history.
    pub archive: Arc<dyn Archive>,
    /// The configured feeds by name.
    pub feeds: Arc<BTreeMap<String, Feed>>,
    /// The checked configuration.
    pub config: Arc<Config>,
    /// The web pages that may use this hub.
    pub origins: Arc<Origins>,
    /// The epoch of this hub's data. Revisions of another epoch are meaningless.
    pub epoch: Arc<str>,
    /// The registry of all metrics.
    pub registry: Arc<Registry>,
    /// The number of worker threads.
    pub workers: usize,
    /// The health of the storage.
    pub health: Arc<dyn Health>,
    /// The roles of this node.
    pub roles: Roles,
    /// Feed keys, reference names, overrides and their audit.
    pub directory: Arc<dyn Directory>,
    /// Cached keys and names, for requests that must not wait for the directory.
    pub directory_cache: Arc<DirectoryCache>,
    /// Whether load balancers should send traffic here.
    pub readiness: Arc<Readiness>,
}

impl App {
    /// An error message for the client if this node does not run the role.
    pub fn require_role(&self, role: Role) -> Result<(), String> {
        if self.roles.has(role) {
            return Ok(());
        }
        Err(format!(
            "this node does not run the role {} (--roles {}); use another node",
            role.as_str(),
            self.roles
        ))
    }
}

/// Whether this hub should receive traffic.
#[derive(Debug, Default)]
pub struct Readiness(AtomicU8);

impl Readiness {
    /// Marks the hub as ready: the storage is open and the flights are restored.
    pub fn ready(&self) {
        self.0.store(1, Ordering::SeqCst);
    }

    /// Marks the hub as shutting down: load balancers should send no traffic.
    pub fn draining(&self) {
        self.0.store(2, Ordering::SeqCst);
    }

    /// Whether the hub is shutting down.
    pub fn is_draining(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 2
    }

    /// `Ok` if the hub is ready, otherwise the reason.
    pub fn check(&self) -> Result<(), &'static str> {
        match self.0.load(Ordering::SeqCst) {
            0 => Err("the hub is still restoring flights"),
            1 => Ok(()),
            _ => Err("the hub is shutting down"),
        }
    }
}
