//! A flight as clients see it: the same JSON object in frames and REST bodies.
//!
//! [`FlightBody`] is its type, for reading and for generated documents. [`flight_json`] writes the same
//! bytes directly. The bytes of a change are written once and shared by boards, snapshots and frames.

use crate::enums::FlightStatus;
use crate::instant::{Millis, Seconds, to_millis, to_seconds};
use chrono::{DateTime, NaiveDate, Utc};
use domain::codes::{Designator, Suffix};
use domain::field::Field;
use domain::leg::LegId;
use domain::view::{ArrivalView, DepartureView, Doubtful, FlightView};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt::Display;
use std::sync::Arc;
use ts_rs::TS;
use utoipa::ToSchema;

/// A flight. Every key is present; unknown values are `null`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(rename = "Flight")]
#[schema(as = Flight)]
pub struct FlightBody {
    /// Opaque identifier of the leg. Never reused.
    #[schema(example = "B6-615-20130208-JFK-FLL")]
    pub leg: String,
    /// Revision. Rises by one with every shown change.
    #[ts(type = "number")]
    pub rev: u64,
    /// When the last change was made, by the hub's operational clock.
    #[ts(type = "string")]
    pub changed_at: DateTime<Utc>,
    /// The operating airline, two or three characters.
    #[schema(example = "B6")]
    pub carrier: String,
    /// Flight number without padding.
    #[schema(example = "615")]
    pub number: String,
    /// Operational suffix, one letter.
    pub suffix: Option<String>,
    /// Marketing flights that share the seats, such as `EI5105`. May be empty.
    pub codeshares: Vec<String>,
    /// Scheduled date in local time at the flight's origin. A delay past midnight does not change it.
    #[ts(type = "string")]
    pub origin_date: NaiveDate,
    /// The step that the flight has reached. `delayed` if it is late and has reached none.
    pub status: FlightStatus,
    /// Whether the flight is late or reported late, at any step.
    pub delayed: bool,
    /// Paths of implausible times, such as `departure.estimated`. Do not show them as facts. Mostly empty.
    pub doubtful: Vec<String>,
    /// Departure side.
    pub departure: DepartureBody,
    /// Arrival side.
    pub arrival: ArrivalBody,
    /// The airport's remark for passengers, unchanged.
    pub remark: Option<String>,
    /// The reason of a delay in plain words.
    pub delay_reason: Option<String>,
    /// The aircraft.
    pub aircraft: AircraftBody,
    /// IATA code of the airport that the flight is diverted to.
    pub diverted_to: Option<String>,
}

/// The departure side of a flight. Times are off-block times.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(rename = "DepartureSide")]
#[schema(as = DepartureSide)]
pub struct DepartureBody {
    /// Scheduled departure airport, IATA.
    #[schema(example = "JFK")]
    pub airport: String,
    /// Terminal as signposted.
    pub terminal: Option<String>,
    /// Gate.
    pub gate: Option<String>,
    /// Check-in desks, such as `A12-A15`.
    pub check_in: Option<String>,
    /// Scheduled time.
    #[ts(type = "string | null")]
    pub scheduled: Option<DateTime<Utc>>,
    /// Estimated time.
    #[ts(type = "string | null")]
    pub estimated: Option<DateTime<Utc>>,
    /// Actual time.
    #[ts(type = "string | null")]
    pub actual: Option<DateTime<Utc>>,
}

/// The arrival side of a flight. Times are on-block times.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(rename = "ArrivalSide")]
#[schema(as = ArrivalSide)]
pub struct ArrivalBody {
    /// Scheduled arrival airport, IATA. A diversion does not change it.
    #[schema(example = "FLL")]
    pub airport: String,
    /// Terminal as signposted.
    pub terminal: Option<String>,
    /// Gate.
    pub gate: Option<String>,
    /// Baggage belt.
    pub belt: Option<String>,
    /// Scheduled time.
    #[ts(type = "string | null")]
    pub scheduled: Option<DateTime<Utc>>,
    /// Estimated time.
    #[ts(type = "string | null")]
    pub estimated: Option<DateTime<Utc>>,
    /// The expected arrival of a late flight: the departure time in force plus the planned duration. `null`
    /// if a plausible estimate is known or the flight is not late.
    #[ts(type = "string | null")]
    pub forecast: Option<DateTime<Utc>>,
    /// Actual time.
    #[ts(type = "string | null")]
    pub actual: Option<DateTime<Utc>>,
}

/// The aircraft of a flight.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[ts(rename = "Aircraft")]
#[schema(as = Aircraft)]
pub struct AircraftBody {
    /// Type, IATA or ICAO.
    #[schema(example = "A320")]
    pub r#type: Option<String>,
    /// Registration.
    #[schema(example = "N503JB")]
    pub registration: Option<String>,
}

