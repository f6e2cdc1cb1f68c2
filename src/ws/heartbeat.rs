//! The timer of a worker: pings, slow clients, returning memory, and the drain at shutdown.
//!
//! Each second a different share of the connections is due for a ping, so that 15,000 clients do not answer
//! at once.

use super::socket::ClientSocket;
use super::worker::Worker;
use actors::switchboard::{ConnectionId, Socket};
use std::rc::Rc;
use std::time::Duration;
use wire::frame::close::CloseCode;

/// The interval of the timer.
const STEP: Duration = Duration::from_secs(1);

/// When this many unread bytes were sent, their memory goes back to the system.
const MUCH_UNREAD_BYTES: usize = 16 * 1024 * 1024;

/// Runs until the worker ends.
pub async fn run(worker: Rc<Worker>) {
    let mut ticks = tokio::time::interval(STEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut is_owed, mut most_unread) = (false, 0);
    for second in 0u64.. {
        ticks.tick().await;
        let opened = worker.opened.replace(0);
        // Unread answers leave freed memory behind as well.
        let unread = worker.app.hub.unread_budget().bytes();
        let was_much = most_unread >= MUCH_UNREAD_BYTES && unread < most_unread / 4;
        if (opened == 0 && is_owed) || was_much {
            crate::allocator::release_free_memory();
        }
        is_owed = opened > 0;
        most_unread = if was_much { unread } else { most_unread.max(unread) };
        if worker.app.readiness.is_draining() {
            break;
        }
        disconnect_overdue(&worker);
        ping(&worker, second);
    }
    // Every connection has the same time to read the rest, however fast the batches are.
    let look_on = async {
        loop {
            disconnect_overdue(&worker);
            ticks.tick().await;
        }
    };
    tokio::join!(look_on, drain(&worker));
}

/// Disconnects clients that read too slowly, and cuts disconnected clients that do not read their close
/// frame.
fn disconnect_overdue(worker: &Worker) {
    let sockets = &worker.app.config.sockets;
    let slow_ticks = u16::try_from(sockets.slow.as_secs()).unwrap_or(u16::MAX);
    let slow = |encoding| worker.closing_bytes(encoding, CloseCode::SlowReader, millis(sockets.retry));
    let mut lines = worker.lines.borrow_mut();
    lines.tick(slow_ticks, slow);
    for id in lines.ids() {
        if lines.socket(id).is_some_and(ClientSocket::is_overdue)
            && let Some(socket) = lines.remove(id)
        {
            socket.cut();
        }
    }
}

/// Pings the share of connections that is due in this second.
fn ping(worker: &Worker, second: u64) {
    let sockets = &worker.app.config.sockets;
    let ping_every = sockets.ping.as_secs().max(1);
    let mut lines = worker.lines.borrow_mut();
    let due: Vec<ConnectionId> =
        lines.ids().into_iter().filter(|id| id.slot() % ping_every == second % ping_every).collect();
    // One frame for all, encoded once.
    let frame = worker.ping();
    for id in due {
        // A client that is behind needs no ping: its progress shows whether it still reads.
        if lines.legs_behind(id).is_some() {
            continue;
        }
        let Some(socket) = lines.socket(id) else { continue };
        let encoding = socket.encoding();
        if socket.missed_pings() >= sockets.pong_missed_max {
            let words = worker.closing_bytes(encoding, CloseCode::Idle, millis(sockets.retry));
            lines.close(id, words, "no_pong");
        } else {
            socket.pinged();
            lines.send(id, frame.bytes(encoding).clone());
        }
    }
}

/// Disconnects the worker's clients in paced batches, with an advised reconnect delay. The pace and the
/// random delay spread the reconnects over time and over the remaining nodes.
async fn drain(worker: &Worker) {
    let sockets = &worker.app.config.sockets;
    loop {
        let batch: Vec<ConnectionId> = {
            let lines = worker.lines.borrow();
            let open = lines.ids().into_iter().filter(|id| !lines.is_closing(*id));
            open.take(sockets.drain_batch).collect()
        };
        if batch.is_empty() {
            // A handshake may still be in progress.
            tokio::time::sleep(STEP).await;
            continue;
        }
        for id in batch {
            let mut lines = worker.lines.borrow_mut();
            let Some(encoding) = lines.socket(id).map(Socket::encoding) else { continue };
            let retry_ms = (millis(sockets.retry) as f64 * (0.5 + rand::random::<f64>())) as u64;
            let words = worker.closing_bytes(encoding, CloseCode::ShuttingDown, retry_ms);
            lines.close(id, words, "drain");
        }
        tokio::time::sleep(sockets.drain_pause).await;
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
