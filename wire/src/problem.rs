//! What the REST interface says when it cannot: `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Content type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A problem.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Names the sort of problem; `about:blank` where the status says it all.
    #[schema(example = "about:blank")]
    pub r#type: String,
    /// The sort of problem in a few words; the same for every problem of its type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time.
    pub detail: Option<String>,
    /// What is wrong with which field. Empty where no field is at fault.
    #[serde(default)]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct FieldError {
    /// The field, parameter or header.
    pub field: String,
    /// What is wrong with it, to be read after its name.
    pub reason: String,
}

impl ProblemBody {
    /// A problem of which the status says the sort.
    pub fn new(status: u16, title: impl Into<String>) -> Self {
        let (r#type, title) = ("about:blank".to_owned(), title.into());
        Self { r#type, title, status, detail: None, errors: Vec::new() }
    }

    /// Adds what went wrong this time.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a field at fault.
    #[must_use]
    pub fn with_error(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), reason: reason.into() });
        self
    }
}
