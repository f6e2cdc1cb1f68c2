//! What the embedded store is told at its start.

use super::writer::PROBE_EVERY;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where and how the embedded store keeps its data.
#[derive(Clone)]
pub struct EmbeddedConfig {
    /// The data folder. Made if it is missing; used by one process at a time.
    pub folder: PathBuf,
    /// What an answer is worth when the power goes.
    pub durability: Durability,
    /// Largest size of the database file in bytes, `None` for as large as the disk allows. Near it raw
    /// messages give way; a full file answers `Unavailable` to appends until something expires.
    pub file_bytes_max: Option<u64>,
    /// Is told of every commit, on the store's own thread: it must return at once.
    pub on_commit: Option<CommitObserver>,
    /// A log shorter than this is not compacted. Only tests want less than the default.
    pub(super) compact_from_bytes: usize,
    /// How often a write is tried that nobody has asked for.
    pub(super) probe_every: Duration,
}

/// 32 MB of states before compression are read in well under a second at a start.
pub(super) const COMPACT_FROM_BYTES: usize = 32 << 20;

impl EmbeddedConfig {
    /// The defaults for a folder: full durability, no limit of size, nobody watching.
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

/// What an answered append survives.
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
    /// Reads `full` or `normal`, as in the configuration.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "full" => Some(Self::Full),
            "normal" => Some(Self::Normal),
            _ => None,
        }
    }
}

/// Somebody who is told of every commit.
pub type CommitObserver = Arc<dyn Fn(&Commit) + Send + Sync>;

/// One commit of a group of work, for metrics.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// Log entries made durable by it.
    pub entries: usize,
    /// Changes among them.
    pub changes: usize,
    /// Raw messages kept by it.
    pub messages: usize,
    /// From the begin of the transaction to the end of its commit.
    pub took: Duration,
    /// Pieces of work that waited in the queue when it began.
    pub waiting: usize,
    /// Whether it succeeded. If not, everybody in the group was answered so.
    pub committed: bool,
}

/// Why the data folder could not be opened. Each reads as a whole sentence for an operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("the data folder {folder} cannot be used: {reason}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Another process has it.
    #[error(
        "the data folder {folder} is in use by another gatecall; stop that one first, or give this one a folder of its own"
    )]
    InUse {
        /// Which.
        folder: PathBuf,
    },
    /// A newer version has written to it.
    #[error(
        "the data folder {folder} was written by a newer gatecall, which this one cannot read ({reason})"
    )]
    Newer {
        /// Which.
        folder: PathBuf,
        /// Which migration is unknown.
        reason: String,
    },
    /// The database in it is empty, lost, or another program's. A hub that took it for a new one would
    /// show boards without their flights.
    #[error(
        "the database {file} cannot be this hub's: {reason}; put a backup back, or move away what is there to begin anew"
    )]
    NotOurs {
        /// The file.
        file: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// The database in it does not open.
    #[error("the database {file} does not open: {reason}")]
    Database {
        /// The file.
        file: PathBuf,
        /// What SQLite said.
        reason: String,
    },
}
