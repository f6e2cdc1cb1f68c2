//! Names of airlines by IATA and ICAO code.
//!
//! The table is `data/airlines.csv`, reduced from npm `aircodes` (MIT) with the corrections of
//! `data/airlines-corrections.csv`. `data/README.md` describes its origin and the rule for codes that two
//! airlines share. To add or rename an airline, add a line to the corrections and run `data/reduce.py`.

use std::sync::LazyLock;

use crate::airports::rows;
use crate::codes::AirlineCode;

/// An airline as passengers know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Airline {
    /// Two characters, such as `B6`. `None` if the airline has none or the code belongs to another airline
    /// here.
    pub iata: Option<AirlineCode>,
    /// Three letters, such as `JBU`.
    pub icao: Option<AirlineCode>,
    /// The trading name without legal forms, such as "JetBlue".
    pub name: &'static str,
}

impl Airline {
    /// The code that identifies its flights: IATA's, or ICAO's if the carrier has no IATA code, as in
    /// airport feeds.
    pub fn code(&self) -> Option<AirlineCode> {
        self.iata.or(self.icao)
    }
}

/// The table, indexed by both kinds of code.
struct Airlines {
    by_iata: Vec<(AirlineCode, Airline)>,
    by_icao: Vec<(AirlineCode, Airline)>,
    all: Vec<Airline>,
}

static AIRLINES: LazyLock<Airlines> = LazyLock::new(|| {
    let mut all: Vec<Airline> = rows::rows(include_str!("../data/airlines.csv"))
        .map(|[iata, icao, name]| Airline {
            iata: AirlineCode::parse(iata).ok(),
            icao: AirlineCode::parse(icao).ok(),
            name,
        })
        .filter(|airline| airline.code().is_some())
        .collect();
    all.sort_by_key(Airline::code);
    let keyed = |code: fn(&Airline) -> Option<AirlineCode>| {
        let mut index: Vec<_> = all.iter().filter_map(|airline| Some((code(airline)?, *airline))).collect();
        index.sort_unstable_by_key(|(code, _)| *code);
        index
    };
    Airlines { by_iata: keyed(|airline| airline.iata), by_icao: keyed(|airline| airline.icao), all }
});

/// Every airline, in the order of [`Airline::code`].
pub fn all() -> &'static [Airline] {
    &AIRLINES.all
}

/// The airline of this IATA or ICAO code.
pub fn find(code: AirlineCode) -> Option<&'static Airline> {
    let index = if code.as_str().len() == 2 { &AIRLINES.by_iata } else { &AIRLINES.by_icao };
    let at = index.binary_search_by_key(&code, |(code, _)| *code).ok()?;
    index.get(at).map(|(_, airline)| airline)
}

/// `JBU` -> `B6`. `None` if the IATA code belongs to another airline, so that the flights of the two are
/// never confused.
pub fn iata_of_icao(icao: AirlineCode) -> Option<AirlineCode> {
    find(icao).filter(|airline| airline.icao == Some(icao))?.iata
}

/// The code under which an airline's flights are stored: `JBU` and `B6` -> `B6`. An airline without an IATA
/// code of its own, or unknown, keeps its ICAO code. Feeds use either code, so every natural key must be
/// built with this.
pub fn canonical_code(code: AirlineCode) -> AirlineCode {
    iata_of_icao(code).unwrap_or(code)
}

