//! The age of answers: the silent sources in a body, and their part of an ETag.

use actors::hub::{Hub, SilentSource};
use domain::codes::Iata;
use std::hash::{DefaultHasher, Hash, Hasher};
use wire::rest::{self, Age};

/// The age of an answer about these airports, with the silent sources that speak for one of them or for no
/// particular airport.
pub(super) fn of_airports(hub: &Hub, airports: &[Iata]) -> Age {
    age(hub, |source| source.airport.is_none_or(|iata| airports.contains(&iata)))
}

/// The age of an answer about any flights.
pub(super) fn of_all(hub: &Hub) -> Age {
    age(hub, |_| true)
}

fn age(hub: &Hub, concerns: impl Fn(&SilentSource) -> bool) -> Age {
    let silent = hub.silent_sources();
    Age {
        as_of: hub.upstream_lost_since().unwrap_or_else(|| hub.clock().now()),
        silent_sources: silent.iter().filter(|source| concerns(source)).map(body).collect(),
    }
}

fn body(source: &SilentSource) -> rest::SilentSource {
    rest::SilentSource {
        feed: source.feed.to_string(),
        airport: source.airport.map(|iata| iata.to_string()),
        since: source.since,
    }
}

/// A hash of the silent sources for an ETag; 0 if there are none.
pub(super) fn mark(age: &Age) -> u64 {
    if age.silent_sources.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    for source in &age.silent_sources {
        (&source.feed, &source.airport, source.since.timestamp_micros()).hash(&mut hasher);
    }
    hasher.finish()
}
