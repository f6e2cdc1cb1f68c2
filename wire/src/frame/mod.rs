//! Messages on WebSockets: [`server`] and [`client`] frames, and [`close`] codes.

pub mod client;
pub mod close;
mod kind;
pub mod server;
pub(crate) mod write;

pub use kind::{Conflation, FrameKind};
