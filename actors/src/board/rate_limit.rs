//! Limits how much the boards of one thread read and build.
//!
//! Building the snapshot of 80,000 flights takes tens of milliseconds, and any client may request it.
//! Without a limit a few clients could occupy the thread of the boards, and the flights whose changes
//! wait for their boards would wait too. A build is never cut short: the bucket may go below zero, and
//! the next request waits until it has refilled. The largest board can therefore always be built, and one
//! build serves all requests that waited.

use std::cell::RefCell;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes per second in the long run: about a tenth of one core.
const BYTES_PER_S: i64 = 256 << 20;

/// Bytes of a burst: one snapshot of the largest default size, or the boards of some hundred airports
/// whose screens all reconnect.
const BURST_BYTES: i64 = 64 << 20;

/// The cost of reading a row, in bytes. It is one comparison, while building copies hundreds of bytes per
/// row.
const ROW_BYTES: usize = 4;

thread_local! {
    static HERE: RefCell<TokenBucket> = RefCell::new(TokenBucket { left: BURST_BYTES, at: Instant::now() });
}

#[derive(Debug)]
struct TokenBucket {
    left: i64,
    at: Instant,
}

impl TokenBucket {
    fn wait(&mut self, now: Instant) -> Option<Duration> {
        let earned = (now - self.at).as_secs_f64() * BYTES_PER_S as f64;
        self.left = self.left.saturating_add(earned as i64).min(BURST_BYTES);
        self.at = now;
        // One millisecond more, the resolution of timers.
        let owed = (self.left <= 0).then_some(1 - self.left)?;
        Some(Duration::from_secs_f64(owed as f64 / BYTES_PER_S as f64) + Duration::from_millis(1))
    }

    fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub_unsigned(bytes as u64);
    }
}

/// How long the boards of this thread must wait before the next build; `None` if they need not.
pub(super) fn wait() -> Option<Duration> {
    HERE.with_borrow_mut(|bucket| bucket.wait(Instant::now()))
}

/// Charges for `rows` that were read and `bytes` that were built.
pub(super) fn spend(rows: usize, bytes: usize) {
    HERE.with_borrow_mut(|bucket| bucket.spend(rows.saturating_mul(ROW_BYTES).saturating_add(bytes)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overdrawn_bucket_waits_exactly_until_it_has_refilled() {
        let began = Instant::now();
        let mut bucket = TokenBucket { left: BURST_BYTES, at: began };
        bucket.spend(BURST_BYTES as usize - 1);
        assert_eq!(bucket.wait(began), None, "something is left");
        // Even a build larger than the rest of the bucket may start.
        bucket.spend(1 + (BYTES_PER_S / 2) as usize);
        let wait = bucket.wait(began).unwrap();
        assert!((500..=502).contains(&wait.as_millis()), "{wait:?}");
        assert_eq!(bucket.wait(began + wait), None);
    }

    #[test]
    fn an_idle_bucket_fills_up_to_one_burst() {
        let began = Instant::now();
        let mut bucket = TokenBucket { left: 0, at: began };
        let later = began + Duration::from_secs(3_600);
        assert_eq!(bucket.wait(later), None);
        bucket.spend(BURST_BYTES as usize);
        assert!(bucket.wait(later).is_some());
    }
}
