//! Random decisions that follow from the seed.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::time::Duration;

/// A stream of random decisions. Each part of the simulation has its own, so that a part that decides more
/// often does not change what the others decide.
pub(crate) struct Random(Mutex<ChaCha8Rng>);

impl Random {
    /// The stream of a part, by the name of the part.
    pub(crate) fn of(seed: u64, part: &str) -> Self {
        // FNV-1a.
        let hash = part.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed ^ hash)))
    }

    pub(crate) fn between(&self, range: RangeInclusive<u64>) -> u64 {
        self.0.lock().unwrap().random_range(range)
    }

    pub(crate) fn signed(&self, range: RangeInclusive<i64>) -> i64 {
        self.0.lock().unwrap().random_range(range)
    }

    /// Whether an event with this probability happens.
    pub(crate) fn percent(&self, chance: u64) -> bool {
        self.between(0..=99) < chance
    }

    pub(crate) fn millis(&self, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.between(range))
    }

    pub(crate) fn pick<T: Clone>(&self, items: &[T]) -> T {
        items[self.between(0..=items.len() as u64 - 1) as usize].clone()
    }

    pub(crate) fn shuffle<T>(&self, items: &mut [T]) {
        items.shuffle(&mut *self.0.lock().unwrap());
    }
}
