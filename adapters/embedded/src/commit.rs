//! Writes a commit plan in one transaction.

use super::commit_plan::{ChangeRow, CommitPlan, LogRow};
use super::inserts::{Insert, With};
use super::single_statement_commit::{self, SingleStatementCommit};
use super::write_queue::{EncodedMessage, nanos};
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, SqliteConnection};
use wire::stored_body::StoredBody;

/// The statements of a commit.
pub(super) struct Inserts {
    log: Insert,
    changes: Insert,
    retired: Insert,
    messages: Insert,
    faults: Insert,
    meta: Insert,
    single_statement: SingleStatementCommit,
}

impl Inserts {
    pub(super) fn new() -> Self {
        let changes = &["position", "previous", "leg", "rev", "at", "kinds", "source", "facts"];
        let messages = &["id", "feed", "received_at", "content_type", "encoding", "length", "body"];
        let faults = &["message", "feed", "received_at", "item", "field", "reason", "excerpt"];
        let log = Insert::new("INSERT", "log", &["position", "legs", "states"]);
        let changes = Insert::new("INSERT", "changes", changes);
        let messages = Insert::new("INSERT", "messages", messages);
        Self {
            single_statement: SingleStatementCommit::of(&[&log, &messages, &changes]),
            log,
            changes,
            retired: Insert::new("INSERT OR REPLACE", "retired", &["leg", "newest", "ended_at"]),
            messages,
            faults: Insert::new("INSERT", "faults", faults),
            meta: Insert::new("INSERT OR REPLACE", "meta", &["key", "value"]),
        }
    }

    /// Prepares a new connection for [`Inserts::commit`].
    pub(super) async fn prepare(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        self.single_statement.prepare(connection).await
    }

    /// Writes a plan and its segments. Moves the large parts out of both.
    pub(super) async fn commit(
        &self,
        connection: &mut SqliteConnection,
        plan: &mut CommitPlan,
        log: &mut [LogRow],
    ) -> sqlx::Result<()> {
        if self.commit_in_one_statement(connection, plan, log).await? {
            return Ok(());
        }
        self.log(connection, log).await?;
        let retired = std::mem::take(&mut plan.retired).into_iter();
        self.retired
            .run(connection, With::Nothing, retired, |(leg, newest, ended_at), to| {
                to.add(leg.as_str())?;
                to.add(newest)?;
                to.add(ended_at)
            })
            .await?;
        self.archive(connection, plan).await?;
        let notes = std::mem::take(&mut plan.meta).into_iter();
        self.meta
            .run(connection, With::Nothing, notes, |(key, value), to| {
                to.add(key)?;
                to.add(value)
            })
            .await?;
        for write in std::mem::take(&mut plan.directory_writes) {
            write(connection).await?;
        }
        let changes = std::mem::take(&mut plan.changes).into_iter();
        self.changes.run(connection, With::Commit, changes, bind_change).await
    }

    /// Writes a small commit of states, messages and changes without rare parts. Returns whether it was
    /// one.
    async fn commit_in_one_statement(
        &self,
        connection: &mut SqliteConnection,
        plan: &mut CommitPlan,
        log: &mut [LogRow],
    ) -> sqlx::Result<bool> {
        let is_usual = plan.retired.is_empty()
            && plan.faults.is_empty()
            && plan.meta.is_empty()
            && plan.directory_writes.is_empty();
        let rows = log.len().max(plan.messages.len()).max(plan.changes.len());
        let states = log.iter().map(|row| row.contents.len() + row.states.len());
        let bodies = plan.messages.iter().map(|(_, message)| message.body.bytes());
        let bytes: usize = states.chain(bodies).sum();
        if !is_usual
            || !(1..=single_statement_commit::ROWS_MAX).contains(&rows)
            || bytes > single_statement_commit::BYTES_MAX
        {
            return Ok(false);
        }
        let mut log = log.iter_mut();
        let mut messages = std::mem::take(&mut plan.messages).into_iter();
        let mut changes = std::mem::take(&mut plan.changes).into_iter();
        let mut arguments = SqliteArguments::default();
        for _ in 0..rows {
            single_statement_commit::bind_part(&self.log, log.next(), bind_log, &mut arguments)
                .and_then(|()| {
                    single_statement_commit::bind_part(
                        &self.messages,
                        messages.next(),
                        bind_message,
                        &mut arguments,
                    )
                })
                .and_then(|()| {
                    single_statement_commit::bind_part(
                        &self.changes,
                        changes.next(),
                        bind_change,
                        &mut arguments,
                    )
                })
                .map_err(sqlx::Error::Encode)?;
        }
        self.single_statement.run(connection, rows, arguments).await?;
        Ok(true)
    }

    /// Begins a transaction and writes segments.
    pub(super) async fn log(
        &self,
        connection: &mut SqliteConnection,
        log: &mut [LogRow],
    ) -> sqlx::Result<()> {
        self.log.run(connection, With::Begin, log.iter_mut(), bind_log).await
    }

    async fn archive(&self, connection: &mut SqliteConnection, plan: &mut CommitPlan) -> sqlx::Result<()> {
        let messages = std::mem::take(&mut plan.messages).into_iter();
        self.messages.run(connection, With::Nothing, messages, bind_message).await?;
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

fn bind_log(row: &mut LogRow, to: &mut SqliteArguments) -> Result<(), BoxDynError> {
    to.add(row.position)?;
    to.add(std::mem::take(&mut row.contents))?;
    to.add(std::mem::take(&mut row.states))
}

fn bind_message((id, message): (i64, EncodedMessage), to: &mut SqliteArguments) -> Result<(), BoxDynError> {
    to.add(id)?;
    to.add(message.feed)?;
    to.add(message.received_at)?;
    to.add(message.content_type)?;
    let (encoding, body) = match message.body {
        StoredBody::Plain(body) => (0, body),
        StoredBody::Lz4(body) => (1, body),
    };
    to.add(encoding)?;
    to.add(message.length as i64)?;
    to.add(body)
}

fn bind_change(row: ChangeRow, to: &mut SqliteArguments) -> Result<(), BoxDynError> {
    to.add(row.position)?;
    to.add(row.previous)?;
    to.add(row.leg.as_str())?;
    to.add(row.change.rev as i64)?;
    to.add(nanos(row.change.at))?;
    to.add(row.change.kinds.join(","))?;
    to.add(row.change.source)?;
    to.add(row.change.set_json)
}
