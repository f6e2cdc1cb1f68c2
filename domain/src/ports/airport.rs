//! An airport that is polled.

use super::BoxFuture;
use chrono::{DateTime, Utc};

/// A question to an airport that is polled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollRequest {
    /// ETag of the last good answer.
    pub etag: Option<String>,
    /// Ask only for what changed after this instant, where the airport can.
    pub since: Option<DateTime<Utc>>,
    /// The page, as the airport's last answer named it; `None` for the first.
    pub page: Option<String>,
}

/// An airport's answer.
#[derive(Clone, Debug)]
pub enum PollResponse {
    /// Nothing new since the ETag.
    NotModified,
    /// A body.
    Body {
        /// Its bytes, within the limit of the source.
        bytes: Vec<u8>,
        /// As the airport named it.
        content_type: String,
        /// For the next question.
        etag: Option<String>,
        /// The next page, if there is one.
        next: Option<String>,
    },
}

/// Why an airport could not be asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PollError {
    /// No answer, a broken one, or a server's fault: ask again later.
    #[error("{0}")]
    Unreachable(String),
    /// The airport asks for patience.
    #[error("asked to wait {retry_after_seconds} s")]
    Busy {
        /// How long to wait, in real seconds.
        retry_after_seconds: u64,
    },
    /// The airport refuses us (a wrong key, a wrong address): a human must look.
    #[error("{0}")]
    Refused(String),
    /// The answer is longer than allowed.
    #[error("the answer is longer than {limit_bytes} bytes")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
}

/// An airport that is polled.
pub trait AirportSource: Send + Sync {
    /// Asks it once. Time-outs are the adapter's.
    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<PollResponse, PollError>>;
}
