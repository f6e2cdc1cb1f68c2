//! Codeshares, modelled on 2013.

use super::seeded_random::SeededRandom;
use domain::codes::{AirlineCode, Designator, FlightNumber};

/// A partnership: operating carrier, marketing carrier, first number of its range (0 = the operating
/// flight's own number, as regional partners use their principal's), share of flights.
type Partnership = (&'static str, &'static str, u16, f64);

const PARTNERSHIPS: &[Partnership] = &[
    ("B6", "EI", 5100, 0.35),
    ("B6", "HA", 2100, 0.15),
    ("B6", "LH", 7300, 0.2),
    ("AA", "BA", 1500, 0.5),
    ("AA", "IB", 4200, 0.3),
    ("AA", "AS", 1200, 0.25),
    ("AA", "JL", 7400, 0.15),
    ("UA", "LH", 7600, 0.5),
    ("UA", "AC", 3700, 0.4),
    ("UA", "NH", 7100, 0.25),
    ("DL", "AF", 3600, 0.45),
    ("DL", "KL", 6700, 0.4),
    ("DL", "AZ", 3100, 0.2),
    ("US", "LH", 6300, 0.3),
    ("AS", "AA", 7000, 0.9),
    ("AS", "DL", 7900, 0.8),
    ("FL", "WN", 3900, 0.6),
    ("MQ", "AA", 0, 1.0),
    ("YV", "US", 0, 1.0),
    ("OO", "UA", 0, 1.0),
];

/// The marketing flights of an operating flight, by airline. The same on every day.
pub fn codeshares_of(carrier: AirlineCode, number: FlightNumber, hub: &str, seed: u64) -> Vec<Designator> {
    let mut chance = SeededRandom::named(seed, &format!("codeshares {carrier}{number}"));
    let mut flights: Vec<Designator> = PARTNERSHIPS
        .iter()
        .filter(|(operating, ..)| *operating == carrier.as_str())
        .filter(|(.., share)| chance.yes(*share))
        .filter_map(|(_, marketing, start, _)| sold_as(marketing, *start, number))
        .collect();
    // These two fly for Delta everywhere except at Newark, where ExpressJet flies for United.
    let principal = match (carrier.as_str(), hub) {
        ("EV", "EWR") => Some("UA"),
        ("EV" | "9E", _) => Some("DL"),
        _ => None,
    };
    flights.extend(principal.and_then(|principal| sold_as(principal, 0, number)));
    flights.sort_unstable();
    flights
}

fn sold_as(marketing: &str, start: u16, number: FlightNumber) -> Option<Designator> {
    let number = if start == 0 { number.get() } else { start + number.get() % 1000 };
    Some(Designator {
        airline: AirlineCode::parse(marketing).ok()?,
        number: FlightNumber::parse(&number.to_string()).ok()?,
        suffix: None,
    })
}
