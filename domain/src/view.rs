//! What the public sees of a leg, and the status derived from all that is known.

use crate::codes::{Designator, Iata};
use crate::field::{Field, Step, Value};
use crate::flight::Flight;
use crate::leg::LegKey;
use crate::topic::Topic;
use crate::{codes::Direction, leg::LegId};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use smallvec::SmallVec;
use std::sync::Arc;

/// The one word for where a flight stands. Derived, never reported.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// As planned, nothing has happened yet.
    Scheduled,
    /// Check-in is open.
    CheckIn,
    /// Gate is open.
    GateOpen,
    /// Boarding.
    Boarding,
    /// Last call.
    FinalCall,
    /// Gate closed.
    GateClosed,
    /// Expected to leave (or, where only the arrival is known, to arrive) 15 minutes late or more.
    Delayed,
    /// Off-block.
    Departed,
    /// In the air.
    Airborne,
    /// On the runway.
    Landed,
    /// On-block.
    Arrived,
    /// First bag on the belt.
    BagsOnBelt,
    /// Will not fly.
    Cancelled,
    /// Goes or went to another airport.
    Diverted,
    /// Came back to the stand.
    Returned,
}

impl Status {
    /// Every status with its word in frames and bodies.
    pub const WORDS: [(Status, &'static str); 15] = [
        (Status::Scheduled, "scheduled"),
        (Status::CheckIn, "check_in"),
        (Status::GateOpen, "gate_open"),
        (Status::Boarding, "boarding"),
        (Status::FinalCall, "final_call"),
        (Status::GateClosed, "gate_closed"),
        (Status::Delayed, "delayed"),
        (Status::Departed, "departed"),
        (Status::Airborne, "airborne"),
        (Status::Landed, "landed"),
        (Status::Arrived, "arrived"),
        (Status::BagsOnBelt, "bags_on_belt"),
        (Status::Cancelled, "cancelled"),
        (Status::Diverted, "diverted"),
        (Status::Returned, "returned"),
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }
}

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
    /// Estimated off-block time.
    pub estimated: Option<DateTime<Utc>>,
    /// Actual off-block time.
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
    /// Estimated on-block time.
    pub estimated: Option<DateTime<Utc>>,
    /// Actual on-block time.
    pub actual: Option<DateTime<Utc>>,
}

/// What the public sees of a leg. Everything but identifier, revision and stamp.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FlightView {
    /// Natural key, of which the public sees carrier, number, suffix, date and airports.
    pub key: LegKey,
    /// Marketing flights.
    pub codeshares: Option<Arc<[Designator]>>,
    /// Derived status.
    pub status: Status,
    /// Departure side.
    pub departure: DepartureView,
    /// Arrival side.
    pub arrival: ArrivalView,
    /// Remark in the airport's words.
    pub remark: Option<Arc<str>>,
    /// Reason of a delay in plain words.
    pub delay_reason: Option<Arc<str>>,
    /// Aircraft type.
    pub aircraft_type: Option<Arc<str>>,
    /// Aircraft registration.
    pub aircraft_registration: Option<Arc<str>>,
    /// Where it goes instead.
    pub diverted_to: Option<Iata>,
    /// Not for the public: such a leg appears under no topic.
    pub hidden: bool,
}

/// From this on a flight is late (14 CFR 234.2).
pub const LATE_FROM: TimeDelta = TimeDelta::minutes(15);

/// An estimate further than this from the schedule is a mistake of its source (a wrong day or
/// zone) and is not shown. The longest delay of 336,776 flights of 2013 was 1,301 minutes.
pub const ESTIMATE_OFF_MAX: TimeDelta = TimeDelta::hours(36);

/// One shown fact: its dotted path in a flight's JSON object, and its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// Nothing known.
    None,
    /// Text.
    Text(Arc<str>),
    /// An instant.
    Time(DateTime<Utc>),
    /// A fixed word.
    Word(&'static str),
    /// An airport.
    Airport(Iata),
    /// A list of flights.
    Codeshares(Arc<[Designator]>),
}

impl FlightView {
    /// Most topics one leg appears under: its own, both boards, the airport it was diverted to,
    /// its airline, its codeshares' airlines, and all.
    pub const TOPICS_MAX: usize = 6 + crate::field::CODESHARES_MAX;

    pub(crate) fn of(flight: &Flight) -> Self {
        let text = |field| match flight.value(field) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let time = |field| match flight.value(field) {
            Some(Value::Time(seconds)) => DateTime::from_timestamp(*seconds, 0),
            _ => None,
        };
        let flag = |field| matches!(flight.value(field), Some(Value::Flag(true)));
        let departure = DepartureView {
            airport: flight.key.from,
            terminal: text(Field::DepartureTerminal),
            gate: text(Field::DepartureGate),
            check_in: text(Field::DepartureCheckIn),
            scheduled: time(Field::DepartureScheduled),
            estimated: plausible(time(Field::DepartureEstimated), time(Field::DepartureScheduled)),
            actual: time(Field::DepartureActual),
        };
        let arrival = ArrivalView {
            airport: flight.key.to,
            terminal: text(Field::ArrivalTerminal),
            gate: text(Field::ArrivalGate),
            belt: text(Field::ArrivalBelt),
            scheduled: time(Field::ArrivalScheduled),
            estimated: plausible(time(Field::ArrivalEstimated), time(Field::ArrivalScheduled)),
            actual: time(Field::ArrivalActual),
        };
        Self {
            key: flight.key,
            codeshares: match flight.value(Field::Codeshares) {
                Some(Value::Codeshares(list)) if !list.is_empty() => Some(list.clone()),
                _ => None,
            },
            status: derive_status(flight, &departure, &arrival),
            departure,
            arrival,
            remark: text(Field::Remark),
            delay_reason: text(Field::DelayReason),
            aircraft_type: text(Field::AircraftType),
            aircraft_registration: text(Field::AircraftRegistration),
            diverted_to: match flight.value(Field::DivertedTo) {
                Some(Value::Airport(iata)) => Some(*iata),
                _ => None,
            },
            hidden: flag(Field::Hidden) || flight.key.suffix.is_some_and(|s| s.is_positioning()),
        }
    }

