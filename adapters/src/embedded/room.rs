//! How much room is left in the file and on the disk, and who gives way when there is little.
//!
//! Raw messages take most of the file and nobody waits for them. So that they never keep changes from
//! being stored, some room is kept free: where less is left, the oldest messages are dropped before their
//! time, then the oldest faults, and where none are left new ones are not kept.

use super::config::EmbeddedConfig;
use super::database::PAGE_BYTES;
use super::lock;
use super::plan::Plan;
use super::writer::{PROBE_BYTES, now};
use sqlx::SqliteConnection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// This much is kept free at most. Of a small disk or file it is an eighth.
const RESERVE_BYTES_MAX: u64 = 256 << 20;
/// It is looked anew after so much was written.
const LOOK_EVERY_BYTES: usize = 1 << 20;
/// And after so long where nothing is left that could give way: whoever made room again may not write.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// What one slice drops at most: rows, and bytes of messages but for the last.
const SLICE_ROWS: i64 = 1000;
const SLICE_BYTES: i64 = 8 << 20;
/// Slices between two commits at most, which is much more than a commit writes.
const SLICES_MAX: usize = 4;
/// For so long after it has dropped something the store says so; the log says it no more often.
const TOLD_FOR: Duration = Duration::from_secs(3600);

/// The file's sizes when they were last looked at, and what had to give way.
#[derive(Clone, Copy, Default)]
pub(super) struct Sizes {
    pub(super) file_bytes: u64,
    pub(super) used_bytes: u64,
    /// What may still be written, by the file's limit and the disk.
    pub(super) room_bytes: u64,
    /// Messages dropped before their time, or not kept, since the start.
    pub(super) messages_dropped: u64,
    last_dropped: Option<Instant>,
}

/// Keeps some room free.
pub(super) struct Room {
    folder: PathBuf,
    file_bytes_max: Option<u64>,
    sizes: Arc<Mutex<Sizes>>,
    /// Kept free now: more than usual after a commit that did not fit.
    wanted_bytes: u64,
    reserve_bytes: u64,
    /// Written since the last look.
    written_bytes: usize,
    looked_at: Instant,
    /// Nothing is left that could give way.
    exhausted: bool,
}

impl Room {
    pub(super) fn new(config: &EmbeddedConfig) -> Self {
        Self {
            folder: config.folder.clone(),
            file_bytes_max: config.file_bytes_max,
            sizes: Arc::default(),
            wanted_bytes: 0,
            reserve_bytes: 0,
            written_bytes: 0,
            looked_at: now(),
            exhausted: false,
        }
    }

    pub(super) fn sizes(&self) -> Arc<Mutex<Sizes>> {
        self.sizes.clone()
    }

    /// Takes note of a commit.
    pub(super) fn written(&mut self, bytes: usize) {
        self.written_bytes += bytes + 2 * PAGE_BYTES as usize;
    }

    /// Whether so much was written, or so much time has passed, that how much is left should be looked at.
    pub(super) fn wants_look(&self) -> bool {
        self.written_bytes > LOOK_EVERY_BYTES
            || self.exhausted && now().saturating_duration_since(self.looked_at) >= LOOK_AGAIN
    }

    /// The next look is due at once.
    pub(super) fn look_soon(&mut self) {
        self.written_bytes = self.written_bytes.max(LOOK_EVERY_BYTES + 1);
    }

    /// How much a probe writes: less where the whole file or disk is small.
    pub(super) fn probe_bytes(&self) -> usize {
        let half = usize::try_from(self.reserve_bytes / 2).unwrap_or(usize::MAX);
        half.clamp(PAGE_BYTES as usize, PROBE_BYTES)
    }

    /// Whether less than so much may still be written.
    pub(super) fn is_below(&self, bytes: u64) -> bool {
        lock(&self.sizes).room_bytes < bytes
    }

    /// Takes note of a commit for which there was no room.
    pub(super) fn refused(&mut self, bytes: usize) {
        let room_bytes = lock(&self.sizes).room_bytes;
        self.wanted_bytes = self.reserve_bytes.max(room_bytes + 2 * bytes as u64 + PAGE_BYTES);
    }

    /// Looks how much is left.
    pub(super) async fn look(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        (self.written_bytes, self.looked_at) = (0, now());
        let text = "SELECT page_count * page_size, (page_count - freelist_count) * page_size
                    FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()";
        let (file, used): (i64, i64) = sqlx::query_as(text).fetch_one(connection).await?;
        let (file_bytes, used_bytes) = (file.unsigned_abs(), used.unsigned_abs());
        let of_file = self.file_bytes_max.map(|most| most.saturating_sub(used_bytes));
        // Where the disk does not tell, its own word when it is full has to do.
        let disk = rustix::fs::statvfs(&self.folder).ok();
        let of_disk = disk.as_ref().map(|disk| disk.f_bavail * disk.f_frsize + (file_bytes - used_bytes));
        let of_whole_disk = disk.map(|disk| disk.f_blocks * disk.f_frsize);
        let wholes = [self.file_bytes_max, of_whole_disk];
        let whole_bytes = wholes.into_iter().flatten().min().unwrap_or(u64::MAX);
        let room_bytes = of_file.into_iter().chain(of_disk).min().unwrap_or(u64::MAX);
        self.reserve_bytes = (whole_bytes / 8).min(RESERVE_BYTES_MAX);
        self.wanted_bytes = self.wanted_bytes.max(self.reserve_bytes);
        if room_bytes >= self.wanted_bytes {
            (self.wanted_bytes, self.exhausted) = (self.reserve_bytes, false);
        }
        let mut sizes = lock(&self.sizes);
        *sizes = Sizes { file_bytes, used_bytes, room_bytes, ..*sizes };
        Ok(())
    }

