//! What every part of a running hub needs of the others.

use crate::config::Config;
use crate::directory_cache::DirectoryCache;
use crate::origin::Origins;
use crate::roles::{Role, Roles};
use crate::storage::Health;
use actors::hub::Hub;
use actors::intake::{FeedSpec, Intake};
use domain::ports::{Archive, Directory};
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Cheap to clone; one clone a worker thread.
#[derive(Clone)]
pub struct App {
    /// Flights, boards, switchboards.
    pub hub: Hub,
    /// The way of a message in.
    pub intake: Intake,
    /// Raw messages, quarantine, history.
    pub archive: Arc<dyn Archive>,
    /// Feeds by name.
    pub feeds: Arc<BTreeMap<String, Feed>>,
    /// As configured and checked.
    pub config: Arc<Config>,
    /// Which pages may speak to this hub.
    pub origins: Arc<Origins>,
    /// Names the data this hub has: what a client holds from another epoch is worth nothing.
    pub epoch: Arc<str>,
    /// What is counted.
    pub registry: Arc<Registry>,
    /// What the HTTP side shares between its worker threads.
    pub http: Arc<crate::http::HttpState>,
    /// Worker threads that serve.
    pub workers: usize,
    /// How what the hub stands on does.
    pub health: Arc<dyn Health>,
    /// What this node does.
    pub roles: Roles,
    /// Keys, names, what was decided by hand.
    pub directory: Arc<dyn Directory>,
    /// The same as this node knows it, for those who must not wait.
    pub directory_cache: Arc<DirectoryCache>,
    /// Whether traffic should come here.
    pub readiness: Arc<Readiness>,
}

impl App {
    /// Whether this node does this, and if not, why one is sent away.
    pub fn does(&self, role: Role) -> Result<(), String> {
        if self.roles.has(role) {
            return Ok(());
        }
        Err(format!("this node has not the role {} (--roles {}); ask another", role.as_str(), self.roles))
    }
}

/// A configured feed.
#[derive(Clone, Debug)]
pub struct Feed {
    /// Whose word it is and what it sends.
    pub spec: FeedSpec,
    /// How its messages come.
    pub kind: FeedKind,
    /// Without a message for so long, it is said to be silent; real time.
    pub silent_after: std::time::Duration,
    /// Whether listeners are told that it is silent when it is: it is asked, or promises to speak so often.
    pub is_expected: bool,
}

/// How a feed's messages come.
#[derive(Clone, Debug)]
pub enum FeedKind {
    /// The airport pushes them, with a key of which only the SHA-256 is kept.
    Push {
        /// Digests of the keys in force: two, while one is being replaced.
        key_digests: Vec<[u8; 32]>,
    },
    /// The hub polls.
    Pull,
}

/// Whether this hub should get traffic.
#[derive(Debug, Default)]
pub struct Readiness(AtomicU8);

impl Readiness {
    /// The store is open and flights are restored.
    pub fn ready(&self) {
        self.0.store(1, Ordering::SeqCst);
    }

    /// It is going down: load balancers should send nobody here.
    pub fn draining(&self) {
        self.0.store(2, Ordering::SeqCst);
    }

    /// Whether it is going down.
    pub fn is_draining(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 2
    }

    /// `Ok`, or why not.
    pub fn check(&self) -> Result<(), &'static str> {
        match self.0.load(Ordering::SeqCst) {
            0 => Err("flights are still being restored"),
            1 => Ok(()),
            _ => Err("the hub is shutting down"),
        }
    }
}
