//! What airports and airlines are called here. A change shows at once on this node, and within seconds
//! on others: in the lists of airports and airlines, and in the board's airport. What a zone touches is
//! said in `crate::http::names`. The search for flights knows the built-in names.

use super::{admit, away, read_again, who};
use crate::app::App;
use crate::http::display_names;
use crate::http::json_body::JsonBody;
use crate::http::problem::Problem;
use crate::http::query::Parameters;
use crate::time::real_now;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono_tz::Tz;
use domain::codes::{AirlineCode, Iata};
use domain::ports::{AirlineNameOverride, AirportChange};
use utoipa::ToSchema;
use wire::problem::ProblemBody;
use wire::rest::{AirlineRow, BoardAirport};

/// The body of `PUT airports/{iata}`; at least one of them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read key by key, so that what is wrong is named; this describes it")]
pub(in crate::http) struct AirportNameRequest {
    /// Its full name; absent or `null`: as built in.
    #[schema(example = "Idlewild")]
    name: Option<String>,
    /// What a board shows; absent or `null`: as built in.
    city: Option<String>,
    /// The IANA zone its clocks keep; absent or `null`: as built in.
    #[schema(example = "America/New_York")]
    zone: Option<String>,
}

/// The body of `PUT airlines/{code}`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read key by key, so that what is wrong is named; this describes it")]
pub(in crate::http) struct AirlineNameRequest {
    /// What it is called.
    #[schema(example = "JetBlue Airways")]
    name: String,
}

/// Changes what an airport is called, and the clock by which its board is shown. What is left out is
/// as built in, whatever was changed before. An airport that no table knows may be named as well.
#[utoipa::path(
    put,
    path = "/api/v1/airports/{iata}",
    tag = "operator",
    params(
        ("iata" = String, Path, description = "The airport's IATA code", example = "JFK"),
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    request_body = AirportNameRequest,
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The airport as it is shown now", body = BoardAirport),
        (status = 400, description = "The body is wrong; the key at fault is named", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not an airport's code; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not come in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is away; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn put_airport(
    request: HttpRequest,
    iata: web::Path<String>,
    payload: web::Payload,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let (iata, by) = (airport(&iata)?, who(&request)?);
    let mut given = JsonBody::of(&request, payload, &app).await?;
    let (name, city) = (given.line("name"), given.line("city"));
    let unknown = "is not a zone of the IANA database, such as America/New_York";
    let zone = given.parsed("zone", |text| text.parse::<Tz>().map_err(|_| unknown));
    given.finish()?;
    if name.is_none() && city.is_none() && zone.is_none() {
        return Err(Problem::bad_field(
            "body",
            "has neither name nor city nor zone; DELETE makes it as built in",
        ));
    }
    let change = AirportChange { iata, name, city, zone, by, at: real_now() };
    app.directory.put_airport(change.clone()).await.map_err(away)?;
    tracing::info!(airport = %iata, operator = %change.by, "an airport was changed");
    read_again(&app).await;
    Ok(HttpResponse::Ok()
        .insert_header(("cache-control", "no-store"))
        .json(display_names::airport(iata, Some(change))))
}

/// Makes an airport again what the built-in table says.
#[utoipa::path(
    delete,
    path = "/api/v1/airports/{iata}",
    tag = "operator",
    params(
        ("iata" = String, Path, description = "The airport's IATA code", example = "JFK"),
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "It is as built in"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "It was as built in; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is away; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn withdraw_airport(
    request: HttpRequest,
    iata: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let (iata, by) = (airport(&iata)?, who(&request)?);
    if !app.directory.withdraw_airport(iata, by.clone(), real_now()).await.map_err(away)? {
        return Err(Problem::not_found(&format!("airport {iata} was as built in")));
    }
    tracing::info!(airport = %iata, operator = %by, "an airport was made as built in");
    read_again(&app).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Changes what an airline is called. Its IATA and its ICAO code name the same airline.
#[utoipa::path(
    put,
    path = "/api/v1/airlines/{code}",
    tag = "operator",
    params(
        ("code" = String, Path, description = "The airline's code", example = "B6"),
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    request_body = AirlineNameRequest,
    security(("operator_key" = [])),
    responses(
        (status = 200, description = "The airline as it is shown now", body = AirlineRow),
        (status = 400, description = "The body is wrong; the key at fault is named", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not an airline's code; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not come in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too long", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON in UTF-8", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is away; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn put_airline(
    request: HttpRequest,
    code: web::Path<String>,
    payload: web::Payload,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let (code, by) = (airline(&code)?, who(&request)?);
    let mut given = JsonBody::of(&request, payload, &app).await?;
    let name = given.line("name");
    let Some(name) = given.needed("name", name) else { return Err(given.refused()) };
    given.finish()?;
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
        ("x-operator" = Option<String>, Header, description = "Who of the operators asks, for the notes; at most 200 characters"),
    ),
    security(("operator_key" = [])),
    responses(
        (status = 204, description = "It is called as built in"),
        (status = 401, description = "No key, or one that is not in force", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "It was called as built in; or no operator's key is configured", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The directory is away; come back after `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in crate::http) async fn withdraw_airline(
    request: HttpRequest,
    code: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    admit(&request, &app)?;
    Parameters::of(&request)?.finish()?;
    let (code, by) = (airline(&code)?, who(&request)?);
    if !app.directory.withdraw_airline(code, by.clone(), real_now()).await.map_err(away)? {
        return Err(Problem::not_found(&format!("airline {code} was called as built in")));
    }
    tracing::info!(airline = %code, operator = %by, "an airline was called as built in again");
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
