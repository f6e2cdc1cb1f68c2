//! Gives up unreadable states, so that a damaged folder works again.
//!
//! A state whose bytes changed on the disk is never shown and prevents a restore. An operator without a backup gives up its
//! leg: the leg is gone until it is reported again, from revision 1, which is why the folder then gets a new epoch. An older
//! state of the leg that may still be in the log is given up too: it would show an old gate as the present one.
//!
//! If the table of contents of a segment is damaged, its legs are unknown. But each change is a row of its own: a leg whose
//! newest state is older than its newest change was in that segment.

use super::commit::Inserts;
use super::commit_plan::{Next, Segments};
use super::config::EmbeddedConfig;
use super::errors::OpenError;
use super::folder_lock::FolderLock;
use super::inserts::{COMMIT, run};
use super::segment::{self, Line};
use super::{Embedded, database, epoch, queries};
use domain::leg::LegId;
use futures_util::TryStreamExt;
use rustc_hash::FxHashMap;
use sqlx::{Connection, Row, SqliteConnection};

/// What is unreadable in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Legs with an unreadable newest state, in order, each with the reason.
    pub legs: Vec<(LegId, String)>,
    /// Segments with an unreadable table of contents, each described in a sentence. `legs` contains their
    /// legs.
    pub segments: Vec<String>,
}

impl Damage {
    /// Whether there is no damage.
    pub fn is_none(&self) -> bool {
        self.legs.is_empty() && self.segments.is_empty()
    }
}

impl Embedded {
    /// Checks every state of a folder that no hub uses. With `give_up`, gives up what is unreadable, and
    /// the next start creates a new epoch.
    pub async fn repair(config: EmbeddedConfig, give_up: bool) -> Result<Damage, OpenError> {
        let wrong = |e: sqlx::Error| OpenError::Database {
            file: database::file(&config.folder),
            reason: e.to_string(),
        };
        database::make_folder(&config.folder)?;
        let _lock = FolderLock::take(&config.folder).await?;
        let mut connection = database::connect(&config).await?;
        let found = look(&mut connection).await.map_err(wrong)?;
        if give_up && !found.damage.is_none() {
            found.give_up(&mut connection).await.map_err(wrong)?;
        }
        connection.close().await.map_err(wrong)?;
        Ok(found.damage)
    }
}

/// The newest line of a leg.
struct Newest {
    /// The position of its newest change.
    change: i64,
    /// Whether its state is readable; `None` for a retired leg.
    state: Option<Result<(), String>>,
}

/// The damage, and what is needed to give it up.
#[derive(Default)]
struct Found {
    damage: Damage,
    /// The newest change of each leg of `damage`, 0 for none.
    changes: Vec<i64>,
    /// Positions of `damage.segments`.
    positions: Vec<i64>,
    last_position: i64,
}

async fn look(connection: &mut SqliteConnection) -> sqlx::Result<Found> {
    let mut found = Found::default();
    let mut legs: FxHashMap<LegId, Newest> = FxHashMap::default();
    let mut rows =
        sqlx::query("SELECT position, legs, states FROM log ORDER BY position").fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let (position, contents, states): (i64, &[u8], &[u8]) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        found.last_position = position;
        match segment::contents(contents) {
            Ok(lines) => {
                let states = segment::states(&lines, states);
                legs.extend(lines.into_iter().map(|line| {
                    let state = line.state.map(|_| readable(&line, states.as_deref()));
                    (line.leg, Newest { change: line.newest, state })
                }));
            }
            Err(reason) => {
                found.damage.segments.push(format!("log position {position}: {reason}"));
                found.positions.push(position);
            }
        }
    }
    drop(rows);
    let mut lost: Vec<(LegId, String, i64)> = Vec::new();
    if !found.positions.is_empty() {
        lost = in_damaged_segments(connection, &legs).await?;
    }
    lost.extend(legs.into_iter().filter_map(|(leg, newest)| {
        let reason = newest.state?.err()?;
        Some((leg, reason, newest.change))
    }));
    lost.sort_by(|a, b| (&a.0, b.2).cmp(&(&b.0, a.2)));
    lost.dedup_by(|later, kept| later.0 == kept.0);
    for (leg, reason, change) in lost {
        found.damage.legs.push((leg, reason));
        found.changes.push(change);
    }
    Ok(found)
}

fn readable(line: &Line, states: Result<&[u8], &String>) -> Result<(), String> {
    queries::flight_of(line, states.map_err(String::clone)?).map(drop)
}

/// Legs with a change that is newer than their newest known state and newer than their end.
async fn in_damaged_segments(
    connection: &mut SqliteConnection,
    legs: &FxHashMap<LegId, Newest>,
) -> sqlx::Result<Vec<(LegId, String, i64)>> {
    let text = "SELECT c.leg, max(c.position), coalesce(max(r.newest), 0)
                FROM changes AS c LEFT JOIN retired AS r ON r.leg = c.leg GROUP BY c.leg";
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(text).fetch_all(connection).await?;
    let lost = rows.into_iter().filter_map(|(leg, change, end)| {
        let leg = LegId::known(&leg)?;
        let found = legs.get(&leg).filter(|newest| newest.state.is_some()).map_or(0, |newest| newest.change);
        let reason = "its newest state was in a part of the log that cannot be read";
        (change > found.max(end)).then(|| (leg, reason.to_owned(), change))
    });
    Ok(lost.collect())
}

