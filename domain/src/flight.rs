//! The merged state of one leg.
//!
//! For each field the strongest statement is kept: the higher authority wins, then the newer
//! source time, then, so that the outcome never depends on the order of arrival, the source's name
//! and the value itself. That makes merging a join: any order, repetition and interleaving of the
//! same reports ends in the same state. What is missing from a report changes nothing; what is
//! cleared is a statement like any other.

use crate::change::{Change, kinds_between};
use crate::field::{Field, Value};
use crate::leg::{ALIASES_MAX, Alias, LegId, LegKey};
use crate::report::Report;
use crate::view::FlightView;
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;

/// The strongest statement on one field so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// The value, or `None` where the strongest statement took it away.
    pub value: Option<Value>,
    /// Weight of the source's word on this field, see [`crate::report::Source::authority`].
    pub authority: u8,
    /// Who said so.
    pub source: Arc<str>,
    /// When the source knew it.
    pub observed_at: DateTime<Utc>,
    /// When the hub got it; kept for the record, never compared.
    pub received_at: DateTime<Utc>,
}

impl Held {
    /// Whether this statement outweighs `other`. A strict order on everything but `received_at`.
    fn outweighs(&self, other: &Self) -> bool {
        let rank = |held: &Self| (held.authority, held.observed_at);
        rank(self)
            .cmp(&rank(other))
            .then_with(|| self.source.cmp(&other.source))
            .then_with(|| self.value.cmp(&other.value))
            .is_gt()
    }
}

/// A value set by hand over what the sources say, until it ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Override {
    /// The field taken over.
    pub field: Field,
    /// What to show, `None` for nothing.
    pub value: Option<Value>,
    /// Who set it.
    pub set_by: Arc<str>,
    /// When it was set.
    pub set_at: DateTime<Utc>,
    /// When the sources count again.
    pub until: DateTime<Utc>,
}

/// What came of a report or an override.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Applied {
    /// Stale or repeated: nothing was learnt.
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
}

/// The merged state of one leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flight {
    /// Opaque identifier.
    pub leg: LegId,
    /// Natural key.
    pub key: LegKey,
    /// 0 before the first change, then one more with each.
    pub rev: u64,
    /// When the last change was made, by the operational clock.
    pub changed_at: DateTime<Utc>,
    /// What is held of each field that was ever spoken of, in the order of the fields.
    pub held: Vec<(Field, Held)>,
    /// Overrides that have not ended, at most one a field.
    pub overrides: Vec<Override>,
    /// Other names, sorted.
    pub aliases: Vec<Alias>,
}

impl Flight {
    /// How far a source's clock may run ahead of the hub's before its report is refused.
    pub const AHEAD_MAX: TimeDelta = TimeDelta::minutes(15);

    /// A leg of which nothing is known yet.
    pub fn new(key: LegKey) -> Self {
        Self {
            leg: key.id(),
            key,
            rev: 0,
            changed_at: DateTime::UNIX_EPOCH,
            held: Vec::new(),
            overrides: Vec::new(),
            aliases: Vec::new(),
        }
    }

    /// Merges a report. `now` is the operational clock's instant and stamps the change.
    pub fn apply(&mut self, report: &Report, now: DateTime<Utc>) -> Result<Applied, Refused> {
        if self.rev == 0 && !report.source.creates {
            return Err(Refused::UnknownFlight(self.leg.clone()));
        }
        let ahead = report.observed_at - now;
        if ahead > Self::AHEAD_MAX {
            let minutes_ahead = ahead.num_minutes();
            return Err(Refused::FromTheFuture { observed_at: report.observed_at, minutes_ahead });
        }
        let before = (self.rev > 0).then(|| self.view());
        let mut learnt = self.add_aliases(&report.aliases);
        for statement in &report.statements {
            learnt |= self.hold(
                statement.field,
                Held {
                    value: statement.value.clone(),
                    authority: report.source.authority(statement.field, &self.key),
                    source: report.source.name.clone(),
                    observed_at: report.observed_at,
                    received_at: report.received_at,
                },
            );
        }
        if before.is_some() && !learnt {
            return Ok(Applied::Unchanged);
        }
        Ok(self.settle(before, now, &report.source.name))
    }

    /// Takes a field over by hand until `order.until`. A later order on the same field replaces
    /// the earlier.
    pub fn take_over(&mut self, order: Override, now: DateTime<Utc>) -> Applied {
        let before = (self.rev > 0).then(|| self.view());
        let set_by = order.set_by.clone();
        self.overrides.retain(|o| o.field != order.field);
        if order.until > now {
            self.overrides.push(order);
            self.overrides.sort_by_key(|o| o.field);
        }
        self.settle(before, now, &set_by)
    }

    /// Ends the overrides whose time is up. Call it at [`Flight::next_lapse`].
    pub fn lapse(&mut self, now: DateTime<Utc>) -> Applied {
        if self.overrides.iter().all(|o| o.until > now) {
            return Applied::Unchanged;
        }
        let before = (self.rev > 0).then(|| self.view());
        self.overrides.retain(|o| o.until > now);
        self.settle(before, now, &"override ended".into())
    }

    /// When the next override ends, if there is one.
    pub fn next_lapse(&self) -> Option<DateTime<Utc>> {
        self.overrides.iter().map(|o| o.until).min()
    }

    /// When the hub may forget this leg: a day after the last time known of it, or two days after
    /// the start of its origin date where no time is known.
    pub fn retires_at(&self) -> DateTime<Utc> {
        let day = self.key.origin_date.and_time(chrono::NaiveTime::MIN).and_utc();
        let times = self.held.iter().filter_map(|(_, held)| match held.value {
            Some(Value::Time(seconds)) => DateTime::from_timestamp(seconds, 0),
            _ => None,
        });
        let last = times.max().unwrap_or(day + TimeDelta::days(1));
        // A time that is days off is a mistake of its source, and must not keep the leg for ever.
        last.min(day + TimeDelta::days(3)) + TimeDelta::days(1)
    }

    /// The value in force: an override's, or the strongest statement's.
    pub fn value(&self, field: Field) -> Option<&Value> {
        if let Some(order) = self.overrides.iter().find(|o| o.field == field) {
            return order.value.as_ref();
        }
        let at = self.held.binary_search_by_key(&field, |(f, _)| *f).ok()?;
        self.held[at].1.value.as_ref()
    }

    /// What the public sees.
    pub fn view(&self) -> FlightView {
        FlightView::of(self)
    }

    fn hold(&mut self, field: Field, held: Held) -> bool {
        match self.held.binary_search_by_key(&field, |(f, _)| *f) {
            Ok(at) if held.outweighs(&self.held[at].1) => self.held[at].1 = held,
            Ok(_) => return false,
            Err(at) => self.held.insert(at, (field, held)),
        }
        true
    }

    fn add_aliases(&mut self, aliases: &[Alias]) -> bool {
        let before = self.aliases.clone();
        for alias in aliases {
            if let Err(at) = self.aliases.binary_search(alias) {
                self.aliases.insert(at, alias.clone());
            }
        }
        self.aliases.truncate(ALIASES_MAX);
        before != self.aliases
    }

    /// Compares with the view before, and gives the leg its next revision if that differs.
    fn settle(&mut self, before: Option<FlightView>, now: DateTime<Utc>, source: &Arc<str>) -> Applied {
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
