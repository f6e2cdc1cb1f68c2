//! The merged state of one leg.
//!
//! For each field, the state keeps the newest claim of every source. The value in force is computed from
//! all of them. Keeping the newest claim is a join and the computation is a pure function, so the same
//! reports in any order, repeated or interleaved, lead to the same state.
//!
//! These rules apply to one field, in this order:
//!
//! 1. An operator's override wins until it ends.
//! 2. Within one source, the claim with the newest `observed_at` wins. If two claims have the same
//!    `observed_at`, a value beats a clear and the greater value beats the lesser (for steps, the later
//!    step). A decoder of a format with coarse times should order messages below the second, as AIDX does
//!    with `SequenceNmbr`. Otherwise a correction within one second can be lost.
//! 3. A source can mark a claim as a fallback ([`crate::report::Confidence`]), such as a planned gate
//!    beside the gate in use. Fallback claims are kept separately. They weigh less than the same source's
//!    primary claims, however new they are. Between sources, authority comes first.
//! 4. A clear removes every value of at most its own weight that was observed before it. If one source
//!    clears its primary claim and states a fallback at the same instant, the fallback counts. A weaker
//!    source that states a value *after* a clear counts: a clear means "I no longer know", so an airport
//!    whose feed is full of nulls does not silence better informed sources.
//! 5. Of the remaining values the one with the highest authority wins, then primary before fallback, then
//!    the newest, then the source whose name sorts last.
//!
//! A field that a report does not mention does not change.
//!
//! The modules `cancellation`, `diversion` and `operating` state who may cancel or divert a flight and what
//! ends either. A clear of a cancellation or diversion removes only the source's own claim.
//!
//! ## Any order
//!
//! Only a primary source creates a leg. Reports of secondary sources before that are refused and not
//! stored; otherwise the hub would fill with flights that do not operate. "Any order" therefore holds for
//! all reports of primary sources, and for reports of secondary sources from the first revision on. A
//! secondary source that reported too early is heard at its next report on the field.
//!
//! Silence is not a statement. A source that has not reported for a long time keeps its claims: an airport
//! that pushes changes sends "gate 14" once, and it stays true all day. One leg alone cannot show whether
//! its feed is down. [`crate::feed_health`] shows it: clients see it beside the flights, and an operator
//! can set overrides until the feed is back.

use crate::change::{Change, kinds_between};
use crate::claim::{InForce, range_of, record, record_sole, strongest, strongest_own};
use crate::correction::Correction;
use crate::field::{Field, FieldKind, Value};
use crate::leg::{Alias, LegId, LegKey, keep_smallest};
use crate::report::{Confidence, Report, Source, Statement};
use crate::scope::is_movement;
use crate::steps;
use crate::view::{Doubt, FlightView, doubts};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;

pub use crate::claim::Claim;
pub use crate::manual_override::{Override, OverrideRefused};

/// The result of a report or an override.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Applied {
    /// The report is stale or repeated. The state did not change.
    Unchanged,
    /// A source confirmed the displayed state. The state must be stored, because an older statement that
    /// arrives later must still lose. Clients are not notified.
    Confirmed,
    /// The displayed state changed.
    Changed(Change),
}

/// Why a report cannot be applied.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// A secondary source reported on an unknown flight.
    #[error("this source may only add to flights that are known, and {0} is not")]
    UnknownFlight(LegId),
    /// The source's clock or zone is wrong. Accepting the report would block later, correct statements.
    #[error("observed_at {observed_at} lies {minutes_ahead} minutes in the future")]
    FromTheFuture {
        /// As reported.
        observed_at: DateTime<Utc>,
        /// The difference in minutes of the operational clock.
        minutes_ahead: i64,
    },
    /// An event lies after its observation: a time has the wrong zone, or an estimate was sent as a fact.
    #[error("{field}: {at} lies {minutes_after} minutes after {observed_at}, when it was observed")]
    NotYet {
        /// The field.
        field: Field,
        /// The reported time of the event.
        at: DateTime<Utc>,
        /// As reported.
        observed_at: DateTime<Utc>,
        /// The difference in minutes.
        minutes_after: i64,
    },
}

