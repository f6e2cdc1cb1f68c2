//! The fields that a report can set, and their values.
//!
//! One table names every field. Merging ([`crate::flight`]) treats all fields alike, so a new field needs
//! no new rule there.

use crate::characters::{self, TextKind};
use crate::codes::{Designator, Iata};
use chrono::{DateTime, Utc};
use std::fmt;
use std::sync::Arc;

/// The side of a flight that a field belongs to. The airport of that side has the most authority.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// The departure airport.
    Departure,
    /// The arrival airport.
    Arrival,
    /// Either airport.
    Whole,
}

/// The type of a field's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Text of at most this many characters.
    Text(usize),
    /// An instant, to the second.
    Time,
    /// A step of the flight's life.
    Step,
    /// Yes or no.
    Flag,
    /// An airport.
    Airport,
    /// Marketing flights that share the seats.
    Codeshares,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = ($text:literal, $kind:expr, $side:ident),)*) => {
        /// A field of a leg.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Field { $($(#[$doc])* $name,)* }

        impl Field {
            /// Every field with its name in reports, type and side.
            pub const TABLE: &'static [(Field, &'static str, FieldKind, Side)] =
                &[$((Field::$name, $text, $kind, Side::$side),)*];
        }
    };
}

fields! {
    /// Departure terminal as signposted.
    DepartureTerminal = ("departure.terminal", FieldKind::Text(8), Departure),
    /// Passenger gate.
    DepartureGate = ("departure.gate", FieldKind::Text(8), Departure),
    /// Check-in desks, such as `A12-A15`.
    DepartureCheckIn = ("departure.check_in", FieldKind::Text(24), Departure),
    /// Scheduled off-block time (SOBT).
    DepartureScheduled = ("departure.scheduled", FieldKind::Time, Departure),
    /// Estimated off-block time (EOBT, or the public estimate).
    DepartureEstimated = ("departure.estimated", FieldKind::Time, Departure),
    /// Actual off-block time (AOBT).
    DepartureActual = ("departure.actual", FieldKind::Time, Departure),
    /// Actual take-off time (ATOT).
    DepartureAirborne = ("departure.airborne", FieldKind::Time, Departure),
    /// The step that the departure airport reports.
    DepartureStep = ("departure.step", FieldKind::Step, Departure),
    /// When the departure airport last reported a return to the stand. It outlives the step: earlier times
    /// belong to the previous attempt.
    DepartureReturned = ("departure.returned", FieldKind::Time, Departure),
    /// When check-in opened.
    DepartureCheckInOpened = ("departure.check_in_opened", FieldKind::Time, Departure),
    /// When check-in closed. It only ends check-in, so it is not a step.
    DepartureCheckInClosed = ("departure.check_in_closed", FieldKind::Time, Departure),
    /// When the gate opened.
    DepartureGateOpened = ("departure.gate_opened", FieldKind::Time, Departure),
    /// When boarding began.
    DepartureBoarding = ("departure.boarding", FieldKind::Time, Departure),
    /// When the last call was made.
    DepartureFinalCall = ("departure.final_call", FieldKind::Time, Departure),
    /// When the gate closed.
    DepartureGateClosed = ("departure.gate_closed", FieldKind::Time, Departure),
    /// Arrival terminal.
    ArrivalTerminal = ("arrival.terminal", FieldKind::Text(8), Arrival),
    /// Gate at which passengers arrive.
    ArrivalGate = ("arrival.gate", FieldKind::Text(8), Arrival),
    /// Baggage belt.
    ArrivalBelt = ("arrival.belt", FieldKind::Text(8), Arrival),
    /// Scheduled on-block time (SIBT).
    ArrivalScheduled = ("arrival.scheduled", FieldKind::Time, Arrival),
    /// Estimated on-block time (EIBT, or the public estimate).
    ArrivalEstimated = ("arrival.estimated", FieldKind::Time, Arrival),
    /// Actual landing time (ALDT).
    ArrivalLanded = ("arrival.landed", FieldKind::Time, Arrival),
    /// Actual on-block time (AIBT).
    ArrivalActual = ("arrival.actual", FieldKind::Time, Arrival),
    /// The step that the arrival airport reports.
    ArrivalStep = ("arrival.step", FieldKind::Step, Arrival),
    /// When the first bag arrived.
    ArrivalFirstBag = ("arrival.first_bag", FieldKind::Time, Arrival),
    /// Cancelled (AIDX `DX`) or reinstated (`SQ`). `cancellation` has the rules.
    Cancelled = ("cancelled", FieldKind::Flag, Whole),
    /// Diverted, with or without the new airport being known.
    Diverted = ("diverted", FieldKind::Flag, Whole),
    /// The airport of a diversion. The scheduled arrival airport stays.
    DivertedTo = ("diverted_to", FieldKind::Airport, Whole),
    /// A remark for passengers in the airport's own words.
    Remark = ("remark", FieldKind::Text(200), Whole),
    /// The reason of a delay in plain words, never as a code.
    DelayReason = ("delay_reason", FieldKind::Text(80), Whole),
    /// Aircraft type, IATA or ICAO.
    AircraftType = ("aircraft.type", FieldKind::Text(8), Whole),
    /// Aircraft registration. It never identifies a flight.
    AircraftRegistration = ("aircraft.registration", FieldKind::Text(10), Whole),
    /// Marketing flights that share the seats. They never identify a flight.
    Codeshares = ("codeshares", FieldKind::Codeshares, Whole),
    /// Hidden from clients by the airport.
    Hidden = ("hidden", FieldKind::Flag, Whole),
    /// Hidden from clients: the flight does not operate (AIDX `NOP`).
    NotOperating = ("not_operating", FieldKind::Flag, Whole),
    /// Hidden from clients: cargo, positioning, training and similar.
    NoPassengers = ("no_passengers", FieldKind::Flag, Whole),
    /// Hidden from clients: replaced by a later attempt at the same leg.
    Replaced = ("replaced", FieldKind::Flag, Whole),
    /// When the source last reported that the flight boards, leaves or flies. It outlives the step: a
    /// flight that is late again after boarding still operates.
    Operated = ("operated", FieldKind::Time, Whole),
    /// Whether the source last reported the flight late (the step `delayed`) or as planned (the step
    /// `scheduled`). It does not withdraw a step.
    Late = ("late", FieldKind::Flag, Departure),
}

