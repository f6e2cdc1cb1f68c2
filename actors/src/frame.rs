//! A frame that is encoded once and shared by all connections.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use std::sync::{Arc, OnceLock};
use wire::frame::FrameKind;

/// The encoding that a connection uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Encoding {
    /// A WebSocket text frame.
    WebSocket,
    /// A WebSocket text frame, compressed where that pays (RFC 7692).
    Deflated,
    /// A server-sent event.
    EventStream,
}

impl Encoding {
    /// The number of encodings, for arrays with one entry per encoding.
    pub const COUNT: usize = 3;
}

/// Frames from this size on are compressed for clients that support it. Below, deflate without a shared
/// window saves too little to pay for the decompression.
pub const DEFLATE_FROM_BYTES: usize = 1024;

/// Larger frames are not compressed. Compression runs on a thread that serves connections, and half a
/// megabyte already takes as long as one frame may take.
pub const DEFLATE_TO_BYTES: usize = 512 * 1024;

/// The JSON of a frame and its encodings. Each encoding is computed on first use. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Frame(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    kind: FrameKind,
    /// The newest timestamp in the frame, which is the event id of server-sent events.
    newest: Option<DateTime<Utc>>,
    payload: Bytes,
    websocket: OnceLock<Bytes>,
    deflated: OnceLock<Bytes>,
    event: OnceLock<Bytes>,
}

impl Frame {
    /// Creates a frame of `kind` with its JSON.
    pub fn new(kind: FrameKind, payload: Bytes, newest: Option<DateTime<Utc>>) -> Self {
        Self(Arc::new(Encoded {
            kind,
            newest,
            payload,
            websocket: OnceLock::new(),
            deflated: OnceLock::new(),
            event: OnceLock::new(),
        }))
    }

    /// The JSON.
    pub fn payload(&self) -> &Bytes {
        &self.0.payload
    }

    /// The `type` of the frame.
    pub fn kind(&self) -> FrameKind {
        self.0.kind
    }

    /// The bytes of several frames for one write.
    pub fn join(frames: &[Self], encoding: Encoding) -> Bytes {
        match frames {
            [one] => one.bytes(encoding).clone(),
            many => many.iter().flat_map(|frame| &frame.bytes(encoding)[..]).copied().collect(),
        }
    }

    /// The bytes in one encoding, computed on first use.
    pub fn bytes(&self, encoding: Encoding) -> &Bytes {
        let frame = &self.0;
        match encoding {
            Encoding::Deflated if (DEFLATE_FROM_BYTES..=DEFLATE_TO_BYTES).contains(&frame.payload.len()) => {
                frame.deflated.get_or_init(|| wire::websocket::deflated_text_frame(&frame.payload))
            }
            Encoding::WebSocket | Encoding::Deflated => {
                frame.websocket.get_or_init(|| wire::websocket::text_frame(&frame.payload))
            }
            Encoding::EventStream => frame.event.get_or_init(|| {
                let id = frame.newest.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
                wire::sse::event(&frame.payload, frame.kind.as_str(), id.as_deref())
            }),
        }
    }
}
