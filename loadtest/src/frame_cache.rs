//! Parses text frames of the hub. Each distinct frame is parsed once, however many sockets receive it.

use crate::checker::{UNREADABLE, Violations, WRONG};
use crate::expected_state::ExpectedStates;
use crate::limits::{DISTINCT_BYTES_MAX, DISTINCT_FRAMES_MAX};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::rc::Rc;

/// A text frame from the hub. Flights are numbers: their index in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerFrame {
    /// The first frame of a connection.
    Hello {
        /// Revisions and `since` are comparable only within it.
        epoch: String,
        /// The hub's operational time when it was sent.
        now: String,
        /// The speed of that clock, in thousandths of real time.
        speed_milli: i64,
    },
    /// All or part of a topic.
    Snapshot {
        /// Which topic.
        topic: String,
        /// Only what changed since the client's position.
        partial: bool,
        /// Known flights with their revisions.
        flights: Vec<(u32, u32)>,
        /// The number of other flights.
        foreign: u32,
    },
    /// One flight changed by one revision.
    Change {
        /// The flight.
        leg: u32,
        /// Its new revision.
        rev: u32,
        /// The report that caused it, if it is one of this run.
        marker: Option<u32>,
    },
    /// A whole flight.
    State {
        /// The flight.
        leg: u32,
        /// Its revision.
        rev: u32,
        /// The report that wrote its remark, if it is one of this run.
        marker: Option<u32>,
    },
    /// A heartbeat, to be answered with a pong.
    Ping,
    /// A frame about a flight outside the run, or of a type that the checks do not need.
    Ignored,
    /// An error, or not a frame.
    Wrong(String),
}

/// A marker in a remark: `LT000000042` and padding.
const MARKER_PREFIX: &str = "LT";
const MARKER_DIGITS: usize = 9;

/// A remark with `marker`, at least `len` bytes long.
pub fn remark(marker: u32, len: usize) -> String {
    let mut text = format!("{MARKER_PREFIX}{marker:09}");
    while text.len() < len {
        text.push('.');
    }
    text
}

/// The marker in a remark.
fn marker(remark: Option<&Value>) -> Option<u32> {
    remark?.as_str()?.strip_prefix(MARKER_PREFIX)?.get(..MARKER_DIGITS)?.parse().ok()
}

/// Parsed frames and the states of flights.
#[derive(Default)]
pub struct FrameCache {
    legs: FxHashMap<String, u32>,
    pictures: Vec<ExpectedStates>,
    /// Recent frames, and the generation before them, which is dropped as a whole.
    recent: FxHashMap<Box<[u8]>, Rc<ServerFrame>>,
    older: FxHashMap<Box<[u8]>, Rc<ServerFrame>>,
    recent_bytes: usize,
    /// The newest `changed_at` in any frame: the `since` for a reconnect.
    pub newest_changed_at: Option<String>,
}

