//! Errors of the decoder and of decompression.

/// Why the decoder accepts no more bytes from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// A message exceeds the limit.
    TooLong,
    /// The RFCs do not allow a client to send this.
    Malformed,
}
