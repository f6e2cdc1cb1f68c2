//! The report queue of several nodes: partitions that change their owner, and redelivery.

use crate::checks::Checks;
use crate::faults::Broken;
use crate::random::Random;
use domain::leg::LegId;
use domain::ports::*;
use domain::report::Report;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;

const PARTITIONS: usize = 3;

/// Most reports that one call hands out. A hub admits a larger batch than its limit when nothing else is in
/// flight, which the check of the limit does not expect.
const BATCH_MAX: usize = 6;

/// A report in a partition.
#[derive(Clone)]
struct Item {
    offset: u64,
    report: Report,
    is_acknowledged: bool,
}

#[derive(Default)]
struct Partition {
    owner: Option<usize>,
    /// Rises when the partition gets another owner. Acknowledgements of an earlier owner do not count.
    generation: u64,
    waiting: VecDeque<Item>,
    /// In the order of delivery, from the first that is not acknowledged.
    delivered: VecDeque<Item>,
}

/// The durable queue. It survives every node.
pub(crate) struct Journal {
    partitions: Mutex<Vec<Partition>>,
    offsets: Mutex<u64>,
    arrived: Notify,
    /// How many of a hundred posts fail.
    failures_percent: Mutex<u64>,
    broken: Broken,
    checks: Checks,
    random: Random,
}

impl Journal {
    pub(crate) fn new(seed: u64, broken: Broken, checks: Checks) -> Self {
        Self {
            partitions: Mutex::new((0..PARTITIONS).map(|_| Partition::default()).collect()),
            offsets: Mutex::default(),
            arrived: Notify::new(),
            failures_percent: Mutex::default(),
            broken,
            checks,
            random: Random::of(seed, "journal"),
        }
    }

    fn partitions(&self) -> MutexGuard<'_, Vec<Partition>> {
        self.partitions.lock().unwrap()
    }

    pub(crate) fn set_failures(&self, percent: u64) {
        *self.failures_percent.lock().unwrap() = percent;
    }

    fn partition_of(leg: &LegId) -> usize {
        leg.as_str().bytes().fold(7_usize, |sum, byte| sum * 31 % 1_009 + usize::from(byte)) % PARTITIONS
    }

    /// The node that owns the partition of a leg.
    pub(crate) fn owner(&self, leg: &LegId) -> Option<usize> {
        self.partitions()[Self::partition_of(leg)].owner
    }

    /// Gives a partition, chosen at random, to one of the nodes.
    pub(crate) fn rebalance(&self, nodes: &[usize]) {
        let at = self.random.between(0..=PARTITIONS as u64 - 1) as usize;
        let owner = (!nodes.is_empty()).then(|| self.random.pick(nodes));
        self.give(at, owner);
    }

    /// Gives the partitions that have no running owner to the nodes that run.
    pub(crate) fn assign(&self, nodes: &[usize]) {
        for at in 0..PARTITIONS {
            let owner = self.partitions()[at].owner;
            if owner.is_none_or(|owner| !nodes.contains(&owner)) {
                self.give(at, (!nodes.is_empty()).then(|| self.random.pick(nodes)));
            }
        }
    }

    /// A node is back under its name: it gets its partitions again, from what it had not acknowledged.
    pub(crate) fn rejoin(&self, node: usize) {
        for at in 0..PARTITIONS {
            if self.partitions()[at].owner == Some(node) {
                self.give(at, Some(node));
            }
        }
    }

    fn give(&self, at: usize, owner: Option<usize>) {
        {
            let partition = &mut self.partitions()[at];
            partition.owner = owner;
            partition.generation += 1;
            // Delivered again from the first report that is not acknowledged.
            while let Some(item) = partition.delivered.pop_back() {
                partition.waiting.push_front(Item { is_acknowledged: false, ..item });
            }
        }
        self.checks.note(format_args!("partition {at} belongs to {owner:?}"));
        self.arrived.notify_waiters();
    }

    /// Whether every report is acknowledged.
    pub(crate) fn is_empty(&self) -> bool {
        self.partitions()
            .iter()
            .all(|partition| partition.waiting.is_empty() && partition.delivered.is_empty())
    }

    /// What is not acknowledged, for the trace.
    pub(crate) fn describe(&self) -> String {
        let of = |partition: &Partition| {
            let legs = |items: &VecDeque<Item>| -> Vec<_> {
                items.iter().map(|item| (item.offset, item.report.key.id(), item.is_acknowledged)).collect()
            };
            let Partition { owner, waiting, delivered, .. } = partition;
            format!("owner {owner:?}, waiting {:?}, delivered {:?}", legs(waiting), legs(delivered))
        };
        self.partitions().iter().map(of).collect::<Vec<_>>().join("; ")
    }

    fn acknowledge(&self, at: usize, generation: u64, offset: u64) {
        let partition = &mut self.partitions()[at];
        if partition.generation != generation {
            return;
        }
        if let Some(item) = partition.delivered.iter_mut().find(|item| item.offset == offset) {
            item.is_acknowledged = true;
        }
        while partition.delivered.front().is_some_and(|item| item.is_acknowledged) {
            partition.delivered.pop_front();
        }
    }

    fn take(self: &Arc<Self>, node: usize) -> Vec<QueuedItem> {
        let mut batch = Vec::new();
        for (at, partition) in self.partitions().iter_mut().enumerate() {
            if partition.owner != Some(node) {
                continue;
            }
            while batch.len() < BATCH_MAX
                && let Some(item) = partition.waiting.pop_front()
            {
                if self.broken == Broken::QueueLosesReports && self.random.percent(10) {
                    continue;
                }
                let (journal, generation, offset) = (self.clone(), partition.generation, item.offset);
                let ack = Ack::new(move || journal.acknowledge(at, generation, offset));
                batch.push(QueuedItem { payload: QueuedPayload::Report(item.report.clone()), ack });
                partition.delivered.push_back(item);
            }
        }
        batch
    }
}