/// The merged state of one leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flight {
    /// Opaque identifier.
    pub leg: LegId,
    /// The natural key under which the leg was created. [`Flight::shown_key`] includes corrections.
    pub key: LegKey,
    /// 0 before the first change. Each change adds one.
    pub rev: u64,
    /// When the last change was made, by the operational clock.
    pub changed_at: DateTime<Utc>,
    /// The newest primary claim of each source on each field, ordered by field and then by source.
    pub claims: Vec<(Field, Claim)>,
    /// The newest fallback claim of each source on each field, in the same order. Rare.
    pub fallback_claims: Vec<(Field, Claim)>,
    /// Overrides that have not ended, at most one per field.
    pub overrides: Vec<Override>,
    /// Other names, sorted.
    pub aliases: Vec<Alias>,
    /// The source that created the leg. `None` in states that were stored before this was recorded.
    pub created_by: Option<Arc<str>>,
    /// The corrected keys, at most one per source, ordered by source.
    pub corrections: Vec<Correction>,
}

impl Flight {
    /// The tolerance for clocks that run ahead: of a source against the hub, and of an event against its
    /// observation.
    pub const AHEAD_MAX: TimeDelta = TimeDelta::minutes(15);

    /// A leg without any claims.
    pub fn new(key: LegKey) -> Self {
        Self {
            leg: key.id(),
            key,
            rev: 0,
            changed_at: DateTime::UNIX_EPOCH,
            claims: Vec::new(),
            fallback_claims: Vec::new(),
            overrides: Vec::new(),
            aliases: Vec::new(),
            created_by: None,
            corrections: Vec::new(),
        }
    }

    /// Merges a report. `now` is the operational time and stamps the change. Overrides that have ended by
    /// then no longer count.
    pub fn apply(&mut self, report: &Report, now: DateTime<Utc>) -> Result<Applied, Refused> {
        self.apply_to_shown(self.shown(), report, now)
    }

    /// [`Flight::apply`] for a caller that keeps the view of this state, so that it is not derived again.
    /// `before` must be that view; it is `None` at revision 0 only.
    pub fn apply_to_shown(
        &mut self,
        before: Option<Arc<FlightView>>,
        report: &Report,
        now: DateTime<Utc>,
    ) -> Result<Applied, Refused> {
        debug_assert_eq!(before, self.shown(), "the view of another state of {}", self.leg);
        if self.rev == 0 && !report.source.creates {
            return Err(Refused::UnknownFlight(self.leg.clone()));
        }
        report.check_times(now)?;
        if self.rev == 0 {
            self.created_by.get_or_insert_with(|| report.source.name.clone());
        }
        let mut changed = self.end_overrides(now);
        changed |= self.add_aliases(&report.aliases);
        changed |= self.merge_key(report);
        for (standing, statement) in report.all_statements().filter(|(_, s)| s.counts()) {
            match statement.field {
                Field::DepartureStep => {
                    for said in steps::statements_of(statement.value.as_ref(), report.observed_at) {
                        changed |= self.merge_statement(report, standing, &said);
                    }
                }
                _ => changed |= self.merge_statement(report, standing, statement),
            }
        }
        if before.is_some() && !changed {
            return Ok(Applied::Unchanged);
        }
        Ok(self.finish(before, now, &report.source.name))
    }

    /// Sets an override until `order.until` and replaces an earlier one on the same field. If `until` is
    /// not after `now`, the call removes the override. A leg without a revision has nothing to override.
    pub fn set_override(&mut self, order: Override, now: DateTime<Utc>) -> Applied {
        let Some(before) = self.shown() else {
            return Applied::Unchanged;
        };
        let earlier = self.overrides.clone();
        let set_by = order.set_by.clone();
        self.end_overrides(now);
        self.overrides.retain(|o| o.field != order.field);
        if order.until > now {
            self.overrides.push(order);
            self.overrides.sort_by_key(|o| o.field);
        }
        if self.overrides == earlier {
            return Applied::Unchanged;
        }
        self.finish(Some(before), now, &set_by)
    }

