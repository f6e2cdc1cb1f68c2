//! The keys of feeds. A change of keys locks the row of its feed, so concurrent changes cannot exceed the limit of keys.

use chrono::{DateTime, Utc};
use domain::feed_key::{KeyDigest, KeyPrefix, KeyRefused, KeyRing};
use domain::single_line_text::SingleLineText;
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use wire::directory_rows as rows;

pub(super) async fn add(
    connection: &mut PgConnection,
    feed: Arc<str>,
    digest: KeyDigest,
    note: SingleLineText,
    at: DateTime<Utc>,
) -> sqlx::Result<Result<(), KeyRefused>> {
    let mut transaction = connection.begin().await?;
    let Some(ring) = ring(&mut transaction, &feed, Some(digest)).await? else {
        return Ok(Err(KeyRefused::UnknownFeed { feed }));
    };
    match ring.adds(digest) {
        Err(refused) => return Ok(Err(refused)),
        Ok(false) => return Ok(Ok(())),
        Ok(true) => {}
    }
    sqlx::query!(
        "INSERT INTO feed_keys (feed, digest, note, added_at) VALUES ($1, $2, $3, $4)",
        &*feed,
        &digest.0[..],
        note.as_str(),
        rows::cut(at),
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

pub(super) async fn revoke(
    connection: &mut PgConnection,
    feed: Arc<str>,
    prefix: KeyPrefix,
    at: DateTime<Utc>,
) -> sqlx::Result<Result<KeyDigest, KeyRefused>> {
    let mut transaction = connection.begin().await?;
    let Some(ring) = ring(&mut transaction, &feed, None).await? else {
        return Ok(Err(KeyRefused::UnknownFeed { feed }));
    };
    let digest = match ring.named(&prefix) {
        Err(refused) => return Ok(Err(refused)),
        Ok(digest) => digest,
    };
    sqlx::query!(
        "UPDATE feed_keys SET revoked_at = $3 WHERE feed = $1 AND digest = $2",
        &*feed,
        &digest.0[..],
        rows::cut(at),
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Ok(digest))
}

/// Locks a feed and reads its keys in force and the revoked key `meant`. `None` if there is no such feed.
async fn ring(
    connection: &mut PgConnection,
    feed: &Arc<str>,
    meant: Option<KeyDigest>,
) -> sqlx::Result<Option<KeyRing>> {
    // PostgreSQL has no texts with NUL, so no feed has such a name.
    if feed.contains('\0') {
        return Ok(None);
    }
    let held = sqlx::query!("SELECT name FROM feeds WHERE name = $1 FOR UPDATE", &**feed);
    if held.fetch_optional(&mut *connection).await?.is_none() {
        return Ok(None);
    }
    let meant = meant.map(|digest| digest.0.to_vec());
    let keys = sqlx::query!(
        r#"SELECT digest, revoked_at IS NOT NULL AS "is_revoked!" FROM feed_keys
           WHERE feed = $1 AND (revoked_at IS NULL OR digest = $2)"#,
        &**feed,
        meant,
    )
    .fetch_all(connection)
    .await?;
    let mut ring = KeyRing { feed: feed.clone(), in_force: Vec::new(), revoked: Vec::new() };
    for key in keys {
        let digest = rows::digest(feed, key.digest).map_err(|e| sqlx::Error::Decode(e.into()))?;
        if key.is_revoked { ring.revoked.push(digest) } else { ring.in_force.push(digest) }
    }
    Ok(Some(ring))
}
