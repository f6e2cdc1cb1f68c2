//! Searching flights, and reading one flight.

use super::HttpState;
use super::data_age;
use super::etag::{REVALIDATE, not_modified, tag_of_revision, tagged};
use super::search::Search;
use crate::app::App;
use crate::problem::Problem;
use crate::query::{NoParameters, Query, whole};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use actors::flight_snapshot::FlightSnapshot;
use actors::hub::{Hub, SnapshotError};
use chrono::{DateTime, Utc};
use domain::codes::{AirlineCode, Direction, Iata};
use domain::leg::LegId;
use domain::topic::Topic;
use domain::view::Status;
use serde::Deserialize;
use std::sync::Arc;
use wire::problem::ProblemBody;
use wire::rest::{FlightAnswer, FlightsBody};
use wire::text::{FromText, Text};

/// Flights on one page by default, and at most.
const PAGE: u64 = 100;
const PAGE_MAX: u64 = 500;

/// A query over this many rows runs on a blocking thread.
const LONG_QUERY_ROWS: usize = 2_000;

/// Concurrent queries of that size. Others wait, within the time limit of a request, to leave CPU for
/// broadcasts.
pub(super) const LONG_QUERIES_MAX: usize = 2;

/// The sort key of a row: its time, then its leg.
type Place = (DateTime<Utc>, LegId);

/// The query of [`list`].
#[derive(Deserialize)]
pub(super) struct FlightsQuery {
    airport: Option<Text<Iata>>,
    direction: Option<Text<Direction>>,
    airline: Option<Text<AirlineCode>>,
    from: Option<Text<DateTime<Utc>>>,
    to: Option<Text<DateTime<Utc>>>,
    status: Option<Text<Statuses>>,
    q: Option<Text<Search>>,
    cursor: Option<Text<Cursor>>,
    #[serde(default = "page", deserialize_with = "whole::<1, PAGE_MAX, _>")]
    limit: u64,
}

fn page() -> u64 {
    PAGE
}

/// Any of these.
struct Statuses(Vec<Status>);

/// The place of the last flight of the previous page.
struct Cursor(Place);

/// The filters of a query.
struct Wanted {
    airport: Option<Iata>,
    direction: Option<Direction>,
    airline: Option<AirlineCode>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    status: Option<Vec<Status>>,
    search: Option<Search>,
    /// The leg of a call sign in the query.
    called: Option<LegId>,
    after: Option<Place>,
    page: usize,
}

impl Wanted {
    fn of(query: FlightsQuery, hub: &Hub) -> Result<Self, Problem> {
        if query.direction.is_some() && query.airport.is_none() {
            return Err(Problem::bad_query("direction", "needs an airport"));
        }
        let search = query.q.map(|Text(search)| search);
        Ok(Self {
            airport: query.airport.map(|Text(airport)| airport),
            direction: query.direction.map(|Text(direction)| direction),
            airline: query.airline.map(|Text(airline)| domain::airlines::canonical_code(airline)),
            from: query.from.map(|Text(from)| from),
            to: query.to.map(|Text(to)| to),
            status: query.status.map(|Text(Statuses(any))| any),
            called: search.as_ref().and_then(|search| hub.find_by_call_sign(search.joined())),
            search,
            after: query.cursor.map(|Text(Cursor(place))| place),
            page: query.limit as usize,
        })
    }

    /// The topics whose rows contain these flights.
    fn topics(&self) -> Vec<Topic> {
        match (self.airport, self.direction, self.airline) {
            (Some(airport), Some(direction), _) => vec![Topic::Board(airport, direction)],
            (Some(airport), None, _) => {
                [Direction::Departures, Direction::Arrivals].map(|side| Topic::Board(airport, side)).into()
            }
            (None, _, Some(airline)) => vec![Topic::Airline(airline)],
            (None, _, None) => vec![Topic::All],
        }
    }

    fn place(&self, live: &FlightSnapshot) -> Place {
        (live.view.board_time(self.side()), live.leg.clone())
    }

