//! The directory in its shortest form.

use super::Memory;
use chrono::{DateTime, Utc};
use domain::codes::{AirlineCode, Iata};
use domain::feed_health::{FeedHealth, HealthByFeed};
use domain::feed_key::{KeyDigest, KeyPrefix, KeyRefused, KeyRing};
use domain::field::Field;
use domain::leg::LegId;
use domain::ports::{
    AirlineNameOverride, AirportOverride, AuditAction, BoxFuture, Directory, FeedKey, KeyError, NewOverride,
    OverrideEvent, PAST_OVERRIDES_MAX, RegisteredFeed, StoreError, overrides_in_force,
};
use domain::single_line_text::SingleLineText;
use std::collections::BTreeMap;
use std::sync::Arc;
use wire::directory_rows::cut;

/// What people have decided.
#[derive(Default)]
pub(super) struct Decided {
    epoch: Option<String>,
    feeds: BTreeMap<Arc<str>, RegisteredFeed>,
    health: BTreeMap<Arc<str>, FeedHealth>,
    /// By feed, those of a feed in their order.
    keys: BTreeMap<Arc<str>, Vec<FeedKey>>,
    revoked: Vec<(Arc<str>, KeyDigest)>,
    airlines: BTreeMap<AirlineCode, AirlineNameOverride>,
    airports: BTreeMap<Iata, AirportOverride>,
    overrides: BTreeMap<LegId, Vec<OverrideEvent>>,
}

impl Decided {
    fn ring(&self, feed: Arc<str>) -> Result<KeyRing, KeyRefused> {
        if !self.feeds.contains_key(&feed) {
            return Err(KeyRefused::UnknownFeed { feed });
        }
        let in_force = self.keys.get(&feed).into_iter().flatten().map(|key| key.digest).collect();
        let revoked = self.revoked.iter().filter(|(of, _)| *of == feed).map(|(_, digest)| *digest).collect();
        Ok(KeyRing { feed, in_force, revoked })
    }

    fn add(&mut self, key: FeedKey) -> Result<(), KeyRefused> {
        if self.ring(key.feed.clone())?.adds(key.digest)? {
            self.keys.entry(key.feed.clone()).or_default().push(key);
        }
        Ok(())
    }

    fn revoke(&mut self, feed: Arc<str>, prefix: &KeyPrefix) -> Result<KeyDigest, KeyRefused> {
        let digest = self.ring(feed.clone())?.named(prefix)?;
        self.keys.entry(feed.clone()).or_default().retain(|key| key.digest != digest);
        self.revoked.push((feed, digest));
        Ok(digest)
    }

    fn end(&mut self, leg: LegId, action: OverrideEvent) -> bool {
        let done = self.overrides.entry(leg).or_default();
        let is_in_force = overrides_in_force(done, action.at).iter().any(|order| order.field == action.field);
        if is_in_force {
            done.push(action);
        }
        is_in_force
    }

    fn told(&self, leg: &LegId) -> Vec<OverrideEvent> {
        let done = self.overrides.get(leg).map(Vec::as_slice).unwrap_or_default();
        let old = done.len().saturating_sub(PAST_OVERRIDES_MAX as usize);
        let is_told = |(index, action): &(usize, &OverrideEvent)| {
            *index >= old || !done[index + 1..].iter().any(|later| later.field == action.field)
        };
        done.iter().enumerate().filter(is_told).map(|(_, action)| action.clone()).collect()
    }
}

