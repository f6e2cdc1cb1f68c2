//! # Our own JSON reports
//!
//! For whoever writes an adapter of their own: one object, or an array of at most
//! [`super::REPORTS_MAX`].
//!
//! ```json
//! {"carrier": "B6", "number": "615", "origin_date": "2013-02-08", "from": "JFK", "to": "FLL",
//!  "observed_at": "2013-02-08T21:04:11Z",
//!  "set": {"status": "boarding", "departure.gate": "14", "remark": "Go to gate"},
//!  "clear": ["arrival.belt"]}
//! ```
//!
//! - `carrier`, `number` (text or number), `origin_date`, `from` and `to` identify the leg and are
//!   required; `suffix` and `repeat` where it has them. An airline's IATA and ICAO codes are the same
//!   airline.
//! - `observed_at` is when the sender knew it; absent, it is when the hub got the report.
//! - `set` holds values by the names of [`SETTABLE`], and `status` with a word of
//!   [`ReportedStatus`]. `clear` names those whose value is taken away. What is in neither is left as
//!   it is. Clearing `status` takes back steps and a diversion; a cancellation is only taken back
//!   by the status `reinstated`.
//! - Instants are RFC 3339 with an offset; one without is a fault, as nobody here knows the zone
//!   that was meant.
//!
//! A report is taken whole or not at all, as its sender reads the answer. Unknown keys, keys given
//! twice and fields both set and cleared are faults: a misspelt key that was passed over would
//! look to its sender as if it had been heard.
//!
//! This is the fast way in: texts are borrowed from the message until the report owns them, and no
//! tree is built. Nesting is no danger: what is nested where a text belongs is refused at its first
//! bracket, and finding the end of an array's elements takes no stack.

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
