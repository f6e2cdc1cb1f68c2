//! The way of reports: taken, made durable, and merged by the node that owns their leg.

use super::{BoxFuture, StoreError};
use crate::backlog::BacklogFull;
use crate::leg::LegId;
use crate::report::Report;

/// What became of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changed what is shown; the newest revision.
    Changed(u64),
    /// It told nothing new.
    Unchanged,
    /// It was merged, and gives its leg another number, route or date, which is not shown, as a feed with
    /// more authority says otherwise. Reported once for each such correction.
    MergedUnderCorrectedKey {
        /// The leg as it is known.
        leg: LegId,
        /// The newest revision, if what is shown has changed.
        rev: Option<u64>,
    },
    /// It is durable, and the node that owns its leg will merge it.
    Queued,
    /// It could not be applied, with the reason.
    Rejected(String),
}

/// Why reports could not be taken now. Nothing of them is lost: the sender keeps them.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SinkError {
    /// The log is away; try again.
    #[error("reports cannot be made durable now: {0}")]
    NotDurable(StoreError),
    /// The hub is at its limit; try again.
    #[error("the hub is at its limit of {limit} reports under way")]
    Full {
        /// The limit.
        limit: usize,
    },
    /// Reports are taken faster than they are merged; try again.
    #[error("{0}")]
    Behind(BacklogFull),
    /// The hub is going down; try elsewhere or again.
    #[error("the hub is shutting down")]
    Stopping,
}

/// Where decoded reports go: straight to their flights, or to Kafka.
pub trait ReportSink: Send + Sync {
    /// Takes reports, in order for each leg, and answers for each once it is durable. Where it is at
    /// its limit it says so before it waits for anything.
    fn accept(&self, reports: Vec<Report>) -> BoxFuture<'_, Result<Vec<Outcome>, SinkError>>;
}

/// Where several nodes put the reports that they took, for whoever owns their legs.
pub trait ReportJournal: Send + Sync {
    /// Makes reports durable, each under the leg it is thought to be of. `Ok` says so of all of
    /// them; after an error some may be durable, and repeating all is harmless. All are of one feed, and
    /// [`SinkError::Behind`] where too many wait to be merged: then none was written.
    fn post(&self, reports: Vec<(LegId, Report)>) -> BoxFuture<'_, Result<(), SinkError>>;
}

/// Something from the journal, for the owner of its leg.
#[derive(Debug)]
pub struct QueuedItem {
    /// What it is.
    pub payload: QueuedPayload,
    /// To be said once its effect is durable.
    pub ack: Ack,
}

/// What was in the journal.
#[derive(Debug)]
pub enum QueuedPayload {
    /// A report.
    Report(Report),
    /// What cannot be read, however often one tries. It is to be kept for a human, and settled.
    Unreadable {
        /// Where it stands, in words.
        position: String,
        /// What is wrong with it.
        reason: String,
        /// The start of it, as text.
        excerpt: String,
    },
}

/// Says that the effect of a delivery is durable. Dropped without a word, it says nothing: the
/// delivery comes again, here after a restart or at another node.
pub struct Ack(Box<dyn FnOnce() + Send>);

impl Ack {
    /// `say` is called at most once.
    pub fn new(ack: impl FnOnce() + Send + 'static) -> Self {
        Self(Box::new(ack))
    }

    /// The effect is durable.
    pub fn ack(self) {
        (self.0)();
    }
}

impl std::fmt::Debug for Ack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ack")
    }
}

/// The journal's reports on the legs that this node owns.
///
/// A leg comes to a node only after the node has been shown everything that its last owner wrote.
/// Before it goes to another, what was delivered is given time to be settled.
pub trait ReportQueue: Send + Sync {
    /// What comes next, at least one and at most a bounded number; waits for it. One caller.
    fn next(&self) -> BoxFuture<'_, Vec<QueuedItem>>;

    /// Takes no more, and gives back what is owned once all that was delivered is settled, or after
    /// a bounded time.
    fn leave(&self) -> BoxFuture<'_, ()>;
}