impl FrameCache {
    /// A cache for frames about these flights, numbered in their order.
    pub fn new<'a>(legs: impl Iterator<Item = &'a str>) -> Self {
        let legs: FxHashMap<_, _> = legs.zip(0..).map(|(leg, number)| (leg.to_owned(), number)).collect();
        let pictures = legs.iter().map(|_| ExpectedStates::default()).collect();
        Self { legs, pictures, ..Self::default() }
    }

    /// The number of a flight.
    pub fn number(&self, leg: &str) -> Option<u32> {
        self.legs.get(leg).copied()
    }

    /// Parses a frame. Adds a violation for wrong states and unreadable frames at their first occurrence.
    pub fn read(&mut self, payload: &[u8], violations: &mut Violations) -> Rc<ServerFrame> {
        if let Some(meaning) = self.recent.get(payload) {
            return Rc::clone(meaning);
        }
        let meaning = match self.older.remove(payload) {
            Some(meaning) => meaning,
            None => Rc::new(self.parse(payload, violations)),
        };
        if self.recent.len() >= DISTINCT_FRAMES_MAX || self.recent_bytes >= DISTINCT_BYTES_MAX {
            self.older = std::mem::take(&mut self.recent);
            self.recent_bytes = 0;
        }
        self.recent_bytes += payload.len();
        self.recent.insert(payload.into(), Rc::clone(&meaning));
        meaning
    }

    /// Compares a flight from REST with the state from frames at the same revision.
    pub fn compare(&mut self, leg: u32, flight: &Value, violations: &mut Violations) {
        self.whole(leg, flight, violations);
    }

    /// Whether frames have led to the state of `leg` at `rev`.
    pub fn knows(&self, leg: u32, rev: u32) -> bool {
        self.pictures.get(leg as usize).is_some_and(|p| p.at(rev).is_some())
    }

    fn parse(&mut self, payload: &[u8], violations: &mut Violations) -> ServerFrame {
        let Ok(frame) = serde_json::from_slice::<Value>(payload) else {
            return wrong("not JSON", payload, violations);
        };
        let text = |key: &str| frame.get(key).and_then(Value::as_str);
        match text("type") {
            Some("ping") => ServerFrame::Ping,
            Some("hello") => ServerFrame::Hello {
                epoch: text("epoch").unwrap_or_default().to_owned(),
                now: frame.pointer("/clock/now").and_then(Value::as_str).unwrap_or_default().to_owned(),
                speed_milli: (frame.pointer("/clock/speed").and_then(Value::as_f64).unwrap_or(1.0) * 1000.0)
                    as i64,
            },
            Some("snapshot") => self.snapshot(&frame, payload, violations),
            Some("change") => self.change(&frame, payload, violations),
            Some("state") => self.state(&frame, payload, violations),
            Some("error") => wrong("an error", payload, violations),
            // The protocol asks clients to ignore types that they do not know.
            Some(_) => ServerFrame::Ignored,
            None => wrong("no type", payload, violations),
        }
    }

    fn snapshot(&mut self, frame: &Value, payload: &[u8], violations: &mut Violations) -> ServerFrame {
        let (Some(topic), Some(partial), Some(list)) = (
            frame.get("topic").and_then(Value::as_str),
            frame.get("partial").and_then(Value::as_bool),
            frame.get("flights").and_then(Value::as_array),
        ) else {
            return wrong("a snapshot without topic, partial or flights", payload, violations);
        };
        let (mut flights, mut foreign) = (Vec::new(), 0);
        for flight in list {
            match self.flight(flight) {
                Some((leg, rev)) => {
                    self.whole(leg, flight, violations);
                    flights.push((leg, rev));
                }
                None => foreign += 1,
            }
        }
        ServerFrame::Snapshot { topic: topic.to_owned(), partial, flights, foreign }
    }

    fn change(&mut self, frame: &Value, payload: &[u8], violations: &mut Violations) -> ServerFrame {
        let (Some(_), Some(_), Some(set), Some(at)) = (
            frame.get("leg").and_then(Value::as_str),
            frame.get("rev").and_then(Value::as_u64),
            frame.get("set").and_then(Value::as_object),
            frame.get("at"),
        ) else {
            return wrong("a change without leg, rev, set or at", payload, violations);
        };
        let Some((leg, rev)) = self.flight(frame) else { return ServerFrame::Ignored };
        self.note_changed_at(at);
        if let Some(Err(why)) = self.pictures.get_mut(leg as usize).map(|p| p.change(rev, at, set)) {
            violations.add(WRONG, || format!("flight {leg} at revision {rev}: {why}"));
        }
        ServerFrame::Change { leg, rev, marker: marker(set.get("remark")) }
    }

    fn state(&mut self, frame: &Value, payload: &[u8], violations: &mut Violations) -> ServerFrame {
        let Some(flight) = frame.get("flight").filter(|f| f.get("leg").is_some() && f.get("rev").is_some())
        else {
            return wrong("a state without a flight", payload, violations);
        };
        let Some((leg, rev)) = self.flight(flight) else { return ServerFrame::Ignored };
        self.whole(leg, flight, violations);
        ServerFrame::State { leg, rev, marker: marker(flight.get("remark")) }
    }

    /// Number and revision of a known flight.
    fn flight(&self, flight: &Value) -> Option<(u32, u32)> {
        let leg = self.number(flight.get("leg")?.as_str()?)?;
        Some((leg, flight.get("rev")?.as_u64()?.try_into().ok()?))
    }

    fn whole(&mut self, leg: u32, flight: &Value, violations: &mut Violations) {
        if let Some(at) = flight.get("changed_at") {
            self.note_changed_at(at);
        }
        let rev = flight.get("rev").and_then(Value::as_u64).unwrap_or_default() as u32;
        if let Some(Err(why)) = self.pictures.get_mut(leg as usize).map(|p| p.whole(rev, flight)) {
            violations.add(WRONG, || format!("flight {leg} at revision {rev}: {why}"));
        }
    }

    fn note_changed_at(&mut self, at: &Value) {
        // RFC 3339 in UTC with whole seconds: text order is time order.
        if let Some(at) = at.as_str().filter(|at| self.newest_changed_at.as_deref() < Some(at)) {
            self.newest_changed_at = Some(at.to_owned());
        }
    }
}

