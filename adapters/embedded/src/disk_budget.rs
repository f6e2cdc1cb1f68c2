//! The free space in the file and on the disk, and what is dropped when it runs low.
//!
//! Raw messages take most of the file, and no caller waits for them. Some space is reserved so that they never prevent
//! changes from being stored: when less is left, the oldest messages are dropped before their time, then the oldest faults,
//! and when none are left, new ones are not stored.

use super::commit_plan::CommitPlan;
use super::config::EmbeddedConfig;
use super::database::PAGE_BYTES;
use super::lock;
use super::writer::{PROBE_BYTES, now};
use sqlx::SqliteConnection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Largest reserve. For a small disk or file it is an eighth of it.
const RESERVE_BYTES_MAX: u64 = 256 << 20;
/// The space is measured again after so many bytes of writes.
const MEASURE_EVERY_BYTES: usize = 1 << 20;
/// And after so much time if nothing is left to drop: somebody else may have freed space.
const MEASURE_AGAIN: Duration = Duration::from_secs(10);
/// Limits of one slice: rows, and bytes of messages except the last.
const SLICE_ROWS: i64 = 1000;
const SLICE_BYTES: i64 = 8 << 20;
/// Slices between two commits: much more than a commit writes.
const SLICES_MAX: usize = 4;
/// How long after a drop the store reports it, and how often the log warns.
const WARN_FOR: Duration = Duration::from_secs(3600);

/// The sizes at the last measurement, and what was dropped.
#[derive(Clone, Copy, Default)]
pub(super) struct Sizes {
    pub(super) file_bytes: u64,
    pub(super) used_bytes: u64,
    /// Bytes that can still be written, by the limit of the file and the disk.
    pub(super) available_bytes: u64,
    /// Messages dropped early or not stored, since the start.
    pub(super) messages_dropped: u64,
    last_dropped: Option<Instant>,
}

/// Keeps some space free.
pub(super) struct DiskBudget {
    folder: PathBuf,
    file_bytes_max: Option<u64>,
    sizes: Arc<Mutex<Sizes>>,
    /// The present reserve: more than usual after a commit that did not fit.
    wanted_bytes: u64,
    reserve_bytes: u64,
    /// Bytes written since the last measurement.
    written_bytes: usize,
    measured_at: Instant,
    /// Nothing is left to drop.
    exhausted: bool,
}

impl DiskBudget {
    pub(super) fn new(config: &EmbeddedConfig) -> Self {
        Self {
            folder: config.folder.clone(),
            file_bytes_max: config.file_bytes_max,
            sizes: Arc::default(),
            wanted_bytes: 0,
            reserve_bytes: 0,
            written_bytes: 0,
            measured_at: now(),
            exhausted: false,
        }
    }

    pub(super) fn sizes(&self) -> Arc<Mutex<Sizes>> {
        self.sizes.clone()
    }

    /// Records a commit.
    pub(super) fn written(&mut self, bytes: usize) {
        self.written_bytes += bytes + 2 * PAGE_BYTES as usize;
    }

    /// Whether a measurement is due.
    pub(super) fn needs_measurement(&self) -> bool {
        self.written_bytes > MEASURE_EVERY_BYTES
            || self.exhausted && now().saturating_duration_since(self.measured_at) >= MEASURE_AGAIN
    }

    /// Makes a measurement due.
    pub(super) fn measure_soon(&mut self) {
        self.written_bytes = self.written_bytes.max(MEASURE_EVERY_BYTES + 1);
    }

    /// The size of a probe: less if the file or the disk is small.
    pub(super) fn probe_bytes(&self) -> usize {
        let half = usize::try_from(self.reserve_bytes / 2).unwrap_or(usize::MAX);
        half.clamp(PAGE_BYTES as usize, PROBE_BYTES)
    }

    /// Whether less than so many bytes are available.
    pub(super) fn is_below(&self, bytes: u64) -> bool {
        lock(&self.sizes).available_bytes < bytes
    }

    /// Records a commit that did not fit.
    pub(super) fn record_full(&mut self, bytes: usize) {
        let available_bytes = lock(&self.sizes).available_bytes;
        self.wanted_bytes = self.reserve_bytes.max(available_bytes + 2 * bytes as u64 + PAGE_BYTES);
    }

