//! The collections and their indexes, as they should be.
//!
//! Nothing else makes an index. [`Mongo::migrate`](super::Mongo::migrate) brings a database here, and
//! [`Mongo::check`](super::Mongo::check) says what is missing. To add an index, add a row; to change
//! one's fields, give it another name and let an operator drop the old one, because building takes
//! its time on a large collection and reading must go on meanwhile.

/// Messages as they came.
pub(super) const RAW_MESSAGES: &str = "raw_messages";
/// What could not be used.
pub(super) const QUARANTINE: &str = "quarantine";
/// The changes of every leg. `_id` is `{leg, rev}`.
pub(super) const FLIGHT_CHANGES: &str = "flight_changes";

/// A collection with its indexes, besides the one on `_id` that every collection has.
pub(super) struct Planned {
    pub(super) collection: &'static str,
    pub(super) indexes: &'static [PlannedIndex],
}

/// An index.
pub(super) struct PlannedIndex {
    pub(super) name: &'static str,
    /// Fields and directions.
    pub(super) keys: &'static [(&'static str, i32)],
    /// MongoDB drops a document so many seconds after the instant in the (only) field.
    pub(super) expires_after_seconds: Option<u64>,
}

/// The instant in `kept_until` is the end itself. It is of real time; the instants of the operational
/// clock beside it may be of another year.
const KEPT_UNTIL: PlannedIndex =
    PlannedIndex { name: "kept_until", keys: &[("kept_until", 1)], expires_after_seconds: Some(0) };

/// All there is.
pub(super) const PLAN: [Planned; 3] = [
    Planned {
        collection: RAW_MESSAGES,
        indexes: &[
            KEPT_UNTIL,
            PlannedIndex {
                name: "received_at",
                keys: &[("received_at", 1), ("received_at_ns", 1)],
                expires_after_seconds: None,
            },
        ],
    },
    Planned {
        collection: QUARANTINE,
        indexes: &[
            KEPT_UNTIL,
            PlannedIndex {
                name: "newest_first",
                keys: &[("received_at", -1), ("received_at_ns", -1), ("order", -1)],
                expires_after_seconds: None,
            },
        ],
    },
    Planned {
        collection: FLIGHT_CHANGES,
        indexes: &[
            KEPT_UNTIL,
            // MongoDB could find a history by a range of whole `_id`s; servers that only speak its
            // protocol would look through everything.
            PlannedIndex {
                name: "history",
                keys: &[("_id.leg", 1), ("_id.rev", 1)],
                expires_after_seconds: None,
            },
            PlannedIndex { name: "at", keys: &[("at", 1), ("at_ns", 1)], expires_after_seconds: None },
        ],
    },
];
