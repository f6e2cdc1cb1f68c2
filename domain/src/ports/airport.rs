//! Port to an airport that the hub polls.

use super::BoxFuture;
use chrono::{DateTime, Utc};

/// One poll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollRequest {
    /// The ETag of the last good response.
    pub etag: Option<String>,
    /// Request only what changed since this instant, if the airport supports it.
    pub since: Option<DateTime<Utc>>,
    /// The page link of the last response; `None` for the first page.
    pub page: Option<String>,
}

/// An airport's response.
#[derive(Clone, Debug)]
pub enum PollResponse {
    /// Nothing changed since the ETag.
    NotModified,
    /// A response body.
    Body {
        /// The bytes, within the source's limit.
        bytes: Vec<u8>,
        /// The content type that the airport sent.
        content_type: String,
        /// The ETag for the next poll.
        etag: Option<String>,
        /// The link to the next page, if any.
        next: Option<String>,
    },
}

/// Why a poll failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PollError {
    /// No response, a broken response or a server error. Retry later.
    #[error("{0}")]
    Unreachable(String),
    /// The airport asks the hub to wait.
    #[error("asked to wait {retry_after_seconds} s")]
    Busy {
        /// The wait in real seconds.
        retry_after_seconds: u64,
    },
    /// The airport refuses the hub (wrong key, wrong address). An operator must act.
    #[error("{0}")]
    Refused(String),
    /// The response exceeds the limit.
    #[error("the answer is longer than {limit_bytes} bytes")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
}

/// An airport that the hub polls.
pub trait AirportSource: Send + Sync {
    /// Sends one request. The adapter sets time-outs.
    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<PollResponse, PollError>>;
}
