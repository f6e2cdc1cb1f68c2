//! Completes a follow: its snapshot goes before every later frame.

use super::{ConnectionId, Connections, Socket};
use crate::frame::Frame;
use crate::unread_budget::BudgetExceeded;
use domain::topic::Topic;
use wire::frame::FrameKind;

impl<S: Socket> Connections<S> {
    /// Completes [`Connections::follow`]: sends the snapshot, or the error, and then what changed
    /// meanwhile. Skips the snapshot of a topic that is no longer followed. On [`BudgetExceeded`] nothing
    /// was sent, and the caller should close the connection, because its client misses changes.
    pub fn complete_follow(
        &mut self,
        id: ConnectionId,
        topic: &Topic,
        answer: &Frame,
    ) -> Result<(), BudgetExceeded> {
        let number = self.topics.get(topic).copied();
        let Some(connection) = self.connection(id) else { return Ok(()) };
        let is_followed = connection.follows.iter().any(|(t, _)| Some(*t) == number);
        let is_closing = connection.queue.as_ref().is_some_and(|queue| queue.closing);
        let is_wanted = (is_followed || answer.kind() == FrameKind::Error) && !is_closing;
        let hold = || {
            self.hub.unread_budget().reserve(answer.bytes(connection.encoding), connection.socket.client())
        };
        let bytes = is_wanted.then(hold).transpose()?;
        let Some(connection) = self.connection_mut(id) else { return Ok(()) };
        let queue = connection.queue.get_or_insert_default();
        queue.follows_in_progress = queue.follows_in_progress.saturating_sub(1);
        if let Some(bytes) = bytes
            && queue.snapshot(bytes).is_err()
        {
            connection.socket.cut();
            self.count_disconnect("answers_not_read");
            return Ok(());
        }
        self.drain(id);
        Ok(())
    }

    /// Cancels follows whose topic was unfollowed before their snapshot was requested.
    pub fn cancel_follows(&mut self, id: ConnectionId, follows: usize) {
        if let Some(queue) = self.connection_mut(id).and_then(|connection| connection.queue.as_mut()) {
            queue.follows_in_progress = queue.follows_in_progress.saturating_sub(follows as u16);
            self.drain(id);
        }
    }

    /// Whether a snapshot or a partial write is not sent completely.
    pub fn has_unsent_snapshot(&self, id: ConnectionId) -> bool {
        self.connection(id)
            .and_then(|connection| connection.queue.as_ref())
            .is_some_and(|queue| queue.has_unsent_snapshot())
    }
}
