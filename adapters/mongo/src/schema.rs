//! The collections and their indexes, declared.
//!
//! Nothing else creates an index. [`Mongo::migrate`](super::Mongo::migrate) creates what is missing, and
//! [`Mongo::check`](super::Mongo::check) reports it. To add an index, add a row. To change the fields of an index, give it
//! another name and let an operator drop the old one: building takes long on a large collection, and reads must work
//! meanwhile.

/// Messages as they arrived.
pub(super) const RAW_MESSAGES: &str = "raw_messages";
/// Messages and parts of messages that could not be used.
pub(super) const QUARANTINE: &str = "quarantine";
/// The changes of every leg. `_id` is `{leg, rev}`.
pub(super) const FLIGHT_CHANGES: &str = "flight_changes";

/// A collection with its indexes, besides the one on `_id` that every collection has.
pub(super) struct CollectionSchema {
    pub(super) collection: &'static str,
    pub(super) indexes: &'static [IndexSchema],
}

/// An index.
pub(super) struct IndexSchema {
    pub(super) name: &'static str,
    /// Fields and directions.
    pub(super) keys: &'static [(&'static str, i32)],
    /// MongoDB drops a document so many seconds after the instant in the (only) field.
    pub(super) expires_after_seconds: Option<u64>,
}

/// `kept_until` is the end of the retention in real time. Instants of the operational clock may be of
/// another year.
const KEPT_UNTIL: IndexSchema =
    IndexSchema { name: "kept_until", keys: &[("kept_until", 1)], expires_after_seconds: Some(0) };

/// All collections.
pub(super) const COLLECTIONS: [CollectionSchema; 3] = [
    CollectionSchema {
        collection: RAW_MESSAGES,
        indexes: &[
            KEPT_UNTIL,
            IndexSchema {
                name: "received_at",
                keys: &[("received_at", 1), ("received_at_ns", 1)],
                expires_after_seconds: None,
            },
        ],
    },
    CollectionSchema {
        collection: QUARANTINE,
        indexes: &[
            KEPT_UNTIL,
            IndexSchema {
                name: "newest_first",
                keys: &[("received_at", -1), ("received_at_ns", -1), ("order", -1)],
                expires_after_seconds: None,
            },
        ],
    },
    CollectionSchema {
        collection: FLIGHT_CHANGES,
        indexes: &[
            KEPT_UNTIL,
            // MongoDB could find a history by a range of whole `_id`s; other servers with its protocol
            // would scan the collection.
            IndexSchema {
                name: "history",
                keys: &[("_id.leg", 1), ("_id.rev", 1)],
                expires_after_seconds: None,
            },
            IndexSchema { name: "at", keys: &[("at", 1), ("at_ns", 1)], expires_after_seconds: None },
        ],
    },
];
