//! Large snapshots that sockets have not taken yet.
//!
//! A snapshot is shared by all who wait for the same one, and made anew after each change. Listeners who
//! ask and do not read keep old ones alive, and each may keep another.

use bytes::Bytes;

/// From this size a snapshot is large: a socket does not take it at once.
pub(super) const LARGE_BYTES: usize = 256 * 1024;

/// Bytes of different large snapshots that one thread's sockets may keep alive together. One is always
/// allowed.
pub(super) const LARGE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Each once, however many wait for it.
#[derive(Default)]
pub(super) struct Large {
    kept: Vec<Bytes>,
}

/// There are too many large snapshots that nobody takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much is waiting for listeners who do not read")]
pub struct NoRoom;

impl Large {
    /// Notes that a socket is given these bytes, if there is room.
    pub(super) fn admit(&mut self, bytes: &Bytes) -> Result<(), NoRoom> {
        if bytes.len() < LARGE_BYTES || self.kept.iter().any(|kept| kept.as_ptr() == bytes.as_ptr()) {
            return Ok(());
        }
        self.forget_taken();
        if !self.kept.is_empty() && self.bytes() + bytes.len() > LARGE_BYTES_MAX {
            return Err(NoRoom);
        }
        self.kept.push(bytes.clone());
        Ok(())
    }

    /// Forgets those that nobody else keeps. Call now and then: until then they stay in memory.
    pub(super) fn forget_taken(&mut self) {
        self.kept.retain(|kept| !kept.is_unique());
    }

    /// Whether room gets short, so that those who keep a large one and take nothing go sooner.
    pub(super) fn is_tight(&self) -> bool {
        self.bytes() > LARGE_BYTES_MAX / 2
    }

    fn bytes(&self) -> usize {
        self.kept.iter().map(Bytes::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_snapshots_take_room_until_they_are_taken_and_the_same_takes_it_once() {
        let mut large = Large::default();
        let of = |length: usize| Bytes::from(vec![0; length]);
        let (one, other) = (of(LARGE_BYTES_MAX - LARGE_BYTES), of(LARGE_BYTES + 1));
        for _ in 0..3 {
            assert_eq!(large.admit(&one.clone()), Ok(()));
        }
        assert!(large.is_tight());
        assert_eq!(large.admit(&other), Err(NoRoom));
        assert_eq!(large.admit(&of(LARGE_BYTES - 1)), Ok(()), "what is small always goes");
        drop(one);
        large.forget_taken();
        assert!(!large.is_tight());
        assert_eq!(large.admit(&other), Ok(()));
    }

    #[test]
    fn one_is_always_allowed() {
        let huge = Bytes::from(vec![0; LARGE_BYTES_MAX + 1]);
        assert_eq!(Large::default().admit(&huge), Ok(()));
    }
}
