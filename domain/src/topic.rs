//! Topics that a client can subscribe to.

use crate::codes::{AirlineCode, Direction, Iata};
use crate::leg::LegId;
use std::fmt;

/// A topic: one leg, one board, one airline, or all.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Topic {
    /// One leg.
    Flight(LegId),
    /// One airport's departures or arrivals.
    Board(Iata, Direction),
    /// Flights an airline operates or sells.
    Airline(AirlineCode),
    /// Every flight.
    All,
}

impl Topic {
    /// Parses `flight/{leg}`, `board/{IATA}/{departures|arrivals}`, `airline/{XX}` or `all`. `None` for
    /// anything else. Does not check that the airport or leg exists.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let topic = match (parts.next()?, parts.next(), parts.next()) {
            ("flight", Some(leg), None) => Self::Flight(LegId::known(leg)?),
            ("board", Some(iata), Some(direction)) => {
                Self::Board(Iata::parse(iata).ok()?, Direction::parse(direction)?)
            }
            ("airline", Some(code), None) => Self::Airline(AirlineCode::parse(code).ok()?),
            ("all", None, None) => Self::All,
            _ => return None,
        };
        parts.next().is_none().then_some(topic)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flight(leg) => write!(f, "flight/{leg}"),
            Self::Board(iata, direction) => write!(f, "board/{iata}/{direction}"),
            Self::Airline(code) => write!(f, "airline/{code}"),
            Self::All => f.write_str("all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_read_back_as_they_are_written() {
        for text in [
            "flight/B6-615-20130208-JFK-FLL",
            "board/JFK/departures",
            "board/EWR/arrivals",
            "airline/B6",
            "all",
        ] {
            assert_eq!(Topic::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn invalid_topics_are_none() {
        for text in [
            "",
            "flight",
            "flight/",
            "board/JFK",
            "board/JFK/up",
            "board/JFK/arrivals/x",
            "all/x",
            "airline/",
            "x/y",
        ] {
            assert_eq!(Topic::parse(text), None, "{text}");
        }
    }
}
