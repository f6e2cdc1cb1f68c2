//! # The hub
//!
//! The library behind the `gatecall` binary: commands, configuration, composition, HTTP and WebSocket.
//! Only this package knows both ports and adapters.
//!
//! | module | contents |
//! |---|---|
//! | [`config`] | one TOML file, overridden by the environment, checked before anything starts |
//! | [`serve`] | composition and life cycle of `gatecall serve` |
//! | [`app`] | the state that all parts of a running hub share |
//! | [`feed`] | a configured feed, as the running hub uses it |
//! | [`storage`] | opens the adapters behind the ports: one folder, or servers |
//! | [`directory_cache`] | feed keys and names from the directory, cached for requests |
//! | `feed_watch` | finds silent feeds, on every node |
//! | `periodic_tasks` | background tasks that run at intervals |
//! | [`http`] | REST, metrics, health, the files of the web page |
//! | [`ws`] | WebSocket and server-sent events |
//! | [`problem`], `query`, `fields` | problem JSON answers; query parameters, and named values as structs; for `http` and `ws` |
//! | [`origin`] | which web pages may use this hub |
//! | [`feed_key`] | the command that creates, lists and revokes keys of pushed feeds |
//! | [`repair`] | the commands that begin an epoch and give up unreadable flights |
//! | `skip_record` | the command that skips a Kafka record |
//! | [`roles`] | the roles of a node |
//! | [`telemetry`] | logs and metrics |
//! | [`allocator`] | returns memory to the system |
//! | [`time`] | the only access to real time |
//!
//! ## Adding a module
//!
//! Add it here and to the table. Sibling modules must not import each other in a circle; a test
//! (`tests/tidy`) checks this.

pub mod allocator;
pub mod app;
pub mod config;
pub mod directory_cache;
pub mod feed;
pub mod feed_key;
mod feed_watch;
mod fields;
pub mod http;
pub mod origin;
mod periodic_tasks;
pub mod problem;
mod query;
pub mod repair;
pub mod roles;
pub mod serve;
#[cfg(feature = "servers")]
pub mod skip_record;
pub mod storage;
pub mod telemetry;
pub mod time;
pub mod ws;
