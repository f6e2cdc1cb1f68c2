//! Converts a row to statements.

use super::super::read;
use super::super::report_builder::{ReportBuilder, joined};
use super::decode::designator;
use super::row::{Allocations, Row, Said, Text};
use domain::codes::Direction;
use domain::field::{Field, FieldKind, Step, Value};
use domain::report::ReportedStatus;

/// Adds every statement of a row.
pub(super) fn state(row: &Row<'_>, direction: Direction, builder: &mut ReportBuilder<'_>) {
    match &row.last_updated_at {
        Said::Value(text) => match read::instant(&text.0) {
            Some(at) => builder.report.observed_at = at,
            None => builder.fault("lastUpdatedAt", NO_INSTANT.into()),
        },
        Said::Wrong(reason) => builder.fault("lastUpdatedAt", reason.clone()),
        Said::Missing | Said::Null => {}
    }
    if let Said::Value(id) = &row.id {
        builder.provider_id("id", &id.0);
    }
    match direction {
        Direction::Departures => {
            own(builder, "gate", &row.gate, Field::DepartureGate);
            own(builder, "terminal", &row.terminal, Field::DepartureTerminal);
            check_in(builder, &row.checkin_allocations);
            let estimate = &row.public_estimated_off_block_time;
            time(builder, "publicEstimatedOffBlockTime", estimate, Field::DepartureEstimated);
            time(builder, "actualOffBlockTime", &row.actual_off_block_time, Field::DepartureActual);
        }
        Direction::Arrivals => {
            own(builder, "gate", &row.gate, Field::ArrivalGate);
            own(builder, "terminal", &row.terminal, Field::ArrivalTerminal);
            belt(builder, row);
            time(builder, "estimatedLandingTime", &row.estimated_landing_time, Field::ArrivalEstimated);
            time(builder, "actualLandingTime", &row.actual_landing_time, Field::ArrivalLanded);
        }
    }
    scheduled(builder, row, direction);
    aircraft(builder, row);
    codeshares(builder, row);
    if let Said::Value(kind) = &row.service_type {
        match &*kind.0 {
            "F" | "H" => builder.report.set(Field::NoPassengers, Value::Flag(true)),
            "J" | "C" => builder.report.set(Field::NoPassengers, Value::Flag(false)),
            _ => {}
        }
    }
    states(builder, row, direction);
}

const NO_INSTANT: &str = "is not an instant with an offset between the years 2000 and 2100";

/// A text of the airport's own side. `null` clears it.
fn own(builder: &mut ReportBuilder<'_>, key: &str, said: &Said<Text<'_>>, field: Field) {
    match said {
        Said::Value(text) if text.0.trim().is_empty() => {}
        Said::Value(text) => builder.text(field, key, &text.0),
        Said::Null => builder.report.clear(field),
        Said::Wrong(reason) => builder.fault(key, reason.clone()),
        Said::Missing => {}
    }
}

fn time(builder: &mut ReportBuilder<'_>, key: &str, said: &Said<Text<'_>>, field: Field) {
    match said {
        Said::Value(text) => match read::instant(&text.0) {
            at @ Some(_) => builder.time(field, key, at),
            None => builder.fault(key, NO_INSTANT.into()),
        },
        Said::Null => builder.report.clear(field),
        Said::Wrong(reason) => builder.fault(key, reason.clone()),
        Said::Missing => {}
    }
}

fn scheduled(builder: &mut ReportBuilder<'_>, row: &Row<'_>, direction: Direction) {
    let field = match direction {
        Direction::Departures => Field::DepartureScheduled,
        Direction::Arrivals => Field::ArrivalScheduled,
    };
    // A flight is on the page because it is scheduled; `null` is a gap in the data.
    if !matches!(row.schedule_date_time, Said::Null) {
        time(builder, "scheduleDateTime", &row.schedule_date_time, field);
    }
}

fn check_in(builder: &mut ReportBuilder<'_>, said: &Said<Allocations<'_>>) {
    match said {
        Said::Value(allocations) => {
            let rows = allocations.checkin_allocations.0.iter().flat_map(|period| &period.rows.rows.0);
            let names = rows.filter_map(|row| row.position.as_ref()).map(|position| &*position.0);
            list(builder, "checkinAllocations", names, ", ", Field::DepartureCheckIn);
        }
        Said::Null => builder.report.clear(Field::DepartureCheckIn),
        Said::Wrong(reason) => builder.fault("checkinAllocations", reason.clone()),
        Said::Missing => {}
    }
}

