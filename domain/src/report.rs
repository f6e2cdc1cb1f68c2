//! Reports: what one source states about one leg at one instant.

use crate::codes::Iata;
use crate::field::{Field, Side, Step, Value};
use crate::flight::{Flight, Refused};
use crate::leg::{Alias, LegKey};
use crate::scope::Scope;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// A source of reports and its weight.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// Name from the configuration, such as `jfk`.
    pub name: Arc<str>,
    /// The airport that it speaks for, if the feed belongs to one airport.
    pub airport: Option<Iata>,
    /// 0 to 99, from the configuration. The higher rank wins between sources that are not the airport of
    /// the side in question.
    pub rank: u8,
    /// Whether the source may create legs (a primary source) or only add to existing ones (a secondary
    /// source).
    pub creates: bool,
    /// Which flights and fields the source may report on.
    pub scope: Scope,
}

impl Source {
    /// Added to an airport's rank for the fields of its own side. Larger than any rank, so Newark's claim
    /// on a departure gate at Newark outweighs every other source.
    pub const OWN_SIDE_BONUS: u8 = 100;

    /// The authority of values that an airport's feed passes on for the other airport: the lowest.
    pub const PASSED_ON: u8 = 0;

    /// The weight of this source for `field` of the leg `key`.
    pub fn authority(&self, field: Field, key: &LegKey) -> u8 {
        if self.passes_on(field, key) {
            return Self::PASSED_ON;
        }
        let own = match field.side() {
            Side::Departure => self.airport == Some(key.from),
            Side::Arrival => self.airport == Some(key.to),
            // The departure and arrival airports decide over cancellations.
            Side::Whole => field == Field::Cancelled && self.is_an_end_of(key),
        };
        self.rank.min(Self::OWN_SIDE_BONUS - 1) + if own { Self::OWN_SIDE_BONUS } else { 0 }
    }

    /// Whether the source can cancel or reinstate the leg alone: primary sources and the leg's airports
    /// can. Other sources repeat it or infer it from missing data.
    pub fn may_cancel(&self, key: &LegKey) -> bool {
        self.creates || self.is_an_end_of(key)
    }

    pub(crate) fn is_an_end_of(&self, key: &LegKey) -> bool {
        self.airport.is_some_and(|airport| airport == key.from || airport == key.to)
    }
}

/// How a source rates its own statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confidence {
    /// The value that the source knows.
    Primary,
    /// The value that the source uses as long as it has no better one: the planned gate without a gate in
    /// use, the estimate of touchdown without one of on-block.
    Fallback,
}

/// One statement on a field: a value or a clear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// The field.
    pub field: Field,
    /// `None` clears the value (AIDX `xsi:nil`, JSON `clear`). A field that a report does not mention does
    /// not change.
    pub value: Option<Value>,
}

impl Statement {
    /// Whether merging uses the statement: a value must fit its field.
    pub(crate) fn counts(&self) -> bool {
        self.value.as_ref().is_none_or(|value| value.fits(self.field))
    }
}

/// What one source states about one leg at one instant. Reports are partial: a missing field did not
/// change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The source.
    pub source: Arc<Source>,
    /// The leg.
    pub key: LegKey,
    /// Other names that the source gave for the leg.
    pub aliases: Vec<Alias>,
    /// When the source observed it, by the operational clock; the time of receipt if the source gives none.
    /// It orders the claims of one source, so a decoder should tell two messages with the same coarse time
    /// apart below the second.
    pub observed_at: DateTime<Utc>,
    /// When the hub received it, by the operational clock.
    pub received_at: DateTime<Utc>,
    /// The primary statements, at most one per field.
    pub statements: Vec<Statement>,
    /// The fallback statements ([`Confidence::Fallback`]), at most one per field.
    pub fallback_statements: Vec<Statement>,
}

impl Report {
    /// Most statements of each confidence in one report: one per field.
    pub const STATEMENTS_MAX: usize = Field::TABLE.len();

    /// States a value. Replaces an earlier statement of this report on the field.
    pub fn set(&mut self, field: Field, value: Value) {
        debug_assert!(value.fits(field), "{field} does not take {value:?}");
        self.state(Confidence::Primary, Statement { field, value: Some(value) });
    }

    /// Clears a field.
    pub fn clear(&mut self, field: Field) {
        self.state(Confidence::Primary, Statement { field, value: None });
    }

    /// Whether the report has a primary statement on a field.
    pub fn speaks_of(&self, field: Field) -> bool {
        self.statements.iter().any(|statement| statement.field == field)
    }

    /// All statements with their confidence.
    pub fn all_statements(&self) -> impl Iterator<Item = (Confidence, &Statement)> {
        let of = |standing| move |statement| (standing, statement);
        let fallback_statements = self.fallback_statements.iter().map(of(Confidence::Fallback));
        self.statements.iter().map(of(Confidence::Primary)).chain(fallback_statements)
    }

    /// Adds a reported status: a step as a step, the other values as flags. A return to the stand also
    /// clears the departure times, and stays recorded when the flight boards again.
    pub fn status(&mut self, status: ReportedStatus) {
        match status {
            ReportedStatus::Step(Step::Returned) => {
                // This attempt is over. Its times no longer say where the aircraft is.
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

    /// Refuses events that lie too far after their observation. Accepting them would block later, correct
    /// statements.
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

    /// Adds a statement. Replaces an earlier one of the same confidence on the field.
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

/// A status as feeds report it. The displayed status is derived from the whole state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportedStatus {
    /// A step in the life of a flight.
    Step(Step),
    /// Cancelled.
    Cancelled,
    /// The cancellation is withdrawn.
    Reinstated,
    /// Diverted.
    Diverted,
}

impl ReportedStatus {
    /// Parses the values that a report may use.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "cancelled" => Some(Self::Cancelled),
            "reinstated" => Some(Self::Reinstated),
            "diverted" => Some(Self::Diverted),
            _ => Step::parse(word).map(Self::Step),
        }
    }
}
