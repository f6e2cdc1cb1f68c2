//! Writes to the directory. The writer runs them within a commit together with other writes, so nothing can happen between
//! their reads and their writes.
//!
//! An error here fails the whole commit. So a write that breaks a rule is a result and not an error, and no input of a
//! caller can violate a constraint of a table.

use chrono::{DateTime, Utc};
use domain::feed_health::HealthByFeed;
use domain::feed_key::{KeyDigest, KeyPrefix, KeyRefused, KeyRing};
use domain::field::Field;
use domain::leg::LegId;
use domain::ports::{AirlineNameOverride, AirportOverride, NewOverride, RegisteredFeed};
use domain::single_line_text::SingleLineText;
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use std::sync::Arc;
use wire::directory_rows as rows;
use wire::record::encode_value;

/// Reads and writes within a commit.
pub(super) type DirectoryWrite =
    Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, sqlx::Result<()>> + Send>;

/// The value of a key in `meta`. Inserts `fresh` if there is none.
pub(super) async fn meta_value_or_insert(
    connection: &mut SqliteConnection,
    key: &'static str,
    fresh: String,
) -> sqlx::Result<String> {
    let text = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING";
    sqlx::query(text).bind(key).bind(fresh).execute(&mut *connection).await?;
    sqlx::query_scalar("SELECT value FROM meta WHERE key = ?").bind(key).fetch_one(connection).await
}

pub(super) async fn note_feeds(
    connection: &mut SqliteConnection,
    feeds: Vec<RegisteredFeed>,
) -> sqlx::Result<()> {
    for feed in feeds {
        let text = "INSERT INTO feeds (name, airport, kind, format, rank, creates, zone)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (name) DO UPDATE SET airport = excluded.airport, kind = excluded.kind,
                        format = excluded.format, rank = excluded.rank, creates = excluded.creates,
                        zone = excluded.zone";
        sqlx::query(text)
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

pub(super) async fn put_feed_health(
    connection: &mut SqliteConnection,
    health: HealthByFeed,
) -> sqlx::Result<()> {
    for (feed, health) in health {
        let text = "UPDATE feeds SET heard_at = ?, is_failing = ?, health_at = ? WHERE name = ?";
        sqlx::query(text)
            .bind(health.heard_at.map(|at| at.timestamp_micros()))
            .bind(health.is_failing)
            .bind(health.at.timestamp_micros())
            .bind(&*feed)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// The keys of a feed that are in force, and the revoked key `meant`. `None` if there is no such feed.
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

pub(super) async fn add_key(
    connection: &mut SqliteConnection,
    feed: Arc<str>,
    digest: KeyDigest,
    note: SingleLineText,
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

pub(super) async fn revoke_key(
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

pub(super) async fn put_airline(
    connection: &mut SqliteConnection,
    change: AirlineNameOverride,
) -> sqlx::Result<()> {
    let text = "INSERT INTO airline_changes (code, name, made_by, made_at) VALUES (?, ?, ?, ?)";
    let query = sqlx::query(text).bind(change.code.as_str()).bind(change.name.as_str());
    let query = query.bind(change.by.as_str()).bind(change.at.timestamp_micros());
    query.execute(connection).await.map(drop)
}

pub(super) async fn put_airport(
    connection: &mut SqliteConnection,
    change: AirportOverride,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO airport_changes (iata, withdrawn, name, city, zone, made_by, made_at)
         VALUES (?, 0, ?, ?, ?, ?, ?)",
    )
    .bind(change.iata.as_str())
    .bind(change.name.as_ref().map(SingleLineText::as_str))
    .bind(change.city.as_ref().map(SingleLineText::as_str))
    .bind(change.zone.map(|zone| zone.name()))
    .bind(change.by.as_str())
    .bind(change.at.timestamp_micros())
    .execute(connection)
    .await
    .map(drop)
}

/// Adds a row that restores the built-in name, unless the newest row does so already.
pub(super) async fn withdraw(
    connection: &mut SqliteConnection,
    text: &'static str,
    code: String,
    by: SingleLineText,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let query = sqlx::query(text).bind(code).bind(by.as_str()).bind(at.timestamp_micros());
    Ok(query.execute(connection).await?.rows_affected() > 0)
}

pub(super) async fn put_override(connection: &mut SqliteConnection, note: NewOverride) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO overrides (leg, field, value, until, reason, made_by, made_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(note.leg.as_str())
    .bind(note.field.name())
    .bind(note.value.as_ref().map(encode_value))
    .bind(note.until.timestamp_micros())
    .bind(note.reason.as_ref().map(SingleLineText::as_str))
    .bind(note.set_by.as_str())
    .bind(note.set_at.timestamp_micros())
    .execute(connection)
    .await
    .map(drop)
}

pub(super) async fn end_override(
    connection: &mut SqliteConnection,
    leg: LegId,
    field: Field,
    by: SingleLineText,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let text = "INSERT INTO overrides (leg, field, made_by, made_at) SELECT ?1, ?2, ?3, ?4 WHERE
                (SELECT until FROM overrides WHERE leg = ?1 AND field = ?2 ORDER BY id DESC LIMIT 1) > ?4";
    let query = sqlx::query(text).bind(leg.as_str()).bind(field.name());
    let query = query.bind(by.as_str()).bind(at.timestamp_micros());
    Ok(query.execute(connection).await?.rows_affected() > 0)
}
