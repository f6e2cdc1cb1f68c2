//! Ports to the archive: raw messages, quarantine, history.

use super::{BoxFuture, StoreError};
use crate::leg::LegId;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// One change in a leg's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastChange {
    /// The revision.
    pub rev: u64,
    /// The operational time of the change.
    pub at: DateTime<Utc>,
    /// Names of the change kinds. Includes [`PastChange::HIDDEN`] if the leg was hidden after the change.
    pub kinds: Vec<String>,
    /// The source of the change.
    pub source: String,
    /// The changed facts as a JSON object by dotted path.
    pub set_json: String,
}

impl PastChange {
    /// Marks a change after which the leg was hidden from clients, because the history outlives the live
    /// state. Clients never see this value.
    pub const HIDDEN: &'static str = "hidden";

    /// Whether the leg was hidden after this change.
    pub fn is_hidden(&self) -> bool {
        self.kinds.iter().any(|kind| kind == Self::HIDDEN)
    }
}

/// A message as it arrived.
#[derive(Clone, Debug)]
pub struct RawMessage {
    /// The feed's name.
    pub feed: Arc<str>,
    /// When it arrived, by the operational clock.
    pub received_at: DateTime<Utc>,
    /// The sender's content type, such as `application/xml`.
    pub content_type: Arc<str>,
    /// The bytes.
    pub body: Arc<[u8]>,
}

/// A message or a part of one that the hub could not use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// The feed's name.
    pub feed: Arc<str>,
    /// When it arrived, by the operational clock.
    pub received_at: DateTime<Utc>,
    /// The report in the message, counted from 0; `None` for the whole message.
    pub index: Option<u32>,
    /// The invalid field, if it is one.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// The start of the input as text, at most [`Quarantined::EXCERPT_BYTES_MAX`].
    pub excerpt: String,
}

impl Quarantined {
    /// Largest excerpt of a faulty message. The archive holds the raw message.
    pub const EXCERPT_BYTES_MAX: usize = 4096;
}

/// Raw messages, quarantine and history.
pub trait Archive: Send + Sync {
    /// Stores a message and its faults. Durable once this returns `Ok`. A store that also holds changes may
    /// drop messages early, or not store them, if it runs short of disk; its health then shows it.
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The changes of a leg after revision `after`, oldest first, at most `limit`.
    fn history(
        &self,
        leg: LegId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>>;

    /// The newest change of a leg: its final state once it is retired.
    fn newest(&self, leg: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>>;

    /// The newest faults, newest first, at most `limit`.
    fn quarantine(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>>;

    /// Deletes entries older than the given instants. Returns the number of deleted rows.
    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// One entry for the archive. Its key makes storing it twice the same as storing it once.
#[derive(Clone, Debug)]
pub enum ArchiveRecord {
    /// A raw message.
    Message {
        /// Its position in the queue it was read from.
        key: Arc<str>,
        /// The message.
        message: RawMessage,
    },
    /// A fault.
    Fault {
        /// Its position in the queue it was read from.
        key: Arc<str>,
        /// The fault.
        fault: Quarantined,
    },
    /// A change. Leg and revision are its key.
    Change {
        /// The leg.
        leg: LegId,
        /// The change.
        change: PastChange,
    },
}

/// Bulk writes of entries that are durable elsewhere. They lag behind the live path.
pub trait Recorder: Send + Sync {
    /// Stores all entries. Durable once this returns `Ok`. Skips entries that are stored already, so a
    /// batch that was stored in part can be repeated as a whole.
    fn record(&self, records: Vec<ArchiveRecord>) -> BoxFuture<'_, Result<(), StoreError>>;
}
