//! Rows of the directory's tables, which look alike in SQLite and PostgreSQL, and what they say.

use crate::record::decode_value;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::codes::{AirlineCode, Iata};
use domain::feed_key::KeyDigest;
use domain::field::Field;
use domain::ports::{
    AirlineNameOverride, AirportOverride, AuditAction, FeedKey, FeedKind, OverrideEvent, RegisteredFeed,
};
use domain::single_line_text::SingleLineText;

/// What cannot be read of a row, in words that name table and row.
pub type Unread = String;

/// An instant as a directory keeps it: to the microsecond.
pub fn cut(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// A row of `feeds`.
pub struct FeedRow {
    pub name: String,
    pub airport: Option<String>,
    pub kind: String,
    pub format: String,
    pub rank: i16,
    pub creates: bool,
    pub zone: String,
}

impl FeedRow {
    pub fn read(self) -> Result<RegisteredFeed, Unread> {
        let wrong = |what: &str| format!("feeds, {}: {what}", self.name);
        let airport = self.airport.as_deref().map(Iata::parse).transpose();
        Ok(RegisteredFeed {
            airport: airport.map_err(|e| wrong(&e.to_string()))?,
            kind: FeedKind::parse(&self.kind).ok_or_else(|| wrong("its kind is unknown"))?,
            rank: u8::try_from(self.rank).map_err(|_| wrong("its rank is none"))?,
            zone: self.zone.parse().map_err(|_| wrong("its zone is unknown"))?,
            name: self.name.into(),
            format: self.format.into(),
            creates: self.creates,
        })
    }
}

/// A row of `feed_keys`.
pub struct KeyRow {
    pub feed: String,
    pub digest: Vec<u8>,
    pub note: String,
    pub added_at: DateTime<Utc>,
}

impl KeyRow {
    pub fn read(self) -> Result<FeedKey, Unread> {
        let digest = digest(&self.feed, self.digest)?;
        let note = line("feed_keys", &self.feed, &self.note)?;
        Ok(FeedKey { feed: self.feed.into(), digest, note, added_at: self.added_at })
    }
}

/// A digest as it lies in `feed_keys`.
pub fn digest(feed: &str, bytes: Vec<u8>) -> Result<KeyDigest, Unread> {
    let length = bytes.len();
    let digest = bytes.try_into().map_err(|_| format!("feed_keys, {feed}: a digest has {length} bytes"));
    digest.map(KeyDigest)
}

/// A row of `airline_changes` that is in force.
pub struct AirlineRow {
    pub code: String,
    pub name: String,
    pub made_by: String,
    pub made_at: DateTime<Utc>,
}

impl AirlineRow {
    pub fn read(self) -> Result<AirlineNameOverride, Unread> {
        let line = |text: &str| line("airline_changes", &self.code, text);
        Ok(AirlineNameOverride {
            code: AirlineCode::parse(&self.code).map_err(|e| format!("airline_changes: {e}"))?,
            name: line(&self.name)?,
            by: line(&self.made_by)?,
            at: self.made_at,
        })
    }
}

/// A row of `airport_changes` that is in force.
pub struct AirportRow {
    pub iata: String,
    pub name: Option<String>,
    pub city: Option<String>,
    pub zone: Option<String>,
    pub made_by: String,
    pub made_at: DateTime<Utc>,
}

impl AirportRow {
    pub fn read(self) -> Result<AirportOverride, Unread> {
        let line = |text: &str| line("airport_changes", &self.iata, text);
        let unknown = |_| format!("airport_changes, {}: its zone is unknown", self.iata);
        Ok(AirportOverride {
            iata: Iata::parse(&self.iata).map_err(|e| format!("airport_changes: {e}"))?,
            name: self.name.as_deref().map(line).transpose()?,
            city: self.city.as_deref().map(line).transpose()?,
            zone: self.zone.as_deref().map(str::parse::<Tz>).transpose().map_err(unknown)?,
            by: line(&self.made_by)?,
            at: self.made_at,
        })
    }
}

/// A row of `overrides`.
pub struct OverrideRow {
    pub field: String,
    pub value: Option<String>,
    pub until: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    pub made_by: String,
    pub made_at: DateTime<Utc>,
}

impl OverrideRow {
    /// `None` for a field that this version does not know.
    pub fn read(self) -> Result<Option<OverrideEvent>, Unread> {
        let Some(field) = Field::named(&self.field) else { return Ok(None) };
        let line = |text: &str| line("overrides", &self.field, text);
        let action = match self.until {
            None => AuditAction::Ended,
            Some(until) => {
                let value = self.value.as_deref().map(|json| decode_value(field, json)).transpose();
                AuditAction::Set {
                    value: value.map_err(|e| format!("overrides: {e}"))?,
                    until,
                    reason: self.reason.as_deref().map(line).transpose()?,
                }
            }
        };
        Ok(Some(OverrideEvent { field, action, by: line(&self.made_by)?, at: self.made_at }))
    }
}

fn line(table: &str, row: &str, text: &str) -> Result<SingleLineText, Unread> {
    SingleLineText::parse(text).map_err(|e| format!("{table}, {row}: a text {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_with_its_table_and_row() {
        let feed = FeedRow {
            name: "jfk".into(),
            airport: None,
            kind: "push".into(),
            format: "json".into(),
            rank: 1,
            creates: true,
            zone: "Mars/Olympus".into(),
        };
        assert_eq!(feed.read().unwrap_err(), "feeds, jfk: its zone is unknown");
        assert_eq!(digest("jfk", vec![1; 31]).unwrap_err(), "feed_keys, jfk: a digest has 31 bytes");
        let row = |field: &str, value: &str| OverrideRow {
            field: field.into(),
            value: Some(value.into()),
            until: Some(DateTime::UNIX_EPOCH),
            reason: None,
            made_by: "desk".into(),
            made_at: DateTime::UNIX_EPOCH,
        };
        let error = row("departure.gate", "7").read().unwrap_err();
        assert!(error.ends_with("departure.gate: is of the wrong sort"), "{error}");
        assert_eq!(row("mood", "7").read(), Ok(None), "a newer version's field");
    }
}
