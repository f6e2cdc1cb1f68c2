//! The change log: what is true of every flight, in the order in which it became so.

use super::archive::PastChange;
use super::{BoxFuture, StoreError};
use crate::change::Change;
use crate::flight::Flight;
use crate::leg::LegId;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;

/// Which entry of a shared log a state of a leg was read from: it rises with every entry of the leg,
/// also with those that make no revision. A log that one process has for itself needs none, and
/// gives [`Version::NONE`] for all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Version(pub u64);

impl Version {
    /// Of a leg that the log does not know.
    pub const NONE: Self = Self(0);
}

/// How long it is known that a leg is over, by the operational clock. Feeds repeat a flight for some days
/// at most; what is older is refused for its dates.
pub const ENDS_KNOWN_FOR: TimeDelta = TimeDelta::days(7);

/// One state of a flight to be made durable, with the changes that led to it since the last.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The version of the state that this one was made from. Where the log has moved on, somebody
    /// else was faster, and the entry is refused.
    pub after: Version,
    /// The state after the changes, provenance and all.
    pub flight: Arc<Flight>,
    /// The changes since the last entry of this leg, oldest first. Empty where a source has only
    /// confirmed what was known.
    pub changes: Vec<Change>,
}

/// The end of a leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Which.
    pub leg: LegId,
    /// When it was retired, by the operational clock.
    pub at: DateTime<Utc>,
}

/// The log of changes, and the state it leads to.
pub trait ChangeLog: Send + Sync {
    /// Makes the entries durable, in order. Once this answers `Ok`, a crash cannot lose them.
    /// Entries of one leg must be given one after the other; of many legs they may be given at
    /// the same time, and are then made durable together. [`StoreError::Conflict`] where an entry
    /// does not follow what the log holds: nothing of that entry is.
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Every flight that is not retired, each once, in its last durable state.
    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>>;

    /// Legs that are over and were retired at `since` or later. They are known for
    /// [`ENDS_KNOWN_FOR`] at least, so that a late report cannot begin one again at its first revision
    /// after a restart. A [`SharedLog`] tells them in its [`LogSnapshot`] instead, and none here.
    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>>;

    /// Forgets a leg whose state was of this version, at this instant of the operational clock: it will
    /// not be restored. Its history stays for as long as it is kept.
    fn retire(&self, leg: LegId, after: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Whether it falls to this process to make a leg's changes. It is so for a log of one's own.
    /// Of a shared one several may believe it for a moment: then the log takes the first, and
    /// answers the others with [`StoreError::Conflict`].
    fn owns(&self, _leg: &LegId) -> bool {
        true
    }
}

/// What a shared log tells every node, in its order.
#[derive(Clone, Debug)]
pub enum LogEvent {
    /// A leg has a new state.
    Changed(StateChanged),
    /// A leg is over.
    Retired {
        /// Which.
        leg: LegId,
        /// The version of its end.
        version: Version,
    },
}

/// A leg's new state, whoever made it.
#[derive(Clone, Debug)]
pub struct StateChanged {
    /// The state, provenance and all.
    pub flight: Arc<Flight>,
    /// Its version, for the entry that is made from it.
    pub version: Version,
    /// What led to it from the last state that was told, oldest first. Empty where a source only
    /// confirmed what was known.
    pub changes: Vec<PastChange>,
    /// Entries between this one and the last that was told are gone, as the log keeps only the
    /// newest of each leg: `changes` does not tell all of the difference.
    pub gap: bool,
}

/// What a shared log holds when a node begins to follow it.
#[derive(Clone, Debug, Default)]
pub struct LogSnapshot {
    /// Every flight that is not retired, with the version of its state.
    pub flights: Vec<(Flight, Version)>,
    /// Legs that are over and that the log still knows: nobody may begin them again.
    pub ended: Vec<LegId>,
}

/// A log that several nodes write and every node follows. What is true is what it says first.
///
/// Every node shows a change when it is told of it here, its own changes too, so that the order is
/// the same everywhere. [`ChangeLog::append`] answers after the entry was told *and shown*: whoever
/// gets a `Conflict` finds the state of the one who was faster already in its place.
pub trait SharedLog: ChangeLog {
    /// What the log holds up to its present end. From then on [`SharedLog::next`] goes on. Call it
    /// once, before anything else.
    fn begin(&self) -> BoxFuture<'_, Result<LogSnapshot, StoreError>>;

    /// What comes next in the log, at least one thing and at most a bounded number; waits for it.
    /// Calling it again says that everything it gave last has been shown. One caller.
    fn next(&self) -> BoxFuture<'_, Vec<LogEvent>>;

    /// Legs of this node behind whose newest entry stands one that was late. They are to be appended
    /// as they are, or retired again where they are over: a log that keeps only the last entry of
    /// each leg would keep the wrong one. A bounded number.
    fn overwritten(&self) -> Vec<LegId>;

    /// `None` while this node hears what is written and every flight has a node that merges its reports, else
    /// for how long that has not been so, in real time: so old is what it shows. It is back when all that was
    /// written meanwhile has been shown.
    fn away_for(&self) -> Option<Duration>;
}
