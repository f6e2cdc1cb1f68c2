//! One actor a leg: merges reports, has them made durable, answers.
//!
//! The state is the hub's, where readers find it; the actor is the turn that its reports take. A
//! handler that awaits the log and must keep order answers with `AtomicResponse`: the next report
//! of this leg waits for the commit of the last. Reports that come together are merged together and
//! cost one commit.

use crate::hub::{Base, Hub, is_over, retired};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::change::Change;
use domain::flight::{Applied, Flight};
use domain::leg::{LegId, LegKey};
use domain::ports::{Outcome, SinkError, StoreError};
use domain::report::Report;
use std::sync::Arc;

/// Messages waiting for one flight. A hot flight gets a few a second; when full, whoever reports
/// waits.
pub const MAILBOX: usize = 32;

/// How often reports are merged anew because another node was faster. One is what happens when a
/// leg changes hands; more than a few is two nodes that both believe it theirs, and whoever reports
/// should come back when that is settled.
pub const TRIES_MAX: usize = 5;

/// Reports of this leg, in order. Answers for each once it is durable.
#[derive(Message)]
#[rtype(result = "Result<Vec<Outcome>, SinkError>")]
pub struct Apply {
    /// At least one.
    pub reports: Vec<Report>,
}

/// The leg's time is over: leave memory and the list of what is restored.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Retire;

/// One leg.
pub struct FlightActor {
    hub: Hub,
    leg: LegId,
}

impl FlightActor {
    pub(crate) fn start_on(thread: &ArbiterHandle, hub: Hub, leg: LegId) -> Addr<Self> {
        Self::start_in_arbiter(thread, move |context| {
            context.set_mailbox_capacity(MAILBOX);
            Self { hub, leg }
        })
    }

    /// After a first report that could not be applied there is no flight. Called from within the
    /// answer: an actor that is stopped before gives none. Reports that are waiting are answered as
    /// unavailable, and their senders repeat them.
    fn leave_if_nobody_knows_it(&self, context: &mut Context<Self>) {
        if self.hub.base(&self.leg).is_none_or(|base| base.state.rev == 0) {
            self.hub.withdraw(&self.leg);
            context.stop();
        }
    }
}

/// What became of reports that were merged into a copy: if the log fails, nothing has happened.
struct Merged {
    next: Flight,
    outcomes: Vec<Outcome>,
    changes: Vec<Change>,
    learnt: bool,
}

fn merge(base: &Base, reports: &[Report], now: DateTime<Utc>) -> Merged {
    let mut merged =
        Merged { next: (*base.state).clone(), outcomes: Vec::new(), changes: Vec::new(), learnt: false };
    for report in reports {
        let outcome = match merged.next.apply(report, now) {
            Ok(Applied::Unchanged) => Outcome::Unchanged,
            Ok(Applied::Confirmed) => {
                merged.learnt = true;
                Outcome::Unchanged
            }
            Ok(Applied::Changed(change)) => {
                merged.learnt = true;
                merged.changes.push(change);
                Outcome::Changed(merged.next.rev)
            }
            Err(refused) => Outcome::Rejected(refused.to_string()),
        };
        merged.outcomes.push(outcome);
    }
    if base.state.rev == 0 && merged.learnt && is_over(&merged.next, now) {
        merged.outcomes = vec![Outcome::Rejected(retired(&base.state.leg)); reports.len()];
        merged.learnt = false;
    }
    merged
}

/// Keys under which a leg is to be found from now on: its own when it or its aliases are new, and
/// corrections of it.
fn new_keys(before: &Flight, next: &Flight, reports: &[Report]) -> Vec<LegKey> {
    let own = (before.rev == 0 || before.aliases != next.aliases).then_some(next.key);
    own.into_iter().chain(reports.iter().map(|r| r.key).filter(|key| *key != next.key)).collect()
}

/// Merges reports into what is durable now. Where another node was faster, into what it made of it.
async fn apply(hub: Hub, leg: LegId, reports: Vec<Report>) -> Result<Vec<Outcome>, SinkError> {
    for _ in 0..TRIES_MAX {
        let Some(base) = hub.base(&leg) else {
            return Ok(vec![Outcome::Rejected(retired(&leg)); reports.len()]);
        };
        let Merged { next, outcomes, changes, learnt } = merge(&base, &reports, hub.clock().now());
        if !learnt {
            return Ok(outcomes);
        }
        let keys = new_keys(&base.state, &next, &reports);
        match hub.commit(base, Arc::new(next), changes, &keys).await {
            Ok(()) => return Ok(outcomes),
            Err(StoreError::Conflict { leg, rev }) => {
                hub.metrics().append_conflicts.inc();
                tracing::info!(flight.leg = %leg, rev, "another node was faster; merging anew");
            }
            Err(fault) => return Err(SinkError::NotDurable(fault)),
        }
    }
    let reason = format!("{leg} is written by another node at the same time");
    Err(SinkError::NotDurable(StoreError::Unavailable { store: "the change log", reason }))
}

impl Actor for FlightActor {
    type Context = Context<Self>;
}

impl Handler<Apply> for FlightActor {
    type Result = AtomicResponse<Self, Result<Vec<Outcome>, SinkError>>;

    fn handle(&mut self, Apply { reports }: Apply, _: &mut Context<Self>) -> Self::Result {
        let applied = apply(self.hub.clone(), self.leg.clone(), reports).into_actor(self);
        AtomicResponse::new(Box::pin(applied.map(|answer, actor, context| {
            actor.leave_if_nobody_knows_it(context);
            answer
        })))
    }
}

impl Handler<Retire> for FlightActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: Retire, _: &mut Context<Self>) -> Self::Result {
        let (hub, leg) = (self.hub.clone(), self.leg.clone());
        let Some(base) = hub.base(&leg).filter(|base| is_over(&base.state, hub.clock().now())) else {
            return AtomicResponse::new(Box::pin(fut::ready(())));
        };
        let forgotten = async move { hub.forget(&leg, base.version).await };
        AtomicResponse::new(Box::pin(forgotten.into_actor(self).map(|answer, actor, context| match answer {
            Ok(()) => context.stop(),
            Err(fault) => {
                tracing::warn!(flight.leg = %actor.leg, %fault, "a flight could not be retired yet");
            }
        })))
    }
}
