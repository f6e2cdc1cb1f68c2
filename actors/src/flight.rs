//! One actor per leg: merges reports, makes the result durable, answers.
//!
//! The hub holds the state, where readers find it. The actor serializes the reports of its leg. Its
//! handlers answer with `AtomicResponse`, because they await the log and must keep the order: the next
//! report of the leg waits for the commit of the last one. Reports that arrive together are merged
//! together and cost one commit.

use crate::hub::{CommittedState, Hub, InFlightPermit, is_past_retirement, retired_reason};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::change::Change;
use domain::field::Field;
use domain::flight::{Applied, Flight, Override};
use domain::leg::LegId;
use domain::ports::{Outcome, SinkError, StoreError};
use domain::report::Report;
use std::sync::Arc;

/// Capacity of the mailbox. A busy flight gets a few messages per second. When the mailbox is full, the
/// sender waits.
pub const MAILBOX: usize = 32;

/// How many times the actor tries to commit. A conflict with another node costs one try. One conflict is
/// normal when a leg changes its owner. Several mean that two nodes both consider themselves the owner;
/// the sender should retry later.
pub const COMMIT_TRIES_MAX: usize = 5;

/// Reports of the leg, in order. The reply has the outcome of each once it is durable.
#[derive(Message)]
#[rtype(result = "Result<Vec<Outcome>, SinkError>")]
pub struct Apply {
    /// At least one.
    pub reports: Vec<Report>,
    /// Counts the reports as in flight until they are merged, even if their sender has disconnected.
    pub(crate) permit: InFlightPermit,
}

/// Changes an override, in turn with the reports. Replies once the change is durable, with `None` if the
/// leg is unknown.
#[derive(Message)]
#[rtype(result = "Result<Option<OverrideOutcome>, SinkError>")]
pub struct ChangeOverride(pub OverrideCommand);

/// A change of an override.
#[derive(Clone, Debug)]
pub enum OverrideCommand {
    /// Set an override.
    Set(Override),
    /// End an override before its time.
    Clear {
        /// The field.
        field: Field,
        /// Who ends it.
        by: Arc<str>,
    },
    /// End overrides that are due.
    Expire,
}

/// The result of an [`OverrideCommand`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OverrideOutcome {
    /// Nothing had to change.
    Unchanged,
    /// The state changed and is durable; what is shown did not change.
    Stored,
    /// What is shown changed. The value is the newest revision.
    Shown(u64),
}

/// Retires the leg if its retirement time has passed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Retire;

/// Removes the leg at any time, on request of an operator. Replies once that is durable, with `false` if
/// the leg is unknown.
#[derive(Message)]
#[rtype(result = "Result<bool, SinkError>")]
pub struct Remove;

/// The actor of one leg.
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

    /// Stops the actor if its first report was rejected. The handler calls this with its reply, because
    /// an actor that stops earlier replies nothing. Waiting reports are answered as unavailable, and
    /// their senders repeat them.
    fn stop_if_never_created(&self, context: &mut Context<Self>) {
        if self.hub.committed_state(&self.leg).is_none_or(|base| base.state.rev == 0) {
            self.hub.remove_if_empty(&self.leg);
            context.stop();
        }
    }
}

/// The result of a change to a copy of the durable state. If the commit fails, the state stays as it is.
struct Merged<T> {
    next: Flight,
    answer: T,
    changes: Vec<Change>,
    /// Whether there is anything to commit.
    must_commit: bool,
}

