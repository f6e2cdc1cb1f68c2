//! A change record: one revision of a flight, for the history.

use super::unix_time::UnixTime;
use super::{RecordError, VERSION, check_version};
use crate::frame::write::FactMap;
use domain::change::{Change, ChangeKind};
use domain::leg::LegId;
use domain::ports::PastChange;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A decoded change with its leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeRecord {
    /// The leg.
    pub leg: LegId,
    /// The change.
    pub change: PastChange,
}

/// The archive's form of a change; `set_json` is the `set` of its frame.
pub fn past_change(change: &Change) -> PastChange {
    PastChange {
        rev: change.rev,
        at: change.at,
        kinds: words(change).map(str::to_owned).collect(),
        source: change.source.to_string(),
        set_json: serde_json::to_string(&FactMap(&change.differing())).unwrap_or_default(),
    }
}

/// The names of its kinds, and the mark of a hidden leg.
fn words(change: &Change) -> impl Iterator<Item = &'static str> {
    let mark = change.after.hidden.then_some(PastChange::HIDDEN);
    change.kinds.iter().map(ChangeKind::as_str).chain(mark)
}

/// `{"v":1,"leg":"…","rev":19,"at":1360357451,"kinds":["gate"],"source":"jfk","set":{…}}`, with `set` as in
/// a `change` frame. `kinds` are those of the frame, plus `hidden` for a hidden leg.
pub fn encode_change(change: &Change) -> Vec<u8> {
    #[derive(Serialize)]
    struct Record<'a> {
        v: u64,
        leg: &'a str,
        rev: u64,
        at: UnixTime,
        kinds: Vec<&'static str>,
        source: &'a str,
        set: FactMap<'a>,
    }
    let record = Record {
        v: VERSION,
        leg: change.leg.as_str(),
        rev: change.rev,
        at: UnixTime(change.at),
        kinds: words(change).collect(),
        source: &change.source,
        set: FactMap(&change.differing()),
    };
    let mut json = Vec::with_capacity(256);
    // Writing strings, numbers and fixed keys to memory cannot fail.
    let _ = serde_json::to_writer(&mut json, &record);
    json
}

/// Decodes a record of [`encode_change`].
pub fn decode_change(json: &[u8]) -> Result<ChangeRecord, RecordError> {
    #[derive(Deserialize)]
    struct Record<'a> {
        leg: String,
        rev: u64,
        at: UnixTime,
        #[serde(default)]
        kinds: Vec<String>,
        source: String,
        #[serde(borrow)]
        set: &'a RawValue,
    }
    check_version(json)?;
    let record: Record<'_> = serde_json::from_slice(json).map_err(RecordError::broken)?;
    let leg = LegId::known(&record.leg).ok_or_else(|| RecordError::broken("leg: is not an identifier"))?;
    let set_json = record.set.get();
    if !set_json.starts_with('{') {
        return Err(RecordError::broken("set: is not an object"));
    }
    let Record { rev, kinds, source, .. } = record;
    Ok(ChangeRecord {
        leg,
        change: PastChange { rev, at: record.at.0, kinds, source, set_json: set_json.to_owned() },
    })
}
