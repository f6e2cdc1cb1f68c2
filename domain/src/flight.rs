//! The merged state of one leg.
//!
//! Of each field the last word of each source is kept, and what is shown is worked out from all of
//! them. Keeping the newest word of each is a join, and working out is a pure function, so any
//! order, repetition and interleaving of the same reports ends in the same state.
//!
//! The rules, in the order in which they apply to one field:
//!
//! 1. An operator's override, until it ends.
//! 2. Of one source, the newest word by its own time. Two words of one instant cannot be put in
//!    order; then a value beats a clear, and the greater value the lesser (of two steps the later
//!    in a flight's life). A source whose times are coarse should be decoded with what tells its
//!    messages apart in the part below the second, as AIDX's are with `SequenceNmbr`. A source that
//!    has nothing of the sort may see a correction within one second come to nothing.
//! 3. Some of its words a source itself calls second best ([`crate::report::Confidence`]): the gate that
//!    is planned beside the gate in use. They are kept beside its best, and weigh less than it
//!    however new they are; between sources, authority comes first.
//! 4. A value that a word of at least its weight has cleared since does not count. (A source that at
//!    one instant clears its best and states its second best goes by the latter.) What a
//!    weaker one says *after* a clear does: a clear says "I no longer know", so that an airport
//!    whose feed is full of nulls does not silence those who do know.
//! 5. Of the values that count, that of the highest authority, then the best before the second best,
//!    then the newest, then the source whose name is last.
//!
//! What is missing from a report changes nothing.
//!
//! Who may cancel, and what ends a cancellation, is at the head of `cancellation`, and what ends a
//! diversion at that of `diversion`; how a source ends its own of both, at that of `operating`. A clear of either takes back the source's own word alone.
//!
//! ## Any order
//!
//! A leg is made known by a primary source; what a secondary source says before that is refused and
//! not kept, as a hub would otherwise fill with flights that nobody operates. So "any order" holds for
//! all reports of primary sources, and for those of secondary ones from the leg's first revision on.
//! A secondary source whose report came too early is heard when it next speaks of the field.
//!
//! Silence is not a statement. A stronger source that has said nothing for long keeps its word: an
//! airport that pushes changes says "gate 14" once and is right about it all day, and from one leg
//! alone nobody can tell that from a feed that is down. That a feed is down is seen where it is
//! known, in the feed's health ([`crate::feed_health`]): listeners are told so beside the flights, and an
//! operator can take fields over until it is back.

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

/// What came of a report or an override.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Applied {
    /// Stale or repeated: nothing was changed.
    Unchanged,
    /// What is shown stays, but a source has confirmed it anew. Worth keeping, as an older
    /// statement that arrives later must still lose; worth telling nobody.
    Confirmed,
    /// What is shown has changed.
    Changed(Change),
}

/// Why a report cannot be applied to a flight at all.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// A secondary source spoke of a flight nobody knows.
    #[error("this source may only add to flights that are known, and {0} is not")]
    UnknownFlight(LegId),
    /// The source's clock or zone is wrong; accepting it would lock out later, true statements.
    #[error("observed_at {observed_at} lies {minutes_ahead} minutes in the future")]
    FromTheFuture {
        /// As reported.
        observed_at: DateTime<Utc>,
        /// By how much, in minutes of the operational clock.
        minutes_ahead: i64,
    },
    /// Something is said to have happened after it was seen: the times are in a wrong zone, or an
    /// estimate was sent as a fact.
    #[error("{field}: {at} lies {minutes_after} minutes after {observed_at}, when it was observed")]
    NotYet {
        /// The field.
        field: Field,
        /// When it is said to have happened.
        at: DateTime<Utc>,
        /// As reported.
        observed_at: DateTime<Utc>,
        /// By how much, in minutes.
        minutes_after: i64,
    },
}

/// The merged state of one leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flight {
    /// Opaque identifier.
    pub leg: LegId,
    /// The natural key under which it became known. [`Flight::shown_key`] has the corrections.
    pub key: LegKey,
    /// 0 before the first change, then one more with each.
    pub rev: u64,
    /// When the last change was made, by the operational clock.
    pub changed_at: DateTime<Utc>,
    /// The last word of each source on each field, in the order of the fields and then of the
    /// sources' names.
    pub claims: Vec<(Field, Claim)>,
    /// The same of what sources call their second best, which is rare.
    pub fallback_claims: Vec<(Field, Claim)>,
    /// Overrides that have not ended, at most one a field.
    pub overrides: Vec<Override>,
    /// Other names, sorted.
    pub aliases: Vec<Alias>,
    /// The source that made it known. `None` where it was stored before that was noted.
    pub created_by: Option<Arc<str>>,
    /// The keys of sources that have corrected it, in the order of their names.
    pub corrections: Vec<Correction>,
}

impl Flight {
    /// How far a source's clock may run ahead of the hub's, and what happened ahead of the source's,
    /// before a report is refused.
    pub const AHEAD_MAX: TimeDelta = TimeDelta::minutes(15);

