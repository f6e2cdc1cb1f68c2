//! # HTTP
//!
//! REST under `/api/v1`, health, metrics, and the files of the web page. Both ports serve the same paths.
//!
//! | module | contents |
//! |---|---|
//! | `middleware` | what wraps every request: request id, origin check, time limit, headers, log line |
//! | `request_body`, `json_body` | request bodies: type, length and time limits; a JSON object as a typed extractor |
//! | `principal` | who sends a request, as extractors: operators and feeds, by their keys |
//! | `etag`, `data_age` | ETags, and the silent sources that an answer names |
//! | `response_headers` | security and cache headers by path |
//! | `response_body` | compression, and the budget of unread answers |
//! | `fair_queue` | one long request at a time per client |
//! | `flights`, `history`, `search`, `boards`, `airports_airlines` | read endpoints |
//! | `feeds`, `ingest` | feed health, and the endpoint for pushed reports |
//! | `display_names` | names of airports and airlines |
//! | `operator` | endpoints that need the operator's key |
//! | `health`, `metrics` | health and metrics endpoints; metrics of requests |
//! | `openapi`, `stream_docs` | the OpenAPI document |
//! | `static_site` | the web page |
//!
//! ## Adding an endpoint
//!
//! 1. A handler in the module of its topic, with `#[utoipa::path]` above it. Its signature names whom it serves
//!    (`principal`), its parameters ([`crate::query`]), its body (`json_body`, with a type of [`wire`]) and the
//!    state that it uses.
//! 2. Its line in `ENDPOINTS`, and its name in `openapi`. A test compares the two.
//! 3. Tests of its success and its errors in `tests/it/`.

mod boards;
mod data_age;
mod display_names;
mod etag;
mod feeds;
mod flights;
mod health;
mod history;
mod ingest;
mod json_body;
mod metrics;
mod middleware;
mod openapi;
mod operator;
mod principal;
mod request_body;

mod airports_airlines;
mod fair_queue;
mod response_body;
mod response_headers;
mod search;
mod static_site;
mod stream_docs;

use crate::app::App;
use crate::config::Config;
use crate::problem::Problem;
use actix_web::guard;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, Route, web};
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

/// The state that the HTTP handlers of all worker threads share.
pub struct HttpState {
    metrics: metrics::HttpMetrics,
    site: static_site::Site,
    active_codes: airports_airlines::ActiveCodes,
    /// A permit for each body in memory.
    bodies: ingest::Bodies,
    /// A permit for each compression.
    compressions: Semaphore,
    /// A permit for each query over many flights.
    long_queries: Semaphore,
}

impl HttpState {
    /// Reads the web page. Called once per process.
    pub fn new(config: &Config) -> Self {
        Self {
            metrics: metrics::HttpMetrics::default(),
            site: static_site::Site::read(&config.server.web_root),
            active_codes: airports_airlines::ActiveCodes::default(),
            bodies: ingest::Bodies::new(config),
            compressions: Semaphore::new(response_body::COMPRESSIONS_MAX),
            long_queries: Semaphore::new(flights::LONG_QUERIES_MAX),
        }
    }

    /// Registers the metrics of requests.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }
}

/// One method of one path.
struct Endpoint {
    /// GET includes HEAD.
    method: Method,
    /// As in `actix_web`, with its parameters in braces.
    path: &'static str,
    /// Its handler.
    route: fn(Route) -> Route,
}