    /// The side whose time filters and orders the flights.
    fn side(&self) -> Direction {
        self.direction.unwrap_or(Direction::Departures)
    }

    fn fits(&self, live: &FlightSnapshot, (time, leg): &Place) -> bool {
        let view = &live.view;
        let airline = |airline: AirlineCode| {
            let sold_by =
                |list: &Arc<[_]>| list.iter().any(|d: &domain::codes::Designator| d.airline == airline);
            view.key.carrier == airline || view.codeshares.as_ref().is_some_and(sold_by)
        };
        view.may_be_within(self.side(), self.from, self.to)
            && self.after.as_ref().is_none_or(|(t, l)| (time, leg) > (t, l))
            && self.status.as_ref().is_none_or(|wanted| wanted.contains(&view.status))
            && self.airline.is_none_or(airline)
            && (self.search.as_ref().is_none_or(|search| search.fits(view))
                || self.called.as_ref() == Some(leg))
    }

    /// One page of `rows`, and the cursor of the next.
    fn page_of(&self, rows: &[Arc<[Arc<FlightSnapshot>]>]) -> (Vec<Arc<FlightSnapshot>>, Option<Place>) {
        let all = rows.iter().flat_map(|rows| rows.iter()).map(|live| (self.place(live), live));
        let mut found: Vec<_> = all.filter(|(place, live)| self.fits(live, place)).collect();
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        // A flight that returns to its origin is on both boards.
        found.dedup_by(|(a, _), (b, _)| a == b);
        let next = (found.len() > self.page).then(|| found[self.page - 1].0.clone());
        (found.into_iter().take(self.page).map(|(_, live)| live.clone()).collect(), next)
    }
}

