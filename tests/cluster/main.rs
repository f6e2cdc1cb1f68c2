//! Tests of several nodes: the real binary on real Kafka and PostgreSQL, and a server that speaks MongoDB's
//! protocol (`scripts/services`). Each test has its own topics and databases.
//!
//! | module | contents |
//! |---|---|
//! | `test_cluster` | a test's topics, databases and nodes, and control of the servers |
//! | `consistency_checker` | a client that follows every flight and checks that no revision is missing |
//! | `load_generator` | a sender that remembers which reports were answered |
//! | `two_nodes` | two nodes in normal operation |
//! | `node_failures` | killed, paused and replaced nodes |
//! | `partition_ownership` | which node merges a flight, and flights without an owner |
//! | `outages` | Kafka, PostgreSQL and MongoDB unavailable |
//! | `foreign_records` | records in the log that no hub has written |
//! | `commands` | `migrate` and `check-config` |
//!
//! Without servers every test is skipped with a message, unless `GATECALL_SERVICES=required`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(clippy::print_stderr, reason = "how long a node took to take over, and the log of one that failed")]

mod commands;
mod consistency_checker;
mod foreign_records;
#[path = "../it/http_client.rs"]
mod http_client;
mod load_generator;
mod node_failures;
mod outages;
mod partition_ownership;
mod test_cluster;
mod two_nodes;
#[path = "../it/websocket_client.rs"]
#[expect(dead_code, reason = "tests/it uses the rest")]
mod websocket_client;
