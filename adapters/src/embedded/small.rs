//! A small commit as one statement.
//!
//! The usual commit of a quiet hub is one message with its changes: a row of the log, a row of
//! `messages`, a few rows of `changes`. As statements of their own, with a begin and an end around
//! them, each would wake the writer with a result of its own, and on one core every waking takes the
//! thread from SQLite in the middle of its work. So the connection that writes has a view of its own,
//! a row of which is a row of each table side by side, with a trigger that puts them where they belong:
//! one `INSERT` is the whole transaction, and comes back once, when it is durable.

use super::statements::Insert;
use futures_util::StreamExt;
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Executor, SqliteConnection};
use std::sync::Arc;

/// Most rows of one table in a small commit. Every number of rows is a text of its own, and all of
/// them have to stay prepared.
pub(super) const ROWS_MAX: usize = 16;

/// Most bytes of states and messages in a small commit. SQLite copies the rows of a view once before
/// its trigger sees them.
pub(super) const BYTES_MAX: usize = 256 << 10;

/// The view, its trigger, and the texts that write to it.
pub(super) struct SmallCommit {
    view: String,
    trigger: String,
    texts: [Arc<str>; ROWS_MAX],
}

impl SmallCommit {
    /// For these tables. The first column of each must never be `NULL` in the table: where it is in
    /// a row of the view, that row holds nothing for the table.
    pub(super) fn of(tables: &[&Insert]) -> Self {
        let named = |insert: &Insert, column: &str| format!("{}_{column}", insert.table);
        let columns: Vec<String> =
            tables.iter().flat_map(|t| t.columns.iter().map(|column| named(t, column))).collect();
        let inserts = tables.iter().map(|t| {
            let new: Vec<String> = t.columns.iter().map(|c| format!("NEW.{}", named(t, c))).collect();
            let (head, is_there) = (t.head(), &new[0]);
            format!("{head} SELECT {} WHERE {is_there} IS NOT NULL;", new.join(", "))
        });
        let nulls: Vec<String> = columns.iter().map(|column| format!("NULL AS {column}")).collect();
        let row = format!("({})", vec!["?"; columns.len()].join(","));
        let text = |rows| format!("INSERT INTO small_commit VALUES {}", vec![row.as_str(); rows].join(","));
        Self {
            view: format!("CREATE TEMP VIEW small_commit AS SELECT {}", nulls.join(", ")),
            trigger: format!(
                "CREATE TEMP TRIGGER small_commit_parts INSTEAD OF INSERT ON small_commit BEGIN {} END",
                inserts.collect::<Vec<_>>().join(" ")
            ),
            texts: std::array::from_fn(|at| text(at + 1).into()),
        }
    }

    /// Makes the view on a connection, once the tables are there. It ends with the connection.
    pub(super) async fn prepare(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        for text in [&self.view, &self.trigger] {
            sqlx::raw_sql(AssertSqlSafe(text.clone())).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Writes so many rows of the view, bound as [`put`] does, as one transaction. At least one, at
    /// most [`ROWS_MAX`].
    pub(super) async fn run(
        &self,
        connection: &mut SqliteConnection,
        rows: usize,
        arguments: SqliteArguments,
    ) -> sqlx::Result<()> {
        let query = sqlx::query_with(AssertSqlSafe(self.texts[rows - 1].clone()), arguments);
        // The first result is the only one, and says that the transaction is durable. To wait for the
        // end of the stream as well would be to be woken twice.
        let first = connection.fetch_many(query).next().await;
        first.ok_or(sqlx::Error::WorkerCrashed)?.map(|_| ())
    }
}

/// Binds one table's part of a row of the view: a row, or nothing.
pub(super) fn put<R>(
    table: &Insert,
    row: Option<R>,
    bind: impl FnOnce(R, &mut SqliteArguments) -> Result<(), BoxDynError>,
    to: &mut SqliteArguments,
) -> Result<(), BoxDynError> {
    match row {
        Some(row) => bind(row, to),
        None => table.columns.iter().try_for_each(|_| to.add(None::<i64>)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::Connection;

    fn tables() -> [Insert; 2] {
        [
            Insert::new("INSERT", "left_part", &["id", "word"]),
            Insert::new("INSERT", "right_part", &["id", "note"]),
        ]
    }

    async fn with_tables(small: &SmallCommit) -> SqliteConnection {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let made = "CREATE TABLE left_part (id INTEGER NOT NULL PRIMARY KEY, word TEXT NOT NULL) STRICT;
                    CREATE TABLE right_part (id INTEGER NOT NULL PRIMARY KEY, note TEXT) STRICT;";
        sqlx::raw_sql(made).execute(&mut connection).await.unwrap();
        small.prepare(&mut connection).await.unwrap();
        connection
    }

    type Row = (i64, Option<&'static str>);

    async fn write(
        connection: &mut SqliteConnection,
        small: &SmallCommit,
        rows: &[[Option<Row>; 2]],
    ) -> sqlx::Result<()> {
        let mut arguments = SqliteArguments::default();
        for row in rows {
            for (table, part) in tables().iter().zip(row) {
                let bind = |(id, text): Row, to: &mut SqliteArguments| {
                    to.add(id)?;
                    to.add(text)
                };
                put(table, *part, bind, &mut arguments).unwrap();
            }
        }
        small.run(connection, rows.len(), arguments).await
    }

    async fn count(connection: &mut SqliteConnection) -> (i64, i64) {
        sqlx::query_as("SELECT (SELECT count(*) FROM left_part), (SELECT count(*) FROM right_part)")
            .fetch_one(connection)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn rows_go_to_their_tables_and_what_is_not_there_nowhere() {
        let [left, right] = tables();
        let small = SmallCommit::of(&[&left, &right]);
        let mut connection = with_tables(&small).await;
        let rows =
            [[Some((1, Some("a"))), Some((7, None))], [None, Some((8, Some("b")))], [None, Some((9, None))]];
        write(&mut connection, &small, &rows).await.unwrap();
        assert_eq!(count(&mut connection).await, (1, 3));
        let noted: Vec<(i64, Option<String>)> = sqlx::query_as("SELECT id, note FROM right_part ORDER BY id")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        assert_eq!(noted, [(7, None), (8, Some("b".into())), (9, None)]);
    }

    #[tokio::test]
    async fn where_one_row_cannot_be_written_none_is_and_the_next_commit_goes_through() {
        let [left, right] = tables();
        let small = SmallCommit::of(&[&left, &right]);
        let mut connection = with_tables(&small).await;
        let twice = [[Some((1, Some("a"))), Some((7, None))], [Some((2, Some("b"))), Some((7, None))]];
        assert!(write(&mut connection, &small, &twice).await.is_err());
        assert_eq!(count(&mut connection).await, (0, 0));
        let one = [[Some((1, Some("a"))), None]];
        write(&mut connection, &small, &one).await.unwrap();
        let many: Vec<_> = (0..ROWS_MAX as i64).map(|n| [None, Some((n, None))]).collect();
        write(&mut connection, &small, &many).await.unwrap();
        assert_eq!(count(&mut connection).await, (1, ROWS_MAX as i64));
    }
}
