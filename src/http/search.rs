//! The search text `q=`: flight numbers, marketing numbers, call signs, registrations, airports and airlines by
//! code, city or name, and routes (`JFK to SJU`, `JFK-SJU`, `to San Juan`). A flight must match every word.

use domain::airlines;
use domain::airports;
use domain::codes::{AirlineCode, Designator, Iata};
use domain::view::FlightView;
use std::collections::HashSet;
use std::sync::LazyLock;
use wire::text::FromText;

/// Longest search text in characters.
pub(crate) const LENGTH_MAX: usize = 64;

/// Words of this length or more match prefixes of names; a single letter would match everything.
const PREFIX_FROM: usize = 2;

/// Airports with their words, each after a space, folded.
static AIRPORTS: LazyLock<Vec<(Iata, String)>> = LazyLock::new(|| {
    let words = |a: &airports::Airport| format!(" {}", fold(&format!("{} {} {}", a.iata, a.city, a.name)));
    airports::all().iter().map(|airport| (airport.iata, words(airport))).collect()
});

/// Airlines likewise, by all their codes.
static AIRLINES: LazyLock<Vec<(AirlineCode, String)>> = LazyLock::new(|| {
    let with_name = |a: &'static airlines::Airline| {
        let words = format!(" {}", fold(a.name));
        a.iata.into_iter().chain(a.icao).map(move |code| (code, words.clone()))
    };
    airlines::all().iter().flat_map(with_name).collect()
});

/// A parsed search text, for many flights.
#[derive(Debug)]
pub(crate) struct Search {
    designator: Option<Designator>,
    registration: String,
    words: Vec<Word>,
}

/// Which end of a flight a word names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Either,
    Departure,
    Arrival,
}

/// What one word may match.
#[derive(Debug)]
struct Word {
    end: End,
    number: Option<u16>,
    airports: HashSet<Iata>,
    airlines: HashSet<AirlineCode>,
}

impl FromText for Search {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.chars().count() > LENGTH_MAX {
            return Err(format!("is longer than {LENGTH_MAX} characters"));
        }
        let words: Vec<_> = route(text).iter().map(|(word, end)| Word::of(word, *end)).collect();
        if words.is_empty() {
            return Err("has nothing to look for".into());
        }
        let joined = joined(text);
        Ok(Self { designator: Designator::parse(&joined).ok().map(by_iata), registration: joined, words })
    }
}

impl Search {
    /// The letters and digits of the text.
    pub(crate) fn joined(&self) -> &str {
        &self.registration
    }

    /// Whether the flight matches.
    pub(crate) fn fits(&self, view: &FlightView) -> bool {
        let operating = view.key.designator();
        let flights =
            || std::iter::once(&operating).chain(view.codeshares.iter().flat_map(|list| list.iter()));
        if let Some(wanted) = self.designator
            && flights().any(|flight| names(wanted, by_iata(*flight)))
        {
            return true;
        }
        if view.aircraft_registration.as_ref().is_some_and(|known| joined(known) == self.registration) {
            return true;
        }
        self.words.iter().all(|word| {
            flights().any(|flight| {
                Some(flight.number.get()) == word.number || word.airlines.contains(&flight.airline)
            }) || word.end.places(view).iter().flatten().any(|place| word.airports.contains(place))
        })
    }
}

impl End {
    /// The airports of a flight at this end.
    fn places(self, view: &FlightView) -> [Option<Iata>; 3] {
        let departure = Some(view.departure.airport).filter(|_| self != Self::Arrival);
        let arrival = Some(view.arrival.airport).filter(|_| self != Self::Departure);
        [departure, arrival, view.diverted_to.filter(|_| self != Self::Departure)]
    }
}

impl Word {
    fn of(word: &str, end: End) -> Self {
        let number = word.parse().ok();
        let begins = format!(" {word}");
        let long = word.chars().count() >= PREFIX_FROM && number.is_none();
        let matching = |words: &str| long && words.contains(&begins);
        let code = AirlineCode::parse(word).ok();
        let airlines = AIRLINES.iter().filter(|(known, words)| Some(*known) == code || matching(words));
        Self {
            end,
            number,
            airports: AIRPORTS.iter().filter(|(_, words)| matching(words)).map(|(iata, _)| *iata).collect(),
            airlines: airlines.map(|(code, _)| *code).chain(code).collect(),
        }
    }
}

