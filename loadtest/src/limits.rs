//! Every bound of the load tester, by name. A run that would pass one is refused with exit code 2.

/// Most sockets one run opens. Each costs a file descriptor here and one in the hub.
pub const SOCKETS_MAX: u32 = 100_000;
/// Most clients of one flood.
pub const FLOODERS_MAX: u32 = 200;
/// How long a hub may take to give memory back after a flood, in seconds.
pub const FLOOD_SETTLES_WITHIN_S: u64 = 60;
/// Most flights one run creates.
pub const FLIGHTS_MAX: u32 = 100_000;
/// Most flights that the sockets of one run follow.
pub const FOLLOWED_FLIGHTS_MAX: u32 = 10_000;
/// Most pairs of socket and followed flight: four bytes each are kept to check revisions.
pub const HELD_REVISIONS_MAX: u64 = 50_000_000;
/// Most reports per second a run may ask for.
pub const RATE_MAX_PER_S: u32 = 200_000;
/// Most reports in one POST.
pub const BATCH_MAX: u32 = 1_000;
/// Most POSTs that wait for their frames at once in a closed loop.
pub const WINDOW_MAX: u32 = 64;
/// Longest measured phase.
pub const SECONDS_MAX: u32 = 600;
/// Most rounds of hub and ceiling.
pub const ROUNDS_MAX: u32 = 15;
/// Most HTTP connections that push reports.
pub const LANES_MAX: u32 = 64;
/// Handshakes under way at once while sockets are opened calmly; stays below every listen backlog.
pub const HANDSHAKES_IN_FLIGHT: usize = 256;
/// Longest frame taken from a server, in bytes; snapshots of large boards are the longest.
pub const FRAME_BYTES_MAX: usize = 32 << 20;
/// Longest HTTP head taken from a server, in bytes.
pub const HTTP_HEAD_BYTES_MAX: usize = 16 << 10;
/// Longest HTTP body taken from a server, in bytes.
pub const HTTP_BODY_BYTES_MAX: usize = 64 << 20;
/// Longest message the ceiling broadcasts, and its longest request body, in bytes.
pub const CEILING_BODY_BYTES_MAX: usize = 4 << 20;
/// How long a server may take for one answer, or for the sockets to be opened, in seconds.
pub const ANSWER_TIMEOUT_S: u64 = 30;
/// How long a broadcast may take to reach everybody before the run calls it stalled, in seconds.
pub const STALL_TIMEOUT_S: u64 = 10;
/// Distinct frames remembered; twice as many at most are held.
pub const DISTINCT_FRAMES_MAX: usize = 16_384;
/// Bytes of frames remembered; twice as many at most are held. Snapshots of large boards are long.
pub const DISTINCT_BYTES_MAX: usize = 64 << 20;
/// Revisions per flight whose picture is remembered.
pub const PICTURES_PER_FLIGHT_MAX: usize = 64;
/// Broken rules that are told with their details; the rest are counted.
pub const VIOLATIONS_TOLD_MAX: usize = 20;
/// Receive buffer asked for on sockets that read slowly or never, in bytes.
pub const SMALL_RECEIVE_BUFFER_BYTES: usize = 4_096;
/// What a slow reader takes each time, in bytes, [`SLOW_SIPS_PER_S`] times a second.
pub const SLOW_SIP_BYTES: usize = 512;
/// How often a slow reader reads.
pub const SLOW_SIPS_PER_S: u64 = 10;
