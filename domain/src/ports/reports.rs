//! Ports for reports: accepted, made durable, merged by the node that owns the leg.

use super::{BoxFuture, StoreError};
use crate::backlog::BacklogFull;
use crate::leg::LegId;
use crate::report::Report;

/// The outcome of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changed the displayed state. Holds the newest revision.
    Changed(u64),
    /// It contained nothing new.
    Unchanged,
    /// It was merged and gives the leg another number, route or date. That correction is not shown, because
    /// a feed with more authority disagrees. Reported once per correction.
    MergedUnderCorrectedKey {
        /// The leg that it was merged into.
        leg: LegId,
        /// The newest revision, if the displayed state changed.
        rev: Option<u64>,
    },
    /// It is durable. The owner of its leg will merge it.
    Queued,
    /// It could not be applied, for this reason.
    Rejected(String),
}

/// Why no reports are accepted now. Nothing is stored, and the sender keeps them.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SinkError {
    /// The log is unavailable. Retry.
    #[error("reports cannot be made durable now: {0}")]
    NotDurable(StoreError),
    /// The hub is at its limit. Retry.
    #[error("the hub is at its limit of {limit} reports under way")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// Reports arrive faster than they are merged. Retry.
    #[error("{0}")]
    Behind(BacklogFull),
    /// The hub is shutting down. Retry, or use another node.
    #[error("the hub is shutting down")]
    Stopping,
}

/// Where decoded reports go: directly to their flights, or to Kafka.
pub trait ReportSink: Send + Sync {
    /// Accepts reports, in order for each leg, and returns an outcome for each once it is durable. At the
    /// limit, it fails at once without waiting.
    fn accept(&self, reports: Vec<Report>) -> BoxFuture<'_, Result<Vec<Outcome>, SinkError>>;
}

/// The durable queue into which nodes put reports for the owners of the legs.
pub trait ReportJournal: Send + Sync {
    /// Makes reports durable, each under its presumed leg. All are from one feed. `Ok` covers all of them.
    /// After an error some may be durable, and repeating all is harmless. [`SinkError::Behind`] means that
    /// the backlog is full and none was written.
    fn post(&self, reports: Vec<(LegId, Report)>) -> BoxFuture<'_, Result<(), SinkError>>;
}

/// An item of the report queue.
#[derive(Debug)]
pub struct QueuedItem {
    /// The content.
    pub payload: QueuedPayload,
    /// Acknowledge once its effect is durable.
    pub ack: Ack,
}

/// The content of a queued item.
#[derive(Debug)]
pub enum QueuedPayload {
    /// A report.
    Report(Report),
    /// An item that cannot be decoded. Quarantine it and acknowledge it.
    Unreadable {
        /// Its position in the queue, for people.
        position: String,
        /// What is wrong.
        reason: String,
        /// Its start, as text.
        excerpt: String,
    },
}

/// Acknowledges that the effect of a queued item is durable. If it is dropped without [`Ack::ack`], the
/// item is delivered again, here after a restart or to another node.
pub struct Ack(Box<dyn FnOnce() + Send>);

impl Ack {
    /// Runs `ack` at most once.
    pub fn new(ack: impl FnOnce() + Send + 'static) -> Self {
        Self(Box::new(ack))
    }

    /// Acknowledges the item.
    pub fn ack(self) {
        (self.0)();
    }
}

impl std::fmt::Debug for Ack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ack")
    }
}

/// The queued reports of the legs that this node owns.
///
/// A node gets a leg only after it has read everything that the last owner wrote. Before a leg moves,
/// delivered items have time to be acknowledged.
pub trait ReportQueue: Send + Sync {
    /// Waits for the next items: at least one, at most a bounded number. Only one caller.
    fn next(&self) -> BoxFuture<'_, Vec<QueuedItem>>;

    /// Stops taking items, and gives up ownership once every delivered item is acknowledged or after a
    /// bounded time.
    fn leave(&self) -> BoxFuture<'_, ()>;
}
