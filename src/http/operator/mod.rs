//! Endpoints for the operator: feed keys, names, overrides, removals, and the quarantine. Without a configured
//! operator key they answer 404.
//!
//! | module | contents |
//! |---|---|
//! | `quarantine` | unusable messages and reports |
//! | `doubtful` | implausible flight times |
//! | `feed_keys` | keys of pushed feeds in the directory |
//! | `reference_names` | names of airports and airlines |
//! | `overrides` | manual overrides of fields |
//! | `removals` | removal of flights |
//!
//! ## The audit
//!
//! The hub does not distinguish the holders of the operator's key. The header `X-Operator` may name the person;
//! the audit records it unverified, because a holder of the key may do everything anyway. The audit informs
//! successors and is no proof. It is not public.

pub(super) mod doubtful;
pub(super) mod feed_keys;
pub(super) mod overrides;
pub(super) mod quarantine;
pub(super) mod reference_names;
pub(super) mod removals;

use super::bearer_key;
use crate::app::App;
use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actors::hub::OperatorError;
use domain::ports::SinkError;
use domain::ports::StoreError;
use domain::single_line_text::SingleLineText;

/// The header with the name of the operator.
const WHO: &str = "x-operator";

/// The public name for all operators, and the default of `X-Operator`.
const OPERATOR: &str = "operator";

/// `Ok` if the request carries the operator's key.
fn admit(request: &HttpRequest, app: &App) -> Result<(), Problem> {
    let digests = &app.config.server.operator_key_digests;
    if digests.is_empty() {
        return Err(Problem::not_found("this hub has no operator key (server.operator_key_file)"));
    }
    bearer_key::check(request, digests)
}

/// The name in `X-Operator`.
fn who(request: &HttpRequest) -> Result<SingleLineText, Problem> {
    let wrong = |why: &str| Problem::bad_field(WHO, why);
    let given = request.headers().get(WHO).map_or(OPERATOR.as_bytes(), |value| value.as_bytes());
    let text = str::from_utf8(given).map_err(|_| wrong("is not UTF-8"))?;
    SingleLineText::parse(text).map_err(|why| wrong(&why.to_string()))
}

fn away(fault: StoreError) -> Problem {
    Problem::unavailable(&fault.to_string())
}

/// Reads the directory again, so that a change applies on this node at once.
async fn read_again(app: &App) {
    if let Err(fault) = app.directory_cache.read(&*app.directory).await {
        tracing::warn!(%fault, "the change is stored, and applies here when the directory is readable again");
    }
}

fn unknown() -> Problem {
    Problem::not_found(&OperatorError::UnknownLeg.to_string())
}

fn not_amended(why: OperatorError) -> Problem {
    match why {
        OperatorError::UnknownLeg => unknown(),
        OperatorError::Unavailable(full @ SinkError::Full { .. }) => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS).detail(full.to_string()).retry_after(1)
        }
        OperatorError::Unavailable(fault) => Problem::unavailable(&fault.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_x_operator_header_is_one_line_with_a_default() {
        let of = |value: &[u8]| {
            let value = actix_web::http::header::HeaderValue::from_bytes(value).unwrap();
            who(&TestRequest::default().insert_header((WHO, value)).to_http_request())
        };
        assert_eq!(of("J.  Öberg".as_bytes()).unwrap().as_str(), "J. Öberg");
        assert_eq!(who(&TestRequest::default().to_http_request()).unwrap().as_str(), "operator");
        for value in [&b""[..], b"\xff", "\u{202e}a".as_bytes(), &[b'a'; 201]] {
            assert!(of(value).unwrap_err().to_string().starts_with("x-operator "), "{value:?}");
        }
    }
}
