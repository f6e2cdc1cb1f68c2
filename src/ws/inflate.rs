//! Frames from clients, on their way to the session's codec: long ones stopped at their head,
//! compressed ones made plain.
//!
//! actix-http's codec would gather a frame of any length before it refuses it. So a frame, and a
//! message in several frames, is refused here as soon as it says how long it is. And browsers that
//! negotiated permessage-deflate compress what they send, which the codec does not know: frames
//! with the first reserved bit are inflated (within the limit, without context takeover, as
//! negotiated) and passed on as plain ones.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress};

/// What has come from one client and could not be passed on yet.
#[derive(Default)]
pub(super) struct Inflate {
    /// The beginning of a frame.
    kept: Vec<u8>,
    /// A compressed message in several frames, as far as it has come, and its opcode.
    message: Option<(u8, Vec<u8>)>,
    /// The codec was given something that it refuses. What comes behind is dropped.
    refused: bool,
}

struct Head {
    head_bytes: usize,
    payload_bytes: usize,
    mask: [u8; 4],
}

/// What a client may send.
#[derive(Clone, Copy)]
pub(super) struct Allowed {
    /// Longest message, in bytes.
    pub(super) frame_bytes_max: usize,
    /// Whether compression was negotiated.
    pub(super) compressed: bool,
}

/// Why a client's bytes are not passed on.
#[derive(Clone, Copy)]
enum Refused {
    TooLong,
    NotOurs,
}

impl Refused {
    /// What the codec is given instead: a head that no frame has, for which it gives the session
    /// the right error. A length with the highest bit set is an overflow, a reserved bit is bad.
    fn stand_in(self) -> &'static [u8] {
        match self {
            Self::TooLong => &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0],
            Self::NotOurs => &[0xf1, 0x80],
        }
    }
}

const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const OPCODE: u8 = 0x0f;
const CONTROL: u8 = 0x08;
const MASKED: u8 = 0x80;

impl Inflate {
    /// Takes what was read and gives what the codec should see.
    pub(super) fn pass(&mut self, bytes: &Bytes, allowed: Allowed) -> Bytes {
        if self.refused {
            return Bytes::new();
        }
        // The usual case: nothing kept, one whole plain frame.
        if self.kept.is_empty()
            && self.message.is_none()
            && bytes.first().is_some_and(|first| first & COMPRESSED == 0)
            && head_of(bytes).is_some_and(|head| {
                head.payload_bytes <= allowed.frame_bytes_max
                    && head.head_bytes + head.payload_bytes == bytes.len()
            })
        {
            return bytes.clone();
        }
        self.kept.extend_from_slice(bytes);
        let mut plain = Vec::new();
        if let Err(refused) = self.pass_kept(&mut plain, allowed) {
            plain.extend_from_slice(refused.stand_in());
            *self = Self { refused: true, ..Self::default() };
        }
        plain.into()
    }

    fn pass_kept(&mut self, plain: &mut Vec<u8>, allowed: Allowed) -> Result<(), Refused> {
        let mut at = 0;
        while let Some(head) = head_of(&self.kept[at..]) {
            if head.payload_bytes > allowed.frame_bytes_max {
                return Err(Refused::TooLong);
            }
            let end = at + head.head_bytes + head.payload_bytes;
            if self.kept.len() < end {
                break;
            }
            let (first, masked) = (self.kept[at], self.kept[at + 1] & MASKED != 0);
            let is_compressed = first & COMPRESSED != 0;
            let is_control = first & CONTROL != 0;
            if is_compressed && !(allowed.compressed && masked && !is_control) {
                return Err(Refused::NotOurs);
            }
            // Control frames may come in the middle of a message.
            let goes_on = self.message.is_some() && !is_control;
            if !masked || !(is_compressed || goes_on) {
                plain.extend_from_slice(&self.kept[at..end]);
            } else {
                let payload = unmasked(&self.kept[at + head.head_bytes..end], head.mask);
                self.pass_compressed(first, payload, plain, allowed.frame_bytes_max)?;
            }
            at = end;
        }
        self.kept.drain(..at);
        if self.kept.is_empty() {
            self.kept = Vec::new();
        }
        Ok(())
    }

    /// One frame of a compressed message; the message, when it is the last.
    fn pass_compressed(
        &mut self,
        first: u8,
        payload: Vec<u8>,
        plain: &mut Vec<u8>,
        frame_bytes_max: usize,
    ) -> Result<(), Refused> {
        let (opcode, packed) = match self.message.take() {
            Some((opcode, mut packed)) if first & OPCODE == 0 && first & COMPRESSED == 0 => {
                packed.extend_from_slice(&payload);
                (opcode, packed)
            }
            None if first & OPCODE != 0 => (first & !FIN & !COMPRESSED, payload),
            _ => return Err(Refused::NotOurs),
        };
        if packed.len() > frame_bytes_max {
            return Err(Refused::TooLong);
        }
        if first & FIN == 0 {
            self.message = Some((opcode, packed));
            return Ok(());
        }
        append_plain(plain, opcode, &inflated(packed, frame_bytes_max)?);
        Ok(())
    }
}

