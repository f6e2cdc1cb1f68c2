//! Copies committed pages from the write-ahead log into the database file.
//!
//! SQLite would do it inside the commit that fills the log, and that commit would wait. Here a connection of its own copies
//! most pages while commits continue. Then the writer copies the few pages that were added meanwhile, after which the log
//! starts again at its beginning. Without the second step, a log that is always written would grow without limit.

use super::inserts::run;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tokio::task::JoinHandle;

/// Bytes of commits between two checkpoints. Less means a shorter log to read after a crash; more means
/// fewer copies of pages that change repeatedly.
const EVERY_BYTES: usize = 16 << 20;
/// Minimum size of a commit: one page per table.
const COMMIT_BYTES_MIN: usize = 4 * super::database::PAGE_BYTES as usize;

type Running = JoinHandle<(Option<SqliteConnection>, sqlx::Result<()>)>;

/// The checkpoints of one database.
pub(super) struct Checkpoints {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    running: Option<Running>,
    /// Approximate bytes written since the last checkpoint began.
    written_bytes: usize,
}

impl Checkpoints {
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        Self { options, connection: None, running: None, written_bytes: 0 }
    }

    /// Records a commit.
    pub(super) fn written(&mut self, bytes: usize) {
        self.written_bytes += bytes + COMMIT_BYTES_MIN;
    }

    /// Whether pages are left to be copied.
    pub(super) fn is_pending(&self) -> bool {
        self.written_bytes > 0 || self.running.is_some()
    }

    /// Begins a checkpoint if one is due, or ends a running one. `idle` begins one early.
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

    /// Copies everything and closes, which leaves a single file.
    pub(super) async fn finish(mut self, mut writer: SqliteConnection) -> sqlx::Result<()> {
        if let Some(running) = self.running.take()
            && let Ok((connection, _)) = running.await
        {
            self.connection = connection;
        }
        if let Some(connection) = self.connection.take() {
            // The checkpoint below repeats its work.
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
