//! # JSON in the shape of Schiphol's public flight API, version 4
//!
//! Pages `{"flights":[…]}` of twenty rows, each row one flight as the airport sees it: a departure
//! or an arrival, with the other end as the route. A row is the whole of what the airport tells
//! the public of that flight, so the airport's own side is taken at its word: a key with `null` is
//! a value that is no longer there, a key that is missing says nothing.
//!
//! | Schiphol | ours |
//! |---|---|
//! | `flightDirection` D, A | which side the row speaks of; the airport itself is the feed's |
//! | `flightName` | carrier, number and suffix |
//! | `mainFlight` other than `flightName` | a codeshare's row, see below |
//! | `route.destinations` | the other airport, see below |
//! | `originDate`, `scheduleDate` | the origin date, see below |
//! | `scheduleDateTime` | scheduled off-block or on-block time |
//! | `publicEstimatedOffBlockTime`, `actualOffBlockTime` | of a departure: estimated, actual |
//! | `estimatedLandingTime`, `actualLandingTime` | of an arrival: estimated, landed. The public is told no on-block time |
//! | `gate`, `terminal`, `checkinAllocations`, `baggageClaim.belts` | gate, terminal, check-in rows, belt |
//! | `publicFlightState.flightStates` | several at once; the furthest step, and the flags among them |
//! | `aircraftType`, `aircraftRegistration` | aircraft; here `null` is not knowing |
//! | `codeshares.codeshares` | codeshares |
//! | `isOperationalFlight` false | left aside |
//! | `serviceType` F, H; J, C | cargo, and so hidden; passengers, and so not for that reason |
//! | `lastUpdatedAt` | time of observation |
//! | `id` | another name of the leg, as `{feed}:{id}` |
//!
//! Times have an offset; one without is a fault of that value. The expected times of gate, boarding
//! and belt are promises and not facts, and are left aside, as are pier and transfer desks.
//!
//! ## States
//!
//! `GCL` is 'gate closing', the last call, and `GTD` is 'gate closed'; they are often confused.
//! `GCH` says that the gate changed, which the gate says itself. `FIB` promises the first bag soon:
//! the flight has arrived, and no bag is claimed to be there. `TOM` is a delay until tomorrow.
//! An arrival's row does not know what happens at the gate it comes from, so of the steps before
//! the flight it is believed only that the flight is late.
//!
//! `CNX` cancels. A row has all of its states, so one that is known without `CNX` beside it takes the
//! airport's own cancellation back, and no other's: an update of the row for any reason is no word
//! against what the airline said in the meantime. A row without a state that is known says nothing of
//! it. That the airport has seen the flight leave or land (`DEP`, `LND`) ends a cancellation as
//! `domain` has it. `LND`, `FIB` and `ARR` without `CNX` and `DIV` beside them say that the flight is
//! not diverted.
//!
//! ## The other airport
//!
//! A route lists the stops on the airport's far side in the order of travel. A departure flies to
//! the first of them next, and an arrival comes from the last. The rest are other legs.
//!
//! ## The origin date
//!
//! Schiphol tells the local date of the flight's time at Schiphol. For a departure that is the
//! origin date, unless the flight began elsewhere the day before. For an arrival it is not, when
//! the flight is overnight: the leg would then not be recognised as the one its departure airport
//! speaks of. Nothing else in the row tells, so a feed of this shape may say `originDate`, as our
//! mock airports do; it is preferred where it is there.
//!
//! ## Codeshares
//!
//! Each marketing flight has a row of its own that names the same `mainFlight`. Such a row never
//! makes a leg; its number is added to the main flight's codeshares if that is on the same page.
//! The main flight's own row lists all of them anyway.

mod decode;
mod encode;
mod facts;
mod page;
mod row;

#[cfg(test)]
mod tests;

pub use decode::decode;
pub use encode::{can_say, encode_page};
