//! What the hub asks of the outside world, in the words of the domain.
//!
//! Each port has one contract suite in `adapters` that every implementation passes, so that the
//! embedded store and the servers of a large installation are equal.
//!
//! | module | asked for |
//! |---|---|
//! | [`leases`] | who does what only one of several nodes may do |
//! | [`log`] | the change log, alone or shared by several nodes |
//! | [`archive`] | raw messages, quarantine, history |
//! | [`reports`] | where reports go, and where their owner takes them from |
//! | [`airport`] | an airport that is polled |
//! | [`directory`] | what people have decided: keys, overrides, names; the feeds they refer to |
//!
//! ## Adding a port
//!
//! 1. A file of its thought with the trait: `Send + Sync`, answers as [`Answer`], every error said.
//! 2. Its contract suite in `adapters/src/contract/`, which says what the words here leave open.
//! 3. One answer for one machine and one at scale, both through that suite.

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

/// What a port's method gives back: something to await, wherever the runtime likes.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or is overloaded; the same call may succeed later.
    #[error("{store} is not available: {reason}")]
    Unavailable {
        /// Which store.
        store: &'static str,
        /// What it said.
        reason: String,
    },
    /// It holds something this version cannot read.
    #[error("{store} holds what cannot be read: {reason}")]
    Unreadable {
        /// Which store.
        store: &'static str,
        /// What and why.
        reason: String,
    },
    /// A revision was given twice or out of order: somebody else owns this flight.
    #[error("revision {rev} of {leg} does not follow what is stored")]
    Conflict {
        /// Which leg.
        leg: LegId,
        /// The revision that does not follow.
        rev: u64,
    },
}
