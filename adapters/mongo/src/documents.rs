//! Records as documents, and back.
//!
//! | collection | fields |
//! |---|---|
//! | `raw_messages` | `_id` key or generated, `feed`, `received_at` + `received_at_ns`, `content_type`, `length` of the whole in bytes, `encoding` (`plain` or `lz4`), `body`, `kept_until` |
//! | `quarantine` | `_id` key or generated, `feed`, `received_at` + `received_at_ns`, `index`, `field`, `reason`, `excerpt`, `order`, `kept_until` |
//! | `flight_changes` | `_id` `{leg, rev}`, `at` + `at_ns`, `kinds`, `source`, `set_json`, `kept_until` |
//!
//! Dates of MongoDB have milliseconds, so the remaining nanoseconds are beside them in `…_ns`. An lz4 body is one block after
//! its length in four bytes, lowest first. `order` rises with the writing and orders faults of the same instant.

use super::schema::{FLIGHT_CHANGES, QUARANTINE, RAW_MESSAGES};
use chrono::{DateTime, TimeDelta, Utc};
use domain::leg::LegId;
use domain::ports::{ArchiveRecord, PastChange, Quarantined, RawMessage};
use mongodb::bson::raw::{RawArrayBuf, RawBinaryRef, RawDocument, RawDocumentBuf, cstr};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{self, Document, doc};
use wire::stored_body::{StoredBody, trim_fault};

/// Longest accepted key in bytes.
pub(super) const KEY_BYTES_MAX: usize = 1024;

const NANOS_A_MILLISECOND: u32 = 1_000_000;

/// What a write needs besides the record.
pub(super) struct WriteStamp {
    /// End of the retention of messages and faults, in real time.
    pub(super) raw_until: DateTime<Utc>,
    /// End of the retention of changes, in real time.
    pub(super) history_until: DateTime<Utc>,
    /// The first of as many order numbers as there are records.
    pub(super) order: i64,
}

/// Documents by collection.
pub(super) type DocumentsByCollection = [(&'static str, Vec<RawDocumentBuf>); 3];

/// Encodes records, by collection. A message comes before its faults.
pub(super) fn by_collection(
    records: Vec<ArchiveRecord>,
    stamp: &WriteStamp,
) -> Result<DocumentsByCollection, String> {
    let (mut messages, mut faults, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for (record, order) in records.into_iter().zip(stamp.order..) {
        let (documents, document) = match record {
            ArchiveRecord::Message { key, message: raw } => {
                (&mut messages, message(Some(known(&key)?), &raw, stamp))
            }
            ArchiveRecord::Fault { key, fault: found } => {
                (&mut faults, fault(Some(known(&key)?), found, order, stamp))
            }
            ArchiveRecord::Change { leg, change: past } => (&mut changes, change(&leg, &past, stamp)?),
        };
        documents.push(document);
    }
    Ok([(RAW_MESSAGES, messages), (QUARANTINE, faults), (FLIGHT_CHANGES, changes)])
}

fn known(key: &str) -> Result<&str, String> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        let start = &key[..key.floor_char_boundary(64)];
        return Err(format!("the key {start:?} has {} bytes; 1 to {KEY_BYTES_MAX} are taken", key.len()));
    }
    Ok(key)
}

/// A message. Without a key the driver generates an `_id`.
pub(super) fn message(key: Option<&str>, raw: &RawMessage, stamp: &WriteStamp) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    if let Some(key) = key {
        document.append(cstr!("_id"), key);
    }
    let (received_at, ns) = split(raw.received_at);
    document.append(cstr!("feed"), &*raw.feed);
    document.append(cstr!("received_at"), received_at);
    document.append(cstr!("received_at_ns"), ns);
    document.append(cstr!("content_type"), &*raw.content_type);
    document.append(cstr!("length"), raw.body.len() as i64);
    let (encoding, bytes) = match StoredBody::of(&raw.body) {
        StoredBody::Plain(bytes) => ("plain", bytes),
        StoredBody::Lz4(bytes) => ("lz4", bytes),
    };
    document.append(cstr!("encoding"), encoding);
    document.append(cstr!("body"), RawBinaryRef { subtype: BinarySubtype::Generic, bytes: &bytes });
    document.append(cstr!("kept_until"), split(stamp.raw_until).0);
    document
}

/// A fault, cut to its maximum. Without a key the driver generates an `_id`.
pub(super) fn fault(
    key: Option<&str>,
    mut found: Quarantined,
    order: i64,
    stamp: &WriteStamp,
) -> RawDocumentBuf {
    trim_fault(&mut found);
    let mut document = RawDocumentBuf::new();
    if let Some(key) = key {
        document.append(cstr!("_id"), key);
    }
    let (received_at, ns) = split(found.received_at);
    document.append(cstr!("feed"), &*found.feed);
    document.append(cstr!("received_at"), received_at);
    document.append(cstr!("received_at_ns"), ns);
    if let Some(index) = found.index {
        document.append(cstr!("index"), i64::from(index));
    }
    if let Some(field) = &found.field {
        document.append(cstr!("field"), field.as_str());
    }
    document.append(cstr!("reason"), found.reason.as_str());
    document.append(cstr!("excerpt"), found.excerpt.as_str());
    document.append(cstr!("order"), order);
    document.append(cstr!("kept_until"), split(stamp.raw_until).0);
    document
}