    /// Every fact that can change, by its dotted path in a flight's JSON object, always in the
    /// same order.
    pub fn facts(&self) -> [(&'static str, Fact); 19] {
        let text = |t: &Option<Arc<str>>| t.clone().map_or(Fact::None, Fact::Text);
        let time = |t: Option<DateTime<Utc>>| t.map_or(Fact::None, Fact::Time);
        let (d, a) = (&self.departure, &self.arrival);
        let none: Arc<[Designator]> = Arc::default();
        [
            ("status", Fact::Word(self.status.as_str())),
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
            ("arrival.actual", time(a.actual)),
            ("remark", text(&self.remark)),
            ("delay_reason", text(&self.delay_reason)),
            ("aircraft.type", text(&self.aircraft_type)),
            ("aircraft.registration", text(&self.aircraft_registration)),
            ("diverted_to", self.diverted_to.map_or(Fact::None, Fact::Airport)),
        ]
    }

    /// Minutes late at departure, or at arrival where only that is known. Negative when early.
    pub fn delay_minutes(&self) -> Option<i64> {
        let late = |scheduled: Option<DateTime<Utc>>, estimated, actual: Option<DateTime<Utc>>| {
            Some((actual.or(estimated)? - scheduled?).num_minutes())
        };
        let (d, a) = (&self.departure, &self.arrival);
        late(d.scheduled, d.estimated, d.actual).or_else(|| late(a.scheduled, a.estimated, a.actual))
    }

    /// When the flight is placed on a board of `direction`: its scheduled time there, or the best
    /// other time, or the start of its origin date.
    pub fn board_time(&self, direction: Direction) -> DateTime<Utc> {
        let (d, a) = (&self.departure, &self.arrival);
        let known = match direction {
            Direction::Departures => d.scheduled.or(d.estimated).or(d.actual),
            Direction::Arrivals => a.scheduled.or(a.estimated).or(a.actual),
        };
        known.unwrap_or_else(|| start_of(self.key.origin_date))
    }

    /// The topics under which this leg's changes are told. Empty for a hidden leg.
    pub fn topics(&self, leg: &LegId) -> SmallVec<[Topic; 6]> {
        let mut topics = SmallVec::new();
        if self.hidden {
            return topics;
        }
        topics.push(Topic::Flight(leg.clone()));
        topics.push(Topic::Board(self.departure.airport, Direction::Departures));
        topics.push(Topic::Board(self.arrival.airport, Direction::Arrivals));
        if let Some(elsewhere) = self.diverted_to.filter(|iata| *iata != self.arrival.airport) {
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

fn start_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

fn plausible(estimated: Option<DateTime<Utc>>, scheduled: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    estimated.filter(|e| scheduled.is_none_or(|s| (*e - s).abs() <= ESTIMATE_OFF_MAX))
}

/// The order in which facts decide: an end of the journey as planned (cancelled, diverted), then
/// the arrival side, then the departure side, then lateness. Follows the Home Office DRT's order of
/// display; boarding steps outrank lateness because a passenger must act on them.
fn derive_status(flight: &Flight, departure: &DepartureView, arrival: &ArrivalView) -> Status {
    let flag = |field| matches!(flight.value(field), Some(Value::Flag(true)));
    let known = |field| flight.value(field).is_some();
    let step = |field| match flight.value(field) {
        Some(Value::Step(step)) => *step,
        _ => Step::Scheduled,
    };
    let (leaving, coming) = (step(Field::DepartureStep), step(Field::ArrivalStep));
    if flag(Field::Cancelled) {
        return Status::Cancelled;
    }
    if flag(Field::Diverted) || known(Field::DivertedTo) {
        return Status::Diverted;
    }
    if coming == Step::BagsOnBelt {
        return Status::BagsOnBelt;
    }
    if arrival.actual.is_some() || coming == Step::Arrived {
        return Status::Arrived;
    }
    if known(Field::ArrivalLanded) || coming == Step::Landed {
        return Status::Landed;
    }
    if leaving == Step::Returned {
        return Status::Returned;
    }
    if known(Field::DepartureAirborne) || leaving == Step::Airborne || coming == Step::Airborne {
        return Status::Airborne;
    }
    if departure.actual.is_some() || leaving == Step::Departed {
        return Status::Departed;
    }
    match leaving {
        Step::GateOpen => return Status::GateOpen,
        Step::Boarding => return Status::Boarding,
        Step::FinalCall => return Status::FinalCall,
        Step::GateClosed => return Status::GateClosed,
        _ => {}
    }
    if leaving == Step::Delayed || is_late(departure, arrival) {
        return Status::Delayed;
    }
    if leaving == Step::CheckIn { Status::CheckIn } else { Status::Scheduled }
}

fn is_late(departure: &DepartureView, arrival: &ArrivalView) -> bool {
    match (departure.scheduled, departure.estimated, arrival.scheduled, arrival.estimated) {
        (Some(scheduled), Some(estimated), _, _) => estimated - scheduled >= LATE_FROM,
        (_, None, Some(scheduled), Some(estimated)) => estimated - scheduled >= LATE_FROM,
        _ => false,
    }
}
