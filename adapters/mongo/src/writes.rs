//! Writes: batches, duplicates, expiry.

use super::Mongo;
use super::documents::{self, DocumentsByCollection};
use super::errors::{CallError, DUPLICATE_KEY};
use super::schema::{FLIGHT_CHANGES, QUARANTINE, RAW_MESSAGES};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{ArchiveRecord, Quarantined, RawMessage};
use mongodb::bson::doc;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ReadPreference, SelectionCriteria};
use wire::stored_body::{self, COMPRESSED_INLINE_BYTES_MAX};

/// Documents per request. MongoDB accepts 100,000; a smaller batch fits the time limit of an operation,
/// and the response has space for an error per document, as when all are duplicates.
const BATCH_DOCUMENTS_MAX: usize = 5_000;
/// Bytes of documents per request. MongoDB accepts 48,000,000.
const BATCH_BYTES_MAX: usize = 16_000_000;
/// Documents dropped by one operation of an expiry, besides those of the same instant as the last.
const EXPIRY_DOCUMENTS_MAX: u64 = 5_000;

/// What an existing key means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DuplicateKeys {
    /// The record was recorded before and is ignored.
    Ignored,
    /// The key was just generated and must not exist.
    Rejected,
}

impl Mongo {
    /// Stores a message and its faults under generated ids.
    pub(super) async fn write_kept(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> Result<(), CallError> {
        let faults = stored_body::trim_faults(faults);
        let stamp = self.stamp(faults.len());
        let is_large = message.as_ref().is_some_and(|raw| raw.body.len() > COMPRESSED_INLINE_BYTES_MAX);
        let encode = move || {
            let messages = message.iter().map(|raw| documents::message(None, raw, &stamp)).collect();
            let numbered = faults.into_iter().zip(stamp.order..);
            let faults =
                numbered.map(|(fault, order)| documents::fault(None, fault, order, &stamp)).collect();
            [(RAW_MESSAGES, messages), (QUARANTINE, faults), (FLIGHT_CHANGES, Vec::new())]
        };
        let by_collection = if is_large { self.compute(encode).await? } else { encode() };
        self.insert(by_collection, DuplicateKeys::Rejected).await
    }

    /// Stores all records that are not stored yet.
    pub(super) async fn write_recorded(&self, records: Vec<ArchiveRecord>) -> Result<(), CallError> {
        let stamp = self.stamp(records.len());
        let encoding = self.compute(move || documents::by_collection(records, &stamp));
        self.insert(encoding.await?.map_err(CallError::Refused)?, DuplicateKeys::Ignored).await
    }

    async fn insert(
        &self,
        by_collection: DocumentsByCollection,
        known: DuplicateKeys,
    ) -> Result<(), CallError> {
        for (name, documents) in by_collection {
            for batch in batches(documents) {
                let collection = self.collection(name);
                self.call(async move {
                    match collection.insert_many(&batch).ordered(false).await {
                        Ok(_) => Ok(()),
                        Err(error) if known == DuplicateKeys::Ignored && has_only_duplicate_keys(&error) => {
                            Ok(())
                        }
                        Err(error) => Err(error.into()),
                    }
                })
                .await?;
            }
        }
        Ok(())
    }

    /// Drops what is older by the operational clock. Returns the number of documents.
    pub(super) async fn drop_older(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> Result<u64, CallError> {
        let mut gone = 0;
        for (name, field, before) in [
            (RAW_MESSAGES, "received_at", raw_before),
            (QUARANTINE, "received_at", raw_before),
            (FLIGHT_CHANGES, "at", history_before),
        ] {
            loop {
                let (dropped, is_all) = self.drop_slice(name, field, before).await?;
                gone += dropped;
                if is_all {
                    break;
                }
            }
        }
        Ok(gone)
    }

    /// Drops the oldest documents before an instant. Returns how many, and whether none is left.
    async fn drop_slice(
        &self,
        name: &'static str,
        field: &'static str,
        before: DateTime<Utc>,
    ) -> Result<(u64, bool), CallError> {
        let collection = self.collection(name);
        let max_time = self.inner.config.limits.operation;
        let field_ns = format!("{field}_ns");
        self.call(async move {
            let old = documents::before(field, before);
            let oldest = doc! { field: 1, &field_ns: 1 };
            // From the primary: another server may still have documents that were just dropped.
            let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
            let nth = collection.find_one(old.clone()).sort(oldest.clone()).projection(oldest);
            let nth = nth.skip(EXPIRY_DOCUMENTS_MAX).selection_criteria(primary).max_time(max_time).await?;
            let Some(nth) = nth else {
                return Ok((collection.delete_many(old).await?.deleted_count, true));
            };
            let until = documents::joined(&nth, field, &field_ns).map_err(CallError::Unreadable)?;
            // Including all others of that instant, so that every slice drops something.
            let end = until.checked_add_signed(TimeDelta::nanoseconds(1)).unwrap_or(before);
            let slice = documents::before(field, end);
            Ok((collection.delete_many(slice).await?.deleted_count, false))
        })
        .await
    }
}

/// Splits documents into batches within the limits. A larger document is a batch of its own.
fn batches(documents: Vec<RawDocumentBuf>) -> Vec<Vec<RawDocumentBuf>> {
    let mut batches: Vec<Vec<RawDocumentBuf>> = Vec::new();
    let mut bytes = 0;
    for document in documents {
        let size = document.as_bytes().len();
        match batches.last_mut() {
            Some(last) if last.len() < BATCH_DOCUMENTS_MAX && bytes + size <= BATCH_BYTES_MAX => {
                bytes += size;
                last.push(document);
            }
            _ => {
                bytes = size;
                batches.push(vec![document]);
            }
        }
    }
    batches
}

/// Whether duplicate keys are the only errors.
fn has_only_duplicate_keys(error: &Error) -> bool {
    let ErrorKind::InsertMany(failed) = error.kind.as_ref() else { return false };
    let errors = failed.write_errors.as_deref().unwrap_or_default();
    failed.write_concern_error.is_none()
        && !errors.is_empty()
        && errors.iter().all(|error| error.code == DUPLICATE_KEY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::raw::cstr;

    fn documents(count: usize, bytes: usize) -> Vec<RawDocumentBuf> {
        let mut document = RawDocumentBuf::new();
        document.append(cstr!("x"), "y".repeat(bytes));
        vec![document; count]
    }

    #[test]
    fn only_confirmed_duplicates_are_ignored() {
        let known = doc! { "index": 0, "code": DUPLICATE_KEY, "errmsg": "" };
        let other = doc! { "index": 1, "code": 121, "errmsg": "" };
        let unsure = doc! { "code": 64, "codeName": "", "errmsg": "" };
        for (answer, expected) in [
            (doc! { "writeErrors": [known.clone(), known.clone()] }, true),
            (doc! { "writeErrors": [known.clone(), other] }, false),
            (doc! { "writeErrors": [known], "writeConcernError": unsure.clone() }, false),
            (doc! { "writeConcernError": unsure }, false),
            (doc! {}, false),
        ] {
            let failed = mongodb::bson::deserialize_from_document(answer.clone()).unwrap();
            assert_eq!(has_only_duplicate_keys(&ErrorKind::InsertMany(failed).into()), expected, "{answer}");
        }
    }

    #[test]
    fn batches_are_limited_by_count_and_by_bytes() {
        assert!(batches(Vec::new()).is_empty());
        let by_count: Vec<_> = batches(documents(12_000, 1)).iter().map(Vec::len).collect();
        assert_eq!(by_count, [5_000, 5_000, 2_000]);
        let by_bytes: Vec<_> = batches(documents(10, 6_000_000)).iter().map(Vec::len).collect();
        assert_eq!(by_bytes, [2; 5]);
        let alone: Vec<_> = batches(documents(2, 17_000_000)).iter().map(Vec::len).collect();
        assert_eq!(alone, [1, 1], "the server says what is wrong with it");
    }
}
