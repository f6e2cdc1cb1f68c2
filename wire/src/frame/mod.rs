//! What a socket's text frames and close frames hold.

pub mod client;
pub mod close;
pub mod server;
pub(crate) mod write;
