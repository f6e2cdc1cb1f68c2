//! Turns: of what takes a worker thread long, each client gets one at a time.
//!
//! A board is put together in a fraction of a millisecond, but a client may ask for it on a thousand
//! connections at once. One after the other would keep everybody else waiting for seconds. So a client's
//! questions stand in line, and others get the thread between two of them.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actors::unread::Client;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Semaphore;

thread_local! {
    /// The lines of this thread. One goes with the last who stands in it.
    static QUEUES: RefCell<HashMap<Client, Rc<Semaphore>>> = RefCell::default();
}

/// Addresses whose answers are put together from many flights or places.
const LONG: [&str; 3] = ["/api/v1/boards/", "/api/v1/flights", "/api/v1/airports"];

/// Whose turn is to be waited for; `None` for what takes no time worth that.
pub(super) fn needed(request: &ServiceRequest) -> Option<Client> {
    let path = request.path();
    let is_long = LONG.iter().any(|long| match long.strip_suffix('/') {
        Some(_) => path.starts_with(long),
        None => path == *long,
    });
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let peer = request.peer_addr().filter(|_| is_long && is_read)?;
    Some(Client::at(peer.ip()))
}

/// How long a turn may last. An answer that waits for something else, such as a search on another thread,
/// goes on without it: behind a proxy all clients have one address, and must not wait for one search.
const TURN_MAX: Duration = Duration::from_millis(20);

/// Answers in the client's turn, after others have had theirs.
pub(super) async fn in_turn<T>(client: Client, answer: impl Future<Output = T>) -> T {
    let place = Ticket::new(client);
    // A line is never closed; if it were, there would be nothing to wait for.
    let turn = place.line.acquire().await.ok();
    tokio::task::yield_now().await;
    let mut answer = std::pin::pin!(answer);
    match tokio::time::timeout(TURN_MAX, &mut answer).await {
        Ok(answer) => answer,
        Err(_) => {
            drop(turn);
            answer.await
        }
    }
}

struct Ticket {
    client: Client,
    line: Rc<Semaphore>,
}

impl Ticket {
    fn new(client: Client) -> Self {
        let new = || Rc::new(Semaphore::new(1));
        Self { client, line: QUEUES.with_borrow_mut(|lines| lines.entry(client).or_insert_with(new).clone()) }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // The map's and this one's.
        if Rc::strong_count(&self.line) <= 2 {
            QUEUES.with_borrow_mut(|lines| lines.remove(&self.client));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[actix_web::test]
    async fn a_client_with_many_questions_leaves_the_thread_to_others_between_two_of_them() {
        let (greedy, other) = (Client::at([192, 0, 2, 1].into()), Client::at([192, 0, 2, 2].into()));
        let answered = Rc::new(Cell::new(0));
        let many: Vec<_> = (0..100)
            .map(|_| {
                let answered = answered.clone();
                actix_web::rt::spawn(in_turn(greedy, async move { answered.set(answered.get() + 1) }))
            })
            .collect();
        tokio::task::yield_now().await;
        let before_the_other = in_turn(other, async { answered.get() }).await;
        assert!(before_the_other < 10, "{before_the_other} went first");
        for one in many {
            one.await.unwrap();
        }
        assert_eq!(answered.get(), 100);
        assert!(QUEUES.with_borrow(HashMap::is_empty));
    }

    #[actix_web::test]
    async fn an_answer_that_waits_for_something_else_keeps_nobody_waiting() {
        let proxy = Client::at([192, 0, 2, 3].into());
        let (answer, waited_for) = tokio::sync::oneshot::channel::<()>();
        let slow = actix_web::rt::spawn(in_turn(proxy, waited_for));
        tokio::task::yield_now().await;
        assert_eq!(in_turn(proxy, async { 1 }).await, 1);
        answer.send(()).unwrap();
        slow.await.unwrap().unwrap();
    }
}
