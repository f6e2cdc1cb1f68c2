//! What one source says about one leg at one instant.

use crate::codes::Iata;
use crate::field::{Field, Side, Step, Value};
use crate::flight::{Flight, Refused};
use crate::leg::{Alias, LegKey};
use crate::scope::Scope;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// Who speaks, and how much its word counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// Name from the configuration, such as `jfk`.
    pub name: Arc<str>,
    /// The airport it speaks for, if it is one airport's feed.
    pub airport: Option<Iata>,
    /// 0 to 99, from the configuration. Higher wins where neither is the airport of that side.
    pub rank: u8,
    /// Whether it may make flights known that nobody has spoken of (a primary source), or may
    /// only enrich those that are known (a secondary one).
    pub creates: bool,
    /// What it is believed for.
    pub scope: Scope,
}

impl Source {
    /// Added to the rank of an airport's own feed for the fields of its own side, so that Newark's
    /// word on a departure gate at Newark outweighs anybody else's. Larger than any rank.
    pub const OWN_SIDE_BONUS: u8 = 100;

    /// What a claim weighs that an airport's feed passes on for the other airport: less than any other.
    pub const PASSED_ON: u8 = 0;

    /// What this source's word weighs for `field` of the leg `key`.
    pub fn authority(&self, field: Field, key: &LegKey) -> u8 {
        if self.passes_on(field, key) {
            return Self::PASSED_ON;
        }
        let own = match field.side() {
            Side::Departure => self.airport == Some(key.from),
            Side::Arrival => self.airport == Some(key.to),
            // A flight that one of its ends calls off is off, and only an end knows that it flies.
            Side::Whole => field == Field::Cancelled && self.is_an_end_of(key),
        };
        self.rank.min(Self::OWN_SIDE_BONUS - 1) + if own { Self::OWN_SIDE_BONUS } else { 0 }
    }

    /// Whether its word alone cancels or reinstates the leg `key`: a primary source's, or that of
    /// one of its airports. Anybody else has it from somewhere, or concludes it from silence.
    pub fn may_cancel(&self, key: &LegKey) -> bool {
        self.creates || self.is_an_end_of(key)
    }

    pub(crate) fn is_an_end_of(&self, key: &LegKey) -> bool {
        self.airport.is_some_and(|airport| airport == key.from || airport == key.to)
    }
}

/// What a source itself thinks of a word of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confidence {
    /// What it knows.
    Primary,
    /// What it goes by while it knows nothing better: the gate that is planned, where there is none
    /// in use; the estimate of touchdown, where there is none of being on block.
    Fallback,
}

/// One statement of a field: a value, or that the value is taken away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The field.
    pub field: Field,
    /// `None` takes the value away (AIDX `xsi:nil`, JSON `clear`). A field that is not mentioned
    /// is left as it is.
    pub value: Option<Value>,
}

impl Statement {
    /// Whether merging takes notice of it: a value must fit its field.
    pub(crate) fn counts(&self) -> bool {
        self.value.as_ref().is_none_or(|value| value.fits(self.field))
    }
}

/// What one source says about one leg at one instant. Partial: what is missing did not change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// Who says so.
    pub source: Arc<Source>,
    /// About which leg.
    pub key: LegKey,
    /// Other names of the leg that the source gave.
    pub aliases: Vec<Alias>,
    /// When the source knew it, by the operational clock; the time of receipt where it does not
    /// say. Decides between words of one source, so two messages of a source whose times are
    /// coarse should be told apart by something in the part below the second.
    pub observed_at: DateTime<Utc>,
    /// When the hub got it, by the operational clock.
    pub received_at: DateTime<Utc>,
    /// What it says. A field appears at most once.
    pub statements: Vec<Statement>,
    /// What it says as second best, see [`Confidence`]. A field appears at most once here, too.
    pub fallback_statements: Vec<Statement>,
}

impl Report {
    /// Most statements a report can make of either standing: one for each field.
    pub const STATEMENTS_MAX: usize = Field::TABLE.len();

