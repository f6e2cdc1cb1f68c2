//! Bodies of the REST interface under `/api/v1`.

use crate::enums::ChangeKind;
pub use crate::flight::FlightBody;
pub use crate::frame::server::ClockBody;
use crate::frame::write::around_rows;
use crate::instant::Millis;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::codes;
use domain::ports::PastChange;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use utoipa::ToSchema;

/// The side of a board.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Flights that leave.
    Departures,
    /// Flights that arrive.
    Arrivals,
}

impl From<codes::Direction> for Direction {
    fn from(direction: codes::Direction) -> Self {
        match direction {
            codes::Direction::Departures => Self::Departures,
            codes::Direction::Arrivals => Self::Arrivals,
        }
    }
}

/// An airport's names and time zone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct BoardAirport {
    /// IATA code.
    #[schema(example = "JFK")]
    pub iata: String,
    /// Name.
    pub name: String,
    /// The city.
    pub city: String,
    /// ISO 3166 country code, two letters.
    pub country: String,
    /// IANA time zone.
    #[schema(example = "America/New_York")]
    pub zone: String,
}

/// `GET boards/{IATA}/{departures|arrivals}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct BoardBody {
    /// The airport.
    pub airport: BoardAirport,
    /// The side.
    pub direction: Direction,
    /// The operational time at which this was true: now, or the last time at which the hub received changes
    /// if it receives none at present.
    #[ts(type = "string")]
    pub as_of: DateTime<Utc>,
    /// Silent sources that speak for this airport or for no particular one. Their facts may have changed
    /// since.
    #[serde(default)]
    pub silent_sources: Vec<SilentSource>,
    /// By scheduled time.
    pub flights: Vec<FlightBody>,
}

/// A source whose facts have not been confirmed since an instant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct SilentSource {
    /// The feed's name in the hub's configuration.
    #[schema(example = "lga")]
    pub feed: String,
    /// The airport that it speaks for, IATA; `null` for no particular airport.
    #[schema(example = "LGA")]
    pub airport: Option<String>,
    /// When it was last received, by the operational clock.
    #[ts(type = "string")]
    pub since: DateTime<Utc>,
}

/// The age of the shown data, for the writers of bodies.
#[derive(Clone, Debug, Default)]
pub struct Age {
    /// The value of `as_of`.
    pub as_of: DateTime<Utc>,
    /// The value of `silent_sources`.
    pub silent_sources: Vec<SilentSource>,
}

/// `GET flights/{leg}`: the flight, and which sources of it are unconfirmed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FlightAnswer {
    /// The flight.
    #[serde(flatten)]
    pub flight: FlightBody,
    /// Silent sources that speak for one of the flight's airports or for no particular one. Absent if there
    /// are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent_sources: Vec<SilentSource>,
}

/// `GET flights`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct FlightsBody {
    /// As in a board.
    #[ts(type = "string")]
    pub as_of: DateTime<Utc>,
    /// All silent sources.
    #[serde(default)]
    pub silent_sources: Vec<SilentSource>,
    /// One page of flights.
    pub flights: Vec<FlightBody>,
    /// The `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}

/// `GET flights/{leg}/history`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct HistoryBody {
    /// The leg.
    pub leg: String,
    /// One page of its changes, oldest first.
    pub entries: Vec<HistoryEntry>,
    /// The `after` of the next page; `null` if these are the newest.
    #[ts(type = "number | null")]
    pub next: Option<u64>,
}

/// One change in a flight's history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct HistoryEntry {
    /// The revision after it.
    #[ts(type = "number")]
    pub rev: u64,
    /// When.
    #[ts(type = "string")]
    pub at: DateTime<Utc>,
    /// The kinds of the change.
    pub kinds: Vec<ChangeKind>,
    /// What changed, as in a `change` frame.
    #[ts(type = "{ [path: string]: unknown }")]
    #[schema(value_type = Object)]
    pub set: BTreeMap<String, serde_json::Value>,
    /// The source whose report caused it.
    pub source: Option<String>,
}

