//! The lines of one thread, as its switchboard, its sessions and its sockets' tasks share them.

use super::lines::{Lines, Socket};
use std::cell::{Ref, RefCell, RefMut};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// See the module's page. Whoever changes the lines may panic half-way, in a task of which no actor's
/// guard would tell: a turn takes a topic's followers out while it writes, say, and every listener of
/// that topic would go on looking live and hear nothing more. Such a panic ends the process.
pub struct SharedLines<S: Socket>(Rc<RefCell<Lines<S>>>);

impl<S: Socket> SharedLines<S> {
    pub(super) fn new(lines: Lines<S>) -> Self {
        Self(Rc::new(RefCell::new(lines)))
    }

    /// To look at them.
    pub fn borrow(&self) -> Ref<'_, Lines<S>> {
        self.0.borrow()
    }

    /// To change them.
    pub fn borrow_mut(&self) -> Changing<'_, S> {
        self.changing(self.0.borrow_mut())
    }

    /// To change them, unless somebody is doing so: for what is dropped while a panic passes.
    pub fn try_borrow_mut(&self) -> Option<Changing<'_, S>> {
        self.0.try_borrow_mut().ok().map(|lines| self.changing(lines))
    }

    fn changing<'a>(&self, lines: RefMut<'a, Lines<S>>) -> Changing<'a, S> {
        Changing { lines, was_panicking: std::thread::panicking() }
    }
}

impl<S: Socket> Clone for SharedLines<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Lines that are being changed. As cheap as the borrow itself: one a turn, none a line or frame.
pub struct Changing<'a, S: Socket> {
    lines: RefMut<'a, Lines<S>>,
    /// A panic that began before this did is not of the lines.
    was_panicking: bool,
}

impl<S: Socket> Deref for Changing<'_, S> {
    type Target = Lines<S>;

    fn deref(&self) -> &Lines<S> {
        &self.lines
    }
}

impl<S: Socket> DerefMut for Changing<'_, S> {
    fn deref_mut(&mut self) -> &mut Lines<S> {
        &mut self.lines
    }
}

impl<S: Socket> Drop for Changing<'_, S> {
    fn drop(&mut self) {
        if !self.was_panicking && std::thread::panicking() {
            self.lines.hub.deaths().end_process("switchboard");
        }
    }
}
