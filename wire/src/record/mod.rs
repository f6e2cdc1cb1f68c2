//! Versioned records: rows in SQLite, and values in Kafka's topics.
//!
//! Compact JSON that begins with a version, `{"v":1,…`. A key may be added, and older readers ignore it.
//! Any other change raises [`VERSION`], and an older reader refuses the record instead of guessing. Absent
//! and empty values are not written.
//!
//! - **state** ([`encode_state`]): a whole [`Flight`] with the provenance of every field, without loss.
//! - **change** ([`encode_change`]): one revision, for the history.
//! - **log record** ([`encode_log`]): a state with the changes since the leg's last record, in
//!   `gatecall.changes`.
//! - **report** ([`encode_report`]): for the owner of its leg, in `gatecall.reports`.
//! - **archive record** ([`encode_message`], [`encode_fault`]): for the archive, in `gatecall.archive`.
//! - **skip** ([`encode_skip`]): an operator's decision to skip a record, in `gatecall.changes`.
//! - **value** ([`encode_value`]): one field's value as in a state, without a version of its own; the
//!   directory stores overrides so.
//!
//! Instants are seconds since 1970: a number if whole, else a text with nine decimals,
//! `"1360357451.250000000"`. A JSON number would lose precision, and RFC 3339 takes twice the bytes.

mod archive_record;
mod change;
mod decode;
mod encode;
mod report;
mod skip;
mod unix_time;

pub use archive_record::{ArchivePayload, decode_archive_record, encode_fault, encode_message};
pub use change::{ChangeRecord, decode_change, encode_change, past_change};
pub use decode::{decode_state, decode_value};
pub use encode::{encode_state, encode_value};
pub use report::{decode_report, encode_report};
pub use skip::{SkipRecord, decode_skip, encode_skip};

use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{LogEntry, PastChange};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The version that is written, and the newest that can be read.
pub const VERSION: u64 = 1;

/// Why a record cannot be decoded.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RecordError {
    /// A newer hub wrote it.
    #[error("the record has version {found}, and this hub reads up to {VERSION}; a newer hub wrote it")]
    Newer {
        /// Its version.
        found: u64,
    },
    /// It is not a record, or it is damaged.
    #[error("the record cannot be read: {0}")]
    Broken(String),
}

impl RecordError {
    fn broken(why: impl ToString) -> Self {
        Self::Broken(why.to_string())
    }
}

/// A state with the changes since the leg's last record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogRecord {
    /// The state after the changes.
    pub flight: Flight,
    /// The changes, oldest first. Empty if a source only confirmed the state.
    pub changes: Vec<PastChange>,
}

/// `{"v":1,"state":{…},"changes":[…]}`, with both as records of their own.
pub fn encode_log(entry: &LogEntry) -> Vec<u8> {
    let mut json = format!("{{\"v\":{VERSION},\"state\":").into_bytes();
    json.extend_from_slice(&encode_state(&entry.flight));
    json.extend_from_slice(b",\"changes\":[");
    for (index, change) in entry.changes.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(&encode_change(change));
    }
    json.extend_from_slice(b"]}");
    json
}

/// Decodes a record of [`encode_log`].
pub fn decode_log(json: &[u8]) -> Result<LogRecord, RecordError> {
    #[derive(Deserialize)]
    struct Log<'a> {
        #[serde(borrow)]
        state: &'a RawValue,
        #[serde(borrow, default)]
        changes: Vec<&'a RawValue>,
    }
    check_version(json)?;
    let log: Log<'_> = serde_json::from_slice(json).map_err(RecordError::broken)?;
    let flight = decode_state(log.state.get().as_bytes())?;
    let changes =
        log.changes.iter().map(|raw| decode_change(raw.get().as_bytes()).map(|record| record.change));
    Ok(LogRecord { flight, changes: changes.collect::<Result<_, _>>()? })
}

/// Whether this is a log record of the leg, checked in about a microsecond per kilobyte: valid JSON, a
/// readable version, and the leg at the position where [`encode_log`] writes it. Readers of a shared log
/// must agree on what is a record, and do not decode every state.
pub fn check_log(leg: &LegId, json: &[u8]) -> Result<(), RecordError> {
    check_version(json)?;
    let head = format!("{{\"v\":{VERSION},\"state\":{{\"v\":{VERSION},\"leg\":\"{leg}\",");
    match json.starts_with(head.as_bytes()) {
        true => Ok(()),
        false => Err(RecordError::broken(format_args!("it does not begin as a state of {leg}"))),
    }
}

/// Checked first, because a newer record may have another structure.
fn check_version(json: &[u8]) -> Result<(), RecordError> {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    let version: Version = serde_json::from_slice(json).map_err(RecordError::broken)?;
    match version.v {
        1..=VERSION => Ok(()),
        0 => Err(RecordError::broken("version 0 was never written")),
        found => Err(RecordError::Newer { found }),
    }
}
