//! Validated codes of airports, airlines and flights.

use std::fmt;

/// Why a text is not a code. Reads as the end of a sentence: "departure airport *must be …*".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} {rule}")]
pub struct InvalidCode {
    /// The input, cut to 40 characters so that it cannot fill a log.
    pub text: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl InvalidCode {
    pub(crate) fn new(text: &str, rule: &'static str) -> Self {
        Self { text: text.chars().take(40).collect(), rule }
    }
}

/// An airport's IATA location code: three letters, such as `JFK`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iata([u8; 3]);

impl Iata {
    /// Accepts three ASCII letters in either case, without surrounding white space.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|x| x.is_ascii_alphabetic()) => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(InvalidCode::new(text, "is not an IATA airport code (three letters)")),
        }
    }

    /// The three capital letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Iata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Iata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An airline designator: two characters (IATA, `B6`) or three letters (ICAO). Stored flights use ICAO
/// codes only for carriers without an IATA code, see [`canonical_code`](crate::airlines::canonical_code).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AirlineCode {
    text: [u8; 3],
    len: u8,
}

impl AirlineCode {
    /// Two letters or digits of which at least one is a letter, or three letters.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let bytes = text.as_bytes();
        let valid = match bytes {
            [a, b] => {
                a.is_ascii_alphanumeric()
                    && b.is_ascii_alphanumeric()
                    && (a.is_ascii_alphabetic() || b.is_ascii_alphabetic())
            }
            [_, _, _] => bytes.iter().all(u8::is_ascii_alphabetic),
            _ => false,
        };
        if !valid {
            return Err(InvalidCode::new(text, "is not an airline code (two characters, or three letters)"));
        }
        let mut padded = [0; 3];
        for (to, from) in padded.iter_mut().zip(bytes) {
            *to = from.to_ascii_uppercase();
        }
        Ok(Self { text: padded, len: bytes.len() as u8 })
    }

    /// Two or three capital letters or digits.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.text[..usize::from(self.len)]).unwrap_or("??")
    }
}

impl fmt::Display for AirlineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AirlineCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A flight number without its airline: 1 to 9999. `027` and `27` are the same number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlightNumber(u16);

impl FlightNumber {
    /// One to four digits, padding zeros ignored, not zero.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let rule = "is not a flight number (1 to 9999)";
        if text.is_empty() || text.len() > 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidCode::new(text, rule));
        }
        match text.parse() {
            Ok(number) if number > 0 => Ok(Self(number)),
            _ => Err(InvalidCode::new(text, rule)),
        }
    }

    /// The number itself.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for FlightNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for FlightNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An operational suffix: one capital letter that distinguishes a second use of a number on one day (`D`,
/// `Z` or `A` after a day's delay, `R` after a return, `P` and `F` for positioning flights).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Suffix(u8);

impl Suffix {
    /// One ASCII letter.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        match text.as_bytes() {
            [letter] if letter.is_ascii_alphabetic() => Ok(Self(letter.to_ascii_uppercase())),
            _ => Err(InvalidCode::new(text, "is not an operational suffix (one letter)")),
        }
    }

    /// The letter.
    pub fn letter(self) -> char {
        char::from(self.0)
    }

    /// Positioning and ferry flights carry no passengers and are hidden from clients (Home Office DRT drops
    /// `P` and `F` likewise).
    pub fn is_positioning(self) -> bool {
        matches!(self.0, b'P' | b'F')
    }
}

impl fmt::Display for Suffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

/// The flight number on a ticket: airline, number, suffix, such as `EI5105`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Designator {
    /// Operating or marketing airline.
    pub airline: AirlineCode,
    /// Number without padding.
    pub number: FlightNumber,
    /// Operational suffix, if any.
    pub suffix: Option<Suffix>,
}

impl Designator {
    /// Parses `EI5105`, `EY027`, `JBU615A`. A three-letter prefix is an ICAO code.
    pub fn parse(text: &str) -> Result<Self, InvalidCode> {
        let wrong = || InvalidCode::new(text, "is not a flight designator (such as EI5105)");
        if !text.is_ascii() || text.len() > 8 {
            return Err(wrong());
        }
        let three_letters = text.len() > 3 && text.bytes().take(3).all(|b| b.is_ascii_alphabetic());
        let (airline, rest) = text.split_at_checked(if three_letters { 3 } else { 2 }).ok_or_else(wrong)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, suffix) = rest.split_at(digits);
        Ok(Self {
            airline: AirlineCode::parse(airline).map_err(|_| wrong())?,
            number: FlightNumber::parse(number).map_err(|_| wrong())?,
            suffix: if suffix.is_empty() { None } else { Some(Suffix::parse(suffix).map_err(|_| wrong())?) },
        })
    }
}

impl fmt::Display for Designator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.airline, self.number)?;
        self.suffix.map_or(Ok(()), |s| write!(f, "{s}"))
    }
}

/// The side of a board: departures or arrivals.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// Flights that leave this airport.
    Departures,
    /// Flights that arrive at this airport.
    Arrivals,
}

impl Direction {
    /// Parses `departures` or `arrivals`, as in topics and addresses.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "departures" => Some(Self::Departures),
            "arrivals" => Some(Self::Arrivals),
            _ => None,
        }
    }

    /// The other direction.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Departures => Self::Arrivals,
            Self::Arrivals => Self::Departures,
        }
    }

    /// The name in topics and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Departures => "departures",
            Self::Arrivals => "arrivals",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_and_plain_flight_numbers_are_the_same() {
        assert_eq!(FlightNumber::parse("027"), FlightNumber::parse("27"));
        assert_eq!(Designator::parse("EY027").unwrap().to_string(), "EY27");
    }

    #[test]
    fn a_designator_may_carry_an_icao_code_and_a_suffix() {
        let icao = Designator::parse("JBU615").unwrap();
        assert_eq!((icao.airline.as_str(), icao.number.get()), ("JBU", 615));
        assert_eq!(Designator::parse("VS808P").unwrap().suffix, Some(Suffix::parse("p").unwrap()));
        assert_eq!(Designator::parse("9E4105").unwrap().airline.as_str(), "9E");
    }

    #[test]
    fn invalid_codes_are_refused_with_the_rule() {
        for text in ["", "J", "JFKX", "J1K", "ÄÖÜ", "J K"] {
            assert!(Iata::parse(text).is_err(), "{text}");
        }
        for text in ["", "B", "66", "B66", "BBBB", "é6"] {
            assert!(AirlineCode::parse(text).is_err(), "{text}");
        }
        for text in ["", "0", "0000", "12345", "-1", "1a", "١"] {
            assert!(FlightNumber::parse(text).is_err(), "{text}");
        }
        for text in ["", "B6", "B6X", "B612345", "6", "é", "B6615AA"] {
            assert!(Designator::parse(text).is_err(), "{text}");
        }
        let error = Iata::parse("New York").unwrap_err().to_string();
        assert_eq!(error, "\"New York\" is not an IATA airport code (three letters)");
    }
}
