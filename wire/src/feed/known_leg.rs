//! What an airport knows of a leg, to be put into any format.

use chrono::{DateTime, Utc};
use domain::codes::Direction;
use domain::field::{Field, InvalidValue, Step, Value};
use domain::leg::LegKey;
use domain::report::{ReportedStatus, Statement};

/// Everything an airport says of one leg in one message: who the leg is, and one statement for
/// each field that it speaks of. What is not stated did not change.
///
/// This is a report before it has a source; the encoders turn it into bytes. What a format has no
/// way to say is left out, see `can_say` of each format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownLeg {
    /// Which leg.
    pub key: LegKey,
    /// Whether the airport speaks of it as a departure or as an arrival of its own.
    pub direction: Direction,
    /// When the airport last learnt something of this leg. `None` for the time of the message.
    pub observed_at: Option<DateTime<Utc>>,
    /// The airport's own identifier of the leg.
    pub provider_id: Option<String>,
    /// Call sign in use with air traffic control.
    pub call_sign: Option<String>,
    /// What is said, each field at most once.
    pub statements: Vec<Statement>,
}

impl KnownLeg {
    /// A leg of which nothing is said yet.
    pub fn new(key: LegKey, direction: Direction) -> Self {
        Self { key, direction, observed_at: None, provider_id: None, call_sign: None, statements: Vec::new() }
    }

    /// Says a text; see [`Value::text`] for what it may hold.
    pub fn text(&mut self, field: Field, text: &str) -> Result<(), InvalidValue> {
        self.set(field, Value::text(field, text)?);
        Ok(())
    }

    /// Says an instant.
    pub fn time(&mut self, field: Field, at: DateTime<Utc>) -> Result<(), InvalidValue> {
        self.set(field, Value::time(field, at)?);
        Ok(())
    }

    /// Says a status word, as [`domain::report::Report::status`] understands it.
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

    /// Says a value, in place of what was said of the field before.
    pub fn set(&mut self, field: Field, value: Value) {
        debug_assert!(value.fits(field), "{field} does not take {value:?}");
        self.say(field, Some(value));
    }

    /// Says that a field has no value any more.
    pub fn clear(&mut self, field: Field) {
        self.say(field, None);
    }

    /// What is said of a field: `None` for nothing, `Some(None)` for no value any more.
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
