//! Ports: the interfaces from the hub to stores, queues and airports.
//!
//! Each port has one contract suite in `adapters`. Every implementation passes it, so the embedded store
//! and the servers of a large installation behave the same.
//!
//! | module | port |
//! |---|---|
//! | [`log`] | the change log, with a single writer or shared by several nodes |
//! | [`reports`] | the report sink, and the queue between nodes |
//! | [`archive`] | raw messages, quarantine, history |
//! | [`directory`] | feed keys, overrides, names, registered feeds |
//! | [`leases`] | leases for work that one of several nodes does |
//! | [`airport`] | an airport that the hub polls |
//!
//! ## Adding a port
//!
//! 1. Add a file with the trait: `Send + Sync`, methods return [`BoxFuture`], errors are an enum that
//!    callers can act on.
//! 2. Add its contract suite to `adapters/testing/src/contract/`. It tests what the comments here promise.
//! 3. Add an implementation for one machine and one for several nodes. Both run the suite.

pub mod airport;
pub mod archive;
pub mod directory;
pub mod leases;
pub mod log;
pub mod reports;

pub use airport::{AirportSource, PollError, PollRequest, PollResponse};
pub use archive::{Archive, ArchiveRecord, PastChange, Quarantined, RawMessage, Recorder};
pub use directory::{
    AirlineNameOverride, AirportOverride, AuditAction, Directory, FeedKey, FeedKind, KeyError, NewOverride,
    OverrideEvent, PAST_OVERRIDES_MAX, RegisteredFeed, overrides_in_force,
};
pub use leases::{LEASE_NAME_BYTES_MAX, Lease, Leases, is_lease_name};
pub use log::{
    ChangeLog, ENDS_KNOWN_FOR, Ended, LogEntry, LogEvent, LogSnapshot, SharedLog, StateChanged, Version,
};
pub use reports::{
    Ack, Outcome, QueuedItem, QueuedPayload, ReportJournal, ReportQueue, ReportSink, SinkError,
};

use crate::leg::LegId;
use std::future::Future;
use std::pin::Pin;

/// The future that a port's method returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a store failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store is unreachable or overloaded. Retry later.
    #[error("{store} is not available: {reason}")]
    Unavailable {
        /// The store.
        store: &'static str,
        /// The error that it returned.
        reason: String,
    },
    /// The store contains data that this version cannot read.
    #[error("{store} holds what cannot be read: {reason}")]
    Unreadable {
        /// The store.
        store: &'static str,
        /// What and why.
        reason: String,
    },
    /// The entry does not follow the stored version: another writer owns this leg.
    #[error("revision {rev} of {leg} does not follow what is stored")]
    Conflict {
        /// The leg.
        leg: LegId,
        /// The revision that does not follow.
        rev: u64,
    },
}
