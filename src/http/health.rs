//! Whether the process lives, whether traffic should come here, and what is counted.

use super::problem::Problem;
use crate::app::App;
use actix_web::{HttpResponse, http::header, web};
use std::time::Duration;

/// How long the store may take to answer before it counts as away.
const STORE_WAIT: Duration = Duration::from_secs(2);

/// Content type of what Prometheus reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /healthz`: the process lives. Nothing else is looked at: whatever restarts the hub on a
/// failure here would not mend a store that is away.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(serde_json::json!({ "status": "lives" }))
}

/// `GET /readyz`: flights are restored, the store answers, and the hub is not going down.
pub async fn readyz(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    app.readiness.check().map_err(Problem::unavailable)?;
    match tokio::time::timeout(STORE_WAIT, app.archive.quarantine(1)).await {
        Ok(Ok(_)) => {}
        Ok(Err(fault)) => return Err(Problem::unavailable(&fault.to_string())),
        Err(_) => return Err(Problem::unavailable("the store does not answer")),
    }
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(serde_json::json!({ "status": "ready" })))
}

/// `GET /metrics`: what is counted, as OpenMetrics text.
pub async fn metrics(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &app.registry)
        .map_err(|_| Problem::unavailable("what is counted cannot be written"))?;
    Ok(HttpResponse::Ok().insert_header((header::CONTENT_TYPE, OPEN_METRICS)).body(text))
}
