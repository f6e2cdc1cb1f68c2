//! The epoch of the folder, and when it must change.
//!
//! Revisions are valid within an epoch only: a client that learns of a new epoch forgets its revisions and takes everything
//! again. So a folder that may have lost durable revisions needs a new epoch before it uses them a second time; otherwise
//! screens that hold the lost revisions take new states for old ones.
//!
//! With [`Durability::Full`] nothing is lost. With [`Durability::Normal`] a power loss may take the last commits, and the
//! file does not show it afterwards. So a run sets a mark in `meta` before its first commit and removes it at a clean end.
//! A start that finds the mark begins a new epoch.

use super::config::Durability;
use super::inserts::{BEGIN, COMMIT, run};
use sqlx::SqliteConnection;

/// Key in `meta`: the epoch of the folder.
pub(super) const EPOCH: &str = "epoch";
/// Key in `meta`: set while a run writes commits that a power loss may take.
const MAY_LOSE: &str = "may_lose";

/// Begins a run that writes on this connection. Returns whether the run before may have lost commits;
/// then the folder has no epoch, and [`super::Embedded::epoch`] creates one.
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
    // The mark must be on the disk before a commit that may be lost succeeds.
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

/// Removes the mark after the last commit. A power loss before this is on the disk leaves the mark, and
/// only the epoch is lost.
pub(super) async fn end_run(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM meta WHERE key = ?").bind(MAY_LOSE).execute(connection).await.map(drop)
}

/// Makes the next start create a new epoch.
pub(super) async fn forget(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM meta WHERE key = ?").bind(EPOCH).execute(connection).await.map(drop)
}

/// Sixteen bytes in the form of an epoch.
pub(super) fn written(fresh: [u8; 16]) -> String {
    fresh.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Embedded, EmbeddedConfig};
    use domain::ports::ChangeLog;
    use std::path::Path;
    use tempfile::TempDir;
    use testing::flights::Sample;

    async fn open(folder: &Path, durability: Durability) -> Embedded {
        let mut config = EmbeddedConfig::in_folder(folder);
        config.durability = durability;
        Embedded::open(config).await.unwrap()
    }

    /// A copy of the files of a running store: what a power loss would leave.
    fn cut(folder: &TempDir) -> TempDir {
        let left = TempDir::new().unwrap();
        for name in ["gatecall.sqlite", "gatecall.sqlite-wal"] {
            std::fs::copy(folder.path().join(name), left.path().join(name)).unwrap();
        }
        left
    }

    #[tokio::test]
    async fn a_run_without_a_clean_end_is_followed_by_a_new_epoch_if_commits_may_be_lost() {
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
