//! Identity of a flight leg.
//!
//! The natural key is that of IATA AIDX: operating carrier, number, suffix, origin date, scheduled
//! departure and arrival airports, repeat number. Codeshare numbers and registrations never identify a leg.
//! Call signs and provider identifiers can lead to an existing leg, see [`crate::alias`]. The [`LegId`] is
//! built from the natural key when the leg is created. It is opaque to clients, never changes and is never
//! reused.

use crate::airlines;
use crate::codes::{AirlineCode, Designator, FlightNumber, Iata, InvalidCode, Suffix};
use chrono::NaiveDate;
use std::fmt;
use std::sync::Arc;

/// A leg's opaque identifier, such as `B6-615-20130208-JFK-FLL`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(Arc<str>);

impl LegId {
    /// Longest identifier accepted from outside, in bytes. Longer than any that [`LegKey::id`] builds.
    pub const LENGTH_MAX: usize = 64;

    /// Parses an identifier. `None` if the text can never have been one: empty, too long, or with
    /// characters that identifiers do not have.
    pub fn known(text: &str) -> Option<Self> {
        let shaped = !text.is_empty()
            && text.len() <= Self::LENGTH_MAX
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        shaped.then(|| Self(text.into()))
    }

    /// The text as clients see it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The natural key of a leg.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LegKey {
    /// The operating airline, by [`canonical_code`](crate::airlines::canonical_code).
    pub carrier: AirlineCode,
    /// Its number.
    pub number: FlightNumber,
    /// Its operational suffix, if any.
    pub suffix: Option<Suffix>,
    /// Scheduled date of the whole flight, not of the leg, in local time at the flight's origin. A delay
    /// past midnight does not change it.
    pub origin_date: NaiveDate,
    /// Scheduled departure airport of this leg.
    pub from: Iata,
    /// Scheduled arrival airport of this leg. A diversion does not change it.
    pub to: Iata,
    /// 0, or 1 and up for another attempt at the same leg.
    pub repeat: u8,
}

impl LegKey {
    /// The identifier of this leg. The same key gives the same identifier on every node.
    pub fn id(&self) -> LegId {
        let suffix = self.suffix.map(|s| s.to_string()).unwrap_or_default();
        let date = self.origin_date.format("%Y%m%d");
        let base = format!("{}-{}{}-{}-{}-{}", self.carrier, self.number, suffix, date, self.from, self.to);
        LegId(if self.repeat == 0 { base.into() } else { format!("{base}-R{}", self.repeat).into() })
    }

    /// The key as current decoders build it. Earlier versions kept an airline's ICAO code and treated
    /// AIDX's first attempt as a leg of its own.
    pub fn normalized(self) -> Self {
        let repeat = if self.repeat == 1 { 0 } else { self.repeat };
        Self { carrier: airlines::canonical_code(self.carrier), repeat, ..self }
    }

    /// The flight number on a ticket of the operating flight.
    pub fn designator(&self) -> Designator {
        Designator { airline: self.carrier, number: self.number, suffix: self.suffix }
    }
}

/// Another name of a leg, for searches and for feeds with identifiers of their own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Alias {
    /// An identifier of one source, with the source's name: `ewr:6803787`.
    Provider(Arc<str>),
    /// The call sign used with air traffic control, which may differ from the flight number, with the name
    /// of its source: `jfk:JBU615`. Call signs stored by earlier versions have no source and are only used
    /// in searches.
    CallSign(Arc<str>),
}

impl Alias {
    /// Longest alias, in bytes.
    pub const LENGTH_MAX: usize = 64;

    /// A source's own identifier of a leg. It includes the source's name, so that no source can use
    /// another's identifiers.
    pub fn provider(source: &str, id: &str) -> Result<Self, InvalidCode> {
        Ok(Self::Provider(checked(format!("{source}:{}", id.trim()), id.trim())?))
    }

    /// A source's call sign, such as `JBU615`, in capitals.
    pub fn call_sign(source: &str, text: &str) -> Result<Self, InvalidCode> {
        let text = text.trim().to_ascii_uppercase();
        Ok(Self::CallSign(checked(format!("{source}:{text}"), &text)?))
    }

