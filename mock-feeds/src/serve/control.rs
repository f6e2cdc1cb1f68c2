//! The index page, the clock, counts and faults.

use super::Served;
use actix_web::{HttpResponse, web};
use chrono::SecondsFormat;
use domain::codes::Iata;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

pub(super) async fn index(served: web::Data<Served>) -> HttpResponse {
    let mut page = format!("{}\n\n", served.about);
    served.shared.look(|airports, now| {
        _ = writeln!(
            page,
            "It is {} by the airports' clock.",
            now.to_rfc3339_opts(SecondsFormat::Secs, true)
        );
        for airport in &airports.all {
            _ = writeln!(
                page,
                "{} knows {} flights, {} cancelled so far.",
                airport.iata,
                airport.known.len(),
                airport.tally.cancelled
            );
        }
    });
    page.push_str(
        "
JFK pushes AIDX FlightLegNotifRQ to the hub.
GET  /lga/aidx              LGA: AIDX FlightLegRS; ETag; ?since=INSTANT for what changed since
GET  /ewr/flights?page=0    EWR: JSON as Schiphol's API v4; headers app_id and app_key; Link rel=next
GET  /clock                 {\"now\",\"speed\"}
GET  /tally                 counts by airport
GET  /faults                what goes wrong, by airport
POST /faults                change it: {\"LGA\":{\"errors\":0.2,\"latency_ms\":500}}; \"*\" is every airport
",
    );
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(page)
}

pub(super) async fn clock(served: web::Data<Served>) -> HttpResponse {
    let clock = served.shared.clock();
    let now = clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    HttpResponse::Ok().json(json!({ "now": now, "speed": clock.speed() }))
}

pub(super) async fn tally(served: web::Data<Served>) -> HttpResponse {
    let tally: Map<String, Value> = served.shared.look(|airports, _| {
        airports.all.iter().map(|airport| (airport.iata.to_string(), json!(airport.tally))).collect()
    });
    HttpResponse::Ok().json(tally)
}

pub(super) async fn faults(served: web::Data<Served>) -> HttpResponse {
    let faults: Map<String, Value> = served.shared.look(|airports, _| {
        airports.all.iter().map(|airport| (airport.iata.to_string(), json!(airport.faults))).collect()
    });
    HttpResponse::Ok().json(faults)
}

/// Applies the whole change or none of it.
pub(super) async fn set_faults(
    served: web::Data<Served>,
    change: web::Json<Map<String, Value>>,
) -> HttpResponse {
    let made = served.shared.look(|airports, _| {
        let mut next: Vec<_> = airports.all.iter().map(|airport| airport.faults.clone()).collect();
        for (name, change) in change.iter() {
            let wanted = Iata::parse(name).ok();
            let mut found = false;
            for (airport, faults) in airports.all.iter().zip(&mut next) {
                if name == "*" || wanted == Some(airport.iata) {
                    *faults = faults.changed_by(change).map_err(|error| format!("{name}: {error:#}"))?;
                    found = true;
                }
            }
            if !found {
                return Err(format!("{name} is not simulated"));
            }
        }
        for (airport, faults) in airports.all.iter_mut().zip(next) {
            airport.faults = faults;
        }
        Ok(())
    });
    match made {
        Ok(()) => faults(served).await,
        Err(reason) => HttpResponse::BadRequest().json(json!({ "error": reason })),
    }
}
