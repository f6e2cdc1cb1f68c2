//! One actor a leg: merges reports, has them made durable, tells.
//!
//! A handler that awaits the log and must keep order answers with `AtomicResponse`: the next
//! report of this leg waits for the commit of the last. Reports that come together are merged
//! together and cost one commit.

use crate::hub::{Hub, is_over};
use crate::live::Live;
use actix::prelude::*;
use domain::change::Change;
use domain::flight::{Applied, Flight};
use domain::leg::LegKey;
use domain::ports::{Outcome, SinkError, StoreError};
use domain::report::Report;
use std::sync::Arc;

/// Messages waiting for one flight. A hot flight gets a few a second; when full, whoever reports
/// waits.
pub const MAILBOX: usize = 32;

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
    /// What is durable. Replaced only after the log has answered.
    state: Arc<Flight>,
    shown: Option<Arc<Live>>,
}

impl FlightActor {
    pub(crate) fn start_on(
        thread: &ArbiterHandle,
        hub: Hub,
        state: Arc<Flight>,
        shown: Option<Arc<Live>>,
    ) -> Addr<Self> {
        Self::start_in_arbiter(thread, move |context| {
            context.set_mailbox_capacity(MAILBOX);
            Self { hub, state, shown }
        })
    }

    /// Merges into a copy: if the log fails, nothing has happened.
    fn merge(&self, reports: &[Report]) -> Merged {
        let now = self.hub.clock().now();
        let mut merged =
            Merged { next: (*self.state).clone(), outcomes: Vec::new(), changes: Vec::new(), learnt: false };
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
        if self.state.rev == 0 && merged.learnt && is_over(&merged.next, now) {
            let reason = format!("{} is over and has been retired", self.state.leg);
            merged.outcomes = vec![Outcome::Rejected(reason); reports.len()];
            merged.learnt = false;
        }
        merged
    }

    /// Keys under which this leg is to be found from now on: its own when it or its aliases are
    /// new, and corrections of it.
    fn new_keys(&self, next: &Flight, reports: &[Report]) -> Vec<LegKey> {
        let own = (self.state.rev == 0 || self.state.aliases != next.aliases).then_some(next.key);
        own.into_iter().chain(reports.iter().map(|r| r.key).filter(|key| *key != next.key)).collect()
    }

    /// After a first report that could not be applied there is no flight. Called from within the
    /// answer: an actor that is stopped before gives none. Reports that are waiting are answered as
    /// unavailable, and their senders repeat them.
    fn leave_if_nobody_knows_it(&self, context: &mut Context<Self>) {
        if self.state.rev == 0 {
            self.hub.withdraw(&self.state.leg);
            context.stop();
        }
    }
}

struct Merged {
    next: Flight,
    outcomes: Vec<Outcome>,
    changes: Vec<Change>,
    learnt: bool,
}

impl Actor for FlightActor {
    type Context = Context<Self>;
}

impl Handler<Apply> for FlightActor {
    type Result = AtomicResponse<Self, Result<Vec<Outcome>, SinkError>>;

    fn handle(&mut self, Apply { reports }: Apply, _: &mut Context<Self>) -> Self::Result {
        let Merged { next, outcomes, changes, learnt } = self.merge(&reports);
        let keys = self.new_keys(&next, &reports);
        if !learnt {
            let answer =
                fut::ready(Ok(outcomes)).map(|answer, actor: &mut Self, context: &mut Context<Self>| {
                    actor.leave_if_nobody_knows_it(context);
                    answer
                });
            return AtomicResponse::new(Box::pin(answer));
        }
        let (hub, shown, next) = (self.hub.clone(), self.shown.clone(), Arc::new(next));
        let committed =
            async move { hub.commit(shown, next.clone(), changes, &keys).await.map(|live| (next, live)) };
        let settle = move |answer: Result<_, StoreError>, actor: &mut Self, context: &mut Context<Self>| {
            match answer {
                Ok((next, live)) => {
                    actor.state = next;
                    actor.shown = live;
                    Ok(outcomes)
                }
                Err(fault) => {
                    actor.leave_if_nobody_knows_it(context);
                    Err(SinkError::NotDurable(fault))
                }
            }
        };
        AtomicResponse::new(Box::pin(committed.into_actor(self).map(settle)))
    }
}

impl Handler<Retire> for FlightActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: Retire, _: &mut Context<Self>) -> Self::Result {
        let (hub, state, shown) = (self.hub.clone(), self.state.clone(), self.shown.clone());
        if state.retires_at() > hub.clock().now() {
            return AtomicResponse::new(Box::pin(fut::ready(())));
        }
        let forgotten = async move { hub.forget(&state, shown.as_deref()).await };
        AtomicResponse::new(Box::pin(forgotten.into_actor(self).map(|answer, actor, context| match answer {
            Ok(()) => context.stop(),
            Err(fault) => {
                tracing::warn!(flight.leg = %actor.state.leg, %fault, "a flight could not be retired yet");
            }
        })))
    }
}
