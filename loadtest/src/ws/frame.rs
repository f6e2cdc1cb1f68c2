//! WebSocket frames from a server, and frames of both ends for sending.
//!
//! The parser borrows: a payload is a slice of the input. Only the incomplete frame at the end of a read is
//! copied, and most reads end with a frame.

use crate::limits::FRAME_BYTES_MAX;

/// Text payload.
pub const TEXT: u8 = 1;
/// Closing, with an optional code and reason.
pub const CLOSE: u8 = 8;
/// A ping of the WebSocket layer.
pub const PING: u8 = 9;
/// The answer to a ping.
pub const PONG: u8 = 10;

/// A complete frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// [`TEXT`], [`CLOSE`], [`PING`] or [`PONG`].
    pub opcode: u8,
    /// The payload.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Code and reason of a [`CLOSE`] frame; 1005 means that there is none, as in the RFC.
    pub fn close_reason(&self) -> (u16, String) {
        match self.payload {
            [high, low, reason @ ..] => {
                (u16::from_be_bytes([*high, *low]), String::from_utf8_lossy(reason).into_owned())
            }
            _ => (1005, String::new()),
        }
    }
}

/// Why bytes from a server are not allowed frames.
#[derive(Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Reserved bits without a negotiated extension.
    Reserved,
    /// A fragmented message; the hub never fragments.
    Fragmented,
    /// Masked, which only clients do.
    Masked,
    /// An opcode that the protocol does not use.
    Opcode(u8),
    /// Longer than [`FRAME_BYTES_MAX`].
    TooLong(u64),
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "bad frame from the server: {self:?}")
    }
}

/// The first frame in `bytes` and its length on the wire; `None` if it is incomplete.
pub fn parse(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, FrameError> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let opcode = first & 0x0f;
    if first & 0x70 != 0 {
        return Err(FrameError::Reserved);
    }
    if first & 0x80 == 0 || opcode == 0 {
        return Err(FrameError::Fragmented);
    }
    if second & 0x80 != 0 {
        return Err(FrameError::Masked);
    }
    if !matches!(opcode, TEXT | CLOSE | PING | PONG) {
        return Err(FrameError::Opcode(opcode));
    }
    let (extra, len) = match second & 0x7f {
        126 => match rest.first_chunk() {
            Some(len) => (2, u64::from(u16::from_be_bytes(*len))),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(len) => (8, u64::from_be_bytes(*len)),
            None => return Ok(None),
        },
        short => (0, u64::from(short)),
    };
    if len > FRAME_BYTES_MAX as u64 {
        return Err(FrameError::TooLong(len));
    }
    let len = len as usize;
    let payload = rest.get(extra..extra + len);
    Ok(payload.map(|payload| (Frame { opcode, payload }, 2 + extra + len)))
}