/// `B6` -> `JBU`.
pub fn icao_of_iata(iata: AirlineCode) -> Option<AirlineCode> {
    find(iata).filter(|airline| airline.iata == Some(iata))?.icao
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> AirlineCode {
        AirlineCode::parse(text).unwrap()
    }

    fn name(text: &str) -> &'static str {
        find(code(text)).unwrap_or_else(|| panic!("{text} is not in the table")).name
    }

    #[test]
    fn every_row_of_the_table_is_an_airline_with_well_formed_codes() {
        let mut seen = 0;
        for [iata, icao, name] in rows::rows(include_str!("../data/airlines.csv")) {
            assert!(
                iata.is_empty() || (iata.len() == 2 && AirlineCode::parse(iata).is_ok()),
                "{iata}: {name}"
            );
            assert!(
                icao.is_empty() || (icao.len() == 3 && AirlineCode::parse(icao).is_ok()),
                "{icao}: {name}"
            );
            assert!(!name.is_empty(), "{iata} {icao} has no name");
            seen += 1;
        }
        assert_eq!(seen, include_str!("../data/airlines.csv").lines().count() - 1);
        assert_eq!(all().len(), seen);
        assert!(seen > 1_000);
    }

    #[test]
    fn no_code_is_given_to_two_airlines() {
        assert!(AIRLINES.by_iata.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(AIRLINES.by_icao.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn the_carriers_of_new_york_in_2013_have_the_names_they_flew_under() {
        for (iata, icao, expected) in [
            ("9E", "EDV", "Endeavor Air"),
            ("AA", "AAL", "American Airlines"),
            ("AS", "ASA", "Alaska Airlines"),
            ("B6", "JBU", "JetBlue"),
            ("DL", "DAL", "Delta Air Lines"),
            ("EV", "ASQ", "ExpressJet"),
            ("F9", "FFT", "Frontier Airlines"),
            ("FL", "TRS", "AirTran Airways"),
            ("HA", "HAL", "Hawaiian Airlines"),
            ("MQ", "ENY", "Envoy Air"),
            ("OO", "SKW", "SkyWest Airlines"),
            ("UA", "UAL", "United Airlines"),
            ("US", "AWE", "US Airways"),
            ("VX", "VRD", "Virgin America"),
            ("WN", "SWA", "Southwest Airlines"),
            ("YV", "ASH", "Mesa Airlines"),
        ] {
            assert_eq!(name(iata), expected);
            assert_eq!(icao_of_iata(code(iata)), Some(code(icao)), "{iata}");
            assert_eq!(iata_of_icao(code(icao)), Some(code(iata)), "{icao}");
        }
    }

    #[test]
    fn well_known_airlines_have_their_trading_names() {
        for (code, expected) in [
            ("BA", "British Airways"),
            ("BAW", "British Airways"),
            ("LH", "Lufthansa"),
            ("AF", "Air France"),
            ("KL", "KLM"),
            ("EI", "Aer Lingus"),
            ("U2", "easyJet"),
            ("6E", "IndiGo"),
            ("LO", "LOT Polish Airlines"),
            ("RJ", "Royal Jordanian"),
            ("QR", "Qatar Airways"),
            ("JX", "STARLUX Airlines"),
        ] {
            assert_eq!(name(code), expected, "{code}");
        }
    }

    #[test]
    fn an_airline_that_lost_a_shared_code_is_found_by_icao_and_never_taken_for_the_other() {
        assert_eq!(name("GEC"), "Lufthansa Cargo");
        assert_eq!(iata_of_icao(code("GEC")), None);
        assert_eq!(icao_of_iata(code("LH")), Some(code("DLH")));
    }

    #[test]
    fn an_airline_is_known_by_its_iata_code_if_that_is_its_own() {
        for (given, known) in [("JBU", "B6"), ("B6", "B6"), ("GEC", "GEC"), ("ZZZ", "ZZZ"), ("Q0", "Q0")] {
            assert_eq!(canonical_code(code(given)), code(known), "{given}");
        }
    }

    #[test]
    fn a_code_of_the_wrong_kind_has_no_translation() {
        assert_eq!(iata_of_icao(code("B6")), None);
        assert_eq!(icao_of_iata(code("JBU")), None);
        assert_eq!(find(code("Q0")), None);
    }

    #[test]
    fn reservation_systems_are_no_airlines() {
        assert!(["1A", "1B", "1S", "XS"].iter().all(|system| find(code(system)).is_none()));
    }
}
