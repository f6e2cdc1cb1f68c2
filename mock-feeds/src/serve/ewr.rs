//! EWR, polled for JSON in the format of Schiphol's API: `GET /ewr/flights?page=0`.
//!
//! Twenty rows per page, `Link` with first, prev, next and last, `app_id` and `app_key` in headers and a
//! 403 without them. `flightDirection` and `scheduleDate` filter.
//!
//! Every page has the tag of the whole feed: a caller that gets a 304 for the first page needs no other.

use super::Served;
use super::answer::{Answer, Memory, answer};
use crate::airport::Airport;
use crate::encode::schiphol::{self, Sender};
use crate::simulation::seeded_random::fnv1a;
use actix_web::{HttpRequest, HttpResponse, web};
use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use domain::codes::Iata;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Rows on a page.
pub const ROWS_PER_PAGE: usize = 20;
/// Highest page number.
const PAGE_MAX: usize = 499;

/// The caller's credentials. They are for demonstration and not secret.
#[derive(Clone, Debug)]
pub struct AppKeys {
    /// Header `app_id`.
    pub id: String,
    /// Header `app_key`.
    pub key: String,
}

impl Default for AppKeys {
    fn default() -> Self {
        Self { id: "demo".into(), key: "demo".into() }
    }
}

/// The query parameters.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Query {
    page: usize,
    flight_direction: Option<String>,
    schedule_date: Option<NaiveDate>,
}

pub(super) async fn flights(
    request: HttpRequest,
    query: web::Query<Query>,
    served: web::Data<Served>,
    memory: web::Data<Memory>,
) -> HttpResponse {
    if let Some(refusal) = refusal(&request, &served.keys) {
        return refusal;
    }
    if query.page > PAGE_MAX {
        return HttpResponse::BadRequest().json(json!({ "error": format!("page is at most {PAGE_MAX}") }));
    }
    let base = {
        let connection = request.connection_info();
        format!("{}://{}{}", connection.scheme(), connection.host(), request.path())
    };
    match Iata::parse("EWR") {
        Ok(ewr) => {
            answer(&request, &served, &memory, ewr, |airport, now| page(airport, now, &query, &base)).await
        }
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

/// Why a caller is refused, with Schiphol's texts.
fn refusal(request: &HttpRequest, keys: &AppKeys) -> Option<HttpResponse> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let forbidden = |words: &str| Some(HttpResponse::Forbidden().json(json!({ "error": words })));
    match (header("app_id"), header("app_key")) {
        (None, _) | (_, None) => return forbidden("Authentication parameters missing"),
        (Some(id), Some(key)) if id != keys.id || key != keys.key => {
            return forbidden("Authentication failed");
        }
        _ => {}
    }
    // Schiphol requires the version; here only a wrong one is refused.
    let wrong = header("ResourceVersion").is_some_and(|version| version != "v4");
    wrong.then(|| HttpResponse::NotAcceptable().json(json!({ "error": "ResourceVersion is v4" })))
}

fn page(airport: &Airport, now: DateTime<Utc>, query: &Query, base: &str) -> Result<Answer> {
    let zone = domain::airports::zone_of(airport.iata).unwrap_or(chrono_tz::UTC);
    let sender = Sender { airport: airport.iata, zone, fault: airport.faults.wrong_zone };
    let mut legs = airport.told(now, None);
    legs.retain(|(_, known)| {
        let direction = if known.key.from == airport.iata { "D" } else { "A" };
        let date =
            schiphol::scheduled_here(airport.iata, known).map(|at| at.with_timezone(&zone).date_naive());
        query.flight_direction.as_deref().is_none_or(|wanted| wanted == direction)
            && query.schedule_date.is_none_or(|wanted| date == Some(wanted))
    });
    legs.sort_by_key(|(_, known)| (schiphol::scheduled_here(airport.iata, known), known.key));
    let version = fnv1a(format!("{:?}", sender.fault).as_bytes());
    let version = legs.iter().fold(version, |version, (since, known)| {
        version.rotate_left(5) ^ fnv1a(format!("{since}{}", known.key.id()).as_bytes())
    });
    let count: usize = legs.iter().map(|(_, known)| schiphol::row_count(known)).sum();
    let rows: Vec<Value> = rows_of_page(sender, &legs, query.page);
    let body = serde_json::to_vec(&json!({ "flights": rows, "schemaVersion": "4" }))?;
    let link = link(base, query, count);
    Ok(Answer { content_type: "application/json", link, version: Some(version), body: body.into() })
}

/// The rows of one page. Legs before it are counted and not encoded.
fn rows_of_page(
    sender: Sender,
    legs: &[(DateTime<Utc>, &crate::known_flight::KnownFlight)],
    page: usize,
) -> Vec<Value> {
    let first = page * ROWS_PER_PAGE;
    let (mut passed, mut rows) = (0, Vec::new());
    for (_, known) in legs {
        let count = schiphol::row_count(known);
        if passed + count > first {
            let skipped = first.saturating_sub(passed);
            rows.extend(schiphol::rows(sender, known).into_iter().skip(skipped));
        }
        passed += count;
        if passed >= first + ROWS_PER_PAGE {
            break;
        }
    }
    rows.truncate(ROWS_PER_PAGE);
    rows
}

/// `Link` as Schiphol sends it: first and prev except on the first page, next and last except on the last.
fn link(base: &str, query: &Query, rows: usize) -> Option<String> {
    let last = rows.div_ceil(ROWS_PER_PAGE).saturating_sub(1).min(PAGE_MAX);
    let mut relations = Vec::new();
    if query.page > 0 {
        relations.push((0, "first"));
        relations.push((query.page - 1, "prev"));
    }
    if query.page < last {
        relations.push((query.page + 1, "next"));
        relations.push((last, "last"));
    }
    let mut narrowed = String::new();
    if let Some(direction) = &query.flight_direction {
        _ = write!(narrowed, "&flightDirection={direction}");
    }
    if let Some(date) = query.schedule_date {
        _ = write!(narrowed, "&scheduleDate={date}");
    }
    let links: Vec<String> = relations
        .iter()
        .map(|(page, relation)| format!("<{base}?page={page}{narrowed}>; rel=\"{relation}\""))
        .collect();
    (!links.is_empty()).then(|| links.join(", "))
}
