//! The question.

use super::Airport;
use super::config::{AirportConfig, AirportConfigError};
use chrono::SecondsFormat;
use domain::ports::{PollError, PollRequest};
use reqwest::header::{HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, Method, Request, Url, redirect};
use rustls::crypto::ring;
use std::error::Error;

/// How the hub names itself.
const USER_AGENT: &str = concat!("gatecall/", env!("CARGO_PKG_VERSION"));

/// A client with every limit named.
pub(super) fn client(config: &AirportConfig) -> Result<Client, AirportConfigError> {
    // Fails only where one is installed already, and then that one is as good.
    let _ = ring::default_provider().install_default();
    let limits = &config.limits;
    Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(limits.connect)
        .read_timeout(limits.idle)
        .timeout(limits.total)
        .pool_max_idle_per_host(limits.connections_kept_max)
        .pool_idle_timeout(limits.connections_kept)
        .redirect(redirect::Policy::none())
        .gzip(true)
        .referer(false)
        .build()
        .map_err(|e| AirportConfigError {
            feed: config.name.clone(),
            key: "url",
            reason: format!("cannot be asked: {}", in_words(&e)),
        })
}

impl Airport {
    pub(super) fn request(&self, poll: &PollRequest) -> Result<Request, PollError> {
        let url = match &poll.page {
            Some(page) => self.page(&self.url, page)?,
            None => self.first_page(poll),
        };
        let mut request = Request::new(Method::GET, url);
        *request.headers_mut() = self.headers.clone();
        if let Some(etag) = &poll.etag {
            let value = HeaderValue::from_str(etag)
                .map_err(|_| PollError::Refused(format!("{}: its ETag cannot be sent back", self.name)))?;
            request.headers_mut().insert(IF_NONE_MATCH, value);
        }
        Ok(request)
    }

    fn first_page(&self, poll: &PollRequest) -> Url {
        let mut url = self.url.clone();
        if let (Some(name), Some(since)) = (&self.since_parameter, poll.since) {
            // Cut to the second before, so that what changed within it is told twice, not never.
            let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
            url.query_pairs_mut().append_pair(name, &since);
        }
        url
    }

    /// The address of another page as an answer named it, if it is of the same origin.
    pub(super) fn page(&self, from: &Url, reference: &str) -> Result<Url, PollError> {
        let refused = |why: String| PollError::Refused(format!("{}: the next page {why}", self.name));
        let url = from.join(reference).map_err(|e| refused(format!("is not an address: {e}")))?;
        if url.origin() != self.url.origin() {
            let origin = url.origin().ascii_serialization();
            return Err(refused(format!("leads to {origin}, which was not configured")));
        }
        Ok(url)
    }
}

/// Why there was no answer, without the address, whose query may hold a key.
pub(super) fn unreachable(feed: &str, error: reqwest::Error) -> PollError {
    let error = error.without_url();
    let what = if error.is_connect() {
        "cannot be reached"
    } else if error.is_timeout() {
        "did not answer in time"
    } else {
        "broke off its answer"
    };
    PollError::Unreachable(format!("{feed}: {what} ({})", in_words(&error)))
}

/// An error with its causes, outermost first.
fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
