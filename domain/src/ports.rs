//! What the hub asks of the outside world, in the words of the domain.
//!
//! Each port has one contract suite in `adapters` that every implementation passes, so that the
//! embedded store and the servers of a large installation are equal.

use crate::change::Change;
use crate::flight::Flight;
use crate::leg::LegId;
use crate::report::Report;
use chrono::{DateTime, Utc};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What a port's method gives back: something to await, wherever the runtime likes.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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

/// One state of a flight to be made durable, with the changes that led to it since the last.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The state after the changes, provenance and all.
    pub flight: Arc<Flight>,
    /// The changes since the last entry of this leg, oldest first. Empty where a source has only
    /// confirmed what was known.
    pub changes: Vec<Change>,
}

/// The log of changes, and the state it leads to.
pub trait ChangeLog: Send + Sync {
    /// Makes the entries durable, in order. Once this answers `Ok`, a crash cannot lose them.
    /// Entries of one leg must be given one after the other; of many legs they may be given at
    /// the same time, and are then made durable together.
    fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, Result<(), StoreError>>;

    /// Every flight that is not retired, each once, in its last durable state.
    fn restore(&self) -> Answer<'_, Result<Vec<Flight>, StoreError>>;

    /// Forgets a leg: it will not be restored. Its history stays for as long as it is kept.
    fn retire(&self, leg: LegId) -> Answer<'_, Result<(), StoreError>>;
}

/// One change as history tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastChange {
    /// Revision.
    pub rev: u64,
    /// When, by the operational clock.
    pub at: DateTime<Utc>,
    /// The words of its kinds.
    pub kinds: Vec<String>,
    /// Who brought it.
    pub source: String,
    /// The differing facts as a JSON object, by dotted path.
    pub set_json: String,
}

/// A message as it came, kept as it came.
#[derive(Clone, Debug)]
pub struct RawMessage {
    /// The feed's name.
    pub feed: Arc<str>,
    /// When it came, by the operational clock.
    pub received_at: DateTime<Utc>,
    /// As the sender named it, such as `application/xml`.
    pub content_type: Arc<str>,
    /// Its bytes.
    pub body: Arc<[u8]>,
}

/// Something that could not be used, kept for a human to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The feed's name.
    pub feed: Arc<str>,
    /// When it came, by the operational clock.
    pub received_at: DateTime<Utc>,
    /// Which report of the message, counted from 0; `None` where the whole message is meant.
    pub index: Option<u32>,
    /// The field at fault, if it is one.
    pub field: Option<String>,
    /// What is wrong with it.
    pub reason: String,
    /// The start of what was sent, as text, at most [`Quarantined::EXCERPT_BYTES_MAX`].
    pub excerpt: String,
}

impl Quarantined {
    /// How much of a faulty message is kept with its reason. The raw message is in the archive.
    pub const EXCERPT_BYTES_MAX: usize = 4096;
}

/// Raw messages, quarantine, history.
pub trait Archive: Send + Sync {
    /// Keeps a message and what was wrong in it. Durable once this answers `Ok`.
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> Answer<'_, Result<(), StoreError>>;

    /// The changes of a leg, oldest first, at most `limit`, those after revision `after`.
    fn history(&self, leg: LegId, after: u64, limit: u32) -> Answer<'_, Result<Vec<PastChange>, StoreError>>;

    /// The newest faults, newest first, at most `limit`.
    fn quarantine(&self, limit: u32) -> Answer<'_, Result<Vec<Quarantined>, StoreError>>;

    /// Drops what is older than the given instants. Answers how many rows went.
    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> Answer<'_, Result<u64, StoreError>>;
}

/// What became of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changed what is shown; the newest revision.
    Changed(u64),
    /// It told nothing new.
    Unchanged,
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
    /// The hub is going down; try elsewhere or again.
    #[error("the hub is shutting down")]
    Stopping,
}

/// Where decoded reports go: straight to their flights, or to Kafka.
pub trait ReportSink: Send + Sync {
    /// Takes reports, in order for each leg, and answers for each once it is durable.
    fn accept(&self, reports: Vec<Report>) -> Answer<'_, Result<Vec<Outcome>, SinkError>>;
}

/// A question to an airport that is polled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// ETag of the last good answer.
    pub etag: Option<String>,
    /// Ask only for what changed after this instant, where the airport can.
    pub since: Option<DateTime<Utc>>,
    /// The page, as the airport's last answer named it; `None` for the first.
    pub page: Option<String>,
}

/// An airport's answer.
#[derive(Clone, Debug)]
pub enum AirportSays {
    /// Nothing new since the ETag.
    NotModified,
    /// A body.
    Body {
        /// Its bytes, within the limit of the source.
        bytes: Vec<u8>,
        /// As the airport named it.
        content_type: String,
        /// For the next question.
        etag: Option<String>,
        /// The next page, if there is one.
        next: Option<String>,
    },
}

/// Why an airport could not be asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AskError {
    /// No answer, a broken one, or a server's fault: ask again later.
    #[error("{0}")]
    Unreachable(String),
    /// The airport asks for patience.
    #[error("asked to wait {retry_after_seconds} s")]
    Busy {
        /// How long to wait, in real seconds.
        retry_after_seconds: u64,
    },
    /// The airport refuses us (a wrong key, a wrong address): a human must look.
    #[error("{0}")]
    Refused(String),
    /// The answer is longer than allowed.
    #[error("the answer is longer than {limit_bytes} bytes")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
}

/// An airport that is polled.
pub trait AirportSource: Send + Sync {
    /// Asks it once. Time-outs are the adapter's.
    fn ask(&self, ask: Ask) -> Answer<'_, Result<AirportSays, AskError>>;
}
