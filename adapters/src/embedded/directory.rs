//! The directory. What changes it is decided and written by the writer, within the commit that also
//! holds what else was waiting, so that nothing comes between looking and writing.

use super::work::Work;
use super::{Embedded, STORE, gone, unavailable};
use crate::directory_rows::{self as rows, AirlineRow, AirportRow, FeedRow, KeyRow, OverrideRow, Unread};
use chrono::{DateTime, Utc};
use domain::codes::{AirlineCode, Iata};
use domain::feed_key::{KeyDigest, KeyPrefix, KeyRefused, KeyRing};
use domain::field::Field;
use domain::leg::LegId;
use domain::line::Line;
use domain::ports::{
    AirlineChange, AirportChange, Answer, Directory, FeedKey, FeedNote, KeyError, OverrideNote,
    PAST_OVERRIDES_MAX, PastOverride, StoreError,
};
use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use std::sync::Arc;
use tokio::sync::oneshot;
use wire::record::encode_value;

/// Something that looks and writes within a commit. It fails only where SQLite does, as the whole
/// commit fails with it.
pub(super) type Decision =
    Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, sqlx::Result<()>> + Send>;

impl Embedded {
    /// Has the writer decide something, and answers what it decided once that is durable.
    pub(super) async fn decide<T: Send + 'static>(
        &self,
        decision: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, sqlx::Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (say, mut said) = oneshot::channel();
        let decision: Decision = Box::new(move |connection| {
            Box::pin(async move {
                // Whoever has gone away in the meantime does not want to know.
                let _ = say.send(decision(connection).await?);
                Ok(())
            })
        });
        self.inner.queue.ask(|reply| Work::Decide { decision, reply }).await?;
        said.try_recv().map_err(|_| gone())
    }

    /// Reads the rows of a fixed text, each with `read`.
    async fn rows<T: Send + 'static>(
        &self,
        text: &'static str,
        values: Vec<String>,
        read: fn(&SqliteRow) -> sqlx::Result<Result<T, Unread>>,
    ) -> Result<Vec<T>, StoreError> {
        let readers = self.inner.readers.clone();
        let reading = async move {
            let query = values.into_iter().fold(sqlx::query(text), sqlx::query::Query::bind);
            let rows = query.fetch_all(&readers).await.map_err(|e| unavailable(&e))?;
            let unreadable = |reason| StoreError::Unreadable { store: STORE, reason };
            rows.iter().map(|row| read(row).map_err(|e| unavailable(&e))?.map_err(unreadable)).collect()
        };
        self.inner.read(reading).await
    }
}

