//! Messages on WebSockets: [`server`] and [`client`] frames, and [`close`] codes.

pub mod client;
pub mod close;
pub mod server;
pub(crate) mod write;
