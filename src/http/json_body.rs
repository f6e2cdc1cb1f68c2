//! A small JSON object, read key by key. The error names all faults at once, unknown keys included: a misspelt
//! optional key must not look absent.

use super::request_body;
use crate::app::App;
use crate::problem::{Faults, Problem};
use actix_web::{HttpRequest, web};
use chrono::{DateTime, Utc};
use domain::single_line_text::SingleLineText;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Longest object in bytes: several times the longest texts with every letter escaped.
pub(super) const OBJECT_BYTES_MAX: usize = 16 * 1024;

/// The unread keys of one object, and the faults of those that were read. A faulty key counts as absent until
/// [`JsonBody::finish`] reports it.
pub(super) struct JsonBody {
    left: Vec<(String, Box<RawValue>)>,
    known: Vec<&'static str>,
    faults: Faults,
}

impl JsonBody {
    /// Reads the body of a request.
    pub(super) async fn of(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<Self, Problem> {
        request_body::content_type(request, &["application/json"])?;
        Self::read(&request_body::read(request, payload, OBJECT_BYTES_MAX, app).await?)
    }

    fn read(json: &[u8]) -> Result<Self, Problem> {
        let Object(left) = serde_json::from_slice(json)
            .map_err(|fault| Problem::bad_field("body", &format!("is not a JSON object: {fault}")))?;
        Ok(Self { left, known: Vec::new(), faults: Faults::default() })
    }

    /// A raw value, which may be `null`.
    pub(super) fn raw(&mut self, name: &'static str) -> Option<Box<RawValue>> {
        self.known.push(name);
        let mut values = self.left.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let (first, second) = (values.next(), values.next());
        drop(values);
        if second.is_some() {
            self.wrong(name, "is given twice");
            return None;
        }
        first
    }

    /// A parsed text; `null` counts as absent. An error of `parse` completes a sentence that begins with the key.
    pub(super) fn parsed<T, E: ToString>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let raw = self.raw(name).filter(|raw| raw.get() != "null")?;
        let read = serde_json::from_str::<String>(raw.get()).map_err(|_| "is not a text".to_owned());
        match read.and_then(|text| parse(&text).map_err(|why| why.to_string())) {
            Ok(value) => Some(value),
            Err(why) => {
                self.wrong(name, why);
                None
            }
        }
    }

    /// A single line of text.
    pub(super) fn line(&mut self, name: &'static str) -> Option<SingleLineText> {
        self.parsed(name, SingleLineText::parse)
    }

    /// An instant.
    pub(super) fn instant(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let wrong = "is no instant such as 2013-02-08T15:00:00Z";
        self.parsed(name, |text| DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(|_| wrong))
    }

    /// Notes a fault. `reason` completes a sentence that begins with the key.
    pub(super) fn wrong(&mut self, name: &str, reason: impl Into<String>) {
        self.faults.note(name, reason);
    }

    /// Whether the key already has a fault.
    pub(super) fn is_wrong(&self, name: &str) -> bool {
        self.faults.has(name)
    }

    /// Notes a missing key, unless it already has a fault.
    pub(super) fn needed<T>(&mut self, name: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.faults.has(name) {
            self.wrong(name, "is missing");
        }
        value
    }

    /// Fails on any fault and on unread keys.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() && self.left.is_empty() { Ok(()) } else { Err(self.refused()) }
    }

    /// The problem with all faults.
    pub(super) fn refused(mut self) -> Problem {
        let known = self.known.join(", ");
        // List the known keys only once.
        let mut hint = format!("; known: {known}");
        for (name, _) in std::mem::take(&mut self.left) {
            if !self.faults.has(&name) {
                self.wrong(&name, format!("is not known here{}", std::mem::take(&mut hint)));
            }
        }
        self.faults.problem("")
    }
}

/// All keys with their raw values, including duplicates.
struct Object(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = map.next_entry()? {
            all.push(entry);
        }
        Ok(Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong<T>(answer: Result<T, Problem>) -> String {
        answer.err().expect("it should be refused").to_string()
    }

    fn refused(fields: JsonBody) -> String {
        wrong(fields.finish())
    }

    #[test]
    fn all_faults_are_reported_at_once_by_name() {
        let fields = |json: &str| JsonBody::read(json.as_bytes());
        let line = |json: &str| {
            let mut fields = fields(json).unwrap();
            let line = fields.line("note");
            fields.finish().map(|()| line)
        };
        assert_eq!(line("{\"note\":\" for  June \"}").unwrap().unwrap().as_str(), "for June");
        assert!(line("{\"note\":null}").unwrap().is_none() && line("{}").unwrap().is_none());
        assert_eq!(wrong(line("{\"note\":\"\"}")), "note is empty");
        assert_eq!(wrong(line("{\"note\":7}")), "note is not a text");
        for json in ["", "[]", "7", "{\"note\":}", "{} {}", "\u{0}"] {
            assert!(wrong(fields(json)).starts_with("body is not a JSON object: "), "{json}");
        }
        let mut given =
            fields("{\"until\":\"noon\",\"note\":\"a\",\"notes\":\"b\",\"note\":\"c\",\"x\":1,\"x\":2}")
                .unwrap();
        let (note, until, value) = (given.line("note"), given.instant("until"), given.raw("value"));
        assert!(given.needed("note", note).is_none() && until.is_none());
        assert!(given.needed("value", value).is_none());
        assert_eq!(
            refused(given),
            "note is given twice; until is no instant such as 2013-02-08T15:00:00Z; value is missing; \
             notes is not known here; known: note, until, value; x is not known here"
        );
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!("{{\"note\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let mut given = JsonBody::read(deep.as_bytes()).unwrap();
        assert!(given.line("note").is_none());
        assert_eq!(refused(given), "note is not a text");
    }
}
