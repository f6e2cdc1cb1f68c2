//! A JSON body, as an extractor of a typed struct.

use super::request_body;
use crate::app::App;
use crate::fields::{Place, read};
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Longest body in bytes: several times the longest texts with every letter escaped.
pub(super) const BODY_BYTES_MAX: usize = 16 * 1024;

/// A small JSON object. It refuses unknown and repeated keys.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().expect("every request has it");
            request_body::content_type(&request, &["application/json"])?;
            parse(&request_body::read(&request, payload, BODY_BYTES_MAX, app).await?).map(Self)
        })
    }
}

fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Problem> {
    let no_object = |why| Problem::bad_field("body", &format!("is not a JSON object: {why}"));
    let Object(keys) = serde_json::from_slice(json).map_err(no_object)?;
    read(keys, Place::Body)
}

/// All keys with their values, including duplicates.
struct Object(Vec<(String, Value)>);

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
    use wire::operator::{AirportNameRequest, OverrideRequest, RemovalRequest};

    fn wrong<T: DeserializeOwned>(json: &str) -> String {
        parse::<T>(json.as_bytes()).err().expect("it should be refused").to_string()
    }

    #[test]
    fn all_faults_are_reported_at_once_by_name() {
        let named = parse::<AirportNameRequest>(b"{\"name\":\" for  June \",\"city\":null}").unwrap();
        assert_eq!(named.name.unwrap().0.as_str(), "for June");
        assert!(named.city.is_none() && named.zone.is_none());
        assert_eq!(wrong::<AirportNameRequest>("{\"name\":\"\"}"), "name is empty");
        assert_eq!(
            wrong::<AirportNameRequest>("{\"name\":7}"),
            "name has an invalid type: integer `7`, expected a string"
        );
        assert!(wrong::<RemovalRequest>("{\"dry_run\":7}").starts_with("dry_run has an invalid type"));
        for json in ["", "[]", "7", "{\"note\":}", "{} {}", "\u{0}"] {
            assert!(wrong::<OverrideRequest>(json).starts_with("body is not a JSON object: "), "{json}");
        }
        assert_eq!(
            wrong::<OverrideRequest>(
                "{\"until\":\"noon\",\"reason\":\"a\",\"reasons\":\"b\",\"reason\":\"c\",\"x\":1,\"x\":2}"
            ),
            "reason is given twice; until is no instant such as 2013-02-08T15:00:00Z; \
             reasons is not known here; known: value, until, reason; x is not known here"
        );
        assert_eq!(wrong::<OverrideRequest>("{}"), "until is missing");
        let value = |json: &str| parse::<OverrideRequest>(json.as_bytes()).unwrap().value;
        let until = "\"until\":\"2013-02-08T15:00:00Z\"";
        assert_eq!(value(&format!("{{{until}}}")), None);
        assert_eq!(value(&format!("{{\"value\":null,{until}}}")), Some(Value::Null));
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        let deep = format!("{{\"name\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(wrong::<AirportNameRequest>(&deep).starts_with("body is not a JSON object: recursion limit"));
    }
}
