//! # HTTP
//!
//! REST under `/api/v1`, health, metrics, and the files of the web page; the same on both ports.
//!
//! | module | holds |
//! |---|---|
//! | [`border`] | what happens to every request: id, origin, time limit, headers, log line |
//! | [`problem`] | how errors are answered |
//! | [`origin`] | which web pages may speak to this hub |
//!
//! ## Adding an endpoint
//!
//! 1. A handler in the file of its thought, with `#[utoipa::path]` above it.
//! 2. Its line in [`ENDPOINTS`], and its name in [`openapi`]. A test holds the two together.

pub mod health;
pub mod origin;
pub mod problem;

use crate::app::App;
use crate::config::Config;
use actix_web::guard;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Route, web};
use problem::Problem;
use prometheus_client::registry::Registry;

/// What the HTTP side shares between its worker threads.
pub struct State {}

impl State {
    /// Made once a process.
    pub fn new(_config: &Config) -> Self {
        Self {}
    }

    /// Adds what is counted here.
    pub fn register(&self, _registry: &mut Registry) {}
}

/// One address and what answers there.
pub(crate) struct Endpoint {
    /// GET answers HEAD as well.
    pub(crate) method: Method,
    /// As in `actix_web`, with its parameters in braces.
    pub(crate) path: &'static str,
    /// Its handler.
    pub(crate) route: fn(Route) -> Route,
}

/// Every address but those of the web page.
pub(crate) const ENDPOINTS: &[Endpoint] = &[
    get("/healthz", |r| r.to(health::healthz)),
    get("/readyz", |r| r.to(health::readyz)),
    get("/metrics", |r| r.to(health::metrics)),
    get("/api/v1/stream", |r| r.to(crate::ws::events::stream)),
];

const fn get(path: &'static str, route: fn(Route) -> Route) -> Endpoint {
    Endpoint { method: Method::GET, path, route }
}

/// Everything this module answers, for one worker thread.
pub fn configure(service: &mut web::ServiceConfig, app: &App) {
    let mut scope = web::scope("").app_data(web::Data::new(app.clone()));
    for endpoint in ENDPOINTS {
        let method = endpoint.method.clone();
        let allowed = if method == Method::GET { "GET, HEAD" } else { "POST" };
        let refuse = move || async move {
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED).header(header::ALLOW, allowed);
            Err::<HttpResponse, _>(problem)
        };
        let route = (endpoint.route)(web::route().guard(guard::fn_guard(move |context| {
            let asked = &context.head().method;
            *asked == method || (method == Method::GET && *asked == Method::HEAD)
        })));
        scope = scope.service(web::resource(endpoint.path).route(route).default_service(web::to(refuse)));
    }
    service.service(scope.default_service(web::to(nothing_here)));
}

async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::not_found(&format!("there is nothing at {}", request.path())))
}
