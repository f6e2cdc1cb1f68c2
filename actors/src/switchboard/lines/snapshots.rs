//! What a follow begins and ends: the snapshot that goes before everything else.

use super::{LineId, Lines, Socket};
use crate::frame::Frame;
use crate::unread::NoRoom;
use domain::topic::Topic;
use wire::frame::FrameKind;

impl<S: Socket> Lines<S> {
    /// Ends what [`Lines::follow`] began: the snapshot (or the error) goes first, then whatever
    /// changed meanwhile. A snapshot of a topic that is no longer followed is not sent. With
    /// [`NoRoom`] nothing was done, and the line should be closed: its listener has missed something.
    pub fn release(&mut self, id: LineId, topic: &Topic, answer: &Frame) -> Result<(), NoRoom> {
        let number = self.topics.get(topic).copied();
        let Some(line) = self.line(id) else { return Ok(()) };
        let is_followed = line.follows.iter().any(|(t, _)| Some(*t) == number);
        let is_closing = line.pending.as_ref().is_some_and(|pending| pending.closing);
        let is_wanted = (is_followed || answer.kind() == FrameKind::Error) && !is_closing;
        let hold = || self.hub.unread().hold(answer.bytes(line.encoding), line.socket.client());
        let bytes = is_wanted.then(hold).transpose()?;
        let Some(line) = self.line_mut(id) else { return Ok(()) };
        let pending = line.pending.get_or_insert_default();
        pending.holds = pending.holds.saturating_sub(1);
        if let Some(bytes) = bytes
            && pending.snapshot(bytes).is_err()
        {
            line.socket.cut();
            self.let_go("answers_not_read");
            return Ok(());
        }
        self.drain(id);
        Ok(())
    }

    /// So many follows will not be answered: their topic was left before their turn came.
    pub fn withdraw(&mut self, id: LineId, follows: usize) {
        if let Some(pending) = self.line_mut(id).and_then(|line| line.pending.as_mut()) {
            pending.holds = pending.holds.saturating_sub(follows as u16);
            self.drain(id);
        }
    }

    /// Whether something that was begun, or a snapshot, has not been taken yet.
    pub fn owes_snapshot(&self, id: LineId) -> bool {
        self.line(id).and_then(|line| line.pending.as_ref()).is_some_and(|pending| pending.owes_snapshot())
    }
}
