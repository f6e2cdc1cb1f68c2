//! The name of this node, which no other may have: by it Kafka gives a hub that is started again its flights
//! back at once, and takes them from the first of two that run under one name.

use crate::time::monotonic;
use anyhow::Context as _;
use domain::ports::{Lease, Leases};
use std::sync::Arc;
use std::time::Duration;

/// How long a start waits for the name. The last life of this node may have ended a moment ago.
const NAME_WAIT: Duration = Duration::from_secs(3);
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Between two looks whether the name is still this node's.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Takes the name for as long as the process lives. An error where another hub that runs has it.
pub(super) async fn take(leases: Arc<dyn Leases>, node: &str) -> anyhow::Result<()> {
    let name: Arc<str> = format!("node/{node}").into();
    let began = monotonic();
    let lease = loop {
        let taken = leases.try_take(name.clone()).await;
        if let Some(lease) = taken.context("the name of this node cannot be taken")? {
            break lease;
        }
        if began.elapsed() > NAME_WAIT {
            anyhow::bail!(
                "node.name: another hub that runs is called {node:?} too; give each a name of its own"
            );
        }
        tokio::time::sleep(ASK_AGAIN).await;
    };
    drop(actix_rt::spawn(hold(leases, name, lease)));
    Ok(())
}

/// Takes the name anew when it was lost with the connection to PostgreSQL.
async fn hold(leases: Arc<dyn Leases>, name: Arc<str>, lease: Box<dyn Lease>) {
    let mut lease = Some(lease);
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
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
                tracing::warn!(
                    name = &*name,
                    "the name of this node is held by another session of PostgreSQL"
                );
                None
            }
            // PostgreSQL is away, which readiness says.
            Err(fault) => {
                tracing::debug!(%fault, "the name of this node is not held at present");
                None
            }
        };
    }
}
