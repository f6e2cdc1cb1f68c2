//! The hub understands what these airports say: each message is read by the hub's own decoders and
//! held against what the airport knew.

use crate::stage::{Stage, at, header};
use domain::codes::Iata;
use domain::field::{Field, Step, Value};
use domain::flight::Flight;
use domain::report::{Report, Source};
use mock_feeds::encode::ZoneFault;
use mock_feeds::encode::aidx::{self, Sender};
use mock_feeds::known_flight::KnownFlight;
use std::collections::HashMap;
use std::sync::Arc;
use wire::feed::{Context, Format, decode};

fn context(airport: Iata) -> Context {
    let source = Source {
        name: airport.as_str().to_lowercase().into(),
        airport: Some(airport),
        rank: 50,
        creates: true,
        scope: Default::default(),
    };
    let zone = chrono_tz::America::New_York;
    Context { source: Arc::new(source), received_at: at(23), zone, airport: Some(airport) }
}

/// All that an airport knows at an hour.
fn known(stage: &Stage, airport: Iata) -> Vec<KnownFlight> {
    stage
        .shared
        .at(airport, |airport, now| {
            airport.told(now, None).into_iter().map(|(_, known)| known.clone()).collect()
        })
        .unwrap()
}

fn said(report: &Report, field: Field) -> Option<&Value> {
    report
        .statements
        .iter()
        .find(|statement| statement.field == field)
        .and_then(|statement| statement.value.as_ref())
}

fn time(at: Option<chrono::DateTime<chrono::Utc>>) -> Option<Value> {
    at.map(|at| Value::Time(at.timestamp()))
}

fn text(text: &Option<Arc<str>>) -> Option<Value> {
    text.clone().map(Value::Text)
}

/// The departure's step before it left; afterwards its times show it.
fn step_before_leaving(known: &KnownFlight) -> Option<Step> {
    let departure = &known.departure;
    let steps = [
        (departure.gate_closed, Step::GateClosed),
        (departure.final_call, Step::FinalCall),
        (departure.boarding, Step::Boarding),
        (departure.gate_opened, Step::GateOpen),
    ];
    let step = steps.into_iter().find(|step| step.0.is_some()).map(|step| step.1);
    step.filter(|_| departure.off_block.is_none() && known.cancelled.is_none())
}

#[actix_web::test]
async fn every_aidx_message_decodes_without_a_fault_to_the_known_facts() {
    let stage = Stage::open();
    let lga = Iata::parse("LGA").unwrap();
    for hour in [15, 22] {
        stage.clock.set(at(hour));
        let body = stage.text("/lga/aidx").await;
        let decoded = decode(Format::Aidx, body.as_bytes(), &context(lga)).unwrap();
        assert_eq!(decoded.faults, [], "at {hour}");
        let reports: HashMap<_, _> = decoded.reports.iter().map(|(_, report)| (report.key, report)).collect();
        let known = known(&stage, lga);
        assert_eq!(reports.len(), known.len());
        for known in &known {
            check_aidx(known, reports[&known.key]);
        }
    }
}

