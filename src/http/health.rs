//! Liveness, readiness and metrics.

use crate::app::App;
use crate::problem::Problem;
use actix_web::{HttpResponse, http::header, web};
use actors::hub::SilentSource;
use chrono::SecondsFormat;
use wire::problem::ProblemBody;

/// Content type of the metrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The process is alive. Nothing else is checked, because a restart would not repair an unavailable store.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    responses((status = 200, description = "The process is alive", body = serde_json::Value))
)]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({ "status": "lives" }))
}

/// Flights are restored, the storage answers, and the hub is not shutting down. A node among several stays ready
/// with old data while its servers are unavailable, and reports that in `troubles`, together with silent feeds.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Ready for traffic", body = serde_json::Value),
        (status = 503, description = "Not ready, with the reason", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn readyz(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    app.readiness.check().map_err(Problem::unavailable)?;
    let mut troubles = app.health.look().await.map_err(|why| Problem::unavailable(&why))?;
    troubles.extend(app.hub.silent_sources().iter().map(silence));
    let status = if troubles.is_empty() { "ready" } else { "degraded" };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({ "status": status, "troubles": troubles })))
}

/// A sentence about a silent source. It makes no node unready: all nodes would be, without any gain.
fn silence(source: &SilentSource) -> String {
    let airport = source.airport.map_or(String::new(), |iata| format!(" ({iata})"));
    let since = source.since.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("feed {}{airport} is silent since {since}; what it said is not confirmed", source.feed)
}

/// All metrics as OpenMetrics text.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((status = 200, description = "OpenMetrics text, as Prometheus reads it", body = String, content_type = "application/openmetrics-text"))
)]
pub(super) async fn metrics(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let registry = app.registry.clone();
    let write = move || {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).map(|()| text)
    };
    // Process metrics come from files of the kernel; a worker thread must not block on them.
    let text = web::block(write).await.map_err(|_| super::flights::busy())?;
    let text = text.map_err(|_| Problem::unavailable("cannot encode the metrics"))?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, OPEN_METRICS)).body(text))
}