impl Found {
    /// In one transaction: writes an end for each leg, dated so early that the leg may begin again, and
    /// deletes the unreadable segments.
    async fn give_up(&self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let mut next = Next { segment: self.last_position + 1, change: 0, message: 0 };
        let mut segments = Segments::new(&mut next);
        for (leg, _) in &self.damage.legs {
            segments.add(leg.clone(), 0, 0, None);
        }
        Inserts::new().log(connection, &mut segments.finish()).await?;
        for ((leg, _), change) in self.damage.legs.iter().zip(&self.changes).filter(|(_, at)| **at > 0) {
            // Its history stays readable.
            let text = "INSERT OR REPLACE INTO retired (leg, newest, ended_at) VALUES (?, ?, 0)";
            sqlx::query(text).bind(leg.as_str()).bind(change).execute(&mut *connection).await?;
        }
        for position in &self.positions {
            let text = "DELETE FROM log WHERE position = ?";
            sqlx::query(text).bind(position).execute(&mut *connection).await?;
        }
        epoch::forget(connection).await?;
        run(connection, COMMIT).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{edit, open};
    use domain::ports::{Archive, ChangeLog, StoreError, Version};
    use tempfile::TempDir;
    use testing::flights::{Sample, dawn};

    async fn repair(folder: &TempDir, give_up: bool) -> Damage {
        Embedded::repair(EmbeddedConfig::in_folder(folder.path()), give_up).await.unwrap()
    }

    /// Flips one letter within the block without changing a length.
    const FLIP: &str = "UPDATE log SET states = CAST(replace(CAST(states AS TEXT), '17', '18') AS BLOB)
                        WHERE position = 2";

    #[tokio::test]
    async fn a_damaged_state_is_reported_with_its_leg_and_can_be_given_up() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        let epoch = store.epoch([1; 16]).await.unwrap();
        let (mut good, mut bad) = (Sample::leg(1), Sample::leg(2));
        store.append(vec![good.everything()]).await.unwrap();
        store.append(vec![bad.gate("17")]).await.unwrap();
        store.close().await.unwrap();
        assert!(repair(&folder, true).await.is_none(), "there is nothing to give up");
        edit(&folder, FLIP).await;
        let store = open(&folder).await;
        assert_eq!(store.epoch([2; 16]).await.unwrap(), epoch, "nothing was given up");
        let error = store.restore().await.unwrap_err();
        let (leg, text) = (bad.flight.leg.clone(), error.to_string());
        let expected = format!("the state of {leg} at log position 2: the state's checksum is wrong");
        assert!(matches!(error, StoreError::Unreadable { .. }) && text.contains(&expected), "{text}");
        store.close().await.unwrap();
        let damage =
            Damage { legs: vec![(leg.clone(), "the state's checksum is wrong".into())], segments: vec![] };
        assert_eq!(repair(&folder, false).await, damage);
        assert_eq!(repair(&folder, true).await, damage, "only looking has changed nothing");
        assert!(repair(&folder, false).await.is_none());
        let store = open(&folder).await;
        assert_eq!(store.epoch([2; 16]).await.unwrap(), epoch::written([2; 16]));
        assert_eq!(store.restore().await.unwrap(), [good.flight]);
        assert_eq!(store.history(leg, 0, 10).await.unwrap().len(), 1, "its history can be read");
        assert_eq!(store.ended(dawn()).await.unwrap(), [], "it is not over");
        store.append(vec![Sample::leg(2).gate("20")]).await.unwrap();
    }

    #[tokio::test]
    async fn legs_of_a_damaged_table_of_contents_are_found_by_their_changes() {
        let folder = TempDir::new().unwrap();
        let store = open(&folder).await;
        let [mut still, mut moved, mut over, mut fresh] = [1, 2, 3, 4].map(Sample::leg);
        store.append(vec![still.gate("1"), moved.gate("1"), over.gate("1")]).await.unwrap();
        store.append(vec![moved.gate("2"), fresh.gate("1")]).await.unwrap();
        store.retire(over.flight.leg.clone(), Version::NONE, dawn()).await.unwrap();
        store.append(vec![still.gate("2")]).await.unwrap();
        store.close().await.unwrap();
        edit(&folder, "UPDATE log SET legs = x'01ff' WHERE position = 2").await;
        let config = EmbeddedConfig::in_folder(folder.path());
        let error = Embedded::open(config).await.err().unwrap().to_string();
        assert!(error.contains("log position 2: ") && error.contains("gatecall repair"), "{error}");
        let damage = repair(&folder, true).await;
        let mut lost = [moved.flight.leg, fresh.flight.leg];
        lost.sort();
        assert_eq!(damage.legs.iter().map(|(leg, _)| leg.clone()).collect::<Vec<_>>(), lost);
        assert_eq!(damage.segments.len(), 1);
        assert_eq!(open(&folder).await.restore().await.unwrap(), [still.flight], "no old gate is shown");
    }

    #[tokio::test]
    async fn a_folder_in_use_cannot_be_repaired() {
        let folder = TempDir::new().unwrap();
        let _hub = open(&folder).await;
        let refused = Embedded::repair(EmbeddedConfig::in_folder(folder.path()), true).await;
        assert!(matches!(refused, Err(OpenError::InUse { .. })), "{refused:?}");
    }
}
