//! State shared by server, pusher and log: the airports and their clock.

use crate::airport::{Airport, Airports};
use chrono::{DateTime, Utc};
use domain::clock::Clock;
use domain::codes::Iata;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The airports behind a lock, always advanced to the clock before access.
#[derive(Clone)]
pub struct Shared {
    airports: Arc<Mutex<Airports>>,
    clock: Arc<dyn Clock>,
    learned: Arc<Notify>,
}

/// Longest sleep between two checks of the clock: events are seldom further apart, and a silence that was
/// ended by hand must not wait for the next one.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Shared {
    /// Airports that follow `clock`.
    pub fn new(airports: Airports, clock: Arc<dyn Clock>) -> Self {
        Self { airports: Arc::new(Mutex::new(airports)), clock, learned: Arc::new(Notify::new()) }
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Advances the airports to now and passes them to `look`, with that instant.
    pub fn look<T>(&self, look: impl FnOnce(&mut Airports, DateTime<Utc>) -> T) -> T {
        // A panic during access leaves a count one short at worst.
        let mut airports = self.airports.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if airports.advance(now) > 0 {
            self.learned.notify_one();
        }
        look(&mut airports, now)
    }

    /// Passes one airport to `look`; `None` if it is not simulated.
    pub fn at<T>(&self, iata: Iata, look: impl FnOnce(&mut Airport, DateTime<Utc>) -> T) -> Option<T> {
        self.look(|airports, now| airports.find(iata).map(|airport| look(airport, now)))
    }

    /// Waits until something became known since the last call.
    pub async fn learned(&self) {
        self.learned.notified().await;
    }

    /// Keeps the airports up to date until it is dropped.
    pub async fn live(&self) {
        loop {
            let next = self.look(|airports, _| airports.next_at());
            let wait = next.map_or(LOOK_EVERY, |at| self.clock.real_until(at).min(LOOK_EVERY));
            // At least a millisecond, so that a burst of events is handled at once.
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }
}
