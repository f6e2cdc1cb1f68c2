//! # Airports that never were, and days that were
//!
//! A stand-in for airports: it replays a real day, or makes one up, and tells the hub of it the
//! way airports do. What an airport learns, and when, is decided by the simulation alone
//! ([`sim`]); everything else is transport.
//!
//! | module | holds |
//! |---|---|
//! | [`days`], [`places`] | the shipped days, zones of their airports |
//! | [`sim`] | the simulation: from a day's departures to facts with the instant they become known |
//! | [`known`], [`airport`], [`playbook`] | what an airport knows; the airports at one instant; where events come from |
//! | [`encode`] | the formats airports speak: AIDX, and JSON in the shape of Schiphol's API |
//! | [`faults`] | ways in which an airport can misbehave |
//! | [`shared`], [`wallclock`] | the airports behind a lock, brought up to the clock; where real time comes in |
//! | [`push`], [`serve`] | JFK pushes; LGA and EWR are pulled |
//! | [`cli`], [`run`], [`hourly`] | the command line, putting it all together, the log |
//!
//! ## Adding an airport
//!
//! 1. Its terminals in [`sim::stands`]; flights from there in `days/`.
//! 2. Its format in [`encode`], if it is a new one, and its address in [`serve`], if it is pulled.

pub mod airport;
pub mod cli;
pub mod days;
pub mod encode;
pub mod faults;
pub mod hourly;
pub mod known;
pub mod places;
pub mod playbook;
pub mod push;
pub mod run;
pub mod serve;
pub mod shared;
pub mod sim;
pub mod wallclock;
