//! A plan, written in one transaction.

use super::plan::{ChangeRow, LogRow, Plan};
use super::statements::{Insert, With};
use super::work::{Packed, nanos};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, SqliteConnection};

/// The statements of a commit.
pub(super) struct Inserts {
    log: Insert,
    changes: Insert,
    retired: Insert,
    messages: Insert,
    faults: Insert,
    meta: Insert,
}

impl Inserts {
    pub(super) fn new() -> Self {
        let changes = &["position", "previous", "leg", "rev", "at", "kinds", "source", "facts"];
        let messages = &["id", "feed", "received_at", "content_type", "encoding", "length", "body"];
        let faults = &["message", "feed", "received_at", "item", "field", "reason", "excerpt"];
        Self {
            log: Insert::new("INSERT", "log", &["position", "legs", "states"]),
            changes: Insert::new("INSERT", "changes", changes),
            retired: Insert::new("INSERT OR REPLACE", "retired", &["leg", "newest"]),
            messages: Insert::new("INSERT", "messages", messages),
            faults: Insert::new("INSERT", "faults", faults),
            meta: Insert::new("INSERT OR REPLACE", "meta", &["key", "value"]),
        }
    }

    /// Writes a plan and its segments. The large parts are moved out of them.
    pub(super) async fn commit(
        &self,
        connection: &mut SqliteConnection,
        plan: &mut Plan,
        log: &mut [LogRow],
    ) -> sqlx::Result<()> {
        self.log(connection, log).await?;
        let retired = std::mem::take(&mut plan.retired).into_iter();
        self.retired
            .run(connection, With::Nothing, retired, |(leg, newest), to| {
                to.add(leg.as_str())?;
                to.add(newest)
            })
            .await?;
        self.archive(connection, plan).await?;
        let notes = std::mem::take(&mut plan.notes).into_iter();
        self.meta
            .run(connection, With::Nothing, notes, |(key, value), to| {
                to.add(key)?;
                to.add(value)
            })
            .await?;
        let changes = std::mem::take(&mut plan.changes).into_iter();
        self.changes.run(connection, With::Commit, changes, bind_change).await
    }

    /// Begins a transaction and writes segments.
    pub(super) async fn log(
        &self,
        connection: &mut SqliteConnection,
        log: &mut [LogRow],
    ) -> sqlx::Result<()> {
        self.log
            .run(connection, With::Begin, log.iter_mut(), |row, to| {
                to.add(row.position)?;
                to.add(std::mem::take(&mut row.contents))?;
                to.add(std::mem::take(&mut row.states))
            })
            .await
    }

    async fn archive(&self, connection: &mut SqliteConnection, plan: &mut Plan) -> sqlx::Result<()> {
        let messages = std::mem::take(&mut plan.messages).into_iter();
        self.messages
            .run(connection, With::Nothing, messages, |(id, message), to| {
                to.add(id)?;
                to.add(message.feed)?;
                to.add(message.received_at)?;
                to.add(message.content_type)?;
                let (encoding, body) = match message.body {
                    Packed::Plain(body) => (0, body),
                    Packed::Lz4(body) => (1, body),
                };
                to.add(encoding)?;
                to.add(message.length as i64)?;
                to.add(body)
            })
            .await?;
        let faults = std::mem::take(&mut plan.faults).into_iter();
        self.faults
            .run(connection, With::Nothing, faults, |(message, fault), to| {
                to.add(message)?;
                to.add(fault.feed)?;
                to.add(nanos(fault.received_at))?;
                to.add(fault.index)?;
                to.add(fault.field)?;
                to.add(fault.reason)?;
                to.add(fault.excerpt)
            })
            .await
    }
}

fn bind_change(row: ChangeRow, to: &mut SqliteArguments) -> Result<(), sqlx::error::BoxDynError> {
    to.add(row.position)?;
    to.add(row.previous)?;
    to.add(row.leg.as_str())?;
    to.add(row.change.rev as i64)?;
    to.add(nanos(row.change.at))?;
    to.add(row.change.kinds.join(","))?;
    to.add(row.change.source)?;
    to.add(row.change.set_json)
}
