//! What an airport knows about a leg.

use crate::simulation::event::{Event, EventKind, Reason};
use chrono::{DateTime, Utc};
use domain::codes::{Designator, Iata};
use domain::leg::LegKey;
use std::sync::Arc;

/// Everything an airport currently knows about a leg; unknown values are `None` or empty.
#[derive(Clone, PartialEq, Debug)]
pub struct KnownFlight {
    /// The leg.
    pub key: LegKey,
    /// When the last fact became known.
    pub last_updated: DateTime<Utc>,
    /// Marketing flights on the same seats.
    pub codeshares: Vec<Designator>,
    /// ICAO type designator.
    pub aircraft_type: Option<Arc<str>>,
    /// Registration.
    pub registration: Option<Arc<str>>,
    /// The departure side.
    pub departure: KnownDeparture,
    /// The arrival side.
    pub arrival: KnownArrival,
    /// Why it is late, cancelled or diverted.
    pub reason: Option<Reason>,
    /// When it was cancelled, if it is.
    pub cancelled: Option<DateTime<Utc>>,
    /// The airport of a diversion.
    pub diverted_to: Option<Iata>,
}

/// The departure side.
#[derive(Clone, PartialEq, Default, Debug)]
#[expect(missing_docs, reason = "each field is named as the fact in `EventKind` that sets it")]
pub struct KnownDeparture {
    pub scheduled: Option<DateTime<Utc>>,
    pub estimated: Option<DateTime<Utc>>,
    pub terminal: Option<Arc<str>>,
    pub gate: Option<Arc<str>>,
    /// Whether the gate is not the first one.
    pub gate_changed: bool,
    pub desks: Option<Arc<str>>,
    pub check_in_opened: Option<DateTime<Utc>>,
    pub check_in_closed: Option<DateTime<Utc>>,
    pub gate_opened: Option<DateTime<Utc>>,
    pub boarding: Option<DateTime<Utc>>,
    pub final_call: Option<DateTime<Utc>>,
    pub gate_closed: Option<DateTime<Utc>>,
    pub off_block: Option<DateTime<Utc>>,
    pub airborne: Option<DateTime<Utc>>,
}

/// The arrival side.
#[derive(Clone, PartialEq, Default, Debug)]
#[expect(missing_docs, reason = "each field is named as the fact in `EventKind` that sets it")]
pub struct KnownArrival {
    pub scheduled: Option<DateTime<Utc>>,
    pub estimated: Option<DateTime<Utc>>,
    pub terminal: Option<Arc<str>>,
    pub gate: Option<Arc<str>>,
    pub belt: Option<Arc<str>>,
    pub landed: Option<DateTime<Utc>>,
    pub on_block: Option<DateTime<Utc>>,
    pub first_bag: Option<DateTime<Utc>>,
}

impl KnownFlight {
    /// A leg without any facts.
    pub fn unknown(key: LegKey, at: DateTime<Utc>) -> Self {
        Self {
            key,
            last_updated: at,
            codeshares: Vec::new(),
            aircraft_type: None,
            registration: None,
            departure: KnownDeparture::default(),
            arrival: KnownArrival::default(),
            reason: None,
            cancelled: None,
            diverted_to: None,
        }
    }

    /// Adds one fact.
    pub fn learn(&mut self, event: &Event) {
        self.last_updated = self.last_updated.max(event.at);
        let departs_here = event.who == self.key.from;
        let (departure, arrival) = (&mut self.departure, &mut self.arrival);
        match &event.what {
            EventKind::Scheduled(schedule) => {
                departure.scheduled = Some(schedule.departure);
                arrival.scheduled = Some(schedule.arrival);
                let terminal = if departs_here { &mut departure.terminal } else { &mut arrival.terminal };
                *terminal = Some(schedule.terminal.clone());
                self.aircraft_type.clone_from(&schedule.aircraft_type);
                self.codeshares.clone_from(&schedule.codeshares);
            }
            EventKind::CheckInDesks(desks) => departure.desks = Some(desks.clone()),
            EventKind::CheckInOpened(at) => departure.check_in_opened = Some(*at),
            EventKind::CheckInClosed(at) => departure.check_in_closed = Some(*at),
            EventKind::DepartureGate(gate) => {
                departure.gate_changed = departure.gate.as_ref().is_some_and(|before| before != gate);
                departure.gate = Some(gate.clone());
            }
            EventKind::ArrivalGate(gate) => arrival.gate = Some(gate.clone()),
            EventKind::DepartureEstimate(at) => departure.estimated = Some(*at),
            EventKind::ArrivalEstimate(at) => arrival.estimated = Some(*at),
            EventKind::Late(reason) => self.reason = Some(*reason),
            EventKind::GateOpened(at) => departure.gate_opened = Some(*at),
            EventKind::BoardingStarted(at) => departure.boarding = Some(*at),
            EventKind::FinalCall(at) => departure.final_call = Some(*at),
            EventKind::GateClosed(at) => departure.gate_closed = Some(*at),
            EventKind::OffBlock(at) => departure.off_block = Some(*at),
            EventKind::Airborne(at) => departure.airborne = Some(*at),
            EventKind::Landed(at) => arrival.landed = Some(*at),
            EventKind::OnBlock(at) => arrival.on_block = Some(*at),
            EventKind::Belt(belt) => arrival.belt = Some(belt.clone()),
            EventKind::FirstBag(at) => arrival.first_bag = Some(*at),
            EventKind::Aircraft { kind, registration } => {
                self.aircraft_type = Some(kind.clone());
                self.registration.clone_from(registration);
            }
            EventKind::Cancelled(why) => {
                self.cancelled = Some(event.at);
                self.reason = Some(*why);
            }
            EventKind::Diverted { to, why } => {
                self.diverted_to = Some(*to);
                self.reason = Some(*why);
            }
        }
    }

    /// The airport's remark for passengers, if any.
    pub fn remark(&self) -> Option<String> {
        if self.cancelled.is_some() {
            return Some("Contact airline".into());
        }
        self.diverted_to.map(|to| format!("Diverted to {to}"))
    }

    /// Whether the departure is 15 minutes late or more and has not left.
    pub fn is_delayed(&self) -> bool {
        match (self.departure.scheduled, self.departure.estimated, self.departure.off_block) {
            (Some(scheduled), Some(estimated), None) => {
                estimated - scheduled >= crate::simulation::outbound::LATE
            }
            _ => false,
        }
    }
}
