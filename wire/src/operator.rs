//! Bodies of the endpoints for the operator. The hub refuses a request with any other key.

use crate::text::Text;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::leg_pattern::LegPattern;
use domain::single_line_text::SingleLineText;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// `GET flights/{leg}/overrides`.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct OverridesBody {
    /// The flight.
    pub leg: String,
    /// The current overrides by field.
    pub in_force: Vec<OverrideRow>,
    /// Audit entries, oldest first; only the newest if there are many.
    pub done: Vec<AuditRow>,
    /// Whether older audit entries are left out.
    pub more: bool,
}

/// An override in effect.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct OverrideRow {
    /// The field, named as in reports.
    #[schema(example = "departure.gate")]
    pub field: &'static str,
    /// The shown value, as in reports; `null` for none.
    #[schema(value_type = serde_json::Value, example = "B9")]
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
    /// Its beginning, operational clock.
    #[ts(type = "string")]
    pub since: DateTime<Utc>,
    /// Its expiry, unless an operator ends it earlier.
    #[ts(type = "string")]
    pub until: DateTime<Utc>,
    /// The operator; `null` if the audit entry failed.
    pub by: Option<String>,
    /// The reason.
    pub reason: Option<String>,
}

/// An audit entry.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct AuditRow {
    /// Its time, operational clock.
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
    /// The operator.
    pub by: String,
    /// The field; `flight` for the whole flight.
    #[schema(example = "departure.gate")]
    pub field: &'static str,
    /// `set`, `ended` before its expiry, or `removed` for a flight.
    #[schema(example = "set")]
    pub deed: &'static str,
    /// The value that was set; `null` for none, and for `ended`.
    #[schema(value_type = serde_json::Value, example = "B9")]
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
    /// The expiry.
    #[ts(type = "string | null")]
    pub until: Option<DateTime<Utc>>,
    /// The reason.
    pub reason: Option<String>,
}

/// The body of `PUT flights/{leg}/overrides/{field}`.
#[derive(Debug, Deserialize, TS, ToSchema)]
pub struct OverrideRequest {
    /// The value to show, as in a report's `set`; `null` for none.
    #[schema(value_type = serde_json::Value, example = "B9", required = true)]
    #[serde(default, deserialize_with = "present")]
    #[ts(type = "unknown")]
    pub value: Option<serde_json::Value>,
    /// The expiry: later than now by the operational clock, by at most 7 days.
    #[schema(value_type = DateTime<Utc>, example = "2013-02-08T23:00:00Z")]
    #[ts(type = "string")]
    pub until: Text<DateTime<Utc>>,
    /// The reason, for the audit.
    #[schema(value_type = Option<String>, example = "the sign at B12 is broken")]
    #[ts(optional, type = "string")]
    pub reason: Option<Text<SingleLineText>>,
}

/// The body of `POST removals`.
#[derive(Debug, Deserialize, TS, ToSchema)]
pub struct RemovalRequest {
    /// A pattern of `leg`: `*` matches any text, `?` one character.
    #[schema(value_type = String, example = "*-2099????-*")]
    #[ts(type = "string")]
    pub leg: Text<LegPattern>,
    /// Only flights that this feed created.
    #[schema(example = "lga")]
    #[ts(optional)]
    pub feed: Option<String>,
    /// Only list the flights. The default is `false`.
    #[ts(optional)]
    pub dry_run: Option<bool>,
    /// The reason, for the audit.
    #[schema(value_type = Option<String>, example = "flights that nobody operates")]
    #[ts(optional, type = "string")]
    pub reason: Option<Text<SingleLineText>>,
}

/// The result of `POST removals`.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct RemovalBody {
    /// The removed flights, or with `dry_run` those that match; at most 1000, by `leg`.
    pub legs: Vec<String>,
    /// The number of matching flights that remain for the next request.
    #[ts(type = "number")]
    pub left: u64,
}

/// `GET doubtful`.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct DoubtfulBody {
    /// In order of departure.
    pub times: Vec<DoubtfulRow>,
    /// Whether there are more.
    pub more: bool,
}