fn change(leg: &LegId, past: &PastChange, stamp: &WriteStamp) -> Result<RawDocumentBuf, String> {
    let rev = i64::try_from(past.rev)
        .map_err(|_| format!("revision {} of {leg} is beyond what a document can hold", past.rev))?;
    let mut id = RawDocumentBuf::new();
    id.append(cstr!("leg"), leg.as_str());
    id.append(cstr!("rev"), rev);
    let mut kinds = RawArrayBuf::new();
    for kind in &past.kinds {
        kinds.push(kind.as_str());
    }
    let (at, ns) = split(past.at);
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), id);
    document.append(cstr!("at"), at);
    document.append(cstr!("at_ns"), ns);
    document.append(cstr!("kinds"), kinds);
    document.append(cstr!("source"), past.source.as_str());
    document.append(cstr!("set_json"), past.set_json.as_str());
    document.append(cstr!("kept_until"), split(stamp.history_until).0);
    Ok(document)
}

/// The changes of a leg after a revision; `None` if there can be none.
pub(super) fn after(leg: &LegId, rev: u64) -> Option<Document> {
    let rev = i64::try_from(rev).ok()?;
    Some(doc! { "_id.leg": leg.as_str(), "_id.rev": { "$gt": rev } })
}

/// Documents older than an instant, by the field `at` and its nanoseconds.
pub(super) fn before(field: &str, at: DateTime<Utc>) -> Document {
    let (at, ns) = split(at);
    doc! { "$or": [ { field: { "$lt": at } }, { field: at, format!("{field}_ns"): { "$lt": ns } } ] }
}

/// Decodes a change. The error is to be read after the name of the document.
pub(super) fn past_change(document: &RawDocument) -> Result<PastChange, String> {
    let id = document.get_document("_id").map_err(words)?;
    let kinds = document.get_array("kinds").map_err(words)?.into_iter().map(|kind| {
        let kind = kind.map_err(words)?;
        kind.as_str().map(str::to_owned).ok_or_else(|| "a kind is no text".to_owned())
    });
    Ok(PastChange {
        rev: u64::try_from(id.get_i64("rev").map_err(words)?).map_err(|_| "rev is negative")?,
        at: joined(document, "at", "at_ns")?,
        kinds: kinds.collect::<Result<_, _>>()?,
        source: document.get_str("source").map_err(words)?.to_owned(),
        set_json: document.get_str("set_json").map_err(words)?.to_owned(),
    })
}

/// Decodes a fault. The error is to be read after the name of the document.
pub(super) fn quarantined(document: &RawDocument) -> Result<Quarantined, String> {
    let index = match document.get("index").map_err(|e| e.to_string())? {
        Some(index) => Some(index.as_i64().and_then(|n| u32::try_from(n).ok()).ok_or("index is no index")?),
        None => None,
    };
    let field = match document.get("field").map_err(|e| e.to_string())? {
        Some(field) => Some(field.as_str().ok_or("field is no text")?.to_owned()),
        None => None,
    };
    Ok(Quarantined {
        feed: document.get_str("feed").map_err(words)?.into(),
        received_at: joined(document, "received_at", "received_at_ns")?,
        index,
        field,
        reason: document.get_str("reason").map_err(words)?.to_owned(),
        excerpt: document.get_str("excerpt").map_err(words)?.to_owned(),
    })
}

/// Milliseconds and the remaining nanoseconds.
pub(super) fn split(at: DateTime<Utc>) -> (bson::DateTime, i32) {
    let ns = at.timestamp_subsec_nanos() % NANOS_A_MILLISECOND;
    (bson::DateTime::from_millis(at.timestamp_millis()), ns.cast_signed())
}

