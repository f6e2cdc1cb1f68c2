//! A sender that remembers which reports were answered.

use crate::test_cluster::{leg, push_if_there, report};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Flights that are reported on.
pub(crate) const FLIGHTS: u32 = 40;

/// One airport that never gives up: each flight's gate is a number that rises with each report, and
/// what was not answered 202 is sent again, to the next node.
pub(crate) struct LoadGenerator {
    /// By leg, the highest gate that was answered 202.
    answered: Arc<Mutex<BTreeMap<String, u32>>>,
    pub(crate) sent: Arc<AtomicUsize>,
    pub(crate) refused: Arc<AtomicUsize>,
    nodes: Arc<Mutex<Vec<SocketAddr>>>,
    /// Nothing more is sent of the second half of the flights.
    halved: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl LoadGenerator {
    /// Sends to these nodes in turn, a report at a time, with this pause between.
    pub(crate) fn on(nodes: Vec<SocketAddr>, pause: Duration) -> Self {
        let mut load = Self {
            answered: Arc::default(),
            sent: Arc::default(),
            refused: Arc::default(),
            nodes: Arc::new(Mutex::new(nodes)),
            halved: Arc::default(),
            stop: Arc::default(),
            thread: None,
        };
        let (answered, sent, refused) = (load.answered.clone(), load.sent.clone(), load.refused.clone());
        let (nodes, stop, halved) = (load.nodes.clone(), load.stop.clone(), load.halved.clone());
        let thread = std::thread::spawn(move || {
            let mut turn = 0_usize;
            for gate in 1_u32.. {
                for number in 1..=FLIGHTS {
                    let body = report(number, json!({ "departure.gate": gate.to_string() }));
                    let is_left = || number > FLIGHTS / 2 && halved.load(Ordering::SeqCst);
                    while !stop.load(Ordering::SeqCst) && !is_left() {
                        let node = node_at(&nodes.lock().unwrap(), turn);
                        turn += 1;
                        if takes(node, &body) {
                            sent.fetch_add(1, Ordering::SeqCst);
                            answered.lock().unwrap().insert(leg(number), gate);
                            break;
                        }
                        refused.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    std::thread::sleep(pause);
                }
            }
        });
        load.thread = Some(thread);
        load
    }

    /// From now on nothing is sent of the second half of the flights: what was answered last of each
    /// stays the last, and is missed if it was lost.
    pub(crate) fn halve(&self) {
        self.halved.store(true, Ordering::SeqCst);
    }

    /// From now on sends to these.
    pub(crate) fn send_to(&self, nodes: Vec<SocketAddr>) {
        *self.nodes.lock().unwrap() = nodes;
    }

    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    /// Waits until so many more were answered.
    #[track_caller]
    pub(crate) fn wait_for(&self, more: usize) {
        let before = self.sent();
        crate::test_cluster::wait_until("more reports are answered", || self.sent() >= before + more);
    }

    /// Stops, and answers with the highest gate of each leg that was answered.
    pub(crate) fn end(mut self) -> BTreeMap<String, u32> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap();
        std::mem::take(&mut *self.answered.lock().unwrap())
    }
}

impl Drop for LoadGenerator {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn node_at(nodes: &[SocketAddr], turn: usize) -> SocketAddr {
    nodes[turn % nodes.len()]
}

/// Whether a node took a report. One that is not there, or is going down, did not.
fn takes(node: SocketAddr, body: &Value) -> bool {
    push_if_there(node, body).is_some_and(|answer| {
        assert!([202, 503, 429].contains(&answer.status), "{} {}", answer.status, answer.text());
        answer.status == 202
    })
}
