//! # The hub
//!
//! The one place where ports meet adapters, and where the outside comes in: commands,
//! configuration, HTTP and sockets.
//!
//! | module | holds |
//! |---|---|
//! | [`app`] | what every part needs of the others |
//! | [`storage`] | the one place where ports meet adapters: a folder, or servers |
//! | [`config`] | one TOML file, overridden by the environment, checked before anything starts |
//! | [`serve`] | composition and life cycle of `gatecall serve` |
//! | [`directory_cache`] | what people have decided, as this node knows it |
//! | `feed_watch` | which feeds are silent, on every node |
//! | [`feed_key`] | the keys of pushed feeds: made, listed, revoked |
//! | `periodic_tasks` | what has to be done now and then |
//! | [`http`] | REST, metrics, health, the web page's files |
//! | [`ws`] | sockets: handshake, line, session; server-sent events |
//! | [`origin`] | which web pages may speak to this hub |
//! | [`repair`] | a data folder's new epoch, and giving up what cannot be read |
//! | [`skip_record`] | a record of Kafka that ends hubs is passed over |
//! | [`allocator`] | the one door to the allocator |
//! | [`roles`] | what a node of several does |
//! | [`telemetry`] | logs and what is counted |
//! | [`time`] | the one door where real time comes in |

pub mod allocator;
pub mod app;
pub mod config;
pub mod directory_cache;
pub mod feed_key;
mod feed_watch;
pub mod http;
pub mod origin;
mod periodic_tasks;
pub mod repair;
pub mod roles;
pub mod serve;
pub mod skip_record;
pub mod storage;
pub mod telemetry;
pub mod time;
pub mod ws;
