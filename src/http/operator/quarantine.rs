//! What could not be used.

use super::admit;
use crate::app::App;
use crate::http::problem::Problem;
use crate::http::query::Parameters;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use wire::problem::ProblemBody;

/// Faults in one answer, unless the client asks for another number, and at most.
const PAGE: u64 = 100;
const PAGE_MAX: u64 = 1_000;

/// `GET quarantine`.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct QuarantineBody {
    /// Newest first.
    pub faults: Vec<QuarantineRow>,
    /// Whether there are older ones; a larger `limit` shows them.
    pub more: bool,
}

/// Something that could not be used.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct QuarantineRow {
    /// The feed it came from.
    pub feed: String,
    /// When it came, by the operational clock.
    pub received_at: DateTime<Utc>,
    /// Which report of the message, counted from 0; `null` where the whole message is meant.
    pub index: Option<u32>,
    /// The field at fault, if it is one.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// The start of what was sent.
    pub excerpt: String,
}

/// What could not be used lately, with the reason. It may hold what an airport never meant to
/// publish, so it needs the operator's key.
#[utoipa::path(
    get,
    path = "/api/v1/quarantine",
    tag = "operator",
    params(("limit" = Option<u64>, Query, description = "Faults in one answer, 1 to 1000", example = 100, minimum = 1, maximum = 1000)),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The newest faults, newest first", body = QuarantineBody),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The store is away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn list(
    request: HttpRequest,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    let mut given = Parameters::of(&request)?;
    let limit = given.whole("limit", PAGE, 1..=PAGE_MAX) as usize;
    given.finish()?;
    let faults = app
        .archive
        .quarantine(limit as u32 + 1)
        .await
        .map_err(|fault| Problem::unavailable(&fault.to_string()))?;
    let row = |q: domain::ports::Quarantined| QuarantineRow {
        feed: q.feed.to_string(),
        received_at: q.received_at,
        index: q.index,
        field: q.field,
        reason: q.reason,
        excerpt: q.excerpt,
    };
    let more = faults.len() > limit;
    let body = QuarantineBody { faults: faults.into_iter().take(limit).map(row).collect(), more };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body))
}
