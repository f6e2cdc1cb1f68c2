//! The database file: opening it, and reading its index at the start.

use super::commit::Inserts;
use super::commit_plan::Next;
use super::config::{Durability, EmbeddedConfig};
use super::errors::OpenError;
use super::index::{IndexEntry, LogIndex, Segment};
use super::{epoch, segment};
use futures_util::TryStreamExt;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Page size, fixed when the file is created. It equals that of file systems, so a small commit writes as
/// little as possible.
pub(super) const PAGE_BYTES: u64 = 4096;
/// Page cache of the writer in KiB.
const WRITER_CACHE_KIB: u32 = 16 * 1024;
/// A longer write-ahead log, after a stall, is truncated when it starts again.
const WAL_BYTES_KEPT: u64 = 64 << 20;
/// Only connections of this process can lock the file, and only for moments.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// The database file in a folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("gatecall.sqlite")
}

fn options(folder: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file(folder)).busy_timeout(BUSY_MAX).disable_statement_logging()
}

/// Options of the one connection that writes.
fn writing(config: &EmbeddedConfig) -> SqliteConnectOptions {
    let synchronous = match config.durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Normal => SqliteSynchronous::Normal,
    };
    let options = options(&config.folder)
        .page_size(PAGE_BYTES as u32)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .thread_name(|_| "gatecall-write".into())
        .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
        // Temporary tables stay in memory: they may hold data of travellers that must not be left where
        // others read, and they must not fail for lack of space.
        .pragma("temp_store", "memory")
        .pragma("journal_size_limit", WAL_BYTES_KEPT.to_string())
        // A connection of its own makes the checkpoints, so no commit waits for one.
        .pragma("wal_autocheckpoint", "0");
    match config.file_bytes_max {
        Some(bytes) => options.pragma("max_page_count", (bytes / PAGE_BYTES).max(1).to_string()),
        None => options,
    }
}

/// Options of the connection that copies the write-ahead log into the file.
pub(super) fn checkpointing(config: &EmbeddedConfig) -> SqliteConnectOptions {
    options(&config.folder).thread_name(|_| "gatecall-wal".into()).pragma("wal_autocheckpoint", "0")
}

/// Options of the connections that read.
pub(super) fn reading(config: &EmbeddedConfig) -> SqliteConnectOptions {
    options(&config.folder).read_only(true).thread_name(|id| format!("gatecall-read-{id}"))
}

/// Creates the folder, readable by its owner only: it will hold contacts of travellers.
pub(super) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(folder)
        .map_err(|e| OpenError::Folder { folder: folder.into(), reason: e.to_string() })
}

/// Opens the file for writing and migrates its tables. Creates a database in an empty folder, but does
/// not take a file that lost its content for a new one.
pub(super) async fn connect(config: &EmbeddedConfig) -> Result<SqliteConnection, OpenError> {
    let file = file(&config.folder);
    if is_there(&file)? {
        is_ours(config).await?;
    } else {
        tracing::info!(file = %file.display(), "there is no database: creating one");
        make(config).await?;
    }
    migrated(config, writing(config)).await
}

async fn migrated(
    config: &EmbeddedConfig,
    options: SqliteConnectOptions,
) -> Result<SqliteConnection, OpenError> {
    let wrong = |reason: String| OpenError::Database { file: file(&config.folder), reason };
    let connected = SqliteConnection::connect_with(&options).await;
    let mut connection = connected.map_err(|e| wrong(e.to_string()))?;
    MIGRATIONS.run_direct(None, &mut connection, false).await.map_err(|e| match e {
        MigrateError::VersionMissing(version) => {
            let reason = format!("it has migration {version}");
            OpenError::Newer { folder: config.folder.clone(), reason }
        }
        other => wrong(other.to_string()),
    })?;
    Ok(connection)
}

/// Whether the file exists and has content; `false` if it never existed.
fn is_there(file: &Path) -> Result<bool, OpenError> {
    let not_ours = |reason: &str| Err(OpenError::NotOurs { file: file.into(), reason: reason.into() });
    match std::fs::metadata(file) {
        Ok(found) if found.len() == 0 => not_ours("it is empty"),
        Ok(_) => Ok(true),
        Err(e) if e.kind() != ErrorKind::NotFound => {
            Err(OpenError::Database { file: file.into(), reason: e.to_string() })
        }
        Err(_) if file.is_symlink() => not_ours("it is a link that leads nowhere"),
        Err(_) if beside(file, "-wal").exists() => {
            not_ours("it is missing, but its write-ahead log is there")
        }
        Err(_) => Ok(false),
    }
}

