//! What the hub says: JSON objects whose first key is `type`.
//!
//! The functions write a frame's payload once, ready to be framed ([`crate::websocket`]) and
//! shared by every listener. [`ServerFrame`] is the same for those who read: the load tester,
//! tests, and the TypeScript types. A test proves that the two agree.

use crate::flight::{FlightBody, Flights};
use crate::instant::{Millis, Seconds};
use crate::word::ChangeKind;
use bytes::{BufMut, Bytes, BytesMut};
use chrono::{DateTime, Utc};
use domain::change::{Change, Kinds};
use domain::leg::LegId;
use domain::topic::Topic;
use domain::view::Fact;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
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
    /// Something the client sent was refused.
    Error(ErrorFrame),
    /// Still there? To be answered with `pong`.
    Ping,
}

impl ServerFrame {
    /// Every `type`, in the order of the enum.
    pub const TYPES: [&'static str; 7] = ["hello", "snapshot", "change", "state", "gone", "error", "ping"];

    /// The word in `type`.
    pub fn type_(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Snapshot(_) => "snapshot",
            Self::Change(_) => "change",
            Self::State(_) => "state",
            Self::Gone(_) => "gone",
            Self::Error(_) => "error",
            Self::Ping => "ping",
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

/// One flight as a whole: the answer to `get`, and what a slow reader gets instead of changes.
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

/// The first frame of a connection. `now` is the operational clock's instant, `speed` how many of
/// its seconds pass in a real one, `ping_s` how often the hub pings.
pub fn hello(epoch: &str, now: DateTime<Utc>, speed: f64, ping_s: u32) -> Bytes {
    #[derive(Serialize)]
    struct Hello<'a> {
        r#type: &'static str,
        epoch: &'a str,
        clock: Clock,
        ping_s: u32,
    }
    #[derive(Serialize)]
    struct Clock {
        now: Millis,
        speed: f64,
    }
    let clock = Clock { now: Millis(now), speed };
    json(128, &Hello { r#type: "hello", epoch, clock, ping_s })
}

/// The flights of a topic; `rows` are ready-made objects of [`crate::flight::flight_json`].
pub fn snapshot<'a>(topic: &Topic, partial: bool, rows: impl Iterator<Item = &'a [u8]>) -> Bytes {
    let rows: Vec<&[u8]> = rows.collect();
    // A topic's text is made of letters, digits, `-` and `/`: nothing that JSON would escape.
    let head = format!("{{\"type\":\"snapshot\",\"topic\":\"{topic}\",\"partial\":{partial},\"flights\":");
    Bytes::from(around_rows(head.as_bytes(), &rows, b"}"))
}

/// One revision of a flight to the next. The same bytes for every listener: it names no topic.
pub fn change(change: &Change) -> Bytes {
    #[derive(Serialize)]
    struct Frame<'a> {
        r#type: &'static str,
        leg: &'a str,
        rev: u64,
        at: Millis,
        kinds: KindWords,
        set: FactMap<'a>,
    }
    let frame = Frame {
        r#type: "change",
        leg: change.leg.as_str(),
        rev: change.rev,
        at: Millis(change.at),
        kinds: KindWords(change.kinds),
        set: FactMap(&change.differing()),
    };
    json(256, &frame)
}

/// One flight as a whole, from its ready-made object.
pub fn state(flight_json: &[u8]) -> Bytes {
    const HEAD: &[u8] = b"{\"type\":\"state\",\"flight\":";
    let mut frame = BytesMut::with_capacity(HEAD.len() + flight_json.len() + 1);
    frame.put_slice(HEAD);
    frame.put_slice(flight_json);
    frame.put_u8(b'}');
    frame.freeze()
}

/// A flight has left a topic.
pub fn gone(leg: &LegId, topic: &Topic) -> Bytes {
    // Neither can hold anything that JSON would escape.
    Bytes::from(format!("{{\"type\":\"gone\",\"leg\":\"{leg}\",\"topic\":\"{topic}\"}}"))
}

/// Still there?
pub fn ping() -> Bytes {
    Bytes::from_static(b"{\"type\":\"ping\"}")
}

/// A client's frame was refused. `ref_` is that frame's own `ref`.
pub fn error(ref_: Option<u64>, code: ErrorCode, message: &str) -> Bytes {
    #[derive(Serialize)]
    struct Frame<'a> {
        r#type: &'static str,
        r#ref: Option<u64>,
        code: ErrorCode,
        message: &'a str,
    }
    json(96 + message.len(), &Frame { r#type: "error", r#ref: ref_, code, message })
}

fn json(capacity: usize, frame: &impl Serialize) -> Bytes {
    let mut json = Vec::with_capacity(capacity);
    // Writing strings, numbers and fixed keys to memory has no way to fail.
    let _ = serde_json::to_writer(&mut json, frame);
    json.into()
}

/// `head`, then the rows as a JSON array, then `tail`, in a buffer of exactly that size.
pub(crate) fn around_rows(head: &[u8], rows: &[&[u8]], tail: &[u8]) -> Vec<u8> {
    let commas = rows.len().saturating_sub(1);
    let inner: usize = rows.iter().map(|row| row.len()).sum();
    let mut json = Vec::with_capacity(head.len() + 1 + inner + commas + 1 + tail.len());
    json.extend_from_slice(head);
    json.push(b'[');
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        json.extend_from_slice(row);
    }
    json.push(b']');
    json.extend_from_slice(tail);
    json
}

/// Kinds as a list of their words.
pub(crate) struct KindWords(pub Kinds);

impl Serialize for KindWords {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|kind| kind.as_str()))
    }
}

/// Facts as one flat object, by dotted path.
pub(crate) struct FactMap<'a>(pub &'a [(&'static str, Fact)]);

impl Serialize for FactMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (path, fact) in self.0 {
            match fact {
                Fact::None => map.serialize_entry(path, &())?,
                Fact::Text(text) => map.serialize_entry(path, &**text)?,
                Fact::Time(at) => map.serialize_entry(path, &Seconds(*at))?,
                Fact::Word(word) => map.serialize_entry(path, word)?,
                Fact::Airport(iata) => map.serialize_entry(path, iata.as_str())?,
                Fact::Codeshares(flights) => map.serialize_entry(path, &Flights(flights))?,
            }
        }
        map.end()
    }
}
