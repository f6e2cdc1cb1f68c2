//! The contract of an [`Archive`], together with the [`ChangeLog`] whose history it returns.

use super::Opening;
use crate::flights::{Sample, dawn};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{Archive, ChangeLog, PastChange, Quarantined, RawMessage, Version};
use futures_util::future::try_join_all;
use wire::record::past_change;

/// Runs every case. `make` opens the requested archive.
pub async fn suite<A: Archive + ChangeLog>(mut make: impl AsyncFnMut(Opening) -> A) {
    history_starts_at_the_beginning_and_comes_in_pages(&mut make).await;
    history_outlives_its_leg(&mut make).await;
    the_newest_change_shows_whether_a_leg_was_hidden_at_its_end(&mut make).await;
    an_unknown_leg_has_no_history(&make(Opening::Fresh).await).await;
    faults_are_returned_newest_first(&mut make).await;
    messages_of_every_size_are_kept(&make(Opening::Fresh).await).await;
    what_is_old_expires_and_the_rest_stays(&mut make).await;
    many_feeds_keep_at_the_same_time(&make(Opening::Fresh).await).await;
}

async fn history_starts_at_the_beginning_and_comes_in_pages<A: Archive + ChangeLog>(
    make: &mut impl AsyncFnMut(Opening) -> A,
) {
    let archive = make(Opening::Fresh).await;
    let (mut sample, mut other) = (Sample::leg(1), Sample::leg(2));
    let mut told = Vec::new();
    for gate in 1..=12 {
        // Another leg's changes lie between, and the last one of an entry is not the only one.
        let gate = gate.to_string();
        let entries = vec![sample.gates(&[&gate, "x", &gate]), other.gate(&gate), sample.confirmation()];
        told.extend(entries[0].changes.iter().map(past_change));
        archive.append(entries).await.expect("appended");
    }
    assert_eq!(told.len(), 36);
    assert_eq!(all(&archive, &sample).await, told);
    drop(archive);
    let archive = make(Opening::Again).await;
    let mut paged: Vec<PastChange> = Vec::new();
    loop {
        let after = paged.last().map_or(0, |change| change.rev);
        let page = archive.history(sample.flight.leg.clone(), after, 5).await.expect("a page");
        assert!(page.len() <= 5);
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, told);
    assert_eq!(archive.history(sample.flight.leg.clone(), 36, 5).await.expect("the end"), []);
    assert_eq!(archive.history(sample.flight.leg.clone(), u64::MAX, 5).await.expect("beyond the end"), []);
    assert_eq!(archive.history(sample.flight.leg.clone(), 0, 0).await.expect("nothing wanted"), []);
}

async fn history_outlives_its_leg<A: Archive + ChangeLog>(make: &mut impl AsyncFnMut(Opening) -> A) {
    let archive = make(Opening::Fresh).await;
    let mut sample = Sample::leg(3);
    let entry = sample.gates(&["1", "2"]);
    let told: Vec<_> = entry.changes.iter().map(past_change).collect();
    archive.append(vec![entry]).await.expect("appended");
    archive.retire(sample.flight.leg.clone(), Version::NONE, dawn()).await.expect("retired");
    assert_eq!(all(&archive, &sample).await, told);
    drop(archive);
    assert_eq!(all(&make(Opening::Again).await, &sample).await, told);
}

async fn an_unknown_leg_has_no_history(archive: &impl Archive) {
    assert_eq!(all(archive, &Sample::leg(4)).await, []);
    assert_eq!(newest(archive, &Sample::leg(4)).await, None);
}

async fn the_newest_change_shows_whether_a_leg_was_hidden_at_its_end<A: Archive + ChangeLog>(
    make: &mut impl AsyncFnMut(Opening) -> A,
) {
    let archive = make(Opening::Fresh).await;
    let (mut withdrawn, mut shown) = (Sample::leg(1), Sample::leg(2));
    let entries = vec![withdrawn.gate("1"), withdrawn.hidden(true), withdrawn.gate("2")];
    archive.append(entries).await.expect("appended");
    archive.append(vec![shown.hidden(true), shown.hidden(false)]).await.expect("appended");
    let at_end = async |archive: &A, sample: &Sample| {
        newest(archive, sample).await.map(|change| (change.rev, change.is_hidden()))
    };
    assert_eq!(at_end(&archive, &withdrawn).await, Some((3, true)), "while it lives");
    for sample in [&withdrawn, &shown] {
        archive.retire(sample.flight.leg.clone(), Version::NONE, dawn()).await.expect("retired");
    }
    drop(archive);
    let archive = make(Opening::Again).await;
    assert_eq!(at_end(&archive, &withdrawn).await, Some((3, true)));
    assert_eq!(at_end(&archive, &shown).await, Some((2, false)));
}

