//! Frames from the hub: JSON objects whose first key is `type`.
//!
//! The functions write a frame's payload once; [`crate::websocket`] frames it, and all receivers share it.
//! [`ServerFrame`] is the type for readers: tests, TypeScript types, OpenAPI. A test checks that both
//! agree.

pub use super::write::{change, error, gone, hello, past_change, ping, snapshot, source, state, upstream};

use crate::enums::ChangeKind;
use crate::flight::FlightBody;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use utoipa::ToSchema;

/// A frame from the hub. Clients ignore types and keys that they do not know.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The first frame of a connection.
    Hello(HelloFrame),
    /// The flights of a topic, all or those that changed.
    Snapshot(SnapshotFrame),
    /// One flight changed by one revision.
    Change(ChangeFrame),
    /// One whole flight.
    State(Box<StateFrame>),
    /// A flight has left a topic.
    Gone(GoneFrame),
    /// Whether the hub receives changes.
    Upstream(UpstreamFrame),
    /// Whether a source is silent.
    Source(SourceFrame),
    /// A client's frame was refused.
    Error(ErrorFrame),
    /// A heartbeat. The client answers with `pong`.
    Ping(PingFrame),
}

impl ServerFrame {
    /// Every `type`, in the order of the enum.
    pub const TYPES: [&'static str; 9] =
        ["hello", "snapshot", "change", "state", "gone", "upstream", "source", "error", "ping"];

    /// The value of `type`.
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

/// The first frame of a connection.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct HelloFrame {
    /// The epoch of the hub's data. `since` is valid only within the same epoch.
    pub epoch: String,
    /// The operational clock.
    pub clock: ClockBody,
    /// The hub pings this often, in real seconds.
    pub ping_s: u32,
}

/// The operational clock: current time and speed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(rename = "ClockFrame")]
#[schema(as = Clock)]
pub struct ClockBody {
    /// The operational time when this was sent.
    #[ts(type = "string")]
    pub now: DateTime<Utc>,
    /// Operational seconds per real second: 1 unless a day is replayed.
    pub speed: f64,
}

/// The flights of a topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct SnapshotFrame {
    /// The topic as the hub writes it.
    pub topic: String,
    /// `false`: these are all flights of the topic, and the client drops others. `true`: these changed
    /// since the client's `since`, and the others stay.
    pub partial: bool,
    /// The flights, on a board by scheduled time.
    pub flights: Vec<FlightBody>,
}

/// One flight changed by one revision.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct ChangeFrame {
    /// The leg.
    pub leg: String,
    /// The revision after this change.
    #[ts(type = "number")]
    pub rev: u64,
    /// When. Becomes the flight's `changed_at`.
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
    /// The kinds of the change, one or several.
    pub kinds: Vec<ChangeKind>,
    /// Dotted paths into the flight's object with their new values, `null` for a removed one.
    #[ts(type = "{ [path: string]: unknown }")]
    #[schema(value_type = Object)]
    pub set: BTreeMap<String, serde_json::Value>,
}

/// One whole flight: the answer to `get`, a new flight, or what a slow client gets instead of changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct StateFrame {
    /// The flight.
    pub flight: FlightBody,
}

/// A flight has left a topic.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct GoneFrame {
    /// The leg.
    pub leg: String,
    /// The topic.
    pub topic: String,
}

/// Whether the hub receives changes. Sent when that changes, and after `hello` if it receives none. Without
/// this frame it does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct UpstreamFrame {
    /// `false`: the shown data was true at `since` and may have changed.
    pub current: bool,
    /// The operational time at which the hub last received changes; `null` if it is current.
    #[ts(type = "string | null")]
    pub since: Option<DateTime<Utc>>,
}

/// Whether a source, such as an airport's feed, is silent. Sent when a source becomes silent, after `hello`
/// while it is, and when it is received again. Without this frame it is not silent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct SourceFrame {
    /// The feed's name in the hub's configuration.
    pub feed: String,
    /// The airport that it speaks for, IATA; `null` for no particular airport.
    pub airport: Option<String>,
    /// The operational time at which it was last received: its facts may have changed since. `null`: it is
    /// not silent.
    #[ts(type = "string | null")]
    pub since: Option<DateTime<Utc>>,
}

/// A heartbeat.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct PingFrame {
    /// The operational clock. Absent in pings of older hubs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub clock: Option<ClockBody>,
}

/// A client's frame was refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct ErrorFrame {
    /// The `ref` of the refused frame, if it had one.
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
    /// Not JSON, not an object, or a key is missing or has the wrong type.
    BadFrame,
    /// No such `op`.
    UnknownOp,
    /// No such topic.
    UnknownTopic,
    /// No such flight, or no longer live.
    UnknownLeg,
    /// `since` is not an instant, or lies in the future.
    BadSince,
    /// The connection has reached its limit of topics.
    TooManyTopics,
    /// The token is invalid or does not allow the request.
    Unauthorized,
    /// Too many frames in too short a time. This one was ignored.
    RateLimited,
    /// The topic has more flights than one snapshot may.
    SnapshotTooLarge,
}

impl ErrorCode {
    /// Every code with its name.
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

    /// The value of `code`.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }
}
