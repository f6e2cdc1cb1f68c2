//! Names of airports and airlines. A change applies at once on this node, and within seconds on others: in the
//! lists of airports and airlines, and in the airport of a board. `display_names` describes the effect of a
//! zone. The search uses the built-in names.

use super::{away, read_again};
use crate::app::App;
use crate::http::display_names;
use crate::http::json_body::Json;
use crate::http::principal::Author;
use crate::problem::Problem;
use crate::query::{NoParameters, Query};
use crate::time::real_now;
use actix_web::{HttpResponse, web};
use domain::codes::{AirlineCode, Iata};
use domain::ports::{AirlineNameOverride, AirportOverride};
use wire::operator::{AirlineNameRequest, AirportNameRequest};
use wire::problem::ProblemBody;
use wire::rest::{AirlineRow, BoardAirport};
use wire::text::Text;

/// Sets the names and the time zone of an airport, replacing earlier changes. Absent keys have their built-in
/// values. The airport may be unknown to the built-in table.
#[utoipa::path(
    put,
    path = "/api/v1/airports/{iata}",
    tag = "operator",
    params(
        ("iata" = String, Path, description = "The airport's IATA code", example = "JFK"),
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    request_body = AirportNameRequest,
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The airport as shown now", body = BoardAirport),
        (status = 400, description = "The body is invalid; the answer names the key", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not an airport's code; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is unavailable; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn put_airport(
    Author(by): Author,
    _: Query<NoParameters>,
    iata: web::Path<String>,
    app: web::Data<App>,
    Json(asked): Json<AirportNameRequest>,
) -> Result<HttpResponse, Problem> {
    let iata = airport(&iata)?;
    let AirportNameRequest { name, city, zone } = asked;
    let (name, city, zone) = (name.map(|t| t.0), city.map(|t| t.0), zone.map(|t| t.0));
    if name.is_none() && city.is_none() && zone.is_none() {
        return Err(Problem::bad_field(
            "body",
            "has neither name nor city nor zone; use DELETE to restore the built-in values",
        ));
    }
    let change = AirportOverride { iata, name, city, zone, by, at: real_now() };
    app.directory.put_airport(change.clone()).await.map_err(away)?;
    tracing::info!(airport = %iata, operator = %change.by, "an airport was changed");
    read_again(&app).await;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(display_names::airport(iata, Some(change))))
}

/// Restores the built-in values of an airport.
#[utoipa::path(
    delete,
    path = "/api/v1/airports/{iata}",
    tag = "operator",
    params(
        ("iata" = String, Path, description = "The airport's IATA code", example = "JFK"),
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "The built-in values apply"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "It has no changes; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is unavailable; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn withdraw_airport(
    Author(by): Author,
    _: Query<NoParameters>,
    iata: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let iata = airport(&iata)?;
    if !app.directory.withdraw_airport(iata, by.clone(), real_now()).await.map_err(away)? {
        return Err(Problem::not_found(&format!("airport {iata} has no changes")));
    }
    tracing::info!(airport = %iata, operator = %by, "the built-in values of an airport were restored");
    read_again(&app).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Sets the name of an airline. Its IATA and ICAO codes identify the same airline.
#[utoipa::path(
    put,
    path = "/api/v1/airlines/{code}",
    tag = "operator",
    params(
        ("code" = String, Path, description = "The airline's code", example = "B6"),
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    request_body = AirlineNameRequest,
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The airline as shown now", body = AirlineRow),
        (status = 400, description = "The body is invalid; the answer names the key", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not an airline's code; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is unavailable; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn put_airline(
    Author(by): Author,
    _: Query<NoParameters>,
    code: web::Path<String>,
    app: web::Data<App>,
    Json(AirlineNameRequest { name: Text(name) }): Json<AirlineNameRequest>,
) -> Result<HttpResponse, Problem> {
    let code = airline(&code)?;
    let body = display_names::row(code, name.to_string());
    let change = AirlineNameOverride { code, name, by: by.clone(), at: real_now() };
    app.directory.put_airline(change).await.map_err(away)?;
    tracing::info!(airline = %code, operator = %by, "an airline was named");
    read_again(&app).await;
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(body))
}

/// Gives an airline back its built-in name.
#[utoipa::path(
    delete,
    path = "/api/v1/airlines/{code}",
    tag = "operator",
    params(
        ("code" = String, Path, description = "The airline's code", example = "B6"),
        ("x-operator" = Option<String>, Header, description = "Name of the operator, for the audit; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "The built-in name applies"),
        (status = 401, description = "No key, or an invalid one", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "It has no changes; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is unavailable; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn withdraw_airline(
    Author(by): Author,
    _: Query<NoParameters>,
    code: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let code = airline(&code)?;
    if !app.directory.withdraw_airline(code, by.clone(), real_now()).await.map_err(away)? {
        return Err(Problem::not_found(&format!("airline {code} has no changes")));
    }
    tracing::info!(airline = %code, operator = %by, "the built-in name of an airline was restored");
    read_again(&app).await;
    Ok(HttpResponse::NoContent().finish())
}

fn airport(code: &str) -> Result<Iata, Problem> {
    Iata::parse(code).map_err(|fault| Problem::not_found(&fault.to_string()))
}

fn airline(code: &str) -> Result<AirlineCode, Problem> {
    let code = AirlineCode::parse(code).map_err(|fault| Problem::not_found(&fault.to_string()))?;
    Ok(display_names::one_code(code))
}
