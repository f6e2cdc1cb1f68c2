//! What happens to every request, once, at the border: an id, the check of the origin, a limit of
//! time, headers that keep browsers safe, a line in the log, and an error in the one shape that
//! errors have here.

use super::metrics::{RequestLabel, RouteLabel};
use super::problem::Problem;
use super::response_headers::ContentKind;
use crate::app::App;
use crate::time::monotonic;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, ResponseError};
use std::time::Duration;

/// The header of a request's id, in requests and answers.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id taken from a client.
const REQUEST_ID_MAX: usize = 64;

/// How long a browser may remember that it was allowed to ask.
const PREFLIGHT_GOOD_FOR_S: &str = "3600";

/// What pages of other origins may send and read beyond what every page may.
const ALLOWED_HEADERS: &str = "if-none-match, last-event-id, x-request-id";
const EXPOSED_HEADERS: &str = "etag, link, retry-after, x-request-id";

/// What is known of a request before it is passed on.
struct RequestInfo {
    id: String,
    method: Method,
    path: String,
    client: Option<String>,
    /// The page that asks, and whether it may.
    origin: Option<(HeaderValue, bool)>,
}

/// Around every handler.
pub(super) async fn handle(
    app: App,
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
        // The request is gone with whoever took too long; what is left is to say so.
        Err(error) => {
            let mut answer = error.error_response();
            ContentKind::Data.put_on(answer.headers_mut());
            info.put_on(answer.headers_mut());
            info.note(&app, "none", answer.status(), began.elapsed());
            return Err(InternalError::from_response(error, answer).into());
        }
    };
    in_one_shape(&mut answer);
    let mut answer = super::response_body::prepare(&app, answer).await;
    let pattern = answer.request().match_pattern();
    let kind = ContentKind::of(pattern.as_deref(), answer.request().path(), &app.http.site);
    kind.put_on(answer.headers_mut());
    info.put_on(answer.headers_mut());
    let route = super::pattern(pattern.as_deref());
    if app.readiness.check().is_err() {
        // A hub that goes down waits for its connections; one that is kept open would make it wait
        // for nothing.
        answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    info.note(&app, route, answer.status(), began.elapsed());
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

    /// What can be answered without asking a handler: a browser's question whether it may ask, and
    /// a page that may not.
    fn at_once(&self) -> Option<HttpResponse> {
        let refused =
            || Problem::new(StatusCode::FORBIDDEN).detail("pages of this origin may not ask this hub");
        match (&self.origin, &self.method) {
            (Some((_, true)), &Method::OPTIONS) => Some(
                HttpResponse::NoContent()
                    .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"))
                    .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
                    .insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_GOOD_FOR_S))
                    .finish(),
            ),
            // A browser lets no page read an answer without our leave; but it sends a simple POST
            // all the same.
            (Some((_, false)), method) if *method != Method::GET && *method != Method::HEAD => {
                Some(refused().error_response())
            }
            _ => None,
        }
    }

    /// Adds what belongs to this request: its id, and whether its page may read the answer.
    fn put_on(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some((origin, true)) = &self.origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        }
    }

    /// Counts the request and writes its line. Neither query nor headers are logged: keys and names
    /// of travellers have no place in a log.
    fn note(&self, app: &App, route: &'static str, status: StatusCode, took: Duration) {
        let method = match self.method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::DELETE => "DELETE",
            Method::OPTIONS => "OPTIONS",
            _ => "OTHER",
        };
        let metrics = &app.http.metrics;
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
            // Asked every few seconds by machines, and of no interest unless they fail.
            "/healthz" | "/readyz" | "/metrics" | "page" => line!(debug),
            _ => line!(info),
        }
    }
}

fn is_request_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=REQUEST_ID_MAX).contains(&text.len()) && text.bytes().all(plain)
}

/// Errors that the framework made get the shape that ours have.
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
