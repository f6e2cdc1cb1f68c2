//! Decodes a message: one report or an array, element by element.

use super::super::{Context, Decoded, Fault, REPORTS_MAX, read};
use super::draft::report;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Decodes one report or an array. `Err` if it is neither; then nothing of it was accepted.
pub fn decode(body: &[u8], context: &Context) -> Result<Decoded, Fault> {
    let refused = |reason: String| Fault::message(reason, body);
    let text = str::from_utf8(body).map_err(|error| refused(format!("is not UTF-8: {error}")))?;
    let no_json = |error: serde_json::Error| refused(format!("is not JSON: {error}"));
    let raws = match text.trim_ascii_start().as_bytes().first() {
        Some(b'[') => {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let raws = deserializer.deserialize_seq(Batch).map_err(no_json)?;
            deserializer.end().map_err(no_json)?;
            raws
        }
        Some(b'{') => vec![serde_json::from_str(text).map_err(no_json)?],
        _ => return Err(refused("is neither a report nor an array of reports".into())),
    };
    let mut decoded = Decoded { reports: Vec::with_capacity(raws.len()), ..Decoded::default() };
    for (index, raw) in (0u32..).zip(raws) {
        match report(raw.get(), context) {
            Ok(report) => decoded.reports.push((index, report)),
            Err((field, reason)) => decoded.fault(Fault {
                index: Some(index),
                field,
                reason,
                excerpt: read::excerpt(raw.get().as_bytes()),
            }),
        }
    }
    Ok(decoded)
}

/// The undecoded elements of an array, so that a broken one affects no other.
struct Batch;

impl<'de> Visitor<'de> for Batch {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of reports")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut raws = Vec::new();
        while let Some(raw) = seq.next_element()? {
            if raws.len() == REPORTS_MAX {
                return Err(de::Error::custom(format_args!("there are more than {REPORTS_MAX} reports")));
            }
            raws.push(raw);
        }
        Ok(raws)
    }
}
