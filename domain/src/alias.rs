//! Finds the leg a report is about, when its natural key alone does not.
//!
//! A provider may correct a flight's number, date or route under its own identifier, and a feed may call a
//! flight by two codes but give one call sign. Both are the leg that is known already. Codeshares and
//! registrations are never looked at.
//!
//! Identifiers, call signs and corrections of one feed lead its own reports alone: no feed can draw another's
//! reports to a leg of its choice. The one exception is the number that the departure airport gives a flight
//! of its own ([`Correction::binds_others`]), or its destination's reports would make a second row.
//!
//! All names follow from the durable state of a leg ([`AliasIndex::learn`]), so they are the same after a
//! restart and on every node. Each leg takes its names with it when it is retired.

use crate::correction::Correction;
use crate::flight::Flight;
use crate::leg::{ALIASES_MAX, Alias, LegId, LegKey};
use crate::report::{Report, Source};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// What live legs are called besides their own keys.
#[derive(Debug, Default)]
pub struct AliasIndex {
    legs: FxHashMap<LegId, LegNames>,
    called: FxHashMap<Name, SmallVec<[LegId; 1]>>,
}

/// A live leg.
#[derive(Debug)]
struct LegNames {
    /// The keys that it has had: the first one, and those of its corrections.
    keys: SmallVec<[LegKey; 1]>,
    /// Every name under which it stands in `called`.
    names: SmallVec<[Name; 2]>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Name {
    /// The identifier a leg of this key would have, to everybody.
    Key(LegId),
    /// The same to one source.
    KeyBy(Arc<str>, LegId),
    /// An identifier or call sign, which carries the name of its source.
    Alias(Alias),
    /// A call sign, whoever uses it, for those who search.
    CallSign(Arc<str>),
}

impl AliasIndex {
    /// Most names of one leg. Further ones are not learnt.
    pub const NAMES_MAX: usize = 4 * ALIASES_MAX;

    /// Most legs of one name: a call sign comes back each day, and sources tell of weeks ahead. Above the
    /// days of the longest horizon with those until a leg is retired.
    pub const NAMESAKES_MAX: usize = 32;

    /// How far a provider may move a flight's origin date under one identifier, in days. Further
    /// off, the identifier has been used for another flight.
    pub const MOVED_DAYS_MAX: u64 = 1;

    /// The known legs that a report may be about, the likeliest first. None where it is about a leg of its
    /// own, whose identifier its key makes.
    ///
    /// A leg of exactly this key comes first, then one to which this source has given this key, then that of
    /// the same identifier, then one to which its departure airport has given this key. A call sign counts
    /// last, and only for the same day, route, suffix and attempt, as it is used anew each day; and only if
    /// that is one leg.
    pub fn resolve(&self, report: &Report) -> Option<LegId> {
        self.resolve_where(report, |_| true)
    }

    /// The same among those legs that `may_be` lets pass. It is asked of those alone that an identifier
    /// leads to.
    pub fn resolve_where(&self, report: &Report, may_be: impl Fn(&LegId) -> bool) -> Option<LegId> {
        let id = report.key.id();
        if self.legs.contains_key(&id) {
            return Some(id);
        }
        let source = &report.source;
        if let Some(leg) = self.first(&Name::KeyBy(source.name.clone(), id.clone())) {
            return Some(leg);
        }
        let own = || report.aliases.iter().filter(|alias| alias.is_of(&source.name));
        let provided = own()
            .filter(|alias| matches!(alias, Alias::Provider(_)))
            .flat_map(|alias| self.legs_called(alias))
            .find(|(leg, keys)| keys.iter().any(|key| is_near(source, key, &report.key)) && may_be(leg));
        if let Some((leg, _)) = provided {
            return Some(leg.clone());
        }
        if let Some(leg) = self.first(&Name::Key(id)) {
            return Some(leg);
        }
        let mut called = own()
            .filter(|alias| matches!(alias, Alias::CallSign(_)))
            .flat_map(|alias| self.legs_called(alias))
            .filter(|(_, keys)| keys.iter().any(|key| is_same_trip(key, &report.key)));
        let (leg, _) = called.next()?;
        called.all(|(other, _)| other == leg).then(|| leg.clone())
    }