fn merge(base: &CommittedState, reports: &[Report], now: DateTime<Utc>) -> Merged<Vec<Outcome>> {
    let mut next = (*base.state).clone();
    let (mut outcomes, mut changes, mut must_commit) = (Vec::new(), Vec::new(), false);
    let mut shown = base.live.as_ref().map(|live| live.view.clone());
    for report in reports {
        let outcome = match next.apply_to_shown(shown.clone(), report, now) {
            Ok(Applied::Unchanged) => Outcome::Unchanged,
            Ok(Applied::Confirmed) => {
                must_commit = true;
                Outcome::Unchanged
            }
            Ok(Applied::Changed(change)) => {
                must_commit = true;
                shown = Some(change.after.clone());
                changes.push(change);
                Outcome::Changed(next.rev)
            }
            Err(refused) => Outcome::Rejected(refused.to_string()),
        };
        outcomes.push(outcome);
    }
    if base.state.rev == 0 && must_commit && is_past_retirement(&next, now) {
        outcomes = vec![Outcome::Rejected(retired_reason(&base.state.leg)); reports.len()];
        must_commit = false;
    }
    report_unshown_corrections(&base.state, &next, reports, &mut outcomes);
    Merged { next, answer: outcomes, changes, must_commit }
}

/// Replaces the outcome of a report that makes a new correction which yields to the claim of another
/// feed, so that an operator learns of it once.
fn report_unshown_corrections(before: &Flight, next: &Flight, reports: &[Report], outcomes: &mut [Outcome]) {
    if before.corrections == next.corrections {
        return;
    }
    let shown = next.shown_key();
    let of = |flight: &Flight, source| flight.corrections.iter().find(|c| c.source == source).map(|c| c.key);
    for correction in next.corrections.iter().filter(|correction| correction.key != shown) {
        let source = &correction.source;
        if of(before, source.clone()) == Some(correction.key) {
            continue;
        }
        let is_its = |report: &Report| report.source.name == *source && report.key == correction.key;
        let Some(at) = reports.iter().position(is_its) else { continue };
        let rev = match &outcomes[at] {
            Outcome::Changed(rev) => Some(*rev),
            Outcome::Unchanged => None,
            _ => continue,
        };
        outcomes[at] = Outcome::MergedUnderCorrectedKey { leg: next.leg.clone(), rev };
    }
}

fn apply_override(
    base: &CommittedState,
    command: &OverrideCommand,
    now: DateTime<Utc>,
) -> Merged<Option<OverrideOutcome>> {
    let mut next = (*base.state).clone();
    let applied = match command {
        OverrideCommand::Set(order) => next.set_override(order.clone(), now),
        OverrideCommand::Clear { field, by } => {
            // An override that ends now returns the field to the sources.
            let over = Override { field: *field, value: None, set_by: by.clone(), set_at: now, until: now };
            next.set_override(over, now)
        }
        OverrideCommand::Expire => next.expire_overrides(now),
    };
    let must_commit = applied != Applied::Unchanged;
    let (outcome, changes) = match applied {
        Applied::Unchanged => (OverrideOutcome::Unchanged, Vec::new()),
        Applied::Confirmed => (OverrideOutcome::Stored, Vec::new()),
        Applied::Changed(change) => (OverrideOutcome::Shown(change.rev), vec![change]),
    };
    // A leg without a revision is unknown: its first report may still be rejected.
    let answer = (base.state.rev > 0).then_some(outcome);
    Merged { next, answer, changes, must_commit }
}

/// Applies `make` to the durable state and commits the result. After a conflict with another node it
/// applies `make` to the state of that node. Returns `None` if the leg no longer exists.
async fn commit_with_retry<T>(
    hub: &Hub,
    leg: &LegId,
    make: impl Fn(&CommittedState, DateTime<Utc>) -> Merged<T>,
) -> Result<Option<T>, SinkError> {
    for _ in 0..COMMIT_TRIES_MAX {
        let Some(base) = hub.committed_state(leg) else { return Ok(None) };
        let Merged { next, answer, changes, must_commit } = make(&base, hub.clock().now());
        if !must_commit {
            return Ok(Some(answer));
        }
        match hub.commit(base, Arc::new(next), changes).await {
            Ok(()) => return Ok(Some(answer)),
            Err(StoreError::Conflict { leg, rev }) => {
                hub.metrics().append_conflicts.inc();
                tracing::info!(flight.leg = %leg, rev, "another node wrote first; merging again");
            }
            Err(fault) => return Err(SinkError::NotDurable(fault)),
        }
    }
    Err(busy(leg))
}

