//! The handle of a board: its actor, and the row changes that the actor has not applied.

use super::{ApplyPending, BoardActor, BoardRows, GetRows, GetSnapshot, Snapshot, SnapshotRequest};
use crate::flight_snapshot::FlightSnapshot;
use crate::mailbox::{ActorStopped, send_bounded};
use crate::supervisor::PanicReporter;
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::leg::LegId;
use domain::topic::Topic;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// After this many pending changes the handle wakes the board to apply them.
pub const WAKE_EVERY_CHANGES: usize = 32;

/// Maximum number of pending changes. At this number a flight adds its change and then waits until the
/// board has applied all of them. The sender of its report waits too.
pub const PENDING_CHANGES_MAX: usize = 1024;

/// A change of a row.
pub(super) enum RowChange {
    /// The row is new or has changed.
    Put {
        /// Its new content.
        live: Arc<FlightSnapshot>,
        /// The instant, by the operational clock.
        now: DateTime<Utc>,
    },
    /// The row leaves the board.
    Remove {
        /// The leg.
        leg: LegId,
        /// The instant, by the operational clock.
        now: DateTime<Utc>,
    },
}

impl RowChange {
    fn leg(&self) -> &LegId {
        match self {
            Self::Put { live, .. } => &live.leg,
            Self::Remove { leg, .. } => leg,
        }
    }
}

/// The handle of a board. Only snapshot requests read a board, and most changes come while there is no
/// request. The changes therefore wait beside the actor, and its thread is woken for many at once.
#[derive(Clone)]
pub(crate) struct BoardHandle {
    address: Addr<BoardActor>,
    pending: Arc<Mutex<Vec<RowChange>>>,
}

impl BoardHandle {
    pub(crate) fn start_on(
        thread: &ArbiterHandle,
        topic: Topic,
        now: DateTime<Utc>,
        panics: PanicReporter,
    ) -> Self {
        let pending = Arc::<Mutex<Vec<RowChange>>>::default();
        let address = BoardActor::start_on(thread, topic, now, panics, pending.clone());
        Self { address, pending }
    }

    /// A row is new or has changed. Later requests see it.
    pub(crate) async fn put(
        &self,
        live: Arc<FlightSnapshot>,
        now: DateTime<Utc>,
    ) -> Result<(), ActorStopped> {
        self.note(RowChange::Put { live, now }).await
    }

    /// A row leaves the board.
    pub(crate) async fn remove(&self, leg: LegId, now: DateTime<Utc>) -> Result<(), ActorStopped> {
        self.note(RowChange::Remove { leg, now }).await
    }

    async fn note(&self, change: RowChange) -> Result<(), ActorStopped> {
        let added = add(&mut lock(&self.pending), change);
        match added {
            Some(waiting) if waiting >= PENDING_CHANGES_MAX => {
                self.address.send(ApplyPending).await.map_err(|_| ActorStopped)
            }
            Some(waiting) if waiting.is_multiple_of(WAKE_EVERY_CHANGES) => {
                send_bounded(&self.address, ApplyPending).await
            }
            _ => Ok(()),
        }
    }

    /// The snapshot for a new follower.
    pub(crate) async fn snapshot(&self, query: GetSnapshot) -> Result<Snapshot, ActorStopped> {
        let (answer, answered) = oneshot::channel();
        send_bounded(&self.address, SnapshotRequest { query, answer }).await?;
        answered.await.map_err(|_| ActorStopped)
    }

    /// The rows in order.
    pub(crate) async fn rows(&self) -> Result<BoardRows, ActorStopped> {
        self.address.send(GetRows).await.map_err(|_| ActorStopped)
    }
}

/// Adds a change and returns the number of pending changes, or `None` if it replaced an earlier change of
/// the same row. A removal is never replaced: a client that saw the row must learn that it left.
fn add(pending: &mut Vec<RowChange>, change: RowChange) -> Option<usize> {
    let earlier =
        pending.iter_mut().rev().take(WAKE_EVERY_CHANGES).find(|earlier| earlier.leg() == change.leg());
    match (earlier, change) {
        (Some(earlier @ RowChange::Put { .. }), change @ RowChange::Put { .. }) => {
            *earlier = change;
            None
        }
        (_, change) => {
            pending.push(change);
            Some(pending.len())
        }
    }
}

