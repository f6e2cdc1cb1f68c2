//! The port `Directory`: reads the directory, and lets the writer change it.

use super::directory_writes::{self, DirectoryWrite};
use super::write_queue::WriteRequest;
use super::{Embedded, STORE, gone, unavailable};
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
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use std::sync::Arc;
use tokio::sync::oneshot;
use wire::directory_rows::{AirlineRow, AirportRow, FeedRow, KeyRow, OverrideRow, Unread};

impl Embedded {
    /// Runs a write within a commit and returns its result when the commit is durable.
    pub(super) async fn write_directory<T: Send + 'static>(
        &self,
        write: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, sqlx::Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (say, mut said) = oneshot::channel();
        let write: DirectoryWrite = Box::new(move |connection| {
            Box::pin(async move {
                // The caller may be gone.
                let _ = say.send(write(connection).await?);
                Ok(())
            })
        });
        self.inner.queue.submit(|reply| WriteRequest::WriteDirectory { write, reply }).await?;
        said.try_recv().map_err(|_| gone())
    }

    /// Runs a fixed query and reads each row with `read`.
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
    fn epoch(&self, fresh: [u8; 16]) -> BoxFuture<'_, Result<String, StoreError>> {
        Box::pin(Embedded::epoch(self, fresh))
    }

    fn note_feeds(&self, feeds: Vec<RegisteredFeed>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if feeds.is_empty() {
                return Ok(());
            }
            self.write_directory(|connection| Box::pin(directory_writes::note_feeds(connection, feeds))).await
        })
    }

    fn feeds(&self) -> BoxFuture<'_, Result<Vec<RegisteredFeed>, StoreError>> {
        let text = "SELECT name, airport, kind, format, rank, creates, zone FROM feeds ORDER BY name";
        Box::pin(self.rows(text, Vec::new(), feed))
    }

    fn put_feed_health(&self, health: HealthByFeed) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if health.is_empty() {
                return Ok(());
            }
            self.write_directory(|connection| Box::pin(directory_writes::put_feed_health(connection, health)))
                .await
        })
    }

    fn feed_health(&self) -> BoxFuture<'_, Result<HealthByFeed, StoreError>> {
        let text = "SELECT name, heard_at, is_failing, health_at FROM feeds WHERE health_at IS NOT NULL
                    ORDER BY name";
        Box::pin(self.rows(text, Vec::new(), feed_health))
    }

    fn feed_keys(&self) -> BoxFuture<'_, Result<Vec<FeedKey>, StoreError>> {
        let text =
            "SELECT feed, digest, note, added_at FROM feed_keys WHERE revoked_at IS NULL ORDER BY feed, id";
        Box::pin(self.rows(text, Vec::new(), feed_key))
    }

    fn add_feed_key(
        &self,
        feed: Arc<str>,
        digest: KeyDigest,
        note: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<(), KeyError>> {
        Box::pin(async move {
            Ok(self
                .write_directory(move |connection| {
                    Box::pin(directory_writes::add_key(connection, feed, digest, note, at))
                })
                .await??)
        })
    }

    fn revoke_feed_key(
        &self,
        feed: Arc<str>,
        prefix: KeyPrefix,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<KeyDigest, KeyError>> {
        Box::pin(async move {
            Ok(self
                .write_directory(move |connection| {
                    Box::pin(directory_writes::revoke_key(connection, feed, prefix, at))
                })
                .await??)
        })
    }

    fn airline_changes(&self) -> BoxFuture<'_, Result<Vec<AirlineNameOverride>, StoreError>> {
        let text = "SELECT code, name, made_by, made_at FROM airline_changes
                    WHERE id IN (SELECT max(id) FROM airline_changes GROUP BY code) AND name IS NOT NULL
                    ORDER BY code";
        Box::pin(self.rows(text, Vec::new(), airline))
    }

    fn put_airline(&self, change: AirlineNameOverride) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(
            self.write_directory(move |connection| {
                Box::pin(directory_writes::put_airline(connection, change))
            }),
        )
    }

    fn withdraw_airline(
        &self,
        code: AirlineCode,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        let text = "INSERT INTO airline_changes (code, made_by, made_at) SELECT ?1, ?2, ?3 WHERE
                    (SELECT name FROM airline_changes WHERE code = ?1 ORDER BY id DESC LIMIT 1) IS NOT NULL";
        Box::pin(self.write_directory(move |connection| {
            Box::pin(directory_writes::withdraw(connection, text, code.to_string(), by, at))
        }))
    }

    fn airport_changes(&self) -> BoxFuture<'_, Result<Vec<AirportOverride>, StoreError>> {
        let text = "SELECT iata, name, city, zone, made_by, made_at FROM airport_changes
                    WHERE id IN (SELECT max(id) FROM airport_changes GROUP BY iata) AND withdrawn = 0
                    ORDER BY iata";
        Box::pin(self.rows(text, Vec::new(), airport))
    }

    fn put_airport(&self, change: AirportOverride) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(
            self.write_directory(move |connection| {
                Box::pin(directory_writes::put_airport(connection, change))
            }),
        )
    }

    fn withdraw_airport(
        &self,
        iata: Iata,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        let text =
            "INSERT INTO airport_changes (iata, withdrawn, made_by, made_at) SELECT ?1, 1, ?2, ?3 WHERE
                    (SELECT withdrawn FROM airport_changes WHERE iata = ?1 ORDER BY id DESC LIMIT 1) = 0";
        Box::pin(self.write_directory(move |connection| {
            Box::pin(directory_writes::withdraw(connection, text, iata.to_string(), by, at))
        }))
    }

    fn put_override(&self, note: NewOverride) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(
            self.write_directory(move |connection| {
                Box::pin(directory_writes::put_override(connection, note))
            }),
        )
    }

    fn end_override(
        &self,
        leg: LegId,
        field: Field,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.write_directory(move |connection| {
            Box::pin(directory_writes::end_override(connection, leg, field, by, at))
        }))
    }

    fn overrides(&self, leg: LegId) -> BoxFuture<'_, Result<Vec<OverrideEvent>, StoreError>> {
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

