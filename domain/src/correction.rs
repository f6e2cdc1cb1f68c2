//! A flight whose number, date or route is corrected.
//!
//! A provider may correct these under its own identifier of the flight. The flight stays the same leg, with
//! the same [`crate::leg::LegId`]; what is shown is the corrected key ([`Flight::shown_key`]).
//!
//! Of each source the key of its newest report counts. A source whose newest report has the key under which
//! the leg became known has no [`Correction`]. So keys merge like fields: any order of the same reports ends
//! in the same state. Between sources the authority over the departure decides, as the departure airport
//! knows the flights that leave it. A correction wins over a source of the same authority that repeats the
//! first key, or the flight would change its number with every message.
//!
//! When the shown route is not the one that a source speaks of, its claims on the side that differs do not
//! count: the gate at an airport to which the flight does not go. An airport's claims on the flight as a whole
//! do not count for another route.
//!
//! Of which route a claim was said is not kept. It is taken to be of the key that its source gives now. So
//! what a source said of the first airport and has not repeated since its own correction is shown at the new
//! one, until it says another or clears it.

use crate::claim::Claim;
use crate::field::{Field, Side, Value};
use crate::flight::Flight;
use crate::leg::LegKey;
use crate::report::{Report, Source};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;

/// How far planned times of one flight may differ between two messages of a provider.
const SAME_FLIGHT_MAX: TimeDelta = TimeDelta::hours(12);

/// The key that one source gives the leg, where it is not the one under which the leg became known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Correction {
    /// Whose.
    pub source: Arc<str>,
    /// Number, date and route as it has them.
    pub key: LegKey,
    /// What its claims on the departure weigh.
    pub authority: u8,
    /// When it said so.
    pub observed_at: DateTime<Utc>,
}

impl Correction {
    /// Whether everybody's reports of this key are of the leg: the departure airport says so of a flight of
    /// its own. Anybody else's correction leads only its own reports to the leg.
    pub fn binds_others(&self) -> bool {
        self.authority >= Source::OWN_SIDE_BONUS
    }
}

impl Flight {
    /// Number, date and route as they are shown.
    pub fn shown_key(&self) -> LegKey {
        self.correction_shown().map_or(self.key, |correction| correction.key)
    }

    /// The correction that is shown, if one is.
    pub fn correction_shown(&self) -> Option<&Correction> {
        let order = |c: &&Correction| (c.authority, c.observed_at, c.source.clone());
        let strongest = self.corrections.iter().max_by_key(order)?;
        let keeps_first_key = |(field, claim): &(Field, Claim)| {
            field.side() == Side::Departure
                && claim.authority > strongest.authority
                && self.correction_of(&claim.source).is_none()
        };
        (!self.claims.iter().any(keeps_first_key)).then_some(strongest)
    }

    fn correction_of(&self, source: &str) -> Option<&Correction> {
        self.corrections.iter().find(|correction| &*correction.source == source)
    }

    /// Takes the key of a report in. To be called before its statements are. Whether anything was learnt.
    pub(crate) fn merge_key(&mut self, report: &Report) -> bool {
        let is_first_key = report.key == self.key || report.key.normalized() == self.key.normalized();
        if is_first_key && self.corrections.is_empty()
            // A report that states nothing leaves no trace by which an older one could be told from a newer.
            || !report.all_statements().any(|(_, statement)| statement.counts())
        {
            return false;
        }
        let source = &report.source;
        let correction = Correction {
            source: source.name.clone(),
            key: report.key,
            authority: source.authority(Field::DepartureScheduled, &report.key),
            observed_at: report.observed_at,
        };
        let place = self.corrections.binary_search_by(|known| known.source.cmp(&source.name));
        match place {
            Ok(at) if is_first_key => {
                let is_newer = report.observed_at > self.corrections[at].observed_at;
                if is_newer {
                    self.corrections.remove(at);
                }
                return is_newer;
            }
            Err(_) if is_first_key => return false,
            Ok(at) => {
                let order = |c: &Correction| (c.observed_at, c.key, c.authority);
                if order(&correction) <= order(&self.corrections[at]) {
                    return false;
                }
                self.corrections[at] = correction;
            }
            Err(at) => {
                let claims = self.claims.iter().chain(&self.fallback_claims);
                let own = claims.filter(|(_, claim)| claim.source == source.name);
                // All that it has said so far it said of the first key.
                if own.map(|(_, claim)| claim.observed_at).max().is_some_and(|last| last > report.observed_at)
                {
                    return false;
                }
                self.corrections.insert(at, correction);
            }
        }
        true
    }

    /// Whether a report of another key, to which an identifier leads, may mean this flight. A flight that is
    /// planned half a day off is that of another day, for which its provider uses the identifier again.
    pub fn may_be_meant_by(&self, report: &Report) -> bool {
        if report.key.origin_date == self.shown_key().origin_date {
            return true;
        }
        let planned = |field| {
            let said = report.all_statements().find(|(_, s)| s.field == field)?;
            match said.1.value {
                Some(Value::Time(seconds)) => DateTime::from_timestamp(seconds, 0),
                _ => None,
            }
        };
        let is_far = |field| {
            let both = planned(field).zip(self.time(field));
            both.is_some_and(|(said, known)| (said - known).abs() > SAME_FLIGHT_MAX)
        };
        !is_far(Field::DepartureScheduled) && !is_far(Field::ArrivalScheduled)
    }

    /// Whether a claim is of the route that is shown, as far as it matters for its field.
    pub(crate) fn is_of_shown_route(&self, field: Field, claim: &Claim) -> bool {
        let shown = self.shown_key();
        let said = self.correction_of(&claim.source).map_or(self.key, |correction| correction.key);
        match field.side() {
            Side::Departure => said.from == shown.from,
            Side::Arrival => said.to == shown.to,
            Side::Whole => {
                claim.authority < Source::OWN_SIDE_BONUS || (said.from, said.to) == (shown.from, shown.to)
            }
        }
    }
}
