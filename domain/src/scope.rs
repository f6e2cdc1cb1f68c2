//! Which flights and fields a feed may report on.
//!
//! A leaked key, a misconfigured feed or a system that repeats foreign data reports on flights of others.
//! So each feed is trusted only for its configured scope. [`Report::confine`] removes the rest before a
//! report is merged:
//!
//! - An airport's feed reports on flights from and to its airport, and on its own side of each. Fields of
//!   the flight as a whole (cancelled, diverted, aircraft, remark) are open to both airports.
//! - It may pass on some values of the other side ([`PassesOn`]): planned times, so that a flight can be
//!   announced, and, if configured, the contents of movement messages. They weigh less than every other
//!   claim ([`Source::authority`]). Passed-on movements do not count once that airport itself reports on
//!   its side.
//! - Other feeds report on the flights of named airlines, or on all flights.
//! - Flights with an origin date beyond the [`Horizon`] are refused. They would occupy memory until their
//!   day.

use crate::airlines;
use crate::codes::{AirlineCode, Iata, InvalidCode};
use crate::field::{Field, Side, Step, Value};
use crate::leg::{LegId, LegKey};
use crate::report::{Report, Source, Statement};
use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The scope of a feed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// Which flights, and which side of them.
    pub speaks_for: SpeaksFor,
    /// Which values of the other airport's side an airport's feed passes on.
    pub passes_on: PassesOn,
    /// Which days. `None` for any, as in tests.
    pub horizon: Option<Horizon>,
    /// How many live flights the feed may have created, its share of the hub's capacity. `None` for any
    /// number, as in tests.
    pub flights_max: Option<usize>,
}

/// Which flights a feed reports on, and which side of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum SpeaksFor {
    /// Its own airport's side of flights from and to it.
    Airport,
    /// Both sides of flights that these airlines operate.
    Airlines(Arc<[AirlineCode]>),
    /// Both sides of all flights.
    #[default]
    All,
}

impl fmt::Display for SpeaksFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Airport => f.write_str("airport"),
            Self::All => f.write_str("all"),
            Self::Airlines(airlines) => {
                let codes: Vec<_> = airlines.iter().map(|code| code.as_str()).collect();
                write!(f, "airline:{}", codes.join(","))
            }
        }
    }
}

/// Why a text is not a valid `speaks_for`. Reads as the end of a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidSpeaksFor {
    /// None of the known values.
    #[error("must be \"airport\", \"all\" or \"airline:XX\"")]
    Unknown,
    /// More than [`SpeaksFor::AIRLINES_MAX`] airlines.
    #[error("names more than {} airlines; use \"all\"", SpeaksFor::AIRLINES_MAX)]
    TooMany,
    /// An invalid code.
    #[error(transparent)]
    Code(#[from] InvalidCode),
}

impl SpeaksFor {
    /// Most airlines per feed.
    pub const AIRLINES_MAX: usize = 64;
}

impl FromStr for SpeaksFor {
    type Err = InvalidSpeaksFor;

    /// Parses `airport`, `all`, `airline:B6` or `airline:B6,EI`.
    fn from_str(text: &str) -> Result<Self, InvalidSpeaksFor> {
        let codes = match (text, text.strip_prefix("airline:")) {
            ("airport", _) => return Ok(Self::Airport),
            ("all", _) => return Ok(Self::All),
            (_, Some(codes)) => codes.split(','),
            (_, None) => return Err(InvalidSpeaksFor::Unknown),
        };
        let mut airlines = Vec::new();
        for code in codes.map(str::trim).filter(|code| !code.is_empty()) {
            airlines.push(airlines::canonical_code(AirlineCode::parse(code)?));
        }
        match airlines.len() {
            0 => Err(InvalidSpeaksFor::Unknown),
            1..=Self::AIRLINES_MAX => Ok(Self::Airlines(airlines.into())),
            _ => Err(InvalidSpeaksFor::TooMany),
        }
    }
}

/// Which values of the other airport's side an airport's feed passes on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum PassesOn {
    /// None.
    Nothing,
    /// Planned times.
    #[default]
    Schedule,
    /// Planned times, and what movement messages report: departure, landing and estimates.
    Movements,
}

impl PassesOn {
    /// Every value with its name in the configuration.
    pub const WORDS: [(Self, &'static str); 3] =
        [(Self::Nothing, "nothing"), (Self::Schedule, "schedule"), (Self::Movements, "movements")];
}

/// The range of origin dates, around today, on which a feed may report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Horizon {
    /// Days before today, in UTC.
    pub past_days: u16,
    /// Days after today.
    pub future_days: u16,
}

impl Default for Horizon {
    /// A leg is retired at most four days after its origin date. Airports plan a week ahead.
    fn default() -> Self {
        Self { past_days: 4, future_days: 8 }
    }
}

/// Why a whole report is out of scope.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutOfScope {
    /// The feed's airport is neither departure nor arrival airport.
    #[error("this feed speaks for flights from and to {airport}, and {leg} is none (speaks_for)")]
    OtherAirport {
        /// The feed's airport.
        airport: Iata,
        /// The leg.
        leg: LegId,
    },
    /// Another airline operates it.
    #[error("this feed speaks for certain airlines, and {leg} is of none of them (speaks_for)")]
    OtherAirline {
        /// The leg.
        leg: LegId,
    },
    /// The origin date is too far back.
    #[error("{leg} lies {days} days back, and this feed speaks of {past_days} (horizon_days.past)")]
    TooLongAgo {
        /// The leg.
        leg: LegId,
        /// How many days.
        days: i64,
        /// The limit.
        past_days: u16,
    },
    /// The origin date is too far ahead.
    #[error("{leg} lies {days} days ahead, and this feed speaks of {future_days} (horizon_days.future)")]
    TooFarAhead {
        /// The leg.
        leg: LegId,
        /// How many days.
        days: i64,
        /// The limit.
        future_days: u16,
    },
}