impl HistoryEntry {
    /// The entry of an archived change. Leaves out kinds unknown to this version, and a `set` that cannot
    /// be decoded.
    pub fn of(past: &PastChange) -> Self {
        let known = |word: &String| {
            let mut kinds = domain::change::ChangeKind::WORDS.iter();
            kinds.find(|(_, text)| text == word).map(|(kind, _)| ChangeKind(*kind))
        };
        Self {
            rev: past.rev,
            at: crate::instant::to_millis(past.at),
            kinds: past.kinds.iter().filter_map(known).collect(),
            set: serde_json::from_str(&past.set_json).unwrap_or_default(),
            source: Some(past.source.clone()),
        }
    }
}

/// `GET airports`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct AirportsBody {
    /// One page of airports.
    pub airports: Vec<AirportRow>,
    /// The `cursor` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub next: Option<String>,
}

/// One airport.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct AirportRow {
    /// IATA code.
    #[schema(example = "JFK")]
    pub iata: String,
    /// Name.
    pub name: String,
    /// The city.
    pub city: String,
    /// ISO 3166 country code, two letters.
    pub country: String,
    /// IANA time zone.
    #[schema(example = "America/New_York")]
    pub zone: String,
    /// Flights on both of its boards now.
    pub flights: u32,
}

/// `GET airlines`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct AirlinesBody {
    /// By code.
    pub airlines: Vec<AirlineRow>,
}

/// One airline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct AirlineRow {
    /// IATA designator, or ICAO if there is none.
    #[schema(example = "B6")]
    pub code: String,
    /// ICAO designator. Searches accept it as well.
    #[schema(example = "JBU")]
    pub icao: Option<String>,
    /// Name.
    pub name: String,
}

/// `GET feeds`: the health of every feed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct FeedsBody {
    /// By name.
    pub feeds: Vec<FeedRow>,
}

/// One feed's health.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct FeedRow {
    /// Name from the configuration.
    #[schema(example = "jfk")]
    pub feed: String,
    /// The airport that it speaks for, IATA.
    pub airport: Option<String>,
    /// Whether the source pushes or is polled.
    pub kind: FeedKind,
    /// The health.
    pub state: FeedState,
    /// When it was last received successfully, by the operational clock.
    #[ts(type = "string | null")]
    pub last_good_at: Option<DateTime<Utc>>,
    /// The last error; `null` if there is none at present.
    pub last_error: Option<String>,
    /// Operational seconds since it was last received successfully.
    #[ts(type = "number | null")]
    pub age_seconds: Option<u64>,
    /// Reports since the hub started, by outcome.
    pub reports: FeedReports,
    /// The flights it speaks for: `airport` (its airport's side of flights from and to it), the airlines
    /// `airline:XX`, or `all`.
    #[serde(default)]
    #[schema(example = "airport")]
    pub speaks_for: String,
    /// Live flights that it created.
    #[serde(default)]
    #[ts(type = "number")]
    pub flights: u64,
    /// The limit of these; `null` if the feed cannot create flights.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub flights_max: Option<u64>,
    /// Reports and values outside its scope since the hub started. They were archived and changed nothing.
    #[serde(default)]
    pub out_of_scope: Vec<OutOfScopeRow>,
}

/// Reports or values of a feed outside its scope.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct OutOfScopeRow {
    /// `other_airport`, `other_airline`, `too_long_ago` or `too_far_ahead` for whole reports,
    /// `other_side` for values of the other airport's side.
    #[schema(example = "other_side")]
    pub reason: String,
    /// The number.
    #[ts(type = "number")]
    pub count: u64,
}

/// How a feed's messages reach the hub.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedKind {
    /// The source pushes.
    Push,
    /// The hub polls.
    Pull,
}

/// The health of a feed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// Nothing received yet.
    Waiting,
    /// Received as expected.
    Good,
    /// Not received for longer than expected.
    Late,
    /// The last attempts failed.
    Failing,
    /// The airport refuses the hub; an operator must act.
    Refused,
}

