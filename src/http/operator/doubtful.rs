//! Doubtful flight times.

use super::LimitQuery;
use crate::app::App;
use crate::http::flights::stopping;
use crate::http::principal::Operator;
use crate::problem::Problem;
use crate::query::Query;
use actix_web::{HttpResponse, web};
use chrono::DateTime;
use domain::field::{Field, Value};
use domain::flight::{Claim, Flight};
use domain::topic::Topic;
use domain::view::Doubt;
use wire::operator::{DoubtfulBody, DoubtfulRow};
use wire::problem::ProblemBody;

/// The doubtful times of all flights, each with its source and the reason.
#[utoipa::path(
    get,
    path = "/api/v1/doubtful",
    tag = "operator",
    params(("limit" = Option<u64>, Query, description = "Times in one answer, 1 to 1000", example = 100, minimum = 1, maximum = 1000)),
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The first of them", body = DoubtfulBody),
        (status = 400, description = "A parameter is invalid; the answer names it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The hub is shutting down; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn list(
    _: Operator,
    Query(query): Query<LimitQuery>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let limit = query.limit as usize;
    let all = app.hub.rows(&Topic::All).await.map_err(stopping)?;
    let marked = all.rows.iter().filter(|live| !live.view.doubtful.is_empty());
    let states = marked.filter_map(|live| app.hub.flight_state(&live.leg));
    let mut times: Vec<_> = states.flat_map(|state| rows_of(&state)).take(limit + 1).collect();
    let more = times.len() > limit;
    times.truncate(limit);
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(DoubtfulBody { times, more }))
}

fn rows_of(flight: &Flight) -> Vec<DoubtfulRow> {
    let row = |(field, why, held): (Field, Doubt, Option<Claim>)| DoubtfulRow {
        leg: flight.leg.to_string(),
        field: field.name(),
        value: match held.as_ref().and_then(|held| held.value.as_ref()) {
            Some(Value::Time(seconds)) => DateTime::from_timestamp(*seconds, 0),
            _ => None,
        },
        source: held.as_ref().map(|held| held.source.to_string()),
        observed_at: held.map(|held| held.observed_at),
        reason: why.as_str(),
    };
    flight.doubts().into_iter().map(row).collect()
}
