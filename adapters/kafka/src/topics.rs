//! The topics: their names and their settings.

use super::config::{KafkaConfig, RECORD_BYTES_MAX, millis};
use std::collections::BTreeMap;
use std::time::Duration;

/// The store's name in errors.
pub(super) const KAFKA: &str = "Kafka";

/// Reports on their way to the owners of their legs. Key: the leg.
pub(super) const REPORTS: &str = "reports";
/// The log: states of legs with what led to them. Key: the leg. Compacted.
pub(super) const CHANGES: &str = "changes";
/// Raw messages and faults on their way to the archive.
pub(super) const ARCHIVE: &str = "archive";

/// The group of the nodes that own flights.
pub(super) const FLIGHTS_GROUP: &str = "flights";

/// How long the end of a leg stays in the log. A node that was away for longer reads the log from its
/// beginning.
pub(super) const ENDS_KEPT: Duration = Duration::from_secs(48 * 60 * 60);

/// Bytes of a segment: records in the newest segment are never compacted.
const SEGMENT_BYTES: usize = 64 << 20;

/// A replay reads every change that is not compacted yet. So a segment is closed after a fraction of the
/// time that changes are kept, even with few records, and can be compacted soon after.
const SEGMENTS: u32 = 6;
const SEGMENT_MIN: Duration = Duration::from_secs(10 * 60);

/// A topic with the settings that it should have.
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) config: BTreeMap<&'static str, String>,
}

pub(super) fn topics(config: &KafkaConfig) -> Vec<Topic> {
    let of = |name: &str, more: &[(&'static str, String)]| {
        let mut settings = BTreeMap::from([
            ("max.message.bytes", RECORD_BYTES_MAX.to_string()),
            ("segment.bytes", SEGMENT_BYTES.to_string()),
            // With three replicas one may be down without refused writes, and a confirmed record is on
            // two. With one or two replicas, a confirmed record may be on one only.
            ("min.insync.replicas", config.replication.saturating_sub(1).max(1).to_string()),
        ]);
        settings.extend(more.iter().cloned());
        Topic { name: config.named(name), config: settings }
    };
    let kept = [
        ("cleanup.policy", "delete".to_owned()),
        ("retention.ms", millis(config.journal_kept)),
        ("retention.bytes", "-1".to_owned()),
    ];
    vec![
        of(REPORTS, &kept),
        of(
            CHANGES,
            &[
                ("cleanup.policy", "compact".to_owned()),
                ("min.compaction.lag.ms", millis(config.changes_kept)),
                ("max.compaction.lag.ms", millis(config.changes_kept * 2)),
                ("segment.ms", millis((config.changes_kept / SEGMENTS).max(SEGMENT_MIN))),
                ("delete.retention.ms", millis(ENDS_KEPT)),
                ("min.cleanable.dirty.ratio", "0.1".to_owned()),
            ],
        ),
        of(ARCHIVE, &kept),
    ]
}
