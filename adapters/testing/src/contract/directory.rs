//! What a [`Directory`] must do.

use super::Opening;
use crate::flights::{Sample, dawn};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::codes::{AirlineCode, Iata};
use domain::feed_health::FeedHealth;
use domain::feed_key::{FEED_KEYS_MAX, KeyDigest, KeyPrefix, KeyRefused};
use domain::field::{Field, Step, Value};
use domain::leg::LegId;
use domain::ports::{
    AirlineNameOverride, AirportOverride, AuditAction, Directory, FeedKind, KeyError, NewOverride,
    OverrideEvent, PAST_OVERRIDES_MAX, RegisteredFeed, overrides_in_force,
};
use domain::single_line_text::SingleLineText;
use futures_util::future::{join_all, try_join_all};
use std::sync::Arc;

/// Runs every case. `make` opens the requested directory.
pub async fn suite<D: Directory>(mut make: impl AsyncFnMut(Opening) -> D) {
    an_empty_directory_is_empty(&make(Opening::Fresh).await).await;
    the_epoch_is_created_once_by_the_first_request(&mut make).await;
    feeds_are_noted_over_what_was_noted_before(&mut make).await;
    the_health_of_registered_feeds_is_stored(&mut make).await;
    a_key_is_in_force_from_its_addition_to_its_revocation(&mut make).await;
    keys_that_are_against_the_rules_are_refused_in_a_sentence(&make(Opening::Fresh).await).await;
    no_race_puts_more_keys_in_force_than_may_be(&make(Opening::Fresh).await).await;
    an_airline_is_called_what_it_was_last_called_until_that_is_withdrawn(&mut make).await;
    an_airport_is_changed_in_parts_and_back(&mut make).await;
    override_events_of_a_leg_are_ordered_and_the_newest_counts(&mut make).await;
    every_sort_of_value_can_be_set(&make(Opening::Fresh).await).await;
    of_many_override_events_the_newest_of_each_field_is_returned(&make(Opening::Fresh).await).await;
}

async fn an_empty_directory_is_empty(directory: &impl Directory) {
    assert_eq!(directory.feeds().await.expect("feeds"), []);
    assert_eq!(directory.feed_keys().await.expect("keys"), []);
    assert_eq!(directory.airline_changes().await.expect("airlines"), []);
    assert_eq!(directory.airport_changes().await.expect("airports"), []);
    assert_eq!(directory.overrides(leg()).await.expect("overrides"), []);
    directory.note_feeds(Vec::new()).await.expect("no feeds are noted at once");
}

async fn the_epoch_is_created_once_by_the_first_request<D: Directory>(
    make: &mut impl AsyncFnMut(Opening) -> D,
) {
    let directory = make(Opening::Fresh).await;
    let told = try_join_all((1..=20).map(|n| directory.epoch([n; 16]))).await.expect("epochs");
    assert!(told.iter().all(|epoch| *epoch == told[0]), "{told:?}");
    let made = (1..=20_u8).map(|n| format!("{n:02x}").repeat(16)).any(|epoch| epoch == told[0]);
    assert!(made, "{} is none of the given ones", told[0]);
    drop(directory);
    assert_eq!(make(Opening::Again).await.epoch([99; 16]).await.expect("an epoch"), told[0]);
}

