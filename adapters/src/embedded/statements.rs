//! SQL in shapes that stay prepared.
//!
//! Every statement is a trip to SQLite's thread and back, which costs more than a row does. So rows
//! go in by the hundred, and the begin and the end of a transaction travel with the first and the
//! last rows, and a small commit is one trip ([`OneTrip`]). Every different text is a statement to prepare, so only a
//! few numbers of rows are used.

use rustc_hash::FxHashMap;
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::sync::{Arc, Mutex, PoisonError};

/// Numbers of rows in one statement, largest first. 256 rows of 8 values are 2,048 of SQLite's
/// 32,766 places.
const SHAPES: [usize; 7] = [256, 64, 16, 8, 4, 2, 1];

/// Begins a transaction that writes.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
/// Ends it.
pub(super) const COMMIT: &str = "COMMIT";

/// `INSERT INTO table (columns) VALUES (…),(…)` in its few shapes, alone and within the statements
/// that travel with it.
pub(super) struct Insert {
    alone: [Arc<str>; SHAPES.len()],
    beginning: [Arc<str>; SHAPES.len()],
    committing: [Arc<str>; SHAPES.len()],
}

/// What travels with the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    /// Nothing.
    Nothing,
    /// The begin of the transaction, with the first of them.
    Begin,
    /// The end of the transaction, with the last of them.
    Commit,
}

impl Insert {
    /// Prepares the texts for a fixed table and its columns.
    pub(super) fn new(verb: &'static str, table: &'static str, columns: &'static [&'static str]) -> Self {
        let row = format!("({})", vec!["?"; columns.len()].join(","));
        let head = format!("{verb} INTO {table} ({}) VALUES ", columns.join(","));
        let text = |rows| format!("{head}{}", vec![row.as_str(); rows].join(","));
        Self {
            alone: SHAPES.map(|rows| text(rows).into()),
            beginning: SHAPES.map(|rows| format!("{BEGIN}; {}", text(rows)).into()),
            committing: SHAPES.map(|rows| format!("{}; {COMMIT}", text(rows)).into()),
        }
    }

    /// Writes rows, each bound by `bind`. Where there are none, what should travel with them goes
    /// alone.
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

impl Insert {
    /// The text for exactly this many rows, where that is one statement of at most
    /// [`IN_ONE_TRIP_MAX`] rows.
    fn in_one_trip(&self, rows: usize) -> Option<&str> {
        let at = SHAPES.iter().position(|shape| *shape == rows && rows <= IN_ONE_TRIP_MAX)?;
        Some(&self.alone[at])
    }
}

/// Most rows of one table in a commit that is one trip: its texts are few enough to stay prepared.
const IN_ONE_TRIP_MAX: usize = 16;

/// Transactions that are one trip: the usual commit of a quiet hub, one message with its changes.
#[derive(Default)]
pub(super) struct OneTrip {
    made: Mutex<FxHashMap<Vec<usize>, Arc<str>>>,
}

impl OneTrip {
    /// The whole transaction for so many rows of each table, none of a table with 0. `None` where
    /// it would be a text of its own for hardly any commit.
    pub(super) fn text(&self, rows: &[(&Insert, usize)]) -> Option<Arc<str>> {
        let key: Vec<usize> = rows.iter().map(|(_, rows)| *rows).collect();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = made.get(&key) {
            return Some(text.clone());
        }
        let mut text = String::from(BEGIN);
        for (insert, rows) in rows.iter().filter(|(_, rows)| *rows > 0) {
            text.push_str("; ");
            text.push_str(insert.in_one_trip(*rows)?);
        }
        text.push_str("; ");
        text.push_str(COMMIT);
        let text: Arc<str> = text.into();
        made.insert(key, text.clone());
        Some(text)
    }
}

/// Runs a text with its values.
pub(super) async fn run_with(
    connection: &mut SqliteConnection,
    text: Arc<str>,
    arguments: SqliteArguments,
) -> sqlx::Result<()> {
    sqlx::query_with(AssertSqlSafe(text), arguments).execute(connection).await.map(|_| ())
}

/// Runs a fixed statement without values.
pub(super) async fn run(connection: &mut SqliteConnection, text: &'static str) -> sqlx::Result<()> {
    sqlx::query(text).execute(connection).await.map(|_| ())
}
