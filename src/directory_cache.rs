//! A cache of the directory: feed keys, and names of airports and airlines.
//!
//! Requests must not wait for the directory, so the hub reads it periodically into this cache. While the
//! directory is unavailable, the last contents stay valid. Keys stay valid only for a limited time,
//! because one of them may have been revoked meanwhile.

use crate::time::monotonic;
use arc_swap::ArcSwap;
use domain::codes::{AirlineCode, Iata};
use domain::ports::{AirlineNameOverride, AirportOverride, Directory, StoreError};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the hub reads the directory. A change made on another node applies here after this time.
pub const READ_EVERY: Duration = Duration::from_secs(5);

/// How long keys stay valid while the directory is unavailable.
pub const KEYS_VALID_FOR: Duration = Duration::from_secs(60 * 60);

/// The last contents of the directory.
#[derive(Default)]
struct Contents {
    at: Option<Instant>,
    keys: BTreeMap<Arc<str>, Vec<[u8; 32]>>,
    airports: BTreeMap<Iata, AirportOverride>,
    airlines: BTreeMap<AirlineCode, AirlineNameOverride>,
}

impl Contents {
    fn keys_are_fresh(&self) -> bool {
        self.at.is_some_and(|at| at.elapsed() < KEYS_VALID_FOR)
    }
}

/// The cache. Reads are cheap.
#[derive(Default)]
pub struct DirectoryCache {
    last: ArcSwap<Contents>,
    /// Serialises reads, so that older contents never replace newer ones.
    read_lock: tokio::sync::Mutex<()>,
}

impl DirectoryCache {
    /// Reads the directory again.
    pub async fn read(&self, directory: &dyn Directory) -> Result<(), StoreError> {
        let _guard = self.read_lock.lock().await;
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

    /// Whether the cached keys have expired because the directory was unavailable for too long. An unknown key
    /// may then be valid.
    pub fn keys_are_old(&self) -> bool {
        !self.last.load().keys_are_fresh()
    }

    /// The digests of a feed's valid keys, from the configuration and the directory.
    pub fn keys<'a>(&self, feed: &str, configured: &'a [[u8; 32]]) -> Cow<'a, [[u8; 32]]> {
        let read = self.last.load();
        match read.keys.get(feed).filter(|_| read.keys_are_fresh()) {
            Some(more) => Cow::Owned([configured, more.as_slice()].concat()),
            None => Cow::Borrowed(configured),
        }
    }

    /// An operator's changes to an airport.
    pub fn airport(&self, iata: Iata) -> Option<AirportOverride> {
        self.last.load().airports.get(&iata).cloned()
    }

    /// The codes of all airports that an operator has changed.
    pub fn airports(&self) -> Vec<Iata> {
        self.last.load().airports.keys().copied().collect()
    }

    /// Whether the airport exists in the built-in table or in the directory.
    pub fn is_airport(&self, iata: Iata) -> bool {
        domain::airports::find(iata).is_some() || self.last.load().airports.contains_key(&iata)
    }

    /// Whether the airline exists in the built-in table or in the directory.
    pub fn is_airline(&self, code: AirlineCode) -> bool {
        domain::airlines::find(code).is_some() || self.last.load().airlines.contains_key(&code)
    }

    /// The name that an operator gave to an airline.
    pub fn airline(&self, code: AirlineCode) -> Option<AirlineNameOverride> {
        self.last.load().airlines.get(&code).cloned()
    }

    /// All airline names from operators, by code.
    pub fn airlines(&self) -> Vec<AirlineNameOverride> {
        self.last.load().airlines.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::feed_key::KeyDigest;
    use domain::ports::RegisteredFeed;
    use domain::single_line_text::SingleLineText;
    use testing::memory::Memory;

    fn line(text: &str) -> SingleLineText {
        SingleLineText::parse(text).unwrap()
    }

    #[tokio::test]
    async fn directory_keys_are_valid_beside_configured_keys_and_survive_an_unavailable_directory() {
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
        assert_eq!(directory_cache.keys("jfk", &configured).len(), 2, "the last contents stay valid");
    }
}
