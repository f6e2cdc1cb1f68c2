//! The query of a request, as an extractor of a typed struct.

use crate::fields::{Place, read};
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer};
use serde_json::Value;
use std::future::{Ready, ready};

/// Most parameters of one request. A stream may have a `topic` and a `since` for each topic.
const PARAMETERS_MAX: usize = 256;

/// The query of a request. It refuses unknown and repeated parameters. An empty value counts as absent.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(query(request.query_string()).map(Self))
    }
}

/// The query of an endpoint without parameters.
#[derive(Deserialize)]
pub(crate) struct NoParameters {}

fn query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let value = |text: String| if text.is_empty() { Value::Null } else { Value::String(text) };
    read(parameters(query)?.into_iter().map(|(name, text)| (name, value(text))).collect(), Place::Query)
}

/// All parameters of a query in their order.
pub(crate) fn parameters(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let unreadable = |_| Problem::bad_query("*", "the query cannot be read");
    let all = web::Query::<Vec<(String, String)>>::from_query(query).map_err(unreadable)?.into_inner();
    if all.len() > PARAMETERS_MAX {
        return Err(Problem::bad_query("*", &format!("has more than {PARAMETERS_MAX} parameters")));
    }
    Ok(all)
}

/// Deserializes an integer within bounds.
pub(crate) fn whole<'de, const MIN: u64, const MAX: u64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<u64, D::Error> {
    let number = String::deserialize(deserializer)?.parse().ok();
    let within = number.filter(|number| (MIN..=MAX).contains(number));
    within.ok_or_else(|| de::Error::custom(format!("must be {MIN} to {MAX}")))
}

/// Deserializes `1` or `true` as yes, `0` or `false` as no.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(de::Error::custom("must be 1 or 0")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Utc};
    use wire::text::Text;

    #[derive(Deserialize)]
    struct Sample {
        from: Option<Text<DateTime<Utc>>>,
        #[serde(default, deserialize_with = "whole::<1, 9, _>")]
        limit: u64,
        #[serde(default, deserialize_with = "flag")]
        all: bool,
        q: Option<String>,
        topic: String,
    }

    fn sample(query: &str) -> Result<Sample, String> {
        super::query(query).map_err(|problem| problem.to_string())
    }

    #[test]
    fn all_faults_are_reported_at_once_by_name() {
        assert_eq!(
            sample("from=yesterday&limit=0&all=maybe&q=a&q=b&airprot=JFK&x=1").err().unwrap(),
            "query parameter q is given twice; \
             query parameter from is no instant such as 2013-02-08T15:00:00Z; \
             query parameter limit must be 1 to 9; query parameter all must be 1 or 0; \
             query parameter topic is missing; \
             query parameter airprot is not known here; known: from, limit, all, q, topic; \
             query parameter x is not known here"
        );
        let given = sample("topic=a&q=&limit=5&all=1").unwrap();
        assert_eq!((given.q, given.limit, given.all, &*given.topic), (None, 5, true, "a"));
    }

    #[test]
    fn an_instant_may_have_an_escaped_offset_or_utc() {
        let expected: DateTime<Utc> = "2013-02-08T15:00:00Z".parse().unwrap();
        for from in ["2013-02-08T10:00:00-05:00", "2013-02-08T16:00:00%2B01:00"] {
            assert_eq!(sample(&format!("topic=a&from={from}")).unwrap().from, Some(Text(expected)));
        }
    }

    #[test]
    fn long_queries_are_refused() {
        assert!(sample(&"a=1&".repeat(300)).is_err());
        let long = sample(&format!("topic=a&q={}", "x".repeat(1_000))).err().unwrap();
        assert_eq!(long, "query parameter q is longer than 512 bytes");
        let long = format!("topic=a&{}=1&{}=2", "x".repeat(1_000), "x".repeat(1_000));
        assert!(sample(&long).err().unwrap().len() < 250);
    }
}
