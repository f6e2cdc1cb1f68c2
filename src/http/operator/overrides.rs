//! Manual overrides of fields.
//!
//! The hub changes the flight first, then writes the audit entry to the directory. If the log is unavailable,
//! nothing happens, and no audit entry describes a change that was never shown. If only the audit entry fails,
//! the override *is* in effect, and the answer is 503: sending the same request again is harmless and writes
//! the entry.
//!
//! The public sees that an operator set the value, but not who.

use super::removals::REMOVED;
use super::{away, command_failed, unknown};
use crate::app::App;
use crate::http::json_body::Json;
use crate::http::principal::{Author, OPERATOR, Operator};
use crate::problem::Problem;
use crate::query::{NoParameters, Query};
use actix_web::{HttpResponse, web};
use actors::flight::OverrideOutcome;
use chrono::SubsecRound;
use domain::field::{Field, Value};
use domain::flight::{Override, OverrideRefused};
use domain::leg::LegId;
use domain::ports::{AuditAction, NewOverride, OverrideEvent, PAST_OVERRIDES_MAX};
use serde_json::value::to_raw_value;
use wire::feed::json_report::{SETTABLE, decode_value, encode_value};
use wire::operator::{AuditRow, OverrideRequest, OverrideRow, OverridesBody};
use wire::problem::ProblemBody;

/// The current overrides of a flight, and its audit entries.
#[utoipa::path(
    get,
    path = "/api/v1/flights/{leg}/overrides",
    tag = "operator",
    params(("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL")),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "In force, and done", body = OverridesBody),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such flight, and nothing was done to one; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is unavailable; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn list(
    _: Operator,
    _: Query<NoParameters>,
    leg: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let leg = LegId::known(&leg).ok_or_else(unknown)?;
    let done = app.directory.overrides(leg.clone()).await.map_err(away)?;
    let state = app.hub.flight_state(&leg).filter(|state| state.rev > 0);
    if state.is_none() && done.is_empty() {
        return Err(unknown());
    }
    let now = app.hub.clock().now();
    let orders = state.iter().flat_map(|state| &state.overrides).filter(|order| order.until > now);
    let body = OverridesBody {
        leg: leg.to_string(),
        in_force: orders.map(|order| row(order, &done)).collect(),
        more: done.len() >= PAST_OVERRIDES_MAX as usize,
        done: done.iter().map(deed).collect(),
    };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body))
}

/// Overrides a field of a flight until an instant, regardless of its sources. Boards and clients see it at
/// once. The field must be one that a report may set, and an actual time must not be in the future.
#[utoipa::path(
    put,
    path = "/api/v1/flights/{leg}/overrides/{field}",
    tag = "operator",
    params(
        ("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL"),
        ("field" = String, Path, description = "Its name in reports", example = "departure.gate"),
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    request_body = OverrideRequest,
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The override is durable and shown", body = OverrideRow),
        (status = 400, description = "The body is invalid; the answer names the key", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such flight or field; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many changes are in progress; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The override or its audit entry is not durable; the detail names which. Send the same request again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn put(
    Author(by): Author,
    _: Query<NoParameters>,
    path: web::Path<(String, String)>,
    app: web::Data<App>,
    Json(asked): Json<OverrideRequest>,
) -> Result<HttpResponse, Problem> {
    let (leg, field) = named(path.into_inner())?;
    let value = shown(asked.value, field).map_err(|why| Problem::bad_field("value", &why))?;
    let (until, reason) = (asked.until.0, asked.reason.map(|line| line.0));
    let until = until.trunc_subsecs(3);
    let set_at = app.hub.clock().now().trunc_subsecs(3);
    let order = Override { field, value, set_by: OPERATOR.into(), set_at, until };
    order.check(set_at).map_err(|why| match why {
        OverrideRefused::Over { .. } | OverrideRefused::TooLong { .. } => {
            Problem::bad_field("until", &why.to_string())
        }
        OverrideRefused::NotYet { .. } => Problem::bad_field("value", &why.to_string()),
    })?;
    app.hub.set_override(&leg, order.clone()).await.map_err(command_failed)?;
    let note = NewOverride {
        leg: leg.clone(),
        field,
        value: order.value.clone(),
        set_by: by.clone(),
        set_at,
        until,
        reason: reason.clone(),
    };
    let noted = app.directory.put_override(note).await;
    noted.map_err(|fault| not_noted("the override is in effect", fault))?;
    tracing::info!(flight.leg = %leg, %field, operator = %by, "a field was overridden");
    let body = OverrideRow {
        field: field.name(),
        value: json(order.value.as_ref()),
        since: set_at,
        until,
        by: Some(by.to_string()),
        reason: reason.map(|line| line.to_string()),
    };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body))
}