    /// Removes overrides that have ended. Call it at [`Flight::next_override_end`].
    pub fn expire_overrides(&mut self, now: DateTime<Utc>) -> Applied {
        let before = self.shown();
        if !self.end_overrides(now) {
            return Applied::Unchanged;
        }
        self.finish(before, now, &"override ended".into())
    }

    /// When the next override ends, if there is one.
    pub fn next_override_end(&self) -> Option<DateTime<Utc>> {
        self.overrides.iter().map(|o| o.until).min()
    }

    /// When the hub may drop this leg from the live state: one day after the latest time in force, or two
    /// days after the start (UTC) of the origin date if no time is known. A time that lies days off the
    /// origin date is a mistake of its source. It is clamped between the start of the origin date and three
    /// days later, so the leg is neither dropped at once nor kept for ever.
    pub fn retires_at(&self) -> DateTime<Utc> {
        let days_after = |at: DateTime<Utc>, days| {
            at.checked_add_signed(TimeDelta::days(days)).unwrap_or(DateTime::<Utc>::MAX_UTC)
        };
        let day = self.shown_key().origin_date.and_time(chrono::NaiveTime::MIN).and_utc();
        let fields = Field::TABLE.iter().filter(|(_, _, kind, _)| *kind == FieldKind::Time);
        let last = fields.filter_map(|(field, ..)| self.time(*field)).max().unwrap_or(days_after(day, 1));
        days_after(last.clamp(day, days_after(day, 3)), 1)
    }

    /// The value in force: the override, or else the strongest claim.
    pub fn value(&self, field: Field) -> Option<&Value> {
        Some(self.in_force(field)?.value)
    }

    /// The state as clients see it.
    pub fn view(&self) -> FlightView {
        FlightView::of(self)
    }

    /// The doubtful times, each with the reason and the claim in force.
    pub fn doubts(&self) -> Vec<(Field, Doubt, Option<Claim>)> {
        let view = self.view();
        let reached = (steps::departure_step(self), steps::arrival_step(self));
        let doubts = doubts(self, &view.departure, &view.arrival, reached);
        let of = |field| {
            let word = self.in_force(field)?;
            let mut all =
                self.claims_on(field).iter().chain(self.fallback_claims_on(field)).map(|(_, claim)| claim);
            all.find(|claim| claim.source == *word.source && claim.value.as_ref() == Some(word.value))
                .cloned()
        };
        doubts.into_iter().map(|(field, why)| (field, why, of(field))).collect()
    }

    /// The value in force of a time field.
    pub(crate) fn time(&self, field: Field) -> Option<DateTime<Utc>> {
        match self.value(field) {
            Some(Value::Time(seconds)) => DateTime::from_timestamp(*seconds, 0),
            _ => None,
        }
    }

