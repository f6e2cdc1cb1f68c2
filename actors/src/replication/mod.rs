//! Connects the hub of one node to the shared log and to the report queue.
//!
//! There is one `KafkaBridge` per node. It reads the log and applies every event to the hub, including
//! the events of its own node. It takes the reports of the partitions that this node owns from the queue,
//! has them merged, and acknowledges them once they are durable. It announces to connections when the log
//! is unreachable. It runs on its own thread, so that a backlog blocks neither connections nor flights.
//!
//! No failure makes it skip a report. It retries a report that cannot be merged for as long as the log is
//! unreachable, and the next owner of the leg receives the report again. Only a report that can never be
//! used, or that the log refuses while it accepts others, goes to quarantine.

mod batch_merger;
mod kafka_report_sink;

pub use kafka_report_sink::KafkaReportSink;

use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::supervisor::{PanicGuard, PanicReporter};
use actix::prelude::*;
use batch_merger::{BatchMerger, EARLY_REPORTS_MAX};
use domain::ports::{Archive, LogSnapshot, ReportQueue, SharedLog, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Batches that are merged concurrently. Above, the bridge takes no more, and the bound of the queue
/// itself applies.
pub const BATCHES_MAX: usize = 16;

/// How often to check whether the log is reachable.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// What the bridge needs from its node.
#[derive(Clone)]
pub struct Deps {
    /// Publishes changes and merges reports.
    pub hub: Hub,
    /// The log that the nodes share.
    pub log: Arc<dyn SharedLog>,
    /// The report queue, if this node owns flights.
    pub queue: Option<Arc<dyn ReportQueue>>,
    /// Stores unusable reports.
    pub archive: Arc<dyn Archive>,
    /// The metrics.
    pub metrics: Metrics,
}

/// The actor. Its tasks end with it.
pub struct KafkaBridge {
    deps: Deps,
    panics: PanicReporter,
    /// Reports a panic.
    _guard: PanicGuard,
}

/// The name of the bridge and its tasks in panic reports.
const NAME: &str = "bridge to the shared log";

impl KafkaBridge {
    /// Restores every flight of the log and returns how many there are. Call it once, before the bridge
    /// starts and before the node joins the report queue.
    pub async fn restore(deps: &Deps) -> Result<usize, StoreError> {
        let LogSnapshot { flights, ended } = deps.log.begin().await?;
        deps.hub.remember_ended(ended);
        Ok(deps.hub.restore_flights(flights).await)
    }

    /// Starts reading the log and the report queue.
    pub fn start_on(thread: &ArbiterHandle, deps: Deps, panics: PanicReporter) -> Addr<Self> {
        let guard = PanicGuard::end_process(NAME.into(), panics.clone());
        Self::start_in_arbiter(thread, move |_| Self { deps, panics, _guard: guard })
    }
}

impl Actor for KafkaBridge {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.spawn(apply_events(self.deps.clone()).into_actor(self));
        context.spawn(watch_log(self.deps.clone()).into_actor(self));
        context.spawn(rewrite_superseded(self.deps.clone()).into_actor(self));
        if let Some(queue) = self.deps.queue.clone() {
            context.spawn(consume(self.deps.clone(), queue, self.panics.clone()).into_actor(self));
        }
    }
}

/// Applies the events of the log, in order.
async fn apply_events(deps: Deps) {
    loop {
        // The call to `next` acknowledges the previous events.
        for event in deps.log.next().await {
            deps.hub.apply_log_event(event).await;
        }
    }
}

/// Announces to connections when the log becomes unreachable and when it is reachable again.
async fn watch_log(deps: Deps) {
    let mut warned = false;
    loop {
        tokio::time::sleep(POLL_EVERY).await;
        let away_for = deps.log.away_for();
        if away_for.is_some() != warned {
            let clock = deps.hub.clock();
            deps.hub
                .set_upstream_lost(away_for.map(|old| clock.now() - clock.operational_duration(old)))
                .await;
            warned = away_for.is_some();
        }
    }
}

/// Rewrites entries that a late entry of another node has superseded.
async fn rewrite_superseded(deps: Deps) {
    loop {
        tokio::time::sleep(POLL_EVERY).await;
        for leg in deps.log.needs_rewrite() {
            if let Err(fault) = deps.hub.rewrite(&leg).await {
                tracing::info!(flight.leg = %leg, %fault, "a superseded entry could not be rewritten yet");
            }
        }
    }
}

/// Merges the reports of the legs that this node owns.
async fn consume(deps: Deps, queue: Arc<dyn ReportQueue>, panics: PanicReporter) {
    let permits = Arc::new(Semaphore::new(BATCHES_MAX));
    let early_reports = Arc::new(Semaphore::new(EARLY_REPORTS_MAX));
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        let batch = queue.next().await;
        let merger =
            BatchMerger { deps: deps.clone(), early_reports: early_reports.clone(), panics: panics.clone() };
        let guard = PanicGuard::end_process(NAME.into(), panics.clone());
        drop(actix_rt::spawn(async move {
            let (_permit, _guard) = (permit, guard);
            merger.merge(batch).await;
        }));
    }
}