    /// States a value, over an earlier statement of this report on the same field.
    pub fn set(&mut self, field: Field, value: Value) {
        debug_assert!(value.fits(field), "{field} does not take {value:?}");
        self.state(Confidence::Primary, Statement { field, value: Some(value) });
    }

    /// States that a field has no value any more.
    pub fn clear(&mut self, field: Field) {
        self.state(Confidence::Primary, Statement { field, value: None });
    }

    /// Whether it says anything of a field as its best word.
    pub fn speaks_of(&self, field: Field) -> bool {
        self.statements.iter().any(|statement| statement.field == field)
    }

    /// What it says in either standing.
    pub fn all_statements(&self) -> impl Iterator<Item = (Confidence, &Statement)> {
        let of = |standing| move |statement| (standing, statement);
        let fallback_statements = self.fallback_statements.iter().map(of(Confidence::Fallback));
        self.statements.iter().map(of(Confidence::Primary)).chain(fallback_statements)
    }

    /// States a status word: steps as steps, the rest as the flags they are. A return to the stand
    /// takes the departure's times away too, and is kept when the flight boards again.
    pub fn status(&mut self, status: ReportedStatus) {
        match status {
            ReportedStatus::Step(Step::Returned) => {
                // The attempt is over: its times no longer say where the aircraft is.
                self.clear(Field::DepartureActual);
                self.clear(Field::DepartureAirborne);
                self.set(Field::DepartureReturned, Value::Time(self.observed_at.timestamp()));
                self.set(Field::DepartureStep, Value::Step(Step::Returned));
            }
            ReportedStatus::Step(step) => self.set(step.field(), Value::Step(step)),
            ReportedStatus::Cancelled => self.set(Field::Cancelled, Value::Flag(true)),
            ReportedStatus::Reinstated => self.set(Field::Cancelled, Value::Flag(false)),
            ReportedStatus::Diverted => self.set(Field::Diverted, Value::Flag(true)),
        }
    }

    /// Refuses what cannot have been seen when it was. To accept it would lock out later, true words.
    pub fn check_times(&self, now: DateTime<Utc>) -> Result<(), Refused> {
        let observed_at = self.observed_at;
        let ahead = observed_at - now;
        if ahead > Flight::AHEAD_MAX {
            return Err(Refused::FromTheFuture { observed_at, minutes_ahead: ahead.num_minutes() });
        }
        for (_, statement) in self.all_statements().filter(|(_, s)| s.field.is_event()) {
            let Some(Value::Time(seconds)) = statement.value else { continue };
            let Some(at) = DateTime::from_timestamp(seconds, 0) else { continue };
            let after = at - observed_at;
            if after > Flight::AHEAD_MAX {
                let (field, minutes_after) = (statement.field, after.num_minutes());
                return Err(Refused::NotYet { field, at, observed_at, minutes_after });
            }
        }
        Ok(())
    }

    /// States something in either standing, over an earlier statement of the same standing on the
    /// same field.
    pub fn state(&mut self, standing: Confidence, statement: Statement) {
        let statements = match standing {
            Confidence::Primary => &mut self.statements,
            Confidence::Fallback => &mut self.fallback_statements,
        };
        match statements.iter_mut().find(|s| s.field == statement.field) {
            Some(earlier) => *earlier = statement,
            None => statements.push(statement),
        }
    }
}

/// A status as reports word it. What is shown is derived from all that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportedStatus {
    /// A step of the flight's life.
    Step(Step),
    /// Cancelled.
    Cancelled,
    /// A cancellation taken back.
    Reinstated,
    /// Diverted.
    Diverted,
}

impl ReportedStatus {
    /// The words a report may use.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "cancelled" => Some(Self::Cancelled),
            "reinstated" => Some(Self::Reinstated),
            "diverted" => Some(Self::Diverted),
            _ => Step::parse(word).map(Self::Step),
        }
    }
}
