//! What a [`ChangeLog`] must do.

use super::Opening;
use crate::flights::{Sample, dawn};
use chrono::TimeDelta;
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::{Archive, ChangeLog, ENDS_KNOWN_FOR, Ended, LogEntry, StoreError, Version};
use futures_util::future::{join_all, try_join_all};

/// Runs every case. `make` opens the requested log.
pub async fn suite<L: ChangeLog>(mut make: impl AsyncFnMut(Opening) -> L) {
    an_empty_log_restores_nothing(&make(Opening::Fresh).await).await;
    what_was_answered_is_there_after_a_restart(&mut make).await;
    a_state_is_restored_exactly(&mut make).await;
    the_last_of_many_states_is_restored(&mut make).await;
    a_revision_that_does_not_follow_is_a_conflict(&mut make).await;
    a_conflict_leaves_the_whole_call_undone(&make(Opening::Fresh).await).await;
    a_retired_leg_is_not_restored_and_may_begin_again(&mut make).await;
    many_legs_grow_at_the_same_time(&mut make).await;
    calls_given_up_leave_no_gap(&mut make).await;
}

async fn an_empty_log_restores_nothing(log: &impl ChangeLog) {
    log.append(Vec::new()).await.expect("no entries are appended at once");
    log.retire(Sample::leg(1).flight.leg, Version::NONE, dawn())
        .await
        .expect("an unknown leg counts as retired");
    assert_eq!(restored(log).await, []);
}

async fn what_was_answered_is_there_after_a_restart<L: ChangeLog>(make: &mut impl AsyncFnMut(Opening) -> L) {
    let log = make(Opening::Fresh).await;
    let mut samples: Vec<_> = (0..20).map(Sample::leg).collect();
    log.append(samples.iter_mut().map(|s| s.gate("1")).collect()).await.expect("first revisions");
    for sample in &mut samples {
        log.append(vec![sample.gate("2")]).await.expect("second revisions");
    }
    assert_eq!(restored(&log).await, states(&samples));
    drop(log);
    assert_eq!(restored(&make(Opening::Again).await).await, states(&samples));
}

async fn a_state_is_restored_exactly<L: ChangeLog>(make: &mut impl AsyncFnMut(Opening) -> L) {
    let log = make(Opening::Fresh).await;
    let mut sample = Sample::leg(77);
    let entry = sample.everything();
    assert_eq!(entry.changes.len(), 2, "a report and an operator's order");
    log.append(vec![entry]).await.expect("everything");
    drop(log);
    assert_eq!(restored(&make(Opening::Again).await).await, [sample.flight]);
}

async fn the_last_of_many_states_is_restored<L: ChangeLog>(make: &mut impl AsyncFnMut(Opening) -> L) {
    let log = make(Opening::Fresh).await;
    let mut sample = Sample::leg(3);
    // Of one leg: in one call, several changes in one entry, and a state without a change.
    let entries =
        vec![sample.gate("1"), sample.gate("2"), sample.gates(&["3", "4", "5"]), sample.confirmation()];
    assert_eq!(sample.flight.rev, 5);
    log.append(entries).await.expect("entries of one leg, one after the other");
    assert_eq!(restored(&log).await, [sample.flight.clone()]);
    log.append(vec![sample.confirmation()]).await.expect("a confirmation alone");
    drop(log);
    assert_eq!(restored(&make(Opening::Again).await).await, [sample.flight], "the confirmation counts");
}

async fn a_revision_that_does_not_follow_is_a_conflict<L: ChangeLog>(
    make: &mut impl AsyncFnMut(Opening) -> L,
) {
    let log = make(Opening::Fresh).await;
    let mut sample = Sample::leg(4);
    let (first, second, third) = (sample.gate("1"), sample.gate("2"), sample.gate("3"));
    conflicts(&log, vec![second.clone()], 2).await;
    log.append(vec![first.clone()]).await.expect("the first revision");
    conflicts(&log, vec![first.clone()], 1).await;
    conflicts(&log, vec![third.clone()], 3).await;
    conflicts(&log, vec![LogEntry { changes: Vec::new(), ..second.clone() }], 2).await;
    drop(log);
    let log = make(Opening::Again).await;
    conflicts(&log, vec![first], 1).await;
    log.append(vec![second, third]).await.expect("what follows");
    assert_eq!(restored(&log).await, [sample.flight]);
}

async fn a_conflict_leaves_the_whole_call_undone(log: &impl ChangeLog) {
    let (mut one, mut other) = (Sample::leg(5), Sample::leg(6));
    let good = one.gate("1");
    let _lost = other.gate("1");
    conflicts(log, vec![good.clone(), other.gate("2")], 2).await;
    assert_eq!(restored(log).await, []);
    conflicts(log, vec![good.clone(), good.clone()], 1).await;
    log.append(vec![good]).await.expect("it was not applied before");
    assert_eq!(restored(log).await, [one.flight]);
}

