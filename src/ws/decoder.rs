//! Decodes frames from clients, strictly by RFC 6455 and RFC 7692.
//!
//! The input is bytes as they were read, the output is messages. The decoder refuses a frame or message that
//! is too long when it sees the head, and buffers none of it. The buffers of a connection are bounded: one
//! read, the beginning of one frame, and the message that the frame belongs to.

use super::decode_error::DecodeError;
use super::inflate::inflated;
use bytes::Bytes;

/// The limits of what a client may send.
#[derive(Clone, Copy)]
pub(super) struct DecodeLimits {
    /// Longest message, in bytes.
    pub(super) frame_bytes_max: usize,
    /// Whether compression was negotiated.
    pub(super) compressed: bool,
}

/// The result of one frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ClientMessage {
    /// A fragment of an unfinished message.
    Part,
    /// A complete text message.
    Text(String),
    /// A complete binary message, which this protocol does not use.
    Binary,
    /// A ping; the answer carries the same bytes.
    Ping(Bytes),
    /// The answer to a ping.
    Pong,
    /// The client's close frame, with code and reason if present.
    Close(Option<(u16, String)>),
    /// The decoder accepts no more bytes from this client.
    DecodeError(DecodeError),
}

/// The undecoded bytes of one client.
#[derive(Default)]
pub(super) struct Decoder {
    buffer: Vec<u8>,
    /// The number of decoded bytes in `buffer`.
    at: usize,
    message: Option<Message>,
    /// Set after a close frame or an error; the decoder ignores all further bytes.
    ended: bool,
}

/// A fragmented message, as received so far.
struct Message {
    is_text: bool,
    is_compressed: bool,
    payload: Vec<u8>,
}

/// The head of a frame.
struct Head {
    first: u8,
    head_bytes: usize,
    payload_bytes: usize,
    mask: [u8; 4],
}

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV2_RSV3: u8 = 0x30;
const OPCODE: u8 = 0x0f;
const CONTROL: u8 = 0x08;
const MASKED: u8 = 0x80;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// Longest payload of a control frame (RFC 6455, 5.5).
const CONTROL_BYTES_MAX: u64 = 125;

impl Decoder {
    /// Appends bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if !self.ended {
            self.buffer.drain(..self.at);
            self.at = 0;
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether all bytes are decoded.
    pub(super) fn is_empty(&self) -> bool {
        self.at == self.buffer.len()
    }

    /// The next frame, or `None` until more bytes arrive.
    pub(super) fn next(&mut self, allowed: DecodeLimits) -> Option<ClientMessage> {
        if self.ended {
            return None;
        }
        let heard = match self.head(allowed).transpose()? {
            Ok(head) => {
                let begins = self.at + head.head_bytes;
                let ends = begins + head.payload_bytes;
                let payload = self.buffer.get(begins..ends)?;
                let payload = unmasked(payload, head.mask);
                self.at = ends;
                self.frame(head.first, payload, allowed).unwrap_or_else(ClientMessage::DecodeError)
            }
            Err(refused) => ClientMessage::DecodeError(refused),
        };
        self.ended = matches!(heard, ClientMessage::Close(_) | ClientMessage::DecodeError(_));
        if self.ended || self.at == self.buffer.len() {
            // An idle connection keeps no buffer; there are many thousands of them.
            (self.buffer, self.at) = (Vec::new(), 0);
        }
        Some(heard)
    }

