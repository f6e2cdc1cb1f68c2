//! Two nodes over one log that is written and told in memory, as Kafka does it.
//!
//! | module | holds |
//! |---|---|
//! | `shared_log` | the log, of which every node has an end |
//! | `node` | a hub with its bridge, and what its listeners hear |
//! | `archive` | where what cannot be used is kept |
//! | `journal` | a journal that delivers reports, and the tests of it |

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "../doubles/archive.rs"]
mod archive;
mod journal;
mod node;
mod shared_log;

use crate::node::{at, gate, node, run, two_nodes, until};
use crate::shared_log::Shared;
use chrono::TimeDelta;
use domain::field::{Field, Value};
use domain::flight::Override;
use domain::ports::*;
use gatecall_actors::flight::Amended;
use gatecall_actors::hub::Lapsed;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wire::frame::FrameKind;

#[test]
fn a_change_is_shown_on_every_node_from_the_log_the_first_as_a_state() {
    run(async || {
        let (shared, one, other) = two_nodes().await;
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        assert_eq!(*one.heard.lock().unwrap(), ["state 1"], "shown before it was answered");
        let outcomes = other.hub.accept(vec![gate(1, "14")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(2)], "the other node goes on where the first ended");
        one.until_heard("change 2").await;
        other.until_heard("change 2").await;
        let leg = gate(0, "12").key.id();
        let (here, there) = (one.hub.live(&leg).unwrap(), other.hub.live(&leg).unwrap());
        assert_eq!((here.rev, here.json()), (2, there.json()));
        let late = node(&shared, None, Arc::default()).await;
        assert_eq!(late.hub.live(&leg).unwrap().json(), here.json(), "who comes later begins with it");
        let again = late.hub.accept(vec![gate(1, "14")]).await.unwrap();
        assert_eq!(again, [Outcome::Unchanged]);
    });
}

#[test]
fn a_node_that_was_asleep_merges_anew_into_what_the_other_made() {
    run(async || {
        let (shared, one, other) = two_nodes().await;
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        other.until_heard("state 1").await;
        other.log.deaf.store(true, Ordering::SeqCst);
        one.hub.accept(vec![gate(1, "14")]).await.unwrap();
        // It merges into revision 1, of which the log has moved on, and finds out when it hears.
        let hub = other.hub.clone();
        let merging = actix_rt::spawn(async move { hub.accept(vec![gate(2, "16"), gate(1, "14")]).await });
        until("it has written, too late", || *shared.written.lock().unwrap() == 3).await;
        other.log.deaf.store(false, Ordering::SeqCst);
        other.log.hears_again.notify_one();
        let outcomes = merging.await.unwrap().unwrap();
        assert_eq!(outcomes, [Outcome::Changed(3), Outcome::Unchanged]);
        one.until_heard("change 3").await;
        assert_eq!(*one.heard.lock().unwrap(), ["state 1", "change 2", "change 3"]);
        assert_eq!(*other.heard.lock().unwrap(), ["state 1", "change 2", "change 3"]);
        assert_eq!(other.hub.metrics().append_conflicts.get(), 1);
    });
}

#[test]
fn any_node_takes_a_field_over_and_only_the_owner_sees_to_its_end() {
    run(async || {
        let (shared, owner, other) = two_nodes().await;
        other.log.owns.store(false, Ordering::SeqCst);
        owner.hub.accept(vec![gate(0, "12")]).await.unwrap();
        other.until_heard("state 1").await;
        let leg = gate(0, "12").key.id();
        let value = Some(Value::text(Field::DepartureGate, "B9").unwrap());
        let order = Override {
            field: Field::DepartureGate,
            value,
            set_by: "operator".into(),
            set_at: at(60),
            until: at(60) + TimeDelta::milliseconds(1),
        };
        // It hears late of what the owner made meanwhile, and merges anew.
        other.log.deaf.store(true, Ordering::SeqCst);
        owner.hub.accept(vec![gate(1, "14")]).await.unwrap();
        let hub = other.hub.clone();
        let (of, taking) = (leg.clone(), order);
        let taking = actix_rt::spawn(async move { hub.take_over(&of, taking).await });
        until("it has written, too late", || *shared.written.lock().unwrap() == 3).await;
        other.log.deaf.store(false, Ordering::SeqCst);
        other.log.hears_again.notify_one();
        assert_eq!(taking.await.unwrap().unwrap(), Amended::Seen(3));
        assert_eq!(other.hub.metrics().append_conflicts.get(), 1);
        owner.until_heard("change 3").await;
        for node in [&owner, &other] {
            assert_eq!(node.hub.live(&leg).unwrap().view.departure.gate.as_deref(), Some("B9"));
            node.clock.advance(TimeDelta::minutes(1));
        }
        assert_eq!(other.hub.lapse_due(10).await, Lapsed::default(), "it is not this node's leg");
        assert_eq!(owner.hub.lapse_due(10).await, Lapsed { ended: 1, failed: 0 });
        other.until_heard("change 4").await;
        assert_eq!(other.hub.live(&leg).unwrap().view.departure.gate.as_deref(), Some("14"));
    });
}

#[test]
fn what_was_written_over_by_one_who_was_late_is_written_again_without_a_revision() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let one = node(&shared, None, Arc::default()).await;
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        let leg = gate(0, "12").key.id();
        shared.overwritten.lock().unwrap().push(leg.clone());
        until("it is written again", || shared.newest.lock().unwrap()[&leg].0 == Version(2)).await;
        let outcomes = one.hub.accept(vec![gate(1, "14")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(2)], "from the version of what was written again");
        assert_eq!(*one.heard.lock().unwrap(), ["state 1", "change 2"]);
    });
}

#[test]
fn a_leg_is_retired_by_its_owner_and_gone_on_every_node() {
    run(async || {
        let (shared, one, other) = two_nodes().await;
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        other.until_heard("state 1").await;
        let leg = gate(0, "12").key.id();
        assert_eq!(other.hub.retire_due(10).await, 0, "its time is not over");
        let version = shared.newest.lock().unwrap()[&leg].0;
        one.log.retire(leg.clone(), version, one.hub.clock().now()).await.unwrap();
        one.until_heard("gone 0").await;
        other.until_heard("gone 0").await;
        assert!(one.hub.live(&leg).is_none() && other.hub.live(&leg).is_none());
        let outcomes = other.hub.accept(vec![gate(2, "16")]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")), "{outcomes:?}");
        let late = node(&shared, None, Arc::default()).await;
        let outcomes = late.hub.accept(vec![gate(2, "16")]).await.unwrap();
        assert!(
            matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")),
            "who begins later knows it as well: {outcomes:?}"
        );
    });
}

#[test]
fn listeners_are_told_when_the_log_goes_away_and_when_it_is_back() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let one = node(&shared, None, Arc::default()).await;
        assert!(one.hub.warnings().is_empty());
        shared.away.store(true, Ordering::SeqCst);
        one.until_heard("upstream false").await;
        assert_eq!(one.hub.warnings()[0].kind(), FrameKind::Upstream, "who comes now is told as well");
        shared.away.store(false, Ordering::SeqCst);
        one.until_heard("upstream true").await;
        assert!(one.hub.warnings().is_empty());
        assert_eq!(*one.heard.lock().unwrap(), ["upstream false", "upstream true"]);
    });
}
