//! The state that the connections of one worker thread share.

use super::open_connections::OpenConnections;
use super::socket::ClientSocket;
use crate::app::App;
use actors::frame::{Encoding, Frame};
use actors::switchboard::{ConnectionId, SharedConnections, Socket};
use bytes::Bytes;
use std::cell::Cell;
use wire::frame::FrameKind;
use wire::frame::close::CloseCode;

/// The state that the connections of one worker thread share.
pub struct Worker {
    /// The running hub.
    pub app: App,
    /// The connections of this worker, with their topics.
    pub lines: SharedConnections<ClientSocket>,
    /// The open connections of the process.
    pub open: OpenConnections,
    /// Sockets opened since the last beat of the heartbeat.
    pub opened: Cell<u32>,
}

impl Worker {
    /// The first frame of every connection.
    pub fn hello(&self) -> Frame {
        let app = &self.app;
        let clock = app.hub.clock();
        let ping_s = u32::try_from(app.config.sockets.ping.as_secs()).unwrap_or(u32::MAX);
        let payload = wire::frame::server::hello(&app.epoch, clock.now(), clock.speed(), ping_s);
        Frame::new(FrameKind::Hello, payload, None)
    }

    /// A ping with the current time. It is a frame for event streams too: browsers hide comments from pages, and
    /// a dead stream would look like a quiet one.
    pub fn ping(&self) -> Frame {
        let clock = self.app.hub.clock();
        Frame::new(FrameKind::Ping, wire::frame::server::ping(clock.now(), clock.speed()), None)
    }

    /// Disconnects a client, with the configured reconnect delay.
    pub fn disconnect(&self, id: ConnectionId, code: CloseCode, reason: &'static str) {
        let mut lines = self.lines.borrow_mut();
        let Some(encoding) = lines.socket(id).map(Socket::encoding) else { return };
        let retry_ms = u64::try_from(self.app.config.sockets.retry.as_millis()).unwrap_or(u64::MAX);
        lines.close(id, self.closing_bytes(encoding, code, retry_ms), reason);
    }

    /// The last bytes for a disconnected client: a close frame, or the retry delay of an event stream.
    pub fn closing_bytes(&self, encoding: Encoding, code: CloseCode, retry_ms: u64) -> Bytes {
        match encoding {
            Encoding::EventStream => wire::sse::retry(retry_ms),
            Encoding::WebSocket | Encoding::Deflated => {
                wire::websocket::close_frame(code.number(), &code.reason(retry_ms))
            }
        }
    }
}
