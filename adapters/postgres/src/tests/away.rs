//! What happens while PostgreSQL is unreachable, and after its return.

use super::database::{Database, open};
use super::{LEEWAY, feed, short, taken};
use crate::{Postgres, PostgresLimits, RETURN_MAX};
use domain::ports::{Directory, Lease, Leases, StoreError};
use std::sync::atomic::Ordering;
use std::time::Duration;
use testing::tcp_proxy::TcpProxy;
use tokio::time::Instant;

#[tokio::test]
async fn calls_fail_soon_while_the_server_is_down_and_then_work_again() {
    let Some(database) = Database::migrated().await else { return };
    let mut proxy = TcpProxy::start(&database.host()).await;
    let hub = open(&database.url_through(proxy.address.port()), "one", short());
    hub.note_feeds(vec![feed("jfk")]).await.unwrap();
    for _ in 0..2 {
        proxy.stop().await;
        for _ in 0..3 {
            unavailable_soon(&hub).await;
        }
        proxy.listen().await;
        assert_eq!(hub.feeds().await.unwrap(), [feed("jfk")], "the first call after it is back");
    }
    hub.check().await.unwrap();
}

#[tokio::test]
async fn calls_fail_soon_while_the_network_drops_everything_and_then_work_again() {
    let Some(database) = Database::migrated().await else { return };
    let proxy = TcpProxy::start(&database.host()).await;
    let hub = open(&database.url_through(proxy.address.port()), "one", short());
    hub.note_feeds(vec![feed("jfk")]).await.unwrap();
    let lease = taken(&hub).await.unwrap();
    proxy.blackhole(true);
    for _ in 0..3 {
        unavailable_soon(&hub).await;
    }
    let begun = Instant::now();
    assert!(!lease.still_held().await, "a lease cannot be confirmed without a connection");
    let asked = hub.try_take("feed/other".into()).await;
    assert!(matches!(asked, Err(StoreError::Unavailable { .. })));
    assert!(begun.elapsed() < short().connect + short().lease_ask * 2 + LEEWAY);
    proxy.blackhole(false);
    assert_eq!(hub.feeds().await.unwrap(), [feed("jfk")]);
    assert!(!lease.still_held().await, "it was lost for good");
    drop(lease);
    assert!(taken(&hub).await.is_none(), "the server has not noticed yet");
    proxy.cut();
    awaited(&hub).await.release().await;
}

#[tokio::test]
async fn connections_lost_after_their_call_do_not_block_the_pool() {
    let Some(database) = Database::migrated().await else { return };
    let proxy = TcpProxy::start(&database.host()).await;
    let one = PostgresLimits { connections_max: 1, ..short() };
    let hub = open(&database.url_through(proxy.address.port()), "one", one);
    let switch = proxy.blackhole_switch();
    hub.call(move |connection| {
        Box::pin(async move {
            sqlx::query("SELECT 1").execute(connection).await?;
            switch.store(true, Ordering::SeqCst);
            Ok(())
        })
    })
    .await
    .unwrap();
    unavailable_soon(&hub).await;
    proxy.blackhole(false);
    tokio::time::sleep(RETURN_MAX + Duration::from_millis(500)).await;
    assert_eq!(hub.feeds().await.unwrap(), []);
}

#[tokio::test]
async fn a_node_that_loses_its_connection_loses_its_leases_and_notices() {
    let Some(database) = Database::migrated().await else { return };
    let mut proxy = TcpProxy::start(&database.host()).await;
    let hub = open(&database.url_through(proxy.address.port()), "one", short());
    let other = database.open("other");
    let lease = taken(&hub).await.unwrap();
    assert!(taken(&other).await.is_none());
    assert_eq!(holder(&database).await.as_deref(), Some("one"));
    proxy.stop().await;
    let theirs = awaited(&other).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!lease.still_held().await);
    assert!(theirs.still_held().await);
    assert_eq!(holder(&database).await.as_deref(), Some("other"));
    assert!(matches!(hub.try_take("feed/x".into()).await, Err(StoreError::Unavailable { .. })));
    proxy.listen().await;
    assert!(taken(&hub).await.is_none(), "the other has it");
    // A lost lease is not released in place of its new holder.
    lease.release().await;
    assert!(taken(&hub).await.is_none());
    theirs.release().await;
    assert_eq!(holder(&database).await, None);
    taken(&hub).await.expect("the lease is free").release().await;
}

#[tokio::test]
async fn a_session_ended_by_the_server_has_no_leases() {
    let Some(database) = Database::migrated().await else { return };
    let hub = open(&database.url(), "one", short());
    let lease = taken(&hub).await.unwrap();
    assert!(lease.still_held().await);
    let ending = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
                  WHERE application_name = 'gatecall one' AND datname = current_database()";
    assert_eq!(database.one(ending).await.as_deref(), Some("true"));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(!lease.still_held().await);
    let again = taken(&hub).await.expect("the next try makes a new connection");
    assert!(again.still_held().await && !lease.still_held().await);
    // The late release of the old lease does not take the new one away.
    lease.release().await;
    assert!(again.still_held().await && taken(&hub).await.is_none());
}

async fn unavailable_soon(hub: &Postgres) {
    let begun = Instant::now();
    let outcome = hub.feeds().await;
    assert!(matches!(outcome, Err(StoreError::Unavailable { .. })), "{outcome:?}");
    let took = begun.elapsed();
    assert!(took < short().acquire + short().call_max() + LEEWAY, "it took {took:?}");
}

/// Takes the lease after the server has noticed that its holder is gone.
async fn awaited(node: &Postgres) -> Box<dyn Lease> {
    for _ in 0..500 {
        if let Some(lease) = taken(node).await {
            return lease;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a lease whose holder is gone was not given to another");
}

async fn holder(database: &Database) -> Option<String> {
    database.one("SELECT node FROM lease_holders WHERE name = 'feed/jfk'").await
}
