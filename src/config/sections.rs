//! The sections with fixed names: types, defaults and bounds. `config/gatecall.toml` explains every key; a test
//! compares the two.

use super::reader::{ConfigError, Reader};
use super::secrets::{self, Secrets};
use crate::origin::Origin;
use ::embedded::Durability;
use actors::hub::{Limits, SWITCHBOARDS_MAX};
use actors::unread_budget::UnreadLimits;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// `[server]`: HTTP.
#[derive(Clone, Debug)]
pub struct Server {
    /// Address of the API and the WebSocket.
    pub api: SocketAddr,
    /// Address of the web page; both serve the same paths.
    pub web: SocketAddr,
    /// Folder of the built web page.
    pub web_root: PathBuf,
    /// Worker threads; 0 for one per core.
    pub workers: usize,
    /// Connections per worker; others wait in the backlog.
    pub connections_max: usize,
    /// Connections that wait to be accepted.
    pub backlog: u32,
    /// Origins of allowed pages, besides the hub's own.
    pub allowed_origins: Vec<Origin>,
    /// Longest request body, after decompression.
    pub body_bytes_max: usize,
    /// Request bodies in memory at once; others are refused with `Retry-After`.
    pub bodies_under_way_max: usize,
    /// Request bodies of one feed in memory at once.
    pub feed_bodies_under_way_max: usize,
    /// Time limit for the head of a request.
    pub head_timeout: Duration,
    /// Time limit for the body of a request.
    pub body_timeout: Duration,
    /// Time limit until the answer begins.
    pub request_timeout: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
    /// Digests of the operator's keys; without any, the operator's endpoints answer 404.
    pub operator_key_digests: Vec<[u8; 32]>,
}

/// `[sockets]`: WebSocket and server-sent events.
#[derive(Clone, Debug)]
pub struct Sockets {
    /// Time between two pings.
    pub ping: Duration,
    /// Unanswered pings before a client is disconnected.
    pub pong_missed_max: u32,
    /// Topics that one client may follow.
    pub topics_max: usize,
    /// Longest frame from a client.
    pub client_frame_bytes_max: usize,
    /// Time without progress before a slow client is disconnected.
    pub slow: Duration,
    /// Commands per second that a client may send in the long run.
    pub commands_per_s: u32,
    /// Commands that a client may send in one burst.
    pub commands_burst: u32,
    /// Frames of any kind per second that a client may send in the long run; beyond, the hub stops reading.
    pub frames_per_s: u32,
    /// Frames of any kind that a client may send in one burst.
    pub frames_burst: u32,
    /// Bad frames that are tolerated from a client.
    pub bad_frames_max: u32,
    /// Whether frames are compressed for clients that support it.
    pub compression: bool,
    /// Clients per batch that are disconnected on shutdown.
    pub drain_batch: usize,
    /// Time between two such batches.
    pub drain_pause: Duration,
    /// Advised reconnect delay of disconnected clients.
    pub retry: Duration,
    /// Connections of the whole process; others are refused with `Retry-After`.
    pub connections_max: usize,
}

/// `[store]`: the backend, and the embedded store.
#[derive(Clone, Debug)]
pub struct Store {
    /// The backend.
    pub kind: StoreKind,
    /// The data folder.
    pub folder: PathBuf,
    /// Durability of answered reports in a power failure.
    pub synchronous: Durability,
    /// Largest size of the database file; `None` for as large as the disk allows.
    pub file_bytes_max: Option<u64>,
}

/// The kind of storage backend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreKind {
    /// One folder, one file, one process.
    Embedded,
    /// Kafka, PostgreSQL and MongoDB, for several nodes.
    #[cfg(feature = "servers")]
    Servers,
}

impl StoreKind {
    /// Whether several nodes share the stores.
    #[must_use]
    pub fn is_servers(self) -> bool {
        match self {
            Self::Embedded => false,
            #[cfg(feature = "servers")]
            Self::Servers => true,
        }
    }
}

/// `[retention]`: retention times, by the operational clock.
#[derive(Clone, Debug)]
pub struct Retention {
    /// Raw messages and quarantine.
    pub raw: Duration,
    /// Flight histories.
    pub history: Duration,
}

/// `[threads]`.
#[derive(Clone, Debug)]
pub struct Threads {
    /// Threads that run flights; 0 selects the number by the cores of the machine. With a single core flights run
    /// on the worker's thread.
    pub flights: usize,
}

/// `[log]`.
#[derive(Clone, Debug)]
pub struct Log {
    /// Format of the lines.
    pub format: LogFormat,
    /// Filter in `tracing` directives, such as `info,gatecall=debug`.
    pub filter: String,
}

/// Format of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn server(reader: &Reader, secrets: &dyn Secrets) -> Result<Server, ConfigError> {
    let s = reader.section("server");
    let origins = s.texts("allowed_origins")?;
    let origin =
        |text: &String| text.parse().map_err(|fault| s.wrong("allowed_origins", format!("{text:?} {fault}")));
    Ok(Server {
        api: s.parsed("api", "127.0.0.1:5000")?,
        web: s.parsed("web", "127.0.0.1:3000")?,
        web_root: s.text("web_root")?.unwrap_or_else(|| "web/dist".into()).into(),
        workers: s.count("workers", 0, 0..=SWITCHBOARDS_MAX as u64)?,
        connections_max: s.count("connections_max", 25_000, 16..=1_000_000)?,
        backlog: s.whole("backlog", 2_048, 16..=65_535)? as u32,
        allowed_origins: origins.iter().map(origin).collect::<Result<_, _>>()?,
        body_bytes_max: s.count(
            "body_bytes_max",
            wire::feed::BODY_BYTES_MAX as u64,
            1_024..=wire::feed::BODY_BYTES_MAX as u64,
        )?,
        bodies_under_way_max: s.count("bodies_under_way_max", 64, 1..=4_096)?,
        feed_bodies_under_way_max: s.count("feed_bodies_under_way_max", 16, 1..=4_096)?,
        head_timeout: s.seconds("head_timeout_s", 10, 1..=120)?,
        body_timeout: s.seconds("body_timeout_s", 20, 1..=300)?,
        request_timeout: s.seconds("request_timeout_s", 30, 1..=300)?,
        keep_alive: s.seconds("keep_alive_s", 75, 1..=600)?,
        operator_key_digests: secrets::keys(&s, "operator_key", secrets)?.digests,
    })
}