fn belt(builder: &mut ReportBuilder<'_>, row: &Row<'_>) {
    match &row.baggage_claim {
        Said::Value(claim) => {
            let belts = claim.belts.0.iter().map(|belt| &*belt.0);
            list(builder, "baggageClaim.belts", belts, "/", Field::ArrivalBelt);
        }
        Said::Null => builder.report.clear(Field::ArrivalBelt),
        Said::Wrong(reason) => builder.fault("baggageClaim", reason.clone()),
        Said::Missing => {}
    }
}

/// Joins names into one field. An empty list means `null`.
fn list<'t>(
    builder: &mut ReportBuilder<'_>,
    key: &str,
    names: impl Iterator<Item = &'t str>,
    separator: &str,
    field: Field,
) {
    let FieldKind::Text(length_max) = field.kind() else { return };
    let text = joined(names, separator, length_max);
    if text.is_empty() {
        builder.report.clear(field);
    } else {
        builder.text(field, key, &text);
    }
}

fn aircraft(builder: &mut ReportBuilder<'_>, row: &Row<'_>) {
    match &row.aircraft_type {
        Said::Value(aircraft) => {
            let exact = aircraft.iata_sub.as_ref().or(aircraft.iata_main.as_ref());
            if let Some(kind) = exact.map(|kind| kind.0.trim()).filter(|kind| !kind.is_empty()) {
                builder.text(Field::AircraftType, "aircraftType", &kind.to_ascii_uppercase());
            }
        }
        Said::Wrong(reason) => builder.fault("aircraftType", reason.clone()),
        Said::Missing | Said::Null => {}
    }
    match &row.aircraft_registration {
        Said::Value(text) if text.0.trim().is_empty() => {}
        Said::Value(text) => {
            let registration = text.0.to_ascii_uppercase();
            builder.text(Field::AircraftRegistration, "aircraftRegistration", &registration);
        }
        Said::Wrong(reason) => builder.fault("aircraftRegistration", reason.clone()),
        Said::Missing | Said::Null => {}
    }
}

fn codeshares(builder: &mut ReportBuilder<'_>, row: &Row<'_>) {
    let shared = match &row.codeshares {
        Said::Value(shared) => &shared.codeshares.0,
        Said::Wrong(reason) => return builder.fault("codeshares", reason.clone()),
        Said::Missing | Said::Null => return,
    };
    let own = builder.report.key.designator();
    let mut flights = Vec::new();
    for text in shared {
        match designator(&text.0) {
            Ok(flight) if flight == own => {}
            Ok(flight) => flights.push(flight),
            Err(reason) => builder.fault("codeshares", reason),
        }
    }
    match Value::codeshares(flights) {
        Ok(value) => builder.report.set(Field::Codeshares, value),
        Err(invalid) => builder.fault("codeshares", invalid.reason),
    }
}

fn states(builder: &mut ReportBuilder<'_>, row: &Row<'_>, direction: Direction) {
    let states = match &row.public_flight_state {
        Said::Value(state) => &state.flight_states.0,
        Said::Wrong(reason) => return builder.fault("publicFlightState", reason.clone()),
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
                builder.report.status(ReportedStatus::Diverted);
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
                builder.note(format_args!("flight state {other}"));
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
        builder.report.status(ReportedStatus::Step(step));
    }
    let is_here = !departs && coming >= Some(Step::Landed) && !diverted && !cancelled;
    if is_here {
        builder.report.set(Field::Diverted, Value::Flag(false));
        builder.report.clear(Field::DivertedTo);
    }
    if cancelled {
        builder.report.status(ReportedStatus::Cancelled);
    } else if goes_on {
        // A row lists all of its states, so the airport no longer cancels the flight. This is a clear, not
        // a reinstatement: every update of the row repeats the states, and must not outweigh newer claims
        // of others.
        builder.report.clear(Field::Cancelled);
    }
}
