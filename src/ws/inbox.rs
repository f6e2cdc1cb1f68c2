//! Decoded messages on their way from the connection to its session.

use super::decoder::ClientMessage;
use futures_util::Stream;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Messages for the session: at most those of one turn of the driver.
#[derive(Clone, Default)]
pub(super) struct Inbox(pub(super) Rc<RefCell<VecDeque<ClientMessage>>>);

impl Stream for Inbox {
    type Item = ClientMessage;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<ClientMessage>> {
        let mut heard = self.0.borrow_mut();
        match heard.pop_front() {
            Some(one) => Poll::Ready(Some(one)),
            None => {
                *heard = VecDeque::new();
                // The driver polls the session whenever it has put something in, so no waker is kept.
                Poll::Pending
            }
        }
    }
}