fn busy(leg: &LegId) -> SinkError {
    let reason = format!("another node writes {leg} at the same time");
    SinkError::NotDurable(StoreError::Unavailable { store: "the change log", reason })
}

async fn remove(hub: &Hub, leg: &LegId) -> Result<bool, SinkError> {
    for _ in 0..COMMIT_TRIES_MAX {
        let Some(base) = hub.committed_state(leg).filter(|base| base.state.rev > 0) else { return Ok(false) };
        match hub.retire(leg, base.version).await {
            Ok(()) => return Ok(true),
            Err(StoreError::Conflict { .. }) => drop(hub.metrics().append_conflicts.inc()),
            Err(fault) => return Err(SinkError::NotDurable(fault)),
        }
    }
    Err(busy(leg))
}

impl Actor for FlightActor {
    type Context = Context<Self>;
}

impl Handler<Apply> for FlightActor {
    type Result = AtomicResponse<Self, Result<Vec<Outcome>, SinkError>>;

    fn handle(&mut self, Apply { reports, permit }: Apply, _: &mut Context<Self>) -> Self::Result {
        let (hub, leg) = (self.hub.clone(), self.leg.clone());
        let applied = async move {
            let _permit = permit;
            let outcomes = commit_with_retry(&hub, &leg, |base, now| merge(base, &reports, now)).await?;
            Ok(outcomes.unwrap_or_else(|| vec![Outcome::Rejected(retired_reason(&leg)); reports.len()]))
        };
        AtomicResponse::new(Box::pin(applied.into_actor(self).map(|answer, actor, context| {
            actor.stop_if_never_created(context);
            answer
        })))
    }
}

impl Handler<ChangeOverride> for FlightActor {
    type Result = AtomicResponse<Self, Result<Option<OverrideOutcome>, SinkError>>;

    fn handle(&mut self, ChangeOverride(command): ChangeOverride, _: &mut Context<Self>) -> Self::Result {
        let (hub, leg) = (self.hub.clone(), self.leg.clone());
        let outcome = async move {
            let outcome =
                commit_with_retry(&hub, &leg, |base, now| apply_override(base, &command, now)).await?;
            Ok(outcome.flatten())
        };
        AtomicResponse::new(Box::pin(outcome.into_actor(self)))
    }
}

impl Handler<Retire> for FlightActor {
    type Result = AtomicResponse<Self, ()>;

    fn handle(&mut self, _: Retire, _: &mut Context<Self>) -> Self::Result {
        let (hub, leg) = (self.hub.clone(), self.leg.clone());
        let Some(base) =
            hub.committed_state(&leg).filter(|base| is_past_retirement(&base.state, hub.clock().now()))
        else {
            return AtomicResponse::new(Box::pin(fut::ready(())));
        };
        let retired = async move { hub.retire(&leg, base.version).await };
        AtomicResponse::new(Box::pin(retired.into_actor(self).map(|answer, actor, context| match answer {
            Ok(()) => context.stop(),
            Err(fault) => {
                tracing::warn!(flight.leg = %actor.leg, %fault, "a flight could not be retired yet");
            }
        })))
    }
}

impl Handler<Remove> for FlightActor {
    type Result = AtomicResponse<Self, Result<bool, SinkError>>;

    fn handle(&mut self, _: Remove, _: &mut Context<Self>) -> Self::Result {
        let (hub, leg) = (self.hub.clone(), self.leg.clone());
        let removed = async move { remove(&hub, &leg).await };
        AtomicResponse::new(Box::pin(removed.into_actor(self).map(|answer, _, context| {
            if matches!(answer, Ok(true)) {
                context.stop();
            }
            answer
        })))
    }
}
