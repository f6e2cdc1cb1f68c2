//! Writes to the directory, except the keys of feeds. Writes that depend on a read are serialised.

use chrono::{DateTime, Utc};
use domain::codes::{AirlineCode, Iata};
use domain::feed_health::FeedHealth;
use domain::field::Field;
use domain::leg::LegId;
use domain::ports::{AirlineNameOverride, AirportOverride, NewOverride, RegisteredFeed};
use domain::single_line_text::SingleLineText;
use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::directory_rows::cut;
use wire::record::encode_value;

/// Serialises transactions on the same thing until the transaction ends.
async fn lock_for_update(connection: &mut PgConnection, what: &str, which: &str) -> sqlx::Result<()> {
    let key = format!("gatecall/{what}/{which}");
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key).execute(connection).await?;
    Ok(())
}

pub(super) async fn epoch(connection: &mut PgConnection, fresh: String) -> sqlx::Result<String> {
    // Waits for a concurrent insert, whose row the second statement then reads.
    sqlx::query!("INSERT INTO meta (key, value) VALUES ('epoch', $1) ON CONFLICT (key) DO NOTHING", fresh)
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar!("SELECT value FROM meta WHERE key = 'epoch'").fetch_one(connection).await
}

pub(super) async fn note_feeds(
    connection: &mut PgConnection,
    feeds: Vec<RegisteredFeed>,
) -> sqlx::Result<()> {
    let names: Vec<String> = feeds.iter().map(|feed| feed.name.to_string()).collect();
    let airports: Vec<Option<String>> =
        feeds.iter().map(|feed| feed.airport.map(|iata| iata.to_string())).collect();
    let kinds: Vec<String> = feeds.iter().map(|feed| feed.kind.as_str().to_owned()).collect();
    let formats: Vec<String> = feeds.iter().map(|feed| feed.format.to_string()).collect();
    let ranks: Vec<i16> = feeds.iter().map(|feed| feed.rank.into()).collect();
    let creates: Vec<bool> = feeds.iter().map(|feed| feed.creates).collect();
    let zones: Vec<String> = feeds.iter().map(|feed| feed.zone.name().to_owned()).collect();
    sqlx::query!(
        "INSERT INTO feeds (name, airport, kind, format, rank, creates, zone)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::boolean[],
                              $7::text[])
         ON CONFLICT (name) DO UPDATE SET airport = excluded.airport, kind = excluded.kind,
             format = excluded.format, rank = excluded.rank, creates = excluded.creates, zone = excluded.zone",
        &names,
        &airports as &[Option<String>],
        &kinds,
        &formats,
        &ranks,
        &creates,
        &zones,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn put_feed_health(
    connection: &mut PgConnection,
    health: BTreeMap<Arc<str>, FeedHealth>,
) -> sqlx::Result<()> {
    let names: Vec<String> = health.keys().map(|name| name.to_string()).collect();
    let heard: Vec<Option<DateTime<Utc>>> = health.values().map(|h| h.heard_at.map(cut)).collect();
    let failing: Vec<bool> = health.values().map(|h| h.is_failing).collect();
    let at: Vec<DateTime<Utc>> = health.values().map(|h| cut(h.at)).collect();
    sqlx::query!(
        "UPDATE feeds SET heard_at = new.heard_at, is_failing = new.is_failing, health_at = new.health_at
         FROM unnest($1::text[], $2::timestamptz[], $3::boolean[], $4::timestamptz[])
              AS new (name, heard_at, is_failing, health_at)
         WHERE feeds.name = new.name",
        &names,
        &heard as &[Option<DateTime<Utc>>],
        &failing,
        &at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn put_airline(
    connection: &mut PgConnection,
    change: AirlineNameOverride,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO airline_changes (code, name, made_by, made_at) VALUES ($1, $2, $3, $4)",
        change.code.as_str(),
        change.name.as_str(),
        change.by.as_str(),
        cut(change.at),
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn withdraw_airline(
    connection: &mut PgConnection,
    code: AirlineCode,
    by: SingleLineText,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let mut transaction = connection.begin().await?;
    lock_for_update(&mut transaction, "airline", code.as_str()).await?;
    let done = sqlx::query!(
        "INSERT INTO airline_changes (code, made_by, made_at)
         SELECT $1::text, $2::text, $3::timestamptz WHERE
             (SELECT name FROM airline_changes WHERE code = $1 ORDER BY id DESC LIMIT 1) IS NOT NULL",
        code.as_str(),
        by.as_str(),
        cut(at),
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn put_airport(connection: &mut PgConnection, change: AirportOverride) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO airport_changes (iata, withdrawn, name, city, zone, made_by, made_at)
         VALUES ($1, FALSE, $2, $3, $4, $5, $6)",
        change.iata.as_str(),
        change.name.as_ref().map(SingleLineText::as_str),
        change.city.as_ref().map(SingleLineText::as_str),
        change.zone.map(|zone| zone.name()),
        change.by.as_str(),
        cut(change.at),
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn withdraw_airport(
    connection: &mut PgConnection,
    iata: Iata,
    by: SingleLineText,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let mut transaction = connection.begin().await?;
    lock_for_update(&mut transaction, "airport", iata.as_str()).await?;
    let done = sqlx::query!(
        "INSERT INTO airport_changes (iata, withdrawn, made_by, made_at)
         SELECT $1::text, TRUE, $2::text, $3::timestamptz WHERE
             NOT (SELECT withdrawn FROM airport_changes WHERE iata = $1 ORDER BY id DESC LIMIT 1)",
        iata.as_str(),
        by.as_str(),
        cut(at),
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn put_override(connection: &mut PgConnection, note: NewOverride) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO overrides (leg, field, value, until, reason, made_by, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        note.leg.as_str(),
        note.field.name(),
        note.value.as_ref().map(encode_value),
        cut(note.until),
        note.reason.as_ref().map(SingleLineText::as_str),
        note.set_by.as_str(),
        cut(note.set_at),
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn end_override(
    connection: &mut PgConnection,
    leg: LegId,
    field: Field,
    by: SingleLineText,
    at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let mut transaction = connection.begin().await?;
    lock_for_update(&mut transaction, "override", leg.as_str()).await?;
    let done = sqlx::query!(
        "INSERT INTO overrides (leg, field, made_by, made_at)
         SELECT $1::text, $2::text, $3::text, $4::timestamptz WHERE
             (SELECT until FROM overrides WHERE leg = $1 AND field = $2 ORDER BY id DESC LIMIT 1) > $4",
        leg.as_str(),
        field.name(),
        by.as_str(),
        cut(at),
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() > 0)
}
