//! # Gatecall's own JSON reports
//!
//! For sources with an adapter of their own: one object, or an array of at most [`super::REPORTS_MAX`].
//!
//! ```json
//! {"carrier": "B6", "number": "615", "origin_date": "2013-02-08", "from": "JFK", "to": "FLL",
//!  "observed_at": "2013-02-08T21:04:11Z",
//!  "set": {"status": "boarding", "departure.gate": "14", "remark": "Go to gate"},
//!  "clear": ["arrival.belt"]}
//! ```
//!
//! - `carrier`, `number` (text or number), `origin_date`, `from` and `to` identify the leg and are
//!   required; `suffix` and `repeat` are optional. An airline's IATA and ICAO codes mean the same airline.
//! - `observed_at` is when the sender observed it; if absent, the time of receipt.
//! - `set` has values by the names of [`SETTABLE`], and `status` with a value of [`ReportedStatus`].
//!   `clear` lists fields to clear. Other fields do not change. Clearing `status` withdraws steps and a
//!   diversion. Only the status `reinstated` withdraws a cancellation.
//! - Instants are RFC 3339 with an offset. An instant without one is a fault, because its zone is unknown.
//!
//! A report is accepted as a whole or refused, because the sender reads the answer. Unknown keys, repeated
//! keys and fields both set and cleared are faults: the sender of a misspelt key would otherwise believe
//! that the hub accepted it.
//!
//! This format is the fastest: texts are borrowed from the message until the report owns them, and no tree
//! is built. Nesting is harmless: a nested value in place of a text is refused at its first bracket, and
//! finding the end of an array's elements takes no stack.

mod decode;
mod draft;
mod encode;
mod plain;

#[cfg(test)]
mod tests;

pub use decode::decode;
pub use draft::decode_value;
pub use encode::{encode_report, encode_value};

use domain::field::Field;
#[cfg(doc)]
use domain::report::ReportedStatus;

/// Fields that a report may set by their own names. The rest is said by `status`.
pub const SETTABLE: [Field; 20] = [
    Field::DepartureTerminal,
    Field::DepartureGate,
    Field::DepartureCheckIn,
    Field::DepartureScheduled,
    Field::DepartureEstimated,
    Field::DepartureActual,
    Field::DepartureAirborne,
    Field::ArrivalTerminal,
    Field::ArrivalGate,
    Field::ArrivalBelt,
    Field::ArrivalScheduled,
    Field::ArrivalEstimated,
    Field::ArrivalLanded,
    Field::ArrivalActual,
    Field::DivertedTo,
    Field::Remark,
    Field::DelayReason,
    Field::AircraftType,
    Field::AircraftRegistration,
    Field::Codeshares,
];
