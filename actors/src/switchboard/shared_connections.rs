//! The connections of one thread, shared by its switchboard, its sessions and the tasks of its sockets.

use super::connections::{Connections, Socket};
use std::cell::{Ref, RefCell, RefMut};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// A shared reference to the connections. A panic in the middle of a change may happen in a task without
/// the guard of an actor, and leave the connections inconsistent: a flush, for example, takes out the
/// followers of a topic while it writes. All clients of that topic would stay connected and receive
/// nothing. Such a panic therefore ends the process.
pub struct SharedConnections<S: Socket>(Rc<RefCell<Connections<S>>>);

impl<S: Socket> SharedConnections<S> {
    pub(super) fn new(connections: Connections<S>) -> Self {
        Self(Rc::new(RefCell::new(connections)))
    }

    /// Borrows the connections.
    pub fn borrow(&self) -> Ref<'_, Connections<S>> {
        self.0.borrow()
    }

    /// Borrows the connections for a change.
    pub fn borrow_mut(&self) -> ConnectionsMut<'_, S> {
        self.changing(self.0.borrow_mut())
    }

    /// Borrows the connections for a change, unless they are borrowed already. For drops during a panic.
    pub fn try_borrow_mut(&self) -> Option<ConnectionsMut<'_, S>> {
        self.0.try_borrow_mut().ok().map(|connections| self.changing(connections))
    }

    fn changing<'a>(&self, connections: RefMut<'a, Connections<S>>) -> ConnectionsMut<'a, S> {
        ConnectionsMut { connections, was_panicking: std::thread::panicking() }
    }
}

impl<S: Socket> Clone for SharedConnections<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A mutable borrow of the connections. It costs as much as the borrow itself, once per batch.
pub struct ConnectionsMut<'a, S: Socket> {
    connections: RefMut<'a, Connections<S>>,
    /// A panic that began before the borrow is not a panic of the connections.
    was_panicking: bool,
}

impl<S: Socket> Deref for ConnectionsMut<'_, S> {
    type Target = Connections<S>;

    fn deref(&self) -> &Connections<S> {
        &self.connections
    }
}

impl<S: Socket> DerefMut for ConnectionsMut<'_, S> {
    fn deref_mut(&mut self) -> &mut Connections<S> {
        &mut self.connections
    }
}

impl<S: Socket> Drop for ConnectionsMut<'_, S> {
    fn drop(&mut self) {
        if !self.was_panicking && std::thread::panicking() {
            self.connections.hub.panic_reporter().end_process("switchboard");
        }
    }
}
