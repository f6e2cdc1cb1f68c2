//! The contract suites, and tests of what only MongoDB does. All of them need a server, see `testing::services`.

mod away;
mod database;
mod schema;

use super::*;
use database::{TestDatabase, real_time};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{
    Archive, ArchiveRecord, BoxFuture, ChangeLog, Ended, LogEntry, PastChange, Quarantined, RawMessage,
    Recorder, Version,
};
use mongodb::bson::{Document, doc};
use testing::contract::{Opening, archive, recorder};
use testing::flights::{Sample, dawn};
use testing::memory::Memory;
use wire::record::past_change;

fn places(server: String) -> impl AsyncFnMut(Opening) -> Mongo {
    let mut database: Option<TestDatabase> = None;
    async move |opening| {
        if opening == Opening::Fresh {
            database = None;
        }
        database.get_or_insert_with(|| TestDatabase::new(&server)).migrated().await
    }
}

/// A change log whose changes reach the archive as on several nodes: recorded after they are durable.
struct RecordedLog {
    log: Memory,
    archive: Mongo,
}

impl ChangeLog for RecordedLog {
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.log.append(entries.clone()).await?;
            let changes = entries.iter().flat_map(|entry| &entry.changes);
            let records = changes
                .map(|c| ArchiveRecord::Change { leg: c.leg.clone(), change: past_change(c) })
                .collect();
            self.archive.record(records).await
        })
    }

    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        self.log.restore()
    }

    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        self.log.ended(since)
    }

    fn retire(&self, leg: LegId, after: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.log.retire(leg, after, at)
    }
}

impl Archive for RecordedLog {
    fn keep(
        &self,
        message: Option<RawMessage>,
        faults: Vec<Quarantined>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        self.archive.keep(message, faults)
    }

    fn history(
        &self,
        leg: LegId,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastChange>, StoreError>> {
        self.archive.history(leg, after, limit)
    }

    fn newest(&self, leg: LegId) -> BoxFuture<'_, Result<Option<PastChange>, StoreError>> {
        self.archive.newest(leg)
    }

    fn quarantine(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Quarantined>, StoreError>> {
        self.archive.quarantine(limit)
    }

    fn expire(
        &self,
        raw_before: DateTime<Utc>,
        history_before: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.archive.expire(raw_before, history_before)
    }
}

#[tokio::test]
async fn mongo_passes_the_contract_suite_of_the_archive() {
    let Some(server) = testing::services::mongo() else { return };
    let (mut places, mut log) = (places(server), Memory::new());
    let make = async move |opening| {
        if opening == Opening::Fresh {
            log = Memory::new();
        }
        RecordedLog { log: log.clone(), archive: places(opening).await }
    };
    archive::suite(make).await;
}

#[tokio::test]
async fn mongo_passes_the_contract_suite_of_the_recorder() {
    let Some(server) = testing::services::mongo() else { return };
    recorder::suite(places(server)).await;
}

fn change(rev: u64) -> ArchiveRecord {
    let (mut sample, at) = (Sample::leg(1), dawn());
    let change = past_change(&sample.gate("14").changes[0]);
    ArchiveRecord::Change { leg: sample.flight.leg, change: PastChange { rev, at, ..change } }
}

fn fault() -> Quarantined {
    Quarantined {
        feed: "jfk".into(),
        received_at: dawn(),
        index: None,
        field: None,
        reason: "is no report".into(),
        excerpt: "<x>".into(),
    }
}

fn message() -> RawMessage {
    RawMessage {
        feed: "jfk".into(),
        received_at: dawn(),
        content_type: "application/xml".into(),
        body: b"<x>"[..].into(),
    }
}

#[tokio::test]
async fn retention_counts_from_real_time_also_on_a_replayed_clock() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let archive = database.migrated().await;
    archive.keep(Some(message()), vec![fault()]).await.unwrap();
    archive.record(vec![change(1)]).await.unwrap();
    for (collection, kept) in [
        ("raw_messages", database::RAW_KEPT),
        ("quarantine", database::RAW_KEPT),
        ("flight_changes", database::HISTORY_KEPT),
    ] {
        let there = database
            .database()
            .await
            .collection::<Document>(collection)
            .find_one(doc! {})
            .await
            .unwrap()
            .unwrap();
        let until = there.get_datetime("kept_until").unwrap().timestamp_millis();
        assert_eq!(until, (real_time() + kept).timestamp_millis(), "{collection}");
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_written_is_an_error() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let archive = database.migrated().await;
    let ArchiveRecord::Change { leg, change: past } = change(1) else { panic!("it is a change") };
    let large = PastChange { set_json: "x".repeat(17_000_000), ..past };
    let error =
        archive.record(vec![ArchiveRecord::Change { leg, change: large }]).await.unwrap_err().to_string();
    assert!(error.starts_with("MongoDB is not available: ") && error.contains("16777216 bytes"), "{error}");
    let error =
        archive.record(vec![ArchiveRecord::Fault { key: "".into(), fault: fault() }]).await.unwrap_err();
    assert!(error.to_string().contains("the key \"\" has 0 bytes"), "{error}");
}

#[tokio::test]
async fn a_damaged_document_is_reported_with_its_id() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let archive = database.migrated().await;
    archive.record(vec![change(1), change(2)]).await.unwrap();
    let changes = database.database().await.collection::<Document>("flight_changes");
    changes.update_one(doc! { "_id.rev": 2 }, doc! { "$unset": { "source": "" } }).await.unwrap();
    let error = archive.history(Sample::leg(1).flight.leg, 0, 10).await.unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{words}");
    assert!(words.contains("of flight_changes: ") && words.contains("source"), "{words}");
    assert_eq!(archive.history(Sample::leg(1).flight.leg, 0, 1).await.unwrap().len(), 1);
}

#[test]
fn the_archive_works_from_any_runtime() {
    let Some(server) = testing::services::mongo() else { return };
    let database = TestDatabase::new(&server);
    let single = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let archive = single().block_on(database.migrated());
    std::thread::scope(|scope| {
        let there = scope.spawn(|| single().block_on(archive.record(vec![change(1)])));
        there.join().unwrap().unwrap();
    });
    let told = single().block_on(archive.history(Sample::leg(1).flight.leg, 0, 10)).unwrap();
    assert_eq!(told.len(), 1);
}
