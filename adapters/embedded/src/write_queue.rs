//! The writes that wait for the writer, in a bounded queue.

use super::directory_writes::DirectoryWrite;
use super::gone;
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{LogEntry, PastChange, Quarantined, RawMessage, StoreError};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use wire::record::{encode_state, past_change};
use wire::stored_body::StoredBody;

/// Limit of the queue and of the write in progress, in KiB. At the limit, callers wait with their work
/// already encoded, because only encoding tells its size. How many callers can wait is limited where
/// their work enters the hub: reports by `limits.reports_under_way_max`, one state each, and pushed
/// messages by `server.bodies_under_way_max`. A polled airport is asked again only after the answer.
pub(super) const QUEUE_KIB_MAX: u32 = 64 * 1024;

/// Receives the result of a write.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// A write for the writer.
pub(super) enum WriteRequest {
    /// Appends to the log.
    Append { entries: Vec<EncodedEntry>, reply: Reply<()> },
    /// Retires a leg.
    Retire { leg: LegId, at: i64, reply: Reply<()> },
    /// Stores a message, its faults, or both.
    Keep { message: Option<EncodedMessage>, faults: Vec<Quarantined>, reply: Reply<()> },
    /// Reads and writes the directory within the commit.
    WriteDirectory { write: DirectoryWrite, reply: Reply<()> },
    /// Sets a value of `meta`.
    SetMeta { key: &'static str, value: String, reply: Reply<()> },
    /// Drops old rows, in slices between other writes.
    Expire { raw_before: i64, history_before: i64, reply: Reply<u64> },
    /// Finishes the queue and ends the writer.
    Close { reply: Reply<()> },
}

/// A log entry, encoded.
pub(super) struct EncodedEntry {
    pub(super) leg: LegId,
    pub(super) rev: u64,
    pub(super) state: Vec<u8>,
    pub(super) changes: Vec<PastChange>,
}

/// A row of `messages`.
pub(super) struct EncodedMessage {
    pub(super) feed: Arc<str>,
    pub(super) received_at: i64,
    pub(super) content_type: Arc<str>,
    pub(super) length: usize,
    pub(super) body: StoredBody,
}

impl EncodedMessage {
    /// Cuts a message to its maximum and compresses it. The length is that of the whole message.
    pub(super) fn of(raw: &RawMessage) -> Self {
        Self {
            feed: raw.feed.clone(),
            received_at: nanos(raw.received_at),
            content_type: raw.content_type.clone(),
            length: raw.body.len(),
            body: StoredBody::of(&raw.body),
        }
    }
}

impl EncodedEntry {
    /// Encodes an entry, on the thread of the caller, so that the writer only writes.
    pub(super) fn of(entry: &LogEntry) -> Self {
        let flight = &entry.flight;
        Self {
            leg: flight.leg.clone(),
            rev: flight.rev,
            state: encode_state(flight),
            changes: entry.changes.iter().map(past_change).collect(),
        }
    }

    /// Whether its changes lead, one by one, from `stored` to its state.
    pub(super) fn follows(&self, stored: u64) -> bool {
        let steps = self.changes.iter().zip(stored.saturating_add(1)..);
        steps.clone().all(|(change, expected)| change.rev == expected)
            && self.rev.checked_sub(stored) == Some(self.changes.len() as u64)
    }

    fn bytes(&self) -> usize {
        self.state.len() + self.changes.iter().map(|c| c.set_json.len() + 128).sum::<usize>()
    }
}

impl WriteRequest {
    /// Approximate size in memory.
    fn bytes(&self) -> usize {
        match self {
            Self::Append { entries, .. } => entries.iter().map(EncodedEntry::bytes).sum(),
            Self::Keep { message, faults, .. } => {
                let faults: usize = faults.iter().map(|f| f.excerpt.len() + f.reason.len() + 128).sum();
                faults + message.as_ref().map_or(0, |m| m.body.bytes())
            }
            // A few texts that a person wrote, or all configured feeds.
            Self::WriteDirectory { .. } => 1024,
            Self::Retire { .. } | Self::SetMeta { .. } | Self::Expire { .. } | Self::Close { .. } => 64,
        }
    }
}

/// A write with its permit, which is released when the write is dropped.
pub(super) struct QueuedWrite {
    pub(super) work: WriteRequest,
    pub(super) bytes: usize,
    _permit: OwnedSemaphorePermit,
}

/// The callers' end of the queue. The channel is unbounded; the permits are the limit.
pub(super) struct WriteQueue {
    sender: mpsc::UnboundedSender<QueuedWrite>,
    permits: Arc<Semaphore>,
}

impl WriteQueue {
    /// A queue, and the writer's end of it.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<QueuedWrite>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, permits: Arc::new(Semaphore::new(QUEUE_KIB_MAX as usize)) }, receiver)
    }

    /// Waits for a permit, then for the result. A closing writer accepts nothing from callers that still
    /// wait.
    pub(super) async fn submit<T>(
        &self,
        work: impl FnOnce(Reply<T>) -> WriteRequest,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let work = work(reply);
        let bytes = work.bytes();
        // A write larger than the whole queue takes all permits.
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(QUEUE_KIB_MAX).min(QUEUE_KIB_MAX);
        let permit = self.permits.clone().acquire_many_owned(kib).await.map_err(|_| gone())?;
        self.sender.send(QueuedWrite { work, bytes, _permit: permit }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Nanoseconds since 1970. Instants outside of the years 1677 to 2262 become the nearest valid one.
pub(super) fn nanos(at: DateTime<Utc>) -> i64 {
    let end = if at < DateTime::UNIX_EPOCH { i64::MIN } else { i64::MAX };
    at.timestamp_nanos_opt().unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::stored_body::MESSAGE_BYTES_MAX;

    fn entry(rev: u64, changes: &[u64]) -> EncodedEntry {
        let row = |rev| PastChange {
            rev,
            at: DateTime::UNIX_EPOCH,
            kinds: Vec::new(),
            source: "x".into(),
            set_json: "{}".into(),
        };
        let changes = changes.iter().copied().map(row).collect();
        EncodedEntry { leg: LegId::known("A").unwrap(), rev, state: Vec::new(), changes }
    }

    #[test]
    fn a_message_that_was_cut_keeps_the_length_of_the_whole() {
        let raw = RawMessage {
            feed: "jfk".into(),
            received_at: DateTime::UNIX_EPOCH,
            content_type: "application/xml".into(),
            body: vec![b'x'; MESSAGE_BYTES_MAX + 1].into(),
        };
        assert_eq!(EncodedMessage::of(&raw).length, MESSAGE_BYTES_MAX + 1);
    }

    #[test]
    fn only_changes_without_a_gap_follow_a_stored_revision() {
        assert!(entry(1, &[1]).follows(0));
        assert!(entry(7, &[5, 6, 7]).follows(4));
        assert!(entry(4, &[]).follows(4), "a confirmation keeps the revision");
        for (rev, changes, stored) in [
            (1, vec![1], 1),
            (3, vec![3], 1),
            (3, vec![2], 1),
            (3, vec![], 2),
            (2, vec![], 3),
            (5, vec![4, 4], 3),
        ] {
            assert!(!entry(rev, &changes).follows(stored), "{rev} {changes:?} after {stored}");
        }
        assert!(!entry(0, &[]).follows(u64::MAX));
    }
}
