//! # HTTP
//!
//! REST under `/api/v1`, health, metrics, and the files of the web page; the same on both ports.
//!
//! | module | holds |
//! |---|---|
//! | `middleware` | what happens to every request: id, origin, time limit, headers, log line |
//! | [`problem`] | how errors are answered |
//! | `query`, `request_body`, `json_body` | what a request says: parameters, its body, the keys of an object |
//! | `response_headers` | what an answer carries beside its body, by its address |
//! | `etag`, `bearer_key` | ETags, bearer keys |
//! | `fair_queue` | of what takes long, one at a time for each client |
//! | `response_body` | long answers: compressed, counted until they are read |
//! | `flights`, `history`, `search`, `boards`, `airports_airlines` | what travellers and screens ask for |
//! | `feeds`, `ingest` | how well airports are heard, and where they push |
//! | `display_names` | what airports and airlines are called |
//! | `operator` | what is for the operator alone |
//! | `health`, `metrics` | whether the hub lives, and what is counted |
//! | `openapi` | all of it described |
//! | `static_site` | the web page |
//!
//! ## Adding an endpoint
//!
//! 1. A handler in the file of its thought, with `#[utoipa::path]` above it.
//! 2. Its line in `ENDPOINTS`, and its name in `openapi`. A test holds the two together.
//! 3. Its way and its refusals in `tests/it/`.

mod bearer_key;
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
mod request_body;

mod airports_airlines;
mod fair_queue;
pub mod problem;
pub(crate) mod query;
mod response_body;
mod response_headers;
mod search;
mod static_site;
mod stream_docs;

use crate::app::App;
use crate::config::Config;
use actix_web::guard;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::from_fn;
use actix_web::{HttpResponse, Route, web};
use problem::Problem;
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

/// What the HTTP side shares between its worker threads.
pub struct HttpState {
    metrics: metrics::HttpMetrics,
    site: static_site::Site,
    active_codes: airports_airlines::ActiveCodes,
    /// A place for each body that is held in memory.
    bodies: ingest::Bodies,
    /// A place for each answer that is being compressed.
    compressions: Semaphore,
    /// A place for each look through many flights.
    long_queries: Semaphore,
}

impl HttpState {
    /// Made once a process. Reads the web page.
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

    /// Adds what is counted here.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }
}

/// One way to ask one address.
struct Endpoint {
    /// GET answers HEAD as well.
    method: Method,
    /// As in `actix_web`, with its parameters in braces.
    path: &'static str,
    /// Its handler.
    route: fn(Route) -> Route,
}

/// Every address but those of the web page and of the WebSocket. The methods of one address stand
/// together.
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

/// The endpoints of each address.
fn addresses() -> impl Iterator<Item = &'static [Endpoint]> {
    ENDPOINTS.chunk_by(|one, next| one.path == next.path)
}

/// The label of a matched pattern, for what is counted.
fn pattern(matched: Option<&str>) -> &'static str {
    let known = ENDPOINTS.iter().map(|endpoint| endpoint.path).find(|path| Some(*path) == matched);
    known.unwrap_or("page")
}

/// Everything this module answers, for one worker thread.
pub fn configure(service: &mut web::ServiceConfig, app: &App) {
    let for_middleware = app.clone();
    let mut scope = web::scope("").app_data(web::Data::new(app.clone()));
    for endpoints in addresses() {
        scope = scope.service(resource(endpoints));
    }
    let scope = scope.service(web::resource(crate::ws::handshake::PATH).to(upgrade_needed));
    let scope = scope.default_service(web::to(static_site::anything));
    service.service(
        scope.wrap(from_fn(move |request, next| middleware::handle(for_middleware.clone(), request, next))),
    );
}

/// One address with all its methods, and a word for who asks by another.
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
                .detail(format!("this address answers {allowed}"))
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

/// A plain request where a WebSocket is spoken.
async fn upgrade_needed() -> Result<HttpResponse, Problem> {
    let detail = "a WebSocket with the subprotocol gatecall.v1 is spoken here; see /docs/protocol";
    Err(Problem::new(StatusCode::UPGRADE_REQUIRED).detail(detail).header(header::UPGRADE, "websocket"))
}
