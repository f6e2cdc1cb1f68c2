//! Query parameters, taken one by one. What is wrong is named, and so is what nobody knows: a
//! filter with a slip in its name must not silently select everything.

use super::problem::Problem;
use actix_web::HttpRequest;
use actix_web::web::Query;
use chrono::{DateTime, Utc};
use std::ops::RangeInclusive;

/// Most parameters of one request.
const PARAMETERS_MAX: usize = 32;

/// Longest value of one parameter, in bytes.
const VALUE_BYTES_MAX: usize = 512;

/// The parameters of one request that nobody has taken yet.
pub(crate) struct Parameters {
    left: Vec<(String, String)>,
    known: Vec<&'static str>,
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
        if let Some((name, _)) = left.iter().find(|(_, value)| value.len() > VALUE_BYTES_MAX) {
            return Err(Problem::bad_query(name, &format!("is longer than {VALUE_BYTES_MAX} bytes")));
        }
        Ok(Self { left, known: Vec::new() })
    }

    /// A parameter as it is. Without a value it counts as absent.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.known.push(name);
        let Some(at) = self.left.iter().position(|(key, _)| key == name) else { return Ok(None) };
        let (_, value) = self.left.swap_remove(at);
        if self.left.iter().any(|(key, _)| key == name) {
            return Err(Problem::bad_query(name, "is given twice"));
        }
        Ok(Some(value).filter(|value| !value.is_empty()))
    }

    /// A parameter of a certain shape. `parse` answers with what is wrong, to be read after the
    /// parameter's name.
    pub(crate) fn parsed<T, E: ToString>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.text(name)? else { return Ok(None) };
        parse(&value).map(Some).map_err(|why| Problem::bad_query(name, &why.to_string()))
    }

    /// An instant.
    pub(crate) fn instant(&mut self, name: &'static str) -> Result<Option<DateTime<Utc>>, Problem> {
        let wrong = "is no instant such as 2013-02-08T15:00:00Z";
        self.parsed(name, |text| DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(|_| wrong))
    }

    /// A whole number within bounds.
    pub(crate) fn whole(
        &mut self,
        name: &'static str,
        default: u64,
        bounds: RangeInclusive<u64>,
    ) -> Result<u64, Problem> {
        let number = self.parsed(name, |text| {
            let number = text.parse().ok().filter(|number| bounds.contains(number));
            number.ok_or_else(|| format!("must be {} to {}", bounds.start(), bounds.end()))
        })?;
        Ok(number.unwrap_or(default))
    }

    /// `1` or `true`.
    pub(crate) fn flag(&mut self, name: &'static str) -> Result<bool, Problem> {
        let flag = self.parsed(name, |text| match text {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            _ => Err("must be 1 or 0"),
        })?;
        Ok(flag.unwrap_or(false))
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        let Some((name, _)) = self.left.first() else { return Ok(()) };
        let name: String = name.chars().take(40).collect();
        let known = if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
        Err(Problem::bad_query(&name, &format!("is not known here; known: {known}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong<T>(answer: Result<T, Problem>) -> String {
        answer.err().expect("it should be refused").to_string()
    }

    #[test]
    fn what_is_wrong_with_a_parameter_is_said_with_its_name() {
        let mut given = Parameters::read("from=yesterday&limit=0&all=maybe").unwrap();
        assert_eq!(
            wrong(given.instant("from")),
            "query parameter from is no instant such as 2013-02-08T15:00:00Z"
        );
        assert_eq!(wrong(given.whole("limit", 5, 1..=9)), "query parameter limit must be 1 to 9");
        assert_eq!(wrong(given.flag("all")), "query parameter all must be 1 or 0");
    }

    #[test]
    fn an_unknown_or_repeated_parameter_is_refused() {
        let mut given = Parameters::read("airprot=JFK&q=a&q=b").unwrap();
        assert_eq!(given.text("airport").unwrap(), None);
        assert_eq!(wrong(given.text("q")), "query parameter q is given twice");
        let mut given = Parameters::read("airprot=JFK").unwrap();
        given.text("airport").unwrap();
        assert_eq!(wrong(given.finish()), "query parameter airprot is not known here; known: airport");
    }

    #[test]
    fn an_offset_in_an_instant_may_be_escaped_or_utc() {
        let mut given =
            Parameters::read("from=2013-02-08T10:00:00-05:00&to=2013-02-08T16:00:00%2B01:00").unwrap();
        let expected: DateTime<Utc> = "2013-02-08T15:00:00Z".parse().unwrap();
        assert_eq!(given.instant("from").unwrap(), Some(expected));
        assert_eq!(given.instant("to").unwrap(), Some(expected));
        given.finish().unwrap();
    }

    #[test]
    fn a_query_of_any_length_is_bounded() {
        assert!(Parameters::read(&"a=1&".repeat(100)).is_err());
        assert!(Parameters::read(&format!("q={}", "x".repeat(1_000))).is_err());
    }
}
