//! LGA, polled for AIDX: `GET /lga/aidx`, and `?since=INSTANT` for later changes.
//!
//! `TimeStamp` is the instant of the newest fact in the answer, so an unchanged feed gives the same bytes
//! and `If-None-Match` works. To get a delta, send that `TimeStamp` back.

use super::Served;
use super::answer::{Answer, Memory, answer};
use crate::airport::Airport;
use crate::encode::aidx::{self, Sender};
use actix_web::{HttpRequest, HttpResponse, web};
use anyhow::Result;
use chrono::{DateTime, Utc};
use domain::codes::Iata;
use serde::Deserialize;

/// Longest body in bytes, as agreed with callers. Beyond it the legs scheduled last are left out.
const BODY_BYTES_MAX: usize = 5 * 1024 * 1024;

/// The query parameters.
#[derive(Debug, Deserialize)]
pub(super) struct Query {
    since: Option<String>,
}

pub(super) async fn legs(
    request: HttpRequest,
    query: web::Query<Query>,
    served: web::Data<Served>,
    memory: web::Data<Memory>,
) -> HttpResponse {
    let since = match query.since.as_deref().map(DateTime::parse_from_rfc3339).transpose() {
        Ok(since) => since.map(|since| since.with_timezone(&Utc)),
        Err(error) => {
            return HttpResponse::BadRequest()
                .body(format!("since: {error}, such as 2013-02-08T15:00:00Z\n"));
        }
    };
    match Iata::parse("LGA") {
        Ok(lga) => answer(&request, &served, &memory, lga, |airport, now| told(airport, now, since)).await,
        Err(error) => HttpResponse::InternalServerError().body(error.to_string()),
    }
}

fn told(airport: &Airport, now: DateTime<Utc>, since: Option<DateTime<Utc>>) -> Result<Answer> {
    let mut legs = airport.told(now, since);
    legs.sort_by_key(|(_, known)| (known.departure.scheduled.min(known.arrival.scheduled), known.key));
    let newest = legs.iter().map(|(at, _)| *at).max().or(since).unwrap_or(DateTime::UNIX_EPOCH);
    let mut legs: Vec<_> = legs.into_iter().map(|(_, known)| known).collect();
    let zone = domain::airports::zone_of(airport.iata).unwrap_or(chrono_tz::UTC);
    let sender = Sender { airport: airport.iata.as_str(), zone, fault: airport.faults.wrong_zone };
    let mut body = aidx::response(sender, newest, &legs)?;
    while body.len() > BODY_BYTES_MAX {
        legs.truncate(legs.len() * 9 / 10);
        body = aidx::response(sender, newest, &legs)?;
    }
    Ok(Answer { content_type: "application/xml", link: None, version: None, body: body.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::airport::Airports;
    use crate::event_schedule::EventSchedule;
    use crate::simulation::synthetic::Timetable;
    use chrono::NaiveDate;

    #[test]
    fn an_oversized_body_leaves_out_the_legs_scheduled_last() {
        let lga = Iata::parse("LGA").unwrap();
        let life = Timetable::new(&[lga], 6000, 1).unwrap().day(NaiveDate::from_ymd_opt(2026, 3, 3).unwrap());
        let mut airports = Airports::new(&[lga], &[], EventSchedule::one_day(life), 1);
        let noon = "2026-03-03T17:00:00Z".parse().unwrap();
        airports.advance(noon);
        let answer = told(airports.find(lga).unwrap(), noon, None).unwrap();
        assert!((BODY_BYTES_MAX / 2..=BODY_BYTES_MAX).contains(&answer.body.len()), "{}", answer.body.len());
        assert!(answer.body.ends_with(b"</IATA_AIDX_FlightLegRS>"));
    }
}
