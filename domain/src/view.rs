//! A leg as clients see it: its facts by path, and its topics.
//!
//! Some values in force are not shown because they would mislead: estimates of a cancelled flight, and a
//! departure that ended in a return to the stand. Implausible times are shown, marked as doubtful
//! (`doubt`), and not used in computations. If the departure is late and no source estimates the arrival,
//! the view computes a forecast (`forecast`).

mod board_time;
mod doubt;
mod forecast;

use crate::cancellation::is_cancelled;
use crate::codes::{Designator, Direction, Iata};
use crate::diversion::diverted_to;
use crate::field::{Field, Value};
use crate::flight::Flight;
use crate::leg::{LegId, LegKey};
use crate::steps;
use crate::topic::Topic;
use crate::visibility::is_hidden;
use chrono::{DateTime, Utc};
use smallvec::SmallVec;
use std::sync::Arc;

pub(crate) use self::doubt::doubts;
pub use self::doubt::{Doubt, Doubtful, ESTIMATE_OFF_MAX, ESTIMATE_PASSED_MAX};
pub use crate::status::{LATE_FROM, Status};

/// The departure side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DepartureView {
    /// Scheduled departure airport.
    pub airport: Iata,
    /// Terminal as signposted.
    pub terminal: Option<Arc<str>>,
    /// Gate.
    pub gate: Option<Arc<str>>,
    /// Check-in desks.
    pub check_in: Option<Arc<str>>,
    /// Scheduled off-block time.
    pub scheduled: Option<DateTime<Utc>>,
    /// Estimated off-block time, unless the flight is cancelled.
    pub estimated: Option<DateTime<Utc>>,
    /// Actual off-block time of the present attempt.
    pub actual: Option<DateTime<Utc>>,
}

/// The arrival side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArrivalView {
    /// Scheduled arrival airport.
    pub airport: Iata,
    /// Terminal as signposted.
    pub terminal: Option<Arc<str>>,
    /// Gate.
    pub gate: Option<Arc<str>>,
    /// Baggage belt.
    pub belt: Option<Arc<str>>,
    /// Scheduled on-block time.
    pub scheduled: Option<DateTime<Utc>>,
    /// Estimated on-block time, unless the flight is cancelled.
    pub estimated: Option<DateTime<Utc>>,
    /// The arrival expected from a late departure, if no plausible estimate is known.
    pub forecast: Option<DateTime<Utc>>,
    /// Actual on-block time.
    pub actual: Option<DateTime<Utc>>,
}

/// A leg as clients see it, without identifier, revision and stamp.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlightView {
    /// The natural key with corrections. Clients see carrier, number, suffix, date and airports.
    pub key: LegKey,
    /// Marketing flights.
    pub codeshares: Option<Arc<[Designator]>>,
    /// Derived status: the step that the flight has reached.
    pub status: Status,
    /// Whether the flight is late or reported late, at any step.
    pub delayed: bool,
    /// Shown times that are implausible.
    pub doubtful: Doubtful,
    /// Departure side.
    pub departure: DepartureView,
    /// Arrival side.
    pub arrival: ArrivalView,
    /// The airport's remark, unchanged.
    pub remark: Option<Arc<str>>,
    /// Reason of a delay in plain words.
    pub delay_reason: Option<Arc<str>>,
    /// Aircraft type.
    pub aircraft_type: Option<Arc<str>>,
    /// Aircraft registration.
    pub aircraft_registration: Option<Arc<str>>,
    /// The airport of a diversion; never the scheduled arrival airport.
    pub diverted_to: Option<Iata>,
    /// Hidden from clients: the leg has no topics.
    pub hidden: bool,
}

/// A shown fact, addressed by its dotted path in a flight's JSON object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// No value.
    None,
    /// Text.
    Text(Arc<str>),
    /// An instant.
    Time(DateTime<Utc>),
    /// One of a fixed set of values.
    Word(&'static str),
    /// An airport.
    Airport(Iata),
    /// A list of flights.
    Codeshares(Arc<[Designator]>),
    /// Yes or no.
    Flag(bool),
    /// Names of fields.
    Fields(Doubtful),
}

impl FlightView {
    /// Most topics of one leg: its own, both boards, the board of a diversion's airport, its airline, its
    /// codeshares' airlines, and all.
    pub const TOPICS_MAX: usize = 6 + crate::field::CODESHARES_MAX;

    pub(crate) fn of(flight: &Flight) -> Self {
        let text = |field| match flight.value(field) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let time = |field| flight.time(field);
        let key = flight.shown_key();
        let is_off = is_cancelled(flight);
        // Sources often keep estimating a cancelled flight.
        let unless_off = |at: Option<DateTime<Utc>>| at.filter(|_| !is_off);
        let departure = DepartureView {
            airport: key.from,
            terminal: text(Field::DepartureTerminal),
            gate: text(Field::DepartureGate),
            check_in: text(Field::DepartureCheckIn),
            scheduled: time(Field::DepartureScheduled),
            estimated: unless_off(time(Field::DepartureEstimated)),
            actual: departed_at(flight, Field::DepartureActual),
        };
        let arrival = ArrivalView {
            airport: key.to,
            terminal: text(Field::ArrivalTerminal),
            gate: text(Field::ArrivalGate),
            belt: text(Field::ArrivalBelt),
            scheduled: time(Field::ArrivalScheduled),
            estimated: unless_off(on_block_estimate(flight)),
            forecast: None,
            actual: time(Field::ArrivalActual),
        };
        let mut view = Self {
            key,
            codeshares: match flight.value(Field::Codeshares) {
                Some(Value::Codeshares(list)) if !list.is_empty() => Some(list.clone()),
                _ => None,
            },
            status: Status::Scheduled,
            delayed: false,
            doubtful: Doubtful::default(),
            departure,
            arrival,
            remark: text(Field::Remark),
            delay_reason: text(Field::DelayReason),
            aircraft_type: text(Field::AircraftType),
            aircraft_registration: text(Field::AircraftRegistration),
            diverted_to: diverted_to(flight),
            hidden: is_hidden(flight),
        };
        let (departure_step, arrival_step) = (steps::departure_step(flight), steps::arrival_step(flight));
        for (field, _) in doubts(flight, &view.departure, &view.arrival, (departure_step, arrival_step)) {
            view.doubtful.insert(field);
        }
        view.status = Status::reached(flight, &view, is_off, departure_step, arrival_step);
        view.arrival.forecast = view.forecast();
        view.delayed = view.is_delayed(steps::is_reported_late(flight, view.doubtful));
        if view.status == Status::Scheduled && view.delayed {
            view.status = Status::Delayed;
        }
        view
    }

