//! One frame, encoded once and shared by every listener.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use std::sync::{Arc, OnceLock};
use wire::frame::FrameKind;

/// How a listener wants its bytes.
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
    /// All of them, for tables with one place an encoding.
    pub const COUNT: usize = 3;
}

/// From this size a frame is compressed for those who can read it. Below, deflate without a shared
/// window saves too little to be worth the reader's time.
pub const DEFLATE_FROM_BYTES: usize = 1024;

/// Beyond this size a frame is sent as it is: whoever compresses it does so on a thread of sockets,
/// and half a megabyte takes as long as a frame may.
pub const DEFLATE_TO_BYTES: usize = 512 * 1024;

/// A frame's JSON and, made when first wanted, its bytes in each encoding. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Frame(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    kind: FrameKind,
    /// The newest stamp in it: what a reader of server-sent events resumes from.
    newest: Option<DateTime<Utc>>,
    payload: Bytes,
    websocket: OnceLock<Bytes>,
    deflated: OnceLock<Bytes>,
    event: OnceLock<Bytes>,
}

impl Frame {
    /// A frame of `kind` whose JSON is `payload`.
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

    /// Its `type`.
    pub fn kind(&self) -> FrameKind {
        self.0.kind
    }

    /// The bytes of frames that go out together.
    pub fn join(frames: &[Self], encoding: Encoding) -> Bytes {
        match frames {
            [one] => one.bytes(encoding).clone(),
            many => many.iter().flat_map(|frame| &frame.bytes(encoding)[..]).copied().collect(),
        }
    }

    /// The bytes for one encoding; made once, whoever asks first.
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