/// Looks for the first migration of this hub before it changes the file.
async fn is_ours(config: &EmbeddedConfig) -> Result<(), OpenError> {
    let file = file(&config.folder);
    let not_ours = |reason: &str| OpenError::NotOurs { file: file.clone(), reason: reason.into() };
    let wrong = |e: sqlx::Error| OpenError::Database { file: file.clone(), reason: e.to_string() };
    let mut connection = SqliteConnection::connect_with(&reading(config)).await.map_err(wrong)?;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut connection)
        .await
        .map_err(wrong)?;
    let first: Option<Vec<u8>> = if tables.iter().any(|name| name == "_sqlx_migrations") {
        sqlx::query_scalar("SELECT checksum FROM _sqlx_migrations ORDER BY version LIMIT 1")
            .fetch_optional(&mut connection)
            .await
            .map_err(wrong)?
    } else {
        None
    };
    connection.close().await.map_err(wrong)?;
    let ours = MIGRATIONS.iter().next().map(|migration| migration.checksum.to_vec());
    match first {
        first if first.is_some() && first == ours => Ok(()),
        _ if tables.is_empty() => Err(not_ours("it has no tables")),
        _ => Err(not_ours("it has the tables of another program")),
    }
}

/// Creates the database under another name and renames it when it is complete: a process that is killed
/// meanwhile leaves nothing that looks like a database without its content.
async fn make(config: &EmbeddedConfig) -> Result<(), OpenError> {
    let file = file(&config.folder);
    let unfinished = beside(&file, ".new");
    let io_error = |e: std::io::Error| OpenError::Database { file: file.clone(), reason: e.to_string() };
    for left in [unfinished.clone(), beside(&unfinished, "-wal"), beside(&unfinished, "-shm")] {
        match std::fs::remove_file(left) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(io_error(e)),
            _ => {}
        }
    }
    let options = writing(config).filename(&unfinished).create_if_missing(true);
    let connection = migrated(config, options).await?;
    let closed = connection.close().await;
    closed.map_err(|e| OpenError::Database { file: file.clone(), reason: e.to_string() })?;
    std::fs::rename(&unfinished, &file).map_err(io_error)?;
    File::open(&config.folder).and_then(|folder| folder.sync_all()).map_err(io_error)
}

/// The file with `ending` appended to its name.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Opens the file for a run that writes, and reads the index of the log.
pub(super) async fn open(
    config: &EmbeddedConfig,
    inserts: &Inserts,
) -> Result<(SqliteConnection, LogIndex, Next), OpenError> {
    let wrong = |reason: String| OpenError::Database { file: file(&config.folder), reason };
    let sql_error = |e: sqlx::Error| wrong(e.to_string());
    let mut connection = connect(config).await?;
    if epoch::begin_run(&mut connection, config.durability).await.map_err(sql_error)? {
        tracing::warn!(
            "the last run did not end cleanly, and its last commits may be lost: a new epoch begins"
        );
    }
    inserts.prepare(&mut connection).await.map_err(sql_error)?;
    let (index, newest_of_live) = read_index(&mut connection).await.map_err(wrong)?;
    let next = next(&mut connection, newest_of_live).await.map_err(sql_error)?;
    Ok((connection, index, next))
}

/// Opens the writing connection again.
pub(super) async fn reopen(config: &EmbeddedConfig, inserts: &Inserts) -> sqlx::Result<SqliteConnection> {
    let mut connection = SqliteConnection::connect_with(&writing(config)).await?;
    inserts.prepare(&mut connection).await?;
    Ok(connection)
}

/// Reads every table of contents, oldest first, so that the newest line of each leg remains.
async fn read_index(connection: &mut SqliteConnection) -> Result<(LogIndex, i64), String> {
    let mut index = LogIndex::default();
    let mut newest = 0;
    let mut rows = sqlx::query("SELECT position, legs FROM log ORDER BY position").fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(|e| e.to_string())? {
        let segment: i64 = row.try_get(0).map_err(|e| e.to_string())?;
        let contents: &[u8] = row.try_get(1).map_err(|e| e.to_string())?;
        let lines = segment::contents(contents)
            .map_err(|e| format!("log position {segment}: {e}; gatecall repair tells more"))?;
        let states: usize = lines.iter().filter_map(|l| l.state).map(|s| s.length as usize).sum();
        index.add_segment(Segment { position: segment, bytes: contents.len() + states });
        for line in lines {
            newest = newest.max(line.newest);
            let (rev, newest) = (line.rev, line.newest);
            let live = line.state.map(|s| IndexEntry { rev, newest, segment, bytes: s.length });
            index.set(line.leg, live);
        }
    }
    Ok((index, newest))
}

/// The next free positions. A position that a live or a retired leg refers to is never used again, even
/// after its change has expired.
async fn next(connection: &mut SqliteConnection, newest_of_live: i64) -> sqlx::Result<Next> {
    let largest = "SELECT (SELECT coalesce(max(position), 0) FROM log),
                          max((SELECT coalesce(max(position), 0) FROM changes),
                              (SELECT coalesce(max(newest), 0) FROM retired)),
                          max((SELECT coalesce(max(id), 0) FROM messages),
                              (SELECT coalesce(max(message), 0) FROM faults))";
    let (segment, change, message): (i64, i64, i64) = sqlx::query_as(largest).fetch_one(connection).await?;
    Ok(Next { segment: segment + 1, change: change.max(newest_of_live) + 1, message: message + 1 })
}
