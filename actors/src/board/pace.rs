//! How much the boards of one thread may look through and put together.
//!
//! Putting the snapshot of eighty thousand flights together takes tens of milliseconds, and anybody may
//! ask for it. Without a bound a few listeners could keep the boards' thread from anything else, and
//! flights, whose changes wait for their boards, with it. Work in hand is always finished: what is owed
//! is waited for afterwards, so that the largest board is answered too, and the same work serves all
//! who waited.

use std::cell::RefCell;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes that may be put together in a second, in the long run: some tenth of a core's time.
const BYTES_PER_S: i64 = 256 << 20;

/// Bytes that may be put together at once: a snapshot of the largest size there is by default, or the
/// boards of some hundred airports whose screens all come back.
const AT_ONCE: i64 = 64 << 20;

/// What it costs to look at a row, in bytes: a comparison, beside hundreds of bytes that are copied for one
/// that is put into a snapshot.
const ROW: usize = 4;

thread_local! {
    static HERE: RefCell<Pace> = RefCell::new(Pace { left: AT_ONCE, at: Instant::now() });
}

#[derive(Debug)]
struct Pace {
    left: i64,
    at: Instant,
}

impl Pace {
    fn wait(&mut self, now: Instant) -> Option<Duration> {
        let earned = (now - self.at).as_secs_f64() * BYTES_PER_S as f64;
        self.left = self.left.saturating_add(earned as i64).min(AT_ONCE);
        self.at = now;
        // A millisecond more than it takes, which is the step of timers.
        let owed = (self.left <= 0).then_some(1 - self.left)?;
        Some(Duration::from_secs_f64(owed as f64 / BYTES_PER_S as f64) + Duration::from_millis(1))
    }

    fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub_unsigned(bytes as u64);
    }
}

/// How long the boards of this thread have to wait before the next work; `None` for not at all.
pub(super) fn wait() -> Option<Duration> {
    HERE.with_borrow_mut(|pace| pace.wait(Instant::now()))
}

/// Notes that so many rows were looked at and so many bytes put together.
pub(super) fn spend(rows: usize, bytes: usize) {
    HERE.with_borrow_mut(|pace| pace.spend(rows.saturating_mul(ROW).saturating_add(bytes)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_beyond_the_measure_is_waited_for_and_no_more() {
        let began = Instant::now();
        let mut pace = Pace { left: AT_ONCE, at: began };
        pace.spend(AT_ONCE as usize - 1);
        assert_eq!(pace.wait(began), None, "something is left");
        // The largest is begun all the same.
        pace.spend(1 + (BYTES_PER_S / 2) as usize);
        let wait = pace.wait(began).unwrap();
        assert!((500..=502).contains(&wait.as_millis()), "{wait:?}");
        assert_eq!(pace.wait(began + wait), None);
    }

    #[test]
    fn a_quiet_time_saves_up_no_more_than_may_be_done_at_once() {
        let began = Instant::now();
        let mut pace = Pace { left: 0, at: began };
        let later = began + Duration::from_secs(3_600);
        assert_eq!(pace.wait(later), None);
        pace.spend(AT_ONCE as usize);
        assert!(pace.wait(later).is_some());
    }
}