/// Decodes an instant from a field and its nanoseconds.
pub(super) fn joined(document: &RawDocument, field: &str, field_ns: &str) -> Result<DateTime<Utc>, String> {
    let at = document.get_datetime(field).map_err(words)?.timestamp_millis();
    let ns = document.get_i32(field_ns).map_err(words)?;
    DateTime::from_timestamp_millis(at)
        .and_then(|at| at.checked_add_signed(TimeDelta::nanoseconds(ns.into())))
        .ok_or_else(|| format!("{field} is outside of the range of instants"))
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::schema::COLLECTIONS;
    use super::*;
    use wire::stored_body::MESSAGE_BYTES_MAX;

    fn stamp() -> WriteStamp {
        let raw_until = DateTime::from_timestamp(2_000_000_000, 0).unwrap();
        WriteStamp { raw_until, history_until: raw_until + TimeDelta::days(1), order: 7 }
    }

    fn raw(body: &[u8]) -> RawMessage {
        let received_at = DateTime::UNIX_EPOCH + TimeDelta::nanoseconds(-1);
        RawMessage { feed: "jfk".into(), received_at, content_type: "x".into(), body: body.into() }
    }

    fn found() -> Quarantined {
        Quarantined {
            feed: "jfk".into(),
            received_at: DateTime::UNIX_EPOCH + TimeDelta::nanoseconds(-1),
            index: None,
            field: None,
            reason: "é".repeat(2_000),
            excerpt: "a\0b".into(),
        }
    }

    fn past(rev: u64) -> PastChange {
        let at = DateTime::from_timestamp(1_360_335_600, 250_000_001).unwrap();
        PastChange { rev, at, kinds: vec!["gate".into()], source: "jfk".into(), set_json: "{}".into() }
    }

    fn one_of_each() -> DocumentsByCollection {
        let leg = LegId::known("A-1").unwrap();
        let records = vec![
            ArchiveRecord::Change { leg, change: past(3) },
            ArchiveRecord::Fault { key: "k".into(), fault: found() },
            ArchiveRecord::Message { key: "k".into(), message: raw(b"{}") },
        ];
        by_collection(records, &stamp()).unwrap()
    }

    #[test]
    fn every_indexed_field_is_written() {
        for ((collection, documents), schema) in one_of_each().iter().zip(&COLLECTIONS) {
            assert_eq!(*collection, schema.collection);
            for (field, _) in schema.indexes.iter().flat_map(|index| index.keys) {
                let (outer, inner) = field.split_once('.').unwrap_or((field, ""));
                let found = documents[0].get(outer).unwrap();
                let is_there = match found.and_then(|value| value.as_document()) {
                    Some(within) => within.get(inner).unwrap().is_some(),
                    None => found.is_some(),
                };
                assert!(is_there, "{collection} has no {field}");
            }
        }
    }

    #[test]
    fn documents_decode_to_their_records_and_have_the_retention_of_their_kind() {
        let [(_, messages), (_, faults), (_, changes)] = one_of_each();
        assert_eq!(past_change(&changes[0]), Ok(past(3)));
        let read = quarantined(&faults[0]).unwrap();
        assert_eq!((read.received_at, read.reason.len()), (found().received_at, 1024));
        assert_eq!(read, Quarantined { reason: read.reason.clone(), ..found() });
        assert_eq!(faults[0].get_i64("order").unwrap(), 8, "its place in the batch");
        let until = |document: &RawDocument| document.get_datetime("kept_until").unwrap().timestamp_millis();
        assert_eq!(until(&messages[0]), 2_000_000_000_000);
        assert_eq!(until(&faults[0]), 2_000_000_000_000);
        assert_eq!(until(&changes[0]), 2_000_086_400_000);
    }

    #[test]
    fn long_bodies_are_compressed_and_too_long_ones_cut() {
        let short = message(None, &raw(b"{}"), &stamp());
        assert_eq!(short.get_str("encoding").unwrap(), "plain");
        assert_eq!(short.get_binary("body").unwrap().bytes, b"{}");
        assert!(short.get("_id").unwrap().is_none(), "the driver makes one");
        let long = message(Some("k"), &raw(&vec![b'x'; MESSAGE_BYTES_MAX + 1]), &stamp());
        assert_eq!(long.get_str("encoding").unwrap(), "lz4");
        assert_eq!(long.get_i64("length").unwrap() as usize, MESSAGE_BYTES_MAX + 1);
        let body = long.get_binary("body").unwrap().bytes;
        assert_eq!(lz4_flex::block::decompress_size_prepended(body).unwrap().len(), MESSAGE_BYTES_MAX);
    }

    #[test]
    fn a_record_that_no_document_can_hold_is_refused() {
        let leg = LegId::known("A-1").unwrap();
        let refused = |record| by_collection(vec![record], &stamp()).unwrap_err();
        let error = refused(ArchiveRecord::Change { leg: leg.clone(), change: past(u64::MAX) });
        assert_eq!(error, "revision 18446744073709551615 of A-1 is beyond what a document can hold");
        let error = refused(ArchiveRecord::Fault { key: "".into(), fault: found() });
        assert!(error.starts_with("the key \"\" has 0 bytes"), "{error}");
        let error = refused(ArchiveRecord::Message { key: "é".repeat(600).into(), message: raw(b"") });
        assert!(error.ends_with("has 1200 bytes; 1 to 1024 are taken"), "{error}");
        assert_eq!(after(&leg, u64::MAX), None);
    }

    #[test]
    fn a_damaged_document_is_an_error() {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("_id"), "x");
        assert!(past_change(&document).unwrap_err().contains("_id"));
        assert!(quarantined(&document).unwrap_err().contains("feed"));
    }
}