    pub(crate) fn in_force(&self, field: Field) -> Option<InForce<'_>> {
        if let Some(order) = self.override_of(field) {
            let Override { value, set_by, set_at, .. } = order;
            let authority = u8::MAX;
            return Some(InForce { value: value.as_ref()?, authority, source: set_by, observed_at: *set_at });
        }
        self.source_claim(field)
    }

    /// The strongest fallback claim that counts, unless the field has an override.
    pub(crate) fn fallback_in_force(&self, field: Field) -> Option<InForce<'_>> {
        self.override_of(field)
            .is_none()
            .then(|| strongest(&[], self.fallback_claims_on(field), |claim| self.counts(field, claim)))
            .flatten()
    }

    pub(crate) fn fallback_claims_on(&self, field: Field) -> &[(Field, Claim)] {
        &self.fallback_claims[range_of(&self.fallback_claims, field)]
    }

    pub(crate) fn override_of(&self, field: Field) -> Option<&Override> {
        self.overrides.iter().find(|order| order.field == field)
    }

    /// The strongest claim of any source, ignoring overrides.
    pub(crate) fn source_claim(&self, field: Field) -> Option<InForce<'_>> {
        match field {
            // A cancellation by a source that may not cancel alone is kept as a fallback claim, see
            // `cancellation`. Diversions have no fallback, and a clear of one source does not cancel the
            // claim of another.
            Field::Cancelled | Field::Diverted | Field::DivertedTo => {
                strongest_own(self.claims_on(field), |claim| self.counts(field, claim))
            }
            _ => strongest(self.claims_on(field), self.fallback_claims_on(field), |claim| {
                self.counts(field, claim)
            })
            .filter(|word| word.authority > Source::PASSED_ON || self.may_be_passed_on(field)),
        }
    }

    /// Whether a claim counts after corrections of the route.
    pub(crate) fn counts(&self, field: Field, claim: &Claim) -> bool {
        self.corrections.is_empty() || self.is_of_shown_route(field, claim)
    }

    /// Whether a claim passed on by the other airport counts: a planned time until another source states
    /// one, a movement until the airport itself reports on its side.
    fn may_be_passed_on(&self, field: Field) -> bool {
        let is_own = |(f, claim): &(Field, Claim)| {
            f.side() == field.side() && claim.authority >= Source::OWN_SIDE_BONUS
        };
        !is_movement(field) || !self.claims.iter().any(is_own)
    }

    /// The primary claims on a field, one per source.
    pub(crate) fn claims_on(&self, field: Field) -> &[(Field, Claim)] {
        &self.claims[range_of(&self.claims, field)]
    }

    fn shown(&self) -> Option<Arc<FlightView>> {
        (self.rev > 0).then(|| Arc::new(self.view()))
    }

    /// Merges one statement. Returns whether the state changed.
    fn merge_statement(&mut self, report: &Report, standing: Confidence, statement: &Statement) -> bool {
        let Statement { field, value } = statement;
        let claim = Claim {
            value: value.clone(),
            authority: report.source.authority(*field, &report.key),
            source: report.source.name.clone(),
            secondary: !report.source.creates,
            observed_at: report.observed_at,
            received_at: report.received_at,
        };
        let is_rumour = *field == Field::Cancelled && !report.source.may_cancel(&report.key);
        let (words, others) = match standing {
            Confidence::Primary if !is_rumour => (&mut self.claims, &mut self.fallback_claims),
            Confidence::Primary | Confidence::Fallback => (&mut self.fallback_claims, &mut self.claims),
        };
        if *field == Field::Cancelled {
            // Which list holds the claim depends on the source's configuration, which may have changed
            // since the state was stored.
            return record_sole(words, others, *field, claim);
        }
        record(words, *field, claim)
    }

    fn end_overrides(&mut self, now: DateTime<Utc>) -> bool {
        let count = self.overrides.len();
        self.overrides.retain(|o| o.until > now);
        count != self.overrides.len()
    }

    fn add_aliases(&mut self, aliases: &[Alias]) -> bool {
        let before = self.aliases.clone();
        for alias in aliases {
            if let Err(at) = self.aliases.binary_search(alias) {
                self.aliases.insert(at, alias.clone());
            }
        }
        keep_smallest(&mut self.aliases);
        before != self.aliases
    }

    /// Compares with the view before, and raises the revision if the view differs.
    fn finish(&mut self, before: Option<Arc<FlightView>>, now: DateTime<Utc>, source: &Arc<str>) -> Applied {
        let after = self.view();
        if before.as_deref() == Some(&after) {
            return Applied::Confirmed;
        }
        self.rev += 1;
        // The clock of another node or of a replay may be behind the last stamp.
        self.changed_at = now.max(self.changed_at);
        Applied::Changed(Change {
            leg: self.leg.clone(),
            rev: self.rev,
            at: self.changed_at,
            kinds: kinds_between(before.as_deref(), &after),
            source: source.clone(),
            before,
            after: Arc::new(after),
        })
    }
}
