//! Where a hub of several nodes meets the log that they share, and the journal of their reports.
//!
//! One a node. It follows the log and has the hub show what it says, its own node's changes too; it
//! takes from the journal the reports on the legs that fall to this node, has them merged, and says
//! so once they are durable; and it tells listeners when the log cannot be reached. It runs on a
//! thread of its own, so that a backlog starves no socket and no flight.
//!
//! What goes wrong never makes it skip anything: a report that cannot be merged now is tried again
//! for as long as this node lives, and whoever owns the leg after it gets it anew. Only what can
//! never be used is put aside, in quarantine.

use crate::hub::Hub;
use crate::metrics::{FeedOutcomeLabel, Metrics};
use crate::supervisor::{Deaths, Guard};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::ports::{
    Answer, Archive, Beginning, Delivered, Delivery, Outcome, Quarantined, ReportJournal, ReportQueue,
    ReportSink, Settle, SharedLog, SinkError, StoreError,
};
use domain::report::Report;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Batches from the journal that are being merged at the same time. When so many are, no more are
/// taken from it, and the journal's own bound holds.
pub const BATCHES_MAX: usize = 16;

/// Between two tries of what cannot be made durable now: the first pause, and the longest.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// How often it is looked whether the log can be reached.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a bridge needs of the node.
#[derive(Clone)]
pub struct Ends {
    /// Where changes are shown and reports merged.
    pub hub: Hub,
    /// The log that the nodes share.
    pub log: Arc<dyn SharedLog>,
    /// The journal, where this node owns flights.
    pub queue: Option<Arc<dyn ReportQueue>>,
    /// Where what cannot be used is kept.
    pub archive: Arc<dyn Archive>,
    /// What is counted.
    pub metrics: Metrics,
}

/// The actor. Its work is in three tasks that end with it.
pub struct KafkaBridge {
    ends: Ends,
    /// Tells of its death.
    _guard: Guard,
}

impl KafkaBridge {
    /// Puts every flight of the log in its place, and answers how many there are. Call it once,
    /// before the bridge is started and before the journal is joined.
    pub async fn put_back(ends: &Ends) -> Result<usize, StoreError> {
        let Beginning { flights, ended } = ends.log.begin().await?;
        ends.hub.remember_ended(ended);
        Ok(ends.hub.put_back(flights).await)
    }

    /// From now on the log is followed and the journal worked off.
    pub fn start_on(thread: &ArbiterHandle, ends: Ends, deaths: Deaths) -> Addr<Self> {
        let guard = Guard::ends_process("bridge to the shared log".into(), deaths);
        Self::start_in_arbiter(thread, move |_| Self { ends, _guard: guard })
    }
}

impl Actor for KafkaBridge {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.spawn(follow(self.ends.clone()).into_actor(self));
        context.spawn(watch(self.ends.clone()).into_actor(self));
        if let Some(queue) = self.ends.queue.clone() {
            context.spawn(own(self.ends.clone(), queue).into_actor(self));
        }
    }
}

/// Shows what the log says, in its order.
async fn follow(ends: Ends) {
    loop {
        // Asking again says that all of it has been shown.
        for told in ends.log.next().await {
            ends.hub.follow(told).await;
        }
    }
}

/// Tells listeners when the log goes away and when it is back, and writes again what was written
/// over.
async fn watch(ends: Ends) {
    let mut warned: Option<DateTime<Utc>> = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        for leg in ends.log.overwritten() {
            if let Err(fault) = ends.hub.write_again(&leg).await {
                tracing::info!(flight.leg = %leg, %fault, "a flight is not written again yet");
            }
        }
        let away_since = ends.log.away_since();
        if away_since.is_some() != warned.is_some() {
            // What is shown was true when the log was last heard, a moment ago.
            let now = ends.hub.clock().now();
            ends.hub.warn(away_since.map(|_| now)).await;
            warned = away_since;
        }
    }
}

