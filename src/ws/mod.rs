//! # Sockets
//!
//! A request that upgrades leaves actix-web through `actix_http`'s upgrade service ([`handshake`]).
//! From there on the connection's HTTP buffers are gone, and what remains is a *line*: the socket
//! itself in the thread's switchboard, which writes ready-made frames to it directly, and a
//! [`session`] that speaks with the client. [`line`] drives both, and hears the client through
//! [`decode`]; [`events`] lets those who cannot
//! have a WebSocket follow by server-sent events, from the same frames; [`pulse`] is the thread's
//! one timer: pings, slow readers, and the drain at shutdown; [`unread`] has the kernel end what only
//! it can see.

mod allowance;
mod decode;
pub mod events;
pub mod handshake;
mod inflate;
pub mod line;
mod offers;
pub mod pulse;
mod session;
mod thread;
pub mod unread;

pub use thread::{OpenLines, Thread};
