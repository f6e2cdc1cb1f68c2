//! Finds the leg a report is about, when its natural key alone does not.
//!
//! A provider may correct a flight's number, date or route under its own identifier, and a feed may
//! know a carrier by a code of its own but give the call sign. Both are the leg that is known
//! already, with one more name. Codeshares and registrations are never looked at.
//!
//! A leg keeps the key under which it became known: its identifier is made of it and never changes,
//! and so do number, route and date on every board. A provider's correction of these is therefore
//! merged and not shown, and [`AliasIndex::corrects`] tells of it so that a human can be told.
//!
//! The index is made of what live legs are called, and each leg takes its names with it when it is
//! retired. The hub asks [`AliasIndex::resolve`] before it sends a report to a leg, and tells
//! [`AliasIndex::learn`] after the report was applied.

use crate::leg::{ALIASES_MAX, Alias, LegId, LegKey};
use crate::report::Report;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// What live legs are called besides their own keys.
#[derive(Debug, Default)]
pub struct AliasIndex {
    legs: FxHashMap<LegId, Known>,
    called: FxHashMap<Name, SmallVec<[LegId; 1]>>,
}

/// A live leg.
#[derive(Debug)]
struct Known {
    /// The key by which it became known.
    key: LegKey,
    /// Every name under which it stands in `called`.
    names: SmallVec<[Name; 2]>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Name {
    /// The identifier a leg of a corrected key would have had.
    Key(LegId),
    Alias(Alias),
}

impl AliasIndex {
    /// Most names of one leg: its aliases, and as many corrected keys. Further ones are not learnt.
    pub const NAMES_MAX: usize = 2 * ALIASES_MAX;

    /// Most legs of one name: a call sign comes back each day, and legs live for up to four.
    pub const NAMESAKES_MAX: usize = 8;

    /// How far a provider may move a flight's origin date under one identifier, in days. Further
    /// off, the identifier has been used for another flight.
    pub const MOVED_DAYS_MAX: u64 = 1;

    /// The known leg that a report is about. `None` where it is about a leg of its own, whose
    /// identifier its key makes.
    ///
    /// A leg of exactly this key comes first, then one that has been given this key as a correction,
    /// then the leg of the same provider's identifier. A call sign counts last, and only for the
    /// same day, route, suffix and attempt, as it is used anew each day; and only if that is one leg.
    pub fn resolve(&self, report: &Report) -> Option<LegId> {
        let id = report.key.id();
        if self.legs.contains_key(&id) {
            return Some(id);
        }
        if let Some(leg) = self.called.get(&Name::Key(id)).and_then(|legs| legs.first()) {
            return Some(leg.clone());
        }
        let of_kind = |wanted: fn(&Alias) -> bool| report.aliases.iter().filter(move |alias| wanted(alias));
        let mut provided = of_kind(|a| matches!(a, Alias::Provider(_)))
            .filter_map(|alias| self.legs_called(alias).find(|(_, key)| is_near(key, &report.key)));
        if let Some((leg, _)) = provided.next() {
            return Some(leg.clone());
        }
        let mut called = of_kind(|a| matches!(a, Alias::CallSign(_)))
            .flat_map(|alias| self.legs_called(alias).filter(|(_, key)| is_same_trip(key, &report.key)));
        let (leg, _) = called.next()?;
        called.all(|(other, _)| other == leg).then(|| leg.clone())
    }

    /// The key under which `leg` is known, where `report` gives it another number, route or date for
    /// the first time, by its provider's identifier. Once that is learnt it is told no more.
    pub fn corrects(&self, report: &Report, leg: &LegId) -> Option<LegKey> {
        let known = self.legs.get(leg)?;
        let is_other = known.key != LegKey { carrier: known.key.carrier, ..report.key };
        let is_new = !known.names.contains(&Name::Key(report.key.id()));
        let room = known.names.len() < Self::NAMES_MAX;
        let by_provider = report.aliases.iter().any(|alias| {
            matches!(alias, Alias::Provider(_)) && known.names.contains(&Name::Alias(alias.clone()))
        });
        (is_other && is_new && room && by_provider).then_some(known.key)
    }

    /// Learns what a live leg is called: the key and the aliases of a report that was applied to
    /// it, or of a leg that was restored.
    pub fn learn(&mut self, leg: &LegId, key: &LegKey, aliases: &[Alias]) {
        let known =
            self.legs.entry(leg.clone()).or_insert_with(|| Known { key: *key, names: SmallVec::new() });
        let corrected = Some(key.id()).filter(|id| id != leg).map(Name::Key);
        for name in corrected.into_iter().chain(aliases.iter().cloned().map(Name::Alias)) {
            if known.names.len() >= Self::NAMES_MAX || known.names.contains(&name) {
                continue;
            }
            let legs = self.called.entry(name.clone()).or_default();
            if legs.len() < Self::NAMESAKES_MAX {
                legs.push(leg.clone());
                known.names.push(name);
            }
        }
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

    /// The live legs that are called `alias`, at most [`AliasIndex::NAMESAKES_MAX`].
    pub fn called(&self, alias: &Alias) -> &[LegId] {
        self.called.get(&Name::Alias(alias.clone())).map_or(&[], |legs| legs.as_slice())
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

    fn legs_called(&self, alias: &Alias) -> impl Iterator<Item = (&LegId, &LegKey)> {
        let legs = self.called.get(&Name::Alias(alias.clone())).into_iter().flatten();
        legs.filter_map(|leg| Some((leg, &self.legs.get(leg)?.key)))
    }
}

/// Another attempt is a leg of its own, though some providers know both by one identifier.
fn is_near(known: &LegKey, reported: &LegKey) -> bool {
    let days = (known.origin_date - reported.origin_date).num_days().unsigned_abs();
    days <= AliasIndex::MOVED_DAYS_MAX && known.repeat == reported.repeat
}

fn is_same_trip(known: &LegKey, reported: &LegKey) -> bool {
    // Everything but carrier and number, which may be another code for the same.
    *reported == LegKey { carrier: reported.carrier, number: reported.number, ..*known }
}
