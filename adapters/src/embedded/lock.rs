//! One process at a time in a data folder.

use super::config::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

/// How long a start waits for a process that is just leaving the folder.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Between two tries.
const WAIT_STEP: Duration = Duration::from_millis(50);

/// Held for as long as the folder is used. The system lets go of it when the process ends, however
/// it ends, so nothing is left to be cleaned up by hand.
///
/// The folder itself is locked. A lock on a file in it would end with the file: whoever removed the file
/// would let a second hub in, and two hubs give out the same revisions for different gates. The file is
/// locked as well, for versions that know it alone and for file systems that lock no folders.
#[derive(Debug)]
pub(super) struct FolderLock {
    _held: Vec<File>,
}

impl FolderLock {
    /// Takes the folder, or says who has it.
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
                    "the data folder itself cannot be locked: keep its gatecall.lock while a hub runs on it"
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

/// Waits for a process that is just leaving.
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
