//! The contract suites, and tests of what only the embedded store does.

use super::*;
use domain::ports::{Archive, ChangeLog, Version};
use sqlx::{Connection as _, SqliteConnection};
use std::time::Duration;
use tempfile::TempDir;
use testing::contract::{Opening, archive, change_log, directory};
use testing::flights::Sample;

pub(super) async fn open(folder: &TempDir) -> Embedded {
    Embedded::open(EmbeddedConfig::in_folder(folder.path())).await.unwrap()
}

fn places() -> impl AsyncFnMut(Opening) -> Embedded {
    let mut folder = TempDir::new().unwrap();
    let mut last: Option<Embedded> = None;
    async move |opening| {
        if let Some(store) = last.take() {
            store.close().await.unwrap();
        }
        if opening == Opening::Fresh {
            folder = TempDir::new().unwrap();
        }
        let store = open(&folder).await;
        last = Some(store.clone());
        store
    }
}

#[tokio::test]
async fn the_embedded_store_is_a_change_log() {
    change_log::suite(places()).await;
    change_log::ends_are_known(places()).await;
}

#[tokio::test]
async fn the_embedded_store_is_an_archive() {
    archive::suite(places()).await;
}

#[tokio::test]
async fn the_embedded_store_is_a_directory() {
    directory::suite(places()).await;
}

#[tokio::test]
async fn a_folder_keeps_its_epoch_and_its_clock() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    assert_eq!(store.clock_instant().await.unwrap(), None);
    let epoch = store.epoch([0xab; 16]).await.unwrap();
    assert_eq!(epoch, "ab".repeat(16));
    assert_eq!(store.epoch([0xcd; 16]).await.unwrap(), epoch);
    let at = Sample::leg(1).everything().flight.changed_at;
    store.save_clock_instant(at).await.unwrap();
    store.close().await.unwrap();
    let store = open(&folder).await;
    assert_eq!(store.epoch([0xcd; 16]).await.unwrap(), epoch);
    assert_eq!(store.clock_instant().await.unwrap(), Some(at));
    let other = store.begin_epoch([0xcd; 16]).await.unwrap();
    assert_eq!(other, "cd".repeat(16));
    store.close().await.unwrap();
    assert_eq!(open(&folder).await.epoch([0xef; 16]).await.unwrap(), other);
}

#[tokio::test]
async fn a_second_hub_on_a_folder_is_refused() {
    let folder = TempDir::new().unwrap();
    let _first = open(&folder).await;
    let error = Embedded::open(EmbeddedConfig::in_folder(folder.path())).await.err().unwrap();
    assert!(error.to_string().contains("is in use by another gatecall; stop that one first"), "{error}");
}

#[tokio::test]
async fn a_second_hub_is_refused_even_without_the_lock_file() {
    let folder = TempDir::new().unwrap();
    let _first = open(&folder).await;
    for removed in ["gatecall.lock", "gatecall.sqlite-shm"] {
        std::fs::remove_file(folder.path().join(removed)).unwrap();
    }
    let error = Embedded::open(EmbeddedConfig::in_folder(folder.path())).await.err().unwrap();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
}

#[tokio::test]
async fn a_database_without_its_content_is_not_taken_for_a_new_one() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("gatecall.sqlite");
    let refused = async || Embedded::open(EmbeddedConfig::in_folder(folder.path())).await.err().unwrap();
    std::fs::write(&file, "").unwrap();
    let error = refused().await.to_string();
    assert!(
        error.contains("gatecall.sqlite cannot be this hub's: it is empty; put a backup back"),
        "{error}"
    );
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0, "it is left as it was found");
    std::fs::remove_file(&file).unwrap();
    std::fs::write(folder.path().join("gatecall.sqlite-wal"), "some pages").unwrap();
    let error = refused().await.to_string();
    assert!(error.contains("it is missing, but its write-ahead log is there"), "{error}");
    std::fs::remove_file(folder.path().join("gatecall.sqlite-wal")).unwrap();
    std::os::unix::fs::symlink("nowhere", &file).unwrap();
    assert!(refused().await.to_string().contains("it is a link that leads nowhere"));
    std::fs::remove_file(&file).unwrap();
    open(&folder).await.close().await.unwrap();
    // Zeros in place of pages, as a file system may leave after a power loss.
    let length = std::fs::metadata(&file).unwrap().len() as usize;
    std::fs::write(&file, vec![0; length]).unwrap();
    let error = refused().await;
    assert!(matches!(error, OpenError::NotOurs { .. } | OpenError::Database { .. }), "{error}");
}

