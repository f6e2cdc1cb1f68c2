//! # Every byte in or out
//!
//! What crosses a border of the hub is written and read here and nowhere else. Nothing here does
//! I/O: bytes go in, values of `domain` come out, and the other way round.
//!
//! | module | holds |
//! |---|---|
//! | [`flight`] | a flight as clients see it: one JSON object in frames and REST alike |
//! | [`frame`] | WebSocket frames: the server's, the client's, the reasons to close |
//! | [`websocket`] | RFC 6455 framing of ready payloads, plain and compressed |
//! | [`sse`] | the same payloads as server-sent events |
//! | [`rest`], [`problem`] | bodies of the REST interface, and its errors |
//! | [`record`] | what the change log and Kafka keep, versioned |
//! | [`feed`] | the formats in which airports speak |
//! | [`typescript`] | the same shapes for the browser, generated |
//!
//! `docs/PROTOCOL.md` explains the client's side; `tests/protocol_document.rs` holds it to this
//! crate. `golden/` keeps one example of everything, read by this crate's tests and the browser's.
//!
//! ## Adding a frame
//!
//! 1. Add its struct and its variant to [`frame::server::ServerFrame`], and its fast writer beside.
//! 2. Add an example to `tests/golden_files.rs`, run `GATECALL_REWRITE=1 cargo test -p
//!    gatecall-wire`, and look at the difference in `golden/` and `web/src/wire/types.ts`.
//! 3. Describe it in `docs/PROTOCOL.md`; a test waits for that.

pub mod feed;
pub mod flight;
pub mod frame;
mod instant;
pub mod problem;
pub mod record;
pub mod rest;
pub mod sse;
pub mod typescript;
pub mod websocket;
pub mod enums;