impl Field {
    /// Name in reports, such as `departure.gate`.
    pub fn name(self) -> &'static str {
        Self::TABLE[self as usize].1
    }

    /// The type of its value.
    pub fn kind(self) -> FieldKind {
        Self::TABLE[self as usize].2
    }

    /// The side it belongs to.
    pub fn side(self) -> Side {
        Self::TABLE[self as usize].3
    }

    /// Whether it is the time of an event, which cannot lie ahead.
    pub fn is_event(self) -> bool {
        matches!(
            self,
            Self::DepartureActual
                | Self::DepartureAirborne
                | Self::DepartureReturned
                | Self::DepartureCheckInOpened
                | Self::DepartureCheckInClosed
                | Self::DepartureGateOpened
                | Self::DepartureBoarding
                | Self::DepartureFinalCall
                | Self::DepartureGateClosed
                | Self::ArrivalLanded
                | Self::ArrivalActual
                | Self::ArrivalFirstBag
        )
    }

    /// The field with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }
}

/// A step in the life of a flight as an airport reports it, in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// Nothing has happened yet.
    Scheduled,
    /// Check-in is open.
    CheckIn,
    /// Late, possibly without a new time. It withdraws no step, see [`Field::Late`].
    Delayed,
    /// Passengers may go to the gate.
    GateOpen,
    /// Boarding.
    Boarding,
    /// Last call.
    FinalCall,
    /// Gate closed.
    GateClosed,
    /// Returned to the stand after leaving it.
    Returned,
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
}

impl Step {
    /// Every step with its name in reports and records.
    pub const WORDS: [(Step, &'static str); 13] = [
        (Step::Scheduled, "scheduled"),
        (Step::CheckIn, "check_in"),
        (Step::Delayed, "delayed"),
        (Step::GateOpen, "gate_open"),
        (Step::Boarding, "boarding"),
        (Step::FinalCall, "final_call"),
        (Step::GateClosed, "gate_closed"),
        (Step::Returned, "returned"),
        (Step::Departed, "departed"),
        (Step::Airborne, "airborne"),
        (Step::Landed, "landed"),
        (Step::Arrived, "arrived"),
        (Step::BagsOnBelt, "bags_on_belt"),
    ];

    /// The name in reports and records.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }

    /// The step with this name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(step, _)| *step)
    }

    /// Whether only a flight that operates reaches this step before departure. Check-in and gate of a
    /// cancelled flight also open and close.
    pub fn shows_that_it_operates(self) -> bool {
        matches!(self, Self::Boarding | Self::FinalCall | Self::Departed | Self::Airborne)
    }

    /// The field that a step belongs to: landing and later steps belong to the arrival airport.
    pub fn field(self) -> Field {
        match self {
            Self::Landed | Self::Arrived | Self::BagsOnBelt => Field::ArrivalStep,
            _ => Field::DepartureStep,
        }
    }
}

/// A field's value. The constructors check that it fits its field.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Value {
    /// Visible text without forbidden characters.
    Text(Arc<str>),
    /// Seconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// A step.
    Step(Step),
    /// Yes or no.
    Flag(bool),
    /// An airport.
    Airport(Iata),
    /// Sorted, without duplicates.
    Codeshares(Arc<[Designator]>),
}

/// Why a value does not fit a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", field.name())]
pub struct InvalidValue {
    /// The field.
    pub field: Field,
    /// What is wrong. Follows the field's name in a sentence.
    pub reason: String,
}

/// Most codeshares of one flight (AIDX allows 20).
pub const CODESHARES_MAX: usize = 20;

