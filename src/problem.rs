//! Error answers as problem JSON (RFC 9457).

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use std::fmt;
use wire::problem::{CONTENT_TYPE, ProblemBody};

/// An error answer. Handlers return it as their error.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    body: Box<ProblemBody>,
    headers: Vec<(header::HeaderName, String)>,
}

impl Problem {
    /// A problem with a status and no detail.
    pub fn new(status: StatusCode) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { status, body: Box::new(ProblemBody::new(status.as_u16(), title)), headers: Vec::new() }
    }

    /// 400 for a query parameter. `reason` completes a sentence that begins with its name.
    pub fn bad_query(parameter: &str, reason: &str) -> Self {
        let detail = format!("query parameter {parameter} {reason}");
        Self::new(StatusCode::BAD_REQUEST).detail(detail).field(parameter, reason)
    }

    /// 400 for a key of the body, a part of the path or a header. `reason` completes a sentence that begins with
    /// its name.
    pub fn bad_field(field: &str, reason: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST).detail(format!("{field} {reason}")).field(field, reason)
    }

    /// 409: the request conflicts with the current state.
    pub fn conflict(detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT).detail(detail)
    }

    /// 404, with a description of what is missing.
    pub fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND).detail(detail)
    }

    /// 421: another node serves this request.
    pub fn misdirected(detail: &str) -> Self {
        Self::new(StatusCode::MISDIRECTED_REQUEST).detail(detail)
    }

    /// 503: the same request may succeed in a few seconds.
    pub fn unavailable(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE).detail(detail).retry_after(1)
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Adds what went wrong in this case.
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

    /// Sets `Retry-After`, in real seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, seconds.to_string())
    }
}

/// The faults of the parameters or keys of one request, collected into one answer.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(String, String)>);

impl Faults {
    /// Longest name, in characters, that an answer repeats; a client may send any.
    const NAME_MAX: usize = 40;

    /// Adds a fault. `reason` completes a sentence that begins with the name.
    pub(crate) fn note(&mut self, name: &str, reason: impl Into<String>) {
        self.0.push((name.chars().take(Self::NAME_MAX).collect(), reason.into()));
    }

    /// Adds the names that are not known, with a list of those that are.
    pub(crate) fn note_unknown<'a>(&mut self, names: impl Iterator<Item = &'a str>, known: &[&str]) {
        let list = if known.is_empty() { "none".into() } else { known.join(", ") };
        // List the known names only once.
        let mut hint = format!("; known: {list}");
        for name in names.filter(|name| !known.contains(name)) {
            if !self.has(name) {
                self.note(name, format!("is not known here{}", std::mem::take(&mut hint)));
            }
        }
    }

    /// Whether this name has a fault.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known.chars().eq(name.chars().take(Self::NAME_MAX)))
    }

    /// Whether there are no faults.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// 400 with all faults. `what` precedes each name.
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
