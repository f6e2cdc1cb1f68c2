//! What is for the operator alone: keys, names, fields taken over by hand, and what could not be used.
//! Without a configured operator's key none of it exists.
//!
//! | module | holds |
//! |---|---|
//! | `quarantine` | what could not be used |
//! | `doubtful` | times of flights that cannot be meant, or cannot be true |
//! | `feed_keys` | the keys of pushed feeds that the directory keeps |
//! | `names` | what airports and airlines are called here |
//! | `overrides` | fields taken over by hand |
//! | `removals` | flights removed by hand |
//!
//! ## Who it was
//!
//! All who have the operator's key are one to the hub. A header `X-Operator` may say who of them asks;
//! it is noted beside what was done, and believed: whoever has the key may do everything anyway, and
//! the notes are for those who come after, no proof. Nothing of it is shown to the public.

pub(super) mod doubtful;
pub(super) mod feed_keys;
pub(super) mod overrides;
pub(super) mod quarantine;
pub(super) mod reference_names;
pub(super) mod removals;

use super::bearer_key;
use super::problem::Problem;
use crate::app::App;
use actix_web::HttpRequest;
use domain::ports::StoreError;
use domain::single_line_text::SingleLineText;

/// The header that says who it is.
const WHO: &str = "x-operator";

/// What the public is told of who changed a flight by hand, and who it was where nobody says.
const OPERATOR: &str = "operator";

/// `Ok` if it is the operator who asks.
fn admit(request: &HttpRequest, app: &App) -> Result<(), Problem> {
    let digests = &app.config.server.operator_key_digests;
    if digests.is_empty() {
        return Err(Problem::not_found("this hub has no operator's key (server.operator_key_file)"));
    }
    bearer_key::check(request, digests)
}

/// Who of the operators asks, by their own word.
fn who(request: &HttpRequest) -> Result<SingleLineText, Problem> {
    let wrong = |why: &str| Problem::bad_field(WHO, why);
    let given = request.headers().get(WHO).map_or(OPERATOR.as_bytes(), |value| value.as_bytes());
    let text = str::from_utf8(given).map_err(|_| wrong("is not UTF-8"))?;
    SingleLineText::parse(text).map_err(|why| wrong(&why.to_string()))
}

fn away(fault: StoreError) -> Problem {
    Problem::unavailable(&fault.to_string())
}

/// Reads the directory again, so that what was just decided counts on this node at once.
async fn read_again(app: &App) {
    if let Err(fault) = app.directory_cache.read(&*app.directory).await {
        tracing::warn!(%fault, "what was decided is kept, and counts here when the directory can be read");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn who_asks_is_a_line_or_the_operator() {
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
