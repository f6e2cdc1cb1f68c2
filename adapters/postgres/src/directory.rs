//! The port `Directory`.

use super::errors::unreadable;
use super::{Postgres, directory_writes, feed_keys};
use chrono::{DateTime, Utc};
use domain::codes::{AirlineCode, Iata};
use domain::feed_health::{FeedHealth, HealthByFeed};
use domain::feed_key::{KeyDigest, KeyPrefix};
use domain::field::Field;
use domain::leg::LegId;
use domain::ports::{
    AirlineNameOverride, AirportOverride, BoxFuture, Directory, FeedKey, KeyError, NewOverride,
    OverrideEvent, PAST_OVERRIDES_MAX, RegisteredFeed, StoreError,
};
use domain::single_line_text::SingleLineText;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::directory_rows::{AirlineRow, AirportRow, FeedRow, KeyRow, OverrideRow, Unread};

impl Directory for Postgres {
    fn epoch(&self, fresh: [u8; 16]) -> BoxFuture<'_, Result<String, StoreError>> {
        let fresh: String = fresh.iter().map(|byte| format!("{byte:02x}")).collect();
        Box::pin(self.call(move |connection| Box::pin(directory_writes::epoch(connection, fresh))))
    }

    fn note_feeds(&self, feeds: Vec<RegisteredFeed>) -> BoxFuture<'_, Result<(), StoreError>> {
        // In the order of their names, so that two nodes do not deadlock.
        let feeds: BTreeMap<_, _> = feeds.into_iter().map(|feed| (feed.name.clone(), feed)).collect();
        Box::pin(self.call(move |connection| {
            Box::pin(directory_writes::note_feeds(connection, feeds.into_values().collect()))
        }))
    }

    fn feeds(&self) -> BoxFuture<'_, Result<Vec<RegisteredFeed>, StoreError>> {
        let reading = self.call(|connection| {
            Box::pin(
                sqlx::query_as!(
                    FeedRow,
                    r#"SELECT name, airport, kind, format, rank, creates, zone FROM feeds
                       ORDER BY name COLLATE "C""#
                )
                .fetch_all(connection),
            )
        });
        Box::pin(async move { read(reading.await?, FeedRow::read) })
    }

    fn put_feed_health(&self, health: HealthByFeed) -> BoxFuture<'_, Result<(), StoreError>> {
        // In the order of their names, so that two nodes do not wait for one another.
        let health: BTreeMap<_, _> = health.into_iter().collect();
        Box::pin(self.call(move |connection| Box::pin(directory_writes::put_feed_health(connection, health))))
    }

    fn feed_health(&self) -> BoxFuture<'_, Result<HealthByFeed, StoreError>> {
        let reading = self.call(|connection| {
            Box::pin(
                sqlx::query!(
                    r#"SELECT name, heard_at, is_failing AS "is_failing!", health_at AS "health_at!"
                       FROM feeds WHERE health_at IS NOT NULL AND is_failing IS NOT NULL
                       ORDER BY name COLLATE "C""#
                )
                .fetch_all(connection),
            )
        });
        Box::pin(async move {
            let rows = reading.await?.into_iter().map(|row| {
                let health =
                    FeedHealth { heard_at: row.heard_at, is_failing: row.is_failing, at: row.health_at };
                (row.name.into(), health)
            });
            Ok(rows.collect())
        })
    }

    fn feed_keys(&self) -> BoxFuture<'_, Result<Vec<FeedKey>, StoreError>> {
        let reading = self.call(|connection| {
            Box::pin(
                sqlx::query_as!(
                    KeyRow,
                    r#"SELECT feed, digest, note, added_at FROM feed_keys WHERE revoked_at IS NULL
                       ORDER BY feed COLLATE "C", id"#
                )
                .fetch_all(connection),
            )
        });
        Box::pin(async move { read(reading.await?, KeyRow::read) })
    }

    fn add_feed_key(
        &self,
        feed: Arc<str>,
        digest: KeyDigest,
        note: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<(), KeyError>> {
        let adding =
            self.call(move |connection| Box::pin(feed_keys::add(connection, feed, digest, note, at)));
        Box::pin(async move { Ok(adding.await??) })
    }

    fn revoke_feed_key(
        &self,
        feed: Arc<str>,
        prefix: KeyPrefix,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<KeyDigest, KeyError>> {
        let revoking = self.call(move |connection| Box::pin(feed_keys::revoke(connection, feed, prefix, at)));
        Box::pin(async move { Ok(revoking.await??) })
    }

    fn airline_changes(&self) -> BoxFuture<'_, Result<Vec<AirlineNameOverride>, StoreError>> {
        let reading = self.call(|connection| {
            Box::pin(
                sqlx::query_as!(
                    AirlineRow,
                    r#"SELECT code, name AS "name!", made_by, made_at FROM
                           (SELECT DISTINCT ON (code) code, name, made_by, made_at FROM airline_changes
                            ORDER BY code, id DESC) AS newest
                       WHERE name IS NOT NULL ORDER BY code COLLATE "C""#
                )
                .fetch_all(connection),
            )
        });
        Box::pin(async move { read(reading.await?, AirlineRow::read) })
    }

    fn put_airline(&self, change: AirlineNameOverride) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.call(move |connection| Box::pin(directory_writes::put_airline(connection, change))))
    }

    fn withdraw_airline(
        &self,
        code: AirlineCode,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(
            self.call(move |connection| {
                Box::pin(directory_writes::withdraw_airline(connection, code, by, at))
            }),
        )
    }

    fn airport_changes(&self) -> BoxFuture<'_, Result<Vec<AirportOverride>, StoreError>> {
        let reading = self.call(|connection| {
            Box::pin(
                sqlx::query_as!(
                    AirportRow,
                    r#"SELECT iata, name, city, zone, made_by, made_at FROM
                           (SELECT DISTINCT ON (iata) * FROM airport_changes ORDER BY iata, id DESC) AS newest
                       WHERE NOT withdrawn ORDER BY iata COLLATE "C""#
                )
                .fetch_all(connection),
            )
        });
        Box::pin(async move { read(reading.await?, AirportRow::read) })
    }

    fn put_airport(&self, change: AirportOverride) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.call(move |connection| Box::pin(directory_writes::put_airport(connection, change))))
    }

    fn withdraw_airport(
        &self,
        iata: Iata,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(
            self.call(move |connection| {
                Box::pin(directory_writes::withdraw_airport(connection, iata, by, at))
            }),
        )
    }

    fn put_override(&self, note: NewOverride) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.call(move |connection| Box::pin(directory_writes::put_override(connection, note))))
    }

    fn end_override(
        &self,
        leg: LegId,
        field: Field,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(
            self.call(move |connection| {
                Box::pin(directory_writes::end_override(connection, leg, field, by, at))
            }),
        )
    }

    fn overrides(&self, leg: LegId) -> BoxFuture<'_, Result<Vec<OverrideEvent>, StoreError>> {
        let reading = self.call(move |connection| Box::pin(overrides(connection, leg)));
        Box::pin(async move { Ok(read(reading.await?, OverrideRow::read)?.into_iter().flatten().collect()) })
    }
}

fn read<R, T>(rows: Vec<R>, read: fn(R) -> Result<T, Unread>) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(read).collect::<Result<_, _>>().map_err(unreadable)
}

async fn overrides(connection: &mut PgConnection, leg: LegId) -> sqlx::Result<Vec<OverrideRow>> {
    sqlx::query_as!(
        OverrideRow,
        "SELECT field, value, until, reason, made_by, made_at FROM overrides
         WHERE leg = $1 AND (id IN (SELECT max(id) FROM overrides WHERE leg = $1 GROUP BY field)
             OR id IN (SELECT id FROM overrides WHERE leg = $1 ORDER BY id DESC LIMIT $2))
         ORDER BY id",
        leg.as_str(),
        i64::from(PAST_OVERRIDES_MAX),
    )
    .fetch_all(connection)
    .await
}
