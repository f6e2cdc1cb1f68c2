//! How fast the archive on MongoDB takes what was made durable elsewhere.
//!
//! `GATECALL_TEST_MONGO=mongodb://… cargo run --release -p gatecall-mongo --example mongo_record`
//!
//! Works in a database of its own, `gatecall_measured`, which is dropped before and after.

#![expect(clippy::print_stdout, reason = "its output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "it measures real time, and gives it to the archive")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails should stop")]

use chrono::Utc;
use domain::ports::{Archive, ArchiveRecord, Recorder};
use gatecall_mongo::{Mongo, MongoConfig, MongoUri};
use std::time::{Duration, Instant};
use testing::flights::Sample;
use wire::record::past_change;

/// Changes that are recorded.
const CHANGES: u32 = 50_000;
/// Changes given at once.
const BATCH: usize = 1_000;
/// Legs over which they are spread.
const LEGS: u32 = 5_000;
const DATABASE: &str = "gatecall_measured";

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Ok(uri) = std::env::var("GATECALL_TEST_MONGO") else {
        println!("GATECALL_TEST_MONGO does not say where a MongoDB is that may be measured");
        std::process::exit(2);
    };
    drop_database(&uri).await;
    let mut config = MongoConfig::new(MongoUri::parse(&uri).unwrap(), DATABASE, Utc::now);
    config.limits.operation = Duration::from_secs(60);
    let archive = Mongo::open(config, tokio::runtime::Handle::current()).await.unwrap();
    archive.migrate().await.unwrap();
    let records = changes();
    println!("{CHANGES} changes of {LEGS} legs in batches of {BATCH}");
    for round in ["new", "known already"] {
        let (took, slowest) = record(&archive, &records).await;
        let rate = f64::from(CHANGES) / took.as_secs_f64();
        println!("{round}: {rate:.0} documents a second, the slowest batch {} ms", slowest.as_millis());
    }
    let begun = Instant::now();
    let told = archive.history(Sample::leg(7).flight.leg, 0, 1000).await.unwrap();
    println!("a history of {} changes: {} ms", told.len(), begun.elapsed().as_millis());
    drop_database(&uri).await;
}

fn changes() -> Vec<ArchiveRecord> {
    let mut samples: Vec<_> = (0..LEGS).map(Sample::leg).collect();
    let gates = (0..CHANGES / LEGS).map(|gate| gate.to_string());
    let entries = gates.flat_map(|gate| samples.iter_mut().map(|s| s.gate(&gate)).collect::<Vec<_>>());
    let changes = entries.flat_map(|entry| entry.changes);
    changes.map(|c| ArchiveRecord::Change { leg: c.leg.clone(), change: past_change(&c) }).collect()
}

async fn record(archive: &Mongo, records: &[ArchiveRecord]) -> (Duration, Duration) {
    let (mut took, mut slowest) = (Duration::ZERO, Duration::ZERO);
    for batch in records.chunks(BATCH) {
        let batch = batch.to_vec();
        let begun = Instant::now();
        archive.record(batch).await.unwrap();
        took += begun.elapsed();
        slowest = slowest.max(begun.elapsed());
    }
    (took, slowest)
}

async fn drop_database(uri: &str) {
    let client = mongodb::Client::with_uri_str(uri).await.unwrap();
    client.database(DATABASE).drop().await.unwrap();
}
