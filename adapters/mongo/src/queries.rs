//! Reads history and quarantine.

use super::Mongo;
use super::documents;
use super::errors::CallError;
use super::schema::{FLIGHT_CHANGES, QUARANTINE};
use domain::leg::LegId;
use domain::ports::{PastChange, Quarantined};
use mongodb::bson::raw::RawDocument;
use mongodb::bson::{Document, doc};

/// Documents per call; a larger page is cut.
const DOCUMENTS_MAX: u32 = 100_000;

impl Mongo {
    /// The changes of a leg after a revision, oldest first.
    pub(super) async fn read_history(
        &self,
        leg: &LegId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<PastChange>, CallError> {
        let Some(filter) = documents::after(leg, after) else { return Ok(Vec::new()) };
        let query = Query { name: FLIGHT_CHANGES, filter, sort: doc! { "_id.rev": 1 }, limit };
        self.read(query, documents::past_change).await
    }

    /// The newest change of a leg.
    pub(super) async fn read_newest(&self, leg: &LegId) -> Result<Option<PastChange>, CallError> {
        let filter = doc! { "_id.leg": leg.as_str() };
        let query = Query { name: FLIGHT_CHANGES, filter, sort: doc! { "_id.rev": -1 }, limit: 1 };
        Ok(self.read(query, documents::past_change).await?.pop())
    }

    /// The newest faults, newest first; of the same instant, the last written first.
    pub(super) async fn read_quarantine(&self, limit: u32) -> Result<Vec<Quarantined>, CallError> {
        let sort = doc! { "received_at": -1, "received_at_ns": -1, "order": -1 };
        let query = Query { name: QUARANTINE, filter: doc! {}, sort, limit };
        self.read(query, documents::quarantined).await
    }

    async fn read<T: Send + 'static>(
        &self,
        query: Query,
        decode: fn(&RawDocument) -> Result<T, String>,
    ) -> Result<Vec<T>, CallError> {
        let Query { name, filter, sort, limit } = query;
        if limit == 0 {
            // For MongoDB, 0 means no limit.
            return Ok(Vec::new());
        }
        let collection = self.collection(name);
        let max_time = self.inner.config.limits.operation;
        self.call(async move {
            let limit = i64::from(limit.min(DOCUMENTS_MAX));
            let mut cursor = collection.find(filter).sort(sort).limit(limit).max_time(max_time).await?;
            let mut found = Vec::new();
            while cursor.advance().await? {
                let document = cursor.current();
                found.push(decode(document).map_err(|reason| damaged(name, document, &reason))?);
            }
            Ok(found)
        })
        .await
    }
}

struct Query {
    name: &'static str,
    filter: Document,
    sort: Document,
    limit: u32,
}

fn damaged(name: &str, document: &RawDocument, reason: &str) -> CallError {
    let id = document.get("_id").ok().flatten();
    let id = id.map_or_else(|| "without _id".to_owned(), |id| format!("{id:?}"));
    CallError::Unreadable(format!("the document {id} of {name}: {reason}"))
}
