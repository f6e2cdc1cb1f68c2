//! One log for all nodes of a test, in memory.

use chrono::{DateTime, Utc};
use domain::flight::Flight;
use domain::leg::LegId;
use domain::ports::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use wire::record::past_change;

/// Is called with each entry that counts, in the order of the log. `None` is the end of the leg.
type Observer = Box<dyn Fn(&LegId, Option<&LogEntry>) + Send + Sync>;

type Reply = oneshot::Sender<Result<(), StoreError>>;

/// An event for a node, and the append of that node that is answered once the event is applied.
type Inbound = (Option<LogEvent>, Option<(Reply, Result<(), StoreError>)>);

/// One log for all nodes. An entry counts if it was made from the newest version of its leg.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) newest: Mutex<BTreeMap<LegId, (Version, Option<Flight>)>>,
    pub(crate) written: Mutex<u64>,
    inboxes: Mutex<Vec<mpsc::UnboundedSender<Inbound>>>,
    pub(crate) away: AtomicBool,
    /// Appends that were refused meanwhile.
    pub(crate) refused: AtomicU64,
    pub(crate) overwritten: Mutex<Vec<LegId>>,
    /// A leg that cannot be written although the log is reachable.
    pub(crate) stuck: Mutex<Option<LegId>>,
    /// Observes the entries that count.
    pub(crate) observer: OnceLock<Observer>,
    /// A broken log: an entry counts although it was made from an older version.
    pub(crate) takes_conflicts: AtomicBool,
}

/// The handle of one node.
pub(crate) struct NodeLog {
    shared: Arc<Shared>,
    number: usize,
    inbound: tokio::sync::Mutex<mpsc::UnboundedReceiver<Inbound>>,
    given: Mutex<Vec<(Reply, Result<(), StoreError>)>>,
    /// While set, this node receives nothing.
    pub(crate) paused: Arc<AtomicBool>,
    pub(crate) resumed: Arc<Notify>,
    pub(crate) owns: Arc<AtomicBool>,
}

impl NodeLog {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let (to, inbound) = mpsc::unbounded_channel();
        let mut inboxes = shared.inboxes.lock().unwrap();
        inboxes.push(to);
        Self {
            shared: shared.clone(),
            number: inboxes.len() - 1,
            inbound: tokio::sync::Mutex::new(inbound),
            given: Mutex::default(),
            paused: Arc::default(),
            resumed: Arc::default(),
            owns: Arc::new(AtomicBool::new(true)),
        }
    }

    fn write(
        &self,
        leg: &LegId,
        after: Version,
        entry: Option<&LogEntry>,
    ) -> oneshot::Receiver<Result<(), StoreError>> {
        let (reply, answer) = oneshot::channel();
        let mut newest = self.shared.newest.lock().unwrap();
        let mut written = self.shared.written.lock().unwrap();
        *written += 1;
        let version = Version(*written);
        let known = newest.get(leg).map_or(Version::NONE, |(version, _)| *version);
        let rev = entry.map_or(0, |entry| entry.flight.rev);
        let (event, result) = if after == known || self.shared.takes_conflicts.load(Ordering::SeqCst) {
            newest.insert(leg.clone(), (version, entry.map(|entry| (*entry.flight).clone())));
            if let Some(observe) = self.shared.observer.get() {
                observe(leg, entry);
            }
            let event = match entry {
                Some(entry) => {
                    let changes = entry.changes.iter().map(past_change).collect();
                    let flight = entry.flight.clone();
                    LogEvent::Changed(StateChanged { flight, version, changes, gap: false })
                }
                None => LogEvent::Retired { leg: leg.clone(), version },
            };
            (Some(event), Ok(()))
        } else {
            (None, Err(StoreError::Conflict { leg: leg.clone(), rev }))
        };
        let mut reply = Some((reply, result));
        for (number, inbox) in self.shared.inboxes.lock().unwrap().iter().enumerate() {
            let of_this = if number == self.number { reply.take() } else { None };
            let _ = inbox.send((event.clone(), of_this));
        }
        answer
    }
}

fn away() -> StoreError {
    StoreError::Unavailable { store: "shared log", reason: "test outage".into() }
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
                self.write(&entry.flight.leg, entry.after, Some(&entry)).await.unwrap()?;
            }
            Ok(())
        })
    }
    fn restore(&self) -> BoxFuture<'_, Result<Vec<Flight>, StoreError>> {
        unreachable!("a hub on a shared log restores from a snapshot")
    }
    fn ended(&self, _: DateTime<Utc>) -> BoxFuture<'_, Result<Vec<Ended>, StoreError>> {
        unreachable!("a hub on a shared log restores from a snapshot")
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
        // The snapshot already includes what was written since the handle was made.
        let mut inbound = self.inbound.try_lock().unwrap();
        while inbound.try_recv().is_ok() {}
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
            let mut inbound = self.inbound.lock().await;
            loop {
                for (reply, result) in self.given.lock().unwrap().drain(..) {
                    let _ = reply.send(result);
                }
                let (what, reply) = inbound.recv().await.unwrap();
                while self.paused.load(Ordering::SeqCst) {
                    self.resumed.notified().await;
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