impl FlightBody {
    /// The body of a view, with instants truncated as in [`flight_json`].
    pub fn of(leg: &LegId, rev: u64, changed_at: DateTime<Utc>, view: &FlightView) -> Self {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        let (d, a) = (&view.departure, &view.arrival);
        Self {
            leg: leg.to_string(),
            rev,
            changed_at: to_millis(changed_at),
            carrier: view.key.carrier.to_string(),
            number: view.key.number.to_string(),
            suffix: view.key.suffix.map(|s| s.to_string()),
            codeshares: view
                .codeshares
                .iter()
                .flat_map(|list| list.iter())
                .map(Designator::to_string)
                .collect(),
            origin_date: view.key.origin_date,
            status: FlightStatus(view.status),
            delayed: view.delayed,
            doubtful: view.doubtful.iter().map(|field| field.name().to_owned()).collect(),
            departure: DepartureBody {
                airport: d.airport.to_string(),
                terminal: text(&d.terminal),
                gate: text(&d.gate),
                check_in: text(&d.check_in),
                scheduled: d.scheduled.map(to_seconds),
                estimated: d.estimated.map(to_seconds),
                actual: d.actual.map(to_seconds),
            },
            arrival: ArrivalBody {
                airport: a.airport.to_string(),
                terminal: text(&a.terminal),
                gate: text(&a.gate),
                belt: text(&a.belt),
                scheduled: a.scheduled.map(to_seconds),
                estimated: a.estimated.map(to_seconds),
                forecast: a.forecast.map(to_seconds),
                actual: a.actual.map(to_seconds),
            },
            remark: text(&view.remark),
            delay_reason: text(&view.delay_reason),
            aircraft: AircraftBody {
                r#type: text(&view.aircraft_type),
                registration: text(&view.aircraft_registration),
            },
            diverted_to: view.diverted_to.map(|iata| iata.to_string()),
        }
    }
}

/// The JSON object of a flight: the same bytes as a [`FlightBody`], written directly from the view. Times
/// have whole seconds, `changed_at` milliseconds (left out if zero).
pub fn flight_json(leg: &LegId, rev: u64, changed_at: DateTime<Utc>, view: &FlightView) -> Vec<u8> {
    let mut json = Vec::with_capacity(TYPICAL_BYTES);
    let shown = Shown {
        leg: leg.as_str(),
        rev,
        changed_at: Millis(changed_at),
        carrier: view.key.carrier.as_str(),
        number: Text(view.key.number),
        suffix: view.key.suffix.map(Text),
        codeshares: Flights(view.codeshares.as_deref().unwrap_or_default()),
        origin_date: view.key.origin_date,
        status: view.status.as_str(),
        delayed: view.delayed,
        doubtful: Fields(view.doubtful),
        departure: ShownDeparture::of(&view.departure),
        arrival: ShownArrival::of(&view.arrival),
        remark: view.remark.as_deref(),
        delay_reason: view.delay_reason.as_deref(),
        aircraft: ShownAircraft {
            r#type: view.aircraft_type.as_deref(),
            registration: view.aircraft_registration.as_deref(),
        },
        diverted_to: view.diverted_to.as_ref().map(|iata| iata.as_str()),
    };
    // Writing strings, numbers and fixed keys to memory cannot fail.
    let _ = serde_json::to_writer(&mut json, &shown);
    json
}

/// Size of a flight with both sides known. A longer one costs a second allocation.
const TYPICAL_BYTES: usize = 832;

#[derive(Serialize)]
struct Shown<'a> {
    leg: &'a str,
    rev: u64,
    changed_at: Millis,
    carrier: &'a str,
    number: Text<domain::codes::FlightNumber>,
    suffix: Option<Text<Suffix>>,
    codeshares: Flights<'a>,
    origin_date: NaiveDate,
    status: &'static str,
    delayed: bool,
    doubtful: Fields,
    departure: ShownDeparture<'a>,
    arrival: ShownArrival<'a>,
    remark: Option<&'a str>,
    delay_reason: Option<&'a str>,
    aircraft: ShownAircraft<'a>,
    diverted_to: Option<&'a str>,
}

#[derive(Serialize)]
struct ShownDeparture<'a> {
    airport: &'a str,
    terminal: Option<&'a str>,
    gate: Option<&'a str>,
    check_in: Option<&'a str>,
    scheduled: Option<Seconds>,
    estimated: Option<Seconds>,
    actual: Option<Seconds>,
}

impl<'a> ShownDeparture<'a> {
    fn of(side: &'a DepartureView) -> Self {
        Self {
            airport: side.airport.as_str(),
            terminal: side.terminal.as_deref(),
            gate: side.gate.as_deref(),
            check_in: side.check_in.as_deref(),
            scheduled: side.scheduled.map(Seconds),
            estimated: side.estimated.map(Seconds),
            actual: side.actual.map(Seconds),
        }
    }
}

#[derive(Serialize)]
struct ShownArrival<'a> {
    airport: &'a str,
    terminal: Option<&'a str>,
    gate: Option<&'a str>,
    belt: Option<&'a str>,
    scheduled: Option<Seconds>,
    estimated: Option<Seconds>,
    forecast: Option<Seconds>,
    actual: Option<Seconds>,
}

impl<'a> ShownArrival<'a> {
    fn of(side: &'a ArrivalView) -> Self {
        Self {
            airport: side.airport.as_str(),
            terminal: side.terminal.as_deref(),
            gate: side.gate.as_deref(),
            belt: side.belt.as_deref(),
            scheduled: side.scheduled.map(Seconds),
            estimated: side.estimated.map(Seconds),
            forecast: side.forecast.map(Seconds),
            actual: side.actual.map(Seconds),
        }
    }
}

#[derive(Serialize)]
struct ShownAircraft<'a> {
    r#type: Option<&'a str>,
    registration: Option<&'a str>,
}

/// A `Display` value as a JSON string.
pub(crate) struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Fields by name.
pub(crate) struct Fields(pub Doubtful);

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Field::name))
    }
}

/// Flights by designator.
pub(crate) struct Flights<'a>(pub &'a [Designator]);

impl Serialize for Flights<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Text))
    }
}
