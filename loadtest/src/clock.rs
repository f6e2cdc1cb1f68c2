//! The only access to the real clock. Latency is real time, never replayed.

use std::sync::OnceLock;
use std::time::Instant;

/// Nanoseconds since the first call in this process; monotonic.
#[expect(clippy::disallowed_methods, reason = "a load tester measures real time; this is its only clock")]
pub fn now_ns() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    // 584 years fit.
    start.elapsed().as_nanos() as u64
}

/// A second in the unit of [`now_ns`].
pub const SECOND_NS: u64 = 1_000_000_000;