    /// The head of the next frame, once it is complete and if it is valid here.
    fn head(&self, allowed: DecodeLimits) -> Result<Option<Head>, DecodeError> {
        let bytes = &self.buffer[self.at..];
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        self.check(*first, *second, allowed)?;
        let Some((payload_bytes, length_bytes)) = length(second & !MASKED, rest)? else { return Ok(None) };
        if first & CONTROL != 0 {
            if payload_bytes > CONTROL_BYTES_MAX {
                return Err(DecodeError::Malformed);
            }
        } else {
            let before = self.message.as_ref().map_or(0, |message| message.payload.len()) as u64;
            if payload_bytes.saturating_add(before) > allowed.frame_bytes_max as u64 {
                return Err(DecodeError::TooLong);
            }
        }
        let Some(mask) = rest.get(length_bytes..length_bytes + 4) else { return Ok(None) };
        Ok(Some(Head {
            first: *first,
            head_bytes: 2 + length_bytes + 4,
            // The check above keeps it within `usize`.
            payload_bytes: payload_bytes as usize,
            mask: mask.try_into().expect("it has four bytes"),
        }))
    }

    /// Checks the first two bytes of a frame.
    fn check(&self, first: u8, second: u8, allowed: DecodeLimits) -> Result<(), DecodeError> {
        let opcode = first & OPCODE;
        let is_known = matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG);
        // Only the first frame of a message carries the compression bit.
        let may_be_compressed = allowed.compressed && matches!(opcode, TEXT | BINARY);
        let is_in_place = match opcode {
            CONTINUATION => self.message.is_some(),
            TEXT | BINARY => self.message.is_none(),
            _ => first & FIN != 0,
        };
        let is_sound = is_known
            && first & RSV2_RSV3 == 0
            && (first & RSV1 == 0 || may_be_compressed)
            && second & MASKED != 0
            && is_in_place;
        if is_sound { Ok(()) } else { Err(DecodeError::Malformed) }
    }

    fn frame(
        &mut self,
        first: u8,
        payload: Vec<u8>,
        allowed: DecodeLimits,
    ) -> Result<ClientMessage, DecodeError> {
        match first & OPCODE {
            CLOSE => return closing(&payload).map(ClientMessage::Close),
            PING => return Ok(ClientMessage::Ping(payload.into())),
            PONG => return Ok(ClientMessage::Pong),
            _ => {}
        }
        let message = match self.message.take() {
            Some(mut message) => {
                message.payload.extend_from_slice(&payload);
                message
            }
            None => {
                let is_text = first & OPCODE == TEXT;
                Message { is_text, is_compressed: first & RSV1 != 0, payload }
            }
        };
        if first & FIN == 0 {
            self.message = Some(message);
            return Ok(ClientMessage::Part);
        }
        let Message { is_text, is_compressed, mut payload } = message;
        if is_compressed {
            payload = inflated(payload, allowed.frame_bytes_max)?;
        }
        if !is_text {
            return Ok(ClientMessage::Binary);
        }
        String::from_utf8(payload).map(ClientMessage::Text).map_err(|_| DecodeError::Malformed)
    }
}

/// The length of the payload, and the number of its extended length bytes. The encoding must be the shortest
/// possible one (RFC 6455, 5.2).
fn length(short: u8, rest: &[u8]) -> Result<Option<(u64, usize)>, DecodeError> {
    let (length, bytes, at_least) = match short {
        126 => {
            let Some(bytes) = rest.first_chunk() else { return Ok(None) };
            (u64::from(u16::from_be_bytes(*bytes)), 2, 126)
        }
        127 => {
            let Some(bytes) = rest.first_chunk() else { return Ok(None) };
            (u64::from_be_bytes(*bytes), 8, 0x1_0000)
        }
        short => (u64::from(short), 0, 0),
    };
    if length < at_least || length > i64::MAX as u64 {
        return Err(DecodeError::Malformed);
    }
    Ok(Some((length, bytes)))
}

/// The code and reason of a close frame (RFC 6455, 5.5.1 and 7.4).
fn closing(payload: &[u8]) -> Result<Option<(u16, String)>, DecodeError> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(DecodeError::Malformed) };
    };
    let code = u16::from_be_bytes(*code);
    let may_be_sent = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    match str::from_utf8(reason) {
        Ok(reason) if may_be_sent => Ok(Some((code, reason.to_owned()))),
        _ => Err(DecodeError::Malformed),
    }
}

fn unmasked(payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

#[cfg(test)]
mod tests;