fn wrong(why: &str, payload: &[u8], violations: &mut Violations) -> ServerFrame {
    let told = format!("{why}: {}", crate::http::excerpt(payload));
    violations.add(UNREADABLE, || told.clone());
    ServerFrame::Wrong(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> FrameCache {
        FrameCache::new(["X0-1", "X0-2"].into_iter())
    }

    #[test]
    fn frames_are_parsed_as_in_the_protocol() {
        let (mut frames, mut violations) = (frames(), Violations::default());
        let mut read = |text: String| frames.read(text.as_bytes(), &mut violations);
        let change = format!(
            r#"{{"type":"change","leg":"X0-2","rev":7,"at":"t","kinds":["remark"],"set":{{"remark":"{}"}}}}"#,
            remark(42, 60)
        );
        assert_eq!(*read(change), ServerFrame::Change { leg: 1, rev: 7, marker: Some(42) });
        let state = r#"{"type":"state","flight":{"leg":"X0-1","rev":3,"remark":null}}"#.to_owned();
        assert_eq!(*read(state), ServerFrame::State { leg: 0, rev: 3, marker: None });
        let other = r#"{"type":"change","leg":"ZZ-9","rev":7,"at":"t","kinds":[],"set":{}}"#.to_owned();
        assert_eq!(*read(other), ServerFrame::Ignored);
        assert_eq!(*read(r#"{"type":"ping"}"#.to_owned()), ServerFrame::Ping);
        assert_eq!(violations.total(), 0);
    }

    #[test]
    fn frames_of_unknown_types_are_ignored() {
        let (mut frames, mut violations) = (frames(), Violations::default());
        for frame in [r#"{"type":"weather","wind":12}"#, r#"{"type":"gone","leg":"X0-1","topic":"all"}"#] {
            assert_eq!(*frames.read(frame.as_bytes(), &mut violations), ServerFrame::Ignored);
        }
        assert_eq!(violations.total(), 0);
    }

    #[test]
    fn an_error_or_a_text_without_a_type_is_one_violation() {
        let (mut frames, mut violations) = (frames(), Violations::default());
        for _ in 0..3 {
            frames.read(
                br#"{"type":"error","ref":null,"code":"unknown_topic","message":"x"}"#,
                &mut violations,
            );
        }
        assert_eq!(violations.counts.get(UNREADABLE), Some(&1));
        for (count, text) in [(2, "nonsense"), (3, "{}"), (4, r#"{"type":7}"#)] {
            frames.read(text.as_bytes(), &mut violations);
            assert_eq!(violations.counts.get(UNREADABLE), Some(&count), "{text}");
        }
    }

    #[test]
    fn a_wrong_last_picture_over_rest_is_caught() {
        let (mut frames, mut violations) = (frames(), Violations::default());
        let state = br#"{"type":"state","flight":{"leg":"X0-1","rev":3,"remark":"a"}}"#;
        frames.read(state, &mut violations);
        let right: Value = serde_json::from_str(r#"{"leg":"X0-1","rev":3,"remark":"a"}"#).unwrap();
        let wrong: Value = serde_json::from_str(r#"{"leg":"X0-1","rev":3,"remark":"b"}"#).unwrap();
        frames.compare(0, &right, &mut violations);
        assert_eq!(violations.total(), 0);
        frames.compare(0, &wrong, &mut violations);
        assert_eq!(violations.counts.get(WRONG), Some(&1));
    }

    #[test]
    fn remembered_frames_stay_bounded() {
        let (mut frames, mut violations) = (frames(), Violations::default());
        for rev in 0..3 * DISTINCT_FRAMES_MAX {
            let frame =
                format!(r#"{{"type":"change","leg":"ZZ","rev":{rev},"at":"t","kinds":[],"set":{{}}}}"#);
            frames.read(frame.as_bytes(), &mut violations);
        }
        assert!(frames.recent.len() + frames.older.len() <= 2 * DISTINCT_FRAMES_MAX);
    }
}
