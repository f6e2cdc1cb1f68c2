//! What people have decided, as this node knows it: keys of feeds, names of airports and airlines.
//!
//! Requests must not wait for the directory, so it is read now and then and kept here. While the
//! directory is away what was read last counts; keys for a bounded time only, as one of them may
//! have been revoked meanwhile.

use crate::time::monotonic;
use arc_swap::ArcSwap;
use domain::codes::{AirlineCode, Iata};
use domain::ports::{AirlineNameOverride, AirportChange, Directory, StoreError};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the directory is read: what was decided at another node counts here after so long.
pub const READ_EVERY: Duration = Duration::from_secs(5);

/// For how long keys count that could not be read again.
pub const KEYS_VALID_FOR: Duration = Duration::from_secs(60 * 60);

/// What was read last.
#[derive(Default)]
struct Contents {
    at: Option<Instant>,
    keys: BTreeMap<Arc<str>, Vec<[u8; 32]>>,
    airports: BTreeMap<Iata, AirportChange>,
    airlines: BTreeMap<AirlineCode, AirlineNameOverride>,
}

impl Contents {
    fn keys_are_fresh(&self) -> bool {
        self.at.is_some_and(|at| at.elapsed() < KEYS_VALID_FOR)
    }
}

/// What people have decided. Cheap to look at.
#[derive(Default)]
pub struct DirectoryCache {
    last: ArcSwap<Contents>,
    /// One reads at a time: what was read before a change must not be put over what was read after.
    turn: tokio::sync::Mutex<()>,
}

impl DirectoryCache {
    /// Reads the directory anew.
    pub async fn read(&self, directory: &dyn Directory) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let mut keys: BTreeMap<Arc<str>, Vec<[u8; 32]>> = BTreeMap::new();
        for key in directory.feed_keys().await? {
            keys.entry(key.feed).or_default().push(key.digest.0);
        }
        let airports = directory.airport_changes().await?;
        let airlines = directory.airline_changes().await?;
        self.last.store(Arc::new(Contents {
            at: Some(monotonic()),
            keys,
            airports: airports.into_iter().map(|change| (change.iata, change)).collect(),
            airlines: airlines.into_iter().map(|change| (change.code, change)).collect(),
        }));
        Ok(())
    }

    /// Whether keys of the directory no longer count because it has been away for too long: whoever
    /// shows one that is not known may be right.
    pub fn keys_are_old(&self) -> bool {
        !self.last.load().keys_are_fresh()
    }

    /// The digests of a feed's keys in force: those of the configuration, and the directory's.
    pub fn keys<'a>(&self, feed: &str, configured: &'a [[u8; 32]]) -> Cow<'a, [[u8; 32]]> {
        let read = self.last.load();
        match read.keys.get(feed).filter(|_| read.keys_are_fresh()) {
            Some(more) => Cow::Owned([configured, more.as_slice()].concat()),
            None => Cow::Borrowed(configured),
        }
    }

    /// What an operator has changed of an airport.
    pub fn airport(&self, iata: Iata) -> Option<AirportChange> {
        self.last.load().airports.get(&iata).cloned()
    }

    /// Every airport of which an operator has changed something, by code.
    pub fn airports(&self) -> Vec<Iata> {
        self.last.load().airports.keys().copied().collect()
    }

    /// Whether there is an airport of this code: in the table, or as an operator says.
    pub fn is_airport(&self, iata: Iata) -> bool {
        domain::airports::find(iata).is_some() || self.last.load().airports.contains_key(&iata)
    }

    /// Whether there is an airline of this code, likewise.
    pub fn is_airline(&self, code: AirlineCode) -> bool {
        domain::airlines::find(code).is_some() || self.last.load().airlines.contains_key(&code)
    }

    /// What an operator calls an airline.
    pub fn airline(&self, code: AirlineCode) -> Option<AirlineNameOverride> {
        self.last.load().airlines.get(&code).cloned()
    }

    /// What an operator calls each airline that is called other than in the table, by code.
    pub fn airlines(&self) -> Vec<AirlineNameOverride> {
        self.last.load().airlines.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adapters::memory::Memory;
    use domain::feed_key::KeyDigest;
    use domain::ports::RegisteredFeed;
    use domain::single_line_text::SingleLineText;

    fn line(text: &str) -> SingleLineText {
        SingleLineText::parse(text).unwrap()
    }

    #[tokio::test]
    async fn keys_of_the_directory_count_beside_those_of_the_configuration_until_they_are_revoked() {
        let (directory, directory_cache) = (Memory::new(), DirectoryCache::default());
        let configured = [[1; 32]];
        assert_eq!(*directory_cache.keys("jfk", &configured), configured);
        let feed = RegisteredFeed {
            name: "jfk".into(),
            airport: None,
            kind: domain::ports::FeedKind::Push,
            format: "json".into(),
            rank: 50,
            creates: true,
            zone: chrono_tz::UTC,
        };
        directory.note_feeds(vec![feed]).await.unwrap();
        let at = "2013-02-08T21:04:11Z".parse().unwrap();
        directory.add_feed_key("jfk".into(), KeyDigest([2; 32]), line("for a test"), at).await.unwrap();
        directory_cache.read(&directory).await.unwrap();
        assert_eq!(*directory_cache.keys("jfk", &configured), [[1; 32], [2; 32]]);
        assert_eq!(*directory_cache.keys("lga", &configured), configured);
        directory.break_with(Some(StoreError::Unavailable { store: "memory", reason: "away".into() }));
        assert!(directory_cache.read(&directory).await.is_err());
        assert_eq!(directory_cache.keys("jfk", &configured).len(), 2, "what was read last counts");
    }
}
