//! # Domain model of flights
//!
//! Everything in this crate is pure: no I/O, no runtime, no serialisation, no clock of its own. Callers
//! pass time and randomness in as arguments, so tests run in milliseconds and every rule can be replayed.
//!
//! | module | contents |
//! |---|---|
//! | [`field`] | the fields a report can set, with type and side of each |
//! | [`report`] | [`report::Report`]: what one source states about one leg at one instant |
//! | [`scope`] | which flights and fields a feed may report on |
//! | [`flight`] | [`flight::Flight`]: the merged state of one leg, with provenance, revision and overrides |
//! | `claim` | how competing claims on one field are ranked |
//! | `steps`, `cancellation`, `diversion`, `operating`, `visibility` | rules for the fields that need more than ranking |
//! | [`leg`], [`leg_pattern`] | natural key, identifier and aliases of a leg; patterns over identifiers |
//! | [`alias`], [`correction`] | find a leg by its other names; a corrected number, date or route |
//! | [`view`] | what clients see of a flight, and on which topics |
//! | [`status`] | the displayed status, derived from steps, times and cancellations |
//! | [`change`] | the difference between two views, classified by kind |
//! | [`topic`], [`board`] | what clients subscribe to; the ordered rows of one airport and direction |
//! | [`backlog`] | limits the reports that are durable and not merged yet |
//! | [`clock`] | the operational clock, which can be replayed |
//! | [`feed_health`], [`feed_key`] | health of a feed; its bearer keys and the rules for changing them |
//! | [`codes`], [`airports`], [`airlines`], [`delay_reason`] | IATA and ICAO codes and the tables behind them |
//! | [`characters`], [`single_line_text`] | text that is safe to show; one line of text written by a person |
//! | [`secret`] | a value that is never shown |
//! | [`ports`] | interfaces to the outside, implemented in `adapters` |
//!
//! The page of each module states its rules: merging in [`flight`], the status in [`status::Status`],
//! progress in `steps`, cancellations in `cancellation`. Each rule has a test in `tests/rules` whose name
//! states it.
//!
//! ## Adding a field
//!
//! 1. Add a variant to [`field::Field`] and its row (name, kind, side) to `Field::TABLE`.
//! 2. If clients may see it, add it to [`view::FlightView`] and to `FlightView::facts`.
//! 3. Give it a [`change::ChangeKind`] in `change.rs`. Every difference must have a kind.
//! 4. Add a test to `tests/rules` for its rule. The property tests take every field of the table without a
//!    change.
//! 5. `wire` takes the name from the same table. Its golden files show the difference for review.

pub mod airlines;
pub mod airports;
pub mod alias;
pub mod backlog;
pub mod board;
mod cancellation;
pub mod change;
pub mod characters;
mod claim;
pub mod clock;
pub mod codes;
pub mod correction;
pub mod delay_reason;
mod diversion;
pub mod feed_health;
pub mod feed_key;
pub mod field;
pub mod flight;
pub mod leg;
pub mod leg_pattern;
mod manual_override;
mod operating;
pub mod ports;
pub mod report;
pub mod scope;
pub mod secret;
pub mod single_line_text;
pub mod status;
mod steps;
pub mod topic;
pub mod view;
mod visibility;
