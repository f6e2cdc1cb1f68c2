//! RFC 6455 frames as a server sends them: never masked, never in fragments.
//!
//! A payload is framed once, and the frame's bytes are shared by every socket that gets it. Reading
//! frames is left to `actix-http`, which does it for the control path.

use crate::frame::close::CloseCode;
use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};
use std::cell::RefCell;

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const CONTROL_PAYLOAD_BYTES_MAX: usize = 125;
/// First byte, length in its longest form.
const HEAD_BYTES_MAX: usize = 10;

/// A whole text message.
pub fn text_frame(payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(HEAD_BYTES_MAX + payload.len());
    append_text_frame(&mut frame, payload);
    frame.into()
}

/// Appends a whole text message, for several in one buffer.
pub fn append_text_frame(out: &mut Vec<u8>, payload: &[u8]) {
    append_head(out, FIN | TEXT, payload.len());
    out.extend_from_slice(payload);
}

/// A ping without payload, as this protocol's answer to it is not looked at.
pub fn ping_frame() -> Bytes {
    Bytes::from_static(&[FIN | PING, 0])
}

/// A close frame. A reason longer than 123 bytes is cut between characters.
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    let reason = &reason[..reason.floor_char_boundary(CloseCode::REASON_BYTES_MAX)];
    let mut frame = Vec::with_capacity(4 + reason.len());
    append_head(&mut frame, FIN | CLOSE, 2 + reason.len());
    frame.extend_from_slice(&code.to_be_bytes());
    frame.extend_from_slice(reason.as_bytes());
    debug_assert!(frame.len() <= 2 + CONTROL_PAYLOAD_BYTES_MAX);
    frame.into()
}

/// A whole text message compressed by permessage-deflate (RFC 7692) without context takeover, so
/// that the same bytes are good for every socket that negotiated `server_no_context_takeover` and
/// a window of 15 bits, the default.
pub fn deflated_text_frame(payload: &[u8]) -> Bytes {
    let deflated = deflate(payload);
    let mut frame = Vec::with_capacity(HEAD_BYTES_MAX + deflated.len());
    append_head(&mut frame, FIN | RSV1 | TEXT, deflated.len());
    frame.extend_from_slice(&deflated);
    frame.into()
}

thread_local! {
    /// Kept because a compressor's tables take longer to allocate than a board to compress.
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::default(), false));
}

/// Raw deflate up to a flush, without the empty block that ends it (RFC 7692, 7.2.1).
fn deflate(payload: &[u8]) -> Vec<u8> {
    const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
    let mut out = Vec::with_capacity(payload.len() / 2 + 64);
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        loop {
            let taken = compress.total_in() as usize;
            let rest = payload.get(taken..).unwrap_or_default();
            let result = compress.compress_vec(rest, &mut out, FlushCompress::Sync);
            // Done when all is taken and the flush left room to spare; else it has more to say.
            let all_taken = compress.total_in() as usize >= payload.len();
            if all_taken && out.len() < out.capacity() || !matches!(result, Ok(Status::Ok)) && all_taken {
                break;
            }
            out.reserve(payload.len() / 2 + 64);
        }
    });
    if out.ends_with(&FLUSH_TAIL) {
        out.truncate(out.len() - FLUSH_TAIL.len());
    }
    out
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
