//! What a row says of its flight.

use super::super::read;
use super::super::scribe::{Scribe, joined};
use super::decode::designator;
use super::row::{Allocations, Row, Said, Text};
use domain::codes::Direction;
use domain::field::{Field, FieldKind, Step, Value};
use domain::report::ReportedStatus;

/// Everything that a row says of its flight.
pub(super) fn state(row: &Row<'_>, direction: Direction, scribe: &mut Scribe<'_>) {
    match &row.last_updated_at {
        Said::Value(text) => match read::instant(&text.0) {
            Some(at) => scribe.report.observed_at = at,
            None => scribe.fault("lastUpdatedAt", NO_INSTANT.into()),
        },
        Said::Wrong(reason) => scribe.fault("lastUpdatedAt", reason.clone()),
        Said::Missing | Said::Null => {}
    }
    if let Said::Value(id) = &row.id {
        scribe.provider_id("id", &id.0);
    }
    match direction {
        Direction::Departures => {
            own(scribe, "gate", &row.gate, Field::DepartureGate);
            own(scribe, "terminal", &row.terminal, Field::DepartureTerminal);
            check_in(scribe, &row.checkin_allocations);
            let estimate = &row.public_estimated_off_block_time;
            time(scribe, "publicEstimatedOffBlockTime", estimate, Field::DepartureEstimated);
            time(scribe, "actualOffBlockTime", &row.actual_off_block_time, Field::DepartureActual);
        }
        Direction::Arrivals => {
            own(scribe, "gate", &row.gate, Field::ArrivalGate);
            own(scribe, "terminal", &row.terminal, Field::ArrivalTerminal);
            belt(scribe, row);
            time(scribe, "estimatedLandingTime", &row.estimated_landing_time, Field::ArrivalEstimated);
            time(scribe, "actualLandingTime", &row.actual_landing_time, Field::ArrivalLanded);
        }
    }
    scheduled(scribe, row, direction);
    aircraft(scribe, row);
    codeshares(scribe, row);
    if let Said::Value(kind) = &row.service_type {
        match &*kind.0 {
            "F" | "H" => scribe.report.set(Field::NoPassengers, Value::Flag(true)),
            "J" | "C" => scribe.report.set(Field::NoPassengers, Value::Flag(false)),
            _ => {}
        }
    }
    states(scribe, row, direction);
}

const NO_INSTANT: &str = "is not an instant with an offset between the years 2000 and 2100";

/// A text of the airport's own side, which `null` takes away.
fn own(scribe: &mut Scribe<'_>, key: &str, said: &Said<Text<'_>>, field: Field) {
    match said {
        Said::Value(text) if text.0.trim().is_empty() => {}
        Said::Value(text) => scribe.text(field, key, &text.0),
        Said::Null => scribe.report.clear(field),
        Said::Wrong(reason) => scribe.fault(key, reason.clone()),
        Said::Missing => {}
    }
}

fn time(scribe: &mut Scribe<'_>, key: &str, said: &Said<Text<'_>>, field: Field) {
    match said {
        Said::Value(text) => match read::instant(&text.0) {
            at @ Some(_) => scribe.time(field, key, at),
            None => scribe.fault(key, NO_INSTANT.into()),
        },
        Said::Null => scribe.report.clear(field),
        Said::Wrong(reason) => scribe.fault(key, reason.clone()),
        Said::Missing => {}
    }
}

fn scheduled(scribe: &mut Scribe<'_>, row: &Row<'_>, direction: Direction) {
    let field = match direction {
        Direction::Departures => Field::DepartureScheduled,
        Direction::Arrivals => Field::ArrivalScheduled,
    };
    // A flight is on the page because it is scheduled; `null` is a gap in the data.
    if !matches!(row.schedule_date_time, Said::Null) {
        time(scribe, "scheduleDateTime", &row.schedule_date_time, field);
    }
}

fn check_in(scribe: &mut Scribe<'_>, said: &Said<Allocations<'_>>) {
    match said {
        Said::Value(allocations) => {
            let rows = allocations.checkin_allocations.0.iter().flat_map(|period| &period.rows.rows.0);
            let names = rows.filter_map(|row| row.position.as_ref()).map(|position| &*position.0);
            list(scribe, "checkinAllocations", names, ", ", Field::DepartureCheckIn);
        }
        Said::Null => scribe.report.clear(Field::DepartureCheckIn),
        Said::Wrong(reason) => scribe.fault("checkinAllocations", reason.clone()),
        Said::Missing => {}
    }
}

fn belt(scribe: &mut Scribe<'_>, row: &Row<'_>) {
    match &row.baggage_claim {
        Said::Value(claim) => {
            let belts = claim.belts.0.iter().map(|belt| &*belt.0);
            list(scribe, "baggageClaim.belts", belts, "/", Field::ArrivalBelt);
        }
        Said::Null => scribe.report.clear(Field::ArrivalBelt),
        Said::Wrong(reason) => scribe.fault("baggageClaim", reason.clone()),
        Said::Missing => {}
    }
}

