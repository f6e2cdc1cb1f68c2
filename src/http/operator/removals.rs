//! Removal of flights that a feed created by mistake, or to fill the hub.
//!
//! For each flight the hub writes the audit entry first, to the list of overrides. A removed flight no longer
//! matches the pattern, so a later failure of the audit entry could not be corrected. If the removal fails
//! after the audit entry, the flight still exists, and the same request removes it.

use super::{away, command_failed, unknown};
use crate::app::App;
use crate::http::json_body::Json;
use crate::http::principal::Author;
use crate::problem::Problem;
use crate::query::{NoParameters, Query};
use actix_web::{HttpResponse, web};
use chrono::{DateTime, SubsecRound, Utc};
use domain::field::{Field, Value};
use domain::leg::LegId;
use domain::ports::NewOverride;
use domain::single_line_text::SingleLineText;
use futures_util::stream::{self, StreamExt};
use wire::operator::{RemovalBody, RemovalRequest};
use wire::problem::ProblemBody;
use wire::text::Text;

/// Most flights that one request removes; the answer counts the rest.
const REMOVED_MAX: usize = 1_000;

/// Concurrent removals, so that the stores can write them in groups.
const AT_ONCE: usize = 64;

/// Removes a flight. It leaves all boards at once, and the hub refuses further reports on it. The audit entry is
/// listed with the overrides (`flights/{leg}/overrides`).
#[utoipa::path(
    delete,
    path = "/api/v1/flights/{leg}",
    tag = "operator",
    params(
        ("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL"),
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "The removal is durable"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such flight; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many changes are in progress; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The removal or its audit entry is not durable; send the same request again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn one(
    Author(by): Author,
    _: Query<NoParameters>,
    leg: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let leg = LegId::known(&leg).filter(|leg| app.hub.flight_snapshot(leg).is_some()).ok_or_else(unknown)?;
    let note = Note { by: by.clone(), at: app.hub.clock().now().trunc_subsecs(3), reason: None };
    if !note.remove(&app, leg.clone()).await? {
        return Err(unknown());
    }
    tracing::info!(flight.leg = %leg, operator = %by, "an operator removed a flight");
    Ok(HttpResponse::NoContent().finish())
}

/// Removes up to 1000 flights that match a pattern; repeat it until `left` is 0. Try it first with `dry_run`. The
/// hub refuses further reports on a removed `leg`.
#[utoipa::path(
    post,
    path = "/api/v1/removals",
    tag = "operator",
    params(
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    request_body = RemovalRequest,
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The removals are durable; with `dry_run`, the flights that match", body = RemovalBody),
        (status = 400, description = "The body is invalid; the answer names the key", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many changes are in progress; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Some removals or audit entries are not durable; send the same request again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn many(
    Author(by): Author,
    _: Query<NoParameters>,
    app: web::Data<App>,
    Json(asked): Json<RemovalRequest>,
) -> Result<HttpResponse, Problem> {
    let RemovalRequest { leg: Text(pattern), feed, dry_run, reason } = asked;
    let (legs, count) = app.hub.find_legs(&pattern, feed.as_deref(), REMOVED_MAX);
    let body =
        RemovalBody { legs: legs.iter().map(LegId::to_string).collect(), left: (count - legs.len()) as u64 };
    if dry_run != Some(true) {
        let note =
            Note { by: by.clone(), at: app.hub.clock().now().trunc_subsecs(3), reason: reason.map(|t| t.0) };
        let removals = stream::iter(legs).map(|leg| note.remove(&app, leg)).buffer_unordered(AT_ONCE);
        let outcomes: Vec<_> = removals.collect().await;
        // Another operator may have removed some of them first.
        let number = outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count();
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        tracing::info!(%pattern, feed, number, failed, operator = %by, "an operator removed flights");
        if let Some(fault) = outcomes.into_iter().find_map(Result::err) {
            return Err(fault.field("leg", format!("{number} flights were removed, {failed} were not")));
        }
    }
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body))
}

/// The audit data of a removal.
struct Note {
    by: SingleLineText,
    at: DateTime<Utc>,
    reason: Option<SingleLineText>,
}

impl Note {
    /// Writes the audit entry and removes the flight. `false` if the flight no longer exists.
    async fn remove(&self, app: &App, leg: LegId) -> Result<bool, Problem> {
        // The override ends at once, because the flight itself is gone.
        let note = NewOverride {
            leg: leg.clone(),
            field: REMOVED,
            value: Some(Value::Flag(true)),
            set_by: self.by.clone(),
            set_at: self.at,
            until: self.at,
            reason: self.reason.clone(),
        };
        app.directory.put_override(note).await.map_err(away)?;
        app.hub.remove(&leg).await.map_err(command_failed)
    }
}

/// The field of the audit entry of a removal. No report and no operator can set it otherwise.
pub(super) const REMOVED: Field = Field::Hidden;
