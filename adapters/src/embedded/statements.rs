//! SQL in shapes that stay prepared.
//!
//! Every statement is a trip to SQLite's thread and back, so rows go in by the hundred; and every
//! different text is a statement to prepare, so only a few numbers of rows are used.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};
use std::sync::Arc;

/// Numbers of rows in one statement, largest first. 256 rows of 8 values are 2,048 of SQLite's
/// 32,766 places.
const SHAPES: [usize; 5] = [256, 64, 16, 4, 1];

/// `INSERT INTO table (columns) VALUES (…),(…)` in its few shapes.
pub(super) struct Insert {
    shapes: [Arc<str>; SHAPES.len()],
}

impl Insert {
    /// Prepares the texts for a fixed table and its columns.
    pub(super) fn new(verb: &'static str, table: &'static str, columns: &'static [&'static str]) -> Self {
        let row = format!("({})", vec!["?"; columns.len()].join(","));
        let head = format!("{verb} INTO {table} ({}) VALUES ", columns.join(","));
        Self { shapes: SHAPES.map(|rows| format!("{head}{}", vec![row.as_str(); rows].join(",")).into()) }
    }

    /// Writes rows, each bound by `bind`.
    pub(super) async fn run<R>(
        &self,
        connection: &mut SqliteConnection,
        rows: impl ExactSizeIterator<Item = R>,
        mut bind: impl FnMut(R, &mut SqliteArguments) -> Result<(), sqlx::error::BoxDynError>,
    ) -> sqlx::Result<()> {
        let mut rows = rows;
        for (shape, text) in SHAPES.into_iter().zip(&self.shapes) {
            while rows.len() >= shape {
                let mut arguments = SqliteArguments::default();
                for row in rows.by_ref().take(shape) {
                    bind(row, &mut arguments).map_err(sqlx::Error::Encode)?;
                }
                debug_assert!(arguments.len() > 0);
                sqlx::query_with(AssertSqlSafe(text.clone()), arguments).execute(&mut *connection).await?;
            }
        }
        Ok(())
    }
}
