//! Close codes and reasons of the protocol.

/// The protocol's close codes. 4000 to 4099 mean 'come back', 4100 to 4199 'do not'.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CloseCode {
    /// The hub is shutting down. Another node, or the same one later, can serve.
    ShuttingDown,
    /// The client did not read from its socket for too long.
    SlowReader,
    /// A ping was not answered in time.
    Idle,
    /// The hub is at its limit of connections or of work.
    Overloaded,
    /// Too many invalid frames, or something that no client of this protocol sends.
    BadProtocol,
    /// A frame longer than the limit.
    FrameTooLong,
    /// The hub does not serve the page's origin.
    OriginRefused,
    /// The token is invalid or has expired.
    Unauthorized,
    /// The client exceeded the frame rate for too long.
    TooManyFrames,
}

impl CloseCode {
    /// Every code with its number and its description.
    pub const TABLE: [(CloseCode, u16, &'static str); 9] = [
        (CloseCode::ShuttingDown, 4000, "shutting down"),
        (CloseCode::SlowReader, 4001, "reads too slowly"),
        (CloseCode::Idle, 4002, "no answer to a ping"),
        (CloseCode::Overloaded, 4003, "overloaded"),
        (CloseCode::BadProtocol, 4100, "does not speak gatecall.v1"),
        (CloseCode::FrameTooLong, 4101, "frame too long"),
        (CloseCode::OriginRefused, 4102, "origin refused"),
        (CloseCode::Unauthorized, 4103, "unauthorized"),
        (CloseCode::TooManyFrames, 4104, "too many frames"),
    ];

    /// Longest reason of a close frame, in bytes: 125 less the code (RFC 6455, 5.5.1).
    pub const REASON_BYTES_MAX: usize = 123;

    /// The number in the close frame.
    pub fn number(self) -> u16 {
        Self::TABLE[self as usize].1
    }

    /// The description, for logs and metrics.
    pub fn words(self) -> &'static str {
        Self::TABLE[self as usize].2
    }

    /// The code with this number, if it is one of the protocol's.
    pub fn of_number(number: u16) -> Option<Self> {
        Self::TABLE.iter().find(|row| row.1 == number).map(|row| row.0)
    }

    /// Whether the client should connect again.
    pub fn means_come_back(self) -> bool {
        (4000..4100).contains(&self.number())
    }

    /// The reason in the close frame: `{"retry_ms":N}` with the delay before reconnecting in real
    /// milliseconds, or the description if the client should not reconnect.
    pub fn reason(self, retry_ms: u64) -> String {
        if self.means_come_back() { retry_reason(retry_ms) } else { self.words().to_owned() }
    }
}

/// `{"retry_ms":N}`: 34 bytes at the longest.
pub fn retry_reason(retry_ms: u64) -> String {
    format!("{{\"retry_ms\":{retry_ms}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum_and_in_two_ranges() {
        for (index, (code, number, _)) in CloseCode::TABLE.iter().enumerate() {
            assert_eq!(*code as usize, index);
            assert!((4000..4200).contains(number));
            assert_eq!(CloseCode::of_number(*number), Some(*code));
        }
        assert_eq!(CloseCode::of_number(1006), None);
    }

    #[test]
    fn the_close_reason_has_the_delay_and_always_fits() {
        assert_eq!(CloseCode::SlowReader.reason(1500), "{\"retry_ms\":1500}");
        assert_eq!(CloseCode::OriginRefused.reason(1500), "origin refused");
        for (code, _, _) in CloseCode::TABLE {
            assert!(code.reason(u64::MAX).len() <= CloseCode::REASON_BYTES_MAX);
        }
    }
}
