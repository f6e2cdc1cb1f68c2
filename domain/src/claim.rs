//! Claims: what each source states about one field, and which claim is in force. [`crate::flight`] states
//! the rules.

use crate::field::{Field, Value};
use chrono::{DateTime, Utc};
use std::ops::Range;
use std::sync::Arc;

/// The newest statement of one source on one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The value, or `None` if the source cleared it.
    pub value: Option<Value>,
    /// The weight of this source for this field, see [`crate::report::Source::authority`].
    pub authority: u8,
    /// The name of the source.
    pub source: Arc<str>,
    /// Whether the source may only add to legs that others created ([`crate::report::Source::creates`]).
    pub secondary: bool,
    /// When the source observed it.
    pub observed_at: DateTime<Utc>,
    /// When the hub received it. For information only; comparisons ignore it.
    pub received_at: DateTime<Utc>,
}

impl Claim {
    /// Whether this claim is newer than `earlier` of the same source and confidence. The order covers every
    /// field except `received_at`, so the order of arrival never decides.
    pub(crate) fn replaces(&self, earlier: &Self) -> bool {
        let order = |claim: &Self| (claim.observed_at, claim.authority, !claim.secondary);
        order(self).cmp(&order(earlier)).then_with(|| self.value.cmp(&earlier.value)).is_gt()
    }
}

/// The newest claim of each source on each field, ordered by field and then by source.
pub(crate) type Claims = Vec<(Field, Claim)>;

/// Stores a claim unless the source has a newer one. Returns whether it was stored.
pub(crate) fn record(claims: &mut Claims, field: Field, claim: Claim) -> bool {
    let place = |(f, word): &(Field, Claim)| (*f, &word.source).cmp(&(field, &claim.source));
    match claims.binary_search_by(place) {
        Ok(at) if claim.replaces(&claims[at].1) => claims[at].1 = claim,
        Ok(_) => return false,
        Err(at) => claims.insert(at, (field, claim)),
    }
    true
}

/// Stores a claim for a field on which a source has one claim in either list: the newer claim stays and the
/// older one in the other list is removed. If neither is newer, both stay, whatever the order of arrival.
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

/// The range of claims on `field`.
pub(crate) fn range_of(claims: &Claims, field: Field) -> Range<usize> {
    let from = claims.partition_point(|(f, _)| *f < field);
    let count = claims[from..].iter().take_while(|(f, _)| *f == field).count();
    from..from + count
}

/// The value in force of a field, with its provenance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InForce<'a> {
    pub(crate) value: &'a Value,
    pub(crate) authority: u8,
    pub(crate) source: &'a Arc<str>,
    pub(crate) observed_at: DateTime<Utc>,
}

impl<'a> InForce<'a> {
    /// The value of a claim, unless the claim is a clear.
    pub(crate) fn of(claim: &'a Claim) -> Option<Self> {
        let Claim { value, authority, source, observed_at, .. } = claim;
        Some(Self { value: value.as_ref()?, authority: *authority, source, observed_at: *observed_at })
    }

    /// The order of claims on one field.
    fn weight(&self) -> (u8, DateTime<Utc>, &'a str) {
        (self.authority, self.observed_at, self.source)
    }

    /// The instant, if the value is a time.
    pub(crate) fn time(&self) -> Option<DateTime<Utc>> {
        match self.value {
            Value::Time(seconds) => DateTime::from_timestamp(*seconds, 0),
            _ => None,
        }
    }
}

/// A claim with its confidence.
#[derive(Clone, Copy)]
struct RankedClaim<'a> {
    claim: &'a Claim,
    is_best: bool,
}

impl RankedClaim<'_> {
    fn weight(&self) -> (u8, bool) {
        (self.claim.authority, self.is_best)
    }

    /// Whether this claim clears `value`.
    fn clears(&self, value: &Self) -> bool {
        // One message of one source clears the primary value and states a fallback. The fallback counts.
        let is_beside = self.is_best != value.is_best && self.claim.source == value.claim.source;
        let (cleared_at, said_at) = (self.claim.observed_at, value.claim.observed_at);
        self.claim.value.is_none()
            && self.weight() >= value.weight()
            && if is_beside { cleared_at > said_at } else { cleared_at >= said_at }
    }

    /// Whether `other`, of another source or confidence, wins over this claim.
    fn yields_to(&self, other: &Self) -> bool {
        let order = |word: &Self| (word.weight(), word.claim.observed_at);
        order(self).cmp(&order(other)).then_with(|| self.claim.source.cmp(&other.claim.source)).is_lt()
    }
}

/// The claim in force, given the primary and the fallback claims on one field.
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

/// The claim in force for a field on which a clear affects only its own source.
pub(crate) fn strongest_own(best: &[(Field, Claim)], counts: impl Fn(&Claim) -> bool) -> Option<InForce<'_>> {
    strongest_of(best.iter().filter(|(_, claim)| counts(claim)).filter_map(|(_, claim)| InForce::of(claim)))
}

/// The strongest value: highest authority, then newest, then the source whose name sorts last.
pub(crate) fn strongest_of<'a>(claims: impl Iterator<Item = InForce<'a>>) -> Option<InForce<'a>> {
    claims.max_by(|a, b| a.weight().cmp(&b.weight()))
}
