//! What is kept for people to look at: raw messages, quarantine, history.

use super::{BoxFuture, StoreError};
use crate::leg::LegId;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// One change as history tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastChange {
    /// Revision.
    pub rev: u64,
    /// When, by the operational clock.
    pub at: DateTime<Utc>,
    /// The words of its kinds, and [`PastChange::HIDDEN`] where it is one of a leg that was hidden.
    pub kinds: Vec<String>,
    /// Who brought it.
    pub source: String,
    /// The differing facts as a JSON object, by dotted path.
    pub set_json: String,
}

impl PastChange {
    /// Stands among the kinds of every change after which the leg was not for the public: the history
    /// outlives the state that says so. It is told to nobody.
    pub const HIDDEN: &'static str = "hidden";

    /// Whether the leg was not for the public after it.
    pub fn is_hidden(&self) -> bool {
        self.kinds.iter().any(|kind| kind == Self::HIDDEN)
    }
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
    /// Keeps a message and what was wrong in it. Durable once this answers `Ok`, but that a store which has
    /// changes to keep as well may let it go before its time, or at once, where room runs short for them;
    /// it then says so in its health.
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The changes of a leg, oldest first, at most `limit`, those after revision `after`.
    fn history(
        &self,
        leg: LegId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>>;

    /// The newest change of a leg, which says how the leg stood when it was over.
    fn newest(&self, leg: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>>;

    /// The newest faults, newest first, at most `limit`.
    fn quarantine(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>>;

    /// Drops what is older than the given instants. Answers how many rows went.
    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// One thing to keep, with the key that makes keeping it twice the same as keeping it once.
#[derive(Clone, Debug)]
pub enum ArchiveRecord {
    /// A message as it came.
    Message {
        /// Where it stands in the journal it was read from.
        key: Arc<str>,
        /// The message.
        message: RawMessage,
    },
    /// What could not be used.
    Fault {
        /// Where it stands in the journal it was read from.
        key: Arc<str>,
        /// The fault.
        fault: Quarantined,
    },
    /// A change of a leg. Leg and revision are its key.
    Change {
        /// Which leg.
        leg: LegId,
        /// What changed.
        change: PastChange,
    },
}

/// The way into an archive for what was made durable elsewhere: in bulk, behind the live path.
pub trait Recorder: Send + Sync {
    /// Keeps all of it. Durable once this answers `Ok`. What was kept before is passed over, so that
    /// a batch of which a part was kept can be given again as a whole.
    fn record(&self, records: Vec<ArchiveRecord>) -> BoxFuture<'_, Result<(), StoreError>>;
}
