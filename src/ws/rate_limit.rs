//! A token bucket: a rate in the long run, and a burst.

use std::time::Duration;
use tokio::time::Instant;

/// The remaining tokens.
pub(super) struct RateLimiter {
    left: f32,
    counted_at: Instant,
}

/// The limits of a bucket.
#[derive(Clone, Copy)]
pub(super) struct RateLimit {
    /// Tokens of a full bucket.
    pub(super) burst: u32,
    /// New tokens per second.
    pub(super) per_s: u32,
}

impl RateLimiter {
    /// A full bucket.
    pub(super) fn full(limit: RateLimit) -> Self {
        Self { left: limit.burst as f32, counted_at: Instant::now() }
    }

    /// Takes a token; `false` if none is left.
    pub(super) fn take(&mut self, limit: RateLimit) -> bool {
        let may = self.has(limit);
        if may {
            self.left -= 1.0;
        }
        may
    }

    /// Whether a token is left.
    pub(super) fn has(&mut self, limit: RateLimit) -> bool {
        let now = Instant::now();
        let refilled = (now - self.counted_at).as_secs_f32() * limit.per_s as f32;
        self.left = (self.left + refilled).min(limit.burst as f32);
        self.counted_at = now;
        self.left >= 1.0
    }

    /// The time until the next token.
    pub(super) fn wait(&self, limit: RateLimit) -> Duration {
        Duration::from_secs_f32((1.0 - self.left).max(0.0) / limit.per_s as f32)
    }
}
