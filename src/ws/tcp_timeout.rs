//! Peers that take nothing of what they are sent.
//!
//! While a connection is full, HTTP asks the body of an answer for nothing, so nobody here learns
//! whether its peer still reads. The kernel knows, and ends the connection when its peer has taken, or
//! acknowledged, nothing for so long.

use actix_rt::net::TcpStream;
use std::time::Duration;

/// Has the kernel end the connection after so long. Where it cannot, one that hangs is given up when
/// the kernel's own patience ends.
pub fn end_after(io: &TcpStream, time: Duration) {
    set(io, u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
}

/// Leaves it to pings and to the pulse, which know more: whoever is away for a moment and reads on is
/// not let go.
pub fn leave_alone(io: &TcpStream) {
    set(io, 0);
}

#[cfg(target_os = "linux")]
fn set(io: &TcpStream, time_ms: u32) {
    // A connection that is gone already needs no end.
    let _ = rustix::net::sockopt::set_tcp_user_timeout(io, time_ms);
}

#[cfg(not(target_os = "linux"))]
fn set(_: &TcpStream, _: u32) {}
