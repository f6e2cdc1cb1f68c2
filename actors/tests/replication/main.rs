//! Tests of two nodes over one log in memory, which behaves like Kafka.
//!
//! | module | contains |
//! |---|---|
//! | `shared_log` | the log, with a handle per node |
//! | `node` | a hub with its `KafkaBridge`, and what its connections receive |
//! | `archive` | an archive that a test can inspect |
//! | `journal` | a journal that passes reports to one node, and its tests |

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

#[path = "../doubles/archive.rs"]
mod archive;
mod journal;
mod node;
#[path = "../doubles/shared_log.rs"]
mod shared_log;

use crate::node::{at, gate, node, run, two_nodes, until};
use crate::shared_log::Shared;
use chrono::TimeDelta;
use domain::field::{Field, Value};
use domain::flight::Override;
use domain::ports::*;
use gatecall_actors::flight::OverrideOutcome;
use gatecall_actors::hub::ExpiredOverrides;
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[test]
fn every_node_publishes_a_change_from_the_log_and_the_first_as_a_state() {
    run(async || {
        let (shared, one, other) = two_nodes().await;
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        assert_eq!(*one.received.lock().unwrap(), ["state 1"], "published before the answer");
        let outcomes = other.hub.accept(vec![gate(1, "14")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(2)], "the other node continues from the first one's state");
        one.until_received("change 2").await;
        other.until_received("change 2").await;
        let leg = gate(0, "12").key.id();
        let (here, there) =
            (one.hub.flight_snapshot(&leg).unwrap(), other.hub.flight_snapshot(&leg).unwrap());
        assert_eq!((here.rev, here.json()), (2, there.json()));
        let late = node(&shared, None, Arc::default()).await;
        assert_eq!(
            late.hub.flight_snapshot(&leg).unwrap().json(),
            here.json(),
            "a later node starts with it"
        );
        let again = late.hub.accept(vec![gate(1, "14")]).await.unwrap();
        assert_eq!(again, [Outcome::Unchanged]);
    });
}

#[test]
fn a_node_that_lags_merges_again_after_a_conflict() {
    run(async || {
        let (shared, one, other) = two_nodes().await;
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        other.until_received("state 1").await;
        other.log.paused.store(true, Ordering::SeqCst);
        one.hub.accept(vec![gate(1, "14")]).await.unwrap();
        // It merges into revision 1, which is outdated, and learns that when it reads on.
        let hub = other.hub.clone();
        let merging = actix_rt::spawn(async move { hub.accept(vec![gate(2, "16"), gate(1, "14")]).await });
        until("its late entry is written", || *shared.written.lock().unwrap() == 3).await;
        other.log.paused.store(false, Ordering::SeqCst);
        other.log.resumed.notify_one();
        let outcomes = merging.await.unwrap().unwrap();
        assert_eq!(outcomes, [Outcome::Changed(3), Outcome::Unchanged]);
        one.until_received("change 3").await;
        assert_eq!(*one.received.lock().unwrap(), ["state 1", "change 2", "change 3"]);
        assert_eq!(*other.received.lock().unwrap(), ["state 1", "change 2", "change 3"]);
        assert_eq!(other.hub.metrics().append_conflicts.get(), 1);
    });
}

