//! The quarantine: unusable messages and reports.

use super::admit;
use crate::app::App;
use crate::problem::Problem;
use crate::query::Parameters;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use wire::problem::ProblemBody;

/// Faults in one answer by default, and at most.
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

/// An unusable message or report.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct QuarantineRow {
    /// The feed that sent it.
    pub feed: String,
    /// When it arrived, operational clock.
    pub received_at: DateTime<Utc>,
    /// Index of the report in the message, from 0; `null` for the whole message.
    pub index: Option<u32>,
    /// The field, if one is at fault.
    pub field: Option<String>,
    /// The reason.
    pub reason: String,
    /// The beginning of the content.
    pub excerpt: String,
}

/// Recent unusable messages and reports with reasons. They may contain unpublished data of an airport, so this
/// needs the operator's key.
#[utoipa::path(
    get,
    path = "/api/v1/quarantine",
    tag = "operator",
    params(("limit" = Option<u64>, Query, description = "Faults in one answer, 1 to 1000", example = 100, minimum = 1, maximum = 1000)),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The newest faults, newest first", body = QuarantineBody),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The store is unavailable", body = ProblemBody, content_type = "application/problem+json"),
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
