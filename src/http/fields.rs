//! The keys of a small JSON object, taken one by one. What is wrong is named, and so is what nobody
//! knows: a slip in a key must not be taken for a wish to leave it out.

use super::body;
use super::problem::Problem;
use crate::app::App;
use actix_web::{HttpRequest, web};
use chrono::{DateTime, Utc};
use domain::line::Line;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Longest object, in bytes: several times what the longest texts take with every letter escaped.
pub(super) const OBJECT_BYTES_MAX: usize = 16 * 1024;

/// The keys of one object that nobody has taken yet.
pub(super) struct Fields {
    left: Vec<(String, Box<RawValue>)>,
    known: Vec<&'static str>,
}

impl Fields {
    /// Reads the body of a request.
    pub(super) async fn of(request: &HttpRequest, payload: web::Payload, app: &App) -> Result<Self, Problem> {
        body::content_type(request, &["application/json"])?;
        Self::read(&body::read(request, payload, OBJECT_BYTES_MAX, app).await?)
    }

    fn read(json: &[u8]) -> Result<Self, Problem> {
        let Object(left) = serde_json::from_slice(json)
            .map_err(|fault| Problem::bad_field("body", &format!("is not a JSON object: {fault}")))?;
        Ok(Self { left, known: Vec::new() })
    }

    /// A value as it stands there, `null` too.
    pub(super) fn raw(&mut self, name: &'static str) -> Result<Option<Box<RawValue>>, Problem> {
        self.known.push(name);
        let Some(at) = self.left.iter().position(|(key, _)| key == name) else { return Ok(None) };
        let (_, value) = self.left.swap_remove(at);
        if self.left.iter().any(|(key, _)| key == name) {
            return Err(Problem::bad_field(name, "is given twice"));
        }
        Ok(Some(value))
    }

    /// A text of a certain shape; `null` counts as absent. `parse` answers with what is wrong, to be
    /// read after the key.
    pub(super) fn parsed<T, E: ToString>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Problem> {
        let Some(raw) = self.raw(name)?.filter(|raw| raw.get() != "null") else { return Ok(None) };
        let text: String =
            serde_json::from_str(raw.get()).map_err(|_| Problem::bad_field(name, "is not a text"))?;
        parse(&text).map(Some).map_err(|why| Problem::bad_field(name, &why.to_string()))
    }

    /// A line that a person wrote.
    pub(super) fn line(&mut self, name: &'static str) -> Result<Option<Line>, Problem> {
        self.parsed(name, Line::parse)
    }

    /// An instant.
    pub(super) fn instant(&mut self, name: &'static str) -> Result<Option<DateTime<Utc>>, Problem> {
        let wrong = "is no instant such as 2013-02-08T15:00:00Z";
        self.parsed(name, |text| DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(|_| wrong))
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), Problem> {
        let Some((name, _)) = self.left.first() else { return Ok(()) };
        let name: String = name.chars().take(40).collect();
        let known = self.known.join(", ");
        Err(Problem::bad_field(&name, &format!("is not known here; known: {known}")))
    }
}

/// What must be there.
pub(super) fn needed<T>(name: &str, value: Option<T>) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::bad_field(name, "is missing"))
}

/// Every key of an object with its value as it stands there, so that a key given twice is seen.
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

    #[test]
    fn what_is_wrong_with_a_key_is_said_with_its_name() {
        let fields = |json: &str| Fields::read(json.as_bytes());
        let line = |json: &str| fields(json).and_then(|mut fields| fields.line("note"));
        assert_eq!(line("{\"note\":\" for  June \"}").unwrap().unwrap().as_str(), "for June");
        assert!(line("{\"note\":null}").unwrap().is_none() && line("{}").unwrap().is_none());
        assert_eq!(wrong(line("{\"note\":\"\"}")), "note is empty");
        assert_eq!(wrong(line("{\"note\":7}")), "note is not a text");
        assert_eq!(wrong(line("{\"note\":\"a\",\"note\":\"b\"}")), "note is given twice");
        for json in ["", "[]", "7", "{\"note\":}", "{} {}", "\u{0}"] {
            assert!(wrong(line(json)).starts_with("body is not a JSON object: "), "{json}");
        }
        assert!(wrong(fields("{\"until\":\"noon\"}").unwrap().instant("until")).starts_with("until is no"));
        let mut slip = fields("{\"notes\":\"a\"}").unwrap();
        slip.line("note").unwrap();
        assert_eq!(wrong(slip.finish()), "notes is not known here; known: note");
        assert_eq!(wrong(needed::<()>("note", None)), "note is missing");
    }

    #[test]
    fn nesting_costs_no_stack() {
        let deep = format!("{{\"note\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(
            wrong(Fields::read(deep.as_bytes()).and_then(|mut f| f.line("note"))),
            "note is not a text"
        );
    }
}
