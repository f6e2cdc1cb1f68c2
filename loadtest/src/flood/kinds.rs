//! The kinds of misbehaving clients.

use crate::args::Flood;
use crate::clock::{SECOND_NS, now_ns};
use crate::hub_address::HubAddress;
use crate::hub_under_test::HubUnderTest;
use crate::limits::{ANSWER_TIMEOUT_S, SMALL_RECEIVE_BUFFER_BYTES};
use crate::ws::frame::{PING, PONG, TEXT, put_masked};
use crate::ws::upgrade_request;
use anyhow::{Context, Result};
use clap::ValueEnum;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Connections of each client that sends HTTP requests and does not read.
pub(super) const CONNECTIONS_A_READER: u64 = 30;
/// Requests that such a connection pipelines.
const PIPELINED: usize = 20;
/// Subscriptions that a socket sends at once.
const FOLLOWS: usize = 60;
/// Bytes that a flooding client offers its socket at once.
const OFFERED_BYTES: usize = 64 << 10;
/// The interval between two bytes of a slow sender.
const SLOW_BYTE_EVERY_NS: u64 = SECOND_NS / 4;
/// The requested board.
const BOARD: &str = "board/JFK/departures";

/// The behaviour of a flood's clients.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// WebSocket pongs at full speed.
    Pongs,
    /// WebSocket pings whose answers are not read.
    Pings,
    /// Unsubscribing from topics without a subscription.
    Unfollow,
    /// Unknown commands.
    Unknown,
    /// Subscribing to a long board repeatedly, without reading.
    Snapshots,
    /// Event streams of a long board on many connections, without reading.
    Streams,
    /// Pipelined requests for a long board on many connections, without reading.
    Gets,
    /// Messages for a feed, byte by byte.
    Bodies,
}

