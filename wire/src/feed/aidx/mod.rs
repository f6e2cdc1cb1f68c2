//! IATA AIDX.
use super::{Context, Decoded, Fault};
pub use super::KnownLeg;
use chrono::{DateTime, Utc};

/// What stands at the top of a message.
#[derive(Clone, Debug)]
pub struct Header<'a> {
    /// Who sends it, such as `JFK`: Originator/@CompanyShortName.
    pub originator: &'a str,
    /// When: @TimeStamp. The time of observation of every leg that has none of its own.
    pub sent_at: DateTime<Utc>,
    /// The sender's identifier of the message, @CorrelationID.
    pub correlation_id: Option<&'a str>,
}

/// Reads a message.
pub fn decode(body: &[u8], _context: &Context) -> Result<Decoded, Fault> {
    Err(Fault::message("is not readable yet", body))
}

/// A pushed message, `IATA_AIDX_FlightLegNotifRQ`.
pub fn encode_notif(_legs: &[KnownLeg], _header: &Header<'_>) -> String {
    String::new()
}

/// The answer to a pull, `IATA_AIDX_FlightLegRS`.
pub fn encode_rs(_legs: &[KnownLeg], _header: &Header<'_>) -> String {
    String::new()
}
