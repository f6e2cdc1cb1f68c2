//! Whether the process lives, whether traffic should come here, and what is counted.

use super::problem::Problem;
use crate::app::App;
use actix_web::{HttpResponse, http::header, web};
use actors::hub::SilentSource;
use chrono::SecondsFormat;
use wire::problem::ProblemBody;

/// Content type of what Prometheus reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The process lives. Nothing else is looked at: whatever restarts the hub on a
/// failure here would not mend a store that is away.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    responses((status = 200, description = "The process lives", body = serde_json::Value))
)]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({ "status": "lives" }))
}

/// Flights are restored, what the hub stands on answers, and the hub is not going down. A node of
/// several stays ready with an old picture while its servers are away, and says so in `troubles`, where silent
/// feeds are named too.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses(
        (status = 200, description = "Traffic should come here", body = serde_json::Value),
        (status = 503, description = "It should not, and why", body = ProblemBody, content_type = "application/problem+json"),
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

/// A silent source in a sentence. It makes no node unready: every node would be, and none would hear more.
fn silence(source: &SilentSource) -> String {
    let airport = source.airport.map_or(String::new(), |iata| format!(" ({iata})"));
    let since = source.since.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("feed {}{airport} is silent since {since}; what it said is not confirmed", source.feed)
}

/// What is counted, as OpenMetrics text.
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
    // The process's numbers come from files of the kernel's, which is no work for a thread with
    // sockets.
    let text = web::block(write).await.map_err(|_| super::flights::busy())?;
    let text = text.map_err(|_| Problem::unavailable("what is counted cannot be written"))?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, OPEN_METRICS)).body(text))
}
