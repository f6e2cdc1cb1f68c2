//! One actor per worker thread: writes broadcasts to the connections of the thread.
//!
//! [`Connections`] is the part without an actor: which connection follows what, which one is slow, and
//! what it still needs. The actor receives broadcasts from flights, collects those that arrive in one
//! turn of the event loop, and sends them with one write per connection.

mod batch;
mod connections;
mod send_queue;
mod shared_connections;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use connections::{ConnectionId, Connections, Socket};
pub use send_queue::REPLIES_MAX;
pub use shared_connections::{ConnectionsMut, SharedConnections};
pub use subscriptions::FollowError;

use crate::frame::Frame;
use crate::hub::{Hub, SwitchboardHandle};
use crate::supervisor::PanicGuard;
use actix::prelude::*;
use domain::leg::LegId;
use domain::topic::Topic;
use smallvec::SmallVec;
use std::cell::Cell;
use std::rc::Rc;

/// Capacity of the mailbox. Connections never make a switchboard wait, so the mailbox is full only when
/// the thread is overloaded. Then flights wait, and the senders of their reports too.
pub const MAILBOX: usize = 4096;

/// Frames of one leg for the followers of any of the topics.
#[derive(Message, Clone)]
#[rtype(result = "()")]
pub struct Broadcast {
    /// The leg. A slow connection gets its newest state instead of the frames.
    pub leg: LegId,
    /// The frames, in order of revision.
    pub frames: SmallVec<[Frame; 2]>,
    /// The topics.
    pub topics: SmallVec<[Topic; 6]>,
}

/// Frames for every connection of the thread, whatever it follows.
#[derive(Message, Clone)]
#[rtype(result = "()")]
pub struct Announce {
    /// The frames, in order.
    pub frames: SmallVec<[Frame; 1]>,
}

/// The actor.
pub struct Switchboard<S: Socket> {
    connections: SharedConnections<S>,
    flush_is_due: Rc<Cell<bool>>,
    /// Reports a panic.
    _guard: PanicGuard,
}

impl<S: Socket> Switchboard<S> {
    /// Starts the switchboard of this thread and registers it with the hub. Returns `None` if the hub
    /// already has [`crate::hub::SWITCHBOARDS_MAX`].
    pub fn start_here(hub: &Hub) -> Option<SharedConnections<S>> {
        let connections = SharedConnections::new(Connections::new(hub.clone()));
        let shared = connections.clone();
        let guard = PanicGuard::end_process("switchboard".into(), hub.panic_reporter().clone());
        let address = Self::create(move |context| {
            context.set_mailbox_capacity(MAILBOX);
            Self { connections: shared, flush_is_due: Rc::default(), _guard: guard }
        });
        let connection =
            SwitchboardHandle { frames: address.clone().recipient(), announcements: address.recipient() };
        let bit = hub.add_switchboard(connection)?;
        connections.borrow_mut().set_number(bit);
        Some(connections)
    }
}

impl<S: Socket> Actor for Switchboard<S> {
    type Context = Context<Self>;
}

impl<S: Socket> Handler<Broadcast> for Switchboard<S> {
    type Result = ();

    fn handle(&mut self, broadcast: Broadcast, _: &mut Context<Self>) {
        self.connections.borrow_mut().add(broadcast);
        if !self.flush_is_due.replace(true) {
            let (connections, due) = (self.connections.clone(), self.flush_is_due.clone());
            // Broadcasts that are already in the mailbox arrive before the runtime polls this task.
            actix_rt_spawn(async move {
                tokio::task::yield_now().await;
                due.set(false);
                connections.borrow_mut().flush();
            });
        }
    }
}

impl<S: Socket> Handler<Announce> for Switchboard<S> {
    type Result = ();

    fn handle(&mut self, Announce { frames }: Announce, _: &mut Context<Self>) {
        self.connections.borrow_mut().announce(&frames);
    }
}

fn actix_rt_spawn(task: impl Future<Output = ()> + 'static) {
    drop(actix_rt::spawn(task));
}
