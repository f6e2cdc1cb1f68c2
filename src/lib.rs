//! # The hub
//!
//! The one place where ports meet adapters, and where the outside comes in: commands,
//! configuration, HTTP and sockets.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | what every part needs of the others |
//! | [`config`] | one TOML file, overridden by the environment, checked before anything starts |
//! | [`serve`] | composition and life cycle of `gatecall serve` |
//! | [`http`] | REST, metrics, health, the web page's files |
//! | [`ws`] | sockets: handshake, line, session; server-sent events |
//! | [`memory`] | the one door to the allocator |
//! | [`telemetry`] | logs and what is counted |
//! | [`time`] | the one door where real time comes in |

pub mod app;
pub mod config;
pub mod http;
pub mod memory;
pub mod serve;
pub mod telemetry;
pub mod time;
pub mod ws;
