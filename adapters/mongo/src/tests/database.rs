//! A database of one test.

use crate::{Mongo, MongoConfig, MongoUri};
use chrono::{DateTime, TimeDelta, Utc};
use mongodb::{Client, Database};
use std::hash::{BuildHasher, Hasher, RandomState};
use testing::driver_runtime::driver_runtime;

/// How long tests keep messages and faults.
pub(super) const RAW_KEPT: TimeDelta = TimeDelta::days(3);
/// How long tests keep changes.
pub(super) const HISTORY_KEPT: TimeDelta = TimeDelta::days(5);

/// An instant far in the future: MongoDB does not drop documents of a running test.
pub(super) fn real_time() -> DateTime<Utc> {
    DateTime::from_timestamp(4_000_000_000, 0).unwrap()
}

/// A database with a random name, dropped with this value.
pub(super) struct TestDatabase {
    pub(super) uri: String,
    pub(super) name: String,
}

impl TestDatabase {
    pub(super) fn new(server: &str) -> Self {
        let random = RandomState::new().build_hasher().finish();
        Self { uri: server.to_owned(), name: format!("gatecall_test_{random:016x}") }
    }

    pub(super) fn config(&self) -> MongoConfig {
        let mut config = MongoConfig::new(MongoUri::parse(&self.uri).unwrap(), self.name.clone(), real_time);
        config.raw_kept = RAW_KEPT.to_std().unwrap();
        config.history_kept = HISTORY_KEPT.to_std().unwrap();
        config
    }

    /// The archive, migrated or not.
    pub(super) async fn open(&self) -> Mongo {
        Mongo::open(self.config(), driver_runtime()).await.unwrap()
    }

    /// The archive, migrated.
    pub(super) async fn migrated(&self) -> Mongo {
        let archive = self.open().await;
        archive.migrate().await.unwrap();
        archive
    }

    /// The same database, by the driver alone.
    pub(super) async fn database(&self) -> Database {
        Client::with_uri_str(&self.uri).await.unwrap().database(&self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (uri, name) = (self.uri.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let database = Client::with_uri_str(uri).await.unwrap().database(&name);
                database.drop().await.unwrap();
            });
        });
        let dropped = dropping.join();
        assert!(dropped.is_ok() || std::thread::panicking(), "the test's database is not dropped");
    }
}