    /// Whether this source gave the name.
    pub fn is_of(&self, source: &str) -> bool {
        let (Self::Provider(name) | Self::CallSign(name)) = self;
        name.strip_prefix(source).is_some_and(|rest| rest.starts_with(':'))
    }

    /// Whether both are identifiers, or both call signs, of one source. Call signs stored by earlier
    /// versions have none.
    fn is_of_the_source_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Provider(name), Self::Provider(_)) | (Self::CallSign(name), Self::CallSign(_)) => {
                name.split_once(':').is_some_and(|(source, _)| other.is_of(source))
            }
            _ => false,
        }
    }

    /// The call sign without the source, if it is one.
    pub fn as_call_sign(&self) -> Option<&str> {
        match self {
            Self::Provider(_) => None,
            Self::CallSign(name) => name.rsplit(':').next(),
        }
    }
}

fn checked(alias: String, id: &str) -> Result<Arc<str>, InvalidCode> {
    let fits = !id.is_empty() && alias.len() <= Alias::LENGTH_MAX && id.bytes().all(|b| b.is_ascii_graphic());
    if fits {
        Ok(alias.into())
    } else {
        Err(InvalidCode::new(id, "is not an identifier (printable, at most 64 characters)"))
    }
}

/// Most aliases of one leg over all sources.
pub const ALIASES_MAX: usize = 24;

/// Most identifiers of one leg per source.
pub const IDENTIFIERS_MAX: usize = 2;

/// Most call signs of one leg per source.
pub const CALL_SIGNS_MAX: usize = 1;

/// Removes surplus aliases, per source and in total, so that a source with changing names does not displace
/// those of others. The smallest stay, so that the order of arrival does not matter. `aliases` are sorted.
pub(crate) fn keep_smallest(aliases: &mut Vec<Alias>) {
    let mut group: Option<Alias> = None;
    let mut kept = 0;
    aliases.retain(|alias| {
        // Names of one source are adjacent.
        if !group.as_ref().is_some_and(|first| first.is_of_the_source_of(alias)) {
            (group, kept) = (Some(alias.clone()), 0);
        }
        kept += 1;
        kept <= if alias.as_call_sign().is_some() { CALL_SIGNS_MAX } else { IDENTIFIERS_MAX }
    });
    aliases.truncate(ALIASES_MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> LegKey {
        LegKey {
            carrier: AirlineCode::parse("B6").unwrap(),
            number: FlightNumber::parse("615").unwrap(),
            suffix: None,
            origin_date: NaiveDate::from_ymd_opt(2013, 2, 8).unwrap(),
            from: Iata::parse("JFK").unwrap(),
            to: Iata::parse("FLL").unwrap(),
            repeat: 0,
        }
    }

    #[test]
    fn the_identifier_shows_every_part_of_the_key() {
        assert_eq!(key().id().as_str(), "B6-615-20130208-JFK-FLL");
        let other = LegKey { suffix: Some(Suffix::parse("A").unwrap()), repeat: 2, ..key() };
        assert_eq!(other.id().as_str(), "B6-615A-20130208-JFK-FLL-R2");
    }

    #[test]
    fn an_alias_is_printable_and_bounded_and_carries_its_source() {
        assert_eq!(Alias::provider("ewr", " 6803787 "), Ok(Alias::Provider("ewr:6803787".into())));
        let sign = Alias::call_sign("jfk", "jbu615").unwrap();
        assert_eq!((&sign, sign.as_call_sign()), (&Alias::CallSign("jfk:JBU615".into()), Some("JBU615")));
        assert!(sign.is_of("jfk") && !sign.is_of("jf") && !sign.is_of("jfk:JBU615"));
        for id in ["", " ", "a b", "\u{202e}x", &"9".repeat(61)] {
            assert!(Alias::provider("ewr", id).is_err(), "{id:?}");
        }
    }

    #[test]
    fn an_identifier_from_outside_must_look_like_one() {
        assert_eq!(LegId::known("B6-615-20130208-JFK-FLL"), Some(key().id()));
        for text in ["", "a/b", "a b", "é", &"x".repeat(65)] {
            assert_eq!(LegId::known(text), None, "{text}");
        }
    }
}