/// The words of a text, each with the end of the flight that it names. `to` and `from` select the end. Alone they
/// are ordinary words, because some place names begin with them.
fn route(text: &str) -> Vec<(String, End)> {
    let spelled = spell_routes(text);
    let folded = fold(&spelled);
    let words: Vec<_> = folded.split_whitespace().collect();
    let mut found: Vec<(String, End)> = Vec::with_capacity(words.len());
    let mut end = End::Either;
    for word in &words {
        match *word {
            "from" if words.len() > 1 => end = End::Departure,
            "to" if words.len() > 1 => {
                for (_, before) in &mut found {
                    if *before == End::Either {
                        *before = End::Departure;
                    }
                }
                end = End::Arrival;
            }
            word => found.push((word.to_owned(), end)),
        }
    }
    found
}

/// `JFK-SJU`, `JFK - SJU` and `JFK → SJU` with `to` between. A dash elsewhere is part of a name or a number.
fn spell_routes(text: &str) -> String {
    let arrows = text.replace("->", " → ").replace(['→', '>'], " → ");
    let dashes = ['-', '–', '—'];
    let is_airport = |word: &str| Iata::parse(word).is_ok_and(|iata| airports::find(iata).is_some());
    let tokens: Vec<&str> = arrows.split_whitespace().collect();
    let airport_at =
        |at: Option<usize>| at.and_then(|at| tokens.get(at)).is_some_and(|word| is_airport(word));
    let mut spelled = Vec::with_capacity(tokens.len() + 2);
    for (at, token) in tokens.iter().enumerate() {
        let is_dash = token.chars().all(|letter| dashes.contains(&letter));
        match token.split_once(dashes) {
            _ if *token == "→" => spelled.push("to"),
            _ if is_dash && airport_at(at.checked_sub(1)) && airport_at(Some(at + 1)) => spelled.push("to"),
            Some((from, to)) if is_airport(from) && is_airport(to) => spelled.extend([from, "to", to]),
            _ => spelled.push(token),
        }
    }
    spelled.join(" ")
}

/// A missing suffix matches any: a search for B6 615 finds B6 615D too.
fn names(wanted: Designator, flight: Designator) -> bool {
    wanted.airline == flight.airline
        && wanted.number == flight.number
        && (wanted.suffix.is_none() || wanted.suffix == flight.suffix)
}

/// `JBU615` and `B6615` are the same flight.
fn by_iata(flight: Designator) -> Designator {
    Designator { airline: airlines::canonical_code(flight.airline), ..flight }
}