/// Reports of a feed since the hub started, by outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS, ToSchema)]
pub struct FeedReports {
    /// They changed the shown state.
    #[ts(type = "number")]
    pub changed: u64,
    /// They contained nothing new.
    #[ts(type = "number")]
    pub unchanged: u64,
    /// They went to the node that owns their flight, which merges them; 0 with a single node.
    #[serde(default)]
    #[ts(type = "number")]
    pub queued: u64,
    /// They could not be used.
    #[ts(type = "number")]
    pub rejected: u64,
}

/// `POST feeds/{feed}/reports`, answered 202 once every accepted report is durable.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS, ToSchema)]
pub struct IngestBody {
    /// Accepted, durable reports: the sum of the next three.
    pub accepted: u32,
    /// Reports that changed the shown state.
    pub changed: u32,
    /// Reports that contained nothing new.
    pub unchanged: u32,
    /// Reports that the node that owns their flight will merge; 0 with a single node.
    #[serde(default)]
    pub queued: u32,
    /// Values of accepted reports outside the feed's scope, such as the other airport's gate. They are
    /// archived with the message and change nothing. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub left_out: Option<u32>,
    /// Refused reports with their reasons.
    pub rejected: Vec<RejectedReport>,
}

/// A refused report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct RejectedReport {
    /// The report in the message, counted from 0; `null` for the whole message.
    pub index: Option<u32>,
    /// The invalid field, if it is one.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// The keys of an [`Age`] in bodies.
#[derive(Serialize)]
struct AgeKeys<'a> {
    as_of: Millis,
    silent_sources: &'a [SilentSource],
}

impl<'a> AgeKeys<'a> {
    fn of(age: &'a Age) -> Self {
        Self { as_of: Millis(age.as_of), silent_sources: &age.silent_sources }
    }
}

/// An object's JSON without the closing brace, so that more keys can follow.
fn open_object(head: &impl Serialize) -> Vec<u8> {
    // Writing strings, numbers and fixed keys to memory cannot fail.
    let mut json = serde_json::to_vec(head).unwrap_or_default();
    json.pop();
    json
}

/// The bytes of a [`BoardBody`], assembled from objects of [`crate::flight::flight_json`] in a buffer of
/// exactly their size.
pub fn board_json<'a>(
    airport: &BoardAirport,
    direction: codes::Direction,
    age: &Age,
    rows: impl Iterator<Item = &'a [u8]>,
) -> Vec<u8> {
    #[derive(Serialize)]
    struct Head<'a> {
        airport: &'a BoardAirport,
        direction: &'static str,
        #[serde(flatten)]
        age: AgeKeys<'a>,
    }
    let head = Head { airport, direction: direction.as_str(), age: AgeKeys::of(age) };
    let mut json = open_object(&head);
    json.extend_from_slice(b",\"flights\":");
    around_rows(&json, &rows.collect::<Vec<_>>(), b"}")
}

/// The bytes of a [`FlightsBody`], assembled in the same way.
pub fn flights_json<'a>(age: &Age, rows: impl Iterator<Item = &'a [u8]>, next: Option<&str>) -> Vec<u8> {
    let mut json = open_object(&AgeKeys::of(age));
    json.extend_from_slice(b",\"flights\":");
    let next = serde_json::to_string(&next).unwrap_or_default();
    around_rows(&json, &rows.collect::<Vec<_>>(), format!(",\"next\":{next}}}").as_bytes())
}

/// The bytes of a [`FlightAnswer`], assembled from the flight's object.
pub fn flight_answer_json(flight: &Bytes, silent_sources: &[SilentSource]) -> Bytes {
    let Some(open) = flight.strip_suffix(b"}").filter(|_| !silent_sources.is_empty()) else {
        return flight.clone();
    };
    let sources = serde_json::to_vec(silent_sources).unwrap_or_default();
    [open, b",\"silent_sources\":", &sources, b"}"].concat().into()
}