/// Locks the changes, ignoring poisoning: a panic of a board ends the process.
pub(super) fn lock(pending: &Mutex<Vec<RowChange>>) -> MutexGuard<'_, Vec<RowChange>> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use domain::codes::{AirlineCode, FlightNumber, Iata};
    use domain::flight::Flight;
    use domain::leg::LegKey;
    use futures_util::FutureExt;

    fn leg(number: &str) -> LegKey {
        LegKey {
            carrier: AirlineCode::parse("B6").unwrap(),
            number: FlightNumber::parse(number).unwrap(),
            suffix: None,
            origin_date: NaiveDate::from_ymd_opt(2013, 2, 8).unwrap(),
            from: Iata::parse("JFK").unwrap(),
            to: Iata::parse("FLL").unwrap(),
            repeat: 0,
        }
    }

    fn live(number: &str, rev: u64) -> FlightSnapshot {
        let flight = Flight { rev, ..Flight::new(leg(number)) };
        FlightSnapshot::of(&flight, Arc::new(flight.view()))
    }

    fn put(number: &str, rev: u64) -> RowChange {
        RowChange::Put { live: Arc::new(live(number, rev)), now: DateTime::UNIX_EPOCH }
    }

    fn remove(number: &str) -> RowChange {
        RowChange::Remove { leg: leg(number).id(), now: DateTime::UNIX_EPOCH }
    }

    fn revisions(pending: &[RowChange]) -> Vec<(String, Option<u64>)> {
        let rev = |change: &RowChange| match change {
            RowChange::Put { live, .. } => Some(live.rev),
            RowChange::Remove { .. } => None,
        };
        pending.iter().map(|change| (change.leg().to_string(), rev(change))).collect()
    }

    #[test]
    fn a_later_change_of_a_row_replaces_the_pending_one() {
        let mut pending = Vec::new();
        assert_eq!(add(&mut pending, put("615", 1)), Some(1));
        assert_eq!(add(&mut pending, put("616", 1)), Some(2));
        assert_eq!(add(&mut pending, put("615", 2)), None);
        let name = |number| leg(number).id().to_string();
        assert_eq!(revisions(&pending), [(name("615"), Some(2)), (name("616"), Some(1))]);
    }

    #[test]
    fn a_removal_stays_pending_when_the_row_comes_back() {
        let mut pending = Vec::new();
        for change in [put("615", 1), remove("615"), put("615", 2), put("615", 3)] {
            add(&mut pending, change);
        }
        let revs: Vec<_> = revisions(&pending).into_iter().map(|(_, rev)| rev).collect();
        assert_eq!(revs, [Some(1), None, Some(3)]);
    }

    #[test]
    fn throttled_requests_share_one_snapshot_and_closed_ones_are_skipped() {
        System::new().block_on(async {
            let panics = PanicReporter::counting_only(crate::metrics::Metrics::default());
            let topic = Topic::parse("board/JFK/departures").unwrap();
            let handle = BoardHandle::start_on(&Arbiter::current(), topic, DateTime::UNIX_EPOCH, panics);
            let ask = || handle.snapshot(GetSnapshot { since: None, limit_bytes: usize::MAX });
            let frame = |snapshot: Result<Snapshot, ActorStopped>| match snapshot {
                Ok(Snapshot::Ready(frame)) => frame,
                _ => panic!("no snapshot"),
            };
            handle.put(Arc::new(live("615", 1)), DateTime::UNIX_EPOCH).await.unwrap();
            // As if requests for many of the largest boards had used up some seconds of the limit.
            crate::board::rate_limit::spend(0, 1 << 30);
            let (mut left, mut one, mut other) = (Box::pin(ask()), Box::pin(ask()), Box::pin(ask()));
            for query in [&mut left, &mut one, &mut other] {
                assert!(query.as_mut().now_or_never().is_none());
            }
            drop(left);
            tokio::task::yield_now().await;
            assert!(one.as_mut().now_or_never().is_none(), "it is throttled");
            handle.put(Arc::new(live("616", 1)), DateTime::UNIX_EPOCH).await.unwrap();
            let (one, other) = (frame(one.await), frame(other.await));
            // The answer includes changes that arrived during the wait, and was built once.
            assert_eq!(one.payload().as_ptr(), other.payload().as_ptr());
            assert!(str::from_utf8(one.payload()).unwrap().contains("B6-616-"));
            // A cached snapshot needs no work, so its requesters never wait for others. The same holds
            // for a client that was away for longer than the board knows.
            crate::board::rate_limit::spend(0, 1 << 30);
            let part = GetSnapshot { since: Some(DateTime::<Utc>::MAX_UTC), limit_bytes: usize::MAX };
            let mut waits = Box::pin(handle.snapshot(part));
            assert!(waits.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
            let long_ago = GetSnapshot { since: Some(DateTime::UNIX_EPOCH), limit_bytes: usize::MAX };
            for at_hand in [ask().await, handle.snapshot(long_ago).await] {
                assert_eq!(frame(at_hand).payload().as_ptr(), one.payload().as_ptr());
            }
            assert!(waits.as_mut().now_or_never().is_none(), "it is still throttled");
        });
    }

    #[test]
    fn a_change_beyond_the_limit_waits_until_the_board_has_applied_all() {
        System::new().block_on(async {
            let elsewhere = Arbiter::new();
            let panics = PanicReporter::counting_only(crate::metrics::Metrics::default());
            let topic = Topic::parse("board/JFK/departures").unwrap();
            let handle = BoardHandle::start_on(&elsewhere.handle(), topic, DateTime::UNIX_EPOCH, panics);
            let (go, wait) = std::sync::mpsc::channel::<()>();
            // Blocks the thread of the board until the channel releases it.
            elsewhere.spawn_fn(move || wait.recv().unwrap());
            for number in 1..PENDING_CHANGES_MAX {
                handle.note(put(&number.to_string(), 1)).await.unwrap();
            }
            let mut full = std::pin::pin!(handle.note(put("5000", 1)));
            assert!(full.as_mut().now_or_never().is_none());
            go.send(()).unwrap();
            full.await.unwrap();
            assert!(lock(&handle.pending).is_empty());
            assert_eq!(handle.rows().await.unwrap().rows.len(), PENDING_CHANGES_MAX);
        });
    }
}
