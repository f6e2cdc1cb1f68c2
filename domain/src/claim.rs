//! What sources have said of one field, and whose word is in force. The rules are at the head of
//! [`crate::flight`].

use crate::field::{Field, Value};
use chrono::{DateTime, Utc};
use std::ops::Range;
use std::sync::Arc;

/// The last word of one source on one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The value, or `None` where the source took it away.
    pub value: Option<Value>,
    /// Weight of the source's word on this field, see [`crate::report::Source::authority`].
    pub authority: u8,
    /// Who said so.
    pub source: Arc<str>,
    /// Whether the source only adds to flights that others make known
    /// ([`crate::report::Source::creates`]).
    pub secondary: bool,
    /// When the source knew it.
    pub observed_at: DateTime<Utc>,
    /// When the hub got it; kept for the record, never compared.
    pub received_at: DateTime<Utc>,
}

impl Claim {
    /// Whether this is a newer word than `earlier`, of the same source and standing. A strict order
    /// on everything but `received_at`, so that the order of arrival never decides.
    pub(crate) fn replaces(&self, earlier: &Self) -> bool {
        let order = |claim: &Self| (claim.observed_at, claim.authority, !claim.secondary);
        order(self).cmp(&order(earlier)).then_with(|| self.value.cmp(&earlier.value)).is_gt()
    }
}

/// Claims, each the last of one source on one field, in the order of the fields and then of the
/// sources' names.
pub(crate) type Claims = Vec<(Field, Claim)>;

/// Takes a word in, unless it is no newer than what the source has said of the field.
pub(crate) fn record(claims: &mut Claims, field: Field, claim: Claim) -> bool {
    let place = |(f, word): &(Field, Claim)| (*f, &word.source).cmp(&(field, &claim.source));
    match claims.binary_search_by(place) {
        Ok(at) if claim.replaces(&claims[at].1) => claims[at].1 = claim,
        Ok(_) => return false,
        Err(at) => claims.insert(at, (field, claim)),
    }
    true
}

/// Takes a word in where a source has but one, of either standing: the newest is kept, and the other
/// list's older word goes. Of two between which nothing decides both stay, in whatever order they come.
pub(crate) fn record_sole(claims: &mut Claims, others: &mut Claims, field: Field, claim: Claim) -> bool {
    let other = range_of(others, field).find(|at| others[*at].1.source == claim.source);
    if other.is_some_and(|at| others[at].1.replaces(&claim)) {
        return false;
    }
    let outdated = other.filter(|at| claim.replaces(&others[*at].1));
    let is_new = record(claims, field, claim);
    if is_new && let Some(at) = outdated {
        others.remove(at);
    }
    is_new
}

/// Where the words on `field` stand.
pub(crate) fn range_of(claims: &Claims, field: Field) -> Range<usize> {
    let from = claims.partition_point(|(f, _)| *f < field);
    let count = claims[from..].iter().take_while(|(f, _)| *f == field).count();
    from..from + count
}

/// The value in force of a field, and on whose word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InForce<'a> {
    pub(crate) value: &'a Value,
    pub(crate) authority: u8,
    pub(crate) source: &'a Arc<str>,
    pub(crate) observed_at: DateTime<Utc>,
}

impl<'a> InForce<'a> {
    /// What a word says, if it says anything.
    pub(crate) fn of(claim: &'a Claim) -> Option<Self> {
        let Claim { value, authority, source, observed_at, .. } = claim;
        Some(Self { value: value.as_ref()?, authority: *authority, source, observed_at: *observed_at })
    }

    /// What decides between claims of one field.
    fn weight(&self) -> (u8, DateTime<Utc>, &'a str) {
        (self.authority, self.observed_at, self.source)
    }

    /// The instant, where it is one.
    pub(crate) fn time(&self) -> Option<DateTime<Utc>> {
        match self.value {
            Value::Time(seconds) => DateTime::from_timestamp(*seconds, 0),
            _ => None,
        }
    }
}

/// A word with its standing.
#[derive(Clone, Copy)]
struct RankedClaim<'a> {
    claim: &'a Claim,
    is_best: bool,
}

impl RankedClaim<'_> {
    fn weight(&self) -> (u8, bool) {
        (self.claim.authority, self.is_best)
    }

    /// Whether this takes `value` away.
    fn clears(&self, value: &Self) -> bool {
        // In one message of one source: there is none of the best, and this to go by instead.
        let is_beside = self.is_best != value.is_best && self.claim.source == value.claim.source;
        let (cleared_at, said_at) = (self.claim.observed_at, value.claim.observed_at);
        self.claim.value.is_none()
            && self.weight() >= value.weight()
            && if is_beside { cleared_at > said_at } else { cleared_at >= said_at }
    }

    /// Whether this weighs less than `other`, of another source or standing.
    fn yields_to(&self, other: &Self) -> bool {
        let order = |word: &Self| (word.weight(), word.claim.observed_at);
        order(self).cmp(&order(other)).then_with(|| self.claim.source.cmp(&other.claim.source)).is_lt()
    }
}

/// The word in force among those on one field: the best ones of its sources, and the second best.
pub(crate) fn strongest<'a>(
    best: &'a [(Field, Claim)],
    fallback_claims: &'a [(Field, Claim)],
    counts: impl Fn(&Claim) -> bool,
) -> Option<InForce<'a>> {
    let of = |is_best| move |(_, claim): &'a (Field, Claim)| RankedClaim { claim, is_best };
    let all = || best.iter().map(of(true)).chain(fallback_claims.iter().map(of(false)));
    let words = || all().filter(|word| counts(word.claim));
    let counting =
        words().filter(|word| word.claim.value.is_some() && !words().any(|other| other.clears(word)));
    InForce::of(counting.reduce(|best, word| if best.yields_to(&word) { word } else { best })?.claim)
}

/// The same among claims of which each source can take back its own alone.
pub(crate) fn strongest_own(best: &[(Field, Claim)], counts: impl Fn(&Claim) -> bool) -> Option<InForce<'_>> {
    strongest_of(best.iter().filter(|(_, claim)| counts(claim)).filter_map(|(_, claim)| InForce::of(claim)))
}

/// The strongest of claims: by authority, then the newest, then the source whose name is last.
pub(crate) fn strongest_of<'a>(claims: impl Iterator<Item = InForce<'a>>) -> Option<InForce<'a>> {
    claims.max_by(|a, b| a.weight().cmp(&b.weight()))
}
