//! Who sends a request, as extractors. A handler names in its signature whom it serves; without such a name it
//! serves everyone.
//!
//! | extractor | the sender | proves it by |
//! |---|---|---|
//! | none | a guest | nothing |
//! | [`Operator`] | a person who runs this hub | the operator's key |
//! | [`Author`] | an operator who changes something, by name | the operator's key; the name is not checked |
//! | [`FeedSender`] | the pushed feed in the path | a key of the feed |
//!
//! A new kind of principal is a type here that implements [`FromRequest`].

use crate::app::App;
use crate::config::digest;
use crate::feed::{Feed, FeedKind};
use crate::problem::Problem;
use crate::roles::Role;
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, web};
use domain::single_line_text::SingleLineText;
use std::future::{Ready, ready};
use subtle::ConstantTimeEq;

/// The header with the name of the operator.
const OPERATOR_NAME: &str = "x-operator";

/// The public name for all operators, and the default of `X-Operator`.
pub(super) const OPERATOR: &str = "operator";

/// Longest accepted key.
const KEY_BYTES_MAX: usize = 512;

/// An operator of this hub.
pub(super) struct Operator;

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(operator(request))
    }
}

/// The operator who makes a change, by the name in `X-Operator`.
pub(super) struct Author(pub(super) SingleLineText);

impl FromRequest for Author {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(operator(request).and_then(|Operator| operator_name(request)).map(Self))
    }
}

fn operator(request: &HttpRequest) -> Result<Operator, Problem> {
    let digests = &app(request).config.server.operator_key_digests;
    if digests.is_empty() {
        return Err(Problem::not_found("this hub has no operator key (server.operator_key_file)"));
    }
    check_key(request, digests)?;
    Ok(Operator)
}

fn operator_name(request: &HttpRequest) -> Result<SingleLineText, Problem> {
    let wrong = |why: &str| Problem::bad_field(OPERATOR_NAME, why);
    let given = request.headers().get(OPERATOR_NAME).map_or(OPERATOR.as_bytes(), |value| value.as_bytes());
    let text = str::from_utf8(given).map_err(|_| wrong("is not UTF-8"))?;
    SingleLineText::parse(text).map_err(|why| wrong(&why.to_string()))
}

/// The pushed feed that the path names, on a node that takes reports.
pub(super) struct FeedSender {
    /// Its name.
    pub(super) name: String,
    /// The feed.
    pub(super) feed: Feed,
}

impl FromRequest for FeedSender {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(feed_sender(request))
    }
}

fn feed_sender(request: &HttpRequest) -> Result<FeedSender, Problem> {
    let app = app(request);
    app.require_role(Role::Feeds).map_err(|why| Problem::misdirected(&why))?;
    let unknown = || Problem::not_found("no pushed feed has this name");
    let name = request.match_info().get("feed").ok_or_else(unknown)?;
    let feed = app.feeds.get(name).ok_or_else(unknown)?;
    let FeedKind::Push { key_digests } = &feed.kind else { return Err(unknown()) };
    match check_key(request, &app.directory_cache.keys(name, key_digests)) {
        Ok(()) => Ok(FeedSender { name: name.to_owned(), feed: feed.clone() }),
        Err(_) if app.directory_cache.keys_are_old() => {
            Err(Problem::unavailable("keys are unavailable at present; retry with the same key"))
        }
        Err(refusal) => Err(refusal),
    }
}

fn app(request: &HttpRequest) -> &App {
    request.app_data::<web::Data<App>>().expect("every request has it")
}

/// `Ok` if the request carries one of the keys, otherwise 401 (RFC 6750).
fn check_key(request: &HttpRequest, digests: &[[u8; 32]]) -> Result<(), Problem> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = given.and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        let problem = Problem::new(StatusCode::UNAUTHORIZED)
            .detail("an Authorization header with a bearer key is needed");
        return Err(problem.header(header::WWW_AUTHENTICATE, "Bearer"));
    };
    let given = digest(&key.as_bytes()[..key.len().min(KEY_BYTES_MAX + 1)]);
    // Compare every key, so that the time does not reveal which one matches.
    let fits = digests.iter().fold(false, |fits, digest| fits | bool::from(digest.ct_eq(&given)));
    if !fits || key.len() > KEY_BYTES_MAX {
        let problem = Problem::new(StatusCode::UNAUTHORIZED).detail("this key is not valid here");
        return Err(problem.header(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_x_operator_header_is_one_line_with_a_default() {
        let of = |value: &[u8]| {
            let value = header::HeaderValue::from_bytes(value).unwrap();
            operator_name(&TestRequest::default().insert_header((OPERATOR_NAME, value)).to_http_request())
        };
        assert_eq!(of("J.  Öberg".as_bytes()).unwrap().as_str(), "J. Öberg");
        assert_eq!(operator_name(&TestRequest::default().to_http_request()).unwrap().as_str(), "operator");
        for value in [&b""[..], b"\xff", "\u{202e}a".as_bytes(), &[b'a'; 201]] {
            assert!(of(value).unwrap_err().to_string().starts_with("x-operator "), "{value:?}");
        }
    }
}
