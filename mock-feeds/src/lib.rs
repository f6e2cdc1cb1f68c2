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
//! | [`known`] | what one airport knows of one leg |

pub mod days;
pub mod known;
pub mod places;
pub mod sim;
