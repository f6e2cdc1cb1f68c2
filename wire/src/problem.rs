//! Errors of the REST interface: `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Content type of a problem.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A problem.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The problem type; `about:blank` if the status says enough.
    #[schema(example = "about:blank")]
    pub r#type: String,
    /// A short summary, the same for every problem of this type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The details of this occurrence.
    pub detail: Option<String>,
    /// Invalid fields. Empty if no field is at fault.
    #[serde(default)]
    pub errors: Vec<FieldError>,
}

/// An invalid field.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, TS, ToSchema)]
pub struct FieldError {
    /// The field, parameter or header.
    pub field: String,
    /// What is wrong. Follows the field's name in a sentence.
    pub reason: String,
}

impl ProblemBody {
    /// A problem of the type `about:blank`.
    pub fn new(status: u16, title: impl Into<String>) -> Self {
        let (r#type, title) = ("about:blank".to_owned(), title.into());
        Self { r#type, title, status, detail: None, errors: Vec::new() }
    }

    /// Adds the details of this occurrence.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds an invalid field.
    #[must_use]
    pub fn with_error(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        self.errors.push(FieldError { field: field.into(), reason: reason.into() });
        self
    }
}