#[test]
fn any_node_sets_an_override_and_only_the_owner_expires_it() {
    run(async || {
        let (shared, owner, other) = two_nodes().await;
        other.log.owns.store(false, Ordering::SeqCst);
        owner.hub.accept(vec![gate(0, "12")]).await.unwrap();
        other.until_received("state 1").await;
        let leg = gate(0, "12").key.id();
        let value = Some(Value::text(Field::DepartureGate, "B9").unwrap());
        let order = Override {
            field: Field::DepartureGate,
            value,
            set_by: "operator".into(),
            set_at: at(60),
            until: at(60) + TimeDelta::milliseconds(1),
        };
        // It learns late of the change that the owner made, and merges again.
        other.log.paused.store(true, Ordering::SeqCst);
        owner.hub.accept(vec![gate(1, "14")]).await.unwrap();
        let hub = other.hub.clone();
        let (of, taking) = (leg.clone(), order);
        let taking = actix_rt::spawn(async move { hub.set_override(&of, taking).await });
        until("its late entry is written", || *shared.written.lock().unwrap() == 3).await;
        other.log.paused.store(false, Ordering::SeqCst);
        other.log.resumed.notify_one();
        assert_eq!(taking.await.unwrap().unwrap(), OverrideOutcome::Shown(3));
        assert_eq!(other.hub.metrics().append_conflicts.get(), 1);
        owner.until_received("change 3").await;
        for node in [&owner, &other] {
            assert_eq!(node.hub.flight_snapshot(&leg).unwrap().view.departure.gate.as_deref(), Some("B9"));
            node.clock.advance(TimeDelta::minutes(1));
        }
        assert_eq!(
            other.hub.expire_overrides(10).await,
            ExpiredOverrides::default(),
            "this node does not own the leg"
        );
        assert_eq!(owner.hub.expire_overrides(10).await, ExpiredOverrides { ended: 1, failed: 0 });
        other.until_received("change 4").await;
        assert_eq!(other.hub.flight_snapshot(&leg).unwrap().view.departure.gate.as_deref(), Some("14"));
    });
}

#[test]
fn a_superseded_entry_is_rewritten_without_a_new_revision() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let one = node(&shared, None, Arc::default()).await;
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        let leg = gate(0, "12").key.id();
        shared.overwritten.lock().unwrap().push(leg.clone());
        until("it is rewritten", || shared.newest.lock().unwrap()[&leg].0 == Version(2)).await;
        let outcomes = one.hub.accept(vec![gate(1, "14")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Changed(2)], "based on the rewritten version");
        assert_eq!(*one.received.lock().unwrap(), ["state 1", "change 2"]);
    });
}

#[test]
fn a_leg_that_its_owner_retires_is_gone_on_every_node() {
    run(async || {
        let (shared, one, other) = two_nodes().await;
        one.hub.accept(vec![gate(0, "12")]).await.unwrap();
        other.until_received("state 1").await;
        let leg = gate(0, "12").key.id();
        assert_eq!(other.hub.retire_due(10).await, 0, "it is not due");
        let version = shared.newest.lock().unwrap()[&leg].0;
        one.log.retire(leg.clone(), version, one.hub.clock().now()).await.unwrap();
        one.until_received("gone 0").await;
        other.until_received("gone 0").await;
        assert!(one.hub.flight_snapshot(&leg).is_none() && other.hub.flight_snapshot(&leg).is_none());
        let outcomes = other.hub.accept(vec![gate(2, "16")]).await.unwrap();
        assert!(matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")), "{outcomes:?}");
        let late = node(&shared, None, Arc::default()).await;
        let outcomes = late.hub.accept(vec![gate(2, "16")]).await.unwrap();
        assert!(
            matches!(&outcomes[0], Outcome::Rejected(why) if why.contains("retired")),
            "a later node knows the retirement: {outcomes:?}"
        );
    });
}

#[test]
fn connections_get_upstream_when_the_log_is_lost_and_when_it_is_back() {
    run(async || {
        let shared = Arc::<Shared>::default();
        let one = node(&shared, None, Arc::default()).await;
        assert!(one.hub.staleness_frames().is_empty());
        shared.away.store(true, Ordering::SeqCst);
        one.until_received("upstream false").await;
        assert_eq!(
            one.hub.staleness_frames()[0].kind(),
            wire::frame::FrameKind::Upstream,
            "a new connection gets it too"
        );
        shared.away.store(false, Ordering::SeqCst);
        one.until_received("upstream true").await;
        assert!(one.hub.staleness_frames().is_empty());
        assert_eq!(*one.received.lock().unwrap(), ["upstream false", "upstream true"]);
    });
}