/// Several names in one field. A list with none in it is as good as `null`.
fn list<'t>(
    scribe: &mut Scribe<'_>,
    key: &str,
    names: impl Iterator<Item = &'t str>,
    separator: &str,
    field: Field,
) {
    let FieldKind::Text(length_max) = field.kind() else { return };
    let text = joined(names, separator, length_max);
    if text.is_empty() {
        scribe.report.clear(field);
    } else {
        scribe.text(field, key, &text);
    }
}

fn aircraft(scribe: &mut Scribe<'_>, row: &Row<'_>) {
    match &row.aircraft_type {
        Said::Value(aircraft) => {
            let exact = aircraft.iata_sub.as_ref().or(aircraft.iata_main.as_ref());
            if let Some(kind) = exact.map(|kind| kind.0.trim()).filter(|kind| !kind.is_empty()) {
                scribe.text(Field::AircraftType, "aircraftType", &kind.to_ascii_uppercase());
            }
        }
        Said::Wrong(reason) => scribe.fault("aircraftType", reason.clone()),
        Said::Missing | Said::Null => {}
    }
    match &row.aircraft_registration {
        Said::Value(text) if text.0.trim().is_empty() => {}
        Said::Value(text) => {
            let registration = text.0.to_ascii_uppercase();
            scribe.text(Field::AircraftRegistration, "aircraftRegistration", &registration);
        }
        Said::Wrong(reason) => scribe.fault("aircraftRegistration", reason.clone()),
        Said::Missing | Said::Null => {}
    }
}

fn codeshares(scribe: &mut Scribe<'_>, row: &Row<'_>) {
    let shared = match &row.codeshares {
        Said::Value(shared) => &shared.codeshares.0,
        Said::Wrong(reason) => return scribe.fault("codeshares", reason.clone()),
        Said::Missing | Said::Null => return,
    };
    let own = scribe.report.key.designator();
    let mut flights = Vec::new();
    for text in shared {
        match designator(&text.0) {
            Ok(flight) if flight == own => {}
            Ok(flight) => flights.push(flight),
            Err(reason) => scribe.fault("codeshares", reason),
        }
    }
    match Value::codeshares(flights) {
        Ok(value) => scribe.report.set(Field::Codeshares, value),
        Err(invalid) => scribe.fault("codeshares", invalid.reason),
    }
}

fn states(scribe: &mut Scribe<'_>, row: &Row<'_>, direction: Direction) {
    let states = match &row.public_flight_state {
        Said::Value(state) => &state.flight_states.0,
        Said::Wrong(reason) => return scribe.fault("publicFlightState", reason.clone()),
        Said::Missing | Said::Null => return,
    };
    let departs = direction == Direction::Departures;
    let (mut leaving, mut coming) = (None, None);
    let (mut cancelled, mut diverted, mut goes_on) = (false, false, false);
    for state in states {
        let step = match &*state.0 {
            "CNX" => {
                cancelled = true;
                continue;
            }
            "DIV" => {
                scribe.report.status(ReportedStatus::Diverted);
                diverted = true;
                continue;
            }
            "GCH" | "WIL" | "EXP" => {
                goes_on = true;
                continue;
            }
            "SCH" => Step::Scheduled,
            "DEL" | "TOM" => Step::Delayed,
            "GTO" => Step::GateOpen,
            "BRD" => Step::Boarding,
            "GCL" => Step::FinalCall,
            "GTD" => Step::GateClosed,
            "DEP" => Step::Departed,
            "AIR" | "FIR" => Step::Airborne,
            "LND" => Step::Landed,
            "FIB" | "ARR" => Step::Arrived,
            other => {
                scribe.note(format_args!("flight state {other}"));
                continue;
            }
        };
        goes_on = true;
        let side = if step.field() == Field::ArrivalStep { &mut coming } else { &mut leaving };
        if departs || step == Step::Delayed || step >= Step::Airborne {
            *side = (*side).max(Some(step));
        }
    }
    for step in [leaving, coming].into_iter().flatten() {
        scribe.report.status(ReportedStatus::Step(step));
    }
    let is_here = !departs && coming >= Some(Step::Landed) && !diverted && !cancelled;
    if is_here {
        scribe.report.set(Field::Diverted, Value::Flag(false));
        scribe.report.clear(Field::DivertedTo);
    }
    if cancelled {
        scribe.report.status(ReportedStatus::Cancelled);
    } else if goes_on {
        // A row has all of its states, so the airport cancels it no longer. It does not say so in a
        // word that could be newer than what others know: any update of the row brings them along.
        scribe.report.clear(Field::Cancelled);
    }
}
