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
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the folder, or says who has it.
    pub(super) async fn take(folder: &Path) -> Result<Self, OpenError> {
        let wrong = |e: std::io::Error| OpenError::Folder { folder: folder.into(), reason: e.to_string() };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("gatecall.lock"))
            .map_err(wrong)?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if waited < WAIT_MAX => {
                    tokio::time::sleep(WAIT_STEP).await;
                    waited += WAIT_STEP;
                }
                Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { folder: folder.into() }),
                Err(TryLockError::Error(e)) => return Err(wrong(e)),
            }
        }
    }
}
