//! Finds silent feeds, on every node.
//!
//! One node polls a polled feed, and any node may receive the messages of a pushed feed. Each node records
//! the health of its feeds in the directory and reads there what other nodes have recorded. From the newer of
//! both it decides which feeds are silent. A feed therefore also falls silent on all nodes when the node
//! that polled it dies.
//!
//! While the directory is unavailable, no node polls, so polled feeds fall silent after their time. A node
//! then knows only its own messages of a pushed feed, so it does not declare pushed feeds silent.

use crate::feed::{Feed, FeedKind};
use actors::hub::{Hub, SilentSource};
use actors::ingest::IngestPipeline;
use chrono::{DateTime, Utc};
use domain::feed_health::{FeedHealth, silent_since};
use domain::ports::{Directory, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The time limit of an exchange. The watch finds silent feeds in time even if the directory hangs.
const EXCHANGE_WITHIN: Duration = Duration::from_secs(4);

/// How often the watch checks for silent feeds, and how many checks it makes between two exchanges with the
/// directory.
const CHECK_EVERY: Duration = Duration::from_secs(1);
const CHECKS_PER_EXCHANGE: u32 = 5;

/// The watch over all feeds.
pub(crate) struct FeedWatch {
    hub: Hub,
    intake: IngestPipeline,
    feeds: Arc<BTreeMap<String, Feed>>,
    directory: Arc<dyn Directory>,
    begun_at: DateTime<Utc>,
    /// The last health records of the directory.
    recorded: BTreeMap<Arc<str>, FeedHealth>,
    directory_is_away: bool,
}

impl FeedWatch {
    /// A watch that begins now.
    pub(crate) fn new(
        hub: Hub,
        intake: IngestPipeline,
        feeds: Arc<BTreeMap<String, Feed>>,
        directory: Arc<dyn Directory>,
    ) -> Self {
        let begun_at = hub.clock().now();
        let recorded = BTreeMap::new();
        Self { hub, intake, feeds, directory, begun_at, recorded, directory_is_away: false }
    }

    /// Runs as long as the process.
    pub(crate) async fn run(mut self) {
        loop {
            self.exchange().await;
            for _ in 0..CHECKS_PER_EXCHANGE {
                self.check().await;
                tokio::time::sleep(CHECK_EVERY).await;
            }
        }
    }

    /// Notifies clients if the set of silent feeds has changed.
    async fn check(&self) {
        let silent = self.silent();
        if silent != self.hub.silent_sources() {
            self.hub.set_silent_sources(silent).await;
        }
    }

    /// The silent feeds by name.
    fn silent(&self) -> Vec<SilentSource> {
        let silent = |(name, feed): (&String, &Feed)| {
            let since =
                silent_since(self.health(name), self.begun_at, self.expected_within(feed), self.hub.clock());
            let (feed, airport) = (feed.spec.source.name.clone(), feed.spec.airport());
            since.map(|since| SilentSource { feed, airport, since })
        };
        self.feeds.iter().filter_map(silent).collect()
    }

    fn health(&self, feed: &str) -> Option<FeedHealth> {
        let recorded = self.recorded(feed);
        self.heard_here(feed, recorded).map_or(recorded, |here| Some(here.merged(recorded)))
    }

    fn recorded(&self, feed: &str) -> Option<FeedHealth> {
        self.recorded.get(feed).copied().filter(|health| health.is_of(self.hub.clock()))
    }

    fn heard_here(&self, feed: &str, recorded: Option<FeedHealth>) -> Option<FeedHealth> {
        let health = self.intake.health(feed);
        let was_ever_heard = health.last_good_at.or(recorded.and_then(|known| known.heard_at)).is_some();
        health.shared(was_ever_heard)
    }

    fn expected_within(&self, feed: &Feed) -> Option<Duration> {
        let is_unknown = self.directory_is_away && matches!(feed.kind, FeedKind::Push { .. });
        (feed.is_expected && !is_unknown).then_some(feed.silent_after)
    }

    /// Records this node's new health records, and reads those of all nodes.
    async fn exchange(&mut self) {
        let asked = tokio::time::timeout(EXCHANGE_WITHIN, self.exchange_all()).await;
        let done = asked.unwrap_or_else(|_| {
            Err(StoreError::Unavailable { store: "directory", reason: "it did not answer in time".into() })
        });
        match (&done, self.directory_is_away) {
            (Err(fault), false) => {
                tracing::warn!(%fault, "cannot share the health of feeds with other nodes and the next start");
            }
            (Ok(()), true) => tracing::info!("sharing the health of feeds works again"),
            _ => {}
        }
        self.directory_is_away = done.is_err();
    }

    async fn exchange_all(&mut self) -> Result<(), StoreError> {
        let news = |feed: &Feed| {
            let name = feed.spec.source.name.clone();
            let recorded = self.recorded(&name);
            let here = self.heard_here(&name, recorded)?;
            // The directory stores microseconds.
            let known_at = recorded.map(|known| known.at.timestamp_micros());
            let is_new = known_at.is_none_or(|known_at| here.at.timestamp_micros() > known_at);
            is_new.then(|| (name, here.merged(recorded)))
        };
        let news: Vec<_> = self.feeds.values().filter_map(news).collect();
        if !news.is_empty() {
            self.directory.put_feed_health(news).await?;
        }
        self.recorded = self.directory.feed_health().await?.into_iter().collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
