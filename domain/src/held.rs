//! What sources have said of one field, and whose word is in force. The rules are at the head of
//! [`crate::flight`].

use crate::field::{Field, Value};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The last word of one source on one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// The value, or `None` where the source took it away.
    pub value: Option<Value>,
    /// Weight of the source's word on this field, see [`crate::report::Source::authority`].
    pub authority: u8,
    /// Who said so.
    pub source: Arc<str>,
    /// When the source knew it.
    pub observed_at: DateTime<Utc>,
    /// When the hub got it; kept for the record, never compared.
    pub received_at: DateTime<Utc>,
}

impl Held {
    /// Whether this is a newer word than `earlier`, of the same source. A strict order on
    /// everything but `received_at`, so that the order of arrival never decides.
    pub(crate) fn replaces(&self, earlier: &Self) -> bool {
        let order = |held: &Self| (held.observed_at, held.authority);
        order(self).cmp(&order(earlier)).then_with(|| self.value.cmp(&earlier.value)).is_gt()
    }

    /// Whether this takes `value` away.
    fn clears(&self, value: &Self) -> bool {
        self.value.is_none() && self.authority >= value.authority && self.observed_at >= value.observed_at
    }

    /// Whether this weighs less than `other`, of another source.
    fn yields_to(&self, other: &Self) -> bool {
        let order = |held: &Self| (held.authority, held.observed_at);
        order(self).cmp(&order(other)).then_with(|| self.source.cmp(&other.source)).is_lt()
    }
}

/// The value in force of a field, and on whose word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InForce<'a> {
    pub(crate) value: &'a Value,
    pub(crate) observed_at: DateTime<Utc>,
}

/// The word in force among those on one field, each of another source. It has a value.
pub(crate) fn strongest(words: &[(Field, Held)]) -> Option<&Held> {
    words
        .iter()
        .map(|(_, held)| held)
        .filter(|held| held.value.is_some() && !words.iter().any(|(_, other)| other.clears(held)))
        .reduce(|best, held| if best.yields_to(held) { held } else { best })
}
