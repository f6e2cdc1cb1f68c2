//! Where a hub of several nodes meets the log that they share, and the journal of their reports.
//!
//! One a node. It follows the log and has the hub show what it says, its own node's changes too; it
//! takes from the journal the reports on the legs that fall to this node, has them merged, and says
//! so once they are durable; and it tells listeners when the log cannot be reached. It runs on a
//! thread of its own, so that a backlog starves no socket and no flight.
//!
//! What goes wrong never makes it skip anything: a report that cannot be merged now is tried again,
//! for as long as the log is away, and whoever owns the leg after this node gets it anew. Only what can
//! never be used, or cannot while the log takes others, is put aside, in quarantine.

mod journaled;
mod merging;

pub use journaled::Journaled;

use crate::hub::Hub;
use crate::metrics::Metrics;
use crate::supervisor::{Deaths, Guard};
use actix::prelude::*;
use domain::ports::{Archive, LogSnapshot, ReportQueue, SharedLog, StoreError};
use merging::{Merging, STRAYS_MAX};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Batches from the journal that are being merged at the same time. When so many are, no more are
/// taken from it, and the journal's own bound holds.
pub const BATCHES_MAX: usize = 16;

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

/// The actor. Its work is in tasks that end with it.
pub struct KafkaBridge {
    ends: Ends,
    deaths: Deaths,
    /// Tells of its death.
    _guard: Guard,
}

/// What a death of the bridge, or of a task of it, is called.
const NAME: &str = "bridge to the shared log";

impl KafkaBridge {
    /// Puts every flight of the log in its place, and answers how many there are. Call it once,
    /// before the bridge is started and before the journal is joined.
    pub async fn put_back(ends: &Ends) -> Result<usize, StoreError> {
        let LogSnapshot { flights, ended } = ends.log.begin().await?;
        ends.hub.remember_ended(ended);
        Ok(ends.hub.put_back(flights).await)
    }

    /// From now on the log is followed and the journal worked off.
    pub fn start_on(thread: &ArbiterHandle, ends: Ends, deaths: Deaths) -> Addr<Self> {
        let guard = Guard::ends_process(NAME.into(), deaths.clone());
        Self::start_in_arbiter(thread, move |_| Self { ends, deaths, _guard: guard })
    }
}

impl Actor for KafkaBridge {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        context.spawn(follow(self.ends.clone()).into_actor(self));
        context.spawn(watch(self.ends.clone()).into_actor(self));
        context.spawn(mend(self.ends.clone()).into_actor(self));
        if let Some(queue) = self.ends.queue.clone() {
            context.spawn(own(self.ends.clone(), queue, self.deaths.clone()).into_actor(self));
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

/// Tells listeners when the log goes away and when it is back.
async fn watch(ends: Ends) {
    let mut warned = false;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let away_for = ends.log.away_for();
        if away_for.is_some() != warned {
            let clock = ends.hub.clock();
            ends.hub.warn(away_for.map(|old| clock.now() - clock.operational_duration(old))).await;
            warned = away_for.is_some();
        }
    }
}

/// Writes again what was written over.
async fn mend(ends: Ends) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        for leg in ends.log.needs_rewrite() {
            if let Err(fault) = ends.hub.write_again(&leg).await {
                tracing::info!(flight.leg = %leg, %fault, "a flight is not written again yet");
            }
        }
    }
}

/// Merges the reports on the legs of this node.
async fn own(ends: Ends, queue: Arc<dyn ReportQueue>, deaths: Deaths) {
    let places = Arc::new(Semaphore::new(BATCHES_MAX));
    let strays = Arc::new(Semaphore::new(STRAYS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let batch = queue.next().await;
        let merging = Merging { ends: ends.clone(), strays: strays.clone(), deaths: deaths.clone() };
        let guard = Guard::ends_process(NAME.into(), deaths.clone());
        drop(actix_rt::spawn(async move {
            let (_place, _guard) = (place, guard);
            merging.merge(batch).await;
        }));
    }
}