impl Kind {
    /// All kinds.
    pub(super) const ALL: [Self; 8] = [
        Self::Pongs,
        Self::Pings,
        Self::Unfollow,
        Self::Unknown,
        Self::Snapshots,
        Self::Streams,
        Self::Gets,
        Self::Bodies,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pongs => "pongs",
            Self::Pings => "pings",
            Self::Unfollow => "unfollow",
            Self::Unknown => "unknown",
            Self::Snapshots => "snapshots",
            Self::Streams => "streams",
            Self::Gets => "gets",
            Self::Bodies => "bodies",
        }
    }

    /// What a connection sends once, and what it then repeats.
    fn script(self, hub: &HubUnderTest, feed: &str) -> (Vec<u8>, Vec<u8>) {
        let host = &hub.hub.host;
        let upgrade = || upgrade_request(host, "/ws");
        let over_and_over = |opcode: u8, payload: &str| {
            let mut frame = Vec::new();
            put_masked(&mut frame, opcode, payload.as_bytes());
            (upgrade(), frame.repeat((OFFERED_BYTES / frame.len()).max(1)))
        };
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        match self {
            Self::Pongs => over_and_over(PONG, ""),
            Self::Pings => over_and_over(PING, "are you there"),
            Self::Unfollow => over_and_over(TEXT, r#"{"op":"unfollow","topic":"all"}"#),
            Self::Unknown => over_and_over(TEXT, r#"{"op":"dance"}"#),
            Self::Snapshots => {
                let (mut once, follow) = (upgrade(), format!(r#"{{"op":"follow","topic":"{BOARD}"}}"#));
                (0..FOLLOWS).for_each(|_| put_masked(&mut once, TEXT, follow.as_bytes()));
                (once, Vec::new())
            }
            Self::Streams => (get(&format!("/api/v1/stream?topic={BOARD}")).into_bytes(), Vec::new()),
            Self::Gets => {
                let path = format!("/api/v1/boards/{}", BOARD.trim_start_matches("board/"));
                (get(&path).repeat(PIPELINED).into_bytes(), Vec::new())
            }
            Self::Bodies => {
                let key = hub.key.as_ref().map(|key| format!("Authorization: {}\r\n", key.bearer()));
                let head = format!(
                    "POST /api/v1/feeds/{feed}/reports HTTP/1.1\r\nHost: {host}\r\n{}\
                     Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
                    key.unwrap_or_default()
                );
                (head.into_bytes(), vec![b' '])
            }
        }
    }

    /// Whether its connections read nothing.
    fn reads_nothing(self) -> bool {
        !matches!(self, Self::Bodies)
    }

    fn connections(self, clients: u32) -> u64 {
        let each = if matches!(self, Self::Gets | Self::Streams) { CONNECTIONS_A_READER } else { 1 };
        u64::from(clients) * each
    }
}

/// The clients of one flood. Dropping them closes their connections.
pub(super) struct Flooders {
    hub: HubAddress,
    kind: Kind,
    once: Vec<u8>,
    repeated: Vec<u8>,
    connections: Vec<Option<Connection>>,
    /// Bytes that the kernel accepted.
    pub(super) sent_bytes: u64,
    /// Connections opened, including reopened ones.
    pub(super) opened: u64,
}

struct Connection {
    stream: TcpStream,
    /// Progress in the first part, then in the repeated part.
    at: usize,
    began: bool,
    next_byte_ns: u64,
}

impl Flooders {
    /// Unconnected clients.
    pub(super) fn new(hub: &HubUnderTest, kind: Kind, args: &Flood) -> Result<Self> {
        let (once, repeated) = kind.script(hub, &args.slow_feed);
        let count = usize::try_from(kind.connections(args.clients)).context("too many connections")?;
        let connections = (0..count).map(|_| None).collect();
        Ok(Self { hub: hub.hub.clone(), kind, once, repeated, connections, sent_bytes: 0, opened: 0 })
    }

    /// Floods until stopped.
    pub(super) fn run(&mut self, stop: &AtomicBool) -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let mut is_idle = true;
            for at in 0..self.connections.len() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                is_idle &= !self.push(at)?;
            }
            if is_idle {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        Ok(())
    }

    /// Lets one connection send what it can, or reconnect. Returns whether it did anything.
    fn push(&mut self, number: usize) -> Result<bool> {
        let Some(connection) = &mut self.connections[number] else {
            self.connections[number] = Some(Connection::open(&self.hub, self.kind)?);
            self.opened += 1;
            return Ok(true);
        };
        let is_slow = self.kind == Kind::Bodies && connection.began;
        if is_slow && now_ns() < connection.next_byte_ns {
            return Ok(false);
        }
        let bytes = if connection.began { &self.repeated } else { &self.once };
        if bytes.is_empty() {
            let has_ended = connection.has_ended();
            if has_ended {
                self.connections[number] = None;
            }
            return Ok(has_ended);
        }
        match connection.stream.write(&bytes[connection.at..]) {
            Ok(sent) => {
                self.sent_bytes += sent as u64;
                connection.at += sent;
                if connection.at == bytes.len() {
                    (connection.at, connection.began) = (0, true);
                    connection.next_byte_ns = now_ns() + SLOW_BYTE_EVERY_NS;
                }
                if is_slow && connection.has_answer() {
                    self.connections[number] = None;
                }
                Ok(true)
            }
            Err(fault) if fault.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(_) => {
                self.connections[number] = None;
                Ok(true)
            }
        }
    }
}

impl Connection {
    fn open(hub: &HubAddress, kind: Kind) -> Result<Self> {
        let socket = Socket::new(Domain::for_address(hub.address), Type::STREAM, None)?;
        if kind.reads_nothing() {
            socket.set_recv_buffer_size(SMALL_RECEIVE_BUFFER_BYTES)?;
        }
        socket
            .connect_timeout(&SockAddr::from(hub.address), Duration::from_secs(ANSWER_TIMEOUT_S))
            .with_context(|| format!("a flooding client cannot connect to {}", hub.host))?;
        socket.set_nonblocking(true)?;
        Ok(Self { stream: socket.into(), at: 0, began: false, next_byte_ns: 0 })
    }

    /// Whether the hub closed it. Its input is left in the kernel.
    fn has_ended(&self) -> bool {
        self.stream.take_error().is_ok_and(|fault| fault.is_some())
    }

    /// Whether the hub answered or closed it.
    fn has_answer(&mut self) -> bool {
        !matches!(self.stream.read(&mut [0; 64]), Err(fault) if fault.kind() == ErrorKind::WouldBlock)
    }
}
