//! What is answered when a request cannot be: problem JSON (RFC 9457), always.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use std::fmt;
use wire::problem::{CONTENT_TYPE, ProblemBody};

/// A problem on its way out. Handlers return it as their error.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    body: Box<ProblemBody>,
    headers: Vec<(header::HeaderName, String)>,
}

impl Problem {
    /// A problem of which the status says the sort.
    pub fn new(status: StatusCode) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { status, body: Box::new(ProblemBody::new(status.as_u16(), title)), headers: Vec::new() }
    }

    /// 400, a query parameter is at fault. `reason` is read after its name.
    pub fn bad_query(parameter: &str, reason: &str) -> Self {
        let detail = format!("query parameter {parameter} {reason}");
        Self::new(StatusCode::BAD_REQUEST).detail(detail).field(parameter, reason)
    }

    /// 400, a key of the body, a part of the address or a header is at fault. `reason` is read after its
    /// name.
    pub fn bad_field(field: &str, reason: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST).detail(format!("{field} {reason}")).field(field, reason)
    }

    /// 409: it is against the rules as things stand.
    pub fn conflict(detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT).detail(detail)
    }

    /// 404, with what was not found.
    pub fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND).detail(detail)
    }

    /// 421: this node does not do that; another does.
    pub fn misdirected(detail: &str) -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST).detail(detail)
    }

    /// 503: the same request may succeed in a second or two.
    pub fn unavailable(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE).detail(detail).retry_after(1)
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Adds what went wrong this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.body.detail = Some(detail.into());
        self
    }

    /// Adds a field at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        *self.body = self.body.with_error(field, reason);
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Says when to come back, in real seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, seconds.to_string())
    }
}

/// What is wrong with the parameters or keys of one request, gathered so that all of it is said at once.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(String, String)>);

impl Faults {
    /// Longest name that is repeated to the client, in characters: it may be anything.
    const NAME_MAX: usize = 40;

    /// `reason` is read after the name.
    pub(crate) fn note(&mut self, name: &str, reason: impl Into<String>) {
        self.0.push((name.chars().take(Self::NAME_MAX).collect(), reason.into()));
    }

    /// Whether something is wrong with this one.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known.chars().eq(name.chars().take(Self::NAME_MAX)))
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// 400 with each fault. `what` stands before every name.
    pub(crate) fn problem(self, what: &str) -> Problem {
        let sentences: Vec<_> = self.0.iter().map(|(name, why)| format!("{what}{name} {why}")).collect();
        let problem = Problem::new(StatusCode::BAD_REQUEST).detail(sentences.join("; "));
        self.0.into_iter().fold(problem, |problem, (name, why)| problem.field(name, why))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.body.detail.as_deref().unwrap_or(&self.body.title))
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CONTENT_TYPE, CONTENT_TYPE));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        response.json(&self.body)
    }
}
