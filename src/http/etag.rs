//! Answers that need not be sent again: ETags.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use std::sync::LazyLock;

/// Versions of boards start again with each run of the hub, so their tags carry the run.
static RUN: LazyLock<u64> = LazyLock::new(rand::random);

/// The tag of a board: the version of its rows, when an operator changed its airport, if one did, and the
/// mark of its silent sources. It is a weak one: the answer's `as_of` moves on though its rows do not.
pub(crate) fn tag_of_board(version: u64, airport_changed_at: Option<DateTime<Utc>>, silent: u64) -> String {
    let changed = airport_changed_at.map_or(0, |at| at.timestamp_micros());
    format!("W/\"{:x}-{version:x}-{changed:x}-{silent:x}\"", *RUN)
}

/// The tag of a flight's revision and the mark of its silent sources, which holds across runs on the same
/// data.
pub(crate) fn tag_of_revision(epoch: &str, rev: u64, silent: u64) -> String {
    format!("W/\"{epoch}-{rev:x}-{silent:x}\"")
}

/// May be kept, and must be asked about before it is used again.
pub(crate) const ASK_AGAIN: &str = "no-cache";

/// 304, if the client holds what `tag` names. `caching` is what the whole answer would say: the client
/// takes it from here as well.
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

/// JSON that a client may keep, and must ask about before it uses it again.
pub(crate) fn tagged(tag: &str, json: impl Into<bytes::Bytes>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, ASK_AGAIN))
        .insert_header((header::ETAG, tag))
        .body(json.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_tag_is_recognised_weak_or_strong_alone_or_in_a_list() {
        for held in ["W/\"1\"", "\"1\"", "\"0\", W/\"1\"", "*"] {
            let request =
                TestRequest::default().insert_header((header::IF_NONE_MATCH, held)).to_http_request();
            assert!(not_modified(&request, "W/\"1\"", ASK_AGAIN).is_some(), "{held}");
        }
        for held in ["\"2\"", "1", ""] {
            let request =
                TestRequest::default().insert_header((header::IF_NONE_MATCH, held)).to_http_request();
            assert!(not_modified(&request, "W/\"1\"", ASK_AGAIN).is_none(), "{held}");
        }
        assert!(not_modified(&TestRequest::default().to_http_request(), "\"1\"", ASK_AGAIN).is_none());
    }
}