impl OutOfScope {
    /// The label in metrics and bodies.
    pub fn word(&self) -> &'static str {
        match self {
            Self::OtherAirport { .. } => "other_airport",
            Self::OtherAirline { .. } => "other_airline",
            Self::TooLongAgo { .. } => "too_long_ago",
            Self::TooFarAhead { .. } => "too_far_ahead",
        }
    }
}

/// The label for removed values of the other airport's side.
pub const OTHER_SIDE: &str = "other_side";

impl Report {
    /// Removes statements out of scope and returns their number. `Err` if the whole report is out of scope.
    /// Idempotent.
    pub fn confine(&mut self, now: DateTime<Utc>) -> Result<usize, OutOfScope> {
        let source = self.source.clone();
        if let Some(horizon) = source.scope.horizon {
            horizon.check(&self.key, now)?;
        }
        match &source.scope.speaks_for {
            SpeaksFor::All => Ok(0),
            SpeaksFor::Airlines(airlines) if airlines.contains(&self.key.carrier) => Ok(0),
            SpeaksFor::Airlines(_) => Err(OutOfScope::OtherAirline { leg: self.key.id() }),
            SpeaksFor::Airport => {
                if let Some(airport) = source.airport.filter(|_| !source.is_an_end_of(&self.key)) {
                    return Err(OutOfScope::OtherAirport { airport, leg: self.key.id() });
                }
                let key = self.key;
                let mut left_out = 0;
                let mut confine = |statement: &mut Statement| {
                    let decide = source.decide(&key, statement);
                    left_out += usize::from(decide != Decision::Counts);
                    if decide == Decision::Ends {
                        statement.value = Some(Value::Step(Step::Scheduled));
                    }
                    decide != Decision::LeftOut
                };
                self.statements.retain_mut(&mut confine);
                self.fallback_statements.retain_mut(confine);
                Ok(left_out)
            }
        }
    }
}

/// What happens to a statement.
#[derive(PartialEq, Eq)]
enum Decision {
    Counts,
    LeftOut,
    /// The step belongs to the other airport, but ends the source's own claim that the flight is late.
    Ends,
}

impl Source {
    /// Whether the source passes on a statement on `field` for the other airport.
    pub(crate) fn passes_on(&self, field: Field, key: &LegKey) -> bool {
        self.scope.speaks_for == SpeaksFor::Airport
            && match field.side() {
                Side::Departure => self.airport != Some(key.from),
                Side::Arrival => self.airport != Some(key.to),
                Side::Whole => false,
            }
    }

    fn decide(&self, key: &LegKey, statement: &Statement) -> Decision {
        if !self.passes_on(statement.field, key) {
            return Decision::Counts;
        }
        let passes_on = self.scope.passes_on;
        let needed = match (statement.field, &statement.value) {
            (Field::DepartureScheduled | Field::ArrivalScheduled, _) => PassesOn::Schedule,
            // An airport reports a delay for its own side, also for arrivals; formats use one value for
            // both.
            (Field::DepartureStep, None | Some(Value::Step(Step::Scheduled | Step::Delayed))) => {
                PassesOn::Nothing
            }
            (Field::DepartureStep, Some(Value::Step(Step::Departed | Step::Airborne)))
                if passes_on == PassesOn::Movements =>
            {
                PassesOn::Movements
            }
            (Field::DepartureStep, _) => return Decision::Ends,
            (Field::ArrivalStep, None | Some(Value::Step(Step::Landed | Step::Arrived))) => {
                PassesOn::Movements
            }
            (field, _) if is_movement(field) => PassesOn::Movements,
            _ => return Decision::LeftOut,
        };
        if passes_on >= needed { Decision::Counts } else { Decision::LeftOut }
    }
}

/// Whether movement messages from the other airport carry this field.
pub(crate) fn is_movement(field: Field) -> bool {
    matches!(
        field,
        Field::DepartureActual
            | Field::DepartureAirborne
            | Field::DepartureStep
            | Field::ArrivalEstimated
            | Field::ArrivalLanded
            | Field::ArrivalActual
            | Field::ArrivalStep
    )
}

impl Horizon {
    fn check(self, key: &LegKey, now: DateTime<Utc>) -> Result<(), OutOfScope> {
        // A date of the origin's calendar, where it may be yesterday or tomorrow.
        let ahead: TimeDelta = key.origin_date - now.date_naive();
        let (days, leg) = (ahead.num_days(), || key.id());
        if -days > i64::from(self.past_days) {
            return Err(OutOfScope::TooLongAgo { leg: leg(), days: -days, past_days: self.past_days });
        }
        if days > i64::from(self.future_days) {
            return Err(OutOfScope::TooFarAhead { leg: leg(), days, future_days: self.future_days });
        }
        Ok(())
    }
}
