//! The OpenAPI 3.1 document of the REST interface, generated from the handlers.

use actix_web::HttpResponse;
use bytes::Bytes;
use std::sync::LazyLock;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa::{Modify, OpenApi};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gatecall",
        description = "Live flight status. Times are UTC instants (RFC 3339); airports carry their zone. Errors are problem JSON (RFC 9457). For changes as they happen, follow topics on the WebSocket at /ws (described at /docs/protocol), or read them as server-sent events where WebSocket is blocked."
    ),
    paths(
        super::flights::list,
        super::flights::one,
        super::history::history,
        super::boards::board,
        super::airports_airlines::list_airports,
        super::airports_airlines::list_airlines,
        super::feeds::list,
        super::feeds::clock,
        super::ingest::reports,
        super::operator::feed_keys::list,
        super::operator::feed_keys::make,
        super::operator::feed_keys::revoke,
        super::operator::reference_names::put_airport,
        super::operator::reference_names::withdraw_airport,
        super::operator::reference_names::put_airline,
        super::operator::reference_names::withdraw_airline,
        super::operator::overrides::list,
        super::operator::overrides::put,
        super::operator::overrides::end,
        super::operator::removals::one,
        super::operator::removals::many,
        super::operator::quarantine::list,
        super::operator::doubtful::list,
        super::health::healthz,
        super::health::readyz,
        super::health::metrics,
        super::stream_docs::described,
        document,
    ),
    tags(
        (name = "flights", description = "One live state per flight."),
        (name = "boards", description = "An airport's departures and arrivals."),
        (name = "stream", description = "Changes as they happen."),
        (name = "places", description = "Airports and airlines."),
        (name = "feeds", description = "Reports from airports, and the health of feeds."),
        (name = "operator", description = "For the operator of this hub."),
        (name = "health", description = "For supervisors and monitoring."),
    ),
    modifiers(&Keys, &Common)
)]
pub(crate) struct Document;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = |description: &str| {
            let scheme =
                HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
            SecurityScheme::Http(scheme)
        };
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("feed_key", bearer("The feed's key"));
        components.add_security_scheme("operator_key", bearer("The operator's key"));
    }
}

/// Adds what all operations share: the errors of the middleware and of parameters.
struct Common;

impl Modify for Common {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let long_queries = [item.get.as_mut()];
            let acts = [item.put.as_mut(), item.post.as_mut(), item.delete.as_mut()];
            let long_queries = long_queries.into_iter().flatten().map(|operation| (operation, false));
            let acts = acts.into_iter().flatten().map(|operation| (operation, true));
            for (operation, acts) in long_queries.chain(acts) {
                let mut may = |status: u16, why: &str| {
                    operation.responses.responses.entry(status.to_string()).or_insert_with(|| problem(why));
                };
                may(
                    503,
                    "The hub took too long to answer, or is going down; retry after the delay in `Retry-After`",
                );
                if acts {
                    may(403, "A web page of another origin asks");
                }
                if path.starts_with("/api/") && path != "/api/v1/openapi.json" {
                    may(400, "A parameter is wrong or not known; each is named");
                }
            }
        }
    }
}

fn problem(why: &str) -> RefOr<Response> {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(why).content(wire::problem::CONTENT_TYPE, body).into()
}

/// Example bodies, as the hub writes them. The tests of `wire` and of the web page read the same files.
const EXAMPLES: [(&str, &str); 10] = [
    ("AirlinesBody", include_str!("../../wire/golden/rest-airlines.json")),
    ("AirportsBody", include_str!("../../wire/golden/rest-airports-page.json")),
    ("BoardBody", include_str!("../../wire/golden/rest-board.json")),
    ("Clock", include_str!("../../wire/golden/rest-clock.json")),
    ("FeedsBody", include_str!("../../wire/golden/rest-feeds.json")),
    ("Flight", include_str!("../../wire/golden/rest-flight.json")),
    ("FlightsBody", include_str!("../../wire/golden/rest-flights.json")),
    ("HistoryBody", include_str!("../../wire/golden/rest-history.json")),
    ("IngestBody", include_str!("../../wire/golden/rest-ingest.json")),
    ("Problem", include_str!("../../wire/golden/rest-problem.json")),
];

static JSON: LazyLock<Bytes> = LazyLock::new(|| {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    for (name, example) in EXAMPLES {
        if let Some(schema) = document.pointer_mut(&format!("/components/schemas/{name}"))
            && let Ok(example) = serde_json::from_str(example)
        {
            schema["example"] = example;
        }
    }
    document.to_string().into()
});

/// This document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "health",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value))
)]
pub(super) async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("cache-control", "no-cache"))
        .body(JSON.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::ENDPOINTS;
    use std::collections::BTreeSet;

    #[test]
    fn the_openapi_document_lists_exactly_the_served_endpoints() {
        let document: serde_json::Value = serde_json::from_slice(&JSON).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let described: BTreeSet<_> = paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        let served: BTreeSet<_> =
            ENDPOINTS.iter().map(|e| (e.method.to_string(), e.path.to_owned())).collect();
        assert_eq!(described, served);
        let addresses: BTreeSet<_> = ENDPOINTS.iter().map(|e| e.path).collect();
        assert_eq!(crate::http::addresses().count(), addresses.len(), "the methods of one stand together");
    }

    #[test]
    fn every_body_has_an_example_written_by_the_hub() {
        let document: serde_json::Value = serde_json::from_slice(&JSON).unwrap();
        for (name, _) in EXAMPLES {
            assert!(document["components"]["schemas"][name]["example"].is_object(), "{name}");
        }
    }

    #[test]
    fn every_operation_has_a_summary_and_every_reference_resolves() {
        let document: serde_json::Value = serde_json::from_slice(&JSON).unwrap();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(operation["summary"].is_string(), "{method} {path} has no summary");
                for (status, response) in operation["responses"].as_object().unwrap() {
                    assert!(
                        !response["description"].as_str().unwrap().is_empty(),
                        "{method} {path} {status}"
                    );
                }
            }
        }
        let text = String::from_utf8(JSON.to_vec()).unwrap();
        let mut references = 0;
        for rest in text.split("\"$ref\":\"#").skip(1) {
            let pointer = rest.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer} leads nowhere");
            references += 1;
        }
        assert!(references > 10);
    }
}
