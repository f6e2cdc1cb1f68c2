//! Airports and airlines: those with flights now, or all known ones.

use super::HttpState;
use super::display_names;
use super::flights::{busy, next_page};
use crate::app::App;
use crate::problem::Problem;
use crate::query::{Query, flag, whole};
use crate::time::monotonic;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use actors::hub::Hub;
use domain::codes::{AirlineCode, Iata};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wire::problem::ProblemBody;
use wire::rest::{AirlinesBody, AirportRow, AirportsBody, BoardAirport};
use wire::text::{FromText, Text};

/// Airports on one page.
const PAGE: u64 = 1_000;

/// How long a count is cached. Counting visits every flight.
const COUNT_GOOD_FOR: Duration = Duration::from_secs(1);

/// The number of flights per airport and airline.
#[derive(Debug, Default)]
struct Count {
    airports: BTreeMap<Iata, u32>,
    airlines: BTreeSet<AirlineCode>,
}

/// The cached count, shared by all threads.
#[derive(Debug, Default)]
pub(super) struct ActiveCodes(Mutex<Option<(Instant, Arc<Count>)>>);

impl ActiveCodes {
    async fn now(&self, hub: &Hub) -> Result<Arc<Count>, Problem> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, count)) = held
            && at.elapsed() < COUNT_GOOD_FOR
        {
            return Ok(count);
        }
        let hub = hub.clone();
        let count = Arc::new(web::block(move || count(&hub)).await.map_err(|_| busy())?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((monotonic(), count.clone()));
        Ok(count)
    }
}

fn count(hub: &Hub) -> Count {
    let mut count = Count::default();
    hub.for_each_flight(|live| {
        let view = &live.view;
        if view.hidden {
            return;
        }
        for airport in
            [Some(view.departure.airport), Some(view.arrival.airport), view.diverted_to].into_iter().flatten()
        {
            *count.airports.entry(airport).or_default() += 1;
        }
        count.airlines.insert(view.key.carrier);
        count
            .airlines
            .extend(view.codeshares.iter().flat_map(|list| list.iter()).map(|flight| flight.airline));
    });
    count
}

/// The query of [`list_airports`].
#[derive(Deserialize)]
pub(super) struct AirportsQuery {
    #[serde(default, deserialize_with = "flag")]
    all: bool,
    cursor: Option<Text<NextAirport>>,
    #[serde(default = "page", deserialize_with = "whole::<1, PAGE, _>")]
    limit: u64,
}

fn page() -> u64 {
    PAGE
}

/// The last airport of the previous page.
struct NextAirport(Iata);

impl FromText for NextAirport {
    fn from_text(text: &str) -> Result<Self, String> {
        Iata::parse(text).map(Self).map_err(|_| "is none that was given out as next".into())
    }
}

/// The query of [`list_airlines`].
#[derive(Deserialize)]
pub(super) struct AirlinesQuery {
    #[serde(default, deserialize_with = "flag")]
    all: bool,
}

/// Airports with flights now.
#[utoipa::path(
    get,
    path = "/api/v1/airports",
    tag = "places",
    params(
        ("all" = Option<String>, Query, description = "`1` for all known airports", example = "1", pattern = "^(0|1|true|false)$"),
        ("cursor" = Option<String>, Query, description = "`next` of the previous page", example = "EWR"),
        ("limit" = Option<u64>, Query, description = "Airports on one page, 1 to 1000", example = 100, minimum = 1, maximum = 1000),
    ),
    responses(
        (status = 200, description = "By code", body = AirportsBody),
        (status = 503, description = "Too many answers wait for slow clients; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_airports(
    request: HttpRequest,
    Query(query): Query<AirportsQuery>,
    app: web::Data<App>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let (after, limit) = (query.cursor.map(|Text(NextAirport(iata))| iata), query.limit as usize);
    let count = state.active_codes.now(&app.hub).await?;
    let codes: Box<dyn Iterator<Item = Iata>> = match query.all {
        true => Box::new(display_names::all_airports(&app.directory_cache).into_iter()),
        false => Box::new(count.airports.keys().copied()),
    };
    let mut page: Vec<_> =
        codes.filter(|iata| after.is_none_or(|after| *iata > after)).take(limit + 1).collect();
    let more = page.len() > limit;
    page.truncate(limit);
    let next = page.last().filter(|_| more).map(ToString::to_string);
    let flights = |iata| count.airports.get(&iata).copied().unwrap_or(0);
    let row = |iata| row(display_names::airport(iata, app.directory_cache.airport(iata)), flights(iata));
    let airports = page.into_iter().map(row).collect();
    let mut answer = HttpResponse::Ok();
    answer.insert_header(("cache-control", "no-cache"));
    if let Some(next) = &next {
        answer.insert_header((header::LINK, next_page(&request, next)));
    }
    Ok(answer.json(AirportsBody { airports, next }))
}

fn row(airport: BoardAirport, flights: u32) -> AirportRow {
    let BoardAirport { iata, name, city, country, zone } = airport;
    AirportRow { iata, name, city, country, zone, flights }
}

/// Airlines that operate or sell flights now.
#[utoipa::path(
    get,
    path = "/api/v1/airlines",
    tag = "places",
    params(("all" = Option<String>, Query, description = "`1` for all known airlines", example = "1", pattern = "^(0|1|true|false)$")),
    responses(
        (status = 200, description = "By code", body = AirlinesBody),
        (status = 503, description = "Too many answers wait for slow clients; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_airlines(
    Query(query): Query<AirlinesQuery>,
    app: web::Data<App>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let airlines = if query.all {
        display_names::all_airlines(&app.directory_cache)
    } else {
        let count = state.active_codes.now(&app.hub).await?;
        count.airlines.iter().map(|code| display_names::airline(*code, &app.directory_cache)).collect()
    };
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-cache")).json(AirlinesBody { airlines }))
}
