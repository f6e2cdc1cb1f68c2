//! One log for all nodes of a test, written and told in memory.

use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use wire::record::past_change;

type Reply = oneshot::Sender<Result<(), StoreError>>;

/// What a node is told, and who of it is to hear when that is shown.
type Heard = (Option<LogEvent>, Option<(Reply, Result<(), StoreError>)>);

/// One log for all nodes. An entry counts if it was made from its leg's newest version.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) newest: Mutex<BTreeMap<LegId, (Version, Option<Flight>)>>,
    pub(crate) written: Mutex<u64>,
    ears: Mutex<Vec<mpsc::UnboundedSender<Heard>>>,
    pub(crate) away: AtomicBool,
    /// Appends that came while it was.
    pub(crate) refused: AtomicU64,
    pub(crate) overwritten: Mutex<Vec<LegId>>,
    /// A leg that cannot be written, though the log is there.
    pub(crate) stuck: Mutex<Option<LegId>>,
}

/// One node's end of it.
pub(crate) struct NodeLog {
    shared: Arc<Shared>,
    number: usize,
    told: tokio::sync::Mutex<mpsc::UnboundedReceiver<Heard>>,
    given: Mutex<Vec<(Reply, Result<(), StoreError>)>>,
    /// While it is set, nothing is told to this node.
    pub(crate) deaf: Arc<AtomicBool>,
    pub(crate) hears_again: Arc<Notify>,
    pub(crate) owns: Arc<AtomicBool>,
}

impl NodeLog {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let (to, told) = mpsc::unbounded_channel();
        let mut ears = shared.ears.lock().unwrap();
        ears.push(to);
        Self {
            shared: shared.clone(),
            number: ears.len() - 1,
            told: tokio::sync::Mutex::new(told),
            given: Mutex::default(),
            deaf: Arc::default(),
            hears_again: Arc::default(),
            owns: Arc::new(AtomicBool::new(true)),
        }
    }

    fn write(
        &self,
        leg: &LegId,
        after: Version,
        state: Option<(Arc<Flight>, Vec<PastChange>)>,
    ) -> oneshot::Receiver<Result<(), StoreError>> {
        let (reply, answer) = oneshot::channel();
        let mut newest = self.shared.newest.lock().unwrap();
        let mut written = self.shared.written.lock().unwrap();
        *written += 1;
        let version = Version(*written);
        let known = newest.get(leg).map_or(Version::NONE, |(version, _)| *version);
        let rev = state.as_ref().map_or(0, |(flight, _)| flight.rev);
        let (told, verdict) = if after == known {
            newest.insert(leg.clone(), (version, state.as_ref().map(|(flight, _)| (**flight).clone())));
            let told = match state {
                Some((flight, changes)) => {
                    LogEvent::Changed(StateChanged { flight, version, changes, gap: false })
                }
                None => LogEvent::Retired { leg: leg.clone(), version },
            };
            (Some(told), Ok(()))
        } else {
            (None, Err(StoreError::Conflict { leg: leg.clone(), rev }))
        };
        let mut reply = Some((reply, verdict));
        for (number, ear) in self.shared.ears.lock().unwrap().iter().enumerate() {
            let of_this = if number == self.number { reply.take() } else { None };
            let _ = ear.send((told.clone(), of_this));
        }
        answer
    }
}

fn away() -> StoreError {
    StoreError::Unavailable { store: "shared log", reason: "told to be away".into() }
}

impl ChangeLog for NodeLog {
    fn append(&self, entries: Vec<LogEntry>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            if self.shared.away.load(Ordering::SeqCst) {
                self.shared.refused.fetch_add(1, Ordering::SeqCst);
                return Err(away());
            }
            for entry in entries {
                if self.shared.stuck.lock().unwrap().as_ref() == Some(&entry.flight.leg) {
                    return Err(away());
                }
                let changes = entry.changes.iter().map(past_change).collect();
                let state = Some((entry.flight.clone(), changes));
                self.write(&entry.flight.leg, entry.after, state).await.unwrap()?;
            }
            Ok(())
        })
    }
    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        unreachable!("a hub on a shared log begins")
    }
    fn ended(&self, _: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        unreachable!("a hub on a shared log begins")
    }
    fn retire(&self, leg: LegId, after: Version, _: DateTime<Utc>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move { self.write(&leg, after, None).await.unwrap() })
    }
    fn owns(&self, _: &LegId) -> bool {
        self.owns.load(Ordering::SeqCst)
    }
}

impl SharedLog for NodeLog {
    fn begin(&self) -> BoxFuture<'_, Result<LogSnapshot, StoreError>> {
        let mut beginning = LogSnapshot::default();
        for (leg, (version, flight)) in self.shared.newest.lock().unwrap().iter() {
            match flight {
                Some(flight) => beginning.flights.push((flight.clone(), *version)),
                None => beginning.ended.push(leg.clone()),
            }
        }
        Box::pin(async { Ok(beginning) })
    }
    fn next(&self) -> BoxFuture<'_, Vec<LogEvent>> {
        Box::pin(async move {
            let mut told = self.told.lock().await;
            loop {
                for (reply, verdict) in self.given.lock().unwrap().drain(..) {
                    let _ = reply.send(verdict);
                }
                let (what, reply) = told.recv().await.unwrap();
                while self.deaf.load(Ordering::SeqCst) {
                    self.hears_again.notified().await;
                }
                self.given.lock().unwrap().extend(reply);
                if let Some(what) = what {
                    return vec![what];
                }
            }
        })
    }
    fn needs_rewrite(&self) -> Vec<LegId> {
        if self.owns.load(Ordering::SeqCst) {
            self.shared.overwritten.lock().unwrap().drain(..).collect()
        } else {
            Vec::new()
        }
    }
    fn away_for(&self) -> Option<Duration> {
        self.shared.away.load(Ordering::SeqCst).then_some(Duration::from_secs(4))
    }
}
