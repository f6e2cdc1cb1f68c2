//! # What is known of a flight
//!
//! Everything here is pure: no I/O, no runtime, no serialisation, no clock of its own. Time and
//! chance come in as arguments, so every test runs in milliseconds and every rule can be replayed.
//!
//! | module | holds |
//! |---|---|
//! | [`characters`] | which characters no screen may get |
//! | [`codes`] | airports', airlines' and flights' names, valid once you hold one |
//! | [`leg`] | what makes a flight leg that leg: natural key, opaque id, aliases |
//! | [`leg_pattern`] | a pattern for the identifiers of legs |
//! | [`alias`] | finds a leg by its other names, so that a corrected key stays the same leg |
//! | [`correction`] | a leg whose number, date or route is corrected |
//! | [`field`] | the fields an airport can speak of, and their values |
//! | [`report`] | what one source says about one leg at one instant |
//! | [`scope`] | what a feed is believed for |
//! | [`flight`] | the merged state of one leg: provenance, revision, operator overrides |
//! | [`view`] | what the public sees of it, and which topics it is told under |
//! | [`status`] | the one word for where it stands, derived from all that is known |
//! | [`change`] | what differs between two views, and what kind of change that is |
//! | [`topic`] | what a listener can follow |
//! | [`board`] | rows of one airport and direction in order |
//! | [`backlog`] | reports that were answered and not merged yet, and whether more are taken |
//! | [`airports`], [`airlines`] | tables with zones and names |
//! | [`clock`] | the operational clock, which can be replayed |
//! | [`feed_health`] | how well a feed is heard, and since when it is silent |
//! | [`feed_key`] | the keys by which feeds are known, and the rules of changing them |
//! | [`mod@line`] | a line that a person wrote |
//! | [`delay_reason`] | delay codes in plain words |
//! | [`ports`] | what the hub asks of the outside world, answered in `adapters` |
//!
//! The rules of merging stand at the head of [`flight`], those of the status at [`status::Status`], of
//! how far a side has come in `steps`, of cancellations in `cancellation`; and each has a test in
//! `tests/rules` whose name says it.
//!
//! ## Adding a field
//!
//! 1. Add a variant to [`field::Field`] and its row in `Field::TABLE` (name, kind, side).
//! 2. Show it in [`view::FlightView`] and in `FlightView::facts`, if the public may see it.
//! 3. Give it a [`change::ChangeKind`] in `change.rs`; whatever differs must be of some kind.
//! 4. Say in `tests/rules` what it is for. The tests of any order and any input take up every
//!    field of the table by themselves.
//! 5. `wire` names it in frames and reports through the same table; its golden files will ask you
//!    to look at the difference.

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
pub mod single_line_text;
pub mod status;
mod steps;
pub mod topic;
pub mod view;
mod visibility;
