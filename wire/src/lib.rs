//! # Encoding and decoding of everything that crosses the hub's border
//!
//! All external formats are written and read in this crate. It does no I/O: it converts bytes to values of
//! `domain` and back.
//!
//! | module | contents |
//! |---|---|
//! | [`feed`] | formats of feeds: AIDX, Schiphol's JSON, our JSON reports |
//! | [`flight`] | a flight as clients see it, in frames and REST |
//! | [`frame`] | WebSocket messages of hub and clients, and close codes |
//! | [`websocket`] | RFC 6455 framing of encoded messages, plain and compressed |
//! | [`sse`] | the same messages as server-sent events |
//! | [`rest`], [`operator`], [`problem`] | REST bodies, those for the operator, and errors |
//! | [`text`] | values that clients send as text |
//! | [`record`] | versioned values of the change log, of Kafka and of the archive |
//! | [`stored_body`] | messages and faults as the archives store them |
//! | [`directory_rows`] | rows of the directory, the same in SQLite and PostgreSQL |
//! | [`enums`] | JSON form of the domain's enums |
//! | [`typescript`] | TypeScript types generated from these types |
//!
//! `docs/PROTOCOL.md` describes the protocol for clients, and `tests/protocol_document.rs` checks it
//! against this crate. `golden/` has one example of everything, read by the tests of this crate and of the
//! web page.
//!
//! ## Adding a frame
//!
//! 1. Add a variant to [`frame::FrameKind`]. The compiler then asks for its `type` and for its
//!    [`frame::Conflation`], which decides what a slow connection gets.
//! 2. Add its struct and its variant to [`frame::server::ServerFrame`], and a function that writes it to
//!    `frame/write.rs`.
//! 3. Add an example to `tests/golden_files.rs`. Run `GATECALL_REWRITE=1 cargo test -p gatecall-wire` and
//!    review the changes in `golden/` and `web/src/wire/types.ts`.
//! 4. Describe it in `docs/PROTOCOL.md`. A test requires it.

pub mod directory_rows;
pub mod enums;
pub mod feed;
pub mod flight;
pub mod frame;
mod instant;
pub mod operator;
pub mod problem;
pub mod record;
pub mod rest;
pub mod sse;
pub mod stored_body;
pub mod text;
pub mod typescript;
pub mod websocket;
