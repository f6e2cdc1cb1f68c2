//! One process of the hub: flights, boards, connections and housekeeping.
//!
//! A crash cuts everything that connects the process with the outside: its log, its queue, its sockets and
//! the senders that wait for an answer. What is left of it runs on without any effect.

use crate::archive::TestArchive;
use crate::checks::{Checks, Invariant};
use crate::clock::VirtualClock;
use crate::cluster_log::{Cluster, ClusterLog};
use crate::disk_log::{Disk, DiskLog};
use crate::network::HubEnd;
use crate::record::Record;
use crate::report_queue::QueueEnd;
use actix::Arbiter;
use bytes::Bytes;
use domain::ports::{Outcome, ReportSink, SinkError};
use domain::report::Report;
use gatecall_actors::frame::Encoding;
use gatecall_actors::hub::{Hub, Limits, Threads};
use gatecall_actors::metrics::Metrics;
use gatecall_actors::replication::{Deps, KafkaBridge, KafkaReportSink};
use gatecall_actors::supervisor::PanicReporter;
use gatecall_actors::switchboard::{SharedConnections, Switchboard};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How many reports may be in flight. Low, so that the hub refuses some.
pub(crate) const REPORTS_IN_FLIGHT_MAX: usize = 7;

/// How far before `since` a client gets changes again. Only a little more than the clocks of nodes differ.
const RESUME_SLACK: Duration = Duration::from_millis(2_500);

/// Seconds without progress after which a connection is closed.
const IDLE_TICKS_MAX: u16 = 8;

/// Where the nodes keep what is durable.
#[derive(Clone)]
pub(crate) enum Store {
    /// One node with a log of its own.
    Disk(Arc<Disk>),
    /// Several nodes with a shared log and a report queue.
    Cluster(Arc<Cluster>, Arc<TestArchive>),
}

/// A running process.
pub(crate) struct Node {
    pub(crate) number: usize,
    pub(crate) hub: Hub,
    pub(crate) connections: SharedConnections<HubEnd>,
    sink: Arc<dyn ReportSink>,
    cut: Box<dyn Fn()>,
    died: watch::Sender<bool>,
}

impl Node {
    /// Starts a process and restores its flights.
    pub(crate) async fn start(
        number: usize,
        store: &Store,
        clock: VirtualClock,
        record: &Record,
        checks: &Checks,
        is_calm: &Rc<Cell<bool>>,
    ) -> Rc<Self> {
        let metrics = Metrics::default();
        let panics = PanicReporter::counting_only(metrics.clone());
        let here = Arbiter::current();
        let threads = Threads { flights: vec![here.clone()], boards: here.clone() };
        let limits = Limits {
            reports_under_way_max: REPORTS_IN_FLIGHT_MAX,
            resume_slack: RESUME_SLACK,
            ..Limits::default()
        };
        let clock = Arc::new(clock);
        let (hub, sink, cut): (Hub, Arc<dyn ReportSink>, Box<dyn Fn()>) = match store {
            Store::Disk(disk) => {
                let log = Arc::new(DiskLog::new(disk.clone()));
                let hub = Hub::new(clock, log.clone(), limits, metrics, panics, threads);
                hub.restore().await.unwrap();
                (hub.clone(), Arc::new(hub), Box::new(move || log.die()))
            }
            Store::Cluster(cluster, archive) => {
                let log = Arc::new(ClusterLog::new(cluster.clone(), number));
                let queue = Arc::new(QueueEnd::new(cluster.journal.clone(), number));
                let hub =
                    Hub::on_shared_log(clock, log.clone(), limits, metrics.clone(), panics.clone(), threads);
                let deps = Deps {
                    hub: hub.clone(),
                    log: log.clone(),
                    queue: Some(queue.clone()),
                    archive: archive.clone(),
                    metrics,
                };
                KafkaBridge::restore(&deps).await.unwrap();
                KafkaBridge::start_on(&here, deps, panics);
                let sink = Arc::new(KafkaReportSink::new(hub.clone(), queue.clone()));
                let cut = move || {
                    log.die();
                    queue.die();
                };
                (hub, sink, Box::new(cut))
            }
        };
        let connections = Switchboard::start_here(&hub).unwrap();
        let node = Rc::new(Self { number, hub, connections, sink, cut, died: watch::Sender::new(false) });
        actix_rt::spawn(node.clone().keep_house(record.clone(), checks.clone(), is_calm.clone()));
        node
    }

    /// Ends the process without any warning.
    pub(crate) fn crash(&self) {
        (self.cut)();
        self.died.send_replace(true);
        let mut connections = self.connections.borrow_mut();
        for id in connections.ids() {
            if let Some(socket) = connections.remove(id) {
                socket.0.break_off();
            }
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        *self.died.borrow()
    }

    /// Waits for the crash of the process.
    pub(crate) async fn died(&self) {
        let _ = self.died.subscribe().wait_for(|died| *died).await;
    }

    /// Runs a request. `None` if the process crashes meanwhile.
    pub(crate) async fn request<T>(&self, request: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.died() => None,
            answer = request => Some(answer),
        }
    }

    /// Sends reports to the process.
    pub(crate) async fn accept(&self, reports: Vec<Report>) -> Option<Result<Vec<Outcome>, SinkError>> {
        self.request(self.sink.accept(reports)).await
    }

    /// What the process does every second. While it is calm, no flight retires, so that the checks compare
    /// one state.
    async fn keep_house(self: Rc<Self>, record: Record, checks: Checks, is_calm: Rc<Cell<bool>>) {
        loop {
            let alive = self.request(tokio::time::sleep(Duration::from_secs(1))).await;
            if alive.is_none() {
                return;
            }
            self.check_bounds(&record, &checks);
            self.connections.borrow_mut().tick(IDLE_TICKS_MAX, close_frame);
            if !is_calm.get() {
                let _ = self.request(self.hub.retire_due(100)).await;
                let _ = self.request(self.hub.expire_overrides(100)).await;
            }
        }
    }

    fn check_bounds(&self, record: &Record, checks: &Checks) {
        let in_flight = self.hub.metrics().reports_under_way.get();
        checks.check(
            Invariant::QueuesAreBounded,
            in_flight <= REPORTS_IN_FLIGHT_MAX as i64,
            format_args!("{in_flight} reports are in flight"),
        );
        let connections = self.connections.borrow();
        for id in connections.ids() {
            let behind = connections.legs_behind(id).unwrap_or(0);
            checks.check(
                Invariant::QueuesAreBounded,
                behind <= record.legs_len(),
                format_args!("a connection has {behind} dirty legs of {}", record.legs_len()),
            );
        }
        let unread = self.hub.unread_budget().bytes();
        checks.check(
            Invariant::QueuesAreBounded,
            unread <= self.hub.limits().unread.bytes_max,
            format_args!("{unread} unread bytes"),
        );
    }
}

fn close_frame(encoding: Encoding) -> Bytes {
    match encoding {
        Encoding::EventStream => Bytes::from_static(b": reads too slowly\n\n"),
        Encoding::WebSocket | Encoding::Deflated => wire::websocket::close_frame(4001, "{\"retry_ms\":1800}"),
    }
}
