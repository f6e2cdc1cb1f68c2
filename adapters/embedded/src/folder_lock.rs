//! Lets one process at a time use a data folder.

use super::errors::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

/// How long a start waits for a process that is ending.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Pause between two attempts.
const WAIT_STEP: Duration = Duration::from_millis(50);

/// Held while the folder is in use. The system releases it when the process ends, however it ends, so
/// nobody has to clean up.
///
/// The folder itself is locked. A lock on a file in it would end with the file: removing the file would let a second hub in,
/// and two hubs use the same revisions for different gates. The file is locked too, for versions that know only the file and
/// for file systems that cannot lock folders.
#[derive(Debug)]
pub(super) struct FolderLock {
    _held: Vec<File>,
}

impl FolderLock {
    /// Locks the folder, or returns who uses it.
    pub(super) async fn take(folder: &Path) -> Result<Self, OpenError> {
        let in_use = || OpenError::InUse { folder: folder.into() };
        let wrong = |e: std::io::Error| OpenError::Folder { folder: folder.into(), reason: e.to_string() };
        let mut held = Vec::with_capacity(2);
        let itself = File::open(folder).map_err(wrong)?;
        match lock(&itself).await {
            Ok(()) => held.push(itself),
            Err(TryLockError::WouldBlock) => return Err(in_use()),
            Err(TryLockError::Error(fault)) => {
                tracing::warn!(
                    folder = %folder.display(), %fault,
                    "the data folder itself cannot be locked: do not remove its gatecall.lock while a hub uses it"
                );
            }
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("gatecall.lock"))
            .map_err(wrong)?;
        match lock(&file).await {
            Ok(()) => held.push(file),
            Err(TryLockError::WouldBlock) => return Err(in_use()),
            Err(TryLockError::Error(fault)) => return Err(wrong(fault)),
        }
        Ok(Self { _held: held })
    }
}

/// Waits for a process that is ending.
async fn lock(file: &File) -> Result<(), TryLockError> {
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if waited < WAIT_MAX => {
                tokio::time::sleep(WAIT_STEP).await;
                waited += WAIT_STEP;
            }
            done => return done,
        }
    }
}
