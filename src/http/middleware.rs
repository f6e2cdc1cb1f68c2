//! Middleware around every request: request id, origin check, time limit, security headers, log line, metrics,
//! and the uniform shape of errors.

use super::HttpState;
use super::metrics::{HttpMetrics, RequestLabel, RouteLabel};
use super::static_site::ContentKind;
use crate::app::App;
use crate::problem::Problem;
use crate::time::monotonic;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError, web};
use std::time::Duration;

/// The header of the request id, in requests and answers.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that a client may choose.
const REQUEST_ID_MAX: usize = 64;

/// How long a browser may cache a preflight answer.
const PREFLIGHT_GOOD_FOR_S: &str = "3600";

/// The additional headers that pages of other origins may send and read.
const ALLOWED_HEADERS: &str = "if-none-match, last-event-id, x-request-id";
const EXPOSED_HEADERS: &str = "etag, link, retry-after, x-request-id";

/// What the middleware reads from a request.
struct RequestInfo {
    id: String,
    method: Method,
    path: String,
    client: Option<String>,
    /// The origin of the page, and whether it is allowed.
    origin: Option<(HeaderValue, bool)>,
}

/// Wraps every handler.
pub(super) async fn handle(
    app: App,
    state: web::Data<HttpState>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = monotonic();
    let info = RequestInfo::of(&app, &mut request);
    let answer = match info.at_once() {
        Some(answer) => Ok(request.into_response(answer)),
        None => {
            let turn = super::fair_queue::needed(&request);
            let answer = next.call(request);
            let answer = async {
                match turn {
                    Some(client) => super::fair_queue::in_turn(client, answer).await,
                    None => answer.await,
                }
            };
            within(app.config.server.request_timeout, answer).await
        }
    };
    let mut answer = match answer {
        Ok(answer) => answer,
        // The handler timed out and its request is dropped.
        Err(error) => {
            let mut answer = error.error_response();
            ContentKind::Data.put_on(answer.headers_mut());
            info.put_on(answer.headers_mut());
            info.note(&state.metrics, "none", answer.status(), began.elapsed());
            return Err(InternalError::from_response(error, answer).into());
        }
    };
    in_one_shape(&mut answer);
    let mut answer = super::response_body::prepare(&app, &state, answer).await;
    let pattern = answer.request().match_pattern();
    let kind = ContentKind::of(pattern.as_deref(), answer.request().path(), &state.site);
    kind.put_on(answer.headers_mut());
    info.put_on(answer.headers_mut());
    let route = super::pattern(pattern.as_deref());
    if app.readiness.check().is_err() {
        // A shutdown waits for open connections, so it must not keep them alive.
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    info.note(&state.metrics, route, answer.status(), began.elapsed());
    Ok(answer)
}

async fn within(
    limit: Duration,
    answer: impl Future<Output = Result<ServiceResponse<BoxBody>, Error>>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Problem::unavailable("the hub took too long to answer").into()),
    }
}

impl RequestInfo {
    fn of(app: &App, request: &mut ServiceRequest) -> Self {
        let text = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let id = text(&REQUEST_ID).filter(|id| is_request_id(id)).map(str::to_owned);
        let host =
            text(&header::HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str()));
        let origin = request.headers().get(header::ORIGIN).map(|origin| {
            let allowed = origin.to_str().is_ok_and(|origin| app.origins.allows_page(origin, host));
            (origin.clone(), allowed)
        });
        Self {
            id: id.unwrap_or_else(|| format!("{:016x}", rand::random::<u64>())),
            method: request.method().clone(),
            path: request.path().to_owned(),
            client: request.peer_addr().map(|address| address.ip().to_string()),
            origin,
        }
    }

    /// The answer without a handler: for a preflight request, and for a page that is not allowed.
    fn at_once(&self) -> Option<HttpResponse> {
        let refused =
            || Problem::new(StatusCode::FORBIDDEN).detail("pages of this origin may not use this hub");
        match (&self.origin, &self.method) {
            (Some((_, true)), &Method::OPTIONS) => Some(
                HttpResponse::NoContent()
                    .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"))
                    .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
                    .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_GOOD_FOR_S))
                    .finish(),
            ),
            // Without our permission a browser hides answers from a page, but it still sends a simple POST.
            (Some((_, false)), method) if *method != Method::GET && *method != Method::HEAD => {
                Some(refused().error_response())
            }
            _ => None,
        }
    }

    /// Adds the request id, and whether the page may read the answer.
    fn put_on(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some((origin, true)) = &self.origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        }
    }

    /// Counts and logs the request. It logs neither query nor headers, which may contain keys or names of
    /// travellers.
    fn note(&self, metrics: &HttpMetrics, route: &'static str, status: StatusCode, took: Duration) {
        let method = match self.method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::DELETE => "DELETE",
            Method::OPTIONS => "OPTIONS",
            _ => "OTHER",
        };
        metrics.requests.get_or_create(&RequestLabel { route, method, status: status.as_u16() }).inc();
        metrics.seconds.get_or_create(&RouteLabel { route }).observe(took.as_secs_f64());
        let client = self.client.as_deref().unwrap_or("-");
        let duration_ms = took.as_secs_f64() * 1e3;
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    request.id = %self.id, http.method = method, http.path = %self.path,
                    http.status = status.as_u16(), duration_ms, client, "answered"
                )
            };
        }
        match route {
            _ if status.is_server_error() => line!(warn),
            // Machines request these every few seconds; only failures are interesting.
            "/healthz" | "/readyz" | "/metrics" | "page" => line!(debug),
            _ => line!(info),
        }
    }
}

fn is_request_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=REQUEST_ID_MAX).contains(&text.len()) && text.bytes().all(plain)
}

/// Gives errors of the framework the shape of ours.
fn in_one_shape(answer: &mut ServiceResponse<BoxBody>) {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return;
    }
    let kind = answer.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if kind.is_some_and(|kind| {
        kind.starts_with(wire::problem::CONTENT_TYPE.as_bytes()) || kind.starts_with(b"text/html")
    }) {
        return;
    }
    let mut problem = Problem::new(status);
    if let Some(error) = answer.response().error().filter(|_| status.is_client_error()) {
        problem = problem.detail(error.to_string());
    }
    *answer.response_mut() = problem.error_response();
}
