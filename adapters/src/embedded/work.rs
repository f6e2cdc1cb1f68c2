//! What the writer is asked to do, and the bounded queue in which that waits.

use super::decisions::Decision;
use super::gone;
use crate::packed::Packed;
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::ports::{LogEntry, PastChange, Quarantined, RawMessage, StoreError};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use wire::record::{encode_state, past_change};

/// Work that waits for the writer or is being written, in KiB of its records. When it is reached, callers
/// wait their turn, with their work encoded already, as only then is it known how large it is. So this
/// bounds what the writer takes on; how many callers can wait beside it is bounded where their work
/// comes in: reports by `limits.reports_under_way_max`, one state each, and pushed messages by
/// `server.bodies_under_way_max`. A polled airport asks again only when it is answered.
pub(super) const QUEUE_KIB_MAX: u32 = 64 * 1024;

/// How a caller is answered.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// One piece of work.
pub(super) enum Work {
    /// Append to the log.
    Append { entries: Vec<Entry>, reply: Reply<()> },
    /// Forget a leg.
    Retire { leg: LegId, at: i64, reply: Reply<()> },
    /// Keep a message, its faults, or both.
    Keep { message: Option<Message>, faults: Vec<Quarantined>, reply: Reply<()> },
    /// Look and write within the commit.
    Decide { decision: Decision, reply: Reply<()> },
    /// Set a word of `meta`.
    Note { key: &'static str, value: String, reply: Reply<()> },
    /// Drop what is old, in slices between the other work.
    Expire { raw_before: i64, history_before: i64, reply: Reply<u64> },
    /// Finish and go.
    Close { reply: Reply<()> },
}

/// A log entry, encoded.
pub(super) struct Entry {
    pub(super) leg: LegId,
    pub(super) rev: u64,
    pub(super) state: Vec<u8>,
    pub(super) changes: Vec<PastChange>,
}

/// A row of `messages`.
pub(super) struct Message {
    pub(super) feed: Arc<str>,
    pub(super) received_at: i64,
    pub(super) content_type: Arc<str>,
    pub(super) length: usize,
    pub(super) body: Packed,
}

impl Message {
    /// Cuts a message to size and compresses it; its length is that of the whole.
    pub(super) fn of(raw: &RawMessage) -> Self {
        Self {
            feed: raw.feed.clone(),
            received_at: nanos(raw.received_at),
            content_type: raw.content_type.clone(),
            length: raw.body.len(),
            body: Packed::of(&raw.body),
        }
    }
}

impl Entry {
    /// Encodes an entry. Done where it is asked for, so that the writer only writes.
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

impl Work {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        match self {
            Self::Append { entries, .. } => entries.iter().map(Entry::bytes).sum(),
            Self::Keep { message, faults, .. } => {
                let faults: usize = faults.iter().map(|f| f.excerpt.len() + f.reason.len() + 128).sum();
                faults + message.as_ref().map_or(0, |m| m.body.bytes())
            }
            // Some lines that a person wrote, or as many feeds as are configured.
            Self::Decide { .. } => 1024,
            Self::Retire { .. } | Self::Note { .. } | Self::Expire { .. } | Self::Close { .. } => 64,
        }
    }
}

/// Work with its place in the queue, which is free again when the work is dropped.
pub(super) struct Queued {
    pub(super) work: Work,
    pub(super) bytes: usize,
    _place: OwnedSemaphorePermit,
}

/// The callers' end of the queue. The channel has no bound of its own; the places are the bound.
pub(super) struct Queue {
    sender: mpsc::UnboundedSender<Queued>,
    places: Arc<Semaphore>,
}

impl Queue {
    /// A queue, and the writer's end of it.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Queued>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender, places: Arc::new(Semaphore::new(QUEUE_KIB_MAX as usize)) }, receiver)
    }

    /// Waits for a place, then for the answer. Once the writer is closing, it takes nothing more
    /// from those who still wait.
    pub(super) async fn ask<T>(&self, work: impl FnOnce(Reply<T>) -> Work) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let work = work(reply);
        let bytes = work.bytes();
        // Work larger than the whole queue takes all of it.
        let kib = u32::try_from(bytes / 1024 + 1).unwrap_or(QUEUE_KIB_MAX).min(QUEUE_KIB_MAX);
        let place = self.places.clone().acquire_many_owned(kib).await.map_err(|_| gone())?;
        self.sender.send(Queued { work, bytes, _place: place }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Nanoseconds since 1970; instants beyond the years 1677 to 2262 become the nearest there is.
pub(super) fn nanos(at: DateTime<Utc>) -> i64 {
    let end = if at < DateTime::UNIX_EPOCH { i64::MIN } else { i64::MAX };
    at.timestamp_nanos_opt().unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::MESSAGE_BYTES_MAX;

    fn entry(rev: u64, changes: &[u64]) -> Entry {
        let row = |rev| PastChange {
            rev,
            at: DateTime::UNIX_EPOCH,
            kinds: Vec::new(),
            source: "x".into(),
            set_json: "{}".into(),
        };
        let changes = changes.iter().copied().map(row).collect();
        Entry { leg: LegId::known("A").unwrap(), rev, state: Vec::new(), changes }
    }

    #[test]
    fn a_message_that_is_too_long_tells_its_whole_length() {
        let raw = RawMessage {
            feed: "jfk".into(),
            received_at: DateTime::UNIX_EPOCH,
            content_type: "application/xml".into(),
            body: vec![b'x'; MESSAGE_BYTES_MAX + 1].into(),
        };
        assert_eq!(Message::of(&raw).length, MESSAGE_BYTES_MAX + 1);
    }

    #[test]
    fn only_changes_without_a_gap_follow() {
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
