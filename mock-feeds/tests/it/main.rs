//! The airports over real sockets: what a hub sees of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should stop where it is")]

mod decode;
mod lives;
mod push;
mod serve;
mod stage;