fn instant(micros: i64) -> sqlx::Result<DateTime<Utc>> {
    let at = DateTime::from_timestamp_micros(micros);
    at.ok_or_else(|| sqlx::Error::Decode(format!("{micros} is no instant").into()))
}

fn feed(row: &SqliteRow) -> sqlx::Result<Result<RegisteredFeed, Unread>> {
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

fn feed_health(row: &SqliteRow) -> sqlx::Result<Result<(Arc<str>, FeedHealth), Unread>> {
    let (name, heard_at, is_failing, at): (String, Option<i64>, bool, i64) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    let instant = |micros: i64| {
        DateTime::from_timestamp_micros(micros)
            .ok_or_else(|| format!("feeds, {name}: {micros} is no instant"))
    };
    let read = || {
        let heard_at = heard_at.map(instant).transpose()?;
        Ok((name.as_str().into(), FeedHealth { heard_at, is_failing, at: instant(at)? }))
    };
    Ok(read())
}

fn feed_key(row: &SqliteRow) -> sqlx::Result<Result<FeedKey, Unread>> {
    let (feed, digest, note) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(KeyRow { feed, digest, note, added_at: instant(row.try_get(3)?)? }.read())
}

fn airline(row: &SqliteRow) -> sqlx::Result<Result<AirlineNameOverride, Unread>> {
    let (code, name, made_by) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(AirlineRow { code, name, made_by, made_at: instant(row.try_get(3)?)? }.read())
}

fn airport(row: &SqliteRow) -> sqlx::Result<Result<AirportOverride, Unread>> {
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

fn past_override(row: &SqliteRow) -> sqlx::Result<Result<Option<OverrideEvent>, Unread>> {
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
