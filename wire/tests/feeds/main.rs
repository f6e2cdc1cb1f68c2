//! Airports' formats from outside: what one end writes the other reads, and nothing that comes over
//! a network makes a decoder panic or hold more than it may.

#![expect(clippy::unwrap_used, reason = "what is made here for tests is right, or the test fails")]

mod hostile;
mod known;
mod round_trip;

use domain::codes::Iata;
use domain::report::Source;
use gatecall_wire::feed::Context;

/// A feed that speaks for `airport`.
fn context(airport: &str) -> Context {
    let iata = Iata::parse(airport).unwrap();
    let source = Source {
        name: airport.to_lowercase().into(),
        airport: Some(iata),
        rank: 50,
        creates: true,
        scope: Default::default(),
    };
    Context {
        source: source.into(),
        received_at: "2024-03-05T10:00:00Z".parse().unwrap(),
        zone: domain::airports::zone_of(iata).unwrap(),
        airport: Some(iata),
    }
}
