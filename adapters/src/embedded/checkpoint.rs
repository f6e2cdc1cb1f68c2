//! Moving what was committed from the write-ahead log into the file.
//!
//! SQLite would do it inside whichever commit fills the log, and that one would wait for it. Here a
//! connection of its own moves the bulk while commits go on; the writer then moves the little that
//! came meanwhile, after which the log begins anew at its start. Without that second step a log that
//! is always written would grow for ever.

use super::statements::run;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tokio::task::JoinHandle;

/// Bytes given to commits between two checkpoints. Smaller means a shorter log to read after a
/// crash; larger means fewer copies of pages that change again and again.
const EVERY_BYTES: usize = 16 << 20;
/// What a commit takes at least: a page for each table it touches.
const COMMIT_BYTES_MIN: usize = 4 * super::database::PAGE_BYTES as usize;

type Running = JoinHandle<(Option<SqliteConnection>, sqlx::Result<()>)>;

/// The checkpoints of one database.
pub(super) struct Checkpoints {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    running: Option<Running>,
    /// About how much was written since the last one began.
    written_bytes: usize,
}

impl Checkpoints {
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        Self { options, connection: None, running: None, written_bytes: 0 }
    }

    /// Takes note of a commit.
    pub(super) fn written(&mut self, bytes: usize) {
        self.written_bytes += bytes + COMMIT_BYTES_MIN;
    }

    /// Whether something is left to be moved.
    pub(super) fn is_pending(&self) -> bool {
        self.written_bytes > 0 || self.running.is_some()
    }

    /// Begins a checkpoint if it is time, or ends the one that has run. `idle` begins one early.
    pub(super) async fn step(&mut self, writer: &mut SqliteConnection, idle: bool) -> sqlx::Result<()> {
        if let Some(running) = self.running.take_if(|running| idle || running.is_finished()) {
            let ended = running.await;
            if let Ok((connection, outcome)) = ended {
                self.connection = connection;
                outcome?;
            }
            return run(writer, "PRAGMA wal_checkpoint(PASSIVE)").await;
        }
        if self.running.is_none() && (self.written_bytes > EVERY_BYTES || idle && self.written_bytes > 0) {
            self.written_bytes = 0;
            self.running = Some(tokio::spawn(bulk(self.connection.take(), self.options.clone())));
        }
        Ok(())
    }

    /// Moves everything and closes, which leaves one file alone.
    pub(super) async fn finish(mut self, mut writer: SqliteConnection) -> sqlx::Result<()> {
        if let Some(running) = self.running.take()
            && let Ok((connection, _)) = running.await
        {
            self.connection = connection;
        }
        if let Some(connection) = self.connection.take() {
            // Its work is done again below.
            let _ = connection.close().await;
        }
        let outcome = run(&mut writer, "PRAGMA wal_checkpoint(TRUNCATE)").await;
        outcome.and(writer.close().await)
    }
}

async fn bulk(
    connection: Option<SqliteConnection>,
    options: SqliteConnectOptions,
) -> (Option<SqliteConnection>, sqlx::Result<()>) {
    let mut connection = match connection {
        Some(connection) => connection,
        None => match SqliteConnection::connect_with(&options).await {
            Ok(connection) => connection,
            Err(e) => return (None, Err(e)),
        },
    };
    let outcome = run(&mut connection, "PRAGMA wal_checkpoint(PASSIVE)").await;
    (Some(connection), outcome)
}
