//! Errors of the embedded store, and how SQLite's errors map to [`StoreError`].

use super::STORE;
use domain::ports::StoreError;
use std::path::PathBuf;

/// Why the data folder could not be opened. Each message is a whole sentence for an operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be created or written.
    #[error("the data folder {folder} cannot be used: {reason}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The error of the system.
        reason: String,
    },
    /// Another process uses the folder.
    #[error(
        "the data folder {folder} is in use by another gatecall; stop that one first, or give this one a folder of its own"
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A newer version has written to the folder.
    #[error(
        "the data folder {folder} was written by a newer gatecall, which this one cannot read ({reason})"
    )]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// The unknown migration.
        reason: String,
    },
    /// The database in the folder is empty, missing, or of another program. A hub that took it for a new
    /// one would show boards without their flights.
    #[error(
        "the database {file} cannot be this hub's: {reason}; put a backup back, or move away what is there to begin anew"
    )]
    NotOurs {
        /// The file.
        file: PathBuf,
        /// What the file is instead.
        reason: String,
    },
    /// The database in the folder does not open.
    #[error("the database {file} does not open: {reason}")]
    Database {
        /// The file.
        file: PathBuf,
        /// The error of SQLite.
        reason: String,
    },
}

/// The error after the writer has ended.
pub(super) fn gone() -> StoreError {
    StoreError::Unavailable { store: STORE, reason: "it is closed".into() }
}

/// The port error for an error of SQLite.
pub(super) fn unavailable(error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|e| e.code());
    let primary = code.and_then(|c| c.parse::<u32>().ok()).map(|c| c & 0xff);
    let reason = error.to_string();
    match primary {
        // SQLITE_CORRUPT, SQLITE_NOTADB
        Some(11 | 26) => StoreError::Unreadable { store: STORE, reason },
        _ => StoreError::Unavailable { store: STORE, reason },
    }
}
