//! Load on a hub, and its report.
//!
//! The load tester plays everybody around a hub on the same machine: thousands of listeners on
//! WebSockets and the airport that pushes reports. It depends on nothing of the hub's code, so that
//! a mistake there cannot hide itself here: it speaks the protocol of docs/PROTOCOL.md with code of
//! its own.
//!
//! # Map
//! - [`driver`]: one thread, one epoll loop ([`reactor`]) for the listeners ([`ws_clients`], [`ws`]) and for
//!   the connections that push ([`http_pool`], [`http`]).
//! - [`listeners`]: what listeners heard. [`frame_cache`] parses each distinct frame once and [`expected_state`]
//!   works out what flights look like; [`checker`] holds every socket to its revisions; [`phase_metrics`]
//!   measures times.
//! - [`plan`], [`traffic`]: flights, reports about them, frames for the ceiling.
//! - [`baseline`]: the server that a hub is measured against.
//! - [`hub_under_test`], [`hub_process`], [`process`]: the hub, one of our own, and what the kernel tells of it.
//! - [`fanout`], [`reconnect`], [`ingest`], [`flood`]: the scenarios. [`report`]: what they tell.
//!
//! # One scenario more
//! Add its arguments to [`args`], every number with a bound from [`limits`]; a module whose `run`
//! returns a [`report::Report`]; and its line in `main.rs`. A rule that frames must keep goes into
//! [`checker`] with a test that shows it being broken.

pub mod args;
pub mod listeners;
pub mod frame_cache;
pub mod baseline;
pub mod checker;
pub mod clock;
pub mod fanout;
pub mod flood;
pub mod hello;
pub mod http;
pub mod hub_address;
pub mod ingest;
pub mod http_pool;
pub mod limits;
pub mod phase_metrics;
pub mod nodes;
pub mod expected_state;
pub mod plan;
pub mod process;
pub mod reactor;
pub mod reconnect;
pub mod report;
pub mod driver;
pub mod traffic;
pub mod hub_process;
pub mod hub_under_test;
pub mod ws_clients;
pub mod ws;

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
