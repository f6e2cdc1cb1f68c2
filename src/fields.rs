//! The named values of a request, deserialized into a struct. The error names all faults at once, unknown names
//! included: a misspelt filter must not silently select everything.
//!
//! Serde stops at the first fault. So [`read`] notes it, leaves the value out, and deserializes again.

use crate::problem::{Faults, Problem};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use std::fmt;

/// Longest value of one query parameter, in bytes.
const PARAMETER_BYTES_MAX: usize = 512;

/// Where the values are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the query; `null` is an empty text, which counts as absent.
    Query,
    /// In the body, where `null` is a value.
    Body,
}

impl Place {
    /// 400 with all faults.
    pub(crate) fn problem(self, faults: Faults) -> Problem {
        faults.problem(if self == Self::Query { "query parameter " } else { "" })
    }
}

/// Deserializes a struct with named fields.
pub(crate) fn read<T: DeserializeOwned>(values: Vec<(String, Value)>, place: Place) -> Result<T, Problem> {
    let mut fields = Fields { values, place, faults: Faults::default(), known: &[] };
    let outcome = loop {
        match T::deserialize(&mut fields) {
            // Each turn notes another field.
            Err(Fault::Noted) => {}
            outcome => break outcome,
        }
    };
    match &outcome {
        Err(Fault::Missing(name)) if !fields.faults.has(name) => fields.faults.note(name, "is missing"),
        Err(Fault::Other(why)) => fields.faults.note("*", why),
        _ => {}
    }
    let Fields { values, mut faults, known, .. } = fields;
    faults.note_unknown(values.iter().map(|(name, _)| name.as_str()), known);
    match outcome {
        Ok(read) if faults.is_empty() => Ok(read),
        _ => Err(place.problem(faults)),
    }
}

/// Why the text of a parameter is refused, if it is too long.
pub(crate) fn too_long(text: &str) -> Option<String> {
    (text.len() > PARAMETER_BYTES_MAX).then(|| format!("is longer than {PARAMETER_BYTES_MAX} bytes"))
}

struct Fields {
    values: Vec<(String, Value)>,
    place: Place,
    faults: Faults,
    known: &'static [&'static str],
}

impl<'de> Deserializer<'de> for &mut Fields {
    type Error = Fault;

    fn deserialize_any<R: Visitor<'de>>(self, _: R) -> Result<R::Value, Fault> {
        Err(de::Error::custom("is no struct"))
    }

    fn deserialize_struct<R: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: R,
    ) -> Result<R::Value, Fault> {
        self.known = known;
        for name in known {
            if self.faults.has(name) {
                continue;
            }
            let mut values = self.values.iter().filter(|(given, _)| given == name).map(|(_, value)| value);
            let (first, second) = (values.next().and_then(Value::as_str), values.next());
            if second.is_some() {
                self.faults.note(name, "is given twice");
            } else if let Some(why) = first.filter(|_| self.place == Place::Query).and_then(too_long) {
                self.faults.note(name, why);
            }
        }
        visitor.visit_map(Sound { fields: self, at: 0 })
    }

    forward_to_deserialize_any! {
        <R: Visitor<'de>>
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The known values without a fault.
struct Sound<'a> {
    fields: &'a mut Fields,
    at: usize,
}

impl<'de> MapAccess<'de> for Sound<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        let Fields { values, place, faults, known } = &*self.fields;
        let is_sound = |(name, value): &(String, Value)| {
            known.contains(&name.as_str())
                && !faults.has(name)
                && !(value.is_null() && *place == Place::Query)
        };
        let Some(next) = values[self.at..].iter().position(is_sound) else { return Ok(None) };
        self.at += next + 1;
        seed.deserialize(values[self.at - 1].0.as_str().into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (name, value) = &self.fields.values[self.at - 1];
        seed.deserialize(value.clone()).map_err(|why| {
            let why = why.to_string();
            // Serde's own sentences are not about the field.
            let why = if why.starts_with("invalid ") { format!("has an {why}") } else { why };
            self.fields.faults.note(name, why);
            Fault::Noted
        })
    }
}

/// Why a struct cannot be deserialized.
#[derive(Debug)]
enum Fault {
    /// The faults have it.
    Noted,
    Missing(&'static str),
    Other(String),
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self::Other(why.to_string())
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
