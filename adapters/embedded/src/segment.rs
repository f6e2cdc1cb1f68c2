//! One row of the log: states that became durable together.
//!
//! The table of contents is apart from the states, so opening reads only that. The states are compressed together, because
//! they repeat the same names.

use domain::leg::LegId;

/// Bytes of states per segment before compression. More are split over several segments, so that
/// compaction can take small steps.
pub(super) const SEGMENT_BYTES_MAX: usize = 1 << 20;

/// First byte of every table of contents.
const VERSION: u8 = 1;
/// Stands in place of a length: the leg is retired.
const RETIRED: u32 = u32::MAX;

/// A line of the table of contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The leg.
    pub(super) leg: LegId,
    /// Revision of the state.
    pub(super) rev: u64,
    /// Position of the leg's newest change, 0 for none.
    pub(super) newest: i64,
    /// Position and checksum of its state; `None` if the leg is retired.
    pub(super) state: Option<Slice>,
}

/// A part of the states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// From the start of the states.
    pub(super) offset: usize,
    /// Its length in bytes.
    pub(super) length: u32,
    /// CRC-32. SQLite has no checksums of pages, and a flipped bit in a gate would still parse.
    pub(super) checksum: u32,
}

/// Builds a segment.
#[derive(Default)]
pub(super) struct Builder {
    contents: Vec<u8>,
    states: Vec<u8>,
}

impl Builder {
    /// Adds the newest state of a leg, or that the leg is retired.
    pub(super) fn add(&mut self, leg: &LegId, rev: u64, newest: i64, state: Option<&[u8]>) {
        if self.contents.is_empty() {
            self.contents.push(VERSION);
        }
        let name = leg.as_str().as_bytes();
        debug_assert!(name.len() <= LegId::LENGTH_MAX);
        self.contents.push(name.len() as u8);
        self.contents.extend_from_slice(name);
        self.contents.extend_from_slice(&rev.to_le_bytes());
        self.contents.extend_from_slice(&newest.to_le_bytes());
        let (length, checksum) = state.map_or((RETIRED, 0), |s| (s.len() as u32, crc32fast::hash(s)));
        self.contents.extend_from_slice(&length.to_le_bytes());
        self.contents.extend_from_slice(&checksum.to_le_bytes());
        self.states.extend_from_slice(state.unwrap_or_default());
    }

    /// Whether the segment is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// Whether `more` bytes of state belong into the next segment.
    pub(super) fn is_full_for(&self, more: usize) -> bool {
        !self.is_empty() && self.states.len() + more > SEGMENT_BYTES_MAX
    }

    /// Size for compaction: states before compression and table of contents.
    pub(super) fn bytes(&self) -> usize {
        self.contents.len() + self.states.len()
    }

    /// The two blobs of the row.
    pub(super) fn finish(self) -> (Vec<u8>, Vec<u8>) {
        (self.contents, lz4_flex::block::compress_prepend_size(&self.states))
    }
}

/// Decodes a table of contents.
pub(super) fn contents(bytes: &[u8]) -> Result<Vec<Line>, String> {
    let (version, mut rest) = bytes.split_first().ok_or("its table of contents is empty")?;
    if *version != VERSION {
        return Err(format!("its version is {version}, and this gatecall reads {VERSION}"));
    }
    let mut lines = Vec::new();
    let mut offset = 0;
    while !rest.is_empty() {
        let line = line(&mut rest, offset).ok_or("its table of contents is cut or damaged")?;
        offset += line.state.map_or(0, |s| s.length as usize);
        lines.push(line);
    }
    Ok(lines)
}

fn line(rest: &mut &[u8], offset: usize) -> Option<Line> {
    let [length] = take(rest)?;
    let (name, after) = rest.split_at_checked(usize::from(length))?;
    *rest = after;
    let leg = LegId::known(str::from_utf8(name).ok()?)?;
    let rev = u64::from_le_bytes(take(rest)?);
    let newest = i64::from_le_bytes(take(rest)?);
    let length = u32::from_le_bytes(take(rest)?);
    let checksum = u32::from_le_bytes(take(rest)?);
    let state = (length != RETIRED).then_some(Slice { offset, length, checksum });
    Some(Line { leg, rev, newest, state })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*bytes)
}

/// Decompresses the states of a segment. `contents` limits what a damaged length may allocate.
pub(super) fn states(contents: &[Line], compressed: &[u8]) -> Result<Vec<u8>, String> {
    let expected: usize = contents.iter().filter_map(|l| l.state).map(|s| s.length as usize).sum();
    let (size, block) =
        lz4_flex::block::uncompressed_size(compressed).map_err(|e| format!("its states are damaged: {e}"))?;
    if size != expected {
        return Err(format!("its states are {size} bytes, and its table of contents says {expected}"));
    }
    lz4_flex::block::decompress(block, size).map_err(|e| format!("its states are damaged: {e}"))
}

impl Slice {
    /// This part of the states, if its checksum is right.
    pub(super) fn of(self, states: &[u8]) -> Result<&[u8], String> {
        let state = states.get(self.offset..self.offset + self.length as usize).ok_or("the state is cut")?;
        if crc32fast::hash(state) != self.checksum {
            return Err("the state's checksum is wrong".into());
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(text: &str) -> LegId {
        LegId::known(text).unwrap()
    }

    fn sample() -> (Vec<u8>, Vec<u8>) {
        let mut builder = Builder::default();
        builder.add(&leg("A"), 3, 17, Some(b"state of a"));
        builder.add(&leg("B-2"), u64::MAX, 0, None);
        builder.add(&leg("C"), 1, i64::MAX, Some(b""));
        builder.finish()
    }

    #[test]
    fn a_segment_decodes_to_what_was_encoded() {
        let (head, body) = sample();
        let lines = contents(&head).unwrap();
        let states = states(&lines, &body).unwrap();
        let found: Vec<_> = lines
            .iter()
            .map(|l| (l.leg.as_str(), l.rev, l.newest, l.state.map(|s| s.of(&states).unwrap())))
            .collect();
        let expected = [
            ("A", 3, 17, Some(b"state of a".as_slice())),
            ("B-2", u64::MAX, 0, None),
            ("C", 1, i64::MAX, Some(b"".as_slice())),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_damaged_segment_is_an_error_and_never_a_panic() {
        let (head, body) = sample();
        for cut in 0..head.len() {
            if let Ok(lines) = contents(&head[..cut]) {
                assert!(lines.len() < 3, "{cut}");
            }
        }
        let lines = contents(&head).unwrap();
        for at in 0..body.len() {
            let mut damaged = body.clone();
            damaged[at] ^= 0x10;
            let read = states(&lines, &damaged);
            let seen = read.and_then(|states| lines[0].state.unwrap().of(&states).map(<[u8]>::to_vec));
            assert!(
                seen.as_deref().map_or(true, |s| s == b"state of a"),
                "a flipped bit at {at} went unseen"
            );
        }
        assert!(contents(&[9]).unwrap_err().contains("version is 9"));
    }
}
