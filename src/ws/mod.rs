//! # Sockets
//!
//! A request that upgrades leaves actix-web through `actix_http`'s upgrade service ([`handshake`]).
//! From there on the connection's HTTP buffers are gone, and what remains is a *line*: the socket
//! itself in the worker's switchboard, which writes ready-made frames to it directly, and a
//! [`session`] that speaks with the client. [`connection`] drives both, and hears the client through
//! [`decoder`]; [`server_sent_events`] lets those who cannot
//! have a WebSocket follow by server-sent events, from the same frames; [`heartbeat`] is the worker's
//! one timer: pings, slow readers, and the drain at shutdown; [`tcp_timeout`] has the kernel end what only
//! it can see.

pub mod connection;
mod decoder;
mod extensions;
pub mod handshake;
pub mod heartbeat;
mod inflate;
mod rate_limit;
pub mod server_sent_events;
mod session;
pub mod tcp_timeout;
mod worker;

pub use worker::{OpenConnections, Worker};
