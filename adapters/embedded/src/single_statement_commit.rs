//! A small commit as one statement.
//!
//! The usual commit of a quiet hub is one message with its changes: a row of the log, a row of `messages`, a few rows of
//! `changes`. As separate statements with a begin and an end, each would wake the writer with a result of its own, and on
//! one core each wake-up interrupts SQLite. So the writing connection has a temporary view. A row of the view holds a row of
//! each table side by side, and a trigger puts them into their tables: one `INSERT` is the whole transaction and returns
//! once, when it is durable.

use super::inserts::Insert;
use futures_util::StreamExt;
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Executor, SqliteConnection};
use std::sync::Arc;

/// Rows per table in a small commit. Each number of rows is another text, and all of them stay prepared.
pub(super) const ROWS_MAX: usize = 16;

/// Bytes of states and messages in a small commit. SQLite copies the rows of a view once before its
/// trigger gets them.
pub(super) const BYTES_MAX: usize = 256 << 10;

/// The view, its trigger, and the texts of the inserts.
pub(super) struct SingleStatementCommit {
    view: String,
    trigger: String,
    texts: [Arc<str>; ROWS_MAX],
}

impl SingleStatementCommit {
    /// For these tables. The first column of each table must be `NOT NULL`: a row of the view with `NULL`
    /// in it has nothing for that table.
    pub(super) fn of(tables: &[&Insert]) -> Self {
        let named = |insert: &Insert, column: &str| format!("{}_{column}", insert.table);
        let columns: Vec<String> =
            tables.iter().flat_map(|t| t.columns.iter().map(|column| named(t, column))).collect();
        let inserts = tables.iter().map(|t| {
            let new: Vec<String> = t.columns.iter().map(|c| format!("NEW.{}", named(t, c))).collect();
            let (head, is_there) = (t.insert_prefix(), &new[0]);
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

    /// Creates the view on a connection, after the tables exist. It ends with the connection.
    pub(super) async fn prepare(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        for text in [&self.view, &self.trigger] {
            sqlx::raw_sql(AssertSqlSafe(text.clone())).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Inserts 1 to [`ROWS_MAX`] rows into the view, bound by [`bind_part`], as one transaction.
    pub(super) async fn run(
        &self,
        connection: &mut SqliteConnection,
        rows: usize,
        arguments: SqliteArguments,
    ) -> sqlx::Result<()> {
        let query = sqlx::query_with(AssertSqlSafe(self.texts[rows - 1].clone()), arguments);
        // The first result is the only one and means that the transaction is durable. Waiting for the end
        // of the stream would cost a second wake-up.
        let first = connection.fetch_many(query).next().await;
        first.ok_or(sqlx::Error::WorkerCrashed)?.map(|_| ())
    }
}

/// Binds the part of one table in a row of the view: a row, or nothing.
pub(super) fn bind_part<R>(
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

    async fn with_tables(small: &SingleStatementCommit) -> SqliteConnection {
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
        small: &SingleStatementCommit,
        rows: &[[Option<Row>; 2]],
    ) -> sqlx::Result<()> {
        let mut arguments = SqliteArguments::default();
        for row in rows {
            for (table, part) in tables().iter().zip(row) {
                let bind = |(id, text): Row, to: &mut SqliteArguments| {
                    to.add(id)?;
                    to.add(text)
                };
                bind_part(table, *part, bind, &mut arguments).unwrap();
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
    async fn each_part_goes_to_its_table_and_an_absent_part_to_none() {
        let [left, right] = tables();
        let small = SingleStatementCommit::of(&[&left, &right]);
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
    async fn a_failed_row_fails_the_commit_and_the_next_commit_succeeds() {
        let [left, right] = tables();
        let small = SingleStatementCommit::of(&[&left, &right]);
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