async fn faults_are_returned_newest_first<A: Archive>(make: &mut impl AsyncFnMut(Opening) -> A) {
    let archive = make(Opening::Fresh).await;
    archive.keep(None, Vec::new()).await.expect("nothing is kept at once");
    archive
        .keep(Some(message(dawn(), b"<x>")), vec![fault(0), fault(1)])
        .await
        .expect("a message and its faults");
    archive.keep(None, vec![fault(2)]).await.expect("a fault without its message");
    drop(archive);
    let archive = make(Opening::Again).await;
    assert_eq!(archive.quarantine(10).await.expect("all"), [fault(2), fault(1), fault(0)]);
    assert_eq!(archive.quarantine(2).await.expect("the newest"), [fault(2), fault(1)]);
}

async fn messages_of_every_size_are_kept(archive: &impl Archive) {
    for length in [0, 1, 512, 513, 100_000, 7_000_000] {
        let body: Vec<u8> = (0..length).map(|n: u32| (n.wrapping_mul(n) / 7) as u8).collect();
        archive.keep(Some(message(dawn(), &body)), Vec::new()).await.expect("kept");
    }
    let gone = archive.expire(dawn() + TimeDelta::seconds(1), dawn()).await.expect("expired");
    assert_eq!(gone, 6, "each was there");
}

async fn what_is_old_expires_and_the_rest_stays<A: Archive + ChangeLog>(
    make: &mut impl AsyncFnMut(Opening) -> A,
) {
    let archive = make(Opening::Fresh).await;
    let mut sample = Sample::leg(5);
    let entry = sample.gates(&["1", "2", "3", "4"]);
    let told: Vec<_> = entry.changes.iter().map(past_change).collect();
    archive.append(vec![entry]).await.expect("appended");
    for n in 0..4 {
        archive.keep(Some(message(fault(n).received_at, b"{}")), vec![fault(n)]).await.expect("kept");
    }
    let gone = archive.expire(fault(3).received_at, told[2].at).await.expect("expired");
    assert_eq!(gone, 3 + 3 + 2, "messages, faults, changes");
    assert_eq!(archive.expire(fault(3).received_at, told[2].at).await.expect("a second time"), 0);
    assert_eq!(archive.quarantine(10).await.expect("faults"), [fault(3)]);
    assert_eq!(all(&archive, &sample).await, told[2..]);
    drop(archive);
    let archive = make(Opening::Again).await;
    assert_eq!(all(&archive, &sample).await, told[2..]);
    assert_eq!(
        archive.restore().await.expect("restored"),
        [sample.flight.clone()],
        "a state does not expire"
    );
    // Without its history the leg continues, and a retired leg is removed completely.
    let end = sample.flight.changed_at + TimeDelta::days(1);
    assert_eq!(archive.expire(dawn(), end).await.expect("the rest"), 2);
    let entry = sample.gate("5");
    archive.append(vec![entry.clone()]).await.expect("it continues");
    assert_eq!(all(&archive, &sample).await, [past_change(&entry.changes[0])]);
    archive.retire(sample.flight.leg.clone(), Version::NONE, dawn()).await.expect("retired");
    assert_eq!(archive.expire(dawn(), end).await.expect("the last"), 1);
    assert_eq!(all(&archive, &sample).await, []);
}

async fn many_feeds_keep_at_the_same_time(archive: &impl Archive) {
    let kept = (0..200).map(|n| archive.keep(Some(message(dawn(), b"{}")), vec![fault(n)]));
    try_join_all(kept).await.expect("concurrent calls do not disturb each other");
    assert_eq!(archive.quarantine(1000).await.expect("all").len(), 200);
}

async fn all(archive: &impl Archive, sample: &Sample) -> Vec<PastChange> {
    archive.history(sample.flight.leg.clone(), 0, 1000).await.expect("a history")
}

async fn newest(archive: &impl Archive, sample: &Sample) -> Option<PastChange> {
    archive.newest(sample.flight.leg.clone()).await.expect("an answer")
}

fn message(received_at: DateTime<Utc>, body: &[u8]) -> RawMessage {
    RawMessage { feed: "jfk".into(), received_at, content_type: "application/json".into(), body: body.into() }
}

fn fault(n: u32) -> Quarantined {
    Quarantined {
        feed: "jfk".into(),
        received_at: dawn() + TimeDelta::minutes(i64::from(n)),
        index: (n > 0).then_some(n),
        field: (n > 1).then(|| "departure.gate".into()),
        reason: "is longer than 8 characters".into(),
        excerpt: "{\"set\":{\"departure.gate\":\"A-very-long-gate\"}}".into(),
    }
}
