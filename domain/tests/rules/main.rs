//! The rules of the domain, each stated in the name of its test.
//!
//! `story` builds sources and reports; every other module takes one part of the rules. The rules
//! that must hold whatever is reported, and in whatever order, are in `any_order`, `any_input` and
//! `any_name`. Add a rule as a test here first.

#![expect(clippy::unwrap_used, reason = "a story that cannot be told fails its test")]

mod aliases;
mod any_input;
mod any_name;
mod any_order;
mod cancelling;
mod corrections;
mod days;
mod diversions;
mod doubts;
mod forecasts;
mod hiding;
mod kinds;
mod merging;
mod overrides;
mod refusals;
mod scopes;
mod shown;
mod statuses;
mod steps;
mod story;