/// The value to show; `None` shows nothing.
fn shown(given: Option<serde_json::Value>, field: Field) -> Result<Option<Value>, String> {
    match given {
        None => Err("is missing; null shows nothing".into()),
        Some(serde_json::Value::Null) => Ok(None),
        Some(json) => {
            let json = to_raw_value(&json).map_err(|why| why.to_string())?;
            decode_value(field, &json).map(Some)
        }
    }
}

/// Ends an override before its expiry. The current value of the sources is shown at once.
#[utoipa::path(
    delete,
    path = "/api/v1/flights/{leg}/overrides/{field}",
    tag = "operator",
    params(
        ("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL"),
        ("field" = String, Path, description = "Its name in reports", example = "departure.gate"),
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "The sources count again"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such flight or field, or it has no override; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many changes are in progress; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The override or its audit entry is not durable; the detail names which. Send the same request again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn end(
    Author(by): Author,
    _: Query<NoParameters>,
    path: web::Path<(String, String)>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let (leg, field) = named(path.into_inner())?;
    let given_back = app.hub.clear_override(&leg, field, OPERATOR.into()).await.map_err(command_failed)?;
    let now = app.hub.clock().now().trunc_subsecs(3);
    let noted = app.directory.end_override(leg.clone(), field, by.clone(), now).await;
    let noted = noted.map_err(|fault| not_noted("the field is given back", fault))?;
    // An earlier attempt may have lacked only the audit entry.
    if given_back == OverrideOutcome::Unchanged && !noted {
        return Err(Problem::not_found(&format!("{field} of this flight has no override")));
    }
    tracing::info!(flight.leg = %leg, %field, operator = %by, "an override was ended");
    Ok(HttpResponse::NoContent().finish())
}

fn named((leg, field): (String, String)) -> Result<(LegId, Field), Problem> {
    let leg = LegId::known(&leg).ok_or_else(unknown)?;
    let field = SETTABLE.into_iter().find(|known| known.name() == field);
    let field = field.ok_or_else(|| {
        let known: Vec<_> = SETTABLE.iter().map(|field| field.name()).collect();
        let reason = format!("must be one of {}", known.join(", "));
        Problem::not_found(&format!("field {reason}")).field("field", reason)
    })?;
    Ok((leg, field))
}

fn not_noted(what: &str, fault: domain::ports::StoreError) -> Problem {
    Problem::unavailable(&format!(
        "{what}, but the audit entry could not be written: {fault}; send the same request again"
    ))
}

fn json(value: Option<&Value>) -> serde_json::Value {
    value.map_or(serde_json::Value::Null, encode_value)
}

/// An override with its audit entry.
fn row(order: &Override, done: &[OverrideEvent]) -> OverrideRow {
    let noted = done.iter().rev().find(|past| past.field == order.field && past.at == order.set_at);
    let reason = noted.and_then(|past| match &past.action {
        AuditAction::Set { reason, .. } => reason.as_ref().map(ToString::to_string),
        AuditAction::Ended => None,
    });
    OverrideRow {
        field: order.field.name(),
        value: json(order.value.as_ref()),
        since: order.set_at,
        until: order.until,
        by: noted.map(|past| past.by.to_string()),
        reason,
    }
}

fn deed(past: &OverrideEvent) -> AuditRow {
    let (deed, value, until, reason) = match &past.action {
        AuditAction::Set { reason, .. } if past.field == REMOVED => {
            ("removed", serde_json::Value::Null, None, reason.as_ref())
        }
        AuditAction::Set { value, until, reason } => {
            ("set", json(value.as_ref()), Some(*until), reason.as_ref())
        }
        AuditAction::Ended => ("ended", serde_json::Value::Null, None, None),
    };
    AuditRow {
        at: past.at,
        by: past.by.to_string(),
        field: if past.field == REMOVED { "flight" } else { past.field.name() },
        deed,
        value,
        until,
        reason: reason.map(ToString::to_string),
    }
}
