//! # Simulated airports
//!
//! Stands in for airports: it replays a recorded day, or generates one, and reports it to the hub as
//! airports do. The simulation ([`simulation`]) alone determines what an airport learns and when;
//! everything else is transport.
//!
//! | module | contents |
//! |---|---|
//! | [`days`], [`airport_zones`] | the shipped days; time zones of their airports |
//! | [`simulation`] | from a day's departures to facts and the times at which they become known |
//! | [`known_flight`], [`airport`], [`event_schedule`] | what an airport knows; all airports at one instant; the sequence of events |
//! | [`encode`] | encoders of the airports' formats: AIDX, and JSON in the format of Schiphol's API |
//! | [`faults`] | faults of an airport |
//! | [`shared`], [`wallclock`] | the airports behind a lock, advanced to the clock; the access to real time |
//! | [`push`], [`serve`] | JFK pushes; LGA and EWR are polled |
//! | [`cli`], [`run`], [`hourly_log`] | command line, composition, log |
//!
//! ## Adding an airport
//!
//! 1. Add its terminals to [`simulation::stand_allocation`], and flights from there to `days/`.
//! 2. Add its format to [`encode`] if it is a new one, and its address to [`serve`] if it is polled.

pub mod airport;
pub mod airport_zones;
pub mod cli;
pub mod days;
pub mod encode;
pub mod event_schedule;
pub mod faults;
pub mod hourly_log;
pub mod known_flight;
pub mod push;
pub mod run;
pub mod serve;
pub mod shared;
pub mod simulation;
pub mod wallclock;