#[tokio::test]
async fn a_database_of_another_program_stays_unchanged() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("gatecall.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut theirs = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("CREATE TABLE theirs (id INTEGER)").execute(&mut theirs).await.unwrap();
    theirs.close().await.unwrap();
    let before = std::fs::read(&file).unwrap();
    let error = Embedded::open(EmbeddedConfig::in_folder(folder.path())).await.err().unwrap();
    assert!(error.to_string().contains("it has the tables of another program"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_killed_first_start_does_not_block_the_next() {
    let folder = TempDir::new().unwrap();
    for left in ["gatecall.sqlite.new", "gatecall.sqlite.new-wal", "gatecall.sqlite.new-shm"] {
        std::fs::write(folder.path().join(left), "").unwrap();
    }
    open(&folder).await.close().await.unwrap();
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["gatecall.lock", "gatecall.sqlite"]);
}

#[tokio::test]
async fn a_start_waits_for_a_process_that_leaves_the_folder() {
    let folder = TempDir::new().unwrap();
    let first = open(&folder).await;
    let mut sample = Sample::leg(1);
    first.append(vec![sample.gate("1")]).await.unwrap();
    drop(first);
    let second = open(&folder).await;
    assert_eq!(second.restore().await.unwrap(), [sample.flight]);
}

#[tokio::test]
async fn unusable_folders_and_files_are_described_in_a_sentence() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "not a folder").unwrap();
    let error = Embedded::open(EmbeddedConfig::in_folder(&file)).await.err().unwrap();
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
    std::fs::write(folder.path().join("gatecall.sqlite"), vec![b'x'; 9000]).unwrap();
    let error = Embedded::open(EmbeddedConfig::in_folder(folder.path())).await.err().unwrap();
    assert!(error.to_string().contains("gatecall.sqlite does not open: "), "{error}");
}

#[tokio::test]
async fn a_folder_of_a_newer_version_is_refused() {
    let folder = TempDir::new().unwrap();
    open(&folder).await.close().await.unwrap();
    edit(
        &folder,
        "INSERT INTO _sqlx_migrations SELECT 9999, description, installed_on, success, checksum, \
        execution_time FROM _sqlx_migrations WHERE version = 1",
    )
    .await;
    let error = Embedded::open(EmbeddedConfig::in_folder(folder.path())).await.err().unwrap();
    assert!(matches!(error, OpenError::Newer { .. }), "{error}");
}