fn head_of(bytes: &[u8]) -> Option<Head> {
    let length = *bytes.get(1)?;
    let (payload_bytes, at) = match length & 0x7f {
        126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
        short => (u64::from(short), 2),
    };
    let masked = length & MASKED != 0;
    let mask = if masked { bytes.get(at..at + 4)?.try_into().ok()? } else { [0; 4] };
    let head_bytes = at + if masked { 4 } else { 0 };
    Some(Head { head_bytes, payload_bytes: usize::try_from(payload_bytes).ok()?, mask })
}

fn unmasked(payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

fn inflated(mut packed: Vec<u8>, bytes_max: usize) -> Result<Vec<u8>, Refused> {
    packed.extend_from_slice(&[0, 0, 0xff, 0xff]);
    let mut payload = Vec::with_capacity(bytes_max + 1);
    Decompress::new(false)
        .decompress_vec(&packed, &mut payload, FlushDecompress::Sync)
        .map_err(|_| Refused::NotOurs)?;
    if payload.len() > bytes_max { Err(Refused::TooLong) } else { Ok(payload) }
}

/// A whole plain frame, masked with zeros as the codec wants a mask.
fn append_plain(plain: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    plain.push(FIN | opcode);
    match payload.len() {
        short @ 0..126 => plain.push(MASKED | short as u8),
        medium @ 126..=0xffff => {
            plain.push(MASKED | 126);
            plain.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            plain.push(MASKED | 127);
            plain.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    plain.extend_from_slice(&[0; 4]);
    plain.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    const LIMIT: Allowed = Allowed { frame_bytes_max: 4096, compressed: true };

    fn client_frame(payload: &[u8], first: u8) -> Vec<u8> {
        let mask = [7, 1, 200, 33];
        let mut frame = vec![first];
        if payload.len() < 126 {
            frame.push(MASKED | payload.len() as u8);
        } else {
            frame.push(MASKED | 126);
            frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]));
        frame
    }

    fn compressed(text: &[u8]) -> Vec<u8> {
        let mut packed = Vec::with_capacity(text.len() + 64);
        Compress::new(Compression::default(), false)
            .compress_vec(text, &mut packed, FlushCompress::Sync)
            .unwrap();
        packed.truncate(packed.len() - 4);
        client_frame(&packed, FIN | COMPRESSED | 1)
    }

    fn payload_of(plain: &[u8]) -> Vec<u8> {
        let head = head_of(plain).unwrap();
        assert_eq!(plain[0], FIN | 1);
        plain[head.head_bytes..head.head_bytes + head.payload_bytes].to_vec()
    }

    #[test]
    fn a_compressed_frame_comes_out_plain_however_it_is_cut() {
        let text = br#"{"op":"follow","topic":"board/JFK/departures","ref":1}"#;
        let frame = compressed(text);
        for cut in 0..frame.len() {
            let mut inflate = Inflate::default();
            let mut plain = Vec::new();
            for part in [&frame[..cut], &frame[cut..]].into_iter().filter(|p| !p.is_empty()) {
                plain.extend_from_slice(&inflate.pass(&Bytes::copy_from_slice(part), LIMIT));
            }
            assert_eq!(payload_of(&plain), text);
        }
    }

    #[test]
    fn plain_frames_pass_as_they_are() {
        let frame = client_frame(b"{\"op\":\"pong\"}", FIN | 1);
        assert_eq!(Inflate::default().pass(&frame.clone().into(), LIMIT), frame);
        let two = [frame.clone(), compressed(b"{}")].concat();
        assert!(Inflate::default().pass(&two.into(), LIMIT).starts_with(&frame));
    }

    #[test]
    fn a_small_frame_that_inflates_beyond_the_limit_is_too_long() {
        let bomb = compressed(&vec![b' '; 1_000_000]);
        assert!(bomb.len() < LIMIT.frame_bytes_max);
        assert_eq!(Inflate::default().pass(&bomb.into(), LIMIT), Refused::TooLong.stand_in());
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_at_its_head_and_nothing_of_it_is_kept() {
        for allowed in [LIMIT, Allowed { compressed: false, ..LIMIT }] {
            let mut inflate = Inflate::default();
            let head = [&[FIN | 1, MASKED | 127][..], &(1_u64 << 40).to_be_bytes(), &[0; 4]].concat();
            assert_eq!(inflate.pass(&head.into(), allowed), Refused::TooLong.stand_in());
            assert_eq!(inflate.pass(&Bytes::from_static(&[0; 5_000]), allowed), Bytes::new());
            assert_eq!(inflate.kept.capacity(), 0);
        }
    }
}
