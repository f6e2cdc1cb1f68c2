//! Endpoints for the operator: feed keys, names, overrides, removals, and the quarantine. Without a configured
//! operator key they answer 404.
//!
//! | module | contents |
//! |---|---|
//! | `quarantine` | unusable messages and reports |
//! | `doubtful` | implausible flight times |
//! | `feed_keys` | keys of pushed feeds in the directory |
//! | `reference_names` | names of airports and airlines |
//! | `overrides` | manual overrides of fields |
//! | `removals` | removal of flights |
//!
//! ## The audit
//!
//! The hub does not distinguish the holders of the operator's key. The header `X-Operator` may name the person;
//! the audit records it unverified, because a holder of the key may do everything anyway. The audit informs
//! successors and is no proof. It is not public.

pub(super) mod doubtful;
pub(super) mod feed_keys;
pub(super) mod overrides;
pub(super) mod quarantine;
pub(super) mod reference_names;
pub(super) mod removals;

use crate::app::App;
use crate::problem::Problem;
use crate::query::whole;
use actix_web::http::StatusCode;
use actors::hub::OperatorError;
use domain::ports::SinkError;
use domain::ports::StoreError;
use serde::Deserialize;

/// The query of the lists: at most 100 rows by default.
#[derive(Deserialize)]
pub(in crate::http) struct LimitQuery {
    #[serde(default = "LimitQuery::default_rows", deserialize_with = "whole::<1, 1_000, _>")]
    limit: u64,
}

impl LimitQuery {
    fn default_rows() -> u64 {
        100
    }
}

fn away(fault: StoreError) -> Problem {
    Problem::unavailable(&fault.to_string())
}

/// Reads the directory again, so that a change applies on this node at once.
async fn read_again(app: &App) {
    if let Err(fault) = app.directory_cache.read(&*app.directory).await {
        tracing::warn!(%fault, "the change is stored, and applies here when the directory is readable again");
    }
}

fn unknown() -> Problem {
    Problem::not_found(&OperatorError::UnknownLeg.to_string())
}

fn command_failed(why: OperatorError) -> Problem {
    match why {
        OperatorError::UnknownLeg => unknown(),
        OperatorError::Unavailable(full @ SinkError::Full { .. }) => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS).detail(full.to_string()).retry_after(1)
        }
        OperatorError::Unavailable(fault) => Problem::unavailable(&fault.to_string()),
    }
}
