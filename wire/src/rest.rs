//! Bodies of the REST interface under `/api/v1`.

pub use crate::flight::FlightBody;
pub use crate::frame::server::ClockBody;
use crate::frame::write::around_rows;
use crate::instant::Millis;
use crate::enums::ChangeKind;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::codes;
use domain::ports::PastChange;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use utoipa::ToSchema;

/// A side of a board.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Flights that leave.
    Departures,
    /// Flights that come.
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

/// An airport's names and zone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct BoardAirport {
    /// IATA code.
    #[schema(example = "JFK")]
    pub iata: String,
    /// Name.
    pub name: String,
    /// City it serves.
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
    /// Whose board.
    pub airport: BoardAirport,
    /// Which side.
    pub direction: Direction,
    /// The operational clock's instant at which this was true: that of this answer or, while the hub hears
    /// of no changes, the one at which it last did.
    #[ts(type = "string")]
    pub as_of: DateTime<Utc>,
    /// Sources that are silent at present: those that speak for this airport, and those that speak for none
    /// in particular. What they said may have changed since.
    #[serde(default)]
    pub silent_sources: Vec<SilentSource>,
    /// By scheduled time.
    pub flights: Vec<FlightBody>,
}

/// A source whose facts nobody has confirmed since an instant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct SilentSource {
    /// The feed's name in the hub's configuration.
    #[schema(example = "lga")]
    pub feed: String,
    /// The airport it speaks for, IATA; `null` where it speaks for no airport in particular.
    #[schema(example = "LGA")]
    pub airport: Option<String>,
    /// The operational clock's instant at which it was last heard.
    #[ts(type = "string")]
    pub since: DateTime<Utc>,
}

/// How old what is shown is, for the writers of bodies.
#[derive(Clone, Debug, Default)]
pub struct Age {
    /// Goes into `as_of`.
    pub as_of: DateTime<Utc>,
    /// Go into `silent_sources`.
    pub silent_sources: Vec<SilentSource>,
}

/// `GET flights/{leg}`: the flight, and what of it is not confirmed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FlightAnswer {
    /// The flight.
    #[serde(flatten)]
    pub flight: FlightBody,
    /// Silent sources that speak for one of the flight's airports, or for none in particular. Absent where
    /// there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent_sources: Vec<SilentSource>,
}

/// `GET flights`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct FlightsBody {
    /// As in a board.
    #[ts(type = "string")]
    pub as_of: DateTime<Utc>,
    /// All sources that are silent at present.
    #[serde(default)]
    pub silent_sources: Vec<SilentSource>,
    /// One page of flights.
    pub flights: Vec<FlightBody>,
    /// To be sent as `cursor` for the next page; `null` on the last.
    pub next: Option<String>,
}

/// `GET flights/{leg}/history`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct HistoryBody {
    /// Which flight.
    pub leg: String,
    /// One page of its changes, oldest first.
    pub entries: Vec<HistoryEntry>,
    /// To be sent as `after` for the next page; `null` where these are the newest.
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
    /// What sort of change.
    pub kinds: Vec<ChangeKind>,
    /// What changed, as in a `change` frame.
    #[ts(type = "{ [path: string]: unknown }")]
    #[schema(value_type = Object)]
    pub set: BTreeMap<String, serde_json::Value>,
    /// Whose report brought it.
    pub source: Option<String>,
}

impl HistoryEntry {
    /// The entry of a change as the archive keeps it. Kinds that this version does not know are
    /// left out, and so is a `set` that cannot be read: the rest is still worth telling.
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
    /// To be sent as `cursor` for the next page; absent on the last.
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
    /// City it serves.
    pub city: String,
    /// ISO 3166 country code, two letters.
    pub country: String,
    /// IANA time zone.
    #[schema(example = "America/New_York")]
    pub zone: String,
    /// Flights on both its boards now.
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
    /// IATA designator, or ICAO where there is none.
    #[schema(example = "B6")]
    pub code: String,
    /// ICAO designator: flights are looked for and printed by it as well.
    #[schema(example = "JBU")]
    pub icao: Option<String>,
    /// Name.
    pub name: String,
}