/// The end of one process.
pub(crate) struct QueueEnd {
    journal: Arc<Journal>,
    node: usize,
    is_dead: AtomicBool,
}

impl QueueEnd {
    pub(crate) fn new(journal: Arc<Journal>, node: usize) -> Self {
        Self { journal, node, is_dead: AtomicBool::new(false) }
    }

    pub(crate) fn die(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
    }

    fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }
}

impl ReportJournal for QueueEnd {
    fn post(&self, reports: Vec<(LegId, Report)>) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move {
            let journal = &self.journal;
            tokio::time::sleep(journal.random.millis(0..=40)).await;
            if self.is_dead() {
                std::future::pending::<()>().await;
            }
            let fails = journal.random.percent(*journal.failures_percent.lock().unwrap());
            if !(fails && journal.random.percent(50)) {
                for (leg, report) in reports {
                    let mut offsets = journal.offsets.lock().unwrap();
                    *offsets += 1;
                    let item = Item { offset: *offsets, report, is_acknowledged: false };
                    journal.partitions()[Journal::partition_of(&leg)].waiting.push_back(item);
                }
                journal.arrived.notify_waiters();
            }
            if fails {
                let fault = StoreError::Unavailable { store: "simulated queue", reason: "no answer".into() };
                return Err(SinkError::NotDurable(fault));
            }
            Ok(())
        })
    }
}

impl ReportQueue for QueueEnd {
    fn next(&self) -> BoxFuture<'_, Vec<QueuedItem>> {
        Box::pin(async {
            loop {
                let arrived = self.journal.arrived.notified();
                if self.is_dead() {
                    std::future::pending::<()>().await;
                }
                let batch = self.journal.take(self.node);
                if !batch.is_empty() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    return batch;
                }
                arrived.await;
            }
        })
    }
    fn leave(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
