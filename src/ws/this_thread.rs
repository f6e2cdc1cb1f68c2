//! The worker of the current thread.

use super::heartbeat;
use super::open_connections::OpenConnections;
use super::worker::Worker;
use crate::app::App;
use actors::supervisor::PanicGuard;
use actors::switchboard::Switchboard;
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

thread_local! {
    static WORKER: OnceCell<Rc<Worker>> = const { OnceCell::new() };
}

/// The worker of this thread. The first call starts it, with its switchboard and heartbeat. `None` when
/// the hub already has as many switchboards as it can number.
pub(super) fn worker(app: &App, open: &OpenConnections) -> Option<Rc<Worker>> {
    WORKER.with(|cell| {
        if let Some(worker) = cell.get() {
            return Some(worker.clone());
        }
        let lines = Switchboard::start_here(&app.hub)?;
        let (app, open) = (app.clone(), open.clone());
        let guard =
            PanicGuard::end_process("heartbeat of a worker thread".into(), app.hub.panic_reporter().clone());
        let worker = Rc::new(Worker { app, lines, open, opened: Cell::new(0) });
        actix_rt::spawn(guard.watch(heartbeat::run(worker.clone())));
        Some(cell.get_or_init(|| worker).clone())
    })
}
