//! # Answers to domain's ports
//!
//! The domain asks in its own words ([`domain::ports`]); what is here answers, each module on one
//! technology. Nothing here knows an actor or a socket, and nothing outside knows SQL.
//!
//! | module | answers | on |
//! |---|---|---|
//! | [`kafka`] | `SharedLog`, `ReportJournal`, `ReportQueue`, the way into an archive | Kafka, for several nodes |
//! | [`mongo`] | `Archive`, `Recorder` | MongoDB: the archive at scale |
//! | [`embedded`] | `ChangeLog`, `Archive`, `Directory` | SQLite: one folder, one file, no server |
//! | [`postgres`] | `Directory`, `Leases` | PostgreSQL, for several nodes |
//! | [`local_leases`] | `Leases` | nothing: where there is one process |
//! | [`memory`] | `ChangeLog`, `Archive`, `Recorder`, `Directory` | nothing: it forgets with the process, for tests |
//! | [`airports`] | `AirportSource` | HTTP, for airports that are asked |
//! | `contract` | | the suites every answer to a port must pass (feature `testing`) |
//!
//! ## Adding an adapter
//!
//! 1. Make a folder named after the technology, with the same files as the others: `mod.rs` (what
//!    it is, and the type that implements the port), `config.rs` (typed, every limit named, secrets
//!    in types whose `Debug` hides them), `request.rs` or the like (the conversation), `tests.rs`.
//! 2. Implement the port. Its futures must be `Send` and must not care which runtime polls them:
//!    the hub polls from several single-threaded ones. Bound every queue, wait and body by a named
//!    constant; answer `Unavailable` rather than wait for ever.
//! 3. Call the port's suite from `tests.rs` (`contract::change_log::suite`, …). Where a server is
//!    needed, `contract::services` says where one is; tests of it leave nothing behind. If the
//!    technology can do something the suite does not ask for, the suite is to be extended first, so
//!    that all adapters stay equal.
//! 4. Choose it in the hub's `src/`, the one place where ports meet adapters.

pub mod airports;
#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod directory_rows;
pub mod embedded;
pub mod kafka;
pub mod memory;
pub mod mongo;
mod packed;
mod secret;

pub use secret::Secret;
pub mod local_leases;
pub mod postgres;
