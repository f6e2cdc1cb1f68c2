//! The limits of the load tester, by name. A run beyond one is refused with exit code 2.

/// Most sockets one run opens. Each costs a file descriptor here and one in the hub.
pub const SOCKETS_MAX: u32 = 100_000;
/// Most clients of one flood.
pub const FLOODERS_MAX: u32 = 200;
/// How long a hub may take to release memory after a flood, in seconds.
pub const FLOOD_SETTLES_WITHIN_S: u64 = 60;
/// Most flights one run creates.
pub const FLIGHTS_MAX: u32 = 100_000;
/// Most flights that the sockets of one run follow.
pub const FOLLOWED_FLIGHTS_MAX: u32 = 10_000;
/// Most pairs of socket and followed flight: checking takes four bytes each.
pub const HELD_REVISIONS_MAX: u64 = 50_000_000;
/// Most reports per second.
pub const RATE_MAX_PER_S: u32 = 200_000;
/// Most reports in one POST.
pub const BATCH_MAX: u32 = 1_000;
/// Most POSTs in flight in a closed loop.
pub const WINDOW_MAX: u32 = 64;
/// Longest measured phase.
pub const SECONDS_MAX: u32 = 600;
/// Most rounds of hub and baseline.
pub const ROUNDS_MAX: u32 = 15;
/// Most HTTP connections that push reports.
pub const LANES_MAX: u32 = 64;
/// Concurrent handshakes while connecting; below every listen backlog.
pub const HANDSHAKES_IN_FLIGHT: usize = 256;
/// Longest frame accepted from a server, in bytes; snapshots of large boards are the longest.
pub const FRAME_BYTES_MAX: usize = 32 << 20;
/// Longest HTTP head accepted from a server, in bytes.
pub const HTTP_HEAD_BYTES_MAX: usize = 16 << 10;
/// Longest HTTP body accepted from a server, in bytes.
pub const HTTP_BODY_BYTES_MAX: usize = 64 << 20;
/// Longest message and request body of the baseline server, in bytes.
pub const CEILING_BODY_BYTES_MAX: usize = 4 << 20;
/// Time limit in seconds for one response, and for opening the sockets.
pub const ANSWER_TIMEOUT_S: u64 = 30;
/// Seconds after which a broadcast that has not reached every socket counts as stalled.
pub const STALL_TIMEOUT_S: u64 = 10;
/// Distinct frames stored per generation; at most twice as many in total.
pub const DISTINCT_FRAMES_MAX: usize = 16_384;
/// Bytes of frames stored per generation; at most twice as many in total. Snapshots of large boards are
/// long.
pub const DISTINCT_BYTES_MAX: usize = 64 << 20;
/// Stored revisions per flight.
pub const PICTURES_PER_FLIGHT_MAX: usize = 64;
/// Violations reported with details; the rest are counted.
pub const VIOLATIONS_TOLD_MAX: usize = 20;
/// Receive buffer of sockets that read slowly or never, in bytes.
pub const SMALL_RECEIVE_BUFFER_BYTES: usize = 4_096;
/// Bytes that a slow reader takes each time, [`SLOW_SIPS_PER_S`] times a second.
pub const SLOW_SIP_BYTES: usize = 512;
/// How often a slow reader reads.
pub const SLOW_SIPS_PER_S: u64 = 10;
