//! # The hub
//!
//! The one place where ports meet adapters, and where the outside comes in: commands,
//! configuration, HTTP and sockets.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | what every part needs of the others |
//! | [`backing`] | the one place where ports meet adapters: a folder, or servers |
//! | [`config`] | one TOML file, overridden by the environment, checked before anything starts |
//! | [`serve`] | composition and life cycle of `gatecall serve` |
//! | [`decided`] | what people have decided, as this node knows it |
//! | `feed_watch` | which feeds are silent, on every node |
//! | [`feed_key`] | the keys of pushed feeds: made, listed, revoked |
//! | `housekeeping` | what has to be done now and then |
//! | [`http`] | REST, metrics, health, the web page's files |
//! | [`ws`] | sockets: handshake, line, session; server-sent events |
//! | [`mend`] | a data folder's new epoch, and giving up what cannot be read |
//! | [`skip_record`] | a record of Kafka that ends hubs is passed over |
//! | [`memory`] | the one door to the allocator |
//! | [`roles`] | what a node of several does |
//! | [`telemetry`] | logs and what is counted |
//! | [`time`] | the one door where real time comes in |

pub mod app;
pub mod backing;
pub mod config;
pub mod decided;
pub mod feed_key;
mod feed_watch;
mod housekeeping;
pub mod http;
pub mod memory;
pub mod mend;
pub mod roles;
pub mod serve;
pub mod skip_record;
pub mod telemetry;
pub mod time;
pub mod ws;
