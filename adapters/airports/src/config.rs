//! What an airport's address, keys and limits are.

use domain::secret::Secret;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;

/// How to ask one airport.
#[derive(Clone, Debug)]
pub struct AirportConfig {
    /// The feed's name, for errors and logs.
    pub name: Arc<str>,
    /// The address of the first page, `http` or `https`.
    pub url: String,
    /// Name of the query parameter that asks for what changed after an instant, where the airport
    /// knows one. Its value is RFC 3339 in UTC.
    pub since_parameter: Option<String>,
    /// Headers of every request, such as a key.
    pub headers: Vec<(String, Secret)>,
    /// Bounds of the conversation.
    pub limits: AirportLimits,
}

/// Headers of one feed at most.
const HEADERS_MAX: usize = 32;

impl AirportConfig {
    fn wrong(&self, key: &'static str, reason: impl Into<String>) -> AirportConfigError {
        AirportConfigError { feed: self.name.clone(), key, reason: reason.into() }
    }

    pub(super) fn checked_url(&self) -> Result<Url, AirportConfigError> {
        let url = Url::parse(&self.url).map_err(|e| self.wrong("url", format!("is not an address: {e}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(self.wrong("url", "must begin with http:// or https:// and name a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(self.wrong(
                "url",
                "must not hold a password; give it as a header, from the environment or a file",
            ));
        }
        Ok(url)
    }

    pub(super) fn checked_headers(&self) -> Result<HeaderMap, AirportConfigError> {
        if self.headers.len() > HEADERS_MAX {
            return Err(self.wrong("headers", format!("are more than {HEADERS_MAX}")));
        }
        let mut headers = HeaderMap::new();
        for (name, secret) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| self.wrong("headers", format!("{name:?} is not a header's name")))?;
            let mut value = HeaderValue::from_str(secret.reveal()).map_err(|_| {
                self.wrong("headers", format!("the value of {name} has characters that no header may have"))
            })?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

/// Bounds of the conversation with an airport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AirportLimits {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// From the question to the last byte of the answer.
    pub total: Duration,
    /// Longest answer in bytes, after decompression.
    pub body_bytes_max: usize,
    /// Connections kept open between questions.
    pub connections_kept_max: usize,
    /// How long they are kept.
    pub connections_kept: Duration,
}

impl Default for AirportLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            total: Duration::from_secs(30),
            // The limit of `wire` for one document.
            body_bytes_max: 5_000_000,
            connections_kept_max: 2,
            connections_kept: Duration::from_secs(60),
        }
    }
}

/// Why an airport's configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("feed {feed}: {key} {reason}")]
pub struct AirportConfigError {
    /// The feed's name.
    pub feed: Arc<str>,
    /// The key at fault.
    pub key: &'static str,
    /// What is wrong with it, to be read after the key.
    pub reason: String,
}
