//! Fields taken over by hand.
//!
//! The flight comes first, then the note in the directory. The flight's log is what is shown and what
//! survives; who did it and why is for those who come after. So when the log is away nothing has
//! happened, and nothing is noted that was never shown. When only the note fails, the field *is* taken
//! over and the answer says so with 503: to send the same again is harmless, and notes it.
//!
//! The public is told that an operator did it, and not who.

use super::removals::REMOVED;
use super::{OPERATOR, admit, away, who};
use crate::app::App;
use crate::http::json_body::JsonBody;
use crate::http::problem::Problem;
use crate::http::query::Parameters;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use actors::flight::Amended;
use actors::hub::NotAmended;
use chrono::{DateTime, SubsecRound, Utc};
use domain::field::{Field, Value};
use domain::flight::{Override, OverrideRefused};
use domain::leg::LegId;
use domain::ports::{AuditAction, NewOverride, OverrideEvent, PAST_OVERRIDES_MAX, SinkError};
use serde::Serialize;
use utoipa::ToSchema;
use wire::feed::json_report::{SETTABLE, decode_value, encode_value};
use wire::problem::ProblemBody;

/// `GET flights/{leg}/overrides`.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct OverridesBody {
    /// Which flight.
    pub leg: String,
    /// What is taken over now, by field.
    pub in_force: Vec<OverrideRow>,
    /// What was done by hand, oldest first; of very much the newest.
    pub done: Vec<AuditRow>,
    /// Whether so much was done that the oldest is not told here.
    pub more: bool,
}

/// A field that is taken over.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct OverrideRow {
    /// Which field, by its name in reports.
    #[schema(example = "departure.gate")]
    pub field: &'static str,
    /// What is shown, as in reports; `null` for nothing.
    #[schema(value_type = Value, example = "B9")]
    pub value: serde_json::Value,
    /// Since when, by the operational clock.
    pub since: DateTime<Utc>,
    /// When the sources count again, if nobody ends it before.
    pub until: DateTime<Utc>,
    /// Who did it, `null` where it could not be noted.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What was done once.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct AuditRow {
    /// When, by the operational clock.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// To which field; `flight` for the whole.
    #[schema(example = "departure.gate")]
    pub field: &'static str,
    /// `set`, `ended` where it was given back before its time, or `removed` for the flight.
    #[schema(example = "set")]
    pub deed: &'static str,
    /// What was to be shown; `null` for nothing, and where it was given back.
    #[schema(value_type = Value, example = "B9")]
    pub value: serde_json::Value,
    /// Until when.
    pub until: Option<DateTime<Utc>>,
    /// Why.
    pub reason: Option<String>,
}

/// The body of `PUT flights/{leg}/overrides/{field}`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read key by key, so that what is wrong is named; this describes it")]
pub(in crate::http) struct OverrideRequest {
    /// What to show, as in a report's `set`; `null` for nothing.
    #[schema(value_type = Value, example = "B9")]
    value: serde_json::Value,
    /// When the sources count again: after now by the operational clock, and at most 7 days later.
    #[schema(example = "2013-02-08T23:00:00Z")]
    until: DateTime<Utc>,
    /// Why, for those who come after.
    #[schema(example = "the sign at B12 is broken")]
    reason: Option<String>,
}

/// What is taken over by hand of a flight, and what was.
#[utoipa::path(
    get,
    path = "/api/v1/flights/{leg}/overrides",
    tag = "operator",
    params(("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL")),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "In force, and done", body = OverridesBody),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such flight, and nothing was done to one; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is away; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    leg: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let leg = LegId::known(&leg).ok_or_else(unknown)?;
    let done = app.directory.overrides(leg.clone()).await.map_err(away)?;
    let state = app.hub.state(&leg).filter(|state| state.rev > 0);
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

