//! SQL statements in a few shapes that stay prepared.
//!
//! Every statement is a round trip to the thread of SQLite, which costs more than a row. So rows are inserted by the
//! hundred, and the begin and the end of a transaction travel with the first and the last rows. Every different text is
//! another prepared statement, so only a few numbers of rows are used. A small commit uses
//! [`super::single_statement_commit`].

use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::sync::Arc;

/// Numbers of rows per statement, largest first. 256 rows of 8 values use 2,048 of the 32,766 parameters
/// that SQLite allows.
const SHAPES: [usize; 7] = [256, 64, 16, 8, 4, 2, 1];

/// Begins a transaction that writes.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
/// Ends a transaction.
pub(super) const COMMIT: &str = "COMMIT";

/// `INSERT INTO table (columns) VALUES (…),(…)` in its shapes, alone and together with the begin or the
/// end of a transaction.
pub(super) struct Insert {
    verb: &'static str,
    pub(super) table: &'static str,
    pub(super) columns: &'static [&'static str],
    alone: [Arc<str>; SHAPES.len()],
    beginning: [Arc<str>; SHAPES.len()],
    committing: [Arc<str>; SHAPES.len()],
}

/// What travels with the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    /// Nothing.
    Nothing,
    /// The begin of the transaction, with the first rows.
    Begin,
    /// The end of the transaction, with the last rows.
    Commit,
}

impl Insert {
    /// Builds the texts for a table and its columns.
    pub(super) fn new(verb: &'static str, table: &'static str, columns: &'static [&'static str]) -> Self {
        let row = format!("({})", vec!["?"; columns.len()].join(","));
        let head = insert_prefix(verb, table, columns);
        let text = |rows| format!("{head} VALUES {}", vec![row.as_str(); rows].join(","));
        Self {
            verb,
            table,
            columns,
            alone: SHAPES.map(|rows| text(rows).into()),
            beginning: SHAPES.map(|rows| format!("{BEGIN}; {}", text(rows)).into()),
            committing: SHAPES.map(|rows| format!("{}; {COMMIT}", text(rows)).into()),
        }
    }

    /// The text before the values.
    pub(super) fn insert_prefix(&self) -> String {
        insert_prefix(self.verb, self.table, self.columns)
    }

    /// Inserts rows, each bound by `bind`. Without rows, the begin or the end runs alone.
    pub(super) async fn run<R>(
        &self,
        connection: &mut SqliteConnection,
        with: With,
        mut rows: impl ExactSizeIterator<Item = R>,
        mut bind: impl FnMut(R, &mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> sqlx::Result<()> {
        if rows.len() == 0 {
            return match with {
                With::Nothing => Ok(()),
                With::Begin => run(connection, BEGIN).await,
                With::Commit => run(connection, COMMIT).await,
            };
        }
        let mut is_first = true;
        while let Some(at) = SHAPES.iter().position(|shape| *shape <= rows.len()) {
            let mut arguments = SqliteArguments::default();
            for row in rows.by_ref().take(SHAPES[at]) {
                bind(row, &mut arguments).map_err(sqlx::Error::Encode)?;
            }
            let texts = match with {
                With::Begin if is_first => &self.beginning,
                With::Commit if rows.len() == 0 => &self.committing,
                _ => &self.alone,
            };
            is_first = false;
            sqlx::query_with(AssertSqlSafe(texts[at].clone()), arguments).execute(&mut *connection).await?;
        }
        Ok(())
    }
}

/// The text of an insert before the values.
fn insert_prefix(verb: &str, table: &str, columns: &[&str]) -> String {
    format!("{verb} INTO {table} ({})", columns.join(","))
}

/// Runs a fixed statement without values.
pub(super) async fn run(connection: &mut SqliteConnection, text: &'static str) -> sqlx::Result<()> {
    sqlx::query(text).execute(connection).await.map(|_| ())
}
