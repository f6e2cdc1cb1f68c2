//! What an airport's address, keys and limits are.

use std::fmt;
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

/// A value that must not be shown: a key, a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a secret that was read from the environment or a file.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// Shows it to the one who sends it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
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
