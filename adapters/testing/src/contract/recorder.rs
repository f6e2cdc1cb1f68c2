//! What a [`Recorder`] must do, seen through the [`Archive`] it fills.

use super::Opening;
use crate::flights::{Sample, dawn};
use chrono::{DateTime, TimeDelta, Utc};
use domain::leg::LegId;
use domain::ports::{Archive, ArchiveRecord, PastChange, Quarantined, RawMessage, Recorder};
use futures_util::future::try_join_all;
use wire::record::past_change;

/// Runs every case. `make` opens the requested archive.
pub async fn suite<R: Recorder + Archive>(mut make: impl AsyncFnMut(Opening) -> R) {
    what_is_given_twice_is_kept_once(&mut make).await;
    a_partly_known_batch_is_stored_completely(&make(Opening::Fresh).await).await;
    the_key_alone_decides_what_is_known(&make(Opening::Fresh).await).await;
    the_order_of_recording_is_not_the_order_of_telling(&make(Opening::Fresh).await).await;
    faults_of_one_instant_are_returned_last_first(&make(Opening::Fresh).await).await;
    instants_are_kept_to_the_nanosecond(&make(Opening::Fresh).await).await;
    what_has_expired_may_be_recorded_anew(&make(Opening::Fresh).await).await;
    a_large_batch_is_stored_completely(&mut make).await;
    several_nodes_record_the_same_at_the_same_time(&make(Opening::Fresh).await).await;
}

async fn what_is_given_twice_is_kept_once<R: Recorder + Archive>(make: &mut impl AsyncFnMut(Opening) -> R) {
    let archive = make(Opening::Fresh).await;
    let leg = leg(1);
    let batch = vec![message("0/1", 1), fault("0/1/0", 1), change(&leg, 1), change(&leg, 2)];
    archive.record(Vec::new()).await.expect("nothing is recorded at once");
    archive.record(batch.clone()).await.expect("the first time");
    archive.record(batch.clone()).await.expect("the second time");
    drop(archive);
    let archive = make(Opening::Again).await;
    archive.record(batch.clone()).await.expect("after a restart");
    // And within one batch.
    archive.record([batch.clone(), batch].concat()).await.expect("twice at once");
    assert_eq!(revisions(&archive, &leg).await, [1, 2]);
    assert_eq!(archive.quarantine(10).await.expect("faults"), [fault_at(1)]);
    assert_eq!(everything(&archive).await, 4, "a message, a fault, two changes");
}

async fn a_partly_known_batch_is_stored_completely(archive: &(impl Recorder + Archive)) {
    let (one, two) = (leg(1), leg(2));
    archive.record(vec![change(&one, 2), fault("k1", 1), message("k1", 1)]).await.expect("a part");
    let mut batch: Vec<ArchiveRecord> =
        (1..=4).flat_map(|rev| [change(&one, rev), change(&two, rev)]).collect();
    batch.extend((0..3).flat_map(|n| [fault(&format!("k{n}"), n), message(&format!("k{n}"), n)]));
    archive.record(batch).await.expect("the whole");
    assert_eq!(revisions(archive, &one).await, [1, 2, 3, 4]);
    assert_eq!(revisions(archive, &two).await, [1, 2, 3, 4]);
    assert_eq!(archive.quarantine(10).await.expect("faults"), [fault_at(2), fault_at(1), fault_at(0)]);
    assert_eq!(everything(archive).await, 3 + 3 + 8);
}

async fn the_key_alone_decides_what_is_known(archive: &(impl Recorder + Archive)) {
    let leg = leg(1);
    archive.record(vec![fault("a", 1), change(&leg, 1)]).await.expect("recorded");
    let ArchiveRecord::Change { change: mut other, .. } = change(&leg, 1) else {
        unreachable!("it is a change")
    };
    other.source = "another".into();
    archive
        .record(vec![fault("a", 2), ArchiveRecord::Change { leg: leg.clone(), change: other }])
        .await
        .expect("the same keys");
    assert_eq!(archive.quarantine(10).await.expect("faults"), [fault_at(1)], "the first stays");
    assert_eq!(archive.history(leg, 0, 10).await.expect("a history")[0].source, "jfk", "the first stays");
    // A message and its fault stand at the same place and are two things; so are two equal faults.
    archive.record(vec![message("a", 1), fault("b", 1)]).await.expect("other keys");
    // A message without a key is never a duplicate.
    archive.keep(Some(raw(1)), vec![fault_at(1)]).await.expect("kept");
    assert_eq!(archive.quarantine(10).await.expect("faults"), [fault_at(1), fault_at(1), fault_at(1)]);
    assert_eq!(everything(archive).await, 2 + 3 + 1);
}

