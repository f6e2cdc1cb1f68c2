//! The folder's epoch, and when it has to be another.
//!
//! Revisions are worth something within an epoch only: whoever hears of a new one forgets those that it
//! holds, and takes the whole anew. So a folder that may have lost answered revisions needs a new epoch
//! before it gives them out a second time, or screens that hold the lost ones take the new for old.
//!
//! With [`Durability::Full`] nothing is lost. With [`Durability::Normal`] a loss of power may take the
//! last commits, and afterwards nothing in the file tells that there were any. So a run says so in `meta`
//! before its first commit, and takes the word back when it ends well: who finds it begins a new epoch.

use super::config::Durability;
use super::statements::{BEGIN, COMMIT, run};
use sqlx::SqliteConnection;

/// In `meta`: the folder's epoch.
pub(super) const EPOCH: &str = "epoch";
/// In `meta` while a run writes that the loss of power may take.
const MAY_LOSE: &str = "may_lose";

/// Begins a run that writes, on the connection with which it does. Answers whether the one before may have
/// lost something; then the folder has no epoch, and [`super::Embedded::epoch`] makes a new one.
pub(super) async fn begin_run(
    connection: &mut SqliteConnection,
    durability: Durability,
) -> sqlx::Result<bool> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM meta WHERE key = ?")
        .bind(MAY_LOSE)
        .fetch_optional(&mut *connection)
        .await?;
    let has_lost = found.is_some();
    if !has_lost && durability == Durability::Full {
        return Ok(false);
    }
    // The word must be on the disk before what may be lost is answered.
    run(connection, "PRAGMA synchronous = FULL").await?;
    run(connection, BEGIN).await?;
    if has_lost {
        forget(connection).await?;
    }
    match durability {
        Durability::Full => end_run(connection).await?,
        Durability::Normal => {
            let text = "INSERT OR REPLACE INTO meta (key, value) VALUES (?, 'the end of a run')";
            sqlx::query(text).bind(MAY_LOSE).execute(&mut *connection).await?;
        }
    }
    run(connection, COMMIT).await?;
    if durability == Durability::Normal {
        run(connection, "PRAGMA synchronous = NORMAL").await?;
    }
    Ok(has_lost)
}

/// Takes the word back, after the last commit. Where power is lost before this is on the disk, it was not
/// taken back, and nothing is lost but the epoch.
pub(super) async fn end_run(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM meta WHERE key = ?").bind(MAY_LOSE).execute(connection).await.map(drop)
}

/// Has the next start make a new epoch.
pub(super) async fn forget(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM meta WHERE key = ?").bind(EPOCH).execute(connection).await.map(drop)
}

/// Sixteen bytes as an epoch is written.
pub(super) fn written(fresh: [u8; 16]) -> String {
    fresh.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::flights::Sample;
    use crate::embedded::{Embedded, EmbeddedConfig};
    use domain::ports::ChangeLog;
    use std::path::Path;
    use tempfile::TempDir;

    async fn open(folder: &Path, durability: Durability) -> Embedded {
        let mut config = EmbeddedConfig::in_folder(folder);
        config.durability = durability;
        Embedded::open(config).await.unwrap()
    }

    /// The folder as it lies on the disk while a store writes to it, which is what is left of it when the
    /// power goes.
    fn cut(folder: &TempDir) -> TempDir {
        let left = TempDir::new().unwrap();
        for name in ["gatecall.sqlite", "gatecall.sqlite-wal"] {
            std::fs::copy(folder.path().join(name), left.path().join(name)).unwrap();
        }
        left
    }

    #[tokio::test]
    async fn a_run_that_may_have_lost_its_end_is_followed_by_a_new_epoch() {
        for (durability, then, keeps_epoch) in [
            (Durability::Full, Durability::Full, true),
            (Durability::Full, Durability::Normal, true),
            (Durability::Normal, Durability::Normal, false),
            (Durability::Normal, Durability::Full, false),
        ] {
            let folder = TempDir::new().unwrap();
            let store = open(folder.path(), durability).await;
            let epoch = store.epoch([1; 16]).await.unwrap();
            store.append(vec![Sample::leg(1).gate("14")]).await.unwrap();
            let left = cut(&folder);
            store.close().await.unwrap();
            let ended_well = open(folder.path(), then).await;
            assert_eq!(ended_well.epoch([2; 16]).await.unwrap(), epoch, "{durability:?} ended well");
            let again = open(left.path(), then).await;
            let kept = again.epoch([2; 16]).await.unwrap() == epoch;
            assert_eq!(kept, keeps_epoch, "{durability:?}, then {then:?}");
            assert_eq!(again.restore().await.unwrap().len(), 1, "what is there is not given up");
            again.close().await.unwrap();
            let third = open(left.path(), then).await;
            let expected = if keeps_epoch { epoch } else { written([2; 16]) };
            assert_eq!(third.epoch([3; 16]).await.unwrap(), expected, "the new one stays");
        }
    }
}