/// A doubtful time.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct DoubtfulRow {
    /// The flight.
    #[schema(example = "B6-615-20130208-JFK-FLL")]
    pub leg: String,
    /// The field, named as in reports.
    #[schema(example = "departure.estimated")]
    pub field: &'static str,
    /// The time.
    #[ts(type = "string | null")]
    pub value: Option<DateTime<Utc>>,
    /// The source.
    pub source: Option<String>,
    /// When the source observed it.
    #[ts(type = "string | null")]
    pub observed_at: Option<DateTime<Utc>>,
    /// The reason; completes a sentence that begins with the field's name.
    pub reason: &'static str,
}

/// `GET feeds/{feed}/keys`.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct FeedKeysBody {
    /// The feed.
    #[schema(example = "jfk")]
    pub feed: String,
    /// The keys in the directory, oldest first.
    pub keys: Vec<FeedKeyRow>,
    /// The number of further keys in this node's configuration (`key_file`, `key_env`).
    #[ts(type = "number")]
    pub configured: usize,
}

/// A valid key. The hub does not store the key itself.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct FeedKeyRow {
    /// The beginning of its SHA-256 digest, which identifies it for revocation.
    #[schema(example = "5c2f90ab")]
    pub prefix: String,
    /// Its purpose.
    pub note: String,
    /// Creation time, real time.
    #[ts(type = "string")]
    pub added_at: DateTime<Utc>,
}

/// `POST feeds/{feed}/keys`. The key is shown only here.
#[derive(Serialize, TS, ToSchema)]
pub struct NewFeedKeyBody {
    /// The key, for every message: `Authorization: Bearer KEY`.
    pub key: String,
    /// The beginning of its digest.
    #[schema(example = "5c2f90ab")]
    pub prefix: String,
    /// Its purpose.
    pub note: String,
    /// Creation time, real time.
    #[ts(type = "string")]
    pub added_at: DateTime<Utc>,
}

/// The body of `POST feeds/{feed}/keys`.
#[derive(Debug, Deserialize, TS, ToSchema)]
pub struct NewFeedKeyRequest {
    /// The purpose of the key; at most 200 characters.
    #[schema(value_type = String, example = "the operations centre's, until June")]
    #[ts(type = "string")]
    pub note: Text<SingleLineText>,
}

/// `GET quarantine`.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct QuarantineBody {
    /// Newest first.
    pub faults: Vec<QuarantineRow>,
    /// Whether there are older ones; a larger `limit` shows them.
    pub more: bool,
}

/// An unusable message or report.
#[derive(Debug, Serialize, TS, ToSchema)]
pub struct QuarantineRow {
    /// The feed that sent it.
    pub feed: String,
    /// When it arrived, operational clock.
    #[ts(type = "string")]
    pub received_at: DateTime<Utc>,
    /// Index of the report in the message, from 0; `null` for the whole message.
    pub index: Option<u32>,
    /// The field, if one is at fault.
    pub field: Option<String>,
    /// The reason.
    pub reason: String,
    /// The beginning of the content.
    pub excerpt: String,
}

/// The body of `PUT airports/{iata}`, with at least one key.
#[derive(Debug, Deserialize, TS, ToSchema)]
pub struct AirportNameRequest {
    /// Full name; absent or `null` for the built-in one.
    #[schema(value_type = Option<String>, example = "Idlewild")]
    #[ts(optional, type = "string")]
    pub name: Option<Text<SingleLineText>>,
    /// Name on boards; absent or `null` for the built-in one.
    #[ts(optional, type = "string")]
    #[schema(value_type = Option<String>)]
    pub city: Option<Text<SingleLineText>>,
    /// IANA time zone; absent or `null` for the built-in one.
    #[schema(value_type = Option<String>, example = "America/New_York")]
    #[ts(optional, type = "string")]
    pub zone: Option<Text<Tz>>,
}

/// The body of `PUT airlines/{code}`.
#[derive(Debug, Deserialize, TS, ToSchema)]
pub struct AirlineNameRequest {
    /// The name.
    #[schema(value_type = String, example = "JetBlue Airways")]
    #[ts(type = "string")]
    pub name: Text<SingleLineText>,
}

/// Distinguishes `null` from an absent key.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(Some)
}