async fn the_order_of_recording_is_not_the_order_of_telling(archive: &(impl Recorder + Archive)) {
    let leg = leg(1);
    // Several partitions are read side by side, and one may be far behind.
    for revs in [[9, 11, 10], [2, 1, 3], [300, 255, 256]] {
        archive.record(revs.map(|rev| change(&leg, rev)).to_vec()).await.expect("recorded");
    }
    assert_eq!(revisions(archive, &leg).await, [1, 2, 3, 9, 10, 11, 255, 256, 300]);
    let page = archive.history(leg, 3, 4).await.expect("a page");
    assert_eq!(page.iter().map(|change| change.rev).collect::<Vec<_>>(), [9, 10, 11, 255]);
    for n in [5, 2, 9, 7] {
        archive.record(vec![fault(&format!("k{n}"), n)]).await.expect("recorded");
    }
    assert_eq!(archive.quarantine(3).await.expect("faults"), [fault_at(9), fault_at(7), fault_at(5)]);
}

async fn faults_of_one_instant_are_returned_last_first(archive: &(impl Recorder + Archive)) {
    // Twelve, because as text the tenth sorts before the second.
    let of = |index: u32| Quarantined { index: Some(index), ..fault_at(1) };
    let faults = (0..12).map(|n| ArchiveRecord::Fault { key: format!("7/{n}").into(), fault: of(n) });
    archive.record(faults.collect()).await.expect("recorded");
    let expected: Vec<_> = (0..12).rev().map(of).collect();
    assert_eq!(archive.quarantine(20).await.expect("faults"), expected);
    assert_eq!(archive.quarantine(5).await.expect("faults"), expected[..5]);
}

async fn instants_are_kept_to_the_nanosecond(archive: &(impl Recorder + Archive)) {
    let leg = leg(1);
    let at = |n: i64| dawn() + TimeDelta::nanoseconds(n);
    let changes: Vec<PastChange> =
        [(1, 1), (2, 999_999), (3, 1_000_000), (4, 1_000_001)].map(|(rev, n)| past(rev, at(n))).to_vec();
    let recorded = changes.iter().map(|c| ArchiveRecord::Change { leg: leg.clone(), change: c.clone() });
    let faults = [3, 1, 2].map(|n| Quarantined { received_at: at(n), ..fault_at(0) });
    let faulty = faults
        .iter()
        .map(|f| ArchiveRecord::Fault { key: f.received_at.to_string().into(), fault: f.clone() });
    archive.record(recorded.chain(faulty).collect()).await.expect("recorded");
    assert_eq!(archive.history(leg.clone(), 0, 10).await.expect("a history"), changes);
    let [third, first, second] = faults;
    assert_eq!(archive.quarantine(10).await.expect("faults"), [third.clone(), second, first]);
    // What is dropped ends as exactly, and before 1970 as well as after.
    assert_eq!(archive.expire(at(3), at(1_000_000)).await.expect("expired"), 2 + 2);
    assert_eq!(archive.quarantine(10).await.expect("faults"), [third]);
    assert_eq!(archive.history(leg.clone(), 0, 10).await.expect("a history"), changes[2..]);
    let early = past(9, DateTime::UNIX_EPOCH - TimeDelta::nanoseconds(1));
    archive
        .record(vec![ArchiveRecord::Change { leg: leg.clone(), change: early.clone() }])
        .await
        .expect("recorded");
    assert_eq!(archive.history(leg, 8, 10).await.expect("a history"), [early]);
}

async fn what_has_expired_may_be_recorded_anew(archive: &(impl Recorder + Archive)) {
    let batch = vec![message("k", 1), fault("k", 1), change(&leg(1), 1)];
    archive.record(batch.clone()).await.expect("recorded");
    assert_eq!(everything(archive).await, 3);
    archive.record(batch).await.expect("recorded again");
    assert_eq!(everything(archive).await, 3, "a journal that is read again fills an archive again");
}

