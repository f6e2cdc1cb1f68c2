//! Decodes a whole flight with the provenance of every field.

use super::encode::{CALL_SIGN, PROVIDER};
use super::unix_time::UnixTime;
use super::{RecordError, check_version};
use chrono::NaiveDate;
use domain::codes::{AirlineCode, Designator, FlightNumber, Iata, InvalidCode, Suffix};
use domain::correction::Correction;
use domain::field::{Field, FieldKind, Step, Value};
use domain::flight::{Claim, Flight, Override};
use domain::leg::{Alias, LegId, LegKey};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Decodes a record of [`super::encode_state`]. Fields, keys and kinds of alias unknown to this version are
/// left out.
pub fn decode_state(json: &[u8]) -> Result<Flight, RecordError> {
    check_version(json)?;
    let record: StateIn = serde_json::from_slice(json).map_err(RecordError::broken)?;
    let leg = LegId::known(&record.leg).ok_or_else(|| RecordError::broken("leg: is not an identifier"))?;
    let key = record.key.read().map_err(|e| RecordError::broken(format_args!("key: {e}")))?;
    let mut flight = Flight { leg, rev: record.rev, changed_at: record.at.0, ..Flight::new(key) };
    flight.claims = read_said(record.said)?;
    flight.fallback_claims = read_said(record.second)?;
    let overrides = record.overrides.into_iter().filter_map(|order| order.read().transpose());
    flight.overrides = overrides.collect::<Result<_, _>>()?;
    flight.aliases = record.aliases.into_iter().filter_map(read_alias).collect();
    flight.created_by = record.made_by.map(Arc::from);
    let corrections = record.corrections.into_iter().map(CorrectionIn::read);
    flight.corrections = corrections.collect::<Result<_, _>>()?;
    flight.corrections.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(flight)
}

fn read_said(groups: Vec<GroupIn>) -> Result<Vec<(Field, Claim)>, RecordError> {
    let mut claim = Vec::new();
    for group in groups {
        group.read_into(&mut claim)?;
    }
    let place = |a: &(Field, Claim), b: &(Field, Claim)| (a.0, &a.1.source).cmp(&(b.0, &b.1.source));
    claim.sort_by(place);
    match claim.windows(2).find(|pair| place(&pair[0], &pair[1]).is_eq()) {
        Some([(field, claim), ..]) => {
            Err(RecordError::broken(format_args!("{field} has two claims of {}", claim.source)))
        }
        _ => Ok(claim),
    }
}

#[derive(Deserialize)]
struct StateIn {
    leg: String,
    key: KeyIn,
    rev: u64,
    at: UnixTime,
    #[serde(default)]
    said: Vec<GroupIn>,
    #[serde(default)]
    second: Vec<GroupIn>,
    #[serde(default)]
    overrides: Vec<OverrideIn>,
    #[serde(default)]
    aliases: Vec<(String, String)>,
    made_by: Option<String>,
    #[serde(default)]
    corrections: Vec<CorrectionIn>,
}

#[derive(Deserialize)]
struct CorrectionIn {
    by: String,
    weight: u8,
    observed: UnixTime,
    key: KeyIn,
}

impl CorrectionIn {
    fn read(self) -> Result<Correction, RecordError> {
        let key = self.key.read().map_err(|e| RecordError::broken(format_args!("corrections: {e}")))?;
        let (source, authority, observed_at) = (self.by.into(), self.weight, self.observed.0);
        Ok(Correction { source, key, authority, observed_at })
    }
}

#[derive(Deserialize)]
pub(super) struct KeyIn {
    carrier: String,
    number: u16,
    suffix: Option<String>,
    origin_date: NaiveDate,
    from: String,
    to: String,
    #[serde(default)]
    repeat: u8,
}

impl KeyIn {
    pub(super) fn read(self) -> Result<LegKey, InvalidCode> {
        Ok(LegKey {
            carrier: AirlineCode::parse(&self.carrier)?,
            number: FlightNumber::parse(&self.number.to_string())?,
            suffix: self.suffix.as_deref().map(Suffix::parse).transpose()?,
            origin_date: self.origin_date,
            from: Iata::parse(&self.from)?,
            to: Iata::parse(&self.to)?,
            repeat: self.repeat,
        })
    }
}

#[derive(Deserialize)]
struct GroupIn {
    by: String,
    weight: u8,
    #[serde(default)]
    secondary: bool,
    observed: UnixTime,
    received: UnixTime,
    #[serde(default)]
    set: Map<String, Json>,
    #[serde(default)]
    clear: Vec<String>,
}

impl GroupIn {
    fn read_into(self, claim: &mut Vec<(Field, Claim)>) -> Result<(), RecordError> {
        let source: Arc<str> = self.by.into();
        let mut hold = |field, value| {
            let (source, observed_at, received_at) = (source.clone(), self.observed.0, self.received.0);
            let (authority, secondary) = (self.weight, self.secondary);
            claim.push((field, Claim { value, authority, source, secondary, observed_at, received_at }));
        };
        for (name, json) in self.set {
            if let Some(field) = Field::named(&name) {
                hold(field, Some(read_value(field, json)?));
            }
        }
        for field in self.clear.iter().filter_map(|name| Field::named(name)) {
            hold(field, None);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct OverrideIn {
    field: String,
    value: Option<Json>,
    by: String,
    at: UnixTime,
    until: UnixTime,
}

impl OverrideIn {
    fn read(self) -> Result<Option<Override>, RecordError> {
        let Some(field) = Field::named(&self.field) else { return Ok(None) };
        let value = self.value.map(|json| read_value(field, json)).transpose()?;
        Ok(Some(Override { field, value, set_by: self.by.into(), set_at: self.at.0, until: self.until.0 }))
    }
}

pub(super) fn read_alias((kind, name): (String, String)) -> Option<Alias> {
    match kind.as_str() {
        PROVIDER => Some(Alias::Provider(name.into())),
        CALL_SIGN => Some(Alias::CallSign(name.into())),
        _ => None,
    }
}

/// Decodes a value of [`super::encode_value`] for this field.
pub fn decode_value(field: Field, json: &str) -> Result<Value, RecordError> {
    read_value(field, serde_json::from_str(json).map_err(RecordError::broken)?)
}

/// Decodes a value by its field's type. Lengths are not checked: a stored value must stay readable after a
/// limit was lowered.
pub(super) fn read_value(field: Field, json: Json) -> Result<Value, RecordError> {
    let wrong = |what: &str| RecordError::broken(format_args!("{field}: {what}"));
    match (field.kind(), json) {
        (FieldKind::Text(_), Json::String(text)) => Ok(Value::Text(text.into())),
        (FieldKind::Time, Json::Number(seconds)) => {
            seconds.as_i64().map(Value::Time).ok_or_else(|| wrong("is not in whole seconds"))
        }
        (FieldKind::Step, Json::String(word)) => {
            Step::parse(&word).map(Value::Step).ok_or_else(|| wrong("is no step"))
        }
        (FieldKind::Flag, Json::Bool(flag)) => Ok(Value::Flag(flag)),
        (FieldKind::Airport, Json::String(iata)) => {
            Iata::parse(&iata).map(Value::Airport).map_err(|e| wrong(&e.to_string()))
        }
        (FieldKind::Codeshares, Json::Array(flights)) => {
            let read = |json: &Json| Designator::parse(json.as_str().unwrap_or_default());
            let flights = flights.iter().map(read).collect::<Result<Arc<[_]>, _>>();
            flights.map(Value::Codeshares).map_err(|e| wrong(&e.to_string()))
        }
        _ => Err(wrong("is of the wrong sort")),
    }
}
