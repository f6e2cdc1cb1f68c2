//! The directory: what people have decided, and the feeds that keys and people refer to.
//!
//! What an operator does is kept as it was done, one row after the other, with who did it and when;
//! the newest counts. Nothing that was decided is overwritten, so that it can be told afterwards.
//!
//! Instants are kept to the microsecond; what is below is cut off.

use super::{BoxFuture, StoreError};
use crate::codes::{AirlineCode, Iata};
use crate::feed_health::HealthByFeed;
use crate::feed_key::{KeyDigest, KeyPrefix, KeyRefused};
use crate::field::{Field, Value};
use crate::flight::Override;
use crate::leg::LegId;
use crate::single_line_text::SingleLineText;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::sync::Arc;

/// A key in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedKey {
    /// Which feed its bearer may push for.
    pub feed: Arc<str>,
    /// All that is kept of it.
    pub digest: KeyDigest,
    /// What it is for, such as "the operations centre's, until June".
    pub note: SingleLineText,
    /// Since when.
    pub added_at: DateTime<Utc>,
}

/// Why keys could not be changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyError {
    /// The directory is away; the same call may succeed later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is against the rules, today and tomorrow.
    #[error(transparent)]
    Refused(#[from] KeyRefused),
}

/// How a feed's messages come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FeedKind {
    /// The airport pushes.
    Push,
    /// The hub asks.
    Pull,
}

impl FeedKind {
    /// Each with its word in the configuration.
    pub const WORDS: [(Self, &'static str); 2] = [(Self::Push, "push"), (Self::Pull, "pull")];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }

    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// A configured feed, noted so that keys and people have something to refer to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisteredFeed {
    /// Its name in the configuration, such as `jfk`.
    pub name: Arc<str>,
    /// The airport it speaks for, if it is one airport's.
    pub airport: Option<Iata>,
    /// How its messages come.
    pub kind: FeedKind,
    /// The word of its format, such as `aidx`.
    pub format: Arc<str>,
    /// 0 to 99.
    pub rank: u8,
    /// Whether it may make flights known.
    pub creates: bool,
    /// The zone of times that name none.
    pub zone: Tz,
}

/// An airline's name where an operator has changed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AirlineNameOverride {
    /// Which airline.
    pub code: AirlineCode,
    /// What it is called here.
    pub name: SingleLineText,
    /// Who said so.
    pub by: SingleLineText,
    /// When.
    pub at: DateTime<Utc>,
}

/// What an operator has changed of an airport. `None` is as in the built-in table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AirportOverride {
    /// Which airport.
    pub iata: Iata,
    /// Its full name.
    pub name: Option<SingleLineText>,
    /// What a board shows.
    pub city: Option<SingleLineText>,
    /// The zone its clocks keep.
    pub zone: Option<Tz>,
    /// Who said so.
    pub by: SingleLineText,
    /// When.
    pub at: DateTime<Utc>,
}

/// A field taken over by hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewOverride {
    /// Of which leg.
    pub leg: LegId,
    /// Which field.
    pub field: Field,
    /// What to show, `None` for nothing.
    pub value: Option<Value>,
    /// Who set it.
    pub set_by: SingleLineText,
    /// When it was set.
    pub set_at: DateTime<Utc>,
    /// When the sources count again, if nobody ends it before.
    pub until: DateTime<Utc>,
    /// Why, for those who come after.
    pub reason: Option<SingleLineText>,
}

/// Something that was done to a leg by hand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OverrideEvent {
    /// To which field.
    pub field: Field,
    /// What.
    pub action: AuditAction,
    /// By whom.
    pub by: SingleLineText,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was done to a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditAction {
    /// It was taken over.
    Set {
        /// What to show, `None` for nothing.
        value: Option<Value>,
        /// When the sources count again.
        until: DateTime<Utc>,
        /// Why.
        reason: Option<SingleLineText>,
    },
    /// It was given back to the sources.
    Ended,
}

/// Most actions told of one leg. Of more, the newest are told, and of each field its newest.
pub const PAST_OVERRIDES_MAX: u32 = 1_000;

/// What is taken over at `now`, of actions in the order in which they were done: of each field the
/// newest counts, until its end.
pub fn overrides_in_force(done: &[OverrideEvent], now: DateTime<Utc>) -> Vec<Override> {
    let mut newest: Vec<&OverrideEvent> = Vec::new();
    for action in done {
        newest.retain(|earlier| earlier.field != action.field);
        newest.push(action);
    }
    newest.sort_by_key(|action| action.field);
    let in_force = newest.into_iter().filter_map(|past| match &past.action {
        AuditAction::Set { value, until, .. } if *until > now => Some(Override {
            field: past.field,
            value: value.clone(),
            set_by: past.by.shared(),
            set_at: past.at,
            until: *until,
        }),
        AuditAction::Set { .. } | AuditAction::Ended => None,
    });
    in_force.collect()
}

