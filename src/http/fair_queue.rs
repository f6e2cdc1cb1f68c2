//! Fair scheduling of long requests: each client runs one at a time.
//!
//! Building a board takes a fraction of a millisecond, but a client may request it on a thousand connections at
//! once, and other clients would wait for seconds. So the requests of one client form a queue, and other
//! clients get the thread between two of them.

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actors::unread_budget::Client;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::Semaphore;

thread_local! {
    /// The queues of this thread. The last request of a queue removes it.
    static QUEUES: RefCell<HashMap<Client, Rc<Semaphore>>> = RefCell::default();
}

/// Paths whose answers combine many flights or places.
const LONG_PATHS: [&str; 3] = ["/api/v1/boards/", "/api/v1/flights", "/api/v1/airports"];

/// The client whose queue the request joins; `None` for short requests.
pub(super) fn needed(request: &ServiceRequest) -> Option<Client> {
    let path = request.path();
    let is_long = LONG_PATHS.iter().any(|long| match long.strip_suffix('/') {
        Some(_) => path.starts_with(long),
        None => path == *long,
    });
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let peer = request.peer_addr().filter(|_| is_long && is_read)?;
    Some(Client::from_address(peer.ip()))
}

/// The longest turn. A request that waits for something else, such as a search on another thread, continues
/// outside the queue: behind a proxy all clients have one address, and must not wait for one search.
const TURN_MAX: Duration = Duration::from_millis(20);

/// Runs a request in its client's turn, after other clients had theirs.
pub(super) async fn in_turn<T>(client: Client, answer: impl Future<Output = T>) -> T {
    let ticket = Ticket::new(client);
    // The semaphore is never closed; an error would only mean that there is no queue.
    let turn = ticket.queue.acquire().await.ok();
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
    queue: Rc<Semaphore>,
}

impl Ticket {
    fn new(client: Client) -> Self {
        let new = || Rc::new(Semaphore::new(1));
        Self {
            client,
            queue: QUEUES.with_borrow_mut(|queues| queues.entry(client).or_insert_with(new).clone()),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // The map's reference and this one.
        if Rc::strong_count(&self.queue) <= 2 {
            QUEUES.with_borrow_mut(|queues| queues.remove(&self.client));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[actix_web::test]
    async fn a_client_with_many_requests_takes_turns_with_other_clients() {
        let (greedy, other) =
            (Client::from_address([192, 0, 2, 1].into()), Client::from_address([192, 0, 2, 2].into()));
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
    async fn a_waiting_answer_does_not_block_the_clients_queue() {
        let proxy = Client::from_address([192, 0, 2, 3].into());
        let (answer, waited_for) = tokio::sync::oneshot::channel::<()>();
        let slow = actix_web::rt::spawn(in_turn(proxy, waited_for));
        tokio::task::yield_now().await;
        assert_eq!(in_turn(proxy, async { 1 }).await, 1);
        answer.send(()).unwrap();
        slow.await.unwrap().unwrap();
    }
}
