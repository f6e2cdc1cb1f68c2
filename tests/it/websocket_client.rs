//! The smallest WebSocket client that shows everything: raw frames, so that a test can also send
//! what no library would.

use chrono::{DateTime, Utc};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// No frame of a hub that works is longer in coming.
const WAIT: Duration = Duration::from_secs(20);

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What RFC 6455, 1.3 answers to that key.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Whether this frame is a ping.
pub(crate) fn is_ping(payload: &[u8]) -> bool {
    payload.starts_with(br#"{"type":"ping""#)
}

/// Whether this is a `source` frame, which may arrive at any time.
pub(crate) fn is_source(payload: &[u8]) -> bool {
    payload.starts_with(br#"{"type":"source""#)
}

/// First bytes of frames.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const TEXT_BEGINS: u8 = 0x01;
pub(crate) const GOES_ON: u8 = 0x00;
pub(crate) const ENDS: u8 = 0x80;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;
pub(crate) const COMPRESSED: u8 = 0x40;

/// The headers of a valid handshake, except `host`.
pub(crate) const PROPER: [(&str, &str); 4] = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", KEY),
];

/// An answer to a handshake.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Handshake {
    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Asserts that it is a refusal of this status in problem JSON.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["status"], status);
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
        problem
    }
}

/// An open WebSocket.
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
    pub(crate) handshake: Handshake,
}

impl Socket {
    /// Connects like a browser's page, and reads `hello`.
    #[track_caller]
    pub(crate) fn open(to: SocketAddr) -> Self {
        let mut socket = Self::open_with(to, &[("sec-websocket-protocol", "gatecall.v1")]);
        assert_eq!(socket.next()["type"], "hello");
        socket
    }

    /// Connects with additional headers, and reads nothing yet.
    #[track_caller]
    pub(crate) fn open_with(to: SocketAddr, more: &[(&str, &str)]) -> Self {
        let socket = shake(to, "/ws", &[&PROPER[..], more].concat());
        socket.unwrap_or_else(|refusal| panic!("{}", String::from_utf8_lossy(&refusal.body)))
    }

    /// Sends a frame as our own page would.
    pub(crate) fn say(&mut self, frame: Value) {
        self.send(TEXT, frame.to_string().as_bytes());
    }

    /// Follows a topic and answers with its snapshot.
    #[track_caller]
    pub(crate) fn follow(&mut self, topic: &str) -> Value {
        self.say(json!({ "op": "follow", "topic": topic }));
        self.expect("snapshot")
    }

    /// Sends one frame with this first byte.
    pub(crate) fn send(&mut self, first: u8, payload: &[u8]) {
        self.send_raw(&client_frame(first, payload));
    }

