//! What the hub's answer to a push means.

use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use std::time::Duration;

/// The longest `Retry-After` that is obeyed: a hub cannot silence an airport for the day.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);
/// Longest part of the hub's refusal that is logged.
const REFUSAL_CHARS_MAX: usize = 300;

/// How a push ended.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// Taken; how many of its reports were rejected, and the hub's words on the first.
    Taken {
        /// Reports rejected.
        rejected: u64,
        /// The first of them with its reason; empty if there is none.
        first: String,
    },
    /// Not now.
    Later {
        /// Why, to be read after "the hub at …,".
        why: String,
        /// When to try again, if the hub says so.
        after: Option<Duration>,
    },
    /// Not ever: the message itself is wrong.
    Refused(String),
}

/// `Retry-After` in seconds; the form with a date is not worth a parser here.
pub(super) fn retry_after(value: &HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// Reads an answer.
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
        // A wrong key or address is mended by whoever runs the hub; until then nothing is lost.
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
    fn a_wrong_message_is_refused_for_good_and_everything_else_is_for_later() {
        assert!(matches!(judge(StatusCode::BAD_REQUEST, None, ""), Outcome::Refused(_)));
        assert!(matches!(judge(StatusCode::UNAUTHORIZED, None, ""), Outcome::Later { .. }));
        let wait = retry_after(&HeaderValue::from_static("86400"));
        assert_eq!(wait, Some(RETRY_AFTER_MAX));
        let later = judge(StatusCode::TOO_MANY_REQUESTS, wait, "");
        assert!(matches!(later, Outcome::Later { after: Some(RETRY_AFTER_MAX), .. }));
    }
}
