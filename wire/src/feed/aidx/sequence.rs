//! The order of messages within one second.

use chrono::{DateTime, TimeDelta, Utc};

/// `SequenceNmbr`, the sender's count of its messages, as nanoseconds within a second.
///
/// Senders stamp whole seconds. Without a sequence number, the contents and not the order would decide
/// between two messages of one second. The number only orders within a second, so a count that restarts, or
/// stands still as Gatwick's does, does no further harm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sequence(u32);

impl Sequence {
    pub(super) const NONE: Self = Self(0);

    /// Counts wrap at this number, so that they fit into a second.
    const ROUND: u64 = 1_000_000_000;

    /// A whole number without a sign, as in the schema. `None` for anything else.
    pub(super) fn read(number: &str) -> Option<Self> {
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self((number.parse::<u64>().ok()? % Self::ROUND) as u32))
    }

    /// `at`, parsed from `text`, with this number below the second, unless the text has decimals.
    pub(super) fn within_second(self, text: &str, at: DateTime<Utc>) -> DateTime<Utc> {
        if text.contains('.') {
            return at;
        }
        at.checked_add_signed(TimeDelta::nanoseconds(self.0.into())).unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_orders_a_second_and_never_leaves_it() {
        let at: DateTime<Utc> = "2024-03-05T10:00:00Z".parse().unwrap();
        let within = |number: &str, text: &str| Sequence::read(number).unwrap().within_second(text, at);
        let whole = "2024-03-05T10:00:00Z";
        assert!(within("7", whole) < within("8", whole));
        assert_eq!(within("0", whole), at);
        assert!(within("18446744073709551615", whole) - at < TimeDelta::seconds(1));
        assert_eq!(within("8", "2024-03-05T10:00:00.000Z"), at, "the sender has said more");
        for number in ["-1", "+1", "1.5", "x", "99999999999999999999"] {
            assert_eq!(Sequence::read(number), None, "{number}");
        }
    }
}