fn check_aidx(known: &KnownFlight, report: &Report) {
    let (departure, arrival) = (&known.departure, &known.arrival);
    // Below the second there may be the number of the message.
    assert_eq!(report.observed_at.timestamp(), known.last_updated.timestamp());
    let facts = [
        (Field::DepartureScheduled, time(departure.scheduled)),
        (Field::DepartureEstimated, time(departure.estimated)),
        (Field::DepartureActual, time(departure.off_block)),
        (Field::DepartureAirborne, time(departure.airborne)),
        (Field::DepartureGate, text(&departure.gate)),
        (Field::DepartureTerminal, text(&departure.terminal)),
        (Field::DepartureCheckIn, text(&departure.desks)),
        (Field::ArrivalScheduled, time(arrival.scheduled)),
        (Field::ArrivalEstimated, time(arrival.estimated)),
        (Field::ArrivalLanded, time(arrival.landed)),
        (Field::ArrivalActual, time(arrival.on_block)),
        (Field::ArrivalGate, text(&arrival.gate)),
        (Field::ArrivalBelt, text(&arrival.belt)),
        (Field::AircraftType, text(&known.aircraft_type)),
        (Field::AircraftRegistration, text(&known.registration)),
        (Field::Cancelled, known.cancelled.map(|_| Value::Flag(true))),
        (Field::DivertedTo, known.diverted_to.map(Value::Airport)),
    ];
    for (field, fact) in facts {
        assert_eq!(said(report, field), fact.as_ref(), "{field} of {known:?}");
    }
    assert_eq!(said(report, Field::DelayReason).is_some(), known.reason.is_some(), "{known:?}");
    if let Some(step) = step_before_leaving(known) {
        let mut flight = Flight::new(report.key);
        flight.apply(report, report.received_at).unwrap();
        assert_eq!(flight.view().status.as_str(), step.as_str(), "{known:?}");
    }
}

#[actix_web::test]
async fn every_page_of_rows_decodes_without_a_fault_to_the_known_facts() {
    let stage = Stage::open();
    let ewr = Iata::parse("EWR").unwrap();
    stage.clock.set(at(18));
    let known: HashMap<_, _> = known(&stage, ewr).into_iter().map(|known| (known.key, known)).collect();
    let mut reports = HashMap::new();
    for page in 0.. {
        let response = stage.ask(&format!("/ewr/flights?page={page}")).await;
        let more = header(&response, "link").contains("rel=\"next\"");
        let decoded = decode(Format::Schiphol, &response.bytes().await.unwrap(), &context(ewr)).unwrap();
        assert_eq!(decoded.faults, []);
        reports.extend(decoded.reports.into_iter().map(|(_, report)| (report.key, report)));
        if !more {
            break;
        }
    }
    assert_eq!(reports.len(), known.len());
    for (key, known) in &known {
        let report = &reports[key];
        assert_eq!(report.observed_at, known.last_updated);
        let departs = key.from == ewr;
        let facts = if departs {
            [
                (Field::DepartureScheduled, time(known.departure.scheduled)),
                (Field::DepartureEstimated, time(known.departure.estimated)),
                (Field::DepartureActual, time(known.departure.off_block)),
                (Field::DepartureGate, text(&known.departure.gate)),
            ]
        } else {
            [
                (Field::ArrivalScheduled, time(known.arrival.scheduled)),
                (Field::ArrivalLanded, time(known.arrival.landed)),
                (Field::ArrivalGate, text(&known.arrival.gate)),
                (Field::ArrivalBelt, text(&known.arrival.belt)),
            ]
        };
        for (field, fact) in facts {
            assert_eq!(said(report, field), fact.as_ref(), "{field} of {known:?}");
        }
        assert_eq!(said(report, Field::Cancelled) == Some(&Value::Flag(true)), known.cancelled.is_some());
        let shares = Value::codeshares(known.codeshares.clone()).unwrap();
        assert!(known.codeshares.is_empty() || said(report, Field::Codeshares) == Some(&shares), "{known:?}");
    }
}

#[actix_web::test]
async fn times_without_a_zone_are_taken_for_the_airport_s_own() {
    let stage = Stage::open();
    let jfk = crate::stage::jfk();
    let known = known(&stage, jfk);
    let legs: Vec<&KnownFlight> = known.iter().collect();
    let sender = Sender { airport: "JFK", zone: chrono_tz::America::New_York, fault: ZoneFault::Missing };
    let body = aidx::notification(sender, at(15), 1, &legs).unwrap();
    let decoded = decode(Format::Aidx, &body, &context(jfk)).unwrap();
    assert_eq!(decoded.faults, []);
    assert_eq!(decoded.reports.len(), known.len());
    for (known, (_, report)) in known.iter().zip(&decoded.reports) {
        check_aidx(known, report);
    }
}