    /// Sends bytes. A hub that has had enough may have closed already.
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// The next frame that is no ping of the protocol's, which may come at any time: its first byte
    /// and its payload. `None` when the hub has ended the connection.
    pub(crate) fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let frame = self.any_frame();
            if frame.as_ref().is_none_or(|(_, payload)| !is_ping(payload)) {
                return frame;
            }
        }
    }

    /// The next frame that is no ping of the protocol's, if one comes before the stream's read
    /// time-out. `Err` when the connection has ended.
    pub(crate) fn frame_if_any(&mut self) -> Result<Option<(u8, Vec<u8>)>, ()> {
        let mut chunk = [0; 64 * 1024];
        loop {
            if let Some((length, first, payload)) = whole_frame(&self.unread) {
                self.unread.drain(..length);
                if is_source(&payload) {
                    continue;
                }
                if is_ping(&payload) {
                    self.say(json!({ "op": "pong" }));
                    continue;
                }
                return Ok(Some((first, payload)));
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(()),
                Ok(n) => self.unread.extend_from_slice(&chunk[..n]),
                Err(fault) if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(_) => return Err(()),
            }
        }
    }

    /// The next frame except `source`.
    pub(crate) fn any_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let frame = self.raw_frame();
            if frame.as_ref().is_none_or(|(_, payload)| !is_source(payload)) {
                return frame;
            }
        }
    }

    /// The next `source` frame. Skips all others.
    #[track_caller]
    pub(crate) fn source(&mut self) -> Value {
        loop {
            let (_, payload) = self.raw_frame().expect("the hub ended the connection");
            if is_source(&payload) {
                return serde_json::from_slice(&payload).unwrap();
            }
        }
    }

    fn raw_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = self.bytes(2)?;
        assert_eq!(head[1] & 0x80, 0, "a hub never masks");
        let length = match head[1] {
            126 => u16::from_be_bytes(self.bytes(2)?.try_into().unwrap()).into(),
            127 => u64::from_be_bytes(self.bytes(8)?.try_into().unwrap()),
            short => short.into(),
        };
        let payload = self.bytes(length.try_into().unwrap())?;
        Some((head.swap_remove(0), payload))
    }

    /// The next frame about flights or an error.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Value {
        let (first, payload) = self.frame().expect("the hub ended the connection");
        let text = match first {
            TEXT => payload,
            _ if first == TEXT | COMPRESSED => inflated(payload),
            _ => panic!("not a text: {first:#x} {:?}", String::from_utf8_lossy(&payload)),
        };
        serde_json::from_slice(&text).unwrap()
    }

    /// The next frame, which must be of this type.
    #[track_caller]
    pub(crate) fn expect(&mut self, kind: &str) -> Value {
        let frame = self.next();
        assert_eq!(frame["type"], kind, "{frame}");
        frame
    }

    /// The next frame, which must be an error with this `ref` and code.
    #[track_caller]
    pub(crate) fn expect_error(&mut self, reference: impl Into<Value>, code: &str) {
        let frame = self.expect("error");
        assert_eq!((&frame["ref"], &frame["code"]), (&reference.into(), &json!(code)), "{frame}");
        assert!(!frame["message"].as_str().unwrap().is_empty(), "{frame}");
    }

    /// Reads on until the hub's close frame: its code and its reason.
    #[track_caller]
    pub(crate) fn close_frame(&mut self) -> (u16, String) {
        loop {
            let (first, payload) = self.frame().expect("the hub closed the connection without a close frame");
            if first == CLOSE {
                let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                return (code, String::from_utf8(payload.get(2..).unwrap_or_default().to_vec()).unwrap());
            }
        }
    }

    /// The same, and the end of the connection behind it.
    #[track_caller]
    pub(crate) fn closed(&mut self) -> (u16, String) {
        let words = self.close_frame();
        assert!(self.frame().is_none(), "the hub sent more after its close frame");
        words
    }

    fn bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut chunk = vec![0; 64 * 1024];
        while self.unread.len() < count {
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(n) => self.unread.extend_from_slice(&chunk[..n]),
                Err(fault) if fault.kind() == ErrorKind::ConnectionReset => return None,
                Err(fault) => panic!("nothing came: {fault}"),
            }
        }
        Some(self.unread.drain(..count).collect())
    }
}

/// The first frame in the unread bytes, if it is complete: its length with its header, its first byte, its payload.
fn whole_frame(unread: &[u8]) -> Option<(usize, u8, Vec<u8>)> {
    let (first, short) = (*unread.first()?, *unread.get(1)?);
    let (head, length) = match short {
        126 => (4, usize::from(u16::from_be_bytes(unread.get(2..4)?.try_into().unwrap()))),
        127 => (10, usize::try_from(u64::from_be_bytes(unread.get(2..10)?.try_into().unwrap())).unwrap()),
        short => (2, usize::from(short)),
    };
    Some((head + length, first, unread.get(head..head + length)?.to_vec()))
}

/// Performs the handshake; an error is a refusal.
pub(crate) fn shake(to: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Socket, Handshake> {
    shake_on(TcpStream::connect(to).unwrap(), path, headers, &[])
}

/// The same on an existing connection, with the first frames in the same write.
pub(crate) fn shake_on(
    mut stream: TcpStream,
    path: &str,
    headers: &[(&str, &str)],
    early: &[u8],
) -> Result<Socket, Handshake> {
    stream.set_read_timeout(Some(WAIT)).unwrap();
    let mut request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n", stream.peer_addr().unwrap());
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    stream.write_all(&[request.as_bytes(), b"\r\n", early].concat()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        line.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned())).unwrap()
    };
    let mut handshake = Handshake { status, headers: lines.map(header).collect(), body: Vec::new() };
    if status != 101 {
        stream.read_to_end(&mut handshake.body).unwrap();
        return Err(handshake);
    }
    assert_eq!(handshake.header("sec-websocket-accept"), ACCEPT);
    Ok(Socket { stream, unread: Vec::new(), handshake })
}