impl Value {
    /// A text for `field`: trimmed, white space folded. Refuses invisible characters, characters that
    /// reverse text, and texts longer than the field's limit.
    pub fn text(field: Field, text: &str) -> Result<Self, InvalidValue> {
        let wrong = |reason: String| InvalidValue { field, reason };
        let FieldKind::Text(length_max) = field.kind() else {
            return Err(wrong("does not take a text".into()));
        };
        if text.len() > length_max * 8 {
            return Err(wrong(format!("is longer than {length_max} characters")));
        }
        let used = match field {
            Field::Remark | Field::DelayReason => TextKind::Sentence,
            _ => TextKind::Code,
        };
        let folded = characters::tidied(text, used).map_err(|fault| wrong(fault.to_string()))?;
        if folded.is_empty() {
            return Err(wrong("is empty; use clear to take a value away".into()));
        }
        if folded.chars().count() > length_max {
            return Err(wrong(format!("is longer than {length_max} characters")));
        }
        Ok(Self::Text(folded.into()))
    }

    /// An instant for a time field, within the years 2000 to 2100.
    pub fn time(field: Field, at: DateTime<Utc>) -> Result<Self, InvalidValue> {
        // 2000-01-01 and 2100-01-01. Values outside are unit mistakes (milliseconds) or default dates.
        const RANGE: std::ops::Range<i64> = 946_684_800..4_102_444_800;
        if field.kind() != FieldKind::Time {
            return Err(InvalidValue { field, reason: "does not take a time".into() });
        }
        if !RANGE.contains(&at.timestamp()) {
            return Err(InvalidValue { field, reason: "is not between the years 2000 and 2100".into() });
        }
        Ok(Self::Time(at.timestamp()))
    }

    /// Codeshares, sorted and without duplicates, so that the order of a source does not matter.
    pub fn codeshares(mut flights: Vec<Designator>) -> Result<Self, InvalidValue> {
        flights.sort_unstable();
        flights.dedup();
        if flights.len() > CODESHARES_MAX {
            let reason = format!("are more than {CODESHARES_MAX}");
            return Err(InvalidValue { field: Field::Codeshares, reason });
        }
        Ok(Self::Codeshares(flights.into()))
    }

    /// Whether this value has the field's type.
    pub fn fits(&self, field: Field) -> bool {
        matches!(
            (field.kind(), self),
            (FieldKind::Text(_), Self::Text(_))
                | (FieldKind::Time, Self::Time(_))
                | (FieldKind::Step, Self::Step(_))
                | (FieldKind::Flag, Self::Flag(_))
                | (FieldKind::Airport, Self::Airport(_))
                | (FieldKind::Codeshares, Self::Codeshares(_))
        )
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, row) in Field::TABLE.iter().enumerate() {
            assert_eq!(row.0 as usize, index);
            assert_eq!(Field::named(row.1), Some(row.0));
        }
        for (index, (step, word)) in Step::WORDS.iter().enumerate() {
            assert_eq!(*step as usize, index);
            assert_eq!(Step::parse(word), Some(*step));
        }
    }

    #[test]
    fn texts_are_tidied_and_bounded() {
        assert_eq!(Value::text(Field::DepartureGate, " 12 "), Ok(Value::Text("12".into())));
        assert_eq!(Value::text(Field::Remark, "Go\n to  gate"), Ok(Value::Text("Go to gate".into())));
        for text in ["", "  ", "\u{202e}12", "a\u{0}b", "123456789"] {
            assert!(Value::text(Field::DepartureGate, text).is_err(), "{text:?}");
        }
        assert!(Value::text(Field::Cancelled, "yes").is_err());
    }

    #[test]
    fn a_text_that_is_blank_to_the_eye_is_refused() {
        for blank in
            ["\u{200b}", "\u{feff}", "\u{ad}", "\u{202e}", "\u{3164}", "\u{2800}", "\u{2060}", "\u{e0041}"]
        {
            let texts = Field::TABLE.iter().filter(|(_, _, kind, _)| matches!(kind, FieldKind::Text(_)));
            for (field, ..) in texts {
                assert!(Value::text(*field, blank).is_err(), "{field}: {blank:?}");
            }
            let fault = Value::text(Field::ArrivalBelt, &format!("4{blank}")).unwrap_err();
            assert!(fault.to_string().starts_with("arrival.belt: has a"), "{fault}");
        }
    }

    #[test]
    fn times_in_milliseconds_or_at_year_zero_are_refused() {
        let at = |s| DateTime::from_timestamp(s, 0).unwrap();
        assert!(Value::time(Field::DepartureActual, at(1_360_335_600)).is_ok());
        assert!(Value::time(Field::DepartureActual, at(0)).is_err());
        assert!(Value::time(Field::DepartureActual, at(1_360_335_600_000)).is_err());
        assert!(Value::time(Field::Remark, at(1_360_335_600)).is_err());
    }
}