#[tokio::test]
async fn a_full_disk_refuses_whole_appends_and_recovers_by_itself() {
    let folder = TempDir::new().unwrap();
    let mut config = EmbeddedConfig::in_folder(folder.path());
    config.file_bytes_max = Some(400_000);
    let store = Embedded::open(config).await.unwrap();
    let mut samples: Vec<_> = (0..40).map(Sample::leg).collect();
    let mut stored = samples.clone();
    // Appends fail at some point, each as a whole.
    let mut gate = 0;
    let error = loop {
        gate += 1;
        let entries = samples.iter_mut().map(|s| s.gate(&gate.to_string())).collect();
        match store.append(entries).await {
            Ok(()) => stored.clone_from(&samples),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(store.health().is_err());
    let states = |samples: &[Sample]| {
        samples.iter().map(|s| s.flight.clone()).filter(|f| f.rev > 0).collect::<Vec<_>>()
    };
    let sorted = |mut flights: Vec<domain::flight::Flight>| {
        flights.sort_by(|a, b| a.leg.cmp(&b.leg));
        flights
    };
    assert_eq!(sorted(store.restore().await.unwrap()), sorted(states(&stored)));
    // Space is freed, and the same entries are stored.
    let end = testing::flights::dawn() + chrono::TimeDelta::days(9);
    store.expire(end, end).await.unwrap();
    let mut again = stored.clone();
    store.append(again.iter_mut().map(|s| s.gate("healed")).collect()).await.unwrap();
    store.health().unwrap();
    store.close().await.unwrap();
    assert_eq!(sorted(open(&folder).await.restore().await.unwrap()), sorted(states(&again)));
}

#[tokio::test]
async fn a_full_store_and_its_recovery_are_noticed_without_writes() {
    let folder = TempDir::new().unwrap();
    let mut config = EmbeddedConfig::in_folder(folder.path());
    (config.file_bytes_max, config.probe_every) = (Some(4_000_000), Duration::from_millis(20));
    let store = Embedded::open(config).await.unwrap();
    let sees = async |well: bool| {
        while store.health().is_ok() != well {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // Another program takes the free space.
    let fill = "INSERT INTO meta (key, value) VALUES ('filler', hex(zeroblob(1850000)))";
    edit(&folder, fill).await;
    tokio::time::timeout(Duration::from_secs(30), sees(false)).await.expect("the full file is noticed");
    store.save_clock_instant(testing::flights::dawn()).await.expect("a small write succeeds");
    assert!(store.health().is_err(), "which proves nothing");
    edit(&folder, "DELETE FROM meta WHERE key = 'filler'").await;
    tokio::time::timeout(Duration::from_secs(30), sees(true)).await.expect("the room is noticed");
    store.close().await.unwrap();
}

#[tokio::test]
async fn compaction_of_the_log_loses_nothing() {
    const FROM: usize = 1 << 20;
    let folder = TempDir::new().unwrap();
    let mut config = EmbeddedConfig::in_folder(folder.path());
    config.compact_from_bytes = FROM;
    let store = Embedded::open(config).await.unwrap();
    // States that do not change again are in the oldest segments.
    let mut still: Vec<_> = (0..50).map(Sample::leg).collect();
    store.append(still.iter_mut().map(Sample::everything).collect()).await.unwrap();
    let retired = Sample::leg(0).flight.leg;
    store.retire(retired.clone(), Version::NONE, testing::flights::dawn()).await.unwrap();
    let mut busy: Vec<_> = (200..400).map(Sample::leg).collect();
    store.append(busy.iter_mut().map(Sample::everything).collect()).await.unwrap();
    let (mut most, mut written) = (0, 0);
    while written < 8 * FROM {
        let log_bytes = || lock(&store.inner.index).log_bytes();
        let before = log_bytes();
        store.append(busy.iter_mut().map(Sample::confirmation).collect()).await.unwrap();
        written += log_bytes().saturating_sub(before);
        most = most.max(log_bytes());
    }
    let most_allowed = 3 * lock(&store.inner.index).live_bytes().max(FROM) + FROM;
    assert!(FROM < most && most < most_allowed, "the log took {most} bytes, {most_allowed} are allowed");
    let mut expected: Vec<_> = still[1..].iter().chain(&busy).map(|s| s.flight.clone()).collect();
    expected.sort_by(|a, b| a.leg.cmp(&b.leg));
    store.close().await.unwrap();
    let store = open(&folder).await;
    let mut found = store.restore().await.unwrap();
    found.sort_by(|a, b| a.leg.cmp(&b.leg));
    assert!(found == expected, "what was compacted is not what was written");
    let history = store.history(busy[0].flight.leg.clone(), 0, 10).await.unwrap();
    assert_eq!(history.len(), busy[0].flight.rev as usize, "history is not touched by compaction");
}

#[tokio::test]
async fn the_log_stays_short_under_thousands_of_concurrent_states() {
    const FROM: usize = 1 << 20;
    let folder = TempDir::new().unwrap();
    let mut config = EmbeddedConfig::in_folder(folder.path());
    config.compact_from_bytes = FROM;
    let store = Embedded::open(config).await.unwrap();
    let mut busy: Vec<_> = (0..2_000).map(Sample::leg).collect();
    store.append(busy.iter_mut().map(Sample::everything).collect()).await.unwrap();
    let states: Vec<_> = busy.iter().map(|sample| wire::record::encode_state(&sample.flight)).collect();
    let confirmations = || -> Vec<write_queue::EncodedEntry> {
        let entry = |(sample, state): (&Sample, &Vec<u8>)| {
            let (leg, rev) = (sample.flight.leg.clone(), sample.flight.rev);
            write_queue::EncodedEntry { leg, rev, state: state.clone(), changes: Vec::new() }
        };
        busy.iter().zip(&states).map(entry).collect()
    };
    // Encoded before, so that the writer has no pause for maintenance.
    let rounds: Vec<_> = (0..16).map(|_| confirmations()).collect();
    let most = std::sync::atomic::AtomicUsize::new(0);
    let asked = rounds.into_iter().map(async |entries| {
        store.inner.queue.submit(|reply| WriteRequest::Append { entries, reply }).await.unwrap();
        most.fetch_max(lock(&store.inner.index).log_bytes(), std::sync::atomic::Ordering::SeqCst);
    });
    futures_util::future::join_all(asked).await;
    let most = most.into_inner();
    let live = lock(&store.inner.index).live_bytes();
    assert!(live > 2 * FROM, "a commit is larger than a slice: {live}");
    assert!(most < 5 * live, "the log took {most} bytes, and {live} of them count");
    store.close().await.unwrap();
    assert_eq!(open(&folder).await.restore().await.unwrap().len(), busy.len());
}

#[tokio::test]
async fn calls_after_close_are_unavailable() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let other = store.clone();
    store.append(vec![Sample::leg(1).gate("1")]).await.unwrap();
    store.close().await.unwrap();
    assert!(!folder.path().join("gatecall.sqlite-wal").exists(), "one file is left");
    for outcome in [other.append(vec![Sample::leg(2).gate("1")]).await, other.close().await, other.health()] {
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
    }
    assert!(other.restore().await.is_err());
    assert!(other.history(Sample::leg(1).flight.leg, 0, 1).await.is_err());
}

#[test]
fn the_store_works_from_any_runtime() {
    let folder = TempDir::new().unwrap();
    let single = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    // The runtime that opened the store is gone when it is used.
    let store = single().block_on(open(&folder));
    let mut sample = Sample::leg(1);
    let entry = sample.gate("1");
    std::thread::scope(|scope| {
        let there = scope.spawn(|| single().block_on(store.append(vec![entry])));
        there.join().unwrap().unwrap();
    });
    let asked = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(asked.block_on(store.restore()).unwrap(), [sample.flight]);
}

#[tokio::test]
async fn an_observer_sees_every_commit() {
    let folder = TempDir::new().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut config = EmbeddedConfig::in_folder(folder.path());
    let watching = seen.clone();
    config.on_commit = Some(Arc::new(move |commit: &Commit| lock(&watching).push(*commit)));
    let store = Embedded::open(config).await.unwrap();
    store.append(vec![Sample::leg(1).gates(&["1", "2"]), Sample::leg(2).gate("1")]).await.unwrap();
    store.close().await.unwrap();
    let [commit] = lock(&seen)[..] else { panic!("one commit") };
    assert_eq!((commit.entries, commit.changes, commit.messages, commit.committed), (2, 3, 0, true));
    assert!(!commit.took.is_zero());
}

#[tokio::test]
async fn long_and_short_messages_are_stored_beside_a_change() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).await;
    let noise = noise(2_000_000);
    let message = |bytes: usize| domain::ports::RawMessage {
        feed: "jfk".into(),
        received_at: DateTime::UNIX_EPOCH,
        content_type: "x".into(),
        body: noise[..bytes].into(),
    };
    let mut sample = Sample::leg(1);
    for bytes in
        [200, single_statement_commit::BYTES_MAX / 2, single_statement_commit::BYTES_MAX + 1, noise.len()]
    {
        let (one, other) = (Some(message(bytes)), Some(message(bytes)));
        let change = store.append(vec![sample.gate(&bytes.to_string())]);
        let (kept, also, changed) =
            tokio::join!(store.keep(one, Vec::new()), store.keep(other, Vec::new()), change);
        kept.and(also).and(changed).unwrap();
    }
    store.close().await.unwrap();
    let store = open(&folder).await;
    assert_eq!(store.restore().await.unwrap(), [sample.flight]);
    let used_bytes = store.metrics().used_bytes;
    assert!(used_bytes > 2 * noise.len() as u64, "{used_bytes}");
}

/// Bytes that do not compress.
pub(super) fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut noise = vec![0; bytes];
    for byte in &mut noise {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 33) as u8;
    }
    noise
}

/// Changes the file behind the back of the store.
pub(super) async fn edit(folder: &TempDir, text: &'static str) {
    use sqlx::{ConnectOptions, Connection};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database::file(folder.path()));
    let mut connection = options.connect().await.unwrap();
    let done = sqlx::query(text).execute(&mut connection).await.unwrap();
    assert!(done.rows_affected() > 0, "nothing was edited");
    connection.close().await.unwrap();
}
