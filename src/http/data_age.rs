//! How old answers are: what stands in them, and how their tags tell it.

use actors::hub::{Hub, SilentSource};
use domain::codes::Iata;
use std::hash::{DefaultHasher, Hash, Hasher};
use wire::rest::{self, Age};

/// Of an answer about these airports: the silent sources that speak for one of them, or for none in
/// particular.
pub(super) fn of_airports(hub: &Hub, airports: &[Iata]) -> Age {
    age(hub, |source| source.airport.is_none_or(|iata| airports.contains(&iata)))
}

/// Of an answer about any flights.
pub(super) fn of_all(hub: &Hub) -> Age {
    age(hub, |_| true)
}

fn age(hub: &Hub, concerns: impl Fn(&SilentSource) -> bool) -> Age {
    let silent = hub.silent_sources();
    Age {
        as_of: hub.away_since().unwrap_or_else(|| hub.clock().now()),
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

/// What a tag says of the silent sources of an answer; 0 where there are none.
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
