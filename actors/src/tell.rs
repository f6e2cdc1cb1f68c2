//! Telling an actor something without an answer, within its bound.

use actix::dev::{MessageResponse, OneshotSender, ToEnvelope};
use actix::prelude::*;

/// Nobody is there any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the actor has gone")]
pub struct Gone;

/// Tells `to` at once if its mailbox has room, and waits for room if it has not. The bound of the
/// mailbox holds either way.
pub async fn tell<A, M>(to: &Addr<A>, message: M) -> Result<(), Gone>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message<Result = ()> + Send + 'static,
{
    match to.try_send(message) {
        Ok(()) => Ok(()),
        Err(SendError::Closed(_)) => Err(Gone),
        Err(SendError::Full(message)) => to.send(message).await.map_err(|_| Gone),
    }
}

/// As [`tell`], where only the message is known and not the actor.
pub async fn tell_recipient<M>(to: &Recipient<M>, message: M) -> Result<(), Gone>
where
    M: Message<Result = ()> + Send + 'static,
{
    match to.try_send(message) {
        Ok(()) => Ok(()),
        Err(SendError::Closed(_)) => Err(Gone),
        Err(SendError::Full(message)) => to.send(message).await.map_err(|_| Gone),
    }
}

/// An answer that is a plain value, for messages whose result is ours.
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
            // The one who asked may have left; that is no fault.
            let _ = tx.send(self.0);
        }
    }
}
