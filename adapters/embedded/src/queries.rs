//! Reads on connections of their own: readers do not wait for the writer, and the writer does not wait for them.

use super::index::LogIndex;
use super::segment::{self, Line};
use super::{STORE, lock, unavailable};
use chrono::DateTime;
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{Ended, PastChange, Quarantined, StoreError};
use futures_util::{TryStreamExt, future};
use rustc_hash::FxHashSet;
use sqlx::{Row, SqlitePool};
use std::sync::Mutex;
use wire::record::decode_state;

/// Segments that are decoded at the same time during a restore.
const DECODERS: usize = 2;
/// Changes of a leg that one query follows back. A leg has a hundred or so; only a runaway source creates
/// this many.
const HISTORY_STEPS_MAX: i64 = 100_000;

/// Every live flight in its newest state. Reads the log from its end, so the first line of a leg is the
/// one that counts.
pub(super) async fn restore(pool: &SqlitePool) -> Result<Vec<Flight>, StoreError> {
    let mut seen: FxHashSet<LegId> = FxHashSet::default();
    let rows = sqlx::query("SELECT position, legs, states FROM log ORDER BY position DESC").fetch(pool);
    let segments =
        rows.map_err(|e| unavailable(&e)).and_then(|row| future::ready(live_lines(&row, &mut seen)));
    let decoded = segments.map_ok(|found| async move {
        let Some((position, lines, states)) = found else { return Ok(Vec::new()) };
        let decoding = tokio::task::spawn_blocking(move || decode(position, &lines, &states));
        decoding.await.map_err(|_| super::gone())
    });
    let mut flights = Vec::new();
    let mut damaged = Vec::new();
    let mut decoded = decoded.try_buffered(DECODERS);
    while let Some(states) = decoded.try_next().await? {
        for state in states {
            match state {
                Ok(flight) => flights.push(flight),
                Err(reason) => damaged.push(reason),
            }
        }
    }
    match damaged.as_slice() {
        [] => Ok(flights),
        [one] => Err(unreadable(one.clone())),
        [first, rest @ ..] => Err(unreadable(format!("{first}; and {} more legs", rest.len()))),
    }
}

type Found = Option<(i64, Vec<Line>, Vec<u8>)>;

/// The lines of a segment that are the newest of their legs, and all states of the segment.
fn live_lines(row: &sqlx::sqlite::SqliteRow, seen: &mut FxHashSet<LegId>) -> Result<Found, StoreError> {
    let read =
        || -> sqlx::Result<(i64, &[u8], &[u8])> { Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)) };
    let (position, contents, compressed) = read().map_err(|e| unavailable(&e))?;
    let damaged = |reason: String| unreadable(format!("log position {position}: {reason}"));
    let all = segment::contents(contents).map_err(damaged)?;
    let newest: Vec<bool> =
        all.iter().map(|line| seen.insert(line.leg.clone()) && line.state.is_some()).collect();
    if !newest.contains(&true) {
        return Ok(None);
    }
    let first = newest.iter().position(|n| *n).unwrap_or_default();
    let states = segment::states(&all, compressed)
        .map_err(|reason| damaged(format!("{reason} (of {} and others)", all[first].leg)))?;
    let mut newest = newest.into_iter();
    let lines = all.into_iter().filter(|_| newest.next().unwrap_or_default()).collect();
    Ok(Some((position, lines, states)))
}

fn decode(position: i64, lines: &[Line], states: &[u8]) -> Vec<Result<Flight, String>> {
    let told = |line: &Line, e| format!("the state of {} at log position {position}: {e}", line.leg);
    lines.iter().map(|line| flight_of(line, states).map_err(|e| told(line, e))).collect()
}

/// The flight of a line that is not retired.
pub(super) fn flight_of(line: &Line, states: &[u8]) -> Result<Flight, String> {
    let slice = line.state.ok_or("it is retired")?;
    let flight = decode_state(slice.of(states)?).map_err(|e| e.to_string())?;
    let is_whose_it_says = flight.leg == line.leg && flight.rev == line.rev;
    is_whose_it_says.then_some(flight).ok_or_else(|| "the state is of another leg or revision".to_owned())
}

/// The newest change of a leg.
pub(super) async fn newest(
    pool: &SqlitePool,
    index: &Mutex<LogIndex>,
    leg: &LegId,
) -> Result<Option<PastChange>, StoreError> {
    let Some(newest) = newest_position(pool, index, leg).await? else { return Ok(None) };
    let text = "SELECT rev, at, kinds, source, facts FROM changes WHERE position = ? AND leg = ?";
    let row = sqlx::query(text).bind(newest).bind(leg.as_str()).fetch_optional(pool).await;
    let row = row.map_err(|e| unavailable(&e))?;
    row.map(|row| past_change(&row).map_err(|e| unavailable(&e))).transpose()
}