pub(super) fn sockets(reader: &Reader) -> Result<Sockets, ConfigError> {
    let s = reader.section("sockets");
    Ok(Sockets {
        ping: s.seconds("ping_s", 25, 5..=300)?,
        pong_missed_max: s.whole("pong_missed_max", 2, 1..=10)? as u32,
        topics_max: s.count("topics_max", 64, 1..=4_096)?,
        client_frame_bytes_max: s.count("client_frame_bytes_max", 4_096, 256..=65_536)?,
        slow: s.seconds("slow_s", 30, 1..=600)?,
        commands_per_s: s.whole("commands_per_s", 20, 1..=10_000)? as u32,
        commands_burst: s.whole("commands_burst", 100, 1..=10_000)? as u32,
        frames_per_s: s.whole("frames_per_s", 100, 1..=100_000)? as u32,
        frames_burst: s.whole("frames_burst", 500, 1..=100_000)? as u32,
        bad_frames_max: s.whole("bad_frames_max", 10, 1..=1_000)? as u32,
        compression: s.flag("compression", true)?,
        drain_batch: s.count("drain_batch", 500, 1..=1_000_000)?,
        drain_pause: s.millis("drain_pause_ms", 200, 0..=60_000)?,
        retry: s.millis("retry_ms", 2_000, 100..=600_000)?,
        connections_max: s.count("connections_max", 100_000, 1..=10_000_000)?,
    })
}

pub(super) fn store(reader: &Reader) -> Result<Store, ConfigError> {
    let s = reader.section("store");
    let words = [(Durability::Full, "full"), (Durability::Normal, "normal")];
    let file_bytes_max = match s.whole("file_bytes_max", 0, 0..=1 << 50)? {
        0 => None,
        bytes if bytes < 16 << 20 => {
            return Err(s.wrong(
                "file_bytes_max",
                format!("must be 0 (no limit) or at least {}, is {bytes}", 16 << 20),
            ));
        }
        bytes => Some(bytes),
    };
    let kinds = [
        (StoreKind::Embedded, "embedded"),
        #[cfg(feature = "servers")]
        (StoreKind::Servers, "servers"),
        // Refused afterwards, with a reason.
        #[cfg(not(feature = "servers"))]
        (StoreKind::Embedded, "servers"),
    ];
    Ok(Store {
        kind: s.word("kind", "embedded", &kinds)?,
        folder: s.text("folder")?.unwrap_or_else(|| "data".into()).into(),
        synchronous: s.word("synchronous", "full", &words)?,
        file_bytes_max,
    })
}

pub(super) fn retention(reader: &Reader) -> Result<Retention, ConfigError> {
    let s = reader.section("retention");
    Ok(Retention {
        raw: DAY * s.whole("raw_days", 30, 1..=3_660)? as u32,
        history: DAY * s.whole("history_days", 400, 1..=3_660)? as u32,
    })
}

pub(super) fn limits(reader: &Reader) -> Result<Limits, ConfigError> {
    let s = reader.section("limits");
    let default = Limits::default();
    Ok(Limits {
        flights_max: s.count("flights_max", default.flights_max as u64, 1..=10_000_000)?,
        reports_under_way_max: s.count(
            "reports_under_way_max",
            default.reports_under_way_max as u64,
            1..=10_000_000,
        )?,
        snapshot_bytes_max: s.count(
            "snapshot_bytes_max",
            default.snapshot_bytes_max as u64,
            65_536..=1 << 30,
        )?,
        unread: UnreadLimits {
            bytes_max: s.count("unread_bytes_max", default.unread.bytes_max as u64, 1 << 20..=1 << 40)?,
            client_bytes_max: s.count(
                "unread_client_bytes_max",
                default.unread.client_bytes_max as u64,
                1 << 20..=1 << 40,
            )?,
        },
        resume_slack: s.seconds("resume_slack_s", default.resume_slack.as_secs(), 1..=300)?,
    })
}

pub(super) fn threads(reader: &Reader) -> Result<Threads, ConfigError> {
    Ok(Threads { flights: reader.section("threads").count("flights", 0, 0..=64)? })
}

pub(super) fn log(reader: &Reader) -> Result<Log, ConfigError> {
    let s = reader.section("log");
    let filter = s.text("filter")?.unwrap_or_else(|| "info,actix_server=warn".into());
    if let Err(fault) = EnvFilter::try_new(&filter) {
        return Err(
            s.wrong("filter", format!("is not a filter such as info or info,gatecall=debug: {fault}"))
        );
    }
    Ok(Log {
        format: s.word("format", "text", &[(LogFormat::Text, "text"), (LogFormat::Json, "json")])?,
        filter,
    })
}