/// Merges the reports on the legs of this node.
async fn own(ends: Ends, queue: Arc<dyn ReportQueue>) {
    let places = Arc::new(Semaphore::new(BATCHES_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let batch = queue.next().await;
        let ends = ends.clone();
        drop(actix_rt::spawn(async move {
            let _place = place;
            merge(&ends, batch).await;
        }));
    }
}

/// A pause that grows, for what cannot be done now.
struct Patience(Duration);

impl Patience {
    fn new() -> Self {
        Self(RETRY_FIRST)
    }

    async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(RETRY_MAX);
    }
}

/// Merges a batch and settles each part of it once its effect is durable.
async fn merge(ends: &Ends, batch: Vec<Delivery>) {
    let (mut reports, mut settles): (Vec<Report>, Vec<Settle>) = (Vec::new(), Vec::new());
    for Delivery { what, settle } in batch {
        match what {
            Delivered::Report(report) => {
                reports.push(report);
                settles.push(settle);
            }
            Delivered::Unreadable { place, reason, excerpt } => {
                let reason = format!("{place}: {reason}");
                put_aside(ends, vec![fault("journal", ends.hub.clock().now(), reason, excerpt)]).await;
                settle.say();
            }
        }
    }
    if reports.is_empty() {
        return;
    }
    let mut patience = Patience::new();
    let outcomes = loop {
        match ends.hub.accept(reports.clone()).await {
            Ok(outcomes) => break outcomes,
            // The next owner merges them.
            Err(SinkError::Stopping) => return,
            Err(fault) => {
                tracing::warn!(reports = reports.len(), %fault, "reports cannot be merged yet; trying again");
                patience.wait().await;
            }
        }
    };
    let mut faults = Vec::new();
    for (report, outcome) in reports.iter().zip(outcomes) {
        let word = match outcome {
            Outcome::Changed(_) => "changed",
            Outcome::Unchanged | Outcome::Queued => "unchanged",
            Outcome::Rejected(reason) => {
                faults.push(fault(
                    &report.source.name,
                    report.received_at,
                    reason,
                    report.key.id().to_string(),
                ));
                "rejected"
            }
        };
        let label = FeedOutcomeLabel { feed: report.source.name.to_string(), outcome: word };
        ends.metrics.reports.get_or_create(&label).inc();
    }
    put_aside(ends, faults).await;
    settles.into_iter().for_each(Settle::say);
}

fn fault(feed: &str, received_at: DateTime<Utc>, reason: String, excerpt: String) -> Quarantined {
    Quarantined { feed: feed.into(), received_at, index: None, field: None, reason, excerpt }
}

/// Keeps faults, however long that takes: what is settled is not seen again.
async fn put_aside(ends: &Ends, faults: Vec<Quarantined>) {
    if faults.is_empty() {
        return;
    }
    let mut patience = Patience::new();
    while let Err(fault) = ends.archive.keep(None, faults.clone()).await {
        tracing::warn!(%fault, "what could not be used cannot be kept yet; trying again");
        patience.wait().await;
    }
}

/// The way of reports in a hub of several nodes: into the journal, for the owners of their legs.
///
/// What this node knows already to be unusable is refused at once, so that its sender hears of it.
pub struct Journaled {
    hub: Hub,
    journal: Arc<dyn ReportJournal>,
}

impl Journaled {
    /// `hub` knows by which names legs are called.
    pub fn new(hub: Hub, journal: Arc<dyn ReportJournal>) -> Self {
        Self { hub, journal }
    }
}

impl ReportSink for Journaled {
    fn accept(&self, reports: Vec<Report>) -> Answer<'_, Result<Vec<Outcome>, SinkError>> {
        Box::pin(async move {
            let mut outcomes = vec![Outcome::Queued; reports.len()];
            let mut posted = Vec::with_capacity(reports.len());
            for (report, outcome) in reports.into_iter().zip(&mut outcomes) {
                let leg = self.hub.leg_of(&report);
                match self.hub.foreseen_refusal(&leg, &report) {
                    Some(reason) => *outcome = Outcome::Rejected(reason),
                    None => posted.push((leg, report)),
                }
            }
            let _under_way = self.hub.take_on(posted.len())?;
            if !posted.is_empty() {
                self.journal.post(posted).await?;
            }
            Ok(outcomes)
        })
    }
}
