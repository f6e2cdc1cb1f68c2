//! Repeatable random numbers: every draw follows from the seed and a name.

use chrono::TimeDelta;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::RangeInclusive;

/// A stream of random numbers for one purpose.
///
/// Streams are distinguished by name, so an additional draw for one flight does not change any other
/// flight.
#[derive(Debug)]
pub struct SeededRandom(ChaCha8Rng);

impl SeededRandom {
    /// The stream `name` of `seed`. The same pair gives the same numbers.
    pub fn named(seed: u64, name: &str) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed ^ fnv1a(name.as_bytes())))
    }

    /// A whole number in the range, uniformly distributed.
    pub fn within(&mut self, range: RangeInclusive<i64>) -> i64 {
        if range.is_empty() { *range.start() } else { self.0.random_range(range) }
    }

    /// A time of that many whole minutes.
    pub fn minutes(&mut self, range: RangeInclusive<i64>) -> TimeDelta {
        TimeDelta::minutes(self.within(range))
    }

    /// A span of that many minutes plus seconds, so that not everything happens on the minute.
    pub fn about_minutes(&mut self, range: RangeInclusive<i64>) -> TimeDelta {
        TimeDelta::seconds(self.within(*range.start() * 60..=*range.end() * 60))
    }

    /// A fraction in `0..1`.
    pub fn fraction(&mut self) -> f64 {
        self.0.random()
    }

    /// True with this probability.
    pub fn yes(&mut self, probability: f64) -> bool {
        self.fraction() < probability
    }

    /// One of the items, or `None` if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.0.random_range(0..items.len())) }
    }
}

/// FNV-1a with 64 bits, to derive seeds from names. Unlike the standard hashers, it is the same on every
/// machine and release.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