    /// A leg of which nothing is known yet.
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

    /// Merges a report. `now` is the operational clock's instant and stamps the change; overrides
    /// that have ended by then no longer count.
    pub fn apply(&mut self, report: &Report, now: DateTime<Utc>) -> Result<Applied, Refused> {
        if self.rev == 0 && !report.source.creates {
            return Err(Refused::UnknownFlight(self.leg.clone()));
        }
        report.check_times(now)?;
        let before = self.shown();
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

    /// Takes a field over by hand until `order.until`. A later order on the same field replaces
    /// the earlier; one whose end is not after `now` gives the field back to the sources. Of a leg
    /// that no source has spoken of there is nothing to take over.
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

    /// Ends the overrides whose time is up. Call it at [`Flight::next_override_end`].
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

    /// When the hub may forget this leg: a day after the last time in force, or two days after the
    /// start (in UTC) of its origin date where no time is known. A time that is days off its
    /// origin date is a mistake of its source: it counts as the origin date's start or, where
    /// later, as three days after it, so that a leg is neither forgotten at birth nor kept for ever.
    pub fn retires_at(&self) -> DateTime<Utc> {
        let days_after = |at: DateTime<Utc>, days| {
            at.checked_add_signed(TimeDelta::days(days)).unwrap_or(DateTime::<Utc>::MAX_UTC)
        };
        let day = self.shown_key().origin_date.and_time(chrono::NaiveTime::MIN).and_utc();
        let fields = Field::TABLE.iter().filter(|(_, _, kind, _)| *kind == FieldKind::Time);
        let last = fields.filter_map(|(field, ..)| self.time(*field)).max().unwrap_or(days_after(day, 1));
        days_after(last.clamp(day, days_after(day, 3)), 1)
    }

    /// The value in force: an override's, or the strongest that counts of what sources say.
    pub fn value(&self, field: Field) -> Option<&Value> {
        Some(self.in_force(field)?.value)
    }

    /// What the public sees.
    pub fn view(&self) -> FlightView {
        FlightView::of(self)
    }

    /// The doubtful times, each with the reason and with the source of the value in force.
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

    /// The instant in force of a time field.
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

    /// The strongest of the second-best words that count, unless a person has taken the field over.
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

    /// The word in force of a field among those of sources, whatever an operator has set.
    pub(crate) fn source_claim(&self, field: Field) -> Option<InForce<'_>> {
        match field {
            // What is said of it by those who may not is a rumour, see `cancellation`. Of a diversion
            // nobody has a second best, and that one does not know of it is no word against another's.
            Field::Cancelled | Field::Diverted | Field::DivertedTo => {
                strongest_own(self.claims_on(field), |claim| self.counts(field, claim))
            }
            _ => strongest(self.claims_on(field), self.fallback_claims_on(field), |claim| {
                self.counts(field, claim)
            })
            .filter(|word| word.authority > Source::PASSED_ON || self.may_be_passed_on(field)),
        }
    }

    /// Whether a claim counts, as far as corrections of the route go.
    pub(crate) fn counts(&self, field: Field, claim: &Claim) -> bool {
        self.corrections.is_empty() || self.is_of_shown_route(field, claim)
    }

    /// Whether a claim counts that the other airport only passes on: planned times do until somebody says
    /// otherwise, movements until the airport itself speaks of its side.
    fn may_be_passed_on(&self, field: Field) -> bool {
        let is_own = |(f, claim): &(Field, Claim)| {
            f.side() == field.side() && claim.authority >= Source::OWN_SIDE_BONUS
        };
        !is_movement(field) || !self.claims.iter().any(is_own)
    }

    /// The last best word of each source on a field.
    pub(crate) fn claims_on(&self, field: Field) -> &[(Field, Claim)] {
        &self.claims[range_of(&self.claims, field)]
    }

    fn shown(&self) -> Option<FlightView> {
        (self.rev > 0).then(|| self.view())
    }

    /// Takes one statement in. Whether anything was changed from it.
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
            // Which list keeps it depends on who the source is, and that may have been set otherwise, or
            // not have mattered, when the state was stored.
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

    /// Compares with the view before, and gives the leg its next revision if that differs.
    fn finish(&mut self, before: Option<FlightView>, now: DateTime<Utc>, source: &Arc<str>) -> Applied {
        let after = self.view();
        if before.as_ref() == Some(&after) {
            return Applied::Confirmed;
        }
        self.rev += 1;
        // The clock of another node, or a replayed one, may be behind the last stamp.
        self.changed_at = now.max(self.changed_at);
        Applied::Changed(Change {
            leg: self.leg.clone(),
            rev: self.rev,
            at: self.changed_at,
            kinds: kinds_between(before.as_ref(), &after),
            source: source.clone(),
            before: before.map(Arc::new),
            after: Arc::new(after),
        })
    }
}