    /// Measures the available space.
    pub(super) async fn measure(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        (self.written_bytes, self.measured_at) = (0, now());
        let text = "SELECT page_count * page_size, (page_count - freelist_count) * page_size
                    FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()";
        let (file, used): (i64, i64) = sqlx::query_as(text).fetch_one(connection).await?;
        let (file_bytes, used_bytes) = (file.unsigned_abs(), used.unsigned_abs());
        let of_file = self.file_bytes_max.map(|most| most.saturating_sub(used_bytes));
        // Without the numbers of the disk, its error when it is full must do.
        let disk = rustix::fs::statvfs(&self.folder).ok();
        let of_disk = disk.as_ref().map(|disk| disk.f_bavail * disk.f_frsize + (file_bytes - used_bytes));
        let of_whole_disk = disk.map(|disk| disk.f_blocks * disk.f_frsize);
        let wholes = [self.file_bytes_max, of_whole_disk];
        let whole_bytes = wholes.into_iter().flatten().min().unwrap_or(u64::MAX);
        let available_bytes = of_file.into_iter().chain(of_disk).min().unwrap_or(u64::MAX);
        self.reserve_bytes = (whole_bytes / 8).min(RESERVE_BYTES_MAX);
        self.wanted_bytes = self.wanted_bytes.max(self.reserve_bytes);
        if available_bytes >= self.wanted_bytes {
            (self.wanted_bytes, self.exhausted) = (self.reserve_bytes, false);
        }
        let mut sizes = lock(&self.sizes);
        *sizes = Sizes { file_bytes, used_bytes, available_bytes, ..*sizes };
        Ok(())
    }

    /// Whether something should be dropped, and can be.
    pub(super) fn is_low(&self) -> bool {
        !self.exhausted && lock(&self.sizes).available_bytes < self.wanted_bytes
    }

    /// Drops the oldest messages and faults until there is space again, or enough for now.
    pub(super) async fn free_space(&mut self, connection: &mut SqliteConnection) -> sqlx::Result<()> {
        for _ in 0..SLICES_MAX {
            if self.is_low() {
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
        self.measure(connection).await
    }

    /// Removes from a plan what must not use the last space.
    pub(super) fn leave_out_messages_if_full(&self, plan: &mut CommitPlan) {
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
        if !sizes.dropped_recently() {
            tracing::warn!(
                available_bytes = sizes.available_bytes,
                wanted_bytes = self.wanted_bytes,
                "the embedded store is low on space: raw messages are dropped before their time"
            );
        }
        sizes.last_dropped = Some(now());
    }
}

impl Sizes {
    fn dropped_recently(&self) -> bool {
        self.last_dropped.is_some_and(|at| now().saturating_duration_since(at) < WARN_FOR)
    }

    /// Problems that do not prevent writes, a sentence each.
    pub(super) fn troubles(&self) -> Vec<String> {
        let available_mb = self.available_bytes >> 20;
        let little =
            format!("{available_mb} MB are left for the store: raw messages are dropped before their time");
        if self.dropped_recently() { vec![little] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::{DiskBudget, MEASURE_AGAIN, MEASURE_EVERY_BYTES, now};
    use crate::tests::{edit, noise};
    use crate::{Embedded, EmbeddedConfig};
    use chrono::DateTime;
    use domain::ports::{Archive, ChangeLog};
    use tempfile::TempDir;
    use testing::flights::Sample;

    #[test]
    fn the_space_is_measured_again_without_writes_if_nothing_is_left_to_drop() {
        let mut disk_budget = DiskBudget::new(&EmbeddedConfig::in_folder("nowhere"));
        disk_budget.measured_at = now().checked_sub(MEASURE_AGAIN).unwrap();
        assert!(!disk_budget.needs_measurement(), "there is room, and nothing was written");
        disk_budget.exhausted = true;
        assert!(disk_budget.needs_measurement());
        disk_budget.measured_at = now();
        assert!(!disk_budget.needs_measurement(), "not all the time");
        disk_budget.written(MEASURE_EVERY_BYTES);
        assert!(disk_budget.needs_measurement());
    }

    #[tokio::test]
    async fn raw_messages_are_dropped_before_they_prevent_changes_from_being_stored() {
        let folder = TempDir::new().unwrap();
        let mut config = EmbeddedConfig::in_folder(folder.path());
        config.file_bytes_max = Some(8 << 20);
        let store = Embedded::open(config).await.unwrap();
        assert!(
            store.troubles().is_empty() && store.metrics().available_bytes > 7 << 20,
            "{:?}",
            store.metrics()
        );
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
        let metrics = store.metrics();
        assert!(metrics.messages_dropped > 50 && metrics.messages_dropped < 100, "{metrics:?}");
        assert!(metrics.available_bytes > 1 << 19, "{metrics:?}");
        let troubles = store.troubles();
        assert!(
            troubles[0].ends_with("MB are left for the store: raw messages are dropped before their time")
        );
        store.close().await.unwrap();
        let left = "DELETE FROM messages WHERE id = (SELECT max(id) FROM messages) AND received_at = 99";
        edit(&folder, left).await;
    }
}
