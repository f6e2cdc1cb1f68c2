//! RFC 6455 frames from a server: not masked, not fragmented.
//!
//! A payload is framed once, and all sockets share the bytes. The hub reads client frames itself, for the
//! control path only.

use crate::frame::close::CloseCode;
use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use std::cell::RefCell;

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const CONTROL_PAYLOAD_BYTES_MAX: usize = 125;
/// First byte and the longest form of the length.
const HEAD_BYTES_MAX: usize = 10;

/// A whole text message.
pub fn text_frame(payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(HEAD_BYTES_MAX + payload.len());
    append_text_frame(&mut frame, payload);
    frame.into()
}

/// Appends a whole text message to a buffer of several.
pub fn append_text_frame(out: &mut Vec<u8>, payload: &[u8]) {
    append_head(out, FIN | TEXT, payload.len());
    out.extend_from_slice(payload);
}

/// A ping without payload. The protocol ignores the answer's payload.
pub fn ping_frame() -> Bytes {
    Bytes::from_static(&[FIN | PING, 0])
}

/// A close frame. A reason longer than 123 bytes is truncated between characters.
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let reason = &reason[..reason.floor_char_boundary(CloseCode::REASON_BYTES_MAX)];
    let mut frame = Vec::with_capacity(4 + reason.len());
    append_head(&mut frame, FIN | CLOSE, 2 + reason.len());
    frame.extend_from_slice(&code.to_be_bytes());
    frame.extend_from_slice(reason.as_bytes());
    debug_assert!(frame.len() <= 2 + CONTROL_PAYLOAD_BYTES_MAX);
    frame.into()
}

/// A whole text message compressed by permessage-deflate (RFC 7692) without context takeover. The same
/// bytes suit every socket that negotiated `server_no_context_takeover` and the default window of 15 bits.
/// A payload that does not become smaller is framed uncompressed, which the extension allows.
pub fn deflated_text_frame(payload: &[u8]) -> Bytes {
    let Some(deflated) = deflate(payload).filter(|deflated| deflated.len() < payload.len()) else {
        return text_frame(payload);
    };
    let mut frame = Vec::with_capacity(HEAD_BYTES_MAX + deflated.len());
    append_head(&mut frame, FIN | RSV1 | TEXT, deflated.len());
    frame.extend_from_slice(&deflated);
    frame.into()
}

thread_local! {
    /// Reused, because allocating a compressor's tables takes longer than compressing a board.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), false));
}

/// Raw deflate up to a flush, without the empty block at the end (RFC 7692, 7.2.1). `None` if the
/// compressor does not finish.
fn deflate(payload: &[u8]) -> Option<Vec<u8>> {
    const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
    // The worst case is five bytes per stored block of 31 KB or more. With less room, miniz_oxide can lose
    // the flush when it is called again for the rest.
    let room = payload.len() + payload.len() / 4096 + 64;
    let mut out = Vec::with_capacity(room);
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        compress.compress_vec(payload, &mut out, FlushCompress::Sync).ok()?;
        let whole = compress.total_in() == payload.len() as u64 && out.len() < out.capacity();
        (whole && out.ends_with(&FLUSH_TAIL)).then_some(())
    })?;
    out.truncate(out.len() - FLUSH_TAIL.len());
    Some(out)
}

fn append_head(out: &mut Vec<u8>, first: u8, length: usize) {
    out.push(first);
    match length {
        0..=125 => out.push(length as u8),
        126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Decompress, FlushDecompress};
    use proptest::prelude::*;

    /// Length and payload of an unmasked frame, by RFC 6455, 5.2.
    fn payload_of(frame: &[u8]) -> &[u8] {
        let (head, length) = match frame[1] {
            126 => (4, usize::from(u16::from_be_bytes([frame[2], frame[3]]))),
            127 => (10, u64::from_be_bytes(frame[2..10].try_into().unwrap()) as usize),
            short => (2, usize::from(short)),
        };
        assert_eq!(frame.len(), head + length);
        &frame[head..]
    }

    fn inflate(payload: &[u8]) -> Vec<u8> {
        let ended = [payload, &[0x00, 0x00, 0xff, 0xff]].concat();
        let mut out = Vec::with_capacity(payload.len() * 40 + 1_000_000);
        Decompress::new(false).decompress_vec(&ended, &mut out, FlushDecompress::Sync).unwrap();
        out
    }

    #[test]
    fn lengths_take_the_shortest_of_the_three_forms() {
        for (length, head) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let payload = vec![b'x'; length];
            let frame = text_frame(&payload);
            assert_eq!((frame[0], frame.len() - length), (0x81, head), "{length}");
            assert_eq!(payload_of(&frame), payload);
        }
    }

    #[test]
    fn several_frames_in_one_buffer_are_the_frames_one_after_the_other() {
        let mut several = Vec::new();
        append_text_frame(&mut several, b"one");
        append_text_frame(&mut several, b"two");
        assert_eq!(several, [text_frame(b"one"), text_frame(b"two")].concat());
    }

    #[test]
    fn a_close_frame_has_its_code_and_a_reason_cut_between_characters() {
        assert_eq!(&close_frame(4000, "{}")[..], b"\x88\x04\x0f\xa0{}");
        assert_eq!(close_frame(1000, &"x".repeat(500)).len(), 2 + 125);
        let cut = close_frame(1000, &"é".repeat(100));
        assert_eq!(str::from_utf8(&cut[4..]).unwrap(), "é".repeat(61));
        assert_eq!(&ping_frame()[..], b"\x89\x00");
    }

    #[test]
    fn a_compressed_frame_says_so_and_depends_on_nothing_before_it() {
        let payload = br#"{"type":"ping","type":"ping","type":"ping"}"#;
        let first = deflated_text_frame(payload);
        assert_eq!(first[0], 0xc1);
        assert_eq!(first, deflated_text_frame(payload));
        assert!(payload_of(&first).len() < payload.len());
        assert_eq!(inflate(payload_of(&first)), payload);
        assert_eq!(inflate(&deflate(b"").unwrap()), b"");
    }

    #[test]
    fn an_incompressible_payload_is_sent_uncompressed() {
        assert_eq!(deflated_text_frame(b"x1"), text_frame(b"x1"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_is_compressed_comes_out_again(
            noise in proptest::collection::vec(any::<u8>(), 0..1200),
            repeats in 1_usize..90,
        ) {
            let payload = noise.repeat(repeats);
            let deflated = deflate(&payload);
            prop_assert!(inflate(&deflated.expect("the compressor comes to its end")) == payload);
        }

        #[test]
        fn noise_that_cannot_shrink_still_comes_to_its_end(length in 60_000_usize..70_000, seed in 1_u64..) {
            let mut state = seed;
            let noise: Vec<u8> = std::iter::repeat_with(|| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state as u8
            }).take(length).collect();
            let deflated = deflate(&noise).expect("the compressor comes to its end");
            prop_assert!(inflate(&deflated) == noise);
        }
    }
}
