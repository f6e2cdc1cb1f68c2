//! The unique name of this node. Kafka uses it to give a restarted hub its flights back at once. If two hubs
//! had one name, Kafka would take the flights from the first.

use crate::time::monotonic;
use anyhow::Context as _;
use domain::ports::{Lease, Leases};
use std::sync::Arc;
use std::time::Duration;

/// How long a start waits for the name: the previous process of this node may have ended a moment ago.
const NAME_WAIT: Duration = Duration::from_secs(3);
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// How often the node checks that it still holds its name.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// Takes the name for the lifetime of the process. Fails if another running hub holds it.
pub(super) async fn take(leases: Arc<dyn Leases>, node: &str) -> anyhow::Result<()> {
    let name: Arc<str> = format!("node/{node}").into();
    let began = monotonic();
    let lease = loop {
        let taken = leases.try_take(name.clone()).await;
        if let Some(lease) = taken.context("cannot lock the name of this node")? {
            break lease;
        }
        if began.elapsed() > NAME_WAIT {
            anyhow::bail!(
                "node.name: another running hub has the name {node:?}; give each node its own name"
            );
        }
        tokio::time::sleep(ASK_AGAIN).await;
    };
    drop(actix_rt::spawn(hold(leases, name, lease)));
    Ok(())
}

/// Takes the name again after the connection to PostgreSQL was lost.
async fn hold(leases: Arc<dyn Leases>, name: Arc<str>, lease: Box<dyn Lease>) {
    let mut lease = Some(lease);
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        let is_held = match &lease {
            Some(held) => held.still_held().await,
            None => false,
        };
        if is_held {
            continue;
        }
        lease = match leases.try_take(name.clone()).await {
            Ok(Some(taken)) => Some(taken),
            Ok(None) => {
                tracing::warn!(name = &*name, "another PostgreSQL session holds the name of this node");
                None
            }
            // PostgreSQL is unavailable; readiness reports it.
            Err(fault) => {
                tracing::debug!(%fault, "this node does not hold its name at present");
                None
            }
        };
    }
}
