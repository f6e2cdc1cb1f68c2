//! Ports for hubs and stand-ins of servers that tests start, end and start again.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that systems give to outgoing connections (Linux from 32768 on, others from 49152): a port
/// of those may be taken by any client between its choice and the start of what shall listen there, or while that is down.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// A loopback port without a listener: that of the discard service, which systems no longer run.
pub const NOBODY: u16 = 9;

/// A free loopback port that no other caller in this process has.
///
/// # Panics
/// When none is free.
#[must_use]
pub fn free_port() -> SocketAddr {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Two processes begin at different places, so that they seldom want the same port at the same time.
    let start = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let step = GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + start.wrapping_add(step) % COUNT).expect("a port below 65,536");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("none of the ports {FIRST} to {} is free", FIRST + COUNT - 1);
}
