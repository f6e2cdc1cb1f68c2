//! An operator's decision to skip a Kafka record, in the topic `gatecall.changes`:
//! `{"v":1,"topic":"changes","partition":3,"offset":17,"by":"…","at":…,"reason":"…"}`.

use super::unix_time::UnixTime;
use super::{RecordError, VERSION, check_version};
use chrono::{DateTime, Utc};
use domain::single_line_text::SingleLineText;
use serde::{Deserialize, Serialize};

/// The skipped record, and who decided it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SkipRecord {
    /// The topic, without the installation's prefix.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Who decided it.
    pub by: SingleLineText,
    /// When, in real time.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: Option<SingleLineText>,
}

#[derive(Serialize, Deserialize)]
struct Json {
    v: u64,
    topic: String,
    partition: i32,
    offset: i64,
    by: String,
    at: UnixTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The decision as a record.
pub fn encode_skip(skip: &SkipRecord) -> Vec<u8> {
    let json = Json {
        v: VERSION,
        topic: skip.topic.clone(),
        partition: skip.partition,
        offset: skip.offset,
        by: skip.by.to_string(),
        at: UnixTime(skip.at),
        reason: skip.reason.as_ref().map(ToString::to_string),
    };
    let mut bytes = Vec::with_capacity(256);
    // Writing strings, numbers and fixed keys to memory cannot fail.
    let _ = serde_json::to_writer(&mut bytes, &json);
    bytes
}

/// Decodes a record of [`encode_skip`].
pub fn decode_skip(json: &[u8]) -> Result<SkipRecord, RecordError> {
    check_version(json)?;
    let Json { topic, partition, offset, by, at, reason, .. } =
        serde_json::from_slice(json).map_err(RecordError::broken)?;
    let by = SingleLineText::parse(&by).map_err(RecordError::broken)?;
    let reason = reason.map(|text| SingleLineText::parse(&text)).transpose().map_err(RecordError::broken)?;
    Ok(SkipRecord { topic, partition, offset, by, at: at.0, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_reads_back_as_it_was_made() {
        for reason in [None, Some(SingleLineText::parse("a trial of the new version").unwrap())] {
            let at = DateTime::from_timestamp(1_360_357_451, 250_000_000).unwrap();
            let by = SingleLineText::parse("J. Novak").unwrap();
            let skip = SkipRecord { topic: "changes".into(), partition: 3, offset: 17, by, at, reason };
            assert_eq!(decode_skip(&encode_skip(&skip)), Ok(skip));
        }
        assert!(matches!(decode_skip(b"{\"v\":2}"), Err(RecordError::Newer { found: 2 })));
        assert!(matches!(decode_skip(b"{\"v\":1}"), Err(RecordError::Broken(_))));
    }
}
