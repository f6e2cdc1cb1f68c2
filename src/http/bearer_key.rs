//! Bearer keys. The hub stores only digests, and compares them in constant time.

use crate::config::digest;
use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};
use subtle::ConstantTimeEq;

/// Longest accepted key.
const KEY_BYTES_MAX: usize = 512;

/// `Ok` if the request carries one of the keys, otherwise 401 (RFC 6750).
pub(super) fn check(request: &HttpRequest, digests: &[[u8; 32]]) -> Result<(), Problem> {
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
