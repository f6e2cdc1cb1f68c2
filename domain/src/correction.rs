//! Corrections of a flight's number, date or route.
//!
//! A provider may correct these under its own identifier of the flight. The flight stays the same leg with
//! the same [`crate::leg::LegId`]. Clients see the corrected key ([`Flight::shown_key`]).
//!
//! For each source the key of its newest report counts. A source whose newest report has the original key
//! has no [`Correction`]. Keys therefore merge like fields: the same reports in any order lead to the same
//! state. Between sources the authority over the departure decides, because the departure airport knows the
//! flights that leave it. A correction wins over a source of the same authority that repeats the original
//! key; otherwise the flight would change its number with every message.
//!
//! If a source reports on another route than the one shown, its claims on the side that differs do not
//! count, such as the gate at an airport to which the flight does not go. An airport's claims on the flight
//! as a whole count only for the shown route.
//!
//! Claims do not store the route they were made for. The hub assumes the key that their source uses now. So
//! a source's claim on the first airport stays in force at the new one after the source's own correction,
//! until the source replaces or clears it.

use crate::claim::Claim;
use crate::field::{Field, Side, Value};
use crate::flight::Flight;
use crate::leg::LegKey;
use crate::report::{Report, Source};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;

/// Largest difference between the planned times of one flight in two messages of a provider.
const SAME_FLIGHT_MAX: TimeDelta = TimeDelta::hours(12);

/// The key that one source uses for a leg, if it differs from the original key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Correction {
    /// The source.
    pub source: Arc<str>,
    /// Number, date and route as the source reports them.
    pub key: LegKey,
    /// The authority of the source on the departure.
    pub authority: u8,
    /// When the source observed it.
    pub observed_at: DateTime<Utc>,
}

impl Correction {
    /// Whether reports of every source with this key belong to the leg. True if the departure airport made
    /// the correction. A correction of another source applies only to that source's reports.
    pub fn binds_others(&self) -> bool {
        self.authority >= Source::OWN_SIDE_BONUS
    }
}

impl Flight {
    /// Number, date and route as clients see them.
    pub fn shown_key(&self) -> LegKey {
        self.correction_shown().map_or(self.key, |correction| correction.key)
    }

    /// The correction in force, if any.
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

    /// Merges the key of a report. Call it before merging the statements. Returns whether the state
    /// changed.
    pub(crate) fn merge_key(&mut self, report: &Report) -> bool {
        let is_first_key = report.key == self.key || report.key.normalized() == self.key.normalized();
        if is_first_key && self.corrections.is_empty()
            // A report without statements leaves no claim that could date it.
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
                // All earlier claims of the source are about the original key.
                if own.map(|(_, claim)| claim.observed_at).max().is_some_and(|last| last > report.observed_at)
                {
                    return false;
                }
                self.corrections.insert(at, correction);
            }
        }
        true
    }

    /// Whether a report with another key, found by its identifier, can mean this flight. A flight planned
    /// half a day or more away belongs to another day on which the provider reuses the identifier.
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

    /// Whether a claim belongs to the shown route, as far as its field depends on the route.
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
