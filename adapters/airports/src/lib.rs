//! # Airports that are asked over HTTP
//!
//! One [`Airport`] is one address that is polled. It knows nothing of what the bytes mean (`wire`
//! does) nor of when to ask again (the `Feed` actor does); it brings one page, within its limits,
//! or says in words why not.
//!
//! Nothing is followed that the configuration did not name: a redirect is refused, because it would
//! carry the airport's key to wherever it leads, and a next page must be of the same origin.
//!
//! One [`Airport`] may be asked from any runtime; its open connections belong to the runtime that
//! asked first and are made anew where that has ended.

mod client;
mod config;
mod response;
#[cfg(test)]
mod tests;

pub use config::{AirportConfig, AirportConfigError, AirportLimits};
pub use domain::secret::Secret;

use domain::ports::{AirportSource, BoxFuture, PollError, PollRequest, PollResponse};
use reqwest::header::HeaderMap;
use reqwest::{Client, Url};
use std::sync::Arc;

/// One address that is polled.
pub struct Airport {
    name: Arc<str>,
    url: Url,
    since_parameter: Option<String>,
    headers: HeaderMap,
    limits: AirportLimits,
    client: Client,
}

impl Airport {
    /// Checks the configuration and makes the client. Nothing is sent yet.
    pub fn new(config: AirportConfig) -> Result<Self, AirportConfigError> {
        let url = config.checked_url()?;
        let headers = config.checked_headers()?;
        let client = client::client(&config)?;
        let AirportConfig { name, since_parameter, limits, .. } = config;
        Ok(Self { name, url, since_parameter, headers, limits, client })
    }
}

impl AirportSource for Airport {
    fn poll(&self, request: PollRequest) -> BoxFuture<'_, Result<PollResponse, PollError>> {
        Box::pin(async move {
            let http_request = self.request(&request)?;
            let url = http_request.url().clone();
            let response =
                self.client.execute(http_request).await.map_err(|e| client::unreachable(&self.name, e))?;
            self.answer(&url, request.etag.is_some(), response).await
        })
    }
}

impl std::fmt::Debug for Airport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Airport").field("name", &self.name).finish_non_exhaustive()
    }
}