impl Directory for Memory {
    fn epoch(&self, fresh: [u8; 16]) -> BoxFuture<'_, Result<String, StoreError>> {
        let made = || fresh.iter().map(|byte| format!("{byte:02x}")).collect();
        self.with(|held| Ok(held.decided.epoch.get_or_insert_with(made).clone()))
    }

    fn note_feeds(&self, feeds: Vec<RegisteredFeed>) -> BoxFuture<'_, Result<(), StoreError>> {
        self.with(|held| {
            held.decided.feeds.extend(feeds.into_iter().map(|feed| (feed.name.clone(), feed)));
            Ok(())
        })
    }

    fn feeds(&self) -> BoxFuture<'_, Result<Vec<RegisteredFeed>, StoreError>> {
        self.with(|held| Ok(held.decided.feeds.values().cloned().collect()))
    }

    fn put_feed_health(&self, health: HealthByFeed) -> BoxFuture<'_, Result<(), StoreError>> {
        self.with(|held| {
            let known = health.into_iter().filter(|(feed, _)| held.decided.feeds.contains_key(feed));
            let cut = |health: FeedHealth| FeedHealth {
                heard_at: health.heard_at.map(cut),
                at: cut(health.at),
                ..health
            };
            let known: Vec<_> = known.map(|(feed, health)| (feed, cut(health))).collect();
            held.decided.health.extend(known);
            Ok(())
        })
    }

    fn feed_health(&self) -> BoxFuture<'_, Result<HealthByFeed, StoreError>> {
        self.with(|held| {
            Ok(held.decided.health.iter().map(|(feed, health)| (feed.clone(), *health)).collect())
        })
    }

    fn feed_keys(&self) -> BoxFuture<'_, Result<Vec<FeedKey>, StoreError>> {
        self.with(|held| Ok(held.decided.keys.values().flatten().cloned().collect()))
    }

    fn add_feed_key(
        &self,
        feed: Arc<str>,
        digest: KeyDigest,
        note: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<(), KeyError>> {
        let key = FeedKey { feed, digest, note, added_at: cut(at) };
        let added = self.with(|held| Ok(held.decided.add(key)));
        Box::pin(async move { Ok(added.await??) })
    }

    fn revoke_feed_key(
        &self,
        feed: Arc<str>,
        prefix: KeyPrefix,
        _: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<KeyDigest, KeyError>> {
        let revoked = self.with(|held| Ok(held.decided.revoke(feed, &prefix)));
        Box::pin(async move { Ok(revoked.await??) })
    }

    fn airline_changes(&self) -> BoxFuture<'_, Result<Vec<AirlineNameOverride>, StoreError>> {
        self.with(|held| Ok(held.decided.airlines.values().cloned().collect()))
    }

    fn put_airline(&self, change: AirlineNameOverride) -> BoxFuture<'_, Result<(), StoreError>> {
        let change = AirlineNameOverride { at: cut(change.at), ..change };
        self.with(|held| {
            held.decided.airlines.insert(change.code, change);
            Ok(())
        })
    }

    fn withdraw_airline(
        &self,
        code: AirlineCode,
        _: SingleLineText,
        _: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.with(|held| Ok(held.decided.airlines.remove(&code).is_some()))
    }

    fn airport_changes(&self) -> BoxFuture<'_, Result<Vec<AirportOverride>, StoreError>> {
        self.with(|held| Ok(held.decided.airports.values().cloned().collect()))
    }

    fn put_airport(&self, change: AirportOverride) -> BoxFuture<'_, Result<(), StoreError>> {
        let change = AirportOverride { at: cut(change.at), ..change };
        self.with(|held| {
            held.decided.airports.insert(change.iata, change);
            Ok(())
        })
    }

    fn withdraw_airport(
        &self,
        iata: Iata,
        _: SingleLineText,
        _: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.with(|held| Ok(held.decided.airports.remove(&iata).is_some()))
    }

    fn put_override(&self, note: NewOverride) -> BoxFuture<'_, Result<(), StoreError>> {
        let NewOverride { leg, field, value, set_by, set_at, until, reason } = note;
        let action = AuditAction::Set { value, until: cut(until), reason };
        let past = OverrideEvent { field, action, by: set_by, at: cut(set_at) };
        self.with(|held| {
            held.decided.overrides.entry(leg).or_default().push(past);
            Ok(())
        })
    }

    fn end_override(
        &self,
        leg: LegId,
        field: Field,
        by: SingleLineText,
        at: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        let action = OverrideEvent { field, action: AuditAction::Ended, by, at: cut(at) };
        self.with(|held| Ok(held.decided.end(leg, action)))
    }

    fn overrides(&self, leg: LegId) -> BoxFuture<'_, Result<Vec<OverrideEvent>, StoreError>> {
        self.with(|held| Ok(held.decided.told(&leg)))
    }
}