    /// Learns what a live leg is called, in place of what it was called before.
    pub fn learn(&mut self, flight: &Flight) {
        self.retire(&flight.leg);
        let mut known = LegNames { keys: SmallVec::from_iter([flight.key]), names: SmallVec::new() };
        let plain = flight.key.normalized();
        if plain != flight.key {
            known.names.push(Name::Key(plain.id()));
        }
        if let Some(shown) = flight.correction_shown().filter(|shown| shown.binds_others()) {
            known.names.push(Name::Key(shown.key.id()));
        }
        for Correction { source, key, .. } in &flight.corrections {
            known.names.push(Name::KeyBy(source.clone(), key.id()));
            known.keys.push(*key);
        }
        for alias in &flight.aliases {
            known.names.push(Name::Alias(alias.clone()));
            known.names.extend(alias.as_call_sign().map(|sign| Name::CallSign(sign.into())));
        }
        known.names.truncate(Self::NAMES_MAX);
        known.names.retain(|name| {
            let legs = self.called.entry(name.clone()).or_default();
            let has_room = legs.len() < Self::NAMESAKES_MAX && !legs.contains(&flight.leg);
            if has_room {
                legs.push(flight.leg.clone());
            }
            has_room
        });
        self.legs.insert(flight.leg.clone(), known);
    }

    /// Forgets a leg with all its names.
    pub fn retire(&mut self, leg: &LegId) {
        for name in self.legs.remove(leg).into_iter().flat_map(|known| known.names) {
            if let Some(legs) = self.called.get_mut(&name) {
                legs.retain(|other| other != leg);
                if legs.is_empty() {
                    self.called.remove(&name);
                }
            }
        }
    }

    /// The live legs that any source calls by this call sign, in no order.
    pub fn called(&self, call_sign: &str) -> &[LegId] {
        self.called.get(&Name::CallSign(call_sign.into())).map_or(&[], |legs| legs)
    }

    /// Number of live legs.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Whether no leg is known.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// Number of names in use; never more than [`AliasIndex::NAMES_MAX`] for each leg.
    pub fn names_len(&self) -> usize {
        self.called.len()
    }

    fn first(&self, name: &Name) -> Option<LegId> {
        self.called.get(name)?.first().cloned()
    }

    fn legs_called(&self, alias: &Alias) -> impl Iterator<Item = (&LegId, &[LegKey])> {
        let legs = self.called.get(&Name::Alias(alias.clone())).into_iter().flatten();
        legs.filter_map(|leg| Some((leg, &self.legs.get(leg)?.keys[..])))
    }
}

/// Whether a source that means the flight `known` by an identifier may mean the same by `reported`. Number
/// and route do not both become others at once, and an airport's departure does not become its arrival: then
/// the identifier is used for another flight. So it is for another attempt, which is a leg of its own.
fn is_near(source: &Source, known: &LegKey, reported: &LegKey) -> bool {
    let days = (known.origin_date - reported.origin_date).num_days().unsigned_abs();
    let is_same_route = (known.from, known.to) == (reported.from, reported.to);
    let is_same_side = source.airport.is_none_or(|airport| {
        (known.from == airport, known.to == airport) == (reported.from == airport, reported.to == airport)
    });
    days <= AliasIndex::MOVED_DAYS_MAX
        && known.repeat == reported.repeat
        && (known.designator() == reported.designator() || is_same_route)
        && is_same_side
}

fn is_same_trip(known: &LegKey, reported: &LegKey) -> bool {
    // Everything but carrier and number, which may be another code for the same.
    *reported == LegKey { carrier: reported.carrier, number: reported.number, ..*known }
}
