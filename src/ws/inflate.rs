//! Compressed frames from clients, made plain for the session's codec.
//!
//! Browsers that negotiated permessage-deflate compress what they send, and actix-http's codec
//! knows no compression. So frames with the first reserved bit are inflated (within the limit on
//! frames, without context takeover, as negotiated) and passed on as plain ones.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress};

/// Bytes of a frame that is not complete yet.
#[derive(Default)]
pub(super) struct Inflate {
    kept: Vec<u8>,
    /// Something was wrong: everything is passed on as it comes, for the codec to refuse.
    gave_up: bool,
}

struct Head {
    head_bytes: usize,
    payload_bytes: usize,
    mask: [u8; 4],
}

const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const MASKED: u8 = 0x80;

impl Inflate {
    /// Takes what was read and gives what the codec should see.
    pub(super) fn pass(&mut self, bytes: &Bytes, frame_bytes_max: usize) -> Bytes {
        if self.gave_up {
            return bytes.clone();
        }
        // The usual case: nothing kept, one whole plain frame.
        if self.kept.is_empty()
            && bytes[0] & COMPRESSED == 0
            && head_of(bytes)
                .is_some_and(|head| head.head_bytes.saturating_add(head.payload_bytes) == bytes.len())
        {
            return bytes.clone();
        }
        self.kept.extend_from_slice(bytes);
        let mut plain = Vec::new();
        while let Some(head) = head_of(&self.kept) {
            let frame_bytes = head.head_bytes.saturating_add(head.payload_bytes);
            if head.payload_bytes > frame_bytes_max {
                return self.give_up(plain);
            }
            if self.kept.len() < frame_bytes {
                break;
            }
            if self.kept[0] & COMPRESSED == 0 {
                plain.extend_from_slice(&self.kept[..frame_bytes]);
            } else {
                match inflated(&self.kept[..frame_bytes], &head, frame_bytes_max) {
                    Some(frame) => plain.extend_from_slice(&frame),
                    None => return self.give_up(plain),
                }
            }
            self.kept.drain(..frame_bytes);
        }
        if self.kept.is_empty() {
            self.kept = Vec::new();
        }
        plain.into()
    }

    fn give_up(&mut self, mut plain: Vec<u8>) -> Bytes {
        self.gave_up = true;
        plain.append(&mut self.kept);
        plain.into()
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

/// A plain frame of the same opcode, masked with zeros as the codec wants a mask. `None` when the
/// payload does not inflate within the limit, or the message is in several frames, which no client
/// of ours needs for a few hundred bytes.
fn inflated(frame: &[u8], head: &Head, frame_bytes_max: usize) -> Option<Vec<u8>> {
    if frame[0] & FIN == 0 {
        return None;
    }
    let mut packed: Vec<u8> = frame[head.head_bytes..].to_vec();
    packed.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= head.mask[at % 4]);
    packed.extend_from_slice(&[0, 0, 0xff, 0xff]);
    let mut payload = Vec::with_capacity(frame_bytes_max + 1);
    Decompress::new(false).decompress_vec(&packed, &mut payload, FlushDecompress::Sync).ok()?;
    if payload.len() > frame_bytes_max {
        return None;
    }
    let mut plain = vec![frame[0] & !COMPRESSED];
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
    plain.extend_from_slice(&payload);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compress, Compression, FlushCompress};

    const LIMIT: usize = 4096;

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
    fn a_small_frame_that_inflates_beyond_the_limit_is_left_to_the_codec_to_refuse() {
        let bomb = compressed(&vec![b' '; 1_000_000]);
        assert!(bomb.len() < LIMIT);
        assert_eq!(Inflate::default().pass(&bomb.clone().into(), LIMIT), bomb);
    }
}
