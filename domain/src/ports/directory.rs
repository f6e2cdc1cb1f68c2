//! Port to the directory: feed keys, names, overrides, and the registered feeds that they refer to.
//!
//! Every action of an operator is one row with author and time. The newest row counts, and rows are never
//! overwritten, so the audit is complete.
//!
//! Instants have microsecond precision; stores truncate the rest.

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

/// A feed key in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedKey {
    /// The feed that the bearer may push for.
    pub feed: Arc<str>,
    /// The digest. The key itself is not stored.
    pub digest: KeyDigest,
    /// What the key is for, such as "the operations centre's, until June".
    pub note: SingleLineText,
    /// When it was added.
    pub added_at: DateTime<Utc>,
}

/// Why a change of keys failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyError {
    /// The store is not available. Retry later.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change breaks a rule. A retry does not help.
    #[error(transparent)]
    Refused(#[from] KeyRefused),
}

/// How the hub gets a feed's messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FeedKind {
    /// The source pushes.
    Push,
    /// The hub polls.
    Pull,
}

impl FeedKind {
    /// Every value with its name in the configuration.
    pub const WORDS: [(Self, &'static str); 2] = [(Self::Push, "push"), (Self::Pull, "pull")];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }

    /// Parses the name in the configuration.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// A configured feed, stored so that keys and audit entries can refer to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisteredFeed {
    /// The name in the configuration, such as `jfk`.
    pub name: Arc<str>,
    /// The airport it speaks for, if the feed belongs to one airport.
    pub airport: Option<Iata>,
    /// How the hub gets its messages.
    pub kind: FeedKind,
    /// The name of its format, such as `aidx`.
    pub format: Arc<str>,
    /// 0 to 99.
    pub rank: u8,
    /// Whether it may create legs.
    pub creates: bool,
    /// The time zone of times without one.
    pub zone: Tz,
}

/// An operator's name for an airline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AirlineNameOverride {
    /// The airline.
    pub code: AirlineCode,
    /// Its name in this installation.
    pub name: SingleLineText,
    /// Who set it.
    pub by: SingleLineText,
    /// When it was set.
    pub at: DateTime<Utc>,
}

/// An operator's changes to an airport. `None` keeps the built-in value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AirportOverride {
    /// The airport.
    pub iata: Iata,
    /// The full name.
    pub name: Option<SingleLineText>,
    /// The name shown on boards.
    pub city: Option<SingleLineText>,
    /// The time zone.
    pub zone: Option<Tz>,
    /// Who set it.
    pub by: SingleLineText,
    /// When it was set.
    pub at: DateTime<Utc>,
}

/// An override to be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewOverride {
    /// The leg.
    pub leg: LegId,
    /// The field.
    pub field: Field,
    /// The value to show; `None` shows none.
    pub value: Option<Value>,
    /// Who set it.
    pub set_by: SingleLineText,
    /// When it was set.
    pub set_at: DateTime<Utc>,
    /// When it ends, unless it is ended earlier.
    pub until: DateTime<Utc>,
    /// The reason, for the audit.
    pub reason: Option<SingleLineText>,
}

/// One action on an override of a leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OverrideEvent {
    /// The field.
    pub field: Field,
    /// The action.
    pub action: AuditAction,
    /// Who did it.
    pub by: SingleLineText,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was done to a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditAction {
    /// An override was set.
    Set {
        /// The value to show; `None` shows none.
        value: Option<Value>,
        /// When it ends.
        until: DateTime<Utc>,
        /// The reason.
        reason: Option<SingleLineText>,
    },
    /// The override was ended early.
    Ended,
}

/// Most override events returned for one leg: the newest, and always the newest of each field.
pub const PAST_OVERRIDES_MAX: u32 = 1_000;

/// The overrides in force at `now`, given the events in order: the newest event of each field counts until
/// its end.
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

/// What people decided. Every `Ok` means durable.
pub trait Directory: Send + Sync {
    /// The epoch of the installation's data in hexadecimal. If none exists, the call stores `fresh`,
    /// sixteen random bytes. Concurrent callers get the same value.
    fn epoch(&self, fresh: [u8; 16]) -> BoxFuture<'_, Result<String, StoreError>>;

    /// Stores the configured feeds and replaces earlier entries of the same names. If a name occurs twice,
    /// the last entry counts. Feeds that are no longer configured stay, because keys refer to them.
    fn note_feeds(&self, feeds: Vec<RegisteredFeed>) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Every feed that was ever registered, by name.
    fn feeds(&self) -> BoxFuture<'_, Result<Vec<RegisteredFeed>, StoreError>>;

    /// Stores the health of feeds and replaces earlier entries. Other nodes read it, and this node after a
    /// restart. Unregistered feeds are ignored.
    fn put_feed_health(&self, health: HealthByFeed) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The health of feeds, by name. Feeds without an entry are left out.
    fn feed_health(&self) -> BoxFuture<'_, Result<HealthByFeed, StoreError>>;

    /// The keys in force, by feed and then in the order in which they were added.
    fn feed_keys(&self) -> BoxFuture<'_, Result<Vec<FeedKey>, StoreError>>;

    /// Adds a key. A key that is in force keeps its first note. [`crate::feed_key::KeyRing`] has the rules.
    fn add_feed_key(
        &self,
        feed: Arc<str>,
        digest: KeyDigest,
        note: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<(), KeyError>>;

    /// Revokes the one key in force of this feed with this digest prefix, and returns its digest.
    fn revoke_feed_key(
        &self,
        feed: Arc<str>,
        prefix: KeyPrefix,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<KeyDigest, KeyError>>;

    /// Airline names that differ from the built-in table, by code.
    fn airline_changes(&self) -> BoxFuture<'_, Result<Vec<AirlineNameOverride>, StoreError>>;

    /// Sets an airline's name and replaces an earlier one.
    fn put_airline(&self, change: AirlineNameOverride) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Restores an airline's built-in name. Returns whether it had another.
    fn withdraw_airline(
        &self,
        code: AirlineCode,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Airports that differ from the built-in table, by code.
    fn airport_changes(&self) -> BoxFuture<'_, Result<Vec<AirportOverride>, StoreError>>;

    /// Changes an airport and replaces an earlier change. `None` restores the built-in value.
    fn put_airport(&self, change: AirportOverride) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Restores an airport to the built-in table. Returns whether it differed.
    fn withdraw_airport(
        &self,
        iata: Iata,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Stores that an override was set.
    fn put_override(&self, note: NewOverride) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Stores that an override was ended early. Returns whether the field had an override at `at`; if not,
    /// nothing is stored.
    fn end_override(
        &self,
        leg: LegId,
        field: Field,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// The override events of a leg in order, at most [`PAST_OVERRIDES_MAX`] and the newest of each field.
    /// Fields unknown to this version are left out. [`overrides_in_force`] computes which ones count.
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
            // Ends earlier than the override before it, which does not come back.
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
    fn kinds_parse_from_their_names() {
        for (kind, word) in FeedKind::WORDS {
            assert_eq!((kind.as_str(), FeedKind::parse(word)), (word, Some(kind)));
        }
    }
}
