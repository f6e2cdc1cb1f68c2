//! The installation: its nodes, what they share, and the crashes.

use crate::checks::Checks;
use crate::clock::VirtualClock;
use crate::faults::{Broken, Faults};
use crate::node::{Node, Store};
use crate::random::Random;
use crate::record::Record;
use domain::clock::Clock;
use domain::leg::LegId;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

/// The nodes of a run.
pub(crate) struct Site {
    pub(crate) seed: u64,
    pub(crate) broken: Broken,
    pub(crate) clock: VirtualClock,
    pub(crate) checks: Checks,
    pub(crate) record: Record,
    pub(crate) store: Store,
    /// Faults have ended, and nobody does anything new.
    pub(crate) is_calm: Rc<Cell<bool>>,
    /// How far the clock of each node is off, in real milliseconds.
    skews_ms: Vec<i64>,
    nodes: RefCell<Vec<Option<Rc<Node>>>>,
}

impl Site {
    pub(crate) fn new(
        seed: u64,
        broken: Broken,
        clock: VirtualClock,
        checks: Checks,
        record: Record,
        store: Store,
    ) -> Self {
        let random = Random::of(seed, "skew");
        let skews_ms = match store {
            Store::Disk(_) => vec![0],
            Store::Cluster(..) => {
                // Less than `Flight::AHEAD_MAX`, or one node rejects what another one accepts.
                let most = (500_000.0 / clock.speed()).min(2_000.0) as i64;
                vec![0, random.signed(-most..=most)]
            }
        };
        let nodes = RefCell::new(vec![None; skews_ms.len()]);
        Self { seed, broken, clock, checks, record, store, is_calm: Rc::default(), skews_ms, nodes }
    }

    pub(crate) fn numbers(&self) -> std::ops::Range<usize> {
        0..self.skews_ms.len()
    }

    /// Starts a node.
    pub(crate) async fn start(&self, number: usize) {
        let clock = self.clock.skewed(self.skews_ms[number]);
        let node = Node::start(number, &self.store, clock, &self.record, &self.checks, &self.is_calm).await;
        self.checks.note(format_args!("node {number} has started with {} flights", node.hub.flights_len()));
        self.nodes.borrow_mut()[number] = Some(node);
        if let Store::Cluster(cluster, _) = &self.store {
            cluster.journal.rejoin(number);
        }
        self.assign_partitions();
    }

    /// Ends a node without any warning.
    pub(crate) fn crash(&self, number: usize) {
        if let Some(node) = self.nodes.borrow_mut()[number].take() {
            self.checks.note(format_args!("node {number} crashes"));
            node.crash();
        }
    }

    /// The nodes that run.
    pub(crate) fn running(&self) -> Vec<Rc<Node>> {
        self.nodes.borrow().iter().flatten().cloned().collect()
    }

    /// A node that runs, if there is one.
    pub(crate) fn any(&self, random: &Random) -> Option<Rc<Node>> {
        let running = self.running();
        (!running.is_empty()).then(|| random.pick(&running))
    }

    /// Whether every node knows the leg by the identifier of a source, or knew it.
    pub(crate) fn has_identifier(&self, leg: &LegId) -> bool {
        let running = self.running();
        let knows =
            |node: &Rc<Node>| node.hub.flight_state(leg).is_some_and(|state| !state.aliases.is_empty());
        self.record.has_ended(leg) || !running.is_empty() && running.iter().all(knows)
    }

    /// Gives every partition of the report queue to a node that runs.
    pub(crate) fn assign_partitions(&self) {
        if let Store::Cluster(cluster, _) = &self.store {
            cluster.journal.assign(&self.running_numbers());
        }
    }

    fn running_numbers(&self) -> Vec<usize> {
        self.running().iter().map(|node| node.number).collect()
    }

    fn faults(&self) -> &Faults {
        match &self.store {
            Store::Disk(disk) => &disk.faults,
            Store::Cluster(cluster, _) => &cluster.faults,
        }
    }

    /// Changes the faults of the store from time to time, until it is calm.
    pub(crate) async fn change_faults(self: Rc<Self>) {
        let random = Random::of(self.seed, "faults");
        loop {
            let (is_full, failures_percent, slowest_ms) = match random.between(0..=9) {
                0..=4 => (false, 0, 10),
                5..=6 => (false, 0, 900),
                7..=8 => (false, 30, 60),
                _ => (true, 0, 10),
            };
            if self.is_calm.get() {
                return;
            }
            self.checks.note(format_args!(
                "store: full {is_full}, {failures_percent} % fail, up to {slowest_ms} ms"
            ));
            self.faults().set(is_full, failures_percent, Duration::from_millis(slowest_ms));
            if let Store::Cluster(cluster, _) = &self.store {
                cluster.journal.set_failures(failures_percent);
                if random.percent(40) {
                    cluster.journal.rebalance(&self.running_numbers());
                }
                if let Some(flight) = self.record.live().first().filter(|_| random.percent(30)) {
                    cluster.shared.overwritten.lock().unwrap().push(flight.leg.clone());
                }
            }
            tokio::time::sleep(random.millis(500..=6_000)).await;
        }
    }

    /// Ends all faults.
    pub(crate) fn calm(&self) {
        self.is_calm.set(true);
        self.checks.note(format_args!("faults end"));
        self.faults().set(false, 0, Duration::from_millis(5));
        if let Store::Cluster(cluster, _) = &self.store {
            cluster.journal.set_failures(0);
        }
    }

    /// Crashes nodes and starts them again.
    pub(crate) async fn crash_sometimes(self: Rc<Self>) {
        let random = Random::of(self.seed, "crashes");
        for _ in 0..random.between(0..=3) {
            tokio::time::sleep(random.millis(1_000..=25_000)).await;
            if self.is_calm.get() {
                return;
            }
            let number = random.between(0..=self.skews_ms.len() as u64 - 1) as usize;
            self.crash(number);
            tokio::time::sleep(random.millis(100..=4_000)).await;
            // The other node takes over the partitions before this one is back, or not.
            if random.percent(50) {
                self.assign_partitions();
                tokio::time::sleep(random.millis(100..=4_000)).await;
            }
            self.start(number).await;
        }
    }
}
