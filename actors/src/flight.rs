//! One actor a leg: merges reports, has them made durable, answers.
//!
//! The state is the hub's, where readers find it; the actor is the turn that its reports take. A
//! handler that awaits the log and must keep order answers with `AtomicResponse`: the next report
//! of this leg waits for the commit of the last. Reports that come together are merged together and
//! cost one commit.

use crate::hub::{Base, Hub, UnderWay, is_over, retired};
use actix::prelude::*;
use chrono::{DateTime, Utc};
use domain::change::Change;
use domain::field::Field;
use domain::flight::{Applied, Flight, Override};
use domain::leg::LegId;
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
    /// Their places among what is under way. Whoever sent them may have gone before they are merged.
    pub(crate) places: UnderWay,
}

/// Something that is not a report's to say, in its turn among the reports. Answers once it is durable,
/// with `None` where nothing is known of the leg.
#[derive(Message)]
#[rtype(result = "Result<Option<Amended>, SinkError>")]
pub struct Amend(pub Amendment);

/// What is to be done to a leg.
#[derive(Clone, Debug)]
pub enum Amendment {
    /// A field is taken over by hand.
    TakeOver(Override),
    /// A field is given back to the sources.
    GiveBack {
        /// Which.
        field: Field,
        /// On whose word.
        by: Arc<str>,
    },
    /// What was taken over until now ends.
    Lapse,
}

/// What came of an amendment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amended {
    /// It was so already.
    Nothing,
    /// It is durable, and what is shown stays as it was.
    Unseen,
    /// What is shown has changed; the newest revision.
    Seen(u64),
}

/// The leg's time is over: leave memory and the list of what is restored.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Retire;

/// A person removes the leg: leave memory and the list of what is restored, at whatever time. Answers once
/// that is durable, with `false` where nothing is known of the leg.
#[derive(Message)]
#[rtype(result = "Result<bool, SinkError>")]
pub struct Remove;

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

/// What was made of a copy of the durable state: if the log fails, nothing has happened.
struct Merged<T> {
    next: Flight,
    answer: T,
    changes: Vec<Change>,
    /// Whether it is worth keeping.
    learnt: bool,
}

fn merge(base: &Base, reports: &[Report], now: DateTime<Utc>) -> Merged<Vec<Outcome>> {
    let mut next = (*base.state).clone();
    let (mut outcomes, mut changes, mut learnt) = (Vec::new(), Vec::new(), false);
    for report in reports {
        let outcome = match next.apply(report, now) {
            Ok(Applied::Unchanged) => Outcome::Unchanged,
            Ok(Applied::Confirmed) => {
                learnt = true;
                Outcome::Unchanged
            }
            Ok(Applied::Changed(change)) => {
                learnt = true;
                changes.push(change);
                Outcome::Changed(next.rev)
            }
            Err(refused) => Outcome::Rejected(refused.to_string()),
        };
        outcomes.push(outcome);
    }
    if base.state.rev == 0 && learnt && is_over(&next, now) {
        outcomes = vec![Outcome::Rejected(retired(&base.state.leg)); reports.len()];
        learnt = false;
    }
    note_corrections_not_shown(&base.state, &next, reports, &mut outcomes);
    Merged { next, answer: outcomes, changes, learnt }
}

/// Has a human told of each correction that is new and yields to another feed's claim, once.
fn note_corrections_not_shown(before: &Flight, next: &Flight, reports: &[Report], outcomes: &mut [Outcome]) {
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

fn amend(base: &Base, amendment: &Amendment, now: DateTime<Utc>) -> Merged<Option<Amended>> {
    let mut next = (*base.state).clone();
    let applied = match amendment {
        Amendment::TakeOver(order) => next.set_override(order.clone(), now),
        Amendment::GiveBack { field, by } => {
            // An order whose end has come gives the field back.
            let over = Override { field: *field, value: None, set_by: by.clone(), set_at: now, until: now };
            next.set_override(over, now)
        }
        Amendment::Lapse => next.expire_overrides(now),
    };
    let learnt = applied != Applied::Unchanged;
    let (amended, changes) = match applied {
        Applied::Unchanged => (Amended::Nothing, Vec::new()),
        Applied::Confirmed => (Amended::Unseen, Vec::new()),
        Applied::Changed(change) => (Amended::Seen(change.rev), vec![change]),
    };
    // Of a leg without a revision nothing is known yet: its first report may still be refused.
    let answer = (base.state.rev > 0).then_some(amended);
    Merged { next, answer, changes, learnt }
}

/// Has what `make` makes of the durable state made durable. Where another node was faster, it makes
/// it anew of what that node made. `None` where there is no such leg any more.
async fn settle<T>(
    hub: &Hub,
    leg: &LegId,
    make: impl Fn(&Base, DateTime<Utc>) -> Merged<T>,
) -> Result<Option<T>, SinkError> {
    for _ in 0..TRIES_MAX {
        let Some(base) = hub.base(leg) else { return Ok(None) };
        let Merged { next, answer, changes, learnt } = make(&base, hub.clock().now());
        if !learnt {
            return Ok(Some(answer));
        }
        match hub.commit(base, Arc::new(next), changes).await {
            Ok(()) => return Ok(Some(answer)),
            Err(StoreError::Conflict { leg, rev }) => {
                hub.metrics().append_conflicts.inc();
                tracing::info!(flight.leg = %leg, rev, "another node was faster; merging anew");
            }
            Err(fault) => return Err(SinkError::NotDurable(fault)),
        }
    }
    Err(busy(leg))
}

fn busy(leg: &LegId) -> SinkError {
    let reason = format!("{leg} is written by another node at the same time");
    SinkError::NotDurable(StoreError::Unavailable { store: "the change log", reason })
}

async fn remove(hub: &Hub, leg: &LegId) -> Result<bool, SinkError> {
    for _ in 0..TRIES_MAX {
        let Some(base) = hub.base(leg).filter(|base| base.state.rev > 0) else { return Ok(false) };
        match hub.forget(leg, base.version).await {
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

    fn handle(&mut self, Apply { reports, places }: Apply, _: &mut Context<Self>) -> Self::Result {
        let (hub, leg) = (self.hub.clone(), self.leg.clone());
        let applied = async move {
            let _places = places;
            let outcomes = settle(&hub, &leg, |base, now| merge(base, &reports, now)).await?;
            Ok(outcomes.unwrap_or_else(|| vec![Outcome::Rejected(retired(&leg)); reports.len()]))
        };
        AtomicResponse::new(Box::pin(applied.into_actor(self).map(|answer, actor, context| {
            actor.leave_if_nobody_knows_it(context);
            answer
        })))
    }
}

impl Handler<Amend> for FlightActor {
    type Result = AtomicResponse<Self, Result<Option<Amended>, SinkError>>;

    fn handle(&mut self, Amend(amendment): Amend, _: &mut Context<Self>) -> Self::Result {
        let (hub, leg) = (self.hub.clone(), self.leg.clone());
        let amended = async move {
            let amended = settle(&hub, &leg, |base, now| amend(base, &amendment, now)).await?;
            Ok(amended.flatten())
        };
        AtomicResponse::new(Box::pin(amended.into_actor(self)))
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
