//! # JSON in the format of Schiphol's public flight API, version 4
//!
//! Pages `{"flights":[…]}` of twenty rows. Each row is one flight as the airport sees it: a departure or an
//! arrival, with the other airport as the route. A row is everything that the airport publishes about that
//! flight. So, on the airport's own side, `null` clears the value; a missing key means no change.
//!
//! | Schiphol | Gatecall |
//! |---|---|
//! | `flightDirection` D, A | the side of the row; the airport itself is the feed's |
//! | `flightName` | carrier, number and suffix |
//! | `mainFlight` other than `flightName` | a codeshare's row, see below |
//! | `route.destinations` | the other airport, see below |
//! | `originDate`, `scheduleDate` | the origin date, see below |
//! | `scheduleDateTime` | scheduled off-block or on-block time |
//! | `publicEstimatedOffBlockTime`, `actualOffBlockTime` | of a departure: estimated, actual |
//! | `estimatedLandingTime`, `actualLandingTime` | of an arrival: estimated, landed. The API has no on-block time |
//! | `gate`, `terminal`, `checkinAllocations`, `baggageClaim.belts` | gate, terminal, check-in rows, belt |
//! | `publicFlightState.flightStates` | several at once; the furthest step, and the flags among them |
//! | `aircraftType`, `aircraftRegistration` | aircraft; here `null` means unknown |
//! | `codeshares.codeshares` | codeshares |
//! | `isOperationalFlight` false | ignored |
//! | `serviceType` F, H; J, C | cargo, and so hidden; passengers, which withdraws that |
//! | `lastUpdatedAt` | time of observation |
//! | `id` | an alias, as `{feed}:{id}` |
//!
//! Times have an offset; a time without one is a fault of that value. The expected times of gate, boarding
//! and belt are announcements and not facts, and are ignored, as are pier and transfer desks.
//!
//! ## States
//!
//! `GCL` is 'gate closing', the last call, and `GTD` is 'gate closed'; they are often confused. `GCH` means
//! that the gate changed, which the gate itself shows. `FIB` announces the first bag: the flight has
//! arrived, and no bag is there yet. `TOM` is a delay until tomorrow. An arrival's row does not know the
//! departure gate, so of the steps before departure only 'delayed' is used.
//!
//! `CNX` cancels. A row lists all of its states, so a known state without `CNX` withdraws the airport's own
//! cancellation. It withdraws no other source's, because an update of the row for any reason must not
//! outweigh a newer claim of the airline. A row without a known state states nothing. A departure or
//! landing that the airport observed (`DEP`, `LND`) ends a cancellation by the rules of `domain`. `LND`,
//! `FIB` and `ARR` without `CNX` and `DIV` state that the flight is not diverted.
//!
//! ## The other airport
//!
//! A route lists the stops on the far side in the order of travel. A departure flies to the first of them,
//! and an arrival comes from the last. The rest are other legs.
//!
//! ## The origin date
//!
//! Schiphol sends the local date of the flight's time at Schiphol. For a departure that is the origin date,
//! unless the flight began elsewhere the day before. For an overnight arrival it is not, and the leg would
//! not match the one of its departure airport. Nothing else in the row helps, so a feed of this format may
//! add `originDate`, as our mock airports do, and it has priority.
//!
//! ## Codeshares
//!
//! Each marketing flight has a row of its own with the same `mainFlight`. Such a row never creates a leg;
//! its number is added to the main flight's codeshares if that is on the same page. The main flight's own
//! row lists all of them anyway.

mod decode;
mod encode;
mod facts;
mod page;
mod row;

#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::{can_say, encode_page};
