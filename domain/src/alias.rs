//! Finds the leg of a report when its natural key alone does not.
//!
//! A provider may correct a flight's number, date or route under its own identifier. A feed may use two
//! codes for a flight but one call sign. Both mean the existing leg. Codeshares and registrations are
//! ignored.
//!
//! Identifiers, call signs and corrections of a feed apply only to its own reports, so no feed can move
//! another feed's reports to a leg of its choice. One exception: the number that the departure airport
//! gives its own flight applies to all ([`Correction::binds_others`]). Otherwise the destination's reports
//! would create a second row.
//!
//! All names follow from the durable state of a leg ([`AliasIndex::learn`]), so they are the same after a
//! restart and on every node. Retiring a leg removes its names.

use crate::correction::Correction;
use crate::flight::Flight;
use crate::leg::{ALIASES_MAX, Alias, LegId, LegKey};
use crate::report::{Report, Source};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// The names of live legs besides their own keys.
#[derive(Debug, Default)]
pub struct AliasIndex {
    legs: FxHashMap<LegId, LegNames>,
    called: FxHashMap<Name, SmallVec<[LegId; 1]>>,
}

/// The names of one live leg.
#[derive(Debug)]
struct LegNames {
    /// Its original key and the keys of its corrections.
    keys: SmallVec<[LegKey; 1]>,
    /// Every entry of this leg in `called`.
    names: SmallVec<[Name; 2]>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Name {
    /// The identifier that a leg of this key would have, for every source.
    Key(LegId),
    /// The same for one source.
    KeyBy(Arc<str>, LegId),
    /// An identifier or call sign, which includes the name of its source.
    Alias(Alias),
    /// A call sign of any source, for searches.
    CallSign(Arc<str>),
}

impl AliasIndex {
    /// Most names of one leg. Further names are ignored.
    pub const NAMES_MAX: usize = 4 * ALIASES_MAX;

    /// Most legs of one name. A call sign recurs each day, and sources report weeks ahead. Exceeds the
    /// longest horizon plus the days until a leg is retired.
    pub const NAMESAKES_MAX: usize = 32;

    /// How many days a provider may move a flight's origin date under one identifier. Beyond that the
    /// identifier was reused for another flight.
    pub const MOVED_DAYS_MAX: u64 = 1;

    /// The existing leg that a report is most likely about. `None` if the report's key makes a leg of its
    /// own.
    ///
    /// The order: a leg with exactly this key, a leg to which this source gave this key, a leg with the
    /// same provider identifier, a leg to which its departure airport gave this key, a leg with the same
    /// call sign. Call signs recur daily, so a call sign counts only for the same day, route, suffix and
    /// attempt, and only if exactly one leg matches.
    pub fn resolve(&self, report: &Report) -> Option<LegId> {
        self.resolve_where(report, |_| true)
    }

    /// The same, restricted by `may_be`, which is asked only about legs found by an identifier.
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

    /// Replaces the names of a live leg with those of its current state.
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

    /// Removes a leg and its names.
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

    /// The live legs with this call sign, in no order.
    pub fn called(&self, call_sign: &str) -> &[LegId] {
        self.called.get(&Name::CallSign(call_sign.into())).map_or(&[], |legs| legs)
    }

    /// The number of live legs.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Whether there are no legs.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// The number of names; at most [`AliasIndex::NAMES_MAX`] per leg.
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

/// Whether `reported` can mean the flight `known` when one source uses the same identifier for both. Number
/// and route do not change at once, and a departure of an airport does not become its arrival: then the
/// identifier was reused. Another attempt is a leg of its own.
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
    // Compares everything except carrier and number, which may be another code for the same flight.
    *reported == LegKey { carrier: reported.carrier, number: reported.number, ..*known }
}
