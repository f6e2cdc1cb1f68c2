//! What the hub says: JSON objects whose first key is `type`.
//!
//! The functions write a frame's payload once, ready to be framed ([`crate::websocket`]) and
//! shared by every listener. [`ServerFrame`] is the same for those who read: the load tester,
//! tests, and the TypeScript types. A test proves that the two agree.

pub use super::write::{change, error, gone, hello, past_change, ping, snapshot, source, state, upstream};

use crate::flight::FlightBody;
use crate::enums::ChangeKind;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use utoipa::ToSchema;

/// A frame from the hub. A client ignores types and keys it does not know.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The first frame of a connection.
    Hello(HelloFrame),
    /// The flights of a topic, all or those that changed.
    Snapshot(SnapshotFrame),
    /// One flight went from one revision to the next.
    Change(ChangeFrame),
    /// One flight as a whole.
    State(Box<StateFrame>),
    /// A flight has left a topic.
    Gone(GoneFrame),
    /// Whether the hub hears of changes at present.
    Upstream(UpstreamFrame),
    /// Whether one source of facts is heard at present.
    Source(SourceFrame),
    /// Something the client sent was refused.
    Error(ErrorFrame),
    /// Still there? To be answered with `pong`.
    Ping(PingFrame),
}

impl ServerFrame {
    /// Every `type`, in the order of the enum.
    pub const TYPES: [&'static str; 9] =
        ["hello", "snapshot", "change", "state", "gone", "upstream", "source", "error", "ping"];

    /// The word in `type`.
    pub fn type_(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Snapshot(_) => "snapshot",
            Self::Change(_) => "change",
            Self::State(_) => "state",
            Self::Gone(_) => "gone",
            Self::Upstream(_) => "upstream",
            Self::Source(_) => "source",
            Self::Error(_) => "error",
            Self::Ping(_) => "ping",
        }
    }
}

/// The hub introduces itself.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct HelloFrame {
    /// Names this life of the hub's data. `since` is only good within the same epoch.
    pub epoch: String,
    /// The operational clock.
    pub clock: ClockBody,
    /// The hub pings this often, in real seconds.
    pub ping_s: u32,
}

/// The operational clock: what time it is for flights, and how fast it runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(rename = "ClockFrame")]
#[schema(as = Clock)]
pub struct ClockBody {
    /// The operational clock's instant as this was sent.
    #[ts(type = "string")]
    pub now: DateTime<Utc>,
    /// Operational seconds in one real second: 1 unless a day is replayed.
    pub speed: f64,
}

/// The flights of a topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct SnapshotFrame {
    /// The topic as the hub writes it.
    pub topic: String,
    /// `false`: these are all, and whatever else the client holds of the topic has left it.
    /// `true`: these changed since the client's `since`; the rest stays.
    pub partial: bool,
    /// The flights, on a board by scheduled time.
    pub flights: Vec<FlightBody>,
}

/// From one revision of a flight to the next.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct ChangeFrame {
    /// Which flight.
    pub leg: String,
    /// The revision after this change.
    #[ts(type = "number")]
    pub rev: u64,
    /// When; becomes the flight's `changed_at`.
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
    /// What sort of change. May be of several kinds.
    pub kinds: Vec<ChangeKind>,
    /// Dotted paths into the flight's object with their new values, `null` where one was taken away.
    #[ts(type = "{ [path: string]: unknown }")]
    #[schema(value_type = Object)]
    pub set: BTreeMap<String, serde_json::Value>,
}

/// One flight as a whole: the answer to `get`, a flight that is new, and what a slow reader gets
/// instead of changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct StateFrame {
    /// The flight.
    pub flight: FlightBody,
}

/// A flight has left a topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct GoneFrame {
    /// Which flight.
    pub leg: String,
    /// Which topic.
    pub topic: String,
}

/// Whether the hub hears of changes at present. Told when that changes, and after `hello` where it
/// does not. Without one it does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct UpstreamFrame {
    /// `false`: what is shown was true at `since`, and may have changed.
    pub current: bool,
    /// The operational clock's instant at which the hub last heard; `null` where it is current.
    #[ts(type = "string | null")]
    pub since: Option<DateTime<Utc>>,
}

/// Whether one source of facts, the feed of an airport for one, is heard at present. Sent when a source
/// falls silent, after `hello` while it is, and when it is heard again. Without one it is heard.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct SourceFrame {
    /// The feed's name in the hub's configuration.
    pub feed: String,
    /// The airport it speaks for, IATA; `null` where it speaks for no airport in particular.
    pub airport: Option<String>,
    /// The operational clock's instant at which it was last heard: what it said may have changed since.
    /// `null`: it is heard.
    #[ts(type = "string | null")]
    pub since: Option<DateTime<Utc>>,
}

/// Still there?
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct PingFrame {
    /// The operational clock. Absent in pings of older hubs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub clock: Option<ClockBody>,
}

/// Something the client sent was refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct ErrorFrame {
    /// The `ref` of the frame that was refused, if it had one.
    #[ts(type = "number | null")]
    pub r#ref: Option<u64>,
    /// For programs.
    pub code: ErrorCode,
    /// For people: names the key and what is wrong with it.
    pub message: String,
}

/// Why a client's frame was refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON, not an object, or a key is missing or of the wrong sort.
    BadFrame,
    /// No such `op`.
    UnknownOp,
    /// No such topic.
    UnknownTopic,
    /// No such flight, or no longer.
    UnknownLeg,
    /// `since` is no instant, or lies in the future.
    BadSince,
    /// The connection follows as many topics as it may.
    TooManyTopics,
    /// The token is not good, or not good enough for what was asked.
    Unauthorized,
    /// Too many frames in too short a time; this one was not acted upon.
    RateLimited,
    /// The topic holds more flights than one snapshot may.
    SnapshotTooLarge,
}

impl ErrorCode {
    /// Every code with its word.
    pub const WORDS: [(ErrorCode, &'static str); 9] = [
        (ErrorCode::BadFrame, "bad_frame"),
        (ErrorCode::UnknownOp, "unknown_op"),
        (ErrorCode::UnknownTopic, "unknown_topic"),
        (ErrorCode::UnknownLeg, "unknown_leg"),
        (ErrorCode::BadSince, "bad_since"),
        (ErrorCode::TooManyTopics, "too_many_topics"),
        (ErrorCode::Unauthorized, "unauthorized"),
        (ErrorCode::RateLimited, "rate_limited"),
        (ErrorCode::SnapshotTooLarge, "snapshot_too_large"),
    ];

    /// The word in `code`.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }
}