/// Calls `each` for every complete frame in `rest` followed by `fresh`, and keeps the incomplete one in
/// `rest`.
pub fn drain(rest: &mut Vec<u8>, fresh: &[u8], mut each: impl FnMut(Frame<'_>)) -> Result<(), FrameError> {
    if rest.is_empty() {
        let done = drain_slice(fresh, &mut each)?;
        rest.extend_from_slice(&fresh[done..]);
        return Ok(());
    }
    rest.extend_from_slice(fresh);
    let done = drain_slice(rest, &mut each)?;
    rest.drain(..done);
    if rest.is_empty() {
        // Thousands of sockets share the memory, so none keeps the buffer of a snapshot.
        *rest = Vec::new();
    }
    Ok(())
}

fn drain_slice(bytes: &[u8], each: &mut impl FnMut(Frame<'_>)) -> Result<usize, FrameError> {
    let mut done = 0;
    while let Some((frame, len)) = parse(&bytes[done..])? {
        each(frame);
        done += len;
    }
    Ok(done)
}

/// Appends a frame as a server sends it.
pub fn put_unmasked(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    put_head(out, opcode, 0, payload.len());
    out.extend_from_slice(payload);
}

/// Appends a frame as a client sends it. The mask is constant: it protects proxies from hostile scripts,
/// and there are none here.
pub fn put_masked(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    put_head(out, opcode, 0x80, payload.len());
    out.extend_from_slice(&MASK);
    out.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

fn put_head(out: &mut Vec<u8>, opcode: u8, mask_bit: u8, len: usize) {
    out.push(0x80 | opcode);
    if len < 126 {
        out.push(mask_bit | len as u8);
    } else if let Ok(len) = u16::try_from(len) {
        out.push(mask_bit | 126);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(mask_bit | 127);
        out.extend_from_slice(&(len as u64).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A short, a 16-bit and a 64-bit length, a ping and a close, as one stream of bytes.
    fn stream() -> (Vec<u8>, Vec<(u8, Vec<u8>)>) {
        let mut close = 4001_u16.to_be_bytes().to_vec();
        close.extend_from_slice(b"slow");
        let frames = vec![
            (TEXT, b"{}".to_vec()),
            (TEXT, vec![b'a'; 126]),
            (PING, Vec::new()),
            (TEXT, vec![b'b'; 70_000]),
            (CLOSE, close),
        ];
        let mut bytes = Vec::new();
        for (opcode, payload) in &frames {
            put_unmasked(&mut bytes, *opcode, payload);
        }
        (bytes, frames)
    }

    fn collect(rest: &mut Vec<u8>, fresh: &[u8], into: &mut Vec<(u8, Vec<u8>)>) {
        drain(rest, fresh, |frame| into.push((frame.opcode, frame.payload.to_vec()))).unwrap();
    }

    #[test]
    fn a_stream_cut_at_any_byte_gives_the_same_frames() {
        let (bytes, expected) = stream();
        // Every cut of the heads and short frames, and a sample of the long payload's bytes.
        let cuts = (0..=bytes.len()).filter(|at| *at < 300 || at % 997 == 0 || *at > bytes.len() - 300);
        for cut in cuts {
            let (mut rest, mut seen) = (Vec::new(), Vec::new());
            collect(&mut rest, &bytes[..cut], &mut seen);
            collect(&mut rest, &bytes[cut..], &mut seen);
            assert!(seen == expected, "cut at byte {cut}");
            assert!(rest.is_empty(), "cut at byte {cut} left bytes");
        }
    }

    #[test]
    fn a_stream_that_comes_byte_by_byte_gives_the_same_frames() {
        let mut bytes = Vec::new();
        put_unmasked(&mut bytes, TEXT, &[b'x'; 200]);
        put_unmasked(&mut bytes, TEXT, b"y");
        let (mut rest, mut seen) = (Vec::new(), Vec::new());
        for byte in &bytes {
            collect(&mut rest, &[*byte], &mut seen);
        }
        assert_eq!(seen, vec![(TEXT, vec![b'x'; 200]), (TEXT, b"y".to_vec())]);
    }

    #[test]
    fn forbidden_server_frames_are_refused() {
        assert_eq!(parse(&[0xc1, 0]), Err(FrameError::Reserved));
        assert_eq!(parse(&[0x01, 0]), Err(FrameError::Fragmented));
        assert_eq!(parse(&[0x80, 0]), Err(FrameError::Fragmented));
        assert_eq!(parse(&[0x82, 0]), Err(FrameError::Opcode(2)));
        let mut masked = Vec::new();
        put_masked(&mut masked, TEXT, b"hello");
        assert_eq!(parse(&masked), Err(FrameError::Masked));
        let long = [0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0];
        assert_eq!(parse(&long), Err(FrameError::TooLong(1 << 40)));
    }

    #[test]
    fn a_masked_frame_unmasks_to_its_payload() {
        let mut bytes = Vec::new();
        put_masked(&mut bytes, TEXT, b"{\"op\":\"pong\"}");
        let (mask, body) = (&bytes[2..6], &bytes[6..]);
        let plain: Vec<u8> = body.iter().enumerate().map(|(i, b)| b ^ mask[i % 4]).collect();
        assert_eq!(plain, b"{\"op\":\"pong\"}");
    }

    #[test]
    fn a_close_frame_has_a_code_and_a_reason() {
        let frame = Frame { opcode: CLOSE, payload: &[0x0f, 0xa1, b'{', b'}'] };
        assert_eq!(frame.close_reason(), (4001, "{}".to_owned()));
        assert_eq!(Frame { opcode: CLOSE, payload: &[] }.close_reason().0, 1005);
    }
}
