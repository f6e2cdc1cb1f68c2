//! How much a client may do: so much at once, and so much a second in the long run.

use std::time::Duration;
use tokio::time::Instant;

/// What is left of it.
pub(super) struct RateLimiter {
    left: f32,
    counted_at: Instant,
}

/// How much there may be.
#[derive(Clone, Copy)]
pub(super) struct RateLimit {
    /// At once.
    pub(super) burst: u32,
    /// In a second.
    pub(super) per_s: u32,
}

impl RateLimiter {
    /// All of it.
    pub(super) fn full(limit: RateLimit) -> Self {
        Self { left: limit.burst as f32, counted_at: Instant::now() }
    }

    /// Takes one; `false` when there is none left.
    pub(super) fn take(&mut self, limit: RateLimit) -> bool {
        let may = self.has(limit);
        if may {
            self.left -= 1.0;
        }
        may
    }

    /// Whether there is one.
    pub(super) fn has(&mut self, limit: RateLimit) -> bool {
        let now = Instant::now();
        let refilled = (now - self.counted_at).as_secs_f32() * limit.per_s as f32;
        self.left = (self.left + refilled).min(limit.burst as f32);
        self.counted_at = now;
        self.left >= 1.0
    }

    /// How long until there is one again.
    pub(super) fn wait(&self, limit: RateLimit) -> Duration {
        Duration::from_secs_f32((1.0 - self.left).max(0.0) / limit.per_s as f32)
    }
}
