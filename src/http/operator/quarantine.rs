//! The quarantine: unusable messages and reports.

use super::LimitQuery;
use crate::app::App;
use crate::http::principal::Operator;
use crate::problem::Problem;
use crate::query::Query;
use actix_web::{HttpResponse, web};
use wire::operator::{QuarantineBody, QuarantineRow};
use wire::problem::ProblemBody;

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
    _: Operator,
    Query(query): Query<LimitQuery>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let limit = query.limit as usize;
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
