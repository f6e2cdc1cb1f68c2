//! Encodes a whole flight with the provenance of every field.
//!
//! Claims with the same source, weight and times are grouped, which applies to most. A record takes a third
//! of the space that provenance per claim would.

use super::VERSION;
use super::unix_time::UnixTime;
use crate::flight::{Flights, Text};
use chrono::NaiveDate;
use domain::codes::Suffix;
use domain::correction::Correction;
use domain::field::{Field, Value};
use domain::flight::{Claim, Flight, Override};
use domain::leg::{Alias, LegKey};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// The names of the two kinds of alias.
pub(super) const PROVIDER: &str = "provider";
pub(super) const CALL_SIGN: &str = "call_sign";

/// A flight as a record, about 600 bytes in the middle of its life.
pub fn encode_state(flight: &Flight) -> Vec<u8> {
    let record = StateOut {
        v: VERSION,
        leg: flight.leg.as_str(),
        key: KeyOut::of(&flight.key),
        rev: flight.rev,
        at: UnixTime(flight.changed_at),
        said: SaidOut(&flight.claims),
        second: SaidOut(&flight.fallback_claims),
        overrides: flight.overrides.iter().map(OverrideOut::of).collect(),
        aliases: AliasesOut(&flight.aliases),
        made_by: flight.created_by.as_deref(),
        corrections: flight.corrections.iter().map(CorrectionOut::of).collect(),
    };
    let mut json = Vec::with_capacity(1024);
    // Writing strings, numbers and fixed keys to memory cannot fail.
    let _ = serde_json::to_writer(&mut json, &record);
    json
}

#[derive(Serialize)]
struct StateOut<'a> {
    v: u64,
    leg: &'a str,
    key: KeyOut<'a>,
    rev: u64,
    at: UnixTime,
    said: SaidOut<'a>,
    // Separate, because an older hub would refuse two claims of one source on one field.
    #[serde(skip_serializing_if = "SaidOut::is_empty")]
    second: SaidOut<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overrides: Vec<OverrideOut<'a>>,
    #[serde(skip_serializing_if = "AliasesOut::is_empty")]
    aliases: AliasesOut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    made_by: Option<&'a str>,
    // Older hubs ignore these, and show the original key.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    corrections: Vec<CorrectionOut<'a>>,
}

#[derive(Serialize)]
struct CorrectionOut<'a> {
    by: &'a str,
    weight: u8,
    observed: UnixTime,
    key: KeyOut<'a>,
}

impl<'a> CorrectionOut<'a> {
    fn of(correction: &'a Correction) -> Self {
        let Correction { source, key, authority, observed_at } = correction;
        Self { by: source, weight: *authority, observed: UnixTime(*observed_at), key: KeyOut::of(key) }
    }
}

#[derive(Serialize)]
pub(super) struct KeyOut<'a> {
    carrier: &'a str,
    number: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    suffix: Option<Text<Suffix>>,
    origin_date: NaiveDate,
    from: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "is_first")]
    repeat: u8,
}

impl<'a> KeyOut<'a> {
    pub(super) fn of(key: &'a LegKey) -> Self {
        Self {
            carrier: key.carrier.as_str(),
            number: key.number.get(),
            suffix: key.suffix.map(Text),
            origin_date: key.origin_date,
            from: key.from.as_str(),
            to: key.to.as_str(),
            repeat: key.repeat,
        }
    }
}

fn is_first(repeat: &u8) -> bool {
    *repeat == 0
}

/// Claims, grouped by report.
struct SaidOut<'a>(&'a [(Field, Claim)]);

impl SaidOut<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for SaidOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut leaders: Vec<&Claim> = Vec::with_capacity(8);
        let mut groups: Vec<usize> = Vec::with_capacity(self.0.len());
        for (_, claim) in self.0 {
            let known = leaders.iter().position(|leader| said_together(leader, claim));
            groups.push(known.unwrap_or(leaders.len()));
            if known.is_none() {
                leaders.push(claim);
            }
        }
        let mut seq = serializer.serialize_seq(Some(leaders.len()))?;
        for (index, leader) in leaders.iter().enumerate() {
            let members = || {
                self.0.iter().zip(&groups).filter(move |(_, group)| **group == index).map(|(claim, _)| claim)
            };
            let cleared = members().filter(|(_, claim)| claim.value.is_none()).map(|(field, _)| field.name());
            seq.serialize_element(&GroupOut {
                by: &leader.source,
                weight: leader.authority,
                secondary: leader.secondary,
                observed: UnixTime(leader.observed_at),
                received: UnixTime(leader.received_at),
                set: ValuesOut(
                    members().filter_map(|(field, claim)| Some((*field, claim.value.as_ref()?))).collect(),
                ),
                clear: cleared.collect(),
            })?;
        }
        seq.end()
    }
}

fn said_together(a: &Claim, b: &Claim) -> bool {
    a.observed_at == b.observed_at
        && a.received_at == b.received_at
        && (a.authority, a.secondary) == (b.authority, b.secondary)
        && a.source == b.source
}

#[derive(Serialize)]
struct GroupOut<'a> {
    by: &'a str,
    weight: u8,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    secondary: bool,
    observed: UnixTime,
    received: UnixTime,
    #[serde(skip_serializing_if = "ValuesOut::is_empty")]
    set: ValuesOut<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clear: Vec<&'static str>,
}

pub(super) struct ValuesOut<'a>(pub(super) Vec<(Field, &'a Value)>);

impl ValuesOut<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for ValuesOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (field, value) in &self.0 {
            map.serialize_entry(field.name(), &ValueOut(value))?;
        }
        map.end()
    }
}

/// A field's value as in a state: `"14"`, `1360357451`, `true`, `["EI5105"]`.
pub fn encode_value(value: &Value) -> String {
    // Writing strings, numbers and lists of them to memory cannot fail.
    serde_json::to_string(&ValueOut(value)).unwrap_or_default()
}

struct ValueOut<'a>(&'a Value);

impl Serialize for ValueOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Text(text) => serializer.serialize_str(text),
            Value::Time(seconds) => serializer.serialize_i64(*seconds),
            Value::Step(step) => serializer.serialize_str(step.as_str()),
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::Airport(iata) => serializer.serialize_str(iata.as_str()),
            Value::Codeshares(flights) => Flights(flights).serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct OverrideOut<'a> {
    field: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<ValueOut<'a>>,
    by: &'a str,
    at: UnixTime,
    until: UnixTime,
}

impl<'a> OverrideOut<'a> {
    fn of(order: &'a Override) -> Self {
        Self {
            field: order.field.name(),
            value: order.value.as_ref().map(ValueOut),
            by: &order.set_by,
            at: UnixTime(order.set_at),
            until: UnixTime(order.until),
        }
    }
}

pub(super) struct AliasesOut<'a>(pub(super) &'a [Alias]);

impl AliasesOut<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for AliasesOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|alias| match alias {
            Alias::Provider(name) => (PROVIDER, name.as_ref()),
            Alias::CallSign(name) => (CALL_SIGN, name.as_ref()),
        }))
    }
}