impl Directory for Embedded {
    fn epoch(&self, fresh: [u8; 16]) -> Answer<'_, Result<String, StoreError>> {
        Box::pin(Embedded::epoch(self, fresh))
    }

    fn note_feeds(&self, feeds: Vec<FeedNote>) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if feeds.is_empty() {
                return Ok(());
            }
            self.decide(|connection| Box::pin(note_feeds(connection, feeds))).await
        })
    }

    fn feeds(&self) -> Answer<'_, Result<Vec<FeedNote>, StoreError>> {
        let text = "SELECT name, airport, kind, format, rank, creates, zone FROM feeds ORDER BY name";
        Box::pin(self.rows(text, Vec::new(), feed))
    }

    fn feed_keys(&self) -> Answer<'_, Result<Vec<FeedKey>, StoreError>> {
        let text =
            "SELECT feed, digest, note, added_at FROM feed_keys WHERE revoked_at IS NULL ORDER BY feed, id";
        Box::pin(self.rows(text, Vec::new(), feed_key))
    }

    fn add_feed_key(
        &self,
        feed: Arc<str>,
        digest: KeyDigest,
        note: Line,
        at: DateTime<Utc>,
    ) -> Answer<'_, Result<(), KeyError>> {
        Box::pin(async move {
            Ok(self.decide(move |connection| Box::pin(add_key(connection, feed, digest, note, at))).await??)
        })
    }

    fn revoke_feed_key(
        &self,
        feed: Arc<str>,
        prefix: KeyPrefix,
        at: DateTime<Utc>,
    ) -> Answer<'_, Result<KeyDigest, KeyError>> {
        Box::pin(async move {
            Ok(self.decide(move |connection| Box::pin(revoke_key(connection, feed, prefix, at))).await??)
        })
    }

    fn airline_changes(&self) -> Answer<'_, Result<Vec<AirlineChange>, StoreError>> {
        let text = "SELECT code, name, made_by, made_at FROM airline_changes
                    WHERE id IN (SELECT max(id) FROM airline_changes GROUP BY code) AND name IS NOT NULL
                    ORDER BY code";
        Box::pin(self.rows(text, Vec::new(), airline))
    }

    fn put_airline(&self, change: AirlineChange) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.decide(move |connection| Box::pin(put_airline(connection, change))))
    }

    fn withdraw_airline(
        &self,
        code: AirlineCode,
        by: Line,
        at: DateTime<Utc>,
    ) -> Answer<'_, Result<bool, StoreError>> {
        let text = "INSERT INTO airline_changes (code, made_by, made_at) SELECT ?1, ?2, ?3 WHERE
                    (SELECT name FROM airline_changes WHERE code = ?1 ORDER BY id DESC LIMIT 1) IS NOT NULL";
        Box::pin(
            self.decide(move |connection| Box::pin(withdraw(connection, text, code.to_string(), by, at))),
        )
    }

    fn airport_changes(&self) -> Answer<'_, Result<Vec<AirportChange>, StoreError>> {
        let text = "SELECT iata, name, city, zone, made_by, made_at FROM airport_changes
                    WHERE id IN (SELECT max(id) FROM airport_changes GROUP BY iata) AND withdrawn = 0
                    ORDER BY iata";
        Box::pin(self.rows(text, Vec::new(), airport))
    }

    fn put_airport(&self, change: AirportChange) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.decide(move |connection| Box::pin(put_airport(connection, change))))
    }

    fn withdraw_airport(
        &self,
        iata: Iata,
        by: Line,
        at: DateTime<Utc>,
    ) -> Answer<'_, Result<bool, StoreError>> {
        let text =
            "INSERT INTO airport_changes (iata, withdrawn, made_by, made_at) SELECT ?1, 1, ?2, ?3 WHERE
                    (SELECT withdrawn FROM airport_changes WHERE iata = ?1 ORDER BY id DESC LIMIT 1) = 0";
        Box::pin(
            self.decide(move |connection| Box::pin(withdraw(connection, text, iata.to_string(), by, at))),
        )
    }

    fn put_override(&self, note: OverrideNote) -> Answer<'_, Result<(), StoreError>> {
        Box::pin(self.decide(move |connection| Box::pin(put_override(connection, note))))
    }

    fn end_override(
        &self,
        leg: LegId,
        field: Field,
        by: Line,
        at: DateTime<Utc>,
    ) -> Answer<'_, Result<bool, StoreError>> {
        Box::pin(self.decide(move |connection| Box::pin(end_override(connection, leg, field, by, at))))
    }

    fn overrides(&self, leg: LegId) -> Answer<'_, Result<Vec<PastOverride>, StoreError>> {
        Box::pin(async move {
            let text = "SELECT field, value, until, reason, made_by, made_at FROM overrides
                        WHERE leg = ?1 AND (id IN (SELECT max(id) FROM overrides WHERE leg = ?1 GROUP BY field)
                            OR id IN (SELECT id FROM overrides WHERE leg = ?1 ORDER BY id DESC LIMIT ?2))
                        ORDER BY id";
            let values = vec![leg.to_string(), PAST_OVERRIDES_MAX.to_string()];
            Ok(self.rows(text, values, past_override).await?.into_iter().flatten().collect())
        })
    }
}

/// The word of `meta` under a key, `fresh` where there is none yet.
pub(super) async fn word_or(
    connection: &mut SqliteConnection,
    key: &'static str,
    fresh: String,
) -> sqlx::Result<String> {
    let text = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING";
    sqlx::query(text).bind(key).bind(fresh).execute(&mut *connection).await?;
    sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(key).fetch_one(connection).await
}

