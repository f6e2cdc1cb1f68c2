//! The one file: how it is opened, and what of it is read at the start.

use super::commit::Inserts;
use super::config::{Durability, EmbeddedConfig, OpenError};
use super::live::{Live, Overview, Segment};
use super::plan::Next;
use super::{epoch, segment};
use futures_util::TryStreamExt;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/embedded");

/// Bytes of a page, fixed when the file is made: the file systems' own, so that a small commit writes
/// no more than it must.
pub(super) const PAGE_BYTES: u64 = 4096;
/// Memory for the writer's pages, in KiB.
const WRITER_CACHE_KIB: u32 = 16 * 1024;
/// A WAL file that a stall has made longer than this is cut when it starts anew.
const WAL_BYTES_KEPT: u64 = 64 << 20;
/// Only ourselves can be in the way, and only for moments.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// The database's file in a folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("gatecall.sqlite")
}

fn options(folder: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file(folder)).busy_timeout(BUSY_MAX).disable_statement_logging()
}

/// How the one connection that writes is opened.
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
        // What SQLite sets aside for a moment stays in memory: it may be a traveller's, and is not to be
        // left where others read, nor to fail for want of room there.
        .pragma("temp_store", "memory")
        .pragma("journal_size_limit", WAL_BYTES_KEPT.to_string())
        // Checkpoints are taken by a connection of their own, so that no commit waits for one.
        .pragma("wal_autocheckpoint", "0");
    match config.file_bytes_max {
        Some(bytes) => options.pragma("max_page_count", (bytes / PAGE_BYTES).max(1).to_string()),
        None => options,
    }
}

/// How the connection that moves the WAL into the file is opened.
pub(super) fn checkpointing(config: &EmbeddedConfig) -> SqliteConnectOptions {
    options(&config.folder).thread_name(|_| "gatecall-wal".into()).pragma("wal_autocheckpoint", "0")
}

/// How connections that only read are opened.
pub(super) fn reading(config: &EmbeddedConfig) -> SqliteConnectOptions {
    options(&config.folder).read_only(true).thread_name(|id| format!("gatecall-read-{id}"))
}

/// Makes the folder, readable by its owner alone: it will hold travellers' contacts one day.
pub(super) fn make_folder(folder: &Path) -> Result<(), OpenError> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(folder)
        .map_err(|e| OpenError::Folder { folder: folder.into(), reason: e.to_string() })
}

/// Opens the file for writing and brings its tables up to date. A folder that has none gets one; a file
/// that has lost what was in it is not taken for a new one.
pub(super) async fn connect(config: &EmbeddedConfig) -> Result<SqliteConnection, OpenError> {
    let file = file(&config.folder);
    if is_there(&file)? {
        is_ours(config).await?;
    } else {
        tracing::info!(file = %file.display(), "there is no database here: a new one is made");
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

/// Whether there is a file with something in it; `false` where there never was one.
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

/// Looks for our first migration, before anything of the file is touched.
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

/// Makes the database under another name, and gives it its own when it is whole: a process that is killed
/// meanwhile leaves nothing that a later start could take for a database that lost its contents.
async fn make(config: &EmbeddedConfig) -> Result<(), OpenError> {
    let file = file(&config.folder);
    let unfinished = beside(&file, ".new");
    let wrong_io = |e: std::io::Error| OpenError::Database { file: file.clone(), reason: e.to_string() };
    for left in [unfinished.clone(), beside(&unfinished, "-wal"), beside(&unfinished, "-shm")] {
        match std::fs::remove_file(left) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(wrong_io(e)),
            _ => {}
        }
    }
    let options = writing(config).filename(&unfinished).create_if_missing(true);
    let connection = migrated(config, options).await?;
    let closed = connection.close().await;
    closed.map_err(|e| OpenError::Database { file: file.clone(), reason: e.to_string() })?;
    std::fs::rename(&unfinished, &file).map_err(wrong_io)?;
    File::open(&config.folder).and_then(|folder| folder.sync_all()).map_err(wrong_io)
}

/// The file whose name goes on with `ending`.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Opens the file for a run that writes, and looks over the log.
pub(super) async fn open(
    config: &EmbeddedConfig,
    inserts: &Inserts,
) -> Result<(SqliteConnection, Overview, Next), OpenError> {
    let wrong = |reason: String| OpenError::Database { file: file(&config.folder), reason };
    let wrong_sql = |e: sqlx::Error| wrong(e.to_string());
    let mut connection = connect(config).await?;
    if epoch::begin_run(&mut connection, config.durability).await.map_err(wrong_sql)? {
        tracing::warn!("the last run did not end well, and its last commits may be lost: a new epoch begins");
    }
    inserts.prepare(&mut connection).await.map_err(wrong_sql)?;
    let (overview, newest_of_live) = overview(&mut connection).await.map_err(wrong)?;
    let next = next(&mut connection, newest_of_live).await.map_err(wrong_sql)?;
    Ok((connection, overview, next))
}

/// Opens the connection that writes anew.
pub(super) async fn reopen(config: &EmbeddedConfig, inserts: &Inserts) -> sqlx::Result<SqliteConnection> {
    let mut connection = SqliteConnection::connect_with(&writing(config)).await?;
    inserts.prepare(&mut connection).await?;
    Ok(connection)
}

/// Reads every table of contents, oldest first, so that the newest line of a leg remains.
async fn overview(connection: &mut SqliteConnection) -> Result<(Overview, i64), String> {
    let mut overview = Overview::default();
    let mut newest = 0;
    let mut rows = sqlx::query("SELECT position, legs FROM log ORDER BY position").fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(|e| e.to_string())? {
        let segment: i64 = row.try_get(0).map_err(|e| e.to_string())?;
        let contents: &[u8] = row.try_get(1).map_err(|e| e.to_string())?;
        let lines = segment::contents(contents)
            .map_err(|e| format!("log position {segment}: {e}; gatecall repair tells more"))?;
        let states: usize = lines.iter().filter_map(|l| l.state).map(|s| s.length as usize).sum();
        overview.add_segment(Segment { position: segment, bytes: contents.len() + states });
        for line in lines {
            newest = newest.max(line.newest);
            let (rev, newest) = (line.rev, line.newest);
            let live = line.state.map(|s| Live { rev, newest, segment, bytes: s.length });
            overview.set(line.leg, live);
        }
    }
    Ok((overview, newest))
}

/// The next free positions. A position that a leg or a retired leg still names is never given out
/// again, even where its change has expired.
async fn next(connection: &mut SqliteConnection, newest_of_live: i64) -> sqlx::Result<Next> {
    let largest = "SELECT (SELECT coalesce(max(position), 0) FROM log),
                          max((SELECT coalesce(max(position), 0) FROM changes),
                              (SELECT coalesce(max(newest), 0) FROM retired)),
                          max((SELECT coalesce(max(id), 0) FROM messages),
                              (SELECT coalesce(max(message), 0) FROM faults))";
    let (segment, change, message): (i64, i64, i64) = sqlx::query_as(largest).fetch_one(connection).await?;
    Ok(Next { segment: segment + 1, change: change.max(newest_of_live) + 1, message: message + 1 })
}
