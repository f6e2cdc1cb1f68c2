//! Several nodes on real servers: the real binary, the real Kafka and PostgreSQL, and whatever speaks
//! MongoDB's protocol (`scripts/services`). Each test has topics and databases of its own.
//!
//! | module | holds |
//! |---|---|
//! | `installation` | topics and databases of a test's own, its nodes, and the servers themselves |
//! | `watch` | one who follows every flight on a node and checks that nothing is missing |
//! | `load` | who sends reports, and remembers what was answered |
//! | `together` | what two nodes do while all is well |
//! | `deaths` | nodes that are killed, and nodes that are replaced |
//! | `owners` | who merges flights, and that nobody does |
//! | `outages` | Kafka, PostgreSQL and MongoDB away |
//! | `poison` | records in the log that no hub has written |
//! | `commands` | migrate and check-config |
//!
//! Without servers all of it is left out with a line, unless `GATECALL_SERVICES=required`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![expect(clippy::print_stderr, reason = "how long a node took to take over, and the log of one that failed")]

#[path = "../it/client.rs"]
mod client;
mod commands;
mod deaths;
mod installation;
mod load;
mod outages;
mod owners;
mod poison;
#[path = "../it/socket.rs"]
#[expect(dead_code, reason = "tests/it uses the rest")]
mod socket;
mod together;
mod watch;