async fn a_retired_leg_is_not_restored_and_may_begin_again<L: ChangeLog>(
    make: &mut impl AsyncFnMut(Opening) -> L,
) {
    let log = make(Opening::Fresh).await;
    let (mut gone, mut stays) = (Sample::leg(7), Sample::leg(8));
    log.append(vec![gone.gate("1"), stays.gate("1"), gone.gate("2")]).await.expect("two legs");
    log.retire(gone.flight.leg.clone(), Version::NONE, dawn()).await.expect("known");
    log.retire(gone.flight.leg.clone(), Version::NONE, dawn()).await.expect("a second time is nothing");
    assert_eq!(restored(&log).await, [stays.flight.clone()]);
    drop(log);
    let log = make(Opening::Again).await;
    assert_eq!(restored(&log).await, [stays.flight.clone()], "also after a restart");
    let mut again = Sample::leg(7);
    log.append(vec![again.gate("9")]).await.expect("it begins again at 1");
    drop(log);
    assert_eq!(restored(&make(Opening::Again).await).await, states(&[again, stays]));
}

/// What a log that one process has for itself knows of legs that are over. It forgets none before its
/// time, however little of their histories is kept, which is why it has to be an archive as well.
pub async fn ends_are_known<L: ChangeLog + Archive>(mut make: impl AsyncFnMut(Opening) -> L) {
    let log = make(Opening::Fresh).await;
    let (mut gone, mut stays, mut again) = (Sample::leg(9), Sample::leg(10), Sample::leg(11));
    log.append(vec![gone.gate("1"), stays.gate("1"), again.gate("1")]).await.expect("three legs");
    let ended_at = dawn() + TimeDelta::days(1);
    for sample in [&gone, &again] {
        log.retire(sample.flight.leg.clone(), Version::NONE, ended_at).await.expect("retired");
    }
    let nobody = Sample::leg(12).flight.leg;
    log.retire(nobody, Version::NONE, ended_at).await.expect("an unknown leg gets no end");
    log.append(vec![Sample::leg(11).gate("1")]).await.expect("it begins again");
    let expected = [Ended { leg: gone.flight.leg.clone(), at: ended_at }];
    assert_eq!(log.ended(ended_at).await.expect("ends"), expected);
    let later = ended_at + TimeDelta::nanoseconds(1);
    assert_eq!(log.ended(later).await.expect("ends"), [], "it was over before");
    drop(log);
    let log = make(Opening::Again).await;
    assert_eq!(log.ended(dawn()).await.expect("ends"), expected, "also after a restart");
    // All histories go the next day, and the end is still known.
    let expired = ended_at + ENDS_KNOWN_FOR;
    log.expire(expired, expired).await.expect("expired");
    assert_eq!(log.ended(ended_at).await.expect("ends"), expected);
    log.expire(expired + TimeDelta::days(1), expired + TimeDelta::days(1)).await.expect("expired");
    assert_eq!(log.ended(dawn()).await.expect("ends"), [], "its retirement need not be repeated any more");
}

async fn many_legs_grow_at_the_same_time<L: ChangeLog>(make: &mut impl AsyncFnMut(Opening) -> L) {
    let log = make(Opening::Fresh).await;
    let grow = async |n: u32| -> Result<Sample, StoreError> {
        let mut sample = Sample::leg(n);
        for rev in 1..=6 {
            log.append(vec![sample.gate(&rev.to_string())]).await?;
        }
        Ok(sample)
    };
    let samples = try_join_all((0..100).map(grow)).await.expect("concurrent calls do not disturb each other");
    assert_eq!(restored(&log).await, states(&samples));
    drop(log);
    assert_eq!(restored(&make(Opening::Again).await).await, states(&samples));
}

async fn calls_given_up_leave_no_gap<L: ChangeLog>(make: &mut impl AsyncFnMut(Opening) -> L) {
    let log = make(Opening::Fresh).await;
    let mut samples: Vec<_> = (0..30).map(Sample::leg).collect();
    join_all(samples.iter_mut().enumerate().map(|(n, sample)| {
        let appended = log.append(vec![sample.gate("1")]);
        async move {
            // A caller that goes away: its entry is stored as a whole or not at all.
            if n % 2 == 0 {
                let mut appended = appended;
                let once = std::future::poll_fn(|cx| std::task::Poll::Ready(appended.as_mut().poll(cx)));
                let _given_up = once.await;
            } else {
                appended.await.expect("waiting calls return");
            }
        }
    }))
    .await;
    drop(log);
    let found = restored(&make(Opening::Again).await).await;
    for (n, sample) in samples.iter().enumerate() {
        let is_there = found.contains(&sample.flight);
        assert!(is_there || n % 2 == 0, "{} was answered and is lost", sample.flight.leg);
    }
    assert!(found.iter().all(|flight| flight.rev == 1));
}

async fn conflicts(log: &impl ChangeLog, entries: Vec<LogEntry>, expected: u64) {
    let about: LegId = entries.last().expect("something to append").flight.leg.clone();
    match log.append(entries).await {
        Err(StoreError::Conflict { leg, rev }) => assert_eq!((leg, rev), (about, expected)),
        other => panic!("revision {expected} of {about} does not follow, and the answer was {other:?}"),
    }
}

/// What is restored, in the order of the legs.
async fn restored(log: &impl ChangeLog) -> Vec<Flight> {
    let mut flights = log.restore().await.expect("a restore");
    flights.sort_by(|a, b| a.leg.cmp(&b.leg));
    flights
}

fn states(samples: &[Sample]) -> Vec<Flight> {
    let mut flights: Vec<_> = samples.iter().map(|s| s.flight.clone()).collect();
    flights.sort_by(|a, b| a.leg.cmp(&b.leg));
    flights
}
