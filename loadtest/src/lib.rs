//! # Load tests
//!
//! The load tester plays everyone around a hub on the same machine: thousands of WebSocket clients, and an
//! airport that pushes reports. It shares no code with the hub, so that a mistake there cannot hide here:
//! it implements docs/PROTOCOL.md itself.
//!
//! | module | contents |
//! |---|---|
//! | [`args`], [`limits`] | command line, and the limits of its numbers |
//! | [`fanout`], [`reconnect`], [`ingest`], [`flood`] | the scenarios |
//! | [`driver`] | one thread and one epoll loop ([`reactor`]) for [`ws_clients`] ([`ws`]) and the [`http_pool`] ([`http`]) |
//! | [`listeners`] | what the WebSocket clients received |
//! | [`frame_cache`], [`expected_state`] | parses each distinct frame once; computes the state of flights from frames |
//! | [`checker`] | checks the revisions of every socket |
//! | [`phase_metrics`] | latencies and counts of a phase |
//! | [`plan`], [`traffic`] | flights and reports; what is pushed |
//! | [`baseline`] | the minimal server that the hub is measured against (`ceiling` on the command line) |
//! | [`hub_under_test`], [`hub_process`], [`hub_address`], [`hello`], [`nodes`], [`process`] | the hub: found or started, its clock, its nodes, its CPU and memory |
//! | [`report`] | the report of a run |
//!
//! ## Adding a scenario
//!
//! 1. Add its arguments to [`args`], with a bound from [`limits`] for every number.
//! 2. Add a module whose `run` returns a [`report::Report`], and its line in `main.rs`.
//! 3. Add rules about frames to [`checker`], each with a test that violates it.

pub mod args;
pub mod baseline;
pub mod checker;
pub mod clock;
pub mod driver;
pub mod expected_state;
pub mod fanout;
pub mod flood;
pub mod frame_cache;
pub mod hello;
pub mod http;
pub mod http_pool;
pub mod hub_address;
pub mod hub_process;
pub mod hub_under_test;
pub mod ingest;
pub mod limits;
pub mod listeners;
pub mod nodes;
pub mod phase_metrics;
pub mod plan;
pub mod process;
pub mod reactor;
pub mod reconnect;
pub mod report;
pub mod traffic;
pub mod ws;
pub mod ws_clients;

/// A command line that cannot be carried out: exit code 2.
#[derive(Debug)]
pub struct WrongUsage(String);

impl std::fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

/// The error of a wrong command line.
pub(crate) fn usage<T>(why: &str) -> anyhow::Result<T> {
    Err(WrongUsage(why.to_owned()).into())
}
