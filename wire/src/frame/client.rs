//! Frames from a client: JSON objects with a key `op`.

use super::server::ErrorCode;
use crate::flight::Text;
use crate::instant::Millis;
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::topic::Topic;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use ts_rs::TS;

/// Longest client frame in bytes; a hub may be configured to accept less. Leaves room for a token of
/// several kilobytes; everything else is short.
pub const CLIENT_FRAME_BYTES_MAX: usize = 64 * 1024;

/// Largest `ref`: 2^53, up to which JavaScript represents every whole number.
pub const REF_MAX: u64 = 1 << 53;

/// A frame from a client.
#[derive(Clone, PartialEq, Debug, Serialize, TS)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Subscribe to a topic: a snapshot first, then every change.
    Follow {
        /// The topic.
        #[serde(serialize_with = "text")]
        #[ts(type = "string")]
        topic: Topic,
        /// The newest `changed_at` that the client has of the topic, to get only later changes.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "instant")]
        #[ts(optional, type = "string")]
        since: Option<DateTime<Utc>>,
        /// Returned in an error about this frame.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        ref_: Option<u64>,
    },
    /// End a subscription.
    Unfollow {
        /// The topic.
        #[serde(serialize_with = "text")]
        #[ts(type = "string")]
        topic: Topic,
        /// Returned in an error about this frame.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        ref_: Option<u64>,
    },
    /// Request one whole flight, once.
    Get {
        /// The leg.
        #[serde(serialize_with = "text")]
        #[ts(type = "string")]
        leg: LegId,
        /// Returned in an error about this frame.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        ref_: Option<u64>,
    },
    /// Authenticate.
    Auth {
        /// A token issued by the hub.
        #[ts(type = "string")]
        token: AuthToken,
        /// Returned in an error about this frame.
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        #[ts(optional, type = "number")]
        ref_: Option<u64>,
    },
    /// The answer to a heartbeat.
    Pong,
}

impl ClientFrame {
    /// Every `op`, in the order of the enum.
    pub const OPS: [&'static str; 5] = ["follow", "unfollow", "get", "auth", "pong"];

    /// The frame's text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A token; its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AuthToken(String);

impl AuthToken {
    /// Wraps a token as it was received.
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token itself, for the code that verifies it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AuthToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthToken(..)")
    }
}

/// An invalid client frame, with the contents of the `error` frame.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct BadFrame {
    /// The `ref` of the frame, if it could be read.
    pub ref_: Option<u64>,
    /// For programs.
    pub code: ErrorCode,
    /// For people: names the key and what is wrong with it.
    pub message: String,
}

/// The keys of all frames. `null` means absent; unknown keys are ignored.
#[derive(Deserialize)]
struct Keys {
    op: Option<Value>,
    topic: Option<Value>,
    since: Option<Value>,
    leg: Option<Value>,
    token: Option<Value>,
    r#ref: Option<Value>,
}

/// Parses a client's frame. No text makes it panic, take long, or allocate more than a few times its
/// length. Texts longer than [`CLIENT_FRAME_BYTES_MAX`] and nesting deeper than 128 are refused.
pub fn parse(text: &str) -> Result<ClientFrame, BadFrame> {
    let keys =
        read_keys(text).map_err(|message| BadFrame { ref_: None, code: ErrorCode::BadFrame, message })?;
    let ref_ = read_ref(keys.r#ref.as_ref())?;
    read_frame(keys, ref_).map_err(|(code, message)| BadFrame { ref_, code, message })
}

fn read_keys(text: &str) -> Result<Keys, String> {
    if text.len() > CLIENT_FRAME_BYTES_MAX {
        return Err(format!("a frame must not be longer than {CLIENT_FRAME_BYTES_MAX} bytes"));
    }
    // Checked first, because serde also deserializes an array as a struct.
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Err("a frame must be a JSON object".to_owned());
    }
    serde_json::from_str(text).map_err(|e| format!("a frame must be a JSON object: {e}"))
}

fn read_ref(value: Option<&Value>) -> Result<Option<u64>, BadFrame> {
    let Some(value) = value else { return Ok(None) };
    let whole = value.as_u64().filter(|number| *number <= REF_MAX);
    whole.map(Some).ok_or_else(|| BadFrame {
        ref_: None,
        code: ErrorCode::BadFrame,
        message: format!("ref: must be a whole number from 0 to {REF_MAX}"),
    })
}

fn read_frame(keys: Keys, ref_: Option<u64>) -> Result<ClientFrame, (ErrorCode, String)> {
    Ok(match string("op", keys.op)?.as_str() {
        "follow" => {
            let topic = read_topic(keys.topic)?;
            ClientFrame::Follow { topic, since: read_since(keys.since)?, ref_ }
        }
        "unfollow" => ClientFrame::Unfollow { topic: read_topic(keys.topic)?, ref_ },
        "get" => ClientFrame::Get { leg: read_leg(keys.leg)?, ref_ },
        "auth" => ClientFrame::Auth { token: AuthToken(string("token", keys.token)?), ref_ },
        "pong" => ClientFrame::Pong,
        other => {
            let message = format!("op: {} is none of {}", quoted(other), ClientFrame::OPS.join(", "));
            return Err((ErrorCode::UnknownOp, message));
        }
    })
}

fn read_topic(value: Option<Value>) -> Result<Topic, (ErrorCode, String)> {
    let text = string("topic", value)?;
    Topic::parse(&text).ok_or_else(|| {
        let rule =
            "is not flight/{leg}, board/{IATA}/departures, board/{IATA}/arrivals, airline/{code} or all";
        (ErrorCode::UnknownTopic, format!("topic: {} {rule}", quoted(&text)))
    })
}

fn read_leg(value: Option<Value>) -> Result<LegId, (ErrorCode, String)> {
    let text = string("leg", value)?;
    LegId::known(&text).ok_or_else(|| {
        (ErrorCode::UnknownLeg, format!("leg: {} is not an identifier of a flight", quoted(&text)))
    })
}

fn read_since(value: Option<Value>) -> Result<Option<DateTime<Utc>>, (ErrorCode, String)> {
    let Some(value) = value else { return Ok(None) };
    let bad = |what: String| {
        (
            ErrorCode::BadSince,
            format!("since: {what} is not an RFC 3339 instant such as 2013-02-08T21:04:11Z"),
        )
    };
    let Value::String(text) = value else { return Err(bad(sort_of(&value).to_owned())) };
    let at = DateTime::parse_from_rfc3339(&text).map_err(|_| bad(quoted(&text)))?;
    Ok(Some(at.to_utc()))
}

fn string(key: &str, value: Option<Value>) -> Result<String, (ErrorCode, String)> {
    match value {
        Some(Value::String(text)) => Ok(text),
        Some(other) => {
            Err((ErrorCode::BadFrame, format!("{key}: must be a string, not {}", sort_of(&other))))
        }
        None => Err((ErrorCode::BadFrame, format!("{key}: is missing"))),
    }
}

fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A client's text in an error message, truncated to limit what the hub sends.
fn quoted(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 40;
    let mut shown: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

fn text<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    Text(value).serialize(serializer)
}

fn instant<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(Millis).serialize(serializer)
}