async fn feeds_are_noted_over_what_was_noted_before<D: Directory>(make: &mut impl AsyncFnMut(Opening) -> D) {
    let directory = make(Opening::Fresh).await;
    let (ewr, jfk, lga) = (feed("ewr"), feed("jfk"), feed("lga"));
    directory.note_feeds(vec![lga.clone(), jfk.clone()]).await.expect("two feeds");
    assert_eq!(directory.feeds().await.expect("feeds"), [jfk.clone(), lga.clone()]);
    let bare = RegisteredFeed {
        airport: None,
        kind: FeedKind::Pull,
        format: "json".into(),
        rank: 99,
        creates: false,
        zone: Tz::UTC,
        ..jfk.clone()
    };
    directory.note_feeds(vec![jfk, ewr.clone(), bare.clone()]).await.expect("the last of a name counts");
    drop(directory);
    let directory = make(Opening::Again).await;
    assert_eq!(directory.feeds().await.expect("feeds"), [ewr, bare, lga], "one that is named no more stays");
    // Nodes that start together note the same feeds in any order.
    let many: Vec<_> = (0..40).map(|n| feed(&format!("feed-{n:02}"))).collect();
    let reversed: Vec<_> = many.iter().rev().cloned().collect();
    let noted =
        (0..8).map(|n| directory.note_feeds(if n % 2 == 0 { many.clone() } else { reversed.clone() }));
    try_join_all(noted).await.expect("concurrent calls do not disturb each other");
    assert_eq!(directory.feeds().await.expect("feeds").len(), 43);
}

async fn the_health_of_registered_feeds_is_stored<D: Directory>(make: &mut impl AsyncFnMut(Opening) -> D) {
    let directory = make(Opening::Fresh).await;
    assert_eq!(directory.feed_health().await.expect("health"), []);
    directory.put_feed_health(Vec::new()).await.expect("nothing is recorded at once");
    directory.note_feeds(vec![feed("jfk"), feed("lga")]).await.expect("feeds");
    let heard = |minutes| {
        let at = dawn() + TimeDelta::minutes(minutes) + TimeDelta::microseconds(7);
        FeedHealth { heard_at: Some(at), is_failing: false, at }
    };
    let failing = FeedHealth { heard_at: None, is_failing: true, at: dawn() };
    let of = |name: &str, health| (Arc::from(name), health);
    let first = vec![of("lga", failing), of("jfk", heard(0)), of("xxx", heard(0))];
    directory.put_feed_health(first).await.expect("health");
    let kept = [of("jfk", heard(0)), of("lga", failing)];
    assert_eq!(directory.feed_health().await.expect("health"), kept, "of feeds that were noted, by name");
    directory.put_feed_health(vec![of("lga", heard(5))]).await.expect("it reports again");
    directory.note_feeds(vec![feed("jfk"), feed("lga")]).await.expect("another start");
    drop(directory);
    let kept = [of("jfk", heard(0)), of("lga", heard(5))];
    let directory = make(Opening::Again).await;
    assert_eq!(
        directory.feed_health().await.expect("health"),
        kept,
        "registering a feed again loses nothing"
    );
}

async fn a_key_is_in_force_from_its_addition_to_its_revocation<D: Directory>(
    make: &mut impl AsyncFnMut(Opening) -> D,
) {
    let directory = make(Opening::Fresh).await;
    directory.note_feeds(vec![feed("jfk"), feed("ewr")]).await.expect("feeds");
    let (first, second, other) = (digest(1), digest(2), digest(1));
    add(&directory, "jfk", first, "first").await.expect("added");
    add(&directory, "jfk", second, "second").await.expect("added");
    add(&directory, "ewr", other, "another feed's may be the same").await.expect("added");
    add(&directory, "jfk", first, "again").await.expect("a key in force stays as it is");
    let keys = directory.feed_keys().await.expect("keys");
    let told: Vec<_> = keys.iter().map(|k| (&*k.feed, k.digest, k.note.as_str(), k.added_at)).collect();
    let at = minute(1);
    let jfk = [("jfk", first, "first", at), ("jfk", second, "second", at)];
    assert_eq!(told, [("ewr", other, "another feed's may be the same", at), jfk[0], jfk[1]]);
    let revoked = directory.revoke_feed_key("jfk".into(), prefix(first), minute(2)).await.expect("revoked");
    assert_eq!(revoked, first);
    drop(directory);
    let directory = make(Opening::Again).await;
    let keys = directory.feed_keys().await.expect("keys");
    assert_eq!(
        keys.iter().map(|k| (&*k.feed, k.digest)).collect::<Vec<_>>(),
        [("ewr", other), ("jfk", second)]
    );
    let refused = add(&directory, "jfk", first, "back").await.expect_err("it was revoked");
    assert!(matches!(refused, KeyError::Refused(KeyRefused::Revoked { .. })), "{refused}");
    let again = directory.revoke_feed_key("jfk".into(), prefix(first), minute(3)).await;
    assert!(matches!(again, Err(KeyError::Refused(KeyRefused::UnknownKey { .. }))), "{again:?}");
}

