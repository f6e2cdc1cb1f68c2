//! An airport's departure and arrival boards.

use super::data_age;
use super::display_names;
use super::etag::{REVALIDATE, not_modified, tag_of_board, tagged};
use super::flights::stopping;
use crate::app::App;
use crate::problem::Problem;
use crate::query::{Query, whole};
use actix_web::{HttpRequest, HttpResponse, web};
use actors::flight_snapshot::FlightSnapshot;
use chrono::{DateTime, Utc};
use domain::codes::{Direction, Iata};
use domain::topic::Topic;
use serde::Deserialize;
use std::sync::Arc;
use wire::problem::ProblemBody;
use wire::rest::BoardBody;
use wire::text::Text;

/// Most rows of one answer. The busiest airports have about 3,000 flights a day on both boards together. A
/// client must request a longer board in parts, because a part must not look complete.
const ROWS_MAX: u64 = 5_000;

/// The query of [`board`].
#[derive(Deserialize)]
pub(super) struct BoardQuery {
    from: Option<Text<DateTime<Utc>>>,
    to: Option<Text<DateTime<Utc>>>,
    /// Clients cannot send 0; it means no limit.
    #[serde(default, deserialize_with = "whole::<1, ROWS_MAX, _>")]
    limit: u64,
}

/// A board, or its part between two instants.
#[utoipa::path(
    get,
    path = "/api/v1/boards/{iata}/{direction}",
    tag = "boards",
    params(
        ("iata" = String, Path, description = "The airport's IATA code", example = "JFK"),
        ("direction" = String, Path, description = "`departures` or `arrivals`", example = "departures", pattern = "^(departures|arrivals)$"),
        ("from" = Option<DateTime<Utc>>, Query, description = "Flights scheduled or now expected at or after this instant, RFC 3339, and those of unknown time that may be", example = "2013-02-08T15:00:00Z"),
        ("to" = Option<DateTime<Utc>>, Query, description = "Flights scheduled or now expected before this instant, likewise", example = "2013-02-08T21:00:00Z"),
        ("limit" = Option<u64>, Query, description = "At most so many, from the first on, 1 to 5000; needed where there are more", example = 100, minimum = 1, maximum = 5000),
    ),
    responses(
        (status = 200, description = "By scheduled time, with an `ETag`", body = BoardBody),
        (status = 304, description = "The client holds the current rows and silent sources (`If-None-Match`)"),
        (status = 404, description = "No such airport or board", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many answers wait for slow clients; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn board(
    request: HttpRequest,
    Query(query): Query<BoardQuery>,
    path: web::Path<(String, String)>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let (from, to) = (query.from.map(|Text(from)| from), query.to.map(|Text(to)| to));
    let limit = query.limit as usize;
    let (iata, direction) = path.into_inner();
    let iata = Iata::parse(&iata).map_err(|fault| Problem::not_found(&fault.to_string()))?;
    let direction = Direction::parse(&direction)
        .ok_or_else(|| Problem::not_found("an airport has departures and arrivals"))?;
    let topic = Topic::Board(iata, direction);
    let changed = app.directory_cache.airport(iata);
    // An unknown airport may have a board, if flights go there.
    if !app.directory_cache.is_airport(iata) && !app.hub.boards().contains(&topic) {
        return Err(Problem::not_found(&format!("no airport {iata} is known")));
    }
    let rows = app.hub.rows(&topic).await.map_err(stopping)?;
    let age = data_age::of_airports(&app.hub, &[iata]);
    let tag = tag_of_board(rows.version, changed.as_ref().map(|change| change.at), data_age::mark(&age));
    if let Some(answer) = not_modified(&request, &tag, REVALIDATE) {
        return Ok(answer);
    }
    let within = |live: &&Arc<FlightSnapshot>| live.view.may_be_within(direction, from, to);
    let most = if limit == 0 { ROWS_MAX as usize } else { limit };
    let chosen: Vec<_> = rows.rows.iter().filter(within).take(most + 1).collect();
    if chosen.len() > most && limit == 0 {
        let why = format!("is needed, or from and to: there are more than {ROWS_MAX} flights");
        return Err(Problem::bad_query("limit", &why));
    }
    let bytes = chosen.iter().take(most).map(|live| &live.json()[..]);
    let json = wire::rest::board_json(&display_names::airport(iata, changed), direction, &age, bytes);
    Ok(tagged(&tag, json))
}