/// Every path except those of the web page and the WebSocket. The methods of one path are adjacent.
const ENDPOINTS: &[Endpoint] = &[
    get("/api/v1/flights", |r| r.to(flights::list)),
    get("/api/v1/flights/{leg}", |r| r.to(flights::one)),
    delete("/api/v1/flights/{leg}", |r| r.to(operator::removals::one)),
    get("/api/v1/flights/{leg}/history", |r| r.to(history::history)),
    get("/api/v1/flights/{leg}/overrides", |r| r.to(operator::overrides::list)),
    put("/api/v1/flights/{leg}/overrides/{field}", |r| r.to(operator::overrides::put)),
    delete("/api/v1/flights/{leg}/overrides/{field}", |r| r.to(operator::overrides::end)),
    get("/api/v1/boards/{iata}/{direction}", |r| r.to(boards::board)),
    get("/api/v1/airports", |r| r.to(airports_airlines::list_airports)),
    put("/api/v1/airports/{iata}", |r| r.to(operator::reference_names::put_airport)),
    delete("/api/v1/airports/{iata}", |r| r.to(operator::reference_names::withdraw_airport)),
    get("/api/v1/airlines", |r| r.to(airports_airlines::list_airlines)),
    put("/api/v1/airlines/{code}", |r| r.to(operator::reference_names::put_airline)),
    delete("/api/v1/airlines/{code}", |r| r.to(operator::reference_names::withdraw_airline)),
    get("/api/v1/stream", |r| r.to(crate::ws::server_sent_events::stream)),
    get("/api/v1/feeds", |r| r.to(feeds::list)),
    post("/api/v1/feeds/{feed}/reports", |r| r.to(ingest::reports)),
    get("/api/v1/feeds/{feed}/keys", |r| r.to(operator::feed_keys::list)),
    post("/api/v1/feeds/{feed}/keys", |r| r.to(operator::feed_keys::make)),
    delete("/api/v1/feeds/{feed}/keys/{prefix}", |r| r.to(operator::feed_keys::revoke)),
    get("/api/v1/clock", |r| r.to(feeds::clock)),
    post("/api/v1/removals", |r| r.to(operator::removals::many)),
    get("/api/v1/doubtful", |r| r.to(operator::doubtful::list)),
    get("/api/v1/quarantine", |r| r.to(operator::quarantine::list)),
    get("/api/v1/openapi.json", |r| r.to(openapi::document)),
    get("/healthz", |r| r.to(health::healthz)),
    get("/readyz", |r| r.to(health::readyz)),
    get("/metrics", |r| r.to(health::metrics)),
];

const fn get(path: &'static str, route: fn(Route) -> Route) -> Endpoint {
    Endpoint { method: Method::GET, path, route }
}

const fn post(path: &'static str, route: fn(Route) -> Route) -> Endpoint {
    Endpoint { method: Method::POST, path, route }
}

const fn put(path: &'static str, route: fn(Route) -> Route) -> Endpoint {
    Endpoint { method: Method::PUT, path, route }
}

const fn delete(path: &'static str, route: fn(Route) -> Route) -> Endpoint {
    Endpoint { method: Method::DELETE, path, route }
}

/// The endpoints of each path.
fn addresses() -> impl Iterator<Item = &'static [Endpoint]> {
    ENDPOINTS.chunk_by(|one, next| one.path == next.path)
}

/// The metric label of a matched pattern.
fn pattern(matched: Option<&str>) -> &'static str {
    let known = ENDPOINTS.iter().map(|endpoint| endpoint.path).find(|path| Some(*path) == matched);
    known.unwrap_or("page")
}

/// Configures all endpoints for one worker thread.
pub fn configure(service: &mut web::ServiceConfig, app: &App, state: &web::Data<HttpState>) {
    let for_middleware = (app.clone(), state.clone());
    let mut scope = web::scope("").app_data(web::Data::new(app.clone())).app_data(state.clone());
    for endpoints in addresses() {
        scope = scope.service(resource(endpoints));
    }
    let scope = scope.service(web::resource(crate::ws::handshake::PATH).to(upgrade_needed));
    let scope = scope.default_service(web::to(static_site::anything));
    service.service(scope.wrap(from_fn(move |request, next| {
        let (app, state) = for_middleware.clone();
        middleware::handle(app, state, request, next)
    })));
}

/// One path with all its methods, and an error for other methods.
fn resource(endpoints: &'static [Endpoint]) -> actix_web::Resource {
    let names = endpoints.iter().map(|endpoint| match endpoint.method {
        Method::GET => "GET, HEAD",
        ref other => other.as_str(),
    });
    let allowed = names.collect::<Vec<_>>().join(", ");
    let refuse = move || {
        let allowed = allowed.clone();
        async move {
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED)
                .detail(format!("this path allows {allowed}"))
                .header(header::ALLOW, allowed);
            Err::<HttpResponse, _>(problem)
        }
    };
    let mut resource = web::resource(endpoints[0].path).default_service(web::to(refuse));
    for endpoint in endpoints {
        let fits = |context: &guard::GuardContext<'_>| {
            let asked = &context.head().method;
            *asked == endpoint.method || (endpoint.method == Method::GET && *asked == Method::HEAD)
        };
        resource = resource.route((endpoint.route)(web::route().guard(guard::fn_guard(fits))));
    }
    resource
}

/// Answers a plain request to the path of the WebSocket.
async fn upgrade_needed() -> Result<HttpResponse, Problem> {
    let detail = "this path needs a WebSocket with the subprotocol gatecall.v1; see /docs/protocol";
    Err(Problem::new(StatusCode::UPGRADE_REQUIRED).detail(detail).header(header::UPGRADE, "websocket"))
}
