//! Raw messages and faults in the topic `gatecall.archive`.
//!
//! A message is one line of JSON,
//! `{"v":1,"is":"message","feed":"jfk","at":…,"content_type":"application/xml"}`, a line feed, and the body
//! as it arrived. A fault is JSON alone:
//! `{"v":1,"is":"fault","feed":…,"at":…,"index":…,"field":…,"reason":…,"excerpt":…}`.

use super::unix_time::UnixTime;
use super::{RecordError, VERSION, check_version};
use domain::ports::{Quarantined, RawMessage};
use serde::{Deserialize, Serialize};

/// The content of a record.
#[derive(Clone, Debug)]
pub enum ArchivePayload {
    /// A raw message.
    Message(RawMessage),
    /// A fault.
    Fault(Quarantined),
}

#[derive(Serialize, Deserialize)]
struct Head {
    v: u64,
    is: Is,
    feed: String,
    at: UnixTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    excerpt: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Is {
    Message,
    Fault,
}

fn head(is: Is, feed: &str, at: chrono::DateTime<chrono::Utc>) -> Head {
    let (content_type, index, field, reason, excerpt) = (None, None, None, None, None);
    Head {
        v: VERSION,
        is,
        feed: feed.to_owned(),
        at: UnixTime(at),
        content_type,
        index,
        field,
        reason,
        excerpt,
    }
}

fn json(head: &Head, room: usize) -> Vec<u8> {
    let mut json = Vec::with_capacity(256 + room);
    // Writing strings, numbers and fixed keys to memory cannot fail.
    let _ = serde_json::to_writer(&mut json, head);
    json
}

/// A message as a record: as long as its body and some 100 bytes.
pub fn encode_message(message: &RawMessage) -> Vec<u8> {
    let head = head(Is::Message, &message.feed, message.received_at);
    let head = Head { content_type: Some(message.content_type.to_string()), ..head };
    let mut record = json(&head, message.body.len());
    record.push(b'\n');
    record.extend_from_slice(&message.body);
    record
}

/// A fault as a record.
pub fn encode_fault(fault: &Quarantined) -> Vec<u8> {
    let head = Head {
        index: fault.index,
        field: fault.field.clone(),
        reason: Some(fault.reason.clone()),
        excerpt: Some(fault.excerpt.clone()),
        ..head(Is::Fault, &fault.feed, fault.received_at)
    };
    json(&head, fault.excerpt.len())
}

/// Decodes a record of [`encode_message`] or [`encode_fault`].
pub fn decode_archive_record(record: &[u8]) -> Result<ArchivePayload, RecordError> {
    // JSON has no raw line feed, so the first one ends the head.
    let end = record.iter().position(|byte| *byte == b'\n').unwrap_or(record.len());
    let (json, body) = record.split_at(end);
    check_version(json)?;
    let head: Head = serde_json::from_slice(json).map_err(RecordError::broken)?;
    let (feed, received_at) = (head.feed.into(), head.at.0);
    Ok(match head.is {
        Is::Message => ArchivePayload::Message(RawMessage {
            feed,
            received_at,
            content_type: head.content_type.unwrap_or_default().into(),
            body: body.get(1..).unwrap_or_default().into(),
        }),
        Is::Fault => ArchivePayload::Fault(Quarantined {
            feed,
            received_at,
            index: head.index,
            field: head.field,
            reason: head.reason.unwrap_or_default(),
            excerpt: head.excerpt.unwrap_or_default(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> chrono::DateTime<chrono::Utc> {
        "2013-02-08T21:04:11.25Z".parse().unwrap()
    }

    #[test]
    fn a_message_reads_back_whatever_its_bytes() {
        for body in [&b""[..], b"\n", b"{\"a\":1}\n\n", &[0, 255, 10, 13, 128]] {
            let message = RawMessage {
                feed: "jfk".into(),
                received_at: at(),
                content_type: "application/xml".into(),
                body: body.into(),
            };
            let Ok(ArchivePayload::Message(read)) = decode_archive_record(&encode_message(&message)) else {
                panic!("{body:?}")
            };
            assert_eq!((&read.feed, read.received_at), (&message.feed, at()));
            assert_eq!((&*read.content_type, &*read.body), ("application/xml", body));
        }
    }

    #[test]
    fn a_fault_reads_back_exactly() {
        let fault = Quarantined {
            feed: "lga".into(),
            received_at: at(),
            index: Some(3),
            field: Some("departure.gate".into()),
            reason: "is longer\nthan 8 characters".into(),
            excerpt: "{\"x\":\"\u{202e}\"}".into(),
        };
        let Ok(ArchivePayload::Fault(read)) = decode_archive_record(&encode_fault(&fault)) else { panic!() };
        assert_eq!(read, fault);
        let bare = Quarantined { index: None, field: None, ..fault };
        assert!(
            matches!(decode_archive_record(&encode_fault(&bare)), Ok(ArchivePayload::Fault(read)) if read == bare)
        );
    }

    #[test]
    fn invalid_records_are_refused_with_a_message() {
        for record in [&b""[..], b"\n", b"{}", b"{\"v\":1}\nx", b"{\"v\":2,\"is\":\"fault\"}", b"\xff\n\xff"]
        {
            assert!(!decode_archive_record(record).unwrap_err().to_string().is_empty());
        }
    }
}
