//! The record of the run: what became durable, in order, and what senders were answered.
//!
//! The simulated logs write here at the instant at which an entry becomes durable. The checks compare the
//! hub, its boards and its clients with this record.

use crate::checks::{Checks, Invariant};
use crate::random::Random;
use chrono::{DateTime, Utc};
use domain::flight::{Applied, Flight};
use domain::leg::LegId;
use domain::ports::LogEntry;
use domain::report::Report;
use domain::view::FlightView;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// One durable revision.
struct Revision {
    at: DateTime<Utc>,
    view: Arc<FlightView>,
    /// The JSON that clients must hold, made on first use.
    json: Option<Value>,
}

#[derive(Default)]
struct Leg {
    state: Option<Arc<Flight>>,
    revisions: BTreeMap<u64, Revision>,
    has_ended: bool,
    /// Reports that were answered as merged.
    answered: Vec<Report>,
}

/// The durable truth of a run. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Record {
    checks: Checks,
    legs: Arc<Mutex<BTreeMap<LegId, Leg>>>,
}

impl Record {
    pub(crate) fn new(checks: Checks) -> Self {
        Self { checks, legs: Arc::default() }
    }

    fn legs(&self) -> MutexGuard<'_, BTreeMap<LegId, Leg>> {
        self.legs.lock().unwrap()
    }

    /// An entry has become durable.
    pub(crate) fn keep(&self, entry: &LogEntry) {
        let flight = &entry.flight;
        let mut legs = self.legs();
        let leg = legs.entry(flight.leg.clone()).or_default();
        let before = leg.revisions.keys().next_back().copied().unwrap_or_default();
        self.checks.note(format_args!("kept {} {before}..{}", flight.leg, flight.rev));
        let revs: Vec<u64> = entry.changes.iter().map(|change| change.rev).collect();
        let rises = revs.iter().copied().eq(before + 1..before + 1 + revs.len() as u64);
        let ends = flight.rev == before + revs.len() as u64;
        self.checks.check(
            Invariant::RevisionsRiseByOne,
            rises && ends && !leg.has_ended && flight.rev > 0,
            format_args!(
                "{}: {revs:?} and state {} follow {before}, ended: {}",
                flight.leg, flight.rev, leg.has_ended
            ),
        );
        for change in &entry.changes {
            let revision = Revision { at: change.at, view: change.after.clone(), json: None };
            leg.revisions.insert(change.rev, revision);
        }
        let shown = leg.revisions.get(&flight.rev).is_some_and(|revision| *revision.view == flight.view());
        self.checks.check(
            Invariant::RevisionsRiseByOne,
            shown,
            format_args!("{} revision {}: the state shows something else", flight.leg, flight.rev),
        );
        leg.state = Some(flight.clone());
    }

    /// The end of a leg has become durable.
    pub(crate) fn end(&self, leg: &LegId) {
        self.checks.note(format_args!("ended {leg}"));
        self.legs().entry(leg.clone()).or_default().has_ended = true;
    }

    /// Whether a leg is known and has not ended.
    pub(crate) fn is_live(&self, leg: &LegId) -> bool {
        self.legs().get(leg).is_some_and(|leg| leg.state.is_some() && !leg.has_ended)
    }

    pub(crate) fn has_ended(&self, leg: &LegId) -> bool {
        self.legs().get(leg).is_some_and(|leg| leg.has_ended)
    }

    /// Whether a correction of the leg is durable.
    pub(crate) fn is_corrected(&self, leg: &LegId) -> bool {
        self.state(leg).is_some_and(|state| !state.corrections.is_empty())
    }

    /// The last durable state of the leg.
    pub(crate) fn state(&self, leg: &LegId) -> Option<Arc<Flight>> {
        self.legs().get(leg).and_then(|leg| leg.state.clone())
    }

    /// The live legs with their states.
    pub(crate) fn live(&self) -> Vec<Arc<Flight>> {
        self.legs().values().filter(|leg| !leg.has_ended).filter_map(|leg| leg.state.clone()).collect()
    }

    /// How many legs were ever known.
    pub(crate) fn legs_len(&self) -> usize {
        self.legs().len()
    }

    /// A client holds this content of a revision.
    pub(crate) fn shown(&self, client: usize, flight: &Value) {
        let (leg, rev) = (flight["leg"].as_str().unwrap_or_default(), flight["rev"].as_u64().unwrap_or(0));
        let Some(id) = LegId::known(leg) else {
            return self.checks.violate(Invariant::ShownIsDurable, format_args!("no leg: {flight}"));
        };
        let mut legs = self.legs();
        let Some(revision) = legs.get_mut(&id).and_then(|leg| leg.revisions.get_mut(&rev)) else {
            let what = format_args!("client {client} sees {leg} revision {rev}, which is not durable");
            return self.checks.violate(Invariant::ShownIsDurable, what);
        };
        let (at, view) = (revision.at, &revision.view);
        let json = revision.json.get_or_insert_with(|| {
            serde_json::from_slice(&wire::flight::flight_json(&id, rev, at, view)).unwrap()
        });
        self.checks.check(
            Invariant::ShownIsDurable,
            json == flight,
            format_args!("client {client} sees of {leg} revision {rev} {flight}, durable is {json}"),
        );
    }

    /// A sender is answered that this report is merged into the leg.
    pub(crate) fn answered(&self, leg: &LegId, report: Report) {
        let mut legs = self.legs();
        let leg = legs.entry(leg.clone()).or_default();
        self.check_absorbed(leg, &report, "when it is answered");
        leg.answered.push(report);
    }

    /// Whether the durable state of the leg already has everything that the report states.
    pub(crate) fn has_absorbed(&self, leg: &LegId, report: &Report) -> bool {
        self.legs().get(leg).is_some_and(|leg| leg.has_ended || leg.absorbs(report))
    }

    fn check_absorbed(&self, leg: &Leg, report: &Report, when: &str) {
        self.checks.check(
            Invariant::AnsweredReportsAreKept,
            leg.has_ended || leg.absorbs(report),
            format_args!(
                "{} observed at {} by {} is not durable {when}",
                report.key.id(),
                report.observed_at,
                report.source.name
            ),
        );
    }

    /// At rest: every answered report is in the durable state, and any order of them leads to it.
    pub(crate) fn check_answered(&self, random: &Random) {
        let legs = self.legs();
        for (id, leg) in legs.iter().filter(|(_, leg)| !leg.has_ended && !leg.answered.is_empty()) {
            let Some(durable) = &leg.state else { continue };
            let mut reports = leg.answered.clone();
            random.shuffle(&mut reports);
            // The leg must be known under its first key before corrections and secondary sources count.
            let founds = |report: &Report| report.source.creates && report.key.id() == *id;
            let Some(first) = reports.iter().position(founds) else { continue };
            reports.swap(0, first);
            let mut merged = Flight::new(reports[0].key);
            for report in &reports {
                let applied = merged.apply(report, durable.changed_at + chrono::TimeDelta::days(30));
                self.checks.check(
                    Invariant::AnyOrderEndsInTheSameState,
                    applied.is_ok(),
                    format_args!("{id}: {applied:?} in another order"),
                );
            }
            merged.overrides = durable.overrides.clone();
            if comparable(&merged) != comparable(durable) {
                // Either a report is missing, or the order matters.
                leg.answered.iter().for_each(|report| self.check_absorbed(leg, report, "at rest"));
                self.checks.violate(
                    Invariant::AnyOrderEndsInTheSameState,
                    format_args!("{id}: another order gives {merged:?}, durable is {durable:?}"),
                );
            }
        }
    }
}

impl Leg {
    fn absorbs(&self, report: &Report) -> bool {
        let Some(state) = &self.state else { return false };
        let mut state = (**state).clone();
        // Whether an override has ended is not the concern of the report.
        state.overrides.clear();
        let now = state.changed_at + chrono::TimeDelta::days(30);
        matches!(state.apply(report, now), Ok(Applied::Unchanged))
    }
}

/// A state without what depends on the order of arrival: revision, time stamps and the creating source.
fn comparable(flight: &Flight) -> Flight {
    let mut flight = Flight { rev: 1, changed_at: DateTime::UNIX_EPOCH, created_by: None, ..flight.clone() };
    for (_, claim) in flight.claims.iter_mut().chain(&mut flight.fallback_claims) {
        claim.received_at = DateTime::UNIX_EPOCH;
    }
    flight
}
