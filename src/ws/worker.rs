//! What one worker thread's sockets share.

use super::connection::ClientSocket;
use super::heartbeat;
use crate::app::App;
use actors::frame::{Encoding, Frame};
use actors::supervisor::Guard;
use actors::switchboard::{LineId, SharedLines, Socket, Switchboard};
use bytes::Bytes;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wire::frame::close::CloseCode;

thread_local! {
    static WORKER: OnceCell<Rc<Worker>> = const { OnceCell::new() };
}

/// Open sockets of all threads together.
#[derive(Clone, Default)]
pub struct OpenConnections(Arc<AtomicUsize>);

impl OpenConnections {
    /// How many there are.
    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one more, unless there are `most` already.
    pub fn take_one(&self, most: usize) -> Option<ConnectionPermit> {
        let one_more = |open| (open < most).then_some(open + 1);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Relaxed, one_more)
            .ok()
            .map(|_| ConnectionPermit(self.clone()))
    }
}

/// One open socket, counted until dropped.
pub struct ConnectionPermit(OpenConnections);

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What one worker thread's sockets share.
pub struct Worker {
    /// The running hub.
    pub app: App,
    /// The worker's sockets.
    pub lines: SharedLines<ClientSocket>,
    /// Open sockets of all threads.
    pub open: OpenConnections,
    /// Sockets opened since the last beat of the heartbeat.
    pub opened: Cell<u32>,
}

impl Worker {
    /// This worker's, started at the first call. `None` when the hub has as many threads with
    /// sockets as it can number.
    pub fn here(app: &App, open: &OpenConnections) -> Option<Rc<Self>> {
        WORKER.with(|cell| {
            if let Some(worker) = cell.get() {
                return Some(worker.clone());
            }
            let lines = Switchboard::start_here(&app.hub)?;
            let worker = Rc::new(Self { app: app.clone(), lines, open: open.clone(), opened: Cell::new(0) });
            let guard = Guard::ends_process("pulse of a worker's sockets".into(), app.hub.deaths().clone());
            actix_rt::spawn(guard.over(heartbeat::run(worker.clone())));
            Some(cell.get_or_init(|| worker).clone())
        })
    }

    /// The ping of this moment: a frame for readers of events too, as their browsers show them no
    /// comment, and a stream that has died would look like a quiet one.
    pub fn ping(&self) -> Frame {
        let clock = self.app.hub.clock();
        Frame::new("ping", wire::frame::server::ping(clock.now(), clock.speed()), None)
    }

    /// Lets a listener go, with the advice when to come back that the configuration has.
    pub fn disconnect(&self, id: LineId, code: CloseCode, reason: &'static str) {
        let mut lines = self.lines.borrow_mut();
        let Some(encoding) = lines.socket(id).map(Socket::encoding) else { return };
        let retry_ms = u64::try_from(self.app.config.sockets.retry.as_millis()).unwrap_or(u64::MAX);
        lines.close(id, self.closing_bytes(encoding, code, retry_ms), reason);
    }

    /// The last words to a listener who is let go: a close frame, or nothing a reader of events
    /// would understand.
    pub fn closing_bytes(&self, encoding: Encoding, code: CloseCode, retry_ms: u64) -> Bytes {
        match encoding {
            Encoding::EventStream => wire::sse::retry(retry_ms),
            Encoding::WebSocket | Encoding::Deflated => {
                wire::websocket::close_frame(code.number(), &code.reason(retry_ms))
            }
        }
    }
}
