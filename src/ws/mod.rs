//! # WebSocket and server-sent events
//!
//! An upgrade request leaves actix-web through `actix_http`'s upgrade service ([`handshake`]), and the
//! connection's HTTP buffers are freed. The worker's switchboard then writes ready-made frames directly to
//! the connection's socket. Only what a client asks for passes through its session.
//!
//! | module | contents |
//! |---|---|
//! | [`handshake`], `extensions` | the upgrade, and the negotiation of permessage-deflate |
//! | [`connection`] | the task that drives one WebSocket |
//! | `socket`, `event_queue` | what the switchboard writes to: a TCP socket, or the queue of an event stream |
//! | `decoder`, `inflate`, `decode_error` | frames from clients, decoded within limits |
//! | `inbox`, `session` | decoded messages, and the actor that answers them |
//! | `rate_limit` | a token bucket |
//! | [`server_sent_events`] | the same frames for networks that block WebSocket |
//! | `worker`, `this_thread`, `open_connections` | what the connections of a thread, and of the process, share |
//! | [`heartbeat`] | the timer of a worker: pings, slow clients, drain at shutdown |
//! | [`tcp_timeout`] | the kernel's time-out for peers that acknowledge nothing |
//!
//! ## Adding a client frame
//!
//! 1. Its variant in `wire::frame::client`, with its parser.
//! 2. Its arm in `session::Session::handle_text`.
//! 3. Its description in `docs/PROTOCOL.md`, and a test in `tests/it/websocket.rs`.

pub mod connection;
mod decode_error;
mod decoder;
mod event_queue;
mod extensions;
pub mod handshake;
pub mod heartbeat;
mod inbox;
mod inflate;
mod open_connections;
mod rate_limit;
pub mod server_sent_events;
mod session;
mod socket;
pub mod tcp_timeout;
mod this_thread;
mod worker;

pub use open_connections::OpenConnections;
pub use worker::Worker;

use std::time::Duration;

/// How long a client may take to answer a close frame, or to read the rest of its events, before the hub
/// cuts the connection.
const CLOSE_WAIT: Duration = Duration::from_secs(2);
