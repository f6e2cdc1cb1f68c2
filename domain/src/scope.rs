//! What a feed speaks for, and what of its reports counts.
//!
//! A key that is leaked, a feed that is set up wrongly and a system that repeats what it heard elsewhere
//! all say things of flights that are not theirs. So a feed is believed for what it is configured for.
//! [`Report::confine`] takes the rest out of a report before it is merged:
//!
//! - An airport's feed speaks for the flights from and to its airport, and of each for its own side. What
//!   concerns the flight as a whole (cancelled, diverted, aircraft, remark) either end may say.
//! - Of the other side it may pass on a little ([`PassesOn`]): the planned times, so that a flight can be
//!   announced, and where it is configured so, what movement messages tell it. That weighs nothing beside
//!   anybody else's claim ([`Source::authority`]), and of movements nothing counts once that airport itself
//!   speaks of its side.
//! - Other feeds speak for the flights of named airlines, or for all.
//! - Flights whose origin date is further away than the [`Horizon`] are refused. They would take room in
//!   memory for as long as their day lies ahead.

use crate::airlines;
use crate::codes::{AirlineCode, Iata, InvalidCode};
use crate::field::{Field, Side, Step, Value};
use crate::leg::{LegId, LegKey};
use crate::report::{Report, Source, Statement};
use chrono::{DateTime, TimeDelta, Utc};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What a feed is believed for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// Which flights, and which part of them.
    pub speaks_for: SpeaksFor,
    /// What of the other airport's side of its flights an airport's feed passes on.
    pub passes_on: PassesOn,
    /// Which days. `None` for any, as in tests.
    pub horizon: Option<Horizon>,
    /// How many flights it may have made known at once, its share of what the hub holds. `None` for any
    /// number, as in tests.
    pub flights_max: Option<usize>,
}

/// Which flights a feed speaks for, and which part of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum SpeaksFor {
    /// Its own airport's side of the flights from and to it.
    Airport,
    /// Both sides of the flights that these airlines operate.
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

/// Why a text does not say whom a feed speaks for. Reads as the end of a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidSpeaksFor {
    /// It is none of the words.
    #[error("must be \"airport\", \"all\" or \"airline:XX\"")]
    Unknown,
    /// There are more than [`SpeaksFor::AIRLINES_MAX`] airlines.
    #[error("names more than {} airlines; use \"all\"", SpeaksFor::AIRLINES_MAX)]
    TooMany,
    /// A code is none.
    #[error(transparent)]
    Code(#[from] InvalidCode),
}

impl SpeaksFor {
    /// Most airlines one feed is named for.
    pub const AIRLINES_MAX: usize = 64;
}

impl FromStr for SpeaksFor {
    type Err = InvalidSpeaksFor;

    /// Reads `airport`, `all`, `airline:B6` or `airline:B6,EI`.
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

/// What an airport's feed passes on of the other airport's side of its flights.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum PassesOn {
    /// Nothing.
    Nothing,
    /// The planned times.
    #[default]
    Schedule,
    /// The planned times, and what movement messages tell: that the flight has left or landed, and when
    /// it is expected.
    Movements,
}

impl PassesOn {
    /// Each with its word in the configuration.
    pub const WORDS: [(Self, &'static str); 3] =
        [(Self::Nothing, "nothing"), (Self::Schedule, "schedule"), (Self::Movements, "movements")];
}

/// The days around now of whose flights a feed may speak, by their origin date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Horizon {
    /// Days before today, in UTC.
    pub past_days: u16,
    /// Days after today.
    pub future_days: u16,
}

impl Default for Horizon {
    /// A leg is retired at most four days after its origin date; airports plan a week ahead.
    fn default() -> Self {
        Self { past_days: 4, future_days: 8 }
    }
}

/// Why nothing of a report counts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutOfScope {
    /// The feed's airport is neither end of the flight.
    #[error("this feed speaks for flights from and to {airport}, and {leg} is none (speaks_for)")]
    OtherAirport {
        /// The feed's.
        airport: Iata,
        /// Which leg.
        leg: LegId,
    },
    /// Another airline operates it.
    #[error("this feed speaks for certain airlines, and {leg} is of none of them (speaks_for)")]
    OtherAirline {
        /// Which leg.
        leg: LegId,
    },
    /// Its day is over.
    #[error("{leg} lies {days} days back, and this feed speaks of {past_days} (horizon_days.past)")]
    TooLongAgo {
        /// Which leg.
        leg: LegId,
        /// How far.
        days: i64,
        /// The limit.
        past_days: u16,
    },
    /// Its day is too far off.
    #[error("{leg} lies {days} days ahead, and this feed speaks of {future_days} (horizon_days.future)")]
    TooFarAhead {
        /// Which leg.
        leg: LegId,
        /// How far.
        days: i64,
        /// The limit.
        future_days: u16,
    },
}

impl OutOfScope {
    /// The fixed word for it in metrics and bodies.
    pub fn word(&self) -> &'static str {
        match self {
            Self::OtherAirport { .. } => "other_airport",
            Self::OtherAirline { .. } => "other_airline",
            Self::TooLongAgo { .. } => "too_long_ago",
            Self::TooFarAhead { .. } => "too_far_ahead",
        }
    }
}

/// The fixed word for values of the other airport's side that are left out of a report.
pub const OTHER_SIDE: &str = "other_side";

impl Report {
    /// Takes out what its source does not speak for, and answers how many statements that were. `Err`
    /// where nothing of it counts. Confining twice is the same as once.
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

/// What becomes of a statement.
#[derive(PartialEq, Eq)]
enum Decision {
    Counts,
    LeftOut,
    /// A step that is not the source's to tell, and ends what it told before: that the flight is late.
    Ends,
}

impl Source {
    /// Whether it passes a statement on `field` of the leg `key` on for the airport of that side, which
    /// is not its own.
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
            // That the flight is late an airport says of its own side, also where it comes to it; a format
            // has one word for both.
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

/// Whether an airport may hear of it from the other end, by movement messages.
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
        // A date of the origin's calendar: there it may be yesterday or tomorrow already.
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