/// Searches flights. All filters must match.
#[utoipa::path(
    get,
    path = "/api/v1/flights",
    tag = "flights",
    params(
        ("airport" = Option<String>, Query, description = "IATA code; flights on this airport's boards", example = "JFK"),
        ("direction" = Option<String>, Query, description = "`departures` or `arrivals`; needs `airport`", example = "departures", pattern = "^(departures|arrivals)$"),
        ("from" = Option<DateTime<Utc>>, Query, description = "Flights at or after this instant, RFC 3339; by departure, or by arrival where `direction` is `arrivals`, as scheduled or as now expected; one of unknown time wherever it may belong", example = "2013-02-08T15:00:00Z"),
        ("to" = Option<DateTime<Utc>>, Query, description = "Flights before this instant", example = "2013-02-08T21:00:00Z"),
        ("q" = Option<String>, Query, description = "Flight number, marketing number, call sign, registration, words of places and airlines, or a route such as `JFK to SJU` or `JFK-SJU`; at most 64 characters", example = "B6 615", max_length = 64),
        ("airline" = Option<String>, Query, description = "Flights this airline operates or sells", example = "B6"),
        ("status" = Option<String>, Query, description = "One status, or several separated by commas", example = "delayed,cancelled"),
        ("limit" = Option<u64>, Query, description = "Flights on one page, 1 to 500", example = 100, minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "`next` of the previous page; the other parameters must stay the same", example = "1360357200000.B6-615-20130208-JFK-FLL"),
    ),
    responses(
        (status = 200, description = "One page, by time", body = FlightsBody),
        (status = 503, description = "Too many answers wait for slow clients; retry after the delay in `Retry-After`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    request: HttpRequest,
    Query(query): Query<FlightsQuery>,
    app: web::Data<App>,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let wanted = Wanted::of(query, &app.hub)?;
    let mut rows = Vec::with_capacity(2);
    for topic in wanted.topics() {
        rows.push(app.hub.rows(&topic).await.map_err(stopping)?.rows);
    }
    let long = rows.iter().map(|rows: &Arc<[_]>| rows.len()).sum::<usize>() > LONG_QUERY_ROWS;
    let look = move || wanted.page_of(&rows);
    let (found, next) = if long {
        let _permit = state.long_queries.acquire().await.map_err(|_| busy())?;
        web::block(look).await.map_err(|_| busy())?
    } else {
        look()
    };
    let next = next.map(|place| cursor(&place));
    let age = data_age::of_all(&app.hub);
    let json = wire::rest::flights_json(&age, found.iter().map(|live| &live.json()[..]), next.as_deref());
    let mut answer = HttpResponse::Ok();
    answer.content_type("application/json").insert_header(("cache-control", "no-cache"));
    if let Some(next) = &next {
        answer.insert_header((header::LINK, next_page(&request, next)));
    }
    Ok(answer.body(json))
}

/// The live state of one flight.
#[utoipa::path(
    get,
    path = "/api/v1/flights/{leg}",
    tag = "flights",
    params(("leg" = String, Path, description = "As given in a flight's `leg`", example = "B6-615-20130208-JFK-FLL")),
    responses(
        (status = 200, description = "The flight and the age of its data, with an `ETag`", body = FlightAnswer),
        (status = 304, description = "The client holds the current state (`If-None-Match`)"),
        (status = 404, description = "No such flight, or it was retired", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn one(
    request: HttpRequest,
    _: Query<NoParameters>,
    leg: web::Path<String>,
    app: web::Data<App>,
) -> Result<HttpResponse, Problem> {
    let live =
        LegId::known(&leg).and_then(|leg| app.hub.flight_snapshot(&leg)).filter(|live| !live.view.hidden);
    let live = live.ok_or_else(unknown)?;
    let age = data_age::of_airports(&app.hub, &airports_of(&live));
    let tag = tag_of_revision(&app.epoch, live.rev, data_age::mark(&age));
    let answer = || tagged(&tag, wire::rest::flight_answer_json(live.json(), &age.silent_sources));
    Ok(not_modified(&request, &tag, REVALIDATE).unwrap_or_else(answer))
}

/// The airports whose boards list a flight.
fn airports_of(live: &FlightSnapshot) -> Vec<Iata> {
    let airport = |topic: &Topic| match topic {
        Topic::Board(iata, _) => Some(*iata),
        _ => None,
    };
    live.view.topics(&live.leg).iter().filter_map(airport).collect()
}

/// A link to the page that begins at `next`, with the same other parameters.
pub(super) fn next_page(request: &HttpRequest, next: &str) -> String {
    let others =
        request.query_string().split('&').filter(|one| !one.is_empty() && !one.starts_with("cursor="));
    let query: String = others.map(|one| format!("{one}&")).collect();
    format!("<{}?{query}cursor={next}>; rel=\"next\"", request.path())
}

pub(super) fn unknown() -> Problem {
    Problem::not_found("no such flight")
}

pub(super) fn stopping(fault: SnapshotError) -> Problem {
    Problem::unavailable(&fault.to_string())
}

pub(super) fn busy() -> Problem {
    Problem::unavailable("the hub is too busy for this query")
}

impl FromText for Statuses {
    fn from_text(text: &str) -> Result<Self, String> {
        let status = |word: &str| {
            let known = Status::WORDS.iter().find(|(_, known)| *known == word).map(|(status, _)| *status);
            known.ok_or_else(|| {
                let words: Vec<_> = Status::WORDS.iter().map(|(_, word)| *word).collect();
                format!("must be of {}", words.join(", "))
            })
        };
        text.split(',').map(str::trim).map(status).collect::<Result<_, _>>().map(Self)
    }
}

fn cursor((time, leg): &Place) -> String {
    format!("{}.{leg}", time.timestamp_millis())
}

impl FromText for Cursor {
    fn from_text(text: &str) -> Result<Self, String> {
        let read = || {
            let (time, leg) = text.split_once('.')?;
            let time = DateTime::from_timestamp_millis(time.parse().ok()?)?;
            Some(Self((time, LegId::known(leg)?)))
        };
        read().ok_or_else(|| "is none that was given out as next".into())
    }
}
