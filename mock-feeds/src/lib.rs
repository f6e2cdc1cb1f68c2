//! # Airports that never were, and days that were
//!
//! A stand-in for airports: it replays a real day, or makes one up, and tells the hub of it the
//! way airports do. What an airport learns, and when, is decided by the simulation alone
//! ([`simulation`]); everything else is transport.
//!
//! | module | holds |
//! |---|---|
//! | [`days`], [`airport_zones`] | the shipped days, zones of their airports |
//! | [`simulation`] | the simulation: from a day's departures to facts with the instant they become known |
//! | [`known_flight`], [`airport`], [`event_schedule`] | what an airport knows; the airports at one instant; where events come from |
//! | [`encode`] | the formats airports speak: AIDX, and JSON in the shape of Schiphol's API |
//! | [`faults`] | ways in which an airport can misbehave |
//! | [`shared`], [`wallclock`] | the airports behind a lock, brought up to the clock; where real time comes in |
//! | [`push`], [`serve`] | JFK pushes; LGA and EWR are pulled |
//! | [`cli`], [`run`], [`hourly_log`] | the command line, putting it all together, the log |
//!
//! ## Adding an airport
//!
//! 1. Its terminals in [`simulation::stand_allocation`]; flights from there in `days/`.
//! 2. Its format in [`encode`], if it is a new one, and its address in [`serve`], if it is pulled.

pub mod airport;
pub mod cli;
pub mod days;
pub mod encode;
pub mod faults;
pub mod hourly_log;
pub mod known_flight;
pub mod airport_zones;
pub mod event_schedule;
pub mod push;
pub mod run;
pub mod serve;
pub mod shared;
pub mod simulation;
pub mod wallclock;
