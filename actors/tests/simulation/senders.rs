//! Sources that keep each report until the hub has answered it, and an operator.

use crate::checks::Invariant;
use crate::node::Node;
use crate::random::Random;
use crate::site::Site;
use crate::stories::{Feed, Sent, StoryLeg};
use chrono::TimeDelta;
use domain::clock::Clock;
use domain::field::{Field, Value};
use domain::flight::Override;
use domain::leg::LegId;
use domain::ports::Outcome;
use domain::report::Report;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Reports that were answered as queued, of which it is not known yet what becomes of them.
pub(crate) type Queued = Rc<RefCell<Vec<Sent>>>;

/// Sends the reports of a source. Ends once all are answered.
pub(crate) async fn send_all(site: Rc<Site>, feed: Feed, queued: Queued) {
    let random = Rc::new(Random::of(site.seed, &feed.name));
    let mut posts = Vec::new();
    let mut reports = feed.reports.into_iter().peekable();
    while let Some(first) = reports.next() {
        let most = random.between(1..=4) as usize;
        let mut batch = vec![first];
        while batch.len() < most
            && !batch[0].is_correction
            && let Some(next) = reports.next_if(|next| !next.is_correction)
        {
            batch.push(next);
        }
        let due = batch.iter().map(|sent| sent.at).max().unwrap_or_default();
        tokio::time::sleep(due.saturating_sub(site.clock.elapsed())).await;
        // Several posts of one source overlap and overtake each other.
        posts.push(actix_rt::spawn(post(site.clone(), random.clone(), batch, queued.clone())));
    }
    for post in posts {
        post.await.unwrap();
    }
}

async fn post(site: Rc<Site>, random: Rc<Random>, batch: Vec<Sent>, queued: Queued) {
    while batch[0].is_correction && !site.has_identifier(&batch[0].leg) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let reports: Vec<Report> = batch.iter().map(|sent| sent.report.clone()).collect();
    loop {
        let Some(node) = site.any(&random) else {
            tokio::time::sleep(random.millis(100..=1_000)).await;
            continue;
        };
        let were_live: Vec<bool> = batch.iter().map(|sent| site.record.is_live(&sent.leg)).collect();
        // Some senders give up and try again while their first post is still in progress.
        let patience = if random.percent(10) { random.millis(5..=500) } else { Duration::from_secs(30) };
        match tokio::time::timeout(patience, node.accept(reports.clone())).await {
            Ok(Some(Ok(outcomes))) => {
                let answers = batch.into_iter().zip(outcomes).zip(were_live);
                return answers.for_each(|((sent, outcome), was_live)| {
                    settle(&site, sent, &outcome, was_live, &queued);
                });
            }
            Ok(Some(Err(fault))) => {
                site.checks.note(format_args!("{} refused: {fault}", reports[0].source.name));
            }
            Ok(None) | Err(_) => site.checks.note(format_args!("{} gets no answer", reports[0].source.name)),
        }
        tokio::time::sleep(random.millis(50..=1_500)).await;
    }
}

fn settle(site: &Site, sent: Sent, outcome: &Outcome, was_live: bool, queued: &Queued) {
    let Sent { leg, report, .. } = &sent;
    site.checks.note(format_args!("{} of {} on {leg}: {outcome:?}", report.source.name, report.observed_at));
    match outcome {
        Outcome::Changed(_) | Outcome::Unchanged | Outcome::MergedUnderCorrectedKey { .. } => {
            site.checks.check(
                Invariant::RejectionsAreJustified,
                !sent.is_future,
                format_args!("{leg}: a report of the future was merged"),
            );
            site.record.answered(leg, report.clone());
        }
        Outcome::Queued => queued.borrow_mut().push(sent),
        Outcome::Rejected(reason) => check_rejection(site, &sent, reason, was_live),
    }
}

/// Checks that the reason of a rejection holds.
pub(crate) fn check_rejection(site: &Site, sent: &Sent, reason: &str, was_live: bool) {
    let Sent { leg, report, .. } = sent;
    let has_ended = site.record.has_ended(leg);
    let is_justified = match reason {
        // A leg is not begun after its time either.
        _ if reason.contains("has been retired") => has_ended || !was_live,
        _ if reason.contains("in the future") => sent.is_future,
        _ if reason.contains("may only add") || reason.contains("came before its flight") => {
            !report.source.creates && (!was_live || has_ended)
        }
        _ => false,
    };
    site.checks.check(
        Invariant::RejectionsAreJustified,
        is_justified,
        format_args!("{leg}, known: {was_live}, ended: {has_ended}: {reason}"),
    );
}

/// More than the clocks of two nodes differ, in real seconds.
const CLOCKS_DIFFER_MAX_S: f64 = 3.0;

/// Sets, clears and removes by hand, until it is calm.
pub(crate) async fn operate(site: Rc<Site>, legs: Vec<StoryLeg>) {
    let random = Random::of(site.seed, "operator");
    loop {
        tokio::time::sleep(random.millis(500..=7_000)).await;
        if site.is_calm.get() {
            return;
        }
        let StoryLeg { id: leg, is_corrected } = random.pick(&legs);
        let Some(node) = site.any(&random) else { continue };
        // A leg is removed only if the hub already knows its correction.
        let may_remove = !is_corrected || site.record.is_corrected(&leg);
        let action = random.between(0..=if may_remove { 19 } else { 18 });
        let answered = node.request(operate_once(&site, &node, &leg, &random, action)).await;
        site.checks.note(format_args!("operator, action {action} on {leg}: answered {}", answered.is_some()));
    }
}

async fn operate_once(site: &Site, node: &Node, leg: &LegId, random: &Random, action: u64) {
    let field = random.pick(&[Field::DepartureGate, Field::Remark]);
    let set_at = node.hub.clock().now();
    let lasts_s = (random.between(1..=40) as f64 * site.clock.speed()) as i64;
    let value = Value::text(field, &format!("M{}", random.between(1..=9))).ok();
    let order = Override {
        field,
        value,
        set_by: "operator".into(),
        set_at,
        until: set_at + TimeDelta::seconds(lasts_s),
    };
    let ahead = TimeDelta::seconds((CLOCKS_DIFFER_MAX_S * site.clock.speed()) as i64);
    let durable = |wanted: &dyn Fn(&Override) -> bool| {
        let state = site.record.state(leg).filter(|_| !site.record.has_ended(leg));
        state.map(|flight| flight.overrides.iter().any(wanted))
    };
    let is_kept = match action {
        0..=11 => match node.hub.set_override(leg, order.clone()).await {
            // Another node, whose clock is ahead, may have ended it already.
            Ok(_) => {
                durable(&|kept| *kept == order) != Some(false)
                    || node.hub.clock().now() + ahead >= order.until
            }
            Err(_) => true,
        },
        12..=18 => match node.hub.clear_override(leg, field, "operator".into()).await {
            Ok(_) => durable(&|kept| kept.field == field) != Some(true),
            Err(_) => true,
        },
        _ => !matches!(node.hub.remove(leg).await, Ok(true)) || site.record.has_ended(leg),
    };
    site.checks.check(
        Invariant::AnsweredReportsAreKept,
        is_kept,
        format_args!("action {action} of the operator on {leg} is answered and not durable"),
    );
}
