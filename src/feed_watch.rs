//! Which feeds are silent, on every node.
//!
//! A polled feed is asked by one node, and a pushed one is heard by whichever node its messages reach. Each
//! node records in the directory how well it hears a feed, reads there what the others do, and works
//! out for itself which feeds are silent: the newer knowledge of a feed counts, and its age needs nobody to
//! report it. So a feed also falls silent where the node that asked it has died.
//!
//! While the directory is away, polled feeds are silent in time, as nobody asks them then. Of a pushed feed a node knows
//! only what it hears itself, so that nothing is claimed of its quiet.

use crate::app::{Feed, FeedKind};
use actors::hub::{Hub, SilentSource};
use actors::intake::Intake;
use chrono::{DateTime, Utc};
use domain::feed_health::{FeedHealth, silent_since};
use domain::ports::{Directory, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long an exchange may take: while the directory hangs, silence is still found in time.
const EXCHANGE_WITHIN: Duration = Duration::from_secs(4);

/// How often it is looked which feeds are silent, and how many looks lie between two exchanges with the
/// directory.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOKS_PER_EXCHANGE: u32 = 5;

/// Looks on for as long as the hub runs.
pub(crate) struct FeedWatch {
    hub: Hub,
    intake: Intake,
    feeds: Arc<BTreeMap<String, Feed>>,
    directory: Arc<dyn Directory>,
    begun_at: DateTime<Utc>,
    /// As the directory had it last.
    recorded: BTreeMap<Arc<str>, FeedHealth>,
    directory_is_away: bool,
}

impl FeedWatch {
    /// Begins now.
    pub(crate) fn new(
        hub: Hub,
        intake: Intake,
        feeds: Arc<BTreeMap<String, Feed>>,
        directory: Arc<dyn Directory>,
    ) -> Self {
        let begun_at = hub.clock().now();
        let recorded = BTreeMap::new();
        Self { hub, intake, feeds, directory, begun_at, recorded, directory_is_away: false }
    }

    /// Never ends.
    pub(crate) async fn run(mut self) {
        loop {
            self.exchange().await;
            for _ in 0..LOOKS_PER_EXCHANGE {
                self.look().await;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }

    /// Tells listeners which feeds are silent, where that has changed.
    async fn look(&self) {
        let silent = self.silent();
        if silent != self.hub.silent_sources() {
            self.hub.set_silent_sources(silent).await;
        }
    }

    /// The feeds that are silent, by name.
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

    /// Records what this node has heard since the last time, and reads what all have.
    async fn exchange(&mut self) {
        let asked = tokio::time::timeout(EXCHANGE_WITHIN, self.exchange_all()).await;
        let done = asked.unwrap_or_else(|_| {
            Err(StoreError::Unavailable { store: "directory", reason: "it did not answer in time".into() })
        });
        match (&done, self.directory_is_away) {
            (Err(fault), false) => {
                tracing::warn!(%fault, "how well feeds are heard cannot be shared with other nodes and the next start");
            }
            (Ok(()), true) => tracing::info!("how well feeds are heard is shared again"),
            _ => {}
        }
        self.directory_is_away = done.is_err();
    }

    async fn exchange_all(&mut self) -> Result<(), StoreError> {
        let news = |feed: &Feed| {
            let name = feed.spec.source.name.clone();
            let recorded = self.recorded(&name);
            let here = self.heard_here(&name, recorded)?;
            // The directory keeps microseconds.
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