/// The position of the newest change of a leg, live or retired.
async fn newest_position(
    pool: &SqlitePool,
    index: &Mutex<LogIndex>,
    leg: &LegId,
) -> Result<Option<i64>, StoreError> {
    let live = lock(index).get(leg);
    match live {
        Some(live) => Ok(Some(live.newest)),
        None => sqlx::query_scalar("SELECT newest FROM retired WHERE leg = ?")
            .bind(leg.as_str())
            .fetch_optional(pool)
            .await
            .map_err(|e| unavailable(&e)),
    }
}

/// Legs that were retired at `since` or later, with their ends.
pub(super) async fn ended(
    pool: &SqlitePool,
    index: &Mutex<LogIndex>,
    since: i64,
) -> Result<Vec<Ended>, StoreError> {
    let text = "SELECT leg, ended_at FROM retired WHERE ended_at >= ?";
    let rows: Vec<(String, i64)> =
        sqlx::query_as(text).bind(since).fetch_all(pool).await.map_err(|e| unavailable(&e))?;
    let index = lock(index);
    let ended = rows.into_iter().filter_map(|(leg, at)| Some((LegId::known(&leg)?, at)));
    // A leg that began again keeps its row until its next end.
    let over = ended.filter(|(leg, _)| index.get(leg).is_none());
    Ok(over.map(|(leg, at)| Ended { leg, at: DateTime::from_timestamp_nanos(at) }).collect())
}

/// The changes of a leg after a revision, oldest first.
pub(super) async fn history(
    pool: &SqlitePool,
    index: &Mutex<LogIndex>,
    leg: &LegId,
    after: u64,
    limit: u32,
) -> Result<Vec<PastChange>, StoreError> {
    let Some(newest) = newest_position(pool, index, leg).await? else { return Ok(Vec::new()) };
    // Follows the chain back from the newest change to the first wanted one, then returns as many as
    // wanted. A link to an expired change ends the chain.
    let text = "WITH RECURSIVE chain (position, previous, rev) AS (
                    SELECT position, previous, rev FROM changes WHERE position = ?1 AND leg = ?2
                    UNION ALL
                    SELECT c.position, c.previous, c.rev FROM chain JOIN changes AS c ON c.position = chain.previous
                    WHERE c.leg = ?2 AND c.rev > ?3
                    LIMIT ?5
                )
                SELECT c.rev, c.at, c.kinds, c.source, c.facts FROM changes AS c
                WHERE c.position IN (SELECT position FROM chain WHERE rev > ?3 ORDER BY rev LIMIT ?4)
                ORDER BY c.rev";
    let rows = sqlx::query(text)
        .bind(newest)
        .bind(leg.as_str())
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(limit)
        .bind(HISTORY_STEPS_MAX)
        .fetch_all(pool)
        .await
        .map_err(|e| unavailable(&e))?;
    rows.iter().map(|row| past_change(row).map_err(|e| unavailable(&e))).collect()
}

fn past_change(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<PastChange> {
    let kinds: &str = row.try_get(2)?;
    Ok(PastChange {
        rev: row.try_get::<i64, _>(0)?.cast_unsigned(),
        at: DateTime::from_timestamp_nanos(row.try_get(1)?),
        kinds: kinds.split(',').filter(|k| !k.is_empty()).map(str::to_owned).collect(),
        source: row.try_get(3)?,
        set_json: row.try_get(4)?,
    })
}

/// The newest faults, newest first.
pub(super) async fn quarantine(pool: &SqlitePool, limit: u32) -> Result<Vec<Quarantined>, StoreError> {
    let text = "SELECT feed, received_at, item, field, reason, excerpt FROM faults ORDER BY id DESC LIMIT ?";
    let rows = sqlx::query(text).bind(limit).fetch_all(pool).await.map_err(|e| unavailable(&e))?;
    rows.iter().map(|row| fault(row).map_err(|e| unavailable(&e))).collect()
}

fn fault(row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Quarantined> {
    Ok(Quarantined {
        feed: row.try_get::<String, _>(0)?.into(),
        received_at: DateTime::from_timestamp_nanos(row.try_get(1)?),
        index: row.try_get(2)?,
        field: row.try_get(3)?,
        reason: row.try_get(4)?,
        excerpt: row.try_get(5)?,
    })
}

/// A value of `meta`.
pub(super) async fn meta_value(pool: &SqlitePool, key: &'static str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(key).fetch_optional(pool).await;
    row.map_err(|e| unavailable(&e))
}

fn unreadable(reason: String) -> StoreError {
    StoreError::Unreadable { store: STORE, reason }
}
