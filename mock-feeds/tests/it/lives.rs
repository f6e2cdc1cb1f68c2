//! The whole blizzard, as the airports report it, merged by the hub's own rules.

use crate::stage::{SEED, at};
use chrono::TimeDelta;
use domain::codes::Iata;
use domain::flight::Flight;
use domain::leg::LegKey;
use domain::report::Source;
use domain::view::{FlightView, Status};
use mock_feeds::airport::{Airport, Airports};
use mock_feeds::days::Day;
use mock_feeds::encode::{ZoneFault, aidx, schiphol};
use mock_feeds::event_schedule::EventSchedule;
use mock_feeds::known_flight::KnownFlight;
use mock_feeds::simulation::Life;
use mock_feeds::simulation::plan::Fate;
use std::collections::HashMap;
use std::sync::Arc;
use wire::feed::{Context, Format, decode};

/// How far a status is along a flight's way. A delay comes and goes, and check-in with it.
fn progress(status: Status) -> u32 {
    match status {
        Status::Scheduled | Status::CheckIn | Status::Delayed | Status::Returned => 0,
        Status::GateOpen => 1,
        Status::Boarding => 2,
        Status::FinalCall => 3,
        Status::GateClosed => 4,
        Status::Departed => 5,
        Status::Airborne => 6,
        Status::Landed => 7,
        Status::Arrived => 8,
        Status::BagsOnBelt => 9,
        Status::Cancelled | Status::Diverted => 10,
    }
}

/// What an airport would send of these legs, in its own format.
fn message(
    airport: &Airport,
    legs: &[&KnownFlight],
    now: chrono::DateTime<chrono::Utc>,
) -> (Format, Vec<u8>) {
    let (zone, fault) = (chrono_tz::America::New_York, ZoneFault::None);
    if airport.iata.as_str() == "EWR" {
        let sender = schiphol::Sender { airport: airport.iata, zone, fault };
        let rows: Vec<_> = legs.iter().flat_map(|leg| schiphol::rows(sender, leg)).collect();
        (Format::Schiphol, serde_json::to_vec(&serde_json::json!({ "flights": rows })).unwrap())
    } else {
        let sender = aidx::Sender { airport: airport.iata.as_str(), zone, fault };
        (Format::Aidx, aidx::notification(sender, now, 1, legs).unwrap())
    }
}

#[test]
fn a_whole_day_never_reverts_a_flight_and_ends_as_recorded() {
    let life = Life::of_day(Day::Blizzard, SEED).unwrap();
    let plans = life.plans.clone();
    let codes = ["JFK", "LGA", "EWR"].map(|code| Iata::parse(code).unwrap());
    let mut airports = Airports::new(&codes, &[], EventSchedule::one_day(life), SEED);
    let mut flights: HashMap<LegKey, Flight> = HashMap::new();
    let mut now = at(0);
    while now < at(23) + TimeDelta::hours(9) {
        let before = now;
        now += TimeDelta::minutes(4);
        airports.advance(now);
        for airport in &airports.all {
            let changed: Vec<&KnownFlight> =
                airport.known.values().filter(|known| known.last_updated > before).collect();
            if changed.is_empty() {
                continue;
            }
            let (format, body) = message(airport, &changed, now);
            let name = airport.iata.as_str().to_lowercase().into();
            let source = Source {
                name,
                airport: Some(airport.iata),
                rank: 50,
                creates: true,
                scope: Default::default(),
            };
            let zone = chrono_tz::America::New_York;
            let context =
                Context { source: Arc::new(source), received_at: now, zone, airport: Some(airport.iata) };
            let decoded = decode(format, &body, &context).unwrap();
            assert_eq!(decoded.faults, []);
            for (_, report) in decoded.reports {
                let flight = flights.entry(report.key).or_insert_with(|| Flight::new(report.key));
                let was = flight.view().status;
                flight.apply(&report, now).unwrap();
                let is = flight.view().status;
                assert!(
                    progress(is) >= progress(was),
                    "{} went from {was:?} to {is:?} at {now}",
                    report.key.id()
                );
            }
        }
    }
    for plan in &plans {
        let view = flights[&plan.key].view();
        check(&plan.fate, &view);
    }
    let departures = plans[..930].iter().filter(|plan| flights[&plan.key].view().status == Status::Cancelled);
    assert_eq!(departures.count(), 472);
}

fn check(fate: &Fate, view: &FlightView) {
    let newark = view.departure.airport.as_str() == "EWR";
    match fate {
        Fate::Cancelled { .. } => assert_eq!(view.status, Status::Cancelled, "{view:?}"),
        // Schiphol's format has no data on a departure's further route.
        Fate::Flown { off_block, .. } | Fate::Diverted { off_block, .. } if newark => {
            assert_eq!(
                (view.status, view.departure.actual),
                (Status::Departed, Some(*off_block)),
                "{view:?}"
            );
        }
        Fate::Diverted { to, .. } => {
            assert_eq!((view.status, view.diverted_to), (Status::Diverted, Some(*to)), "{view:?}");
        }
        Fate::Flown { .. } => {
            assert!(matches!(view.status, Status::Arrived | Status::BagsOnBelt), "{view:?}");
        }
    }
}
