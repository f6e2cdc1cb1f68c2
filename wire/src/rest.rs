//! Bodies of the REST interface under `/api/v1`.

pub use crate::flight::FlightBody;
pub use crate::frame::server::ClockBody;
use crate::frame::write::around_rows;
use crate::instant::Millis;
use crate::word::ChangeKind;
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
    /// The operational clock's instant of this answer.
    #[ts(type = "string")]
    pub as_of: DateTime<Utc>,
    /// By scheduled time.
    pub flights: Vec<FlightBody>,
}

/// `GET flights`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct FlightsBody {
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
            let mut kinds = domain::change::Kind::WORDS.iter();
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

/// The bytes of a [`BoardBody`], assembled from ready-made objects of
/// [`crate::flight::flight_json`] in a buffer of exactly their size.
pub fn board_json<'a>(
    airport: &BoardAirport,
    direction: codes::Direction,
    as_of: DateTime<Utc>,
    rows: impl Iterator<Item = &'a [u8]>,
) -> Vec<u8> {
    #[derive(Serialize)]
    struct Head<'a> {
        airport: &'a BoardAirport,
        direction: &'static str,
        as_of: Millis,
    }
    let head = Head { airport, direction: direction.as_str(), as_of: Millis(as_of) };
    let mut json = serde_json::to_vec(&head).unwrap_or_default();
    json.pop();
    json.extend_from_slice(b",\"flights\":");
    around_rows(&json, &rows.collect::<Vec<_>>(), b"}")
}

/// The bytes of a [`FlightsBody`], assembled likewise.
pub fn flights_json<'a>(rows: impl Iterator<Item = &'a [u8]>, next: Option<&str>) -> Vec<u8> {
    let next = serde_json::to_string(&next).unwrap_or_default();
    around_rows(b"{\"flights\":", &rows.collect::<Vec<_>>(), format!(",\"next\":{next}}}").as_bytes())
}
