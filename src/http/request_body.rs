//! Request bodies: content type, length and time limit.

use crate::app::App;
use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::{StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

/// The largest buffer allocated before the body arrives.
const ROOM_BYTES: usize = 64 * 1024;

/// The content type without parameters. It must be one of `known`, in UTF-8.
pub(super) fn content_type(request: &HttpRequest, known: &[&str]) -> Result<String, Problem> {
    let unsupported = |why: &str| {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            .detail(format!("Content-Type {why}"))
            .field("content-type", why)
    };
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = given.unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    if essence.is_empty() {
        return Err(unsupported(&format!("is missing; must be {}", known.join(" or "))));
    }
    for parameter in parts {
        let Some((name, value)) = parameter.split_once('=') else { continue };
        let charset = value.trim().trim_matches('"').to_ascii_lowercase();
        if name.trim().eq_ignore_ascii_case("charset")
            && !["utf-8", "utf8", "us-ascii"].contains(&charset.as_str())
        {
            return Err(unsupported("must have the charset utf-8"));
        }
    }
    match known.contains(&essence.as_str()) {
        true => Ok(essence),
        false => Err(unsupported(&format!("must be {}", known.join(" or ")))),
    }
}

pub(super) fn content_length(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

pub(super) fn too_long(limit: usize) -> Problem {
    let why = format!("is longer than {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE).detail(format!("the body {why}")).field("body", why)
}

/// Reads the body, within `limit` bytes and the configured time.
pub(super) async fn read(
    request: &HttpRequest,
    mut payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    limit: usize,
    app: &App,
) -> Result<Bytes, Problem> {
    if content_length(request).is_some_and(|length| length > limit) {
        return Err(too_long(limit));
    }
    let all = async {
        // Do not allocate everything that the length header promises.
        let promised = content_length(request).unwrap_or(8 * 1024);
        let mut body = BytesMut::with_capacity(promised.min(ROOM_BYTES));
        while let Some(piece) = payload.next().await {
            let broken = |_| {
                Problem::new(StatusCode::BAD_REQUEST).detail("the body broke off").field("body", "broke off")
            };
            let piece = piece.map_err(broken)?;
            if body.len() + piece.len() > limit {
                return Err(too_long(limit));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    };
    let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT).detail("the body did not arrive in time");
    tokio::time::timeout(app.config.server.body_timeout, all).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn of(content_type: &str) -> Result<String, Problem> {
        super::content_type(
            &TestRequest::default().insert_header((header::CONTENT_TYPE, content_type)).to_http_request(),
            &["application/json", "application/xml", "text/xml"],
        )
    }

    #[test]
    fn only_known_content_types_in_utf_8_are_accepted() {
        for (given, essence) in [
            ("application/json", "application/json"),
            ("Application/JSON; charset=UTF-8", "application/json"),
            ("text/xml;charset=\"utf-8\"", "text/xml"),
            ("application/xml; version=1", "application/xml"),
        ] {
            assert_eq!(of(given).unwrap(), essence, "{given}");
        }
        for given in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=utf-16",
            "multipart/form-data",
        ] {
            assert_eq!(of(given).unwrap_err().status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{given}");
        }
    }
}
