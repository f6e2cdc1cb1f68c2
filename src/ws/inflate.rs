//! Messages that a client has compressed (RFC 7692), without what is known from earlier ones.

use super::decode_error::DecodeError;
use flate2::{Decompress, FlushDecompress, Status};
use std::cell::RefCell;

/// What the sender leaves out at the end of each message (RFC 7692, 7.2.1).
const LEFT_OUT: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// A last block that holds [`PROBE`] as it is. It is read as such where the message ended with a whole
/// block, and as something else where it was cut: the reader itself does not say where it stands.
const LAST_BLOCK: [u8; 5] = [0x01, PROBE.len() as u8, 0x00, !(PROBE.len() as u8), 0xff];
const PROBE: [u8; 8] = [0xc3, 0x5a, 0x96, 0xe1, 0x0f, 0xb4, 0x78, 0x2d];

/// A message may consist of several streams, each ended by a last block of its own (7.2.3.5). No sender
/// has a use for so many.
const STREAMS_MAX: usize = 16;

thread_local! {
    /// Kept because its tables take longer to allocate than a message to read.
    static INFLATE: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// The message, if it is whole and no longer than `bytes_max`.
pub(super) fn inflated(mut packed: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, DecodeError> {
    for end in [&LEFT_OUT[..], &LAST_BLOCK, &PROBE] {
        packed.extend_from_slice(end);
    }
    let mut message = Vec::with_capacity(bytes_max + PROBE.len() + 1);
    let mut rest = &packed[..];
    INFLATE.with_borrow_mut(|inflate| {
        for _ in 0..STREAMS_MAX {
            inflate.reset(false);
            let status = inflate.decompress_vec(rest, &mut message, FlushDecompress::None);
            if message.len() > bytes_max + PROBE.len() {
                return Err(DecodeError::TooLong);
            }
            match status {
                Ok(Status::StreamEnd) => rest = rest.get(inflate.total_in() as usize..).unwrap_or_default(),
                Ok(Status::Ok | Status::BufError) | Err(_) => return Err(DecodeError::Malformed),
            }
            if rest.is_empty() {
                let length = message.strip_suffix(&PROBE).ok_or(DecodeError::Malformed)?.len();
                message.truncate(length);
                return Ok(std::mem::take(&mut message));
            }
        }
        Err(DecodeError::Malformed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    fn deflated(text: &[u8]) -> Vec<u8> {
        let mut packed = Vec::with_capacity(text.len() + 64);
        let mut deflate = Compress::new(Compression::default(), false);
        deflate.compress_vec(text, &mut packed, FlushCompress::Sync).unwrap();
        packed.truncate(packed.len() - 4);
        packed
    }

    /// The examples of RFC 7692, 7.2.3.
    #[test]
    fn the_examples_of_rfc_7692_inflate() {
        for (packed, message) in [
            (&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], &b"Hello"[..]),
            // Without compression; with a last block; two blocks; nothing.
            (&[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00], b"Hello"),
            (&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], b"Hello"),
            (&[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00], b"Hello"),
            (&[0x00], b""),
        ] {
            assert_eq!(inflated(packed.to_vec(), 4_096).as_deref(), Ok(message), "{packed:x?}");
        }
    }

    #[test]
    fn a_truncated_deflate_stream_is_refused() {
        let packed = deflated(&br#"{"op":"follow","topic":"board/JFK/departures","ref":1}"#.repeat(5));
        assert!(inflated(packed.clone(), 4_096).is_ok());
        assert_ne!(packed[0], 0, "what is stored as it is may end with each block");
        for length in 0..packed.len() {
            assert_eq!(inflated(packed[..length].to_vec(), 4_096), Err(DecodeError::Malformed), "{length}");
        }
        for garbage in [&[][..], &[0xff; 4], b"not what deflate makes"] {
            assert_eq!(inflated(garbage.to_vec(), 4_096), Err(DecodeError::Malformed), "{garbage:x?}");
        }
    }

    #[test]
    fn inflated_size_and_the_number_of_streams_are_limited() {
        assert_eq!(inflated(deflated(&vec![b' '; 1_000_000]), 4_096), Err(DecodeError::TooLong));
        assert_eq!(inflated(deflated(&[b' '; 4_097]), 4_096), Err(DecodeError::TooLong));
        assert_eq!(inflated(deflated(&[b' '; 4_096]), 4_096), Ok(vec![b' '; 4_096]));
        assert_eq!(inflated([0x03, 0x00].repeat(2_000), 4_096), Err(DecodeError::Malformed));
    }
}