/// What people have decided. All that is answered `Ok` is durable.
pub trait Directory: Send + Sync {
    /// The identity of the installation's data in hexadecimal, made once: `fresh`, sixteen random
    /// bytes, where there is none yet. Who asks at the same time is told the same.
    fn epoch(&self, fresh: [u8; 16]) -> BoxFuture<'_, Result<String, StoreError>>;

    /// Notes the configured feeds, over what was noted of the same names before; of a name that
    /// comes twice the last counts. Feeds that are noted no more stay, for their keys' sake.
    fn note_feeds(&self, feeds: Vec<RegisteredFeed>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The feeds that were ever noted, by name.
    fn feeds(&self) -> BoxFuture<'_, Result<Vec<RegisteredFeed>, StoreError>>;

    /// Records how well feeds are heard, over what was recorded of them before: every node finds it here,
    /// and this one after a restart. Of a feed that was never noted nothing is recorded.
    fn put_feed_health(&self, health: HealthByFeed) -> BoxFuture<'_, Result<(), StoreError>>;

    /// How well feeds are heard, by name; those of which nothing was recorded are left out.
    fn feed_health(&self) -> BoxFuture<'_, Result<HealthByFeed, StoreError>>;

    /// The keys in force of all feeds, by feed, those of a feed in the order in which they were
    /// added.
    fn feed_keys(&self) -> BoxFuture<'_, Result<Vec<FeedKey>, StoreError>>;

    /// Puts a key in force. One that is in force already stays as it was noted first. The rules are
    /// [`crate::feed_key::KeyRing`]'s.
    fn add_feed_key(
        &self,
        feed: Arc<str>,
        digest: KeyDigest,
        note: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<(), KeyError>>;

    /// Revokes the one key in force of this feed whose digest begins so, and says which it was.
    fn revoke_feed_key(
        &self,
        feed: Arc<str>,
        prefix: KeyPrefix,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<KeyDigest, KeyError>>;

    /// The airlines that are called other than in the built-in table, by code.
    fn airline_changes(&self) -> BoxFuture<'_, Result<Vec<AirlineNameOverride>, StoreError>>;

    /// Changes an airline's name, over an earlier change.
    fn put_airline(&self, change: AirlineNameOverride) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Gives an airline back its built-in name. Answers whether it had another.
    fn withdraw_airline(
        &self,
        code: AirlineCode,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The airports that are other than in the built-in table, by code.
    fn airport_changes(&self) -> BoxFuture<'_, Result<Vec<AirportOverride>, StoreError>>;

    /// Changes an airport, over an earlier change: what this one leaves `None` is as built in.
    fn put_airport(&self, change: AirportOverride) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Makes an airport again what the built-in table says. Answers whether it was other.
    fn withdraw_airport(
        &self,
        iata: Iata,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Notes that a field was taken over.
    fn put_override(&self, note: NewOverride) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Notes that a field was given back before its time. Answers whether it was taken over at
    /// `at`; if not, nothing is noted.
    fn end_override(
        &self,
        leg: LegId,
        field: Field,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// What was done to a leg by hand, in the order in which it was noted, at most
    /// [`PAST_OVERRIDES_MAX`] and the newest of each field. Fields that this version does not know
    /// are left out. [`overrides_in_force`] says what of it counts.
    fn overrides(&self, leg: LegId) -> BoxFuture<'_, Result<Vec<OverrideEvent>, StoreError>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn set(field: Field, gate: &str, minutes: i64, until: i64) -> OverrideEvent {
        let value = Some(Value::Text(gate.into()));
        let action = AuditAction::Set { value, until: at(until), reason: None };
        OverrideEvent { field, action, by: SingleLineText::parse("desk").unwrap(), at: at(minutes) }
    }

    #[test]
    fn of_each_field_the_newest_action_counts_until_its_end() {
        let ended = |field| OverrideEvent { action: AuditAction::Ended, ..set(field, "", 3, 0) };
        let done = [
            set(Field::ArrivalGate, "1", 0, 60),
            set(Field::DepartureGate, "2", 1, 60),
            // Shorter than the one before, which does not come back after it.
            set(Field::ArrivalGate, "3", 2, 30),
            set(Field::Remark, "4", 2, 60),
            ended(Field::Remark),
        ];
        let gates = |minutes| {
            let in_force = overrides_in_force(&done, at(minutes));
            in_force.into_iter().map(|o| (o.field, o.value)).collect::<Vec<_>>()
        };
        let text = |gate: &str| Some(Value::Text(gate.into()));
        let both = vec![(Field::DepartureGate, text("2")), (Field::ArrivalGate, text("3"))];
        assert_eq!(gates(29), both);
        assert_eq!(gates(30), both[..1]);
        assert_eq!(gates(60), []);
    }

    #[test]
    fn kinds_read_back_from_their_words() {
        for (kind, word) in FeedKind::WORDS {
            assert_eq!((kind.as_str(), FeedKind::parse(word)), (word, Some(kind)));
        }
    }
}
