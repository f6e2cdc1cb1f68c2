//! What a record of the log is. Every reader must come to the same answer, from the record and from what
//! stands before it in its partition, so nothing else is looked at.
//!
//! A record is believed only in its leg's partition. A copy in another one, made by a tool with another
//! partitioner, would be read before or after what it is a copy of, by each reader in another order.

use super::head;
use super::ledger::{Head, Ledger, Verdict};
use super::partition::partition_of;
use super::skips::Skip;
use domain::leg::LegId;
use rdkafka::message::{BorrowedMessage, Message};
use wire::record::RecordError;

/// What a record of the log is.
pub(super) enum Read<'a> {
    State {
        leg: LegId,
        gap: bool,
        by: head::Writer,
        payload: &'a [u8],
    },
    End {
        leg: LegId,
        by: head::Writer,
    },
    Late {
        leg: LegId,
        /// Whether the log holds a state of the leg, or its end.
        known: bool,
        head: Head,
        by: head::Writer,
    },
    Mark {
        by: head::Writer,
    },
    /// An operator has decided that a record is to be passed over.
    Skip {
        skip: Skip,
        by: head::Writer,
    },
    /// It is passed over, by every reader alike.
    Unreadable {
        /// The leg behind whose newest entry it stands, if the log knows that leg.
        leg: Option<LegId>,
        reason: String,
    },
    /// It stands in a partition that is not its own, and is passed over by every reader alike.
    Misplaced {
        /// The partition in which it would be believed.
        own: i32,
    },
    /// Only a newer hub can read it.
    Newer {
        leg: Option<LegId>,
        fault: RecordError,
    },
}

pub(super) fn judge<'a>(ledger: &mut Ledger, partitions: u16, message: &'a BorrowedMessage<'_>) -> Read<'a> {
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
    if key.starts_with('#') {
        return mark(key, message);
    }
    let leg = LegId::known(key);
    if let Some(own) = leg.as_ref().map(|leg| partition_of(leg, partitions))
        && own != message.partition()
    {
        return Read::Misplaced { own };
    }
    let known = leg.as_ref().is_some_and(|leg| ledger.version(leg) > 0);
    let (head, by) = match head::read(message.headers()) {
        Ok(read) => read,
        Err(reason) => return Read::Unreadable { leg: leg.filter(|_| known), reason: reason.into() },
    };
    let Some(leg) = leg else {
        return Read::Unreadable { leg: None, reason: "its key is no leg".into() };
    };
    let version = version_of(message);
    let Some(payload) = message.payload() else {
        let at_ms = message.timestamp().to_millis().unwrap_or_default();
        return match ledger.judge_end(&leg, head, version, at_ms) {
            Verdict::Counts { .. } => Read::End { leg, by },
            Verdict::Late => Read::Late { leg, known, head, by },
        };
    };
    match wire::record::check_log(&leg, payload) {
        Ok(()) => {}
        Err(fault @ RecordError::Newer { .. }) => {
            return Read::Newer { leg: Some(leg).filter(|_| known), fault };
        }
        Err(fault) => {
            return Read::Unreadable { leg: Some(leg).filter(|_| known), reason: fault.to_string() };
        }
    }
    match ledger.judge(&leg, head, version) {
        Verdict::Counts { gap } => Read::State { leg, gap, by, payload },
        Verdict::Late => Read::Late { leg, known, head, by },
    }
}

/// What is no state of a leg: a place in the log, or an operator's decision.
fn mark<'a>(key: &str, message: &BorrowedMessage<'_>) -> Read<'a> {
    let by = match head::read(message.headers()) {
        Ok((_, by)) => by,
        Err(reason) => return Read::Unreadable { leg: None, reason: reason.into() },
    };
    let own = match Skip::partition_of_key(key) {
        Some(own) => own,
        None => key.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(-1),
    };
    if own != message.partition() {
        return Read::Misplaced { own };
    }
    match Skip::read(key, message.payload()) {
        None => Read::Mark { by },
        Some(Ok(skip)) => Read::Skip { skip, by },
        Some(Err(reason)) => Read::Unreadable { leg: None, reason },
    }
}

/// Where a record stands, for people.
pub(super) fn place_of(message: &BorrowedMessage<'_>) -> String {
    format!("{} {}/{}", message.topic(), message.partition(), message.offset())
}

pub(super) fn version_of(message: &BorrowedMessage<'_>) -> u64 {
    u64::try_from(message.offset() + 1).unwrap_or_default()
}
