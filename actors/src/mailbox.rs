//! Sends a message without waiting for a reply, within the bound of the mailbox.

use actix::dev::{MessageResponse, OneshotSender, ToEnvelope};
use actix::prelude::*;

/// The actor has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the actor has stopped")]
pub struct ActorStopped;

/// Sends at once if the mailbox has room, and otherwise waits for room.
pub async fn send_bounded<A, M>(to: &Addr<A>, message: M) -> Result<(), ActorStopped>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Send + 'static,
{
    match to.try_send(message) {
        Ok(()) => Ok(()),
        Err(SendError::Closed(_)) => Err(ActorStopped),
        Err(SendError::Full(message)) => to.send(message).await.map_err(|_| ActorStopped),
    }
}

/// Like [`send_bounded`], for a recipient that hides the type of the actor.
pub async fn send_bounded_to<M>(to: &Recipient<M>, message: M) -> Result<(), ActorStopped>
where
    M: Message<Result = ()> + Send + 'static,
{
    match to.try_send(message) {
        Ok(()) => Ok(()),
        Err(SendError::Closed(_)) => Err(ActorStopped),
        Err(SendError::Full(message)) => to.send(message).await.map_err(|_| ActorStopped),
    }
}

/// A reply of any type, for messages whose result type is defined in this crate.
#[derive(Debug)]
pub struct Reply<T>(pub T);

impl<A, M, T> MessageResponse<A, M> for Reply<T>
where
    A: Actor,
    M: Message<Result = T>,
    T: 'static,
{
    fn handle(self, _: &mut A::Context, tx: Option<OneshotSender<T>>) {
        if let Some(tx) = tx {
            // The requester may have stopped waiting. That is not an error.
            let _ = tx.send(self.0);
        }
    }
}
