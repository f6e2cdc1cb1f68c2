//! The answer.

use super::Airport;
use super::client::unreachable;
use chrono::{DateTime, Utc};
use domain::ports::{PollError, PollResponse};
use futures_util::StreamExt;
use reqwest::header::{CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName, LINK, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};

/// How long to wait where an airport is busy and does not say for how long.
const BUSY_SECONDS: u64 = 60;
/// The longest wait that is believed: a source that asks for more is asked again after this.
const BUSY_SECONDS_MAX: u64 = 3600;
/// Longest ETag, content type or address that is taken from an answer, in bytes.
const HEADER_BYTES_MAX: usize = 2048;
/// What is set aside for an answer before any of it is there.
const BODY_BYTES_AHEAD: usize = 64 * 1024;

impl Airport {
    pub(super) async fn answer(
        &self,
        url: &Url,
        conditional: bool,
        response: Response,
    ) -> Result<PollResponse, PollError> {
        let status = response.status();
        match status {
            StatusCode::NOT_MODIFIED if conditional => Ok(PollResponse::NotModified),
            StatusCode::NOT_MODIFIED => Err(self.unreachable("answered 304 to a question without an ETag")),
            s if s.is_success() => self.body(url, response).await,
            _ => Err(self.fault(status, response.headers())),
        }
    }

    async fn body(&self, url: &Url, response: Response) -> Result<PollResponse, PollError> {
        let headers = response.headers();
        let content_type = text(headers, &CONTENT_TYPE).unwrap_or_default();
        let etag = text(headers, &ETAG);
        let next = headers.get_all(LINK).iter().filter_map(|link| next_in(link.to_str().ok()?)).next();
        let next = next.map(|reference| self.page(url, &reference)).transpose()?.map(String::from);
        let bytes = self.bytes(response).await?;
        Ok(PollResponse::Body { bytes, content_type, etag, next })
    }

    /// Reads to the end or to the limit, which counts what comes out of decompression.
    async fn bytes(&self, response: Response) -> Result<Vec<u8>, PollError> {
        let limit_bytes = self.limits.body_bytes_max;
        if response.content_length().is_some_and(|length| length > limit_bytes as u64) {
            return Err(PollError::TooLong { limit_bytes });
        }
        let mut bytes = Vec::with_capacity(limit_bytes.min(BODY_BYTES_AHEAD));
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|e| unreachable(&self.name, e))?;
            if bytes.len() + piece.len() > limit_bytes {
                return Err(PollError::TooLong { limit_bytes });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    fn unreachable(&self, why: &str) -> PollError {
        PollError::Unreachable(format!("{}: {why}", self.name))
    }

    fn fault(&self, status: StatusCode, headers: &HeaderMap) -> PollError {
        let refused =
            |why: &str| PollError::Refused(format!("{}: answered {}, {why}", self.name, status.as_u16()));
        match (status.as_u16(), retry_after_seconds(headers)) {
            (429, wait) => PollError::Busy { retry_after_seconds: wait.unwrap_or(BUSY_SECONDS) },
            (503, Some(retry_after_seconds)) => PollError::Busy { retry_after_seconds },
            (401, _) => refused("the key is missing or wrong"),
            (403, _) => refused("the key does not allow this address"),
            (404 | 410, _) => refused("there is nothing at this address"),
            (406 | 415, _) => refused("it does not speak the format asked for"),
            (408 | 425, _) => self.unreachable(&format!("answered {}", status.as_u16())),
            (300..=399, _) => {
                refused(&format!("it has moved to {}; set that as its address", moved_to(headers, &self.url)))
            }
            (400..=499, _) => refused("the question is not one it takes"),
            _ => self.unreachable(&format!("answered {}", status.as_u16())),
        }
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= HEADER_BYTES_MAX).then(|| value.to_owned())
}

/// Where a redirect leads, without the query, which may hold a key.
fn moved_to(headers: &HeaderMap, from: &Url) -> String {
    let target = text(headers, &LOCATION).and_then(|l| from.join(&l).ok());
    target.map_or_else(
        || "nowhere".into(),
        |mut url| {
            url.set_query(None);
            url.into()
        },
    )
}

/// Seconds, or a date; that one is compared with the `Date` of the same answer, so that no clock of
/// ours is needed and none can be wrong.
fn retry_after_seconds(headers: &HeaderMap) -> Option<u64> {
    let value = text(headers, &RETRY_AFTER)?;
    let seconds = match value.trim().parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let until = http_date(&value)?;
            let Some(now) = text(headers, &DATE).and_then(|d| http_date(&d)) else {
                return Some(BUSY_SECONDS);
            };
            u64::try_from((until - now).num_seconds()).unwrap_or_default()
        }
    };
    Some(seconds.clamp(1, BUSY_SECONDS_MAX))
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text.trim()).ok().map(|at| at.to_utc())
}

/// The target of `rel="next"` in a `Link` header (RFC 8288), as it is written there.
fn next_in(link: &str) -> Option<String> {
    let mut rest = link;
    while rest.len() <= 4 * HEADER_BYTES_MAX {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let end = unquoted_comma(after);
        let (parameters, after) = after.split_at(end);
        if parameters.split(';').any(is_rel_next) && target.len() <= HEADER_BYTES_MAX {
            return Some(target.to_owned());
        }
        rest = after;
    }
    None
}

fn unquoted_comma(text: &str) -> usize {
    let mut quoted = false;
    let comma = text.bytes().position(|b| {
        quoted ^= b == b'"';
        b == b',' && !quoted
    });
    comma.unwrap_or(text.len())
}

fn is_rel_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let mut words = value.trim().trim_matches('"').split_ascii_whitespace();
    name.trim().eq_ignore_ascii_case("rel") && words.any(|word| word.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_other_links() {
        let schiphol = "<https://api.example/flights?page=0>; rel=\"first\", <https://api.example/flights?page=2>; rel=\"next\"";
        assert_eq!(next_in(schiphol).as_deref(), Some("https://api.example/flights?page=2"));
        assert_eq!(
            next_in("</a,b?c=1>; title=\"x, y; rel=next\"; REL=\"last Next\"").as_deref(),
            Some("/a,b?c=1")
        );
        assert_eq!(next_in("<?page=1>;rel=next").as_deref(), Some("?page=1"));
        for none in ["", "<", "<a", "<a>", "<a>; rel=prev", "a; rel=next", "<a>; rel=\"nextish\""] {
            assert_eq!(next_in(none), None, "{none}");
        }
    }

    #[test]
    fn a_wait_is_read_from_seconds_and_from_dates() {
        let wait = |retry: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, retry.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            retry_after_seconds(&headers)
        };
        let date = Some("Fri, 08 Feb 2013 21:04:11 GMT");
        assert_eq!(wait("120", None), Some(120));
        assert_eq!(wait("0", None), Some(1));
        assert_eq!(wait("99999999999", None), Some(BUSY_SECONDS_MAX));
        assert_eq!(wait("Fri, 08 Feb 2013 21:05:00 GMT", date), Some(49));
        assert_eq!(wait("Fri, 08 Feb 2013 21:00:00 GMT", date), Some(1));
        assert_eq!(wait("Fri, 08 Feb 2013 21:05:00 GMT", None), Some(BUSY_SECONDS));
        assert_eq!(wait("soon", date), None);
    }
}
