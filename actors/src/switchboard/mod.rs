//! One actor a worker thread: puts frames through to the thread's sockets, directly.
//!
//! [`Lines`] is the pure part: who follows what, which socket is behind, what it still needs.
//! The actor receives frames from flights and lets those that arrive in one turn of the thread's
//! loop leave in one write a socket.

mod following;
mod lines;
mod pending;
mod shared;
#[cfg(test)]
mod tests;
mod turn;

pub use following::FollowError;
pub use lines::{LineId, Lines, Socket};
pub use pending::ANSWERS_MAX;
pub use shared::{Changing, SharedLines};

use crate::frame::Frame;
use crate::hub::{Hub, SwitchboardLine};
use crate::supervisor::Guard;
use actix::prelude::*;
use domain::leg::LegId;
use domain::topic::Topic;
use smallvec::SmallVec;
use std::cell::Cell;
use std::rc::Rc;

/// Messages waiting for one thread's switchboard. Sockets never make it wait, so it is full only
/// when the thread is; then flights wait, and with them whoever reports.
pub const MAILBOX: usize = 4096;

/// Frames of one leg for whoever follows one of the topics.
#[derive(Message, Clone)]
#[rtype(result = "()")]
pub struct Deliver {
    /// Which leg: a socket that is behind gets its newest state instead.
    pub leg: LegId,
    /// In order of revision.
    pub frames: SmallVec<[Frame; 2]>,
    /// Where they are told.
    pub topics: SmallVec<[Topic; 6]>,
}

/// Frames for every socket of the thread, whatever it follows.
#[derive(Message, Clone)]
#[rtype(result = "()")]
pub struct Announce {
    /// What everyone is told, in order.
    pub frames: SmallVec<[Frame; 1]>,
}

/// The actor.
pub struct Switchboard<S: Socket> {
    lines: SharedLines<S>,
    flush_is_due: Rc<Cell<bool>>,
    /// Tells of its death.
    _guard: Guard,
}

impl<S: Socket> Switchboard<S> {
    /// Starts the switchboard of this thread and makes it known to the hub. `None` when the hub
    /// has its limit of [`crate::hub::SWITCHBOARDS_MAX`].
    pub fn start_here(hub: &Hub) -> Option<SharedLines<S>> {
        let lines = SharedLines::new(Lines::new(hub.clone()));
        let shared = lines.clone();
        let guard = Guard::ends_process("switchboard".into(), hub.deaths().clone());
        let address = Self::create(move |context| {
            context.set_mailbox_capacity(MAILBOX);
            Self { lines: shared, flush_is_due: Rc::default(), _guard: guard }
        });
        let line =
            SwitchboardLine { frames: address.clone().recipient(), announcements: address.recipient() };
        let bit = hub.add_switchboard(line)?;
        lines.borrow_mut().set_number(bit);
        Some(lines)
    }
}

impl<S: Socket> Actor for Switchboard<S> {
    type Context = Context<Self>;
}

impl<S: Socket> Handler<Deliver> for Switchboard<S> {
    type Result = ();

    fn handle(&mut self, deliver: Deliver, _: &mut Context<Self>) {
        self.lines.borrow_mut().add(deliver);
        if !self.flush_is_due.replace(true) {
            let (lines, due) = (self.lines.clone(), self.flush_is_due.clone());
            // What else is in the mailbox arrives before the runtime polls this task.
            actix_rt_spawn(async move {
                tokio::task::yield_now().await;
                due.set(false);
                lines.borrow_mut().flush();
            });
        }
    }
}

impl<S: Socket> Handler<Announce> for Switchboard<S> {
    type Result = ();

    fn handle(&mut self, Announce { frames }: Announce, _: &mut Context<Self>) {
        self.lines.borrow_mut().announce(&frames);
    }
}

fn actix_rt_spawn(task: impl Future<Output = ()> + 'static) {
    drop(actix_rt::spawn(task));
}
