//! A configured feed, as the running hub uses it.

use actors::ingest::FeedSpec;

/// A configured feed.
#[derive(Clone, Debug)]
pub struct Feed {
    /// The source and the format of its messages.
    pub spec: FeedSpec,
    /// How its messages arrive.
    pub kind: FeedKind,
    /// After this real time without a message the feed is silent.
    pub silent_after: std::time::Duration,
    /// Whether the hub notifies clients of its silence: it is polled, or promises messages at an interval.
    pub is_expected: bool,
}

/// How a feed's messages arrive.
#[derive(Clone, Debug)]
pub enum FeedKind {
    /// The airport pushes them with a key. The hub keeps only the SHA-256 of the key.
    Push {
        /// Digests of the valid keys: two while one replaces the other.
        key_digests: Vec<[u8; 32]>,
    },
    /// The hub polls the airport.
    Pull,
}