async fn keys_that_are_against_the_rules_are_refused_in_a_sentence(directory: &impl Directory) {
    directory.note_feeds(vec![feed("jfk")]).await.expect("a feed");
    for name in ["lga", "", "jf\0k"] {
        let refused = add(directory, name, digest(1), "x").await.expect_err("no such feed");
        assert!(matches!(refused, KeyError::Refused(KeyRefused::UnknownFeed { .. })), "{refused}");
        let refused = directory.revoke_feed_key(name.into(), prefix(digest(1)), minute(1)).await;
        assert!(matches!(refused, Err(KeyError::Refused(KeyRefused::UnknownFeed { .. }))), "{refused:?}");
    }
    for n in 0..FEED_KEYS_MAX {
        add(directory, "jfk", digest(n as u8), "x").await.expect("as many as may be");
    }
    let refused = add(directory, "jfk", digest(99), "x").await.expect_err("one more");
    assert_eq!(refused.to_string(), "feed jfk has 8 keys in force, which is the most; revoke one first");
    // They begin alike.
    let short = KeyPrefix::parse("abababab").expect("a prefix");
    let refused = directory.revoke_feed_key("jfk".into(), short, minute(2)).await.expect_err("which?");
    assert!(matches!(refused, KeyError::Refused(KeyRefused::Ambiguous { count: 8, .. })), "{refused}");
    directory.revoke_feed_key("jfk".into(), prefix(digest(3)), minute(2)).await.expect("that one");
    add(directory, "jfk", digest(99), "x").await.expect("there is room again");
}

async fn no_race_puts_more_keys_in_force_than_may_be(directory: &impl Directory) {
    directory.note_feeds(vec![feed("jfk")]).await.expect("a feed");
    let added = join_all((0..20).map(|n| add(directory, "jfk", digest(n), "x"))).await;
    assert_eq!(added.iter().filter(|added| added.is_ok()).count(), FEED_KEYS_MAX);
    for refused in added.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, KeyError::Refused(KeyRefused::TooMany { .. })), "{refused}");
    }
    assert_eq!(directory.feed_keys().await.expect("keys").len(), FEED_KEYS_MAX);
}

async fn an_airline_is_called_what_it_was_last_called_until_that_is_withdrawn<D: Directory>(
    make: &mut impl AsyncFnMut(Opening) -> D,
) {
    let directory = make(Opening::Fresh).await;
    let change = |code, name, minutes| AirlineNameOverride {
        code: AirlineCode::parse(code).expect("a code"),
        name: line(name),
        by: line("desk"),
        at: minute(minutes),
    };
    let (b6, jbu) = (change("B6", "JetBlue Airways", 2), change("JBU", "JetBlue “Ω”", 3));
    directory.put_airline(jbu.clone()).await.expect("put");
    directory.put_airline(change("B6", "Jet Blue", 9)).await.expect("put");
    directory.put_airline(b6.clone()).await.expect("the last put counts, whatever its time");
    drop(directory);
    let directory = make(Opening::Again).await;
    assert_eq!(directory.airline_changes().await.expect("changes"), [b6.clone(), jbu.clone()]);
    let withdraw = |code| directory.withdraw_airline(code, line("desk"), minute(4));
    assert!(withdraw(b6.code).await.expect("withdrawn"));
    assert!(!withdraw(b6.code).await.expect("a second time is nothing"));
    assert!(!withdraw(AirlineCode::parse("UA").expect("a code")).await.expect("never changed"));
    assert_eq!(directory.airline_changes().await.expect("changes"), std::slice::from_ref(&jbu));
    directory.put_airline(b6.clone()).await.expect("put again");
    assert_eq!(directory.airline_changes().await.expect("changes"), [b6, jbu]);
}

