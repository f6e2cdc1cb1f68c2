//! The TCP user timeout, for peers that read nothing.
//!
//! While a connection's send buffer is full, HTTP does not poll the response body, so the hub cannot see
//! whether the peer still reads. The kernel can, and ends the connection when the peer has acknowledged
//! nothing for this time.

use actix_rt::net::TcpStream;
use std::time::Duration;

/// Sets the TCP user timeout of a connection. On other systems than Linux the kernel's default applies.
pub fn end_after(io: &TcpStream, time: Duration) {
    set(io, u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
}

/// Removes the TCP user timeout: the heartbeat knows more of a WebSocket, and keeps a client that stalls for a
/// moment.
pub fn leave_alone(io: &TcpStream) {
    set(io, 0);
}

#[cfg(target_os = "linux")]
fn set(io: &TcpStream, time_ms: u32) {
    // An error means that the connection is already closed.
    let _ = rustix::net::sockopt::set_tcp_user_timeout(io, time_ms);
}

#[cfg(not(target_os = "linux"))]
fn set(_: &TcpStream, _: u32) {}
