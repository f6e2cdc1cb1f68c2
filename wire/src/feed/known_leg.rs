//! A leg as an airport reports it, for the encoders of all formats.

use chrono::{DateTime, Utc};
use domain::codes::Direction;
use domain::field::{Field, InvalidValue, Step, Value};
use domain::leg::LegKey;
use domain::report::{ReportedStatus, Statement};

/// What an airport reports about one leg in one message: its identity, and one statement per field. Other
/// fields did not change.
///
/// This is a report without a source. The encoders convert it to bytes and leave out what a format cannot
/// express, see `can_say` of each format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownLeg {
    /// The leg.
    pub key: LegKey,
    /// Whether the airport speaks of it as a departure or as an arrival of its own.
    pub direction: Direction,
    /// When the airport last learned something about this leg. `None` for the time of the message.
    pub observed_at: Option<DateTime<Utc>>,
    /// The airport's own identifier of the leg.
    pub provider_id: Option<String>,
    /// Call sign used with air traffic control.
    pub call_sign: Option<String>,
    /// The statements, at most one per field.
    pub statements: Vec<Statement>,
}

impl KnownLeg {
    /// A leg without statements.
    pub fn new(key: LegKey, direction: Direction) -> Self {
        Self { key, direction, observed_at: None, provider_id: None, call_sign: None, statements: Vec::new() }
    }

    /// States a text; [`Value::text`] has the rules.
    pub fn text(&mut self, field: Field, text: &str) -> Result<(), InvalidValue> {
        self.set(field, Value::text(field, text)?);
        Ok(())
    }

    /// States an instant.
    pub fn time(&mut self, field: Field, at: DateTime<Utc>) -> Result<(), InvalidValue> {
        self.set(field, Value::time(field, at)?);
        Ok(())
    }

    /// States a status, as [`domain::report::Report::status`] does.
    pub fn status(&mut self, word: ReportedStatus) {
        match word {
            ReportedStatus::Step(Step::Returned) => {
                self.clear(Field::DepartureActual);
                self.clear(Field::DepartureAirborne);
                self.set(Field::DepartureStep, Value::Step(Step::Returned));
            }
            ReportedStatus::Step(step) => self.set(step.field(), Value::Step(step)),
            ReportedStatus::Cancelled => self.set(Field::Cancelled, Value::Flag(true)),
            ReportedStatus::Reinstated => self.set(Field::Cancelled, Value::Flag(false)),
            ReportedStatus::Diverted => self.set(Field::Diverted, Value::Flag(true)),
        }
    }

    /// States a value and replaces an earlier statement on the field.
    pub fn set(&mut self, field: Field, value: Value) {
        debug_assert!(value.fits(field), "{field} does not take {value:?}");
        self.say(field, Some(value));
    }

    /// Clears a field.
    pub fn clear(&mut self, field: Field) {
        self.say(field, None);
    }

    /// The statement on a field: `None` for none, `Some(None)` for a clear.
    pub fn said(&self, field: Field) -> Option<Option<&Value>> {
        self.statements.iter().find(|s| s.field == field).map(|s| s.value.as_ref())
    }

    fn say(&mut self, field: Field, value: Option<Value>) {
        match self.statements.iter_mut().find(|s| s.field == field) {
            Some(earlier) => earlier.value = value,
            None => self.statements.push(Statement { field, value }),
        }
    }
}
