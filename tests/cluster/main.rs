//! Several nodes on real servers: the real binary, the real Kafka and PostgreSQL, and whatever speaks
//! MongoDB's protocol (`scripts/services`). Each test has topics and databases of its own.
//!
//! | module | holds |
//! |---|---|
//! | `test_cluster` | topics and databases of a test's own, its nodes, and the servers themselves |
//! | `consistency_checker` | one who follows every flight on a node and checks that nothing is missing |
//! | `load_generator` | who sends reports, and remembers what was answered |
//! | `two_nodes` | what two nodes do while all is well |
//! | `node_failures` | nodes that are killed, and nodes that are replaced |
//! | `partition_ownership` | who merges flights, and that nobody does |
//! | `outages` | Kafka, PostgreSQL and MongoDB away |
//! | `foreign_records` | records in the log that no hub has written |
//! | `commands` | migrate and check-config |
//!
//! Without servers all of it is left out with a line, unless `GATECALL_SERVICES=required`.

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
