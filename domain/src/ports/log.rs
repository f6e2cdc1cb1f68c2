//! Port to the change log: the durable, ordered record of states and changes.

use super::archive::PastChange;
use super::{BoxFuture, StoreError};
use crate::change::Change;
use crate::flight::Flight;
use crate::leg::LegId;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;

/// The version of a leg's state in a shared log. It rises with every entry of the leg, including entries
/// without a revision. A log with a single writer uses [`Version::NONE`] throughout.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Version(pub u64);

impl Version {
    /// The version of a leg that the log does not contain.
    pub const NONE: Self = Self(0);
}

/// How long a retired leg stays known, by the operational clock. Feeds repeat flights for a few days at
/// most; older reports are refused for their dates.
pub const ENDS_KNOWN_FOR: TimeDelta = TimeDelta::days(7);

/// A state to be made durable, with the changes since the leg's last entry.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The version that this state was derived from. If the log has a newer version, another writer was
    /// faster and the entry is refused.
    pub after: Version,
    /// The state after the changes, with provenance.
    pub flight: Arc<Flight>,
    /// The changes since the leg's last entry, oldest first. Empty if a source only confirmed the state.
    pub changes: Vec<Change>,
}

/// A retired leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    /// The leg.
    pub leg: LegId,
    /// When it was retired, by the operational clock.
    pub at: DateTime<Utc>,
}

/// The change log.
pub trait ChangeLog: Send + Sync {
    /// Makes the entries durable, in order. After `Ok` no crash loses them. Entries of one leg must be
    /// appended one after the other. Entries of different legs may be appended concurrently and are then
    /// committed together. Returns [`StoreError::Conflict`] if an entry does not follow the log; then
    /// nothing of that entry is stored.
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The last durable state of every leg that is not retired.
    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>>;

    /// Legs that were retired at `since` or later. The log keeps them for at least [`ENDS_KNOWN_FOR`], so a
    /// late report after a restart cannot recreate a leg at its first revision. A [`SharedLog`] returns
    /// them in its [`LogSnapshot`] and none here.
    fn ended(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>>;

    /// Retires a leg of this version at this operational time. A restart does not restore it. Its history
    /// stays.
    fn retire(&self, leg: LegId, after: Version, at: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Whether this process owns the leg. Always true for a log with a single writer. Several nodes may
    /// believe it of a shared log for a moment; the log accepts the first entry and answers the others with
    /// [`StoreError::Conflict`].
    fn owns(&self, _leg: &LegId) -> bool {
        true
    }
}

/// An event of a shared log.
#[derive(Clone, Debug)]
pub enum LogEvent {
    /// A leg has a new state.
    Changed(StateChanged),
    /// A leg was retired.
    Retired {
        /// The leg.
        leg: LegId,
        /// The version of its last entry.
        version: Version,
    },
}

/// A leg's new state.
#[derive(Clone, Debug)]
pub struct StateChanged {
    /// The state, with provenance.
    pub flight: Arc<Flight>,
    /// Its version.
    pub version: Version,
    /// The changes since the last event of this leg, oldest first. Empty if a source only confirmed the
    /// state.
    pub changes: Vec<PastChange>,
    /// The log compacted entries between the last event and this one, so `changes` is incomplete.
    pub gap: bool,
}

/// The contents of a shared log when a node starts.
#[derive(Clone, Debug, Default)]
pub struct LogSnapshot {
    /// Every leg that is not retired, with its version.
    pub flights: Vec<(Flight, Version)>,
    /// Retired legs that the log still knows. Reports cannot recreate them.
    pub ended: Vec<LegId>,
}

/// A log that several nodes write and every node reads.
///
/// A node shows every change when it reads it here, including its own, so the order is the same on every
/// node. [`ChangeLog::append`] returns after the entry was read *and shown*. A caller that gets `Conflict`
/// therefore finds the winner's state in place.
pub trait SharedLog: ChangeLog {
    /// Reads the log up to its current end. [`SharedLog::next`] continues from there. Call it once, first.
    fn begin(&self) -> BoxFuture<'_, Result<LogSnapshot, StoreError>>;

    /// Waits for the next events: at least one, at most a bounded number. The next call acknowledges that
    /// the previous events were shown. Only one caller.
    fn next(&self) -> BoxFuture<'_, Vec<LogEvent>>;

    /// Legs of this node whose newest entry is followed by a superseded one. Append them again unchanged,
    /// or retire them again if they are over: a compacted log would otherwise keep the superseded entry. A
    /// bounded number.
    fn needs_rewrite(&self) -> Vec<LegId>;

    /// `None` while this node reads the log and every flight has an owner. Otherwise how long that has not
    /// been the case, in real time: the age of what this node shows. Returns to `None` once everything
    /// written meanwhile was shown.
    fn away_for(&self) -> Option<Duration>;
}