    /// Whether something should give way, and can.
    pub(super) fn is_short(&self) -> bool {
        !self.exhausted && lock(&self.sizes).room_bytes < self.wanted_bytes
    }

    /// Drops the oldest messages and faults until there is room again, or enough for now.
    pub(super) async fn relieve(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        for _ in 0..SLICES_MAX {
            if self.is_short() {
                self.drop_slice(connection).await?;
            }
        }
        Ok(())
    }

    async fn drop_slice(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        let messages = "DELETE FROM messages WHERE id IN (
                            SELECT id FROM (
                                SELECT id, bytes, sum(bytes) OVER (ORDER BY received_at, id) AS upto FROM (
                                    SELECT id, received_at, length(body) AS bytes FROM messages
                                    ORDER BY received_at, id LIMIT ?1
                                )
                            ) WHERE upto - bytes < ?2
                        )";
        let slice = sqlx::query(messages).bind(SLICE_ROWS).bind(SLICE_BYTES);
        let mut gone = slice.execute(&mut *connection).await?.rows_affected();
        self.dropped(gone);
        if gone == 0 {
            let faults = "DELETE FROM faults WHERE id IN
                          (SELECT id FROM faults ORDER BY received_at LIMIT ?)";
            gone = sqlx::query(faults).bind(SLICE_ROWS).execute(&mut *connection).await?.rows_affected();
        }
        self.exhausted = gone == 0;
        self.look(connection).await
    }

    /// Leaves out of a plan what must not take the last room.
    pub(super) fn thin(&self, plan: &mut Plan) {
        if self.exhausted {
            self.dropped(plan.leave_out_messages());
        }
    }

    fn dropped(&self, messages: u64) {
        if messages == 0 {
            return;
        }
        let mut sizes = lock(&self.sizes);
        sizes.messages_dropped += messages;
        if !sizes.tells_of_drops() {
            tracing::warn!(
                room_bytes = sizes.room_bytes,
                wanted_bytes = self.wanted_bytes,
                "little room is left for the embedded store: raw messages go before their time"
            );
        }
        sizes.last_dropped = Some(now());
    }
}

impl Sizes {
    fn tells_of_drops(&self) -> bool {
        self.last_dropped.is_some_and(|at| now().saturating_duration_since(at) < TOLD_FOR)
    }

    /// What does not work as it should while changes are taken, a sentence each.
    pub(super) fn troubles(&self) -> Vec<String> {
        let room_mb = self.room_bytes >> 20;
        let little = format!("{room_mb} MB of room are left to the store: raw messages go before their time");
        if self.tells_of_drops() { vec![little] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::{LOOK_AGAIN, LOOK_EVERY_BYTES, Room, now};
    use crate::contract::flights::Sample;
    use crate::embedded::tests::{edit, noise};
    use crate::embedded::{Embedded, EmbeddedConfig};
    use chrono::DateTime;
    use domain::ports::{Archive, ChangeLog};
    use tempfile::TempDir;

    #[test]
    fn where_nothing_is_left_to_give_way_it_is_looked_again_although_nothing_is_written() {
        let mut room = Room::new(&EmbeddedConfig::in_folder("nowhere"));
        room.looked_at = now().checked_sub(LOOK_AGAIN).unwrap();
        assert!(!room.wants_look(), "there is room, and nothing was written");
        room.exhausted = true;
        assert!(room.wants_look());
        room.looked_at = now();
        assert!(!room.wants_look(), "not all the time");
        room.written(LOOK_EVERY_BYTES);
        assert!(room.wants_look());
    }

    #[tokio::test]
    async fn raw_messages_give_way_before_they_keep_changes_from_being_stored() {
        let folder = TempDir::new().unwrap();
        let mut config = EmbeddedConfig::in_folder(folder.path());
        config.file_bytes_max = Some(8 << 20);
        let store = Embedded::open(config).await.unwrap();
        assert!(store.troubles().is_empty() && store.figures().room_bytes > 7 << 20, "{:?}", store.figures());
        let noise = noise(200_000);
        let message = |n: i64| domain::ports::RawMessage {
            feed: "jfk".into(),
            received_at: DateTime::from_timestamp_nanos(n),
            content_type: "x".into(),
            body: noise[..].into(),
        };
        let mut samples: Vec<_> = (0..40).map(Sample::leg).collect();
        for n in 0..100 {
            store.keep(Some(message(n)), Vec::new()).await.expect("a message");
            store
                .append(samples.iter_mut().map(|s| s.gate(&n.to_string())).collect())
                .await
                .expect("changes");
        }
        let figures = store.figures();
        assert!(figures.messages_dropped > 50 && figures.messages_dropped < 100, "{figures:?}");
        assert!(figures.room_bytes > 1 << 19, "{figures:?}");
        let troubles = store.troubles();
        assert!(troubles[0].ends_with("MB of room are left to the store: raw messages go before their time"));
        store.close().await.unwrap();
        let left = "DELETE FROM messages WHERE id = (SELECT max(id) FROM messages) AND received_at = 99";
        edit(&folder, left).await;
    }
}
