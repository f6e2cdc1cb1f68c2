//! What [`Leases`] must do.

use domain::ports::{LEASE_NAME_BYTES_MAX, Lease, Leases};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;

/// How long a dropped lease may take to become free.
const GIVEN_BACK_MAX: Duration = Duration::from_secs(5);
/// Between two looks.
const STEP: Duration = Duration::from_millis(10);

/// Runs every case. `make` opens another node's handle on the same place each time; the names of
/// the nodes differ. Names of leases are the suite's own, so the place need not be empty.
pub async fn suite<L: Leases>(mut make: impl AsyncFnMut(&str) -> L) {
    let (one, other) = (make("one").await, make("other").await);
    the_first_to_ask_is_given_it(&one, &other).await;
    a_lease_is_not_given_twice_to_one_node(&one).await;
    a_dropped_lease_comes_back(&one, &other).await;
    leases_of_different_names_do_not_meet(&one, &other).await;
    many_ask_at_once_and_one_is_given_it(&one, &other).await;
    an_invalid_lease_name_is_refused(&one).await;
    drop((one, other));
    a_node_that_leaves_gives_all_back(&mut make).await;
}

async fn the_first_to_ask_is_given_it(one: &impl Leases, other: &impl Leases) {
    let lease = taken(one, "feed/jfk").await.expect("the lease is free");
    assert!(lease.still_held().await);
    assert!(taken(other, "feed/jfk").await.is_none(), "it has an owner");
    assert!(lease.still_held().await, "asking in vain does not take it away");
    lease.release().await;
    let lease = taken(other, "feed/jfk").await.expect("it was given back before release answered");
    assert!(lease.still_held().await);
    lease.release().await;
}

async fn a_lease_is_not_given_twice_to_one_node(node: &impl Leases) {
    let lease = taken(node, "feed/lga").await.expect("the lease is free");
    assert!(taken(node, "feed/lga").await.is_none(), "this node has it already");
    lease.release().await;
    taken(node, "feed/lga").await.expect("and has it no more").release().await;
}

async fn a_dropped_lease_comes_back(one: &impl Leases, other: &impl Leases) {
    drop(taken(one, "feed/ewr").await.expect("the lease is free"));
    awaited(other, "feed/ewr").await.release().await;
}

async fn leases_of_different_names_do_not_meet(one: &impl Leases, other: &impl Leases) {
    let names: Vec<_> = (0..50).map(|n| format!("feed/{n}")).collect();
    let mut held = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let lease = if n % 2 == 0 { taken(one, name).await } else { taken(other, name).await };
        held.push(lease.expect("the lease is free"));
    }
    assert!(join_all(held.iter().map(|lease| lease.still_held())).await.into_iter().all(|held| held));
    held.remove(0).release().await;
    assert!(join_all(held.iter().map(|lease| lease.still_held())).await.into_iter().all(|held| held));
    assert!(taken(other, &names[0]).await.is_some());
    join_all(held.into_iter().map(|lease| lease.release())).await;
}

async fn many_ask_at_once_and_one_is_given_it(one: &impl Leases, other: &impl Leases) {
    let asked = (0..20).map(|n| async move {
        let name: Arc<str> = "feed/many".into();
        if n % 2 == 0 { one.try_take(name).await } else { other.try_take(name).await }
    });
    let given: Vec<_> =
        join_all(asked).await.into_iter().filter_map(|lease| lease.expect("an answer")).collect();
    assert_eq!(given.len(), 1);
    join_all(given.into_iter().map(|lease| lease.release())).await;
}

async fn an_invalid_lease_name_is_refused(node: &impl Leases) {
    let longest = "x".repeat(LEASE_NAME_BYTES_MAX);
    taken(node, &longest).await.expect("a long name is a name").release().await;
    for name in ["", "a\0b", &format!("{longest}x")] {
        assert!(taken(node, name).await.is_none(), "{name:?}");
    }
}

async fn a_node_that_leaves_gives_all_back<L: Leases>(make: &mut impl AsyncFnMut(&str) -> L) {
    let (leaving, staying) = (make("leaving").await, make("staying").await);
    let leases = (taken(&leaving, "feed/a").await, taken(&leaving, "feed/b").await);
    assert!(leases.0.is_some() && leases.1.is_some());
    drop(leaving);
    drop(leases);
    for name in ["feed/a", "feed/b"] {
        awaited(&staying, name).await.release().await;
    }
}

async fn taken(node: &impl Leases, name: &str) -> Option<Box<dyn Lease>> {
    node.try_take(name.into()).await.expect("an answer")
}

/// Takes a lease that is being given back.
async fn awaited(node: &impl Leases, name: &str) -> Box<dyn Lease> {
    for _ in 0..GIVEN_BACK_MAX.as_millis() / STEP.as_millis() {
        if let Some(lease) = taken(node, name).await {
            return lease;
        }
        tokio::time::sleep(STEP).await;
    }
    panic!("{name} was not given back within {GIVEN_BACK_MAX:?}");
}