    /// Every fact that can change, by its dotted path in a flight's JSON object, in a fixed order.
    pub fn facts(&self) -> [(&'static str, Fact); 22] {
        let text = |t: &Option<Arc<str>>| t.clone().map_or(Fact::None, Fact::Text);
        let time = |t: Option<DateTime<Utc>>| t.map_or(Fact::None, Fact::Time);
        let (d, a) = (&self.departure, &self.arrival);
        let none: Arc<[Designator]> = Arc::default();
        [
            ("status", Fact::Word(self.status.as_str())),
            ("delayed", Fact::Flag(self.delayed)),
            ("doubtful", Fact::Fields(self.doubtful)),
            ("codeshares", Fact::Codeshares(self.codeshares.clone().unwrap_or(none))),
            ("departure.terminal", text(&d.terminal)),
            ("departure.gate", text(&d.gate)),
            ("departure.check_in", text(&d.check_in)),
            ("departure.scheduled", time(d.scheduled)),
            ("departure.estimated", time(d.estimated)),
            ("departure.actual", time(d.actual)),
            ("arrival.terminal", text(&a.terminal)),
            ("arrival.gate", text(&a.gate)),
            ("arrival.belt", text(&a.belt)),
            ("arrival.scheduled", time(a.scheduled)),
            ("arrival.estimated", time(a.estimated)),
            ("arrival.forecast", time(a.forecast)),
            ("arrival.actual", time(a.actual)),
            ("remark", text(&self.remark)),
            ("delay_reason", text(&self.delay_reason)),
            ("aircraft.type", text(&self.aircraft_type)),
            ("aircraft.registration", text(&self.aircraft_registration)),
            ("diverted_to", self.diverted_to.map_or(Fact::None, Fact::Airport)),
        ]
    }

    /// Number, date and route. They change only by a correction.
    pub fn identity(&self) -> [(&'static str, Fact); 6] {
        let LegKey { carrier, number, suffix, origin_date, from, to, repeat: _ } = self.key;
        let text = |text: String| Fact::Text(text.into());
        [
            ("carrier", text(carrier.to_string())),
            ("number", text(number.to_string())),
            ("suffix", suffix.map_or(Fact::None, |suffix| text(suffix.to_string()))),
            ("origin_date", text(origin_date.to_string())),
            ("departure.airport", Fact::Airport(from)),
            ("arrival.airport", Fact::Airport(to)),
        ]
    }

    /// The topics on which this leg's changes are published. Empty for a hidden leg.
    pub fn topics(&self, leg: &LegId) -> SmallVec<[Topic; 6]> {
        let mut topics = SmallVec::new();
        if self.hidden {
            return topics;
        }
        topics.push(Topic::Flight(leg.clone()));
        topics.push(Topic::Board(self.departure.airport, Direction::Departures));
        topics.push(Topic::Board(self.arrival.airport, Direction::Arrivals));
        if let Some(elsewhere) = self.diverted_to {
            topics.push(Topic::Board(elsewhere, Direction::Arrivals));
        }
        topics.push(Topic::Airline(self.key.carrier));
        for flight in self.codeshares.iter().flat_map(|list| list.iter()) {
            let topic = Topic::Airline(flight.airline);
            if !topics.contains(&topic) {
                topics.push(topic);
            }
        }
        topics.push(Topic::All);
        topics
    }
}

/// When the aircraft left, by `field` (off-block or airborne). After a return to the stand, earlier times
/// belong to the previous attempt, even if a source repeats them later or the flight boards again. Later
/// times belong to the next attempt.
pub(crate) fn departed_at(flight: &Flight, field: Field) -> Option<DateTime<Utc>> {
    let returned = steps::returned_at(flight);
    flight.time(field).filter(|at| returned.is_none_or(|returned| *at > returned))
}

/// The expected on-block time. Sources report an estimate of touchdown as a fallback. If it is as new as
/// the on-block estimate and later, the on-block estimate must be wrong.
fn on_block_estimate(flight: &Flight) -> Option<DateTime<Utc>> {
    let field = Field::ArrivalEstimated;
    let best = flight.in_force(field)?;
    let at = best.time()?;
    let touchdown = flight.fallback_in_force(field).filter(|touchdown| {
        touchdown.authority >= best.authority && touchdown.observed_at >= best.observed_at
    });
    Some(touchdown.and_then(|touchdown| touchdown.time()).map_or(at, |touchdown| touchdown.max(at)))
}