/// Only letters and digits, in capitals: the stored form of `b6 615` and `N503-JB`.
fn joined(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// Lower-case letters without accents, and spaces for everything else, so that `montreal` finds Montréal.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'à'..='å' | 'ā' | 'ă' | 'ą' => folded.push('a'),
            'ç' | 'ć' | 'č' => folded.push('c'),
            'ď' | 'đ' | 'ð' => folded.push('d'),
            'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => folded.push('e'),
            'ğ' | 'ģ' => folded.push('g'),
            'ì'..='ï' | 'ī' | 'į' | 'ı' => folded.push('i'),
            'ł' | 'ļ' | 'ľ' => folded.push('l'),
            'ñ' | 'ń' | 'ņ' | 'ň' => folded.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => folded.push('o'),
            'ř' => folded.push('r'),
            'ś' | 'ş' | 'š' | 'ș' => folded.push('s'),
            'ţ' | 'ť' | 'ț' => folded.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'ź' | 'ż' | 'ž' => folded.push('z'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            // The dot that Turkish leaves over its small i.
            '\u{307}' | '\'' | '’' => {}
            other if other.is_alphanumeric() => folded.push(other),
            _ => folded.push(' '),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use domain::codes::FlightNumber;
    use domain::flight::Flight;
    use domain::leg::LegKey;

    fn flight(carrier: &str, number: &str, from: &str, to: &str) -> FlightView {
        let key = LegKey {
            carrier: AirlineCode::parse(carrier).unwrap(),
            number: FlightNumber::parse(number).unwrap(),
            suffix: None,
            origin_date: NaiveDate::from_ymd_opt(2013, 2, 8).unwrap(),
            from: Iata::parse(from).unwrap(),
            to: Iata::parse(to).unwrap(),
            repeat: 0,
        };
        let codeshares = [Designator::parse("EI5105").unwrap()].into();
        let registration = Some("N503JB".into());
        FlightView {
            codeshares: Some(codeshares),
            aircraft_registration: registration,
            ..Flight::new(key).view()
        }
    }

    fn finds(text: &str) -> bool {
        Search::from_text(text).unwrap().fits(&flight("B6", "615", "JFK", "FLL"))
    }

    #[test]
    fn search_finds_flight_numbers_in_any_notation() {
        for text in [
            "B6615", "b6 615", "B6-615", "B6 0615", "JBU615", "615", "EI5105", "ei 5105", "N503JB", "n503-jb",
        ] {
            assert!(finds(text), "{text}");
        }
        for text in ["B6616", "616", "DL615", "61", "N504JB", "EI615X"] {
            assert!(!finds(text), "{text}");
        }
    }

    #[test]
    fn search_finds_flights_by_city_airport_and_airline_names() {
        for text in [
            "JetBlue",
            "fort lauderdale",
            "Lauder",
            "new york jetblue",
            "jfk fll",
            "JFK 615",
            "aer lingus",
            "kennedy",
        ] {
            assert!(finds(text), "{text}");
        }
        for text in ["Delta", "boston", "jetblue boston", "auderdale", "x"] {
            assert!(!finds(text), "{text}");
        }
    }

    #[test]
    fn search_finds_a_route_only_in_its_direction() {
        for text in [
            "JFK to FLL",
            "jfk-fll",
            "JFK–FLL",
            "JFK - FLL",
            "JFK→FLL",
            "JFK -> FLL",
            "jfk > fll",
            "from JFK to FLL",
            "to FLL from JFK",
            "new york to fort lauderdale",
            "JetBlue JFK to FLL",
            "JFK to FLL jetblue",
            "B6 to FLL",
            "615 to fort lauderdale",
            "to fll",
            "from jfk",
            "jfk to",
            "fll from jfk",
        ] {
            assert!(finds(text), "{text}");
        }
        for text in [
            "FLL to JFK",
            "FLL-JFK",
            "FLL - JFK",
            "FLL → JFK",
            "fort lauderdale to new york",
            "to jfk",
            "from fll",
            "fll to",
            "JFK to BOS",
            "delta JFK to FLL",
        ] {
            assert!(!finds(text), "{text}");
        }
    }

    #[test]
    fn search_finds_a_diverted_flight_at_both_destinations() {
        let diverted = FlightView {
            diverted_to: Some(Iata::parse("MCO").unwrap()),
            ..flight("B6", "615", "JFK", "FLL")
        };
        for text in ["JFK to FLL", "JFK to MCO", "orlando"] {
            assert!(Search::from_text(text).unwrap().fits(&diverted), "{text}");
        }
        assert!(!Search::from_text("from MCO").unwrap().fits(&diverted));
    }

    #[test]
    fn route_words_match_prefixes_of_names() {
        let to_tokyo = flight("UA", "9", "EWR", "NRT");
        for text in ["to", "tokyo", "to tokyo", "newark to tokyo"] {
            assert!(Search::from_text(text).unwrap().fits(&to_tokyo), "{text}");
        }
    }

    #[test]
    fn search_ignores_accents() {
        let to_montreal = flight("AC", "713", "LGA", "YUL");
        for text in ["montreal", "Montréal", "MONTRÉAL"] {
            assert!(Search::from_text(text).unwrap().fits(&to_montreal), "{text}");
        }
    }

    #[test]
    fn empty_and_too_long_searches_are_refused() {
        for text in ["", "  ", "- ' -"] {
            assert_eq!(Search::from_text(text).unwrap_err(), "has nothing to look for", "{text:?}");
        }
        assert!(Search::from_text(&"é".repeat(65)).is_err());
        assert!(Search::from_text(&"é".repeat(64)).is_ok());
    }
}
