//! Query parameters, read one by one. The error names all faults at once, unknown parameters included: a misspelt
//! filter must not silently select everything.

use crate::problem::{Faults, Problem};
use actix_web::HttpRequest;
use actix_web::web::Query;
use chrono::{DateTime, Utc};
use std::ops::RangeInclusive;

/// Most parameters of one request. A stream may have a `topic` and a `since` for each topic.
const PARAMETERS_MAX: usize = 256;

/// Longest value of one parameter, in bytes.
const VALUE_BYTES_MAX: usize = 512;

/// The unread parameters of one request, and the faults of those that were read. A faulty parameter counts as
/// absent until [`Parameters::finish`] reports it.
pub(crate) struct Parameters {
    left: Vec<(String, String)>,
    known: Vec<&'static str>,
    faults: Faults,
}

impl Parameters {
    /// Reads the query of a request.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        Self::read(request.query_string())
    }

    fn read(query: &str) -> Result<Self, Problem> {
        let unreadable = |_| Problem::bad_query("*", "the query cannot be read");
        let left = Query::<Vec<(String, String)>>::from_query(query).map_err(unreadable)?.into_inner();
        if left.len() > PARAMETERS_MAX {
            return Err(Problem::bad_query("*", &format!("has more than {PARAMETERS_MAX} parameters")));
        }
        Ok(Self { left, known: Vec::new(), faults: Faults::default() })
    }

    /// A raw parameter. An empty value counts as absent.
    pub(crate) fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let mut values = self.left.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let (first, second) = (values.next(), values.next());
        drop(values);
        if second.is_some() {
            self.wrong(name, "is given twice");
            return None;
        }
        let value = first.filter(|value| !value.is_empty())?;
        if value.len() > VALUE_BYTES_MAX {
            self.wrong(name, format!("is longer than {VALUE_BYTES_MAX} bytes"));
            return None;
        }
        Some(value)
    }

    /// Repeatable parameters in their order, each with its name. Omits those with an empty value.
    pub(crate) fn in_order(&mut self, names: &[&'static str]) -> Vec<(&'static str, String)> {
        self.known.extend(names);
        let mut taken = Vec::new();
        for (key, value) in std::mem::take(&mut self.left) {
            match names.iter().find(|name| **name == key) {
                Some(name) if value.len() > VALUE_BYTES_MAX => {
                    self.wrong(name, format!("is longer than {VALUE_BYTES_MAX} bytes"));
                }
                Some(_) if value.is_empty() => {}
                Some(name) => taken.push((*name, value)),
                None => self.left.push((key, value)),
            }
        }
        taken
    }

    /// A parsed parameter. An error of `parse` completes a sentence that begins with the parameter's name.
    pub(crate) fn parsed<T, E: ToString>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(why) => {
                self.wrong(name, why.to_string());
                None
            }
        }
    }

    /// An instant.
    pub(crate) fn instant(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let wrong = "is no instant such as 2013-02-08T15:00:00Z";
        self.parsed(name, |text| DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(|_| wrong))
    }

    /// An integer within bounds.
    pub(crate) fn whole(&mut self, name: &'static str, default: u64, bounds: RangeInclusive<u64>) -> u64 {
        let number = self.parsed(name, |text| {
            let number = text.parse().ok().filter(|number| bounds.contains(number));
            number.ok_or_else(|| format!("must be {} to {}", bounds.start(), bounds.end()))
        });
        number.unwrap_or(default)
    }

    /// `1` or `true`.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        let flag = self.parsed(name, |text| match text {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            _ => Err("must be 1 or 0"),
        });
        flag.unwrap_or(false)
    }

    /// Notes a fault that shows only in combination with other parameters. `reason` completes a sentence that
    /// begins with the name.
    pub(crate) fn wrong(&mut self, name: &str, reason: impl Into<String>) {
        self.faults.note(name, reason);
    }

    /// Whether the parameter already has a fault.
    pub(crate) fn is_wrong(&self, name: &str) -> bool {
        self.faults.has(name)
    }

    /// Notes a missing parameter, unless it already has a fault.
    pub(crate) fn needed<T>(&mut self, name: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.faults.has(name) {
            self.wrong(name, "is missing");
        }
        value
    }

    /// Fails on any fault and on unread parameters.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() && self.left.is_empty() { Ok(()) } else { Err(self.refused()) }
    }

    /// The problem with all faults.
    pub(crate) fn refused(mut self) -> Problem {
        let known = if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
        // List the known parameters only once.
        let mut hint = format!("; known: {known}");
        for (name, _) in std::mem::take(&mut self.left) {
            if !self.faults.has(&name) {
                self.wrong(&name, format!("is not known here{}", std::mem::take(&mut hint)));
            }
        }
        self.faults.problem("query parameter ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(given: Parameters) -> String {
        given.finish().expect_err("it should be refused").to_string()
    }

    #[test]
    fn all_faults_are_reported_at_once_by_name() {
        let mut given = Parameters::read("from=yesterday&limit=0&all=maybe&q=a&q=b&airprot=JFK").unwrap();
        assert_eq!((given.instant("from"), given.whole("limit", 5, 1..=9)), (None, 5));
        assert_eq!((given.flag("all"), given.text("q"), given.text("airport")), (false, None, None));
        let topic = given.text("topic");
        assert_eq!(given.needed("topic", topic), None);
        assert_eq!(
            refused(given),
            "query parameter from is no instant such as 2013-02-08T15:00:00Z; \
             query parameter limit must be 1 to 9; query parameter all must be 1 or 0; \
             query parameter q is given twice; query parameter topic is missing; \
             query parameter airprot is not known here; known: from, limit, all, q, airport, topic"
        );
    }

    #[test]
    fn an_instant_may_have_an_escaped_offset_or_utc() {
        let mut given =
            Parameters::read("from=2013-02-08T10:00:00-05:00&to=2013-02-08T16:00:00%2B01:00").unwrap();
        let expected: DateTime<Utc> = "2013-02-08T15:00:00Z".parse().unwrap();
        assert_eq!((given.instant("from"), given.instant("to")), (Some(expected), Some(expected)));
        given.finish().unwrap();
    }

    #[test]
    fn long_queries_are_refused() {
        assert!(Parameters::read(&"a=1&".repeat(300)).is_err());
        let mut given = Parameters::read(&format!("q={}", "x".repeat(1_000))).unwrap();
        assert_eq!(given.text("q"), None);
        assert_eq!(refused(given), "query parameter q is longer than 512 bytes");
        let given = Parameters::read(&format!("{}=1&{}=2", "x".repeat(1_000), "x".repeat(1_000))).unwrap();
        assert!(refused(given).len() < 200);
    }
}
