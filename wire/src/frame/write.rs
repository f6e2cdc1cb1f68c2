//! Writers of the hub's frames; see [`super::server`].

use super::server::ErrorCode;
use crate::flight::{Fields, Flights};
use crate::instant::{Millis, Seconds};
use bytes::{BufMut, Bytes, BytesMut};
use chrono::{DateTime, Utc};
use domain::change::{Change, Kinds};
use domain::codes::Iata;
use domain::leg::LegId;
use domain::ports::PastChange;
use domain::topic::Topic;
use domain::view::Fact;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// The operational clock as frames carry it.
#[derive(Serialize)]
struct Clock {
    now: Millis,
    speed: f64,
}

/// The first frame of a connection. `now` is the operational time, `speed` its seconds per real second,
/// `ping_s` the interval of heartbeats.
pub fn hello(epoch: &str, now: DateTime<Utc>, speed: f64, ping_s: u32) -> Bytes {
    #[derive(Serialize)]
    struct Hello<'a> {
        r#type: &'static str,
        epoch: &'a str,
        clock: Clock,
        ping_s: u32,
    }
    let clock = Clock { now: Millis(now), speed };
    json(128, &Hello { r#type: "hello", epoch, clock, ping_s })
}

/// The flights of a topic; `rows` are objects of [`crate::flight::flight_json`].
pub fn snapshot<'a>(topic: &Topic, partial: bool, rows: impl Iterator<Item = &'a [u8]>) -> Bytes {
    let rows: Vec<&[u8]> = rows.collect();
    // A topic's text has letters, digits, `-` and `/`, so JSON needs no escapes.
    let head = format!("{{\"type\":\"snapshot\",\"topic\":\"{topic}\",\"partial\":{partial},\"flights\":");
    Bytes::from(around_rows(head.as_bytes(), &rows, b"}"))
}

/// One flight changed by one revision. It names no topic, so every receiver gets the same bytes.
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

/// The same frame from a logged change, with the same bytes on every node. The archive's mark of a hidden
/// leg is not a kind, and is left out.
pub fn past_change(leg: &LegId, past: &PastChange) -> Bytes {
    #[derive(Serialize)]
    struct Frame<'a> {
        r#type: &'static str,
        leg: &'a str,
        rev: u64,
        at: Millis,
        kinds: Vec<&'a str>,
    }
    let kinds = past.kinds.iter().map(String::as_str).filter(|kind| *kind != PastChange::HIDDEN).collect();
    let head = Frame { r#type: "change", leg: leg.as_str(), rev: past.rev, at: Millis(past.at), kinds };
    let mut frame = Vec::with_capacity(160 + past.set_json.len());
    // Writing strings, numbers and fixed keys to memory cannot fail.
    let _ = serde_json::to_writer(&mut frame, &head);
    frame.pop();
    frame.extend_from_slice(b",\"set\":");
    frame.extend_from_slice(past.set_json.as_bytes());
    frame.push(b'}');
    frame.into()
}

/// Whether the hub receives changes; if not, since which operational time.
pub fn upstream(away_since: Option<DateTime<Utc>>) -> Bytes {
    #[derive(Serialize)]
    struct Frame {
        r#type: &'static str,
        current: bool,
        since: Option<Millis>,
    }
    json(80, &Frame { r#type: "upstream", current: away_since.is_none(), since: away_since.map(Millis) })
}

/// One whole flight, from its encoded object.
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
    // Neither contains anything that JSON would escape.
    Bytes::from(format!("{{\"type\":\"gone\",\"leg\":\"{leg}\",\"topic\":\"{topic}\"}}"))
}

/// Whether a source is silent, and since which operational time.
pub fn source(feed: &str, airport: Option<Iata>, since: Option<DateTime<Utc>>) -> Bytes {
    #[derive(Serialize)]
    struct Frame<'a> {
        r#type: &'static str,
        feed: &'a str,
        airport: Option<&'a str>,
        since: Option<Millis>,
    }
    let airport = airport.as_ref().map(Iata::as_str);
    json(96, &Frame { r#type: "source", feed, airport, since: since.map(Millis) })
}

/// A heartbeat. `now` and `speed` as in [`hello`].
pub fn ping(now: DateTime<Utc>, speed: f64) -> Bytes {
    #[derive(Serialize)]
    struct Frame {
        r#type: &'static str,
        clock: Clock,
    }
    json(80, &Frame { r#type: "ping", clock: Clock { now: Millis(now), speed } })
}

/// A client's frame was refused. `ref_` is the `ref` of that frame.
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
    // Writing strings, numbers and fixed keys to memory cannot fail.
    let _ = serde_json::to_writer(&mut json, frame);
    json.into()
}

/// `head`, the rows as a JSON array, then `tail`, in a buffer of exactly that size.
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

/// Kinds as a list of names.
pub(crate) struct KindWords(pub Kinds);

impl Serialize for KindWords {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|kind| kind.as_str()))
    }
}

/// Facts as a flat object, by dotted path.
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
                Fact::Flag(flag) => map.serialize_entry(path, flag)?,
                Fact::Fields(fields) => map.serialize_entry(path, &Fields(*fields))?,
                Fact::Codeshares(flights) => map.serialize_entry(path, &Flights(flights))?,
            }
        }
        map.end()
    }
}