async fn a_large_batch_is_stored_completely<R: Recorder + Archive>(make: &mut impl AsyncFnMut(Opening) -> R) {
    const LEGS: u32 = 50;
    const REVS: u64 = 150;
    const MESSAGES: u32 = 24;
    let archive = make(Opening::Fresh).await;
    let mut batch: Vec<ArchiveRecord> =
        (1..=REVS).flat_map(|rev| (0..LEGS).map(move |n| change(&leg(n), rev))).collect();
    // More bytes than one message to any server may have, and they cannot be compressed.
    let mut state = 1_u32;
    let noise: std::sync::Arc<[u8]> = (0..2_500_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    batch.extend((0..MESSAGES).map(|n| ArchiveRecord::Message {
        key: format!("large/{n}").into(),
        message: RawMessage { body: noise.clone(), ..raw(n) },
    }));
    batch.extend((0..3_000).map(|n| fault(&format!("many/{n}"), n)));
    archive.record(batch.clone()).await.expect("recorded");
    drop(archive);
    let archive = make(Opening::Again).await;
    batch.push(change(&leg(0), REVS + 1));
    archive.record(batch).await.expect("recorded again with one more");
    for n in [1, LEGS / 2, LEGS - 1] {
        assert_eq!(revisions(&archive, &leg(n)).await, (1..=REVS).collect::<Vec<_>>());
    }
    assert_eq!(revisions(&archive, &leg(0)).await, (1..=REVS + 1).collect::<Vec<_>>());
    assert_eq!(archive.quarantine(10_000).await.expect("faults").len(), 3_000);
    assert_eq!(everything(&archive).await, u64::from(MESSAGES) + 3_000 + u64::from(LEGS) * REVS + 1);
}

async fn several_nodes_record_the_same_at_the_same_time(archive: &(impl Recorder + Archive)) {
    let leg = leg(1);
    let mut batch: Vec<ArchiveRecord> = (1..=300).map(|rev| change(&leg, rev)).collect();
    batch.extend((0..50).flat_map(|n| [fault(&format!("k{n}"), n), message(&format!("k{n}"), n)]));
    try_join_all((0..6).map(|_| archive.record(batch.clone())))
        .await
        .expect("concurrent calls do not disturb each other");
    assert_eq!(revisions(archive, &leg).await, (1..=300).collect::<Vec<_>>());
    assert_eq!(everything(archive).await, 300 + 50 + 50);
}

/// Drops all there is and answers how much that was.
async fn everything(archive: &impl Archive) -> u64 {
    let end = dawn() + TimeDelta::days(10_000);
    let gone = archive.expire(end, end).await.expect("expired");
    assert_eq!(archive.quarantine(1).await.expect("faults"), []);
    gone
}

async fn revisions(archive: &impl Archive, leg: &LegId) -> Vec<u64> {
    let history = archive.history(leg.clone(), 0, 1000).await.expect("a history");
    history.iter().map(|change| change.rev).collect()
}

fn leg(n: u32) -> LegId {
    Sample::leg(n).flight.leg
}

/// A change with the facts of a real one.
fn past(rev: u64, at: DateTime<Utc>) -> PastChange {
    let entry = Sample::leg(1).gate(&format!("{}", rev % 1000));
    PastChange { rev, at, ..past_change(&entry.changes[0]) }
}

fn change(leg: &LegId, rev: u64) -> ArchiveRecord {
    let at = dawn() + TimeDelta::seconds(i64::try_from(rev).unwrap_or_default());
    ArchiveRecord::Change { leg: leg.clone(), change: past(rev, at) }
}

fn message(key: &str, n: u32) -> ArchiveRecord {
    ArchiveRecord::Message { key: key.into(), message: raw(n) }
}

fn fault(key: &str, n: u32) -> ArchiveRecord {
    ArchiveRecord::Fault { key: key.into(), fault: fault_at(n) }
}

fn raw(n: u32) -> RawMessage {
    RawMessage {
        feed: "jfk".into(),
        received_at: dawn() + TimeDelta::minutes(i64::from(n)),
        content_type: "application/json".into(),
        body: b"{\"flights\":[]}"[..].into(),
    }
}

fn fault_at(n: u32) -> Quarantined {
    Quarantined {
        feed: "jfk".into(),
        received_at: dawn() + TimeDelta::minutes(i64::from(n)),
        index: Some(n),
        field: Some("departure.gate".into()),
        reason: "is longer than 8 characters".into(),
        excerpt: "{\"set\":{\"departure.gate\":\"A-very-long-gate\"}}".into(),
    }
}
