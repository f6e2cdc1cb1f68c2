//! Classifies the records of the log. Every reader must get the same result from a record and the records before it in
//! its partition, so nothing else is considered.
//!
//! A record counts only in the partition of its leg. A tool with another partitioner can copy a record into another
//! partition, and each reader would meet the copy at another moment.

use super::headers;
use super::headers::RecordHeaders;
use super::partitioner::partition_of;
use super::skipped_records::Skip;
use super::version_arbiter::{Decision, VersionArbiter};
use domain::leg::LegId;
use rdkafka::message::{BorrowedMessage, Message};
use wire::record::RecordError;

/// The kind of a record of the log.
pub(super) enum LogRecord<'a> {
    State {
        leg: LegId,
        gap: bool,
        by: headers::WriterId,
        payload: &'a [u8],
    },
    End {
        leg: LegId,
        by: headers::WriterId,
    },
    Superseded {
        leg: LegId,
        /// Whether the log holds a state of the leg, or its end.
        known: bool,
        headers: RecordHeaders,
        by: headers::WriterId,
    },
    Barrier {
        by: headers::WriterId,
    },
    /// An operator has skipped a record.
    Skip {
        skip: Skip,
        by: headers::WriterId,
    },
    /// Every reader ignores the record.
    Unreadable {
        /// The leg whose last record this is, if the log knows the leg.
        leg: Option<LegId>,
        reason: String,
    },
    /// The record is in a wrong partition, and every reader ignores it.
    Misplaced {
        /// The partition in which it would count.
        own: i32,
    },
    /// Only a newer hub can read the record.
    NewerVersion {
        leg: Option<LegId>,
        fault: RecordError,
    },
}

pub(super) fn classify<'a>(
    arbiter: &mut VersionArbiter,
    partitions: u16,
    message: &'a BorrowedMessage<'_>,
) -> LogRecord<'a> {
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
    if key.starts_with('#') {
        return mark(key, message);
    }
    let leg = LegId::known(key);
    if let Some(own) = leg.as_ref().map(|leg| partition_of(leg, partitions))
        && own != message.partition()
    {
        return LogRecord::Misplaced { own };
    }
    let known = leg.as_ref().is_some_and(|leg| arbiter.version(leg) > 0);
    let (headers, by) = match headers::decode(message.headers()) {
        Ok(read) => read,
        Err(reason) => return LogRecord::Unreadable { leg: leg.filter(|_| known), reason: reason.into() },
    };
    let Some(leg) = leg else {
        return LogRecord::Unreadable { leg: None, reason: "its key is no leg".into() };
    };
    let version = version_of(message);
    let Some(payload) = message.payload() else {
        let at_ms = message.timestamp().to_millis().unwrap_or_default();
        return match arbiter.decide_end(&leg, headers, version, at_ms) {
            Decision::Accepted { .. } => LogRecord::End { leg, by },
            Decision::Superseded => LogRecord::Superseded { leg, known, headers, by },
        };
    };
    match wire::record::check_log(&leg, payload) {
        Ok(()) => {}
        Err(fault @ RecordError::Newer { .. }) => {
            return LogRecord::NewerVersion { leg: Some(leg).filter(|_| known), fault };
        }
        Err(fault) => {
            return LogRecord::Unreadable { leg: Some(leg).filter(|_| known), reason: fault.to_string() };
        }
    }
    match arbiter.decide(&leg, headers, version) {
        Decision::Accepted { gap } => LogRecord::State { leg, gap, by, payload },
        Decision::Superseded => LogRecord::Superseded { leg, known, headers, by },
    }
}

/// A record that is no state: a barrier or the decision of an operator.
fn mark<'a>(key: &str, message: &BorrowedMessage<'_>) -> LogRecord<'a> {
    let by = match headers::decode(message.headers()) {
        Ok((_, by)) => by,
        Err(reason) => return LogRecord::Unreadable { leg: None, reason: reason.into() },
    };
    let own = match Skip::partition_of_key(key) {
        Some(own) => own,
        None => key.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(-1),
    };
    if own != message.partition() {
        return LogRecord::Misplaced { own };
    }
    match Skip::read(key, message.payload()) {
        None => LogRecord::Barrier { by },
        Some(Ok(skip)) => LogRecord::Skip { skip, by },
        Some(Err(reason)) => LogRecord::Unreadable { leg: None, reason },
    }
}

/// The position of a record, for messages to operators.
pub(super) fn place_of(message: &BorrowedMessage<'_>) -> String {
    format!("{} {}/{}", message.topic(), message.partition(), message.offset())
}

pub(super) fn version_of(message: &BorrowedMessage<'_>) -> u64 {
    u64::try_from(message.offset() + 1).unwrap_or_default()
}