async fn an_airport_is_changed_in_parts_and_back<D: Directory>(make: &mut impl AsyncFnMut(Opening) -> D) {
    let directory = make(Opening::Fresh).await;
    let change = |iata, minutes| AirportOverride {
        iata: Iata::parse(iata).expect("a code"),
        name: None,
        city: None,
        zone: None,
        by: line("desk"),
        at: minute(minutes),
    };
    let jfk = AirportOverride { city: Some(line("New York–Kennedy")), ..change("JFK", 1) };
    let bos =
        AirportOverride { name: Some(line("Logan")), zone: Some(Tz::America__New_York), ..change("BOS", 2) };
    directory.put_airport(jfk).await.expect("put");
    directory.put_airport(bos.clone()).await.expect("put");
    let named = AirportOverride { name: Some(line("Kennedy")), ..change("JFK", 3) };
    directory.put_airport(named.clone()).await.expect("put over the first, whose city is gone");
    drop(directory);
    let directory = make(Opening::Again).await;
    assert_eq!(directory.airport_changes().await.expect("changes"), [bos.clone(), named.clone()]);
    let withdraw = |iata| directory.withdraw_airport(iata, line("desk"), minute(4));
    assert!(withdraw(bos.iata).await.expect("withdrawn"));
    assert!(!withdraw(bos.iata).await.expect("a second time is nothing"));
    assert_eq!(directory.airport_changes().await.expect("changes"), std::slice::from_ref(&named));
    // An override that changes nothing is still recorded, because an operator set it.
    directory.put_airport(change("BOS", 5)).await.expect("put");
    assert_eq!(directory.airport_changes().await.expect("changes"), [change("BOS", 5), named]);
}

async fn override_events_of_a_leg_are_ordered_and_the_newest_counts<D: Directory>(
    make: &mut impl AsyncFnMut(Opening) -> D,
) {
    let directory = make(Opening::Fresh).await;
    let gate = |text: &str| Some(Value::Text(text.into()));
    let first = note(Field::DepartureGate, gate("14"), 1);
    let second = NewOverride { reason: None, ..note(Field::DepartureGate, None, 2) };
    let remark = note(Field::Remark, gate("Go to gate “14”\u{0}"), 3);
    for set in [&first, &second, &remark] {
        directory.put_override(set.clone()).await.expect("put");
    }
    let elsewhere = NewOverride { leg: Sample::leg(9).flight.leg, ..first.clone() };
    directory.put_override(elsewhere.clone()).await.expect("put");
    drop(directory);
    let directory = make(Opening::Again).await;
    let told = directory.overrides(leg()).await.expect("overrides");
    assert_eq!(told, [past(&first), past(&second), past(&remark)]);
    assert_eq!(directory.overrides(elsewhere.leg.clone()).await.expect("overrides"), [past(&elsewhere)]);
    let end = |field, minutes| directory.end_override(leg(), field, line("chief"), minute(minutes));
    assert!(!end(Field::ArrivalGate, 4).await.expect("it was never taken over"));
    assert!(!end(Field::DepartureGate, 100_000).await.expect("its time was up"));
    assert!(end(Field::DepartureGate, 5).await.expect("ended"));
    assert!(!end(Field::DepartureGate, 6).await.expect("a second time is nothing"));
    let told = directory.overrides(leg()).await.expect("overrides");
    let ended = OverrideEvent {
        field: Field::DepartureGate,
        action: AuditAction::Ended,
        by: line("chief"),
        at: minute(5),
    };
    assert_eq!(told, [past(&first), past(&second), past(&remark), ended]);
    let in_force = overrides_in_force(&told, minute(6));
    assert_eq!(in_force.iter().map(|order| order.field).collect::<Vec<_>>(), [Field::Remark]);
}

