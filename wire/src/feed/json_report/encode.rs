//! The encoder, for mock airports and the load tester.

use super::SETTABLE;
use crate::instant::{Millis, Seconds};
use domain::field::{Field, Step, Value};
use domain::report::{Report, Statement};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// One report as a JSON object without line breaks.
///
/// The format has a single status: of several statements that need it, the first of cancelled or
/// reinstated, diverted, the arrival's step and the departure's step is written. Statements without a
/// status (hidden, no longer diverted) and aliases are left out.
pub fn encode_report(report: &Report) -> String {
    // Writing plain values to a String cannot fail.
    serde_json::to_string(&Out(report)).unwrap_or_default()
}

/// One value as in `set`.
pub fn encode_value(value: &Value) -> serde_json::Value {
    // Plain texts, flags and lists of texts cannot fail.
    serde_json::to_value(Plain(value)).unwrap_or_default()
}

struct Out<'a>(&'a Report);

impl Serialize for Out<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Report { key, observed_at, .. } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("carrier", key.carrier.as_str())?;
        map.serialize_entry("number", &Shown(key.number))?;
        if let Some(suffix) = key.suffix {
            map.serialize_entry("suffix", &suffix.letter())?;
        }
        map.serialize_entry("origin_date", &Shown(key.origin_date))?;
        map.serialize_entry("from", key.from.as_str())?;
        map.serialize_entry("to", key.to.as_str())?;
        if key.repeat > 0 {
            map.serialize_entry("repeat", &key.repeat)?;
        }
        map.serialize_entry("observed_at", &Millis(*observed_at))?;
        map.serialize_entry("set", &Set(self.0))?;
        let cleared = Cleared(self.0);
        if cleared.names().next().is_some() {
            map.serialize_entry("clear", &cleared)?;
        }
        map.end()
    }
}

struct Set<'a>(&'a Report);

impl Serialize for Set<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(word) = status(self.0) {
            map.serialize_entry("status", word)?;
        }
        for Statement { field, value } in &self.0.statements {
            if let Some(value) = value
                && SETTABLE.contains(field)
            {
                map.serialize_entry(field.name(), &Plain(value))?;
            }
        }
        map.end()
    }
}

struct Cleared<'a>(&'a Report);

impl Cleared<'_> {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        let cleared = |field| said(self.0, field) == Some(None);
        let steps = cleared(Field::DepartureStep) && cleared(Field::ArrivalStep);
        let returned = status(self.0) == Some(Step::Returned.as_str());
        // The status `returned` clears these by itself.
        let implied =
            move |field| returned && matches!(field, Field::DepartureActual | Field::DepartureAirborne);
        let fields = self.0.statements.iter().filter(|s| s.value.is_none()).map(|s| s.field);
        let fields = fields.filter(move |field| SETTABLE.contains(field) && !implied(*field));
        fields.map(Field::name).chain((steps && status(self.0).is_none()).then_some("status"))
    }
}

impl Serialize for Cleared<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for name in self.names() {
            seq.serialize_element(name)?;
        }
        seq.end()
    }
}

struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Time(seconds) => {
                Seconds(chrono::DateTime::from_timestamp(*seconds, 0).unwrap_or_default())
                    .serialize(serializer)
            }
            Value::Airport(iata) => serializer.serialize_str(iata.as_str()),
            Value::Codeshares(flights) => serializer.collect_seq(flights.iter().map(Shown)),
            Value::Step(step) => serializer.serialize_str(step.as_str()),
            Value::Flag(flag) => serializer.serialize_bool(*flag),
        }
    }
}

/// A `Display` value as a string.
struct Shown<T>(T);

impl<T: std::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

fn said(report: &Report, field: Field) -> Option<Option<&Value>> {
    report.statements.iter().find(|s| s.field == field).map(|s| s.value.as_ref())
}

fn status(report: &Report) -> Option<&'static str> {
    let step = |field| match said(report, field) {
        Some(Some(Value::Step(step))) => Some(step.as_str()),
        _ => None,
    };
    match said(report, Field::Cancelled) {
        Some(Some(Value::Flag(true))) => return Some("cancelled"),
        Some(Some(Value::Flag(false))) => return Some("reinstated"),
        _ => {}
    }
    if said(report, Field::Diverted) == Some(Some(&Value::Flag(true))) {
        return Some("diverted");
    }
    step(Field::ArrivalStep).or_else(|| step(Field::DepartureStep))
}
