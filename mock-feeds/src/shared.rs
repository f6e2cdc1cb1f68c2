//! What the server, the pusher and the log share: the airports, and the clock by which they learn.

use crate::airport::{Airport, Airports};
use chrono::{DateTime, Utc};
use domain::clock::Clock;
use domain::codes::Iata;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The airports behind a lock, always brought up to the clock before anybody looks.
#[derive(Clone)]
pub struct Shared {
    airports: Arc<Mutex<Airports>>,
    clock: Arc<dyn Clock>,
    learned: Arc<Notify>,
}

/// The longest sleep between two looks at the clock: facts are seldom further apart, and a silence
/// that was ended by hand must not wait for the next one.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Shared {
    /// Airports that learn by `clock`.
    pub fn new(airports: Airports, clock: Arc<dyn Clock>) -> Self {
        Self { airports: Arc::new(Mutex::new(airports)), clock, learned: Arc::new(Notify::new()) }
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Brings the airports up to now and looks at them; what is told is as of the instant given.
    pub fn look<T>(&self, look: impl FnOnce(&mut Airports, DateTime<Utc>) -> T) -> T {
        // A panic while somebody looked leaves counts at worst one short; go on.
        let mut airports = self.airports.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if airports.advance(now) > 0 {
            self.learned.notify_one();
        }
        look(&mut airports, now)
    }

    /// Looks at one airport; `None` if it is not simulated.
    pub fn at<T>(&self, iata: Iata, look: impl FnOnce(&mut Airport, DateTime<Utc>) -> T) -> Option<T> {
        self.look(|airports, now| airports.find(iata).map(|airport| look(airport, now)))
    }

    /// Returns when something was learned since the last call.
    pub async fn learned(&self) {
        self.learned.notified().await;
    }

    /// Keeps the airports learning, for as long as it is polled.
    pub async fn live(&self) {
        loop {
            let next = self.look(|airports, _| airports.next_at());
            let wait = next.map_or(LOOK_EVERY, |at| self.clock.real_until(at).min(LOOK_EVERY));
            // At least a millisecond, so that a burst of facts is learned in one go.
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }
}
