//! The endpoints behave as the OpenAPI document states.

use crate::http_client::{Answer, ask};
use crate::hub::{Hub, OPERATOR_KEY};
use serde_json::{Value, json};

/// An operation of the document.
struct Operation<'a> {
    method: String,
    path: &'a str,
    says: &'a Value,
}

impl Operation<'_> {
    fn parameters(&self, place: &str) -> Vec<&Value> {
        let all = self.says["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(|parameter| parameter["in"] == place).collect()
    }

    /// The address with the document's examples in it.
    fn address(&self) -> String {
        let mut address = self.path.to_owned();
        for parameter in self.parameters("path") {
            let name = parameter["name"].as_str().unwrap();
            assert!(!parameter["example"].is_null(), "{} {}: {name} has no example", self.method, self.path);
            address = address.replace(&format!("{{{name}}}"), &text(&parameter["example"]));
        }
        assert!(!address.contains('{'), "{address}: a part of the address is not described");
        address
    }

    /// Requests with these parameters and the required ones, and checks that the document describes the response.
    fn ask(&self, hub: &Hub, method: &str, given: &[(&str, String)]) -> Answer {
        let needed = self.parameters("query").into_iter().filter(|parameter| parameter["required"] == true);
        let mut query: Vec<(String, String)> = needed
            .filter(|one| !given.iter().any(|(name, _)| *name == one["name"]))
            .map(|one| (text(&one["name"]), text(&one["example"])))
            .collect();
        // `direction` means something only beside its airport.
        if given.iter().any(|(name, _)| *name == "direction") {
            query.push(("airport".into(), "JFK".into()));
        }
        query.extend(given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let address = format!("{}?{}", self.address(), query.join("&"));
        let bearer = format!("Bearer {OPERATOR_KEY}");
        let answer = ask(hub.api, method, &address, &[("authorization", &bearer)], b"");
        let described = self.says["responses"].as_object().unwrap();
        assert!(
            described.contains_key(&answer.status.to_string()),
            "{method} {address} is answered {}, which is not described: {}",
            answer.status,
            answer.text()
        );
        answer
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn escaped(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, says) in item.as_object().unwrap() {
            all.push(Operation { method: method.to_uppercase(), path, says });
        }
    }
    all
}

/// Values that a parameter's schema does not allow.
fn misfits(schema: &Value) -> Vec<String> {
    let mut misfits = Vec::new();
    let kinds = text(&schema["type"]);
    if kinds.contains("integer") {
        let bound = |name: &str| schema[name].as_i64().unwrap_or_else(|| panic!("no {name}: {schema}"));
        misfits.extend(["some".into(), (bound("minimum") - 1).to_string()]);
        if !schema["maximum"].is_null() {
            misfits.push((bound("maximum") + 1).to_string());
        }
    }
    if schema["format"] == "date-time" {
        misfits.push("yesterday".into());
    }
    if !schema["pattern"].is_null() {
        misfits.push("?".into());
    }
    if let Some(longest) = schema["maxLength"].as_u64() {
        misfits.push("x".repeat(longest as usize + 1));
    }
    misfits.push("x".repeat(513));
    misfits
}

fn hub() -> (Hub, Value) {
    let hub = Hub::start();
    hub.fly("615", json!({ "departure.scheduled": "2013-02-08T20:15:00Z", "departure.gate": "14" }));
    let document = hub.get("/api/v1/openapi.json").json();
    (hub, document)
}

#[test]
fn documented_parameters_are_accepted_within_bounds_and_named_beyond() {
    let (hub, document) = hub();
    let mut exercised = 0;
    for operation in operations(&document).iter().filter(|operation| operation.method == "GET") {
        for parameter in operation.parameters("query") {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            assert!(!parameter["example"].is_null(), "{}: {name} has no example", operation.path);
            let bounds = [&parameter["example"], &schema["minimum"], &schema["maximum"]];
            for fit in bounds.into_iter().filter(|bound| !bound.is_null()) {
                // HEAD, as a stream has no end.
                let answer = operation.ask(&hub, "HEAD", &[(name, text(fit))]);
                assert_eq!(answer.status, 200, "{} {name}={fit}", operation.path);
            }
            for misfit in misfits(schema) {
                let problem = operation.ask(&hub, "GET", &[(name, misfit.clone())]).problem(400);
                let errors = problem["errors"].as_array().unwrap();
                assert_eq!(
                    (errors.len(), &errors[0]["field"]),
                    (1, &json!(name)),
                    "{} {name}={misfit}: {problem}",
                    operation.path
                );
            }
            exercised += 1;
        }
    }
    assert!(exercised > 15, "only {exercised} parameters were found");
}

#[test]
fn operations_accept_exactly_the_documented_parameters() {
    let (hub, document) = hub();
    for operation in operations(&document) {
        if !operation.path.starts_with("/api/") || operation.path == "/api/v1/openapi.json" {
            continue;
        }
        let problem = operation.ask(&hub, &operation.method, &[("aiport", "JFK".into())]).problem(400);
        let errors = problem["errors"].as_array().unwrap();
        let unknown = errors.iter().find(|error| error["field"] == "aiport").unwrap();
        let (_, known) = unknown["reason"].as_str().unwrap().split_once("known: ").unwrap();
        let mut known: Vec<_> = known.split(", ").filter(|name| *name != "none").collect();
        let mut described: Vec<_> =
            operation.parameters("query").iter().map(|one| one["name"].as_str().unwrap()).collect();
        known.sort_unstable();
        described.sort_unstable();
        assert_eq!(known, described, "{} {}", operation.method, operation.path);
    }
}

#[test]
fn all_wrong_parameters_are_named_at_once() {
    let (hub, document) = hub();
    for operation in operations(&document).iter().filter(|operation| operation.method == "GET") {
        let parameters = operation.parameters("query");
        if parameters.is_empty() {
            continue;
        }
        let mut given: Vec<_> = parameters
            .iter()
            .map(|one| (one["name"].as_str().unwrap(), misfits(&one["schema"]).remove(0)))
            .collect();
        given.push(("aiport", "JFK".into()));
        let problem = operation.ask(&hub, "GET", &given).problem(400);
        let named: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        for (name, _) in &given {
            assert_eq!(
                named.iter().filter(|field| *field == name).count(),
                1,
                "{}: {problem}",
                operation.path
            );
        }
    }
}
