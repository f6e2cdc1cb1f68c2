//! # Contract suites, test doubles and test helpers
//!
//! | module | holds |
//! |---|---|
//! | [`contract`] | one suite per port, which every implementation of the port runs |
//! | [`memory`] | the stores in memory, for tests of the hub |
//! | [`flights`] | sample flights with a value in every field |
//! | [`services`] | addresses of the Kafka, PostgreSQL and MongoDB that tests may use |
//! | [`driver_runtime`] | the runtime that drivers of PostgreSQL, MongoDB and Kafka get |
//! | [`free_port`] | free TCP ports for servers that a test starts |
//! | [`tcp_proxy`] | a TCP proxy that a test cuts, stops or turns into a black hole |
//! | `foreign_topic` | a Kafka topic as other programs write it (feature `kafka`) |

pub mod contract;
pub mod driver_runtime;
pub mod flights;
#[cfg(feature = "kafka")]
pub mod foreign_topic;
pub mod free_port;
pub mod memory;
pub mod services;
pub mod tcp_proxy;