/// `GET feeds`: how well each airport is heard.
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
    /// The airport it speaks for, IATA.
    pub airport: Option<String>,
    /// Whether the airport pushes or is polled.
    pub kind: FeedKind,
    /// How well it is heard.
    pub state: FeedState,
    /// When it was last heard well, by the operational clock.
    #[ts(type = "string | null")]
    pub last_good_at: Option<DateTime<Utc>>,
    /// What went wrong last, `null` while all is well.
    pub last_error: Option<String>,
    /// Operational seconds since it was last heard well.
    #[ts(type = "number | null")]
    pub age_seconds: Option<u64>,
    /// Reports since the hub started, by what became of them.
    pub reports: FeedReports,
    /// For which flights it speaks: `airport` (its airport's side of the flights from and to it), the
    /// airlines `airline:XX`, or `all`.
    #[serde(default)]
    #[schema(example = "airport")]
    pub speaks_for: String,
    /// Flights in memory that it has made known.
    #[serde(default)]
    #[ts(type = "number")]
    pub flights: u64,
    /// How many these may be at most; `null` where it only adds to flights that are known.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub flights_max: Option<u64>,
    /// What it has said of what it does not speak for since the hub started. It was kept and changed nothing.
    #[serde(default)]
    pub out_of_scope: Vec<OutOfScopeRow>,
}

/// What a feed has said of what it does not speak for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct OutOfScopeRow {
    /// `other_airport`, `other_airline`, `too_long_ago` or `too_far_ahead` for whole reports,
    /// `other_side` for values of the other airport's side.
    #[schema(example = "other_side")]
    pub reason: String,
    /// How many.
    #[ts(type = "number")]
    pub count: u64,
}

/// How a feed's messages reach the hub.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedKind {
    /// The airport pushes.
    Push,
    /// The hub polls.
    Pull,
}

/// How well a feed is heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedState {
    /// Nothing heard yet.
    Waiting,
    /// Heard within its time.
    Good,
    /// Not heard for longer than it should be.
    Late,
    /// The last attempts failed.
    Failing,
    /// The airport refuses us; a human must look.
    Refused,
}

/// Reports of one feed since the hub started, by what became of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, TS, ToSchema)]
pub struct FeedReports {
    /// They changed what is shown.
    #[ts(type = "number")]
    pub changed: u64,
    /// They told nothing new.
    #[ts(type = "number")]
    pub unchanged: u64,
    /// They went to the node that owns their flight, which merges them; 0 where one hub does
    /// everything.
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
    /// Reports that were taken and are durable: the sum of the next three.
    pub accepted: u32,
    /// Reports that changed what is shown.
    pub changed: u32,
    /// Reports that told nothing new.
    pub unchanged: u32,
    /// Reports that the node that owns their flight will merge; 0 where one hub does everything.
    #[serde(default)]
    pub queued: u32,
    /// Values of accepted reports that the feed does not speak for, such as the other airport's gate. They
    /// are kept with the message and change nothing. Absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub left_out: Option<u32>,
    /// Reports that were not taken, each with its reason.
    pub rejected: Vec<RejectedReport>,
}

/// A report that was not taken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct RejectedReport {
    /// Which one of the message, counted from 0; `null` where the whole message is meant.
    pub index: Option<u32>,
    /// The field at fault, if it is one.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// The keys of an [`Age`] as they stand in bodies.
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

/// An object's JSON without its last brace, for more keys to follow.
fn open_object(head: &impl Serialize) -> Vec<u8> {
    // Writing strings, numbers and fixed keys to memory has no way to fail.
    let mut json = serde_json::to_vec(head).unwrap_or_default();
    json.pop();
    json
}

/// The bytes of a [`BoardBody`], assembled from ready-made objects of
/// [`crate::flight::flight_json`] in a buffer of exactly their size.
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

/// The bytes of a [`FlightsBody`], assembled likewise.
pub fn flights_json<'a>(age: &Age, rows: impl Iterator<Item = &'a [u8]>, next: Option<&str>) -> Vec<u8> {
    let mut json = open_object(&AgeKeys::of(age));
    json.extend_from_slice(b",\"flights\":");
    let next = serde_json::to_string(&next).unwrap_or_default();
    around_rows(&json, &rows.collect::<Vec<_>>(), format!(",\"next\":{next}}}").as_bytes())
}

/// The bytes of a [`FlightAnswer`], assembled from the ready-made object of the flight.
pub fn flight_answer_json(flight: &Bytes, silent_sources: &[SilentSource]) -> Bytes {
    let Some(open) = flight.strip_suffix(b"}").filter(|_| !silent_sources.is_empty()) else {
        return flight.clone();
    };
    let sources = serde_json::to_vec(silent_sources).unwrap_or_default();
    [open, b",\"silent_sources\":", &sources, b"}"].concat().into()
}
