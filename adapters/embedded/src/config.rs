//! Configuration of the embedded store.

use super::writer::PROBE_EVERY;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where and how the embedded store keeps its data.
#[derive(Clone)]
pub struct EmbeddedConfig {
    /// The data folder. Created if missing; one process at a time can use it.
    pub folder: PathBuf,
    /// What a successful write survives.
    pub durability: Durability,
    /// Largest size of the database file in bytes; `None` for no limit but the disk. Near the limit, raw
    /// messages are dropped early. At the limit, appends return `Unavailable` until something expires.
    pub file_bytes_max: Option<u64>,
    /// Called for every commit on the thread of the store. It must return at once.
    pub on_commit: Option<CommitObserver>,
    /// A log shorter than this is not compacted. Only tests use less than the default.
    pub(super) compact_from_bytes: usize,
    /// How often the store tries a write of its own.
    pub(super) probe_every: Duration,
}

/// A start reads 32 MB of states, before compression, in well under a second.
pub(super) const COMPACT_FROM_BYTES: usize = 32 << 20;

impl EmbeddedConfig {
    /// The defaults for a folder: full durability, no size limit, no observer.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            durability: Durability::Full,
            file_bytes_max: None,
            on_commit: None,
            compact_from_bytes: COMPACT_FROM_BYTES,
            probe_every: PROBE_EVERY,
        }
    }
}

impl std::fmt::Debug for EmbeddedConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedConfig")
            .field("folder", &self.folder)
            .field("durability", &self.durability)
            .field("file_bytes_max", &self.file_bytes_max)
            .finish_non_exhaustive()
    }
}

/// What a successful write survives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// The end of the process and the loss of power: every commit reaches the disk before it is
    /// answered (`PRAGMA synchronous = FULL`).
    #[default]
    Full,
    /// The end of the process (kill -9), but the loss of power may take the last seconds
    /// (`PRAGMA synchronous = NORMAL`).
    Normal,
}

impl Durability {
    /// Parses `full` or `normal`, as in the configuration.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "full" => Some(Self::Full),
            "normal" => Some(Self::Normal),
            _ => None,
        }
    }
}

/// A callback for commits.
pub type CommitObserver = Arc<dyn Fn(&Commit) + Send + Sync>;

/// One commit, for metrics.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// Log entries in the commit.
    pub entries: usize,
    /// Changes among them.
    pub changes: usize,
    /// Raw messages in the commit.
    pub messages: usize,
    /// Time from the begin of the transaction to the end of its commit.
    pub took: Duration,
    /// Writes that waited in the queue when the commit began.
    pub waiting: usize,
    /// Whether the commit succeeded. If not, all its callers got an error.
    pub committed: bool,
}