async fn every_sort_of_value_can_be_set(directory: &impl Directory) {
    let mut sample = Sample::leg(5);
    let entry = sample.everything();
    let mut notes = vec![note(Field::DepartureStep, Some(Value::Step(Step::FinalCall)), 1)];
    for (field, held) in &entry.flight.claims {
        notes.push(note(*field, held.value.clone(), 1));
    }
    for set in &notes {
        directory.put_override(set.clone()).await.expect("put");
    }
    let told = directory.overrides(leg()).await.expect("overrides");
    assert_eq!(told, notes.iter().map(past).collect::<Vec<_>>());
}

async fn of_many_override_events_the_newest_of_each_field_is_returned(directory: &impl Directory) {
    let oldest = note(Field::Remark, None, 0);
    directory.put_override(oldest.clone()).await.expect("put");
    let many: Vec<_> = (0..PAST_OVERRIDES_MAX + 5)
        .map(|n| note(Field::DepartureGate, Some(Value::Text(n.to_string().into())), 1))
        .collect();
    try_join_all(many.iter().map(|set| directory.put_override(set.clone()))).await.expect("put");
    let told = directory.overrides(leg()).await.expect("overrides");
    assert_eq!(told.len(), PAST_OVERRIDES_MAX as usize + 1);
    assert_eq!(told[0], past(&oldest));
    assert!(told[1..].iter().all(|action| action.field == Field::DepartureGate));
}

fn minute(n: i64) -> DateTime<Utc> {
    // To the microsecond, which is what a directory keeps.
    dawn() + TimeDelta::minutes(n) + TimeDelta::microseconds(1)
}

fn line(text: &str) -> SingleLineText {
    SingleLineText::parse(text).expect("a line")
}

fn leg() -> LegId {
    Sample::leg(5).flight.leg
}

fn feed(name: &str) -> RegisteredFeed {
    RegisteredFeed {
        name: name.into(),
        airport: Iata::parse("JFK").ok(),
        kind: FeedKind::Push,
        format: "aidx".into(),
        rank: 50,
        creates: true,
        zone: Tz::America__New_York,
    }
}

/// Different digests that begin alike.
fn digest(n: u8) -> KeyDigest {
    let mut bytes = [0xab; 32];
    bytes[20] = n;
    KeyDigest(bytes)
}

fn prefix(digest: KeyDigest) -> KeyPrefix {
    let hex: String = digest.0.iter().take(21).map(|byte| format!("{byte:02x}")).collect();
    KeyPrefix::parse(&hex).expect("a prefix")
}

async fn add(directory: &impl Directory, feed: &str, digest: KeyDigest, note: &str) -> Result<(), KeyError> {
    directory.add_feed_key(Arc::from(feed), digest, line(note), minute(1)).await
}

fn note(field: Field, value: Option<Value>, minutes: i64) -> NewOverride {
    NewOverride {
        leg: leg(),
        field,
        value,
        set_by: line("desk"),
        // What is below a microsecond is cut off.
        set_at: minute(minutes) + TimeDelta::nanoseconds(999),
        until: minute(minutes) + TimeDelta::hours(2),
        reason: Some(line("the sign is broken")),
    }
}

fn past(note: &NewOverride) -> OverrideEvent {
    let NewOverride { value, until, reason, .. } = note.clone();
    OverrideEvent {
        field: note.field,
        action: AuditAction::Set { value, until, reason },
        by: note.set_by.clone(),
        at: note.set_at - TimeDelta::nanoseconds(999),
    }
}
