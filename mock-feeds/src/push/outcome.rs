//! Interprets the hub's response to a push.

use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use std::time::Duration;

/// Longest `Retry-After` that is followed, so that a hub cannot silence an airport for the day.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);
/// Longest part of an error response to log.
const REFUSAL_CHARS_MAX: usize = 300;

/// The outcome of a push.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// Accepted; with the number of rejected reports and the first reason.
    Taken {
        /// Rejected reports.
        rejected: u64,
        /// The first of them with its reason; empty if there are none.
        first: String,
    },
    /// Retry later.
    Later {
        /// The reason, which follows "the hub at …,".
        why: String,
        /// When to retry, if the hub says so.
        after: Option<Duration>,
    },
    /// The message itself is wrong; a retry does not help.
    Refused(String),
}

/// `Retry-After` in seconds. The date form is not supported.
pub(super) fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// Interprets a response.
pub(super) fn judge(status: StatusCode, after: Option<Duration>, text: &str) -> Outcome {
    let words = || text.chars().take(REFUSAL_CHARS_MAX).collect::<String>();
    match status {
        _ if status.is_success() => {
            let answer: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            let rejected = answer["rejected"].as_array().map_or(&[][..], Vec::as_slice);
            let first = rejected.first().map_or_else(String::new, ToString::to_string);
            Outcome::Taken { rejected: rejected.len() as u64, first }
        }
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE => {
            Outcome::Refused(format!("{status} {}", words()))
        }
        // A wrong key or address can be corrected by the hub's operator; until then nothing is lost.
        _ => Outcome::Later { why: format!("which answers {status} {}", words()), after },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_are_read_from_the_answer() {
        let text = r#"{"accepted":1,"changed":1,"unchanged":0,"rejected":[{"index":0,"field":"gate","reason":"too long"}]}"#;
        let Outcome::Taken { rejected, first } = judge(StatusCode::ACCEPTED, None, text) else {
            panic!("not taken")
        };
        assert!(rejected == 1 && first.contains("too long"));
    }

    #[test]
    fn a_wrong_message_is_refused_and_everything_else_is_retried() {
        assert!(matches!(judge(StatusCode::BAD_REQUEST, None, ""), Outcome::Refused(_)));
        assert!(matches!(judge(StatusCode::UNAUTHORIZED, None, ""), Outcome::Later { .. }));
        let wait = retry_after(&HeaderValue::from_static("86400"));
        assert_eq!(wait, Some(RETRY_AFTER_MAX));
        let later = judge(StatusCode::TOO_MANY_REQUESTS, wait, "");
        assert!(matches!(later, Outcome::Later { after: Some(RETRY_AFTER_MAX), .. }));
    }
}
