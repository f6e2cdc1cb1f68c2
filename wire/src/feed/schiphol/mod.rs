//! JSON in the shape of Schiphol's public flight API.
use super::{Context, Decoded, Fault, KnownLeg};

/// Reads a page.
pub fn decode(body: &[u8], _context: &Context) -> Result<Decoded, Fault> {
    Err(Fault::message("is not readable yet", body))
}

/// One page: `{"flights":[…]}`, times with the offset of `zone`. Pass twenty legs for a page as
/// Schiphol's; the caller writes the `Link` header.
pub fn encode_page(_legs: &[KnownLeg], _zone: chrono_tz::Tz) -> String {
    String::new()
}
