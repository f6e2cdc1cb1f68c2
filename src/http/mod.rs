//! # HTTP
//!
//! REST under `/api/v1`, health, metrics, and the files of the web page; the same on both ports.
//!
//! | module | holds |
//! |---|---|
//! | `border` | what happens to every request: id, origin, time limit, headers, log line |
//! | [`problem`] | how errors are answered |
//! | [`origin`] | which web pages may speak to this hub |
//! | `query`, `freshness`, `keys` | parameters, ETags, bearer keys |
//! | `flights`, `search`, `boards`, `places` | what travellers and screens ask for |
//! | `feeds`, `ingest` | how well airports are heard, and where they push |
//! | `operator` | what is for the operator's eyes |
//! | `health`, `meters` | whether the hub lives, and what is counted |
//! | `openapi` | all of it described |
//! | `site` | the web page |
//!
//! ## Adding an endpoint
//!
//! 1. A handler in the file of its thought, with `#[utoipa::path]` above it.
//! 2. Its line in `ENDPOINTS`, and its name in `openapi`. A test holds the two together.
//! 3. Its way and its refusals in `tests/it/`.

mod boards;
mod border;
mod feeds;
mod flights;
mod freshness;
mod health;
mod ingest;
mod keys;
mod meters;
mod openapi;
mod operator;
pub mod origin;
mod places;
pub mod problem;
mod query;
mod search;
mod site;
mod stream;

use crate::app::App;
use crate::config::Config;
use actix_web::guard;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{HttpResponse, Route, web};
use problem::Problem;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the HTTP side shares between its worker threads.
pub struct State {
    meters: meters::Meters,
    site: site::Site,
    census: places::Census,
    /// A place for each body that is held in memory.
    bodies: Arc<Semaphore>,
    /// A place for each look through many flights.
    looks: Semaphore,
}

impl State {
    /// Made once a process. Reads the web page.
    pub fn new(config: &Config) -> Self {
        Self {
            meters: meters::Meters::default(),
            site: site::Site::read(&config.server.web_root),
            census: places::Census::default(),
            bodies: Arc::new(Semaphore::new(config.server.bodies_under_way_max)),
            looks: Semaphore::new(flights::LONG_LOOKS_MAX),
        }
    }

    /// Adds what is counted here.
    pub fn register(&self, registry: &mut Registry) {
        self.meters.register(registry);
    }
}

/// One address and what answers there.
struct Endpoint {
    /// GET answers HEAD as well.
    method: Method,
    /// As in `actix_web`, with its parameters in braces.
    path: &'static str,
    /// Its handler.
    route: fn(Route) -> Route,
}

/// Every address but those of the web page and of the WebSocket.
const ENDPOINTS: &[Endpoint] = &[
    get("/api/v1/flights", |r| r.to(flights::list).wrap(Compress::default())),
    get("/api/v1/flights/{leg}", |r| r.to(flights::one)),
    get("/api/v1/flights/{leg}/history", |r| r.to(flights::history)),
    get("/api/v1/boards/{iata}/{direction}", |r| r.to(boards::board).wrap(Compress::default())),
    get("/api/v1/airports", |r| r.to(places::list_airports).wrap(Compress::default())),
    get("/api/v1/airlines", |r| r.to(places::list_airlines)),
    get("/api/v1/stream", |r| r.to(crate::ws::events::stream)),
    get("/api/v1/feeds", |r| r.to(feeds::list)),
    Endpoint { method: Method::POST, path: "/api/v1/feeds/{feed}/reports", route: |r| r.to(ingest::reports) },
    get("/api/v1/clock", |r| r.to(feeds::clock)),
    get("/api/v1/quarantine", |r| r.to(operator::quarantine)),
    get("/api/v1/openapi.json", |r| r.to(openapi::document)),
    get("/healthz", |r| r.to(health::healthz)),
    get("/readyz", |r| r.to(health::readyz)),
    get("/metrics", |r| r.to(health::metrics)),
];

const fn get(path: &'static str, route: fn(Route) -> Route) -> Endpoint {
    Endpoint { method: Method::GET, path, route }
}

/// The label of a matched pattern, for what is counted.
fn pattern(matched: Option<&str>) -> &'static str {
    let known = ENDPOINTS.iter().map(|endpoint| endpoint.path).find(|path| Some(*path) == matched);
    known.unwrap_or("page")
}

/// Everything this module answers, for one worker thread.
pub fn configure(service: &mut web::ServiceConfig, app: &App) {
    let at_border = app.clone();
    let mut scope = web::scope("").app_data(web::Data::new(app.clone())).app_data(
        web::QueryConfig::default().error_handler(|fault, _| unreadable_query(&fault.to_string()).into()),
    );
    for endpoint in ENDPOINTS {
        scope = scope.service(resource(endpoint));
    }
    let scope = scope.service(web::resource(crate::ws::handshake::PATH).to(upgrade_needed));
    let scope = scope.default_service(web::to(site::anything));
    service
        .service(scope.wrap(from_fn(move |request, next| border::border(at_border.clone(), request, next))));
}

fn resource(endpoint: &'static Endpoint) -> actix_web::Resource {
    let allowed = if endpoint.method == Method::GET { "GET, HEAD" } else { "POST" };
    let fits = move |context: &guard::GuardContext<'_>| {
        let asked = &context.head().method;
        *asked == endpoint.method || (endpoint.method == Method::GET && *asked == Method::HEAD)
    };
    let refuse = move || async move {
        let detail = format!("this address answers {allowed}");
        let problem =
            Problem::new(StatusCode::METHOD_NOT_ALLOWED).detail(detail).header(header::ALLOW, allowed);
        Err::<HttpResponse, _>(problem)
    };
    let route = (endpoint.route)(web::route().guard(guard::fn_guard(fits)));
    web::resource(endpoint.path).route(route).default_service(web::to(refuse))
}

/// A plain request where a WebSocket is spoken.
async fn upgrade_needed() -> Result<HttpResponse, Problem> {
    let detail = "a WebSocket with the subprotocol gatecall.v1 is spoken here; see docs/PROTOCOL.md";
    Err(Problem::new(StatusCode::UPGRADE_REQUIRED).detail(detail).header(header::UPGRADE, "websocket"))
}

/// The framework's words for a query that does not fit name the parameter in backticks.
fn unreadable_query(fault: &str) -> Problem {
    let name = fault.split('`').nth(1).filter(|_| fault.contains("field"));
    match name {
        Some(name) if fault.contains("missing") => Problem::bad_query(name, "is missing"),
        Some(name) if fault.contains("duplicate") => Problem::bad_query(name, "is given twice"),
        _ => Problem::bad_query("*", &format!("cannot be read: {fault}")),
    }
}
