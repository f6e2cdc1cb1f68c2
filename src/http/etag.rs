//! ETags and 304 answers.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use std::sync::LazyLock;

/// The versions of boards restart with each run of the hub, so their tags carry a random number of the run.
static RUN: LazyLock<u64> = LazyLock::new(rand::random);

/// The tag of a board: the version of its rows, the time of an operator's change to the airport, and the hash
/// of its silent sources. It is weak, because `as_of` changes although the rows do not.
pub(crate) fn tag_of_board(version: u64, airport_changed_at: Option<DateTime<Utc>>, silent: u64) -> String {
    let changed = airport_changed_at.map_or(0, |at| at.timestamp_micros());
    format!("W/\"{:x}-{version:x}-{changed:x}-{silent:x}\"", *RUN)
}

/// The tag of a flight: its revision and the hash of its silent sources. It is valid across runs on the same
/// data.
pub(crate) fn tag_of_revision(epoch: &str, rev: u64, silent: u64) -> String {
    format!("W/\"{epoch}-{rev:x}-{silent:x}\"")
}

/// `Cache-Control` of answers that a client may store but must revalidate.
pub(crate) const REVALIDATE: &str = "no-cache";

/// 304 if the client holds `tag`. `caching` is the `Cache-Control` of the full answer, which a 304 replaces.
pub(crate) fn not_modified(request: &HttpRequest, tag: &str, caching: &str) -> Option<HttpResponse> {
    let held = request.headers().get_all(header::IF_NONE_MATCH);
    let mut held = held.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    held.any(|held| held.trim() == "*" || weak(held) == weak(tag)).then(|| {
        let mut response = HttpResponse::NotModified();
        response.insert_header((header::ETAG, tag)).insert_header((header::CACHE_CONTROL, caching));
        response.finish()
    })
}

/// A JSON answer that a client may store but must revalidate.
pub(crate) fn tagged(tag: &str, json: impl Into<bytes::Bytes>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, REVALIDATE))
        .insert_header((header::ETAG, tag))
        .body(json.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn if_none_match_accepts_weak_and_strong_tags_and_lists() {
        for held in ["W/\"1\"", "\"1\"", "\"0\", W/\"1\"", "*"] {
            let request =
                TestRequest::default().insert_header((header::IF_NONE_MATCH, held)).to_http_request();
            assert!(not_modified(&request, "W/\"1\"", REVALIDATE).is_some(), "{held}");
        }
        for held in ["\"2\"", "1", ""] {
            let request =
                TestRequest::default().insert_header((header::IF_NONE_MATCH, held)).to_http_request();
            assert!(not_modified(&request, "W/\"1\"", REVALIDATE).is_none(), "{held}");
        }
        assert!(not_modified(&TestRequest::default().to_http_request(), "\"1\"", REVALIDATE).is_none());
    }
}
