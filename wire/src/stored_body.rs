//! How messages and faults are cut to size before they are kept, alike in every store.

use domain::ports::Quarantined;

/// How much of a message is kept. A little more than the 5 MB that any feed may send.
pub const MESSAGE_BYTES_MAX: usize = 6 << 20;
/// Bodies larger than this are to be compressed on a store's own threads, so that a caller's loop is
/// not held up for more than a fraction of a millisecond.
pub const COMPRESSED_INLINE_BYTES_MAX: usize = 64 * 1024;
/// Messages shorter than this are kept as they are: they would not become much shorter, and can be
/// read in the file by eye.
const PLAIN_BYTES_MAX: usize = 512;
/// Faults kept of one message. A body of garbage could bring one for every few bytes.
pub const FAULTS_MAX: usize = 1000;
/// Length of a reason or a field's name that is kept, in bytes.
const WORDS_BYTES_MAX: usize = 1024;

/// A message's body as it is kept.
pub enum StoredBody {
    /// As it came.
    Plain(Vec<u8>),
    /// An lz4 block with its length before it, in four bytes, the lowest first.
    Lz4(Vec<u8>),
}

impl StoredBody {
    /// Compresses a body, or the start of it that is kept ([`MESSAGE_BYTES_MAX`]); an lz4 block costs
    /// about a millisecond a megabyte.
    pub fn of(body: &[u8]) -> Self {
        let kept = &body[..body.len().min(MESSAGE_BYTES_MAX)];
        if kept.len() <= PLAIN_BYTES_MAX {
            Self::Plain(kept.to_vec())
        } else {
            Self::Lz4(lz4_flex::block::compress_prepend_size(kept))
        }
    }

    /// What it takes.
    pub fn bytes(&self) -> usize {
        let (Self::Plain(bytes) | Self::Lz4(bytes)) = self;
        bytes.len()
    }
}

/// Cuts faults to size; where there are too many, the last one kept says how many there were.
pub fn trim_faults(mut faults: Vec<Quarantined>) -> Vec<Quarantined> {
    if faults.len() > FAULTS_MAX {
        let left_out = faults.len() - (FAULTS_MAX - 1);
        faults.truncate(FAULTS_MAX);
        if let Some(last) = faults.last_mut() {
            last.reason = format!("{left_out} more reports of this message could not be used");
            (last.field, last.excerpt) = (None, String::new());
        }
    }
    faults.iter_mut().for_each(trim_fault);
    faults
}

/// Cuts the words of one fault to size.
pub fn trim_fault(fault: &mut Quarantined) {
    cut(&mut fault.excerpt, Quarantined::EXCERPT_BYTES_MAX);
    cut(&mut fault.reason, WORDS_BYTES_MAX);
    if let Some(field) = &mut fault.field {
        cut(field, WORDS_BYTES_MAX);
    }
}

fn cut(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn fault(excerpt: &str) -> Quarantined {
        Quarantined {
            feed: "jfk".into(),
            received_at: DateTime::UNIX_EPOCH,
            index: Some(1),
            field: Some("departure.gate".into()),
            reason: "is longer than 8 characters".into(),
            excerpt: excerpt.into(),
        }
    }

    #[test]
    fn a_flood_of_faults_is_counted_and_not_kept() {
        let kept = trim_faults(vec![fault("x"); FAULTS_MAX + 5]);
        assert_eq!(kept.len(), FAULTS_MAX);
        assert_eq!(kept[FAULTS_MAX - 1].reason, "6 more reports of this message could not be used");
        assert_eq!(kept[FAULTS_MAX - 2], fault("x"));
    }

    #[test]
    fn excerpts_are_cut_between_characters() {
        let kept = trim_faults(vec![fault(&"é".repeat(5000)), fault("ok")]);
        assert_eq!(kept[0].excerpt.len(), Quarantined::EXCERPT_BYTES_MAX);
        assert!(trim_faults(vec![fault(&format!("a{}", "é".repeat(5000)))])[0].excerpt.ends_with('é'));
        assert_eq!(kept[1].excerpt, "ok");
    }

    #[test]
    fn a_body_that_is_too_long_keeps_its_start() {
        let StoredBody::Lz4(body) = StoredBody::of(&vec![b'x'; MESSAGE_BYTES_MAX + 1]) else {
            panic!("a long body is compressed")
        };
        assert_eq!(lz4_flex::block::decompress_size_prepended(&body).unwrap().len(), MESSAGE_BYTES_MAX);
    }
}