async fn note_feeds(connection: &mut SqliteConnection, feeds: Vec<FeedNote>) -> sqlx::Result<()> {
    for feed in feeds {
        sqlx::query("INSERT OR REPLACE INTO feeds VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(&*feed.name)
            .bind(feed.airport.map(|iata| iata.to_string()))
            .bind(feed.kind.as_str())
            .bind(&*feed.format)
            .bind(feed.rank)
            .bind(feed.creates)
            .bind(feed.zone.name())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The keys of a feed; of those that were revoked the one that is meant. `None` where there is no
/// such feed.
async fn ring(
    connection: &mut SqliteConnection,
    feed: &Arc<str>,
    meant: Option<KeyDigest>,
) -> sqlx::Result<Option<KeyRing>> {
    let is_known = sqlx::query("SELECT 1 FROM feeds WHERE name = ?").bind(&**feed);
    if is_known.fetch_optional(&mut *connection).await?.is_none() {
        return Ok(None);
    }
    let text = "SELECT digest, revoked_at IS NOT NULL FROM feed_keys
                WHERE feed = ? AND (revoked_at IS NULL OR digest = ?)";
    let meant = meant.map(|digest| digest.0.to_vec());
    let keys = sqlx::query_as(text).bind(&**feed).bind(meant).fetch_all(connection).await?;
    let mut ring = KeyRing { feed: feed.clone(), in_force: Vec::new(), revoked: Vec::new() };
    for (bytes, is_revoked) in keys {
        let digest = rows::digest(feed, bytes).map_err(|e| sqlx::Error::Decode(e.into()))?;
        if is_revoked { ring.revoked.push(digest) } else { ring.in_force.push(digest) }
    }
    Ok(Some(ring))
}

async fn add_key(
    connection: &mut SqliteConnection,
    feed: Arc<str>,
    digest: KeyDigest,
    note: Line,
    at: DateTime<Utc>,
) -> sqlx::Result<Result<(), KeyRefused>> {
    let Some(ring) = ring(connection, &feed, Some(digest)).await? else {
        return Ok(Err(KeyRefused::UnknownFeed { feed }));
    };
    match ring.adds(digest) {
        Err(refused) => return Ok(Err(refused)),
        Ok(false) => return Ok(Ok(())),
        Ok(true) => {}
    }
    sqlx::query("INSERT INTO feed_keys (feed, digest, note, added_at) VALUES (?, ?, ?, ?)")
        .bind(&*feed)
        .bind(digest.0.to_vec())
        .bind(note.as_str())
        .bind(at.timestamp_micros())
        .execute(connection)
        .await?;
    Ok(Ok(()))
}

async fn revoke_key(
    connection: &mut SqliteConnection,
    feed: Arc<str>,
    prefix: KeyPrefix,
    at: DateTime<Utc>,
) -> sqlx::Result<Result<KeyDigest, KeyRefused>> {
    let Some(ring) = ring(connection, &feed, None).await? else {
        return Ok(Err(KeyRefused::UnknownFeed { feed }));
    };
    let digest = match ring.named(&prefix) {
        Err(refused) => return Ok(Err(refused)),
        Ok(digest) => digest,
    };
    sqlx::query("UPDATE feed_keys SET revoked_at = ? WHERE feed = ? AND digest = ?")
        .bind(at.timestamp_micros())
        .bind(&*feed)
        .bind(digest.0.to_vec())
        .execute(connection)
        .await?;
    Ok(Ok(digest))
}

async fn put_airline(connection: &mut SqliteConnection, change: AirlineChange) -> sqlx::Result<()> {
    let text = "INSERT INTO airline_changes (code, name, made_by, made_at) VALUES (?, ?, ?, ?)";
    let query = sqlx::query(text).bind(change.code.as_str()).bind(change.name.as_str());
    let query = query.bind(change.by.as_str()).bind(change.at.timestamp_micros());
    query.execute(connection).await.map(drop)
}

async fn put_airport(connection: &mut SqliteConnection, change: AirportChange) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO airport_changes (iata, withdrawn, name, city, zone, made_by, made_at)
         VALUES (?, 0, ?, ?, ?, ?, ?)",
    )
    .bind(change.iata.as_str())
    .bind(change.name.as_ref().map(Line::as_str))
    .bind(change.city.as_ref().map(Line::as_str))
    .bind(change.zone.map(|zone| zone.name()))
    .bind(change.by.as_str())
    .bind(change.at.timestamp_micros())
    .execute(connection)
    .await
    .map(drop)
}

/// Adds the row that gives a built-in name back, where the newest is another.
async fn withdraw(
    connection: &mut SqliteConnection,
    text: &'static str,
    code: String,
    by: Line,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let query = sqlx::query(text).bind(code).bind(by.as_str()).bind(at.timestamp_micros());
    Ok(query.execute(connection).await?.rows_affected() > 0)
}

async fn put_override(connection: &mut SqliteConnection, note: OverrideNote) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO overrides (leg, field, value, until, reason, made_by, made_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(note.leg.as_str())
    .bind(note.field.name())
    .bind(note.value.as_ref().map(encode_value))
    .bind(note.until.timestamp_micros())
    .bind(note.reason.as_ref().map(Line::as_str))
    .bind(note.set_by.as_str())
    .bind(note.set_at.timestamp_micros())
    .execute(connection)
    .await
    .map(drop)
}

async fn end_override(
    connection: &mut SqliteConnection,
    leg: LegId,
    field: Field,
    by: Line,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let text = "INSERT INTO overrides (leg, field, made_by, made_at) SELECT ?1, ?2, ?3, ?4 WHERE
                (SELECT until FROM overrides WHERE leg = ?1 AND field = ?2 ORDER BY id DESC LIMIT 1) > ?4";
    let query = sqlx::query(text).bind(leg.as_str()).bind(field.name());
    let query = query.bind(by.as_str()).bind(at.timestamp_micros());
    Ok(query.execute(connection).await?.rows_affected() > 0)
}

fn instant(micros: i64) -> sqlx::Result<DateTime<Utc>> {
    let at = DateTime::from_timestamp_micros(micros);
    at.ok_or_else(|| sqlx::Error::Decode(format!("{micros} is no instant").into()))
}

fn feed(row: &SqliteRow) -> sqlx::Result<Result<FeedNote, Unread>> {
    let row = FeedRow {
        name: row.try_get(0)?,
        airport: row.try_get(1)?,
        kind: row.try_get(2)?,
        format: row.try_get(3)?,
        rank: row.try_get(4)?,
        creates: row.try_get(5)?,
        zone: row.try_get(6)?,
    };
    Ok(row.read())
}

fn feed_key(row: &SqliteRow) -> sqlx::Result<Result<FeedKey, Unread>> {
    let (feed, digest, note) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(KeyRow { feed, digest, note, added_at: instant(row.try_get(3)?)? }.read())
}

fn airline(row: &SqliteRow) -> sqlx::Result<Result<AirlineChange, Unread>> {
    let (code, name, made_by) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(AirlineRow { code, name, made_by, made_at: instant(row.try_get(3)?)? }.read())
}

fn airport(row: &SqliteRow) -> sqlx::Result<Result<AirportChange, Unread>> {
    let row = AirportRow {
        iata: row.try_get(0)?,
        name: row.try_get(1)?,
        city: row.try_get(2)?,
        zone: row.try_get(3)?,
        made_by: row.try_get(4)?,
        made_at: instant(row.try_get(5)?)?,
    };
    Ok(row.read())
}

fn past_override(row: &SqliteRow) -> sqlx::Result<Result<Option<PastOverride>, Unread>> {
    let row = OverrideRow {
        field: row.try_get(0)?,
        value: row.try_get(1)?,
        until: row.try_get::<Option<i64>, _>(2)?.map(instant).transpose()?,
        reason: row.try_get(3)?,
        made_by: row.try_get(4)?,
        made_at: instant(row.try_get(5)?)?,
    };
    Ok(row.read())
}