/// Takes a field of a flight over by hand, whatever its sources say, until a certain instant. Boards
/// and sockets are told at once. Fields are those that a report may set; times that tell of what has
/// happened must not lie ahead.
#[utoipa::path(
    put,
    path = "/api/v1/flights/{leg}/overrides/{field}",
    tag = "operator",
    params(
        ("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL"),
        ("field" = String, Path, description = "Its name in reports", example = "departure.gate"),
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    request_body = OverrideRequest,
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "It is taken over, shown and durable", body = OverrideRow),
        (status = 400, description = "The body is wrong; the key at fault is named", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such flight or field; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not come in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too much is under way; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be made durable, or could not be noted; the detail says which. Send the same again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn put(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: web::Payload,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let (leg, field) = named(path.into_inner())?;
    let by = who(&request)?;
    let mut given = JsonBody::of(&request, payload, &app).await?;
    let value = shown(&mut given, field);
    let (until, reason) = (given.instant("until"), given.line("reason"));
    let (Some(value), Some(until)) = (value, given.needed("until", until)) else {
        return Err(given.refused());
    };
    given.finish()?;
    let until = until.trunc_subsecs(3);
    let set_at = app.hub.clock().now().trunc_subsecs(3);
    let order = Override { field, value, set_by: OPERATOR.into(), set_at, until };
    order.check(set_at).map_err(|why| match why {
        OverrideRefused::Over { .. } | OverrideRefused::TooLong { .. } => {
            Problem::bad_field("until", &why.to_string())
        }
        OverrideRefused::NotYet { .. } => Problem::bad_field("value", &why.to_string()),
    })?;
    app.hub.take_over(&leg, order.clone()).await.map_err(not_amended)?;
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
    noted.map_err(|fault| not_noted("the field is taken over and shown", fault))?;
    tracing::info!(flight.leg = %leg, %field, operator = %by, "a field was taken over by hand");
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

/// What is to be shown; `Some(None)` for nothing, `None` where it is wrong.
fn shown(given: &mut JsonBody, field: Field) -> Option<Option<Value>> {
    let raw = given.raw("value");
    let Some(raw) = raw else {
        if !given.is_wrong("value") {
            given.wrong("value", "is missing; null shows nothing");
        }
        return None;
    };
    if raw.get() == "null" {
        return Some(None);
    }
    match decode_value(field, &raw) {
        Ok(value) => Some(Some(value)),
        Err(why) => {
            given.wrong("value", why);
            None
        }
    }
}

/// Gives a field back to the sources before its time. What they say now is shown at once.
#[utoipa::path(
    delete,
    path = "/api/v1/flights/{leg}/overrides/{field}",
    tag = "operator",
    params(
        ("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL"),
        ("field" = String, Path, description = "Its name in reports", example = "departure.gate"),
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "The sources count again"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such flight or field, or it was not taken over; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too much is under way; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be made durable, or could not be noted; the detail says which. Send the same again", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn end(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let (leg, field) = named(path.into_inner())?;
    let by = who(&request)?;
    let given_back = app.hub.give_back(&leg, field, OPERATOR.into()).await.map_err(not_amended)?;
    let now = app.hub.clock().now().trunc_subsecs(3);
    let noted = app.directory.end_override(leg.clone(), field, by.clone(), now).await;
    let noted = noted.map_err(|fault| not_noted("the field is given back", fault))?;
    // Where only the note was missing from a try before, that was worth it too.
    if given_back == Amended::Nothing && !noted {
        return Err(Problem::not_found(&format!("{field} of this flight is not taken over")));
    }
    tracing::info!(flight.leg = %leg, %field, operator = %by, "a field was given back to its sources");
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn unknown() -> Problem {
    Problem::not_found(&NotAmended::UnknownLeg.to_string())
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

pub(super) fn not_amended(why: NotAmended) -> Problem {
    match why {
        NotAmended::UnknownLeg => unknown(),
        NotAmended::NotNow(full @ SinkError::Full { .. }) => {
            Problem::new(StatusCode::TOO_MANY_REQUESTS).detail(full.to_string()).retry_after(1)
        }
        NotAmended::NotNow(fault) => Problem::unavailable(&fault.to_string()),
    }
}

fn not_noted(what: &str, fault: domain::ports::StoreError) -> Problem {
    Problem::unavailable(&format!(
        "{what}, but who did it and why could not be noted: {fault}; send the same again"
    ))
}

fn json(value: Option<&Value>) -> serde_json::Value {
    value.map_or(serde_json::Value::Null, encode_value)
}

/// A field that is taken over, with what was noted when it was.
fn row(order: &Override, done: &[OverrideEvent]) -> OverrideRow {
    let noted = done.iter().rev().find(|past| past.field == order.field && past.at == order.set_at);
    let reason = noted.and_then(|past| match &past.deed {
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
    let (deed, value, until, reason) = match &past.deed {
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