/// A masked frame.
pub(crate) fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = head(first, payload.len() as u64);
    frame[1] |= 0x80;
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
    frame
}

/// The head of a frame without a mask.
pub(crate) fn head(first: u8, length: u64) -> Vec<u8> {
    match length {
        0..126 => vec![first, length as u8],
        126..=0xffff => [&[first, 126][..], &(length as u16).to_be_bytes()].concat(),
        _ => [&[first, 127][..], &length.to_be_bytes()].concat(),
    }
}

/// What permessage-deflate makes of a message (RFC 7692, 7.2.1).
pub(crate) fn deflated(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(text.len() + 64);
    Compress::new(Compression::default(), false)
        .compress_vec(text, &mut packed, FlushCompress::Sync)
        .unwrap();
    packed.truncate(packed.len() - 4);
    packed
}

/// The message that was compressed (7.2.2), with nothing known from earlier ones.
pub(crate) fn inflated(mut packed: Vec<u8>) -> Vec<u8> {
    packed.extend_from_slice(&[0, 0, 0xff, 0xff]);
    let mut text = Vec::with_capacity(4 << 20);
    Decompress::new(false).decompress_vec(&packed, &mut text, FlushDecompress::Sync).unwrap();
    text
}

/// A client's state of one topic, by the table in docs/PROTOCOL.md.
#[derive(Default)]
pub(crate) struct Picture {
    pub(crate) flights: BTreeMap<String, Value>,
}

impl Picture {
    /// Takes a frame in. `false` when it was a change that this picture cannot apply: a gap.
    pub(crate) fn hear(&mut self, frame: &Value) -> bool {
        match frame["type"].as_str().unwrap() {
            "snapshot" => {
                if frame["partial"] == json!(false) {
                    self.flights.clear();
                }
                frame["flights"].as_array().unwrap().iter().for_each(|flight| self.take(flight));
            }
            "state" => self.take(&frame["flight"]),
            "gone" => drop(self.flights.remove(frame["leg"].as_str().unwrap())),
            "change" => {
                let Some(held) = self.flights.get_mut(frame["leg"].as_str().unwrap()) else { return false };
                let (rev, held_rev) = (frame["rev"].as_u64().unwrap(), held["rev"].as_u64().unwrap());
                if rev <= held_rev {
                    return true;
                }
                apply(held, frame);
                return rev == held_rev + 1;
            }
            _ => {}
        }
        true
    }

    /// The newest `changed_at` held.
    pub(crate) fn newest(&self) -> &str {
        let stamps = self.flights.values().map(|flight| flight["changed_at"].as_str().unwrap());
        stamps.max_by_key(|stamp| instant(stamp)).unwrap()
    }

    fn take(&mut self, flight: &Value) {
        let held = self.flights.entry(flight["leg"].as_str().unwrap().to_owned()).or_default();
        if held["rev"].as_u64() <= flight["rev"].as_u64() {
            *held = flight.clone();
        }
    }
}

fn apply(flight: &mut Value, change: &Value) {
    for (path, value) in change["set"].as_object().unwrap() {
        let pointer = format!("/{}", path.replace('.', "/"));
        *flight.pointer_mut(&pointer).expect(path) = value.clone();
    }
    flight["rev"] = change["rev"].clone();
    flight["changed_at"] = change["at"].clone();
}

/// An instant of the protocol.
pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|fault| panic!("{fault}: {text}"))
}

/// The flat paths at which two flights differ, with the values of the second, as a `set` has them.
pub(crate) fn differences(before: &Value, after: &Value) -> Value {
    let mut set = serde_json::Map::new();
    for (key, value) in after.as_object().unwrap() {
        match value {
            _ if key == "rev" || key == "changed_at" => {}
            Value::Object(inner) => {
                let changed = inner.iter().filter(|(inner_key, value)| before[key][*inner_key] != **value);
                set.extend(changed.map(|(inner_key, value)| (format!("{key}.{inner_key}"), value.clone())));
            }
            value if before[key] != *value => drop(set.insert(key.clone(), value.clone())),
            _ => {}
        }
    }
    set.into()
}
