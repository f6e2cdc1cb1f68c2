//! Decodes progress, cancellation and operation of the flight.
//!
//! Operational and public statuses report progress. The furthest of their steps counts, because each may
//! lag and none runs ahead. Actual times of operations also report progress; they are fields of their own,
//! see `times`.

use super::super::report_builder::ReportBuilder;
use super::codes::{self, Meaning};
use super::leg::direction;
use super::xml::Element;
use domain::codes::Direction;
use domain::field::{Field, Step, Value};
use domain::report::{Confidence, ReportedStatus, Statement};

/// Steps so far, and what was cleared.
#[derive(Default)]
struct Steps {
    departure: Option<Step>,
    arrival: Option<Step>,
    departure_cleared: bool,
    arrival_cleared: bool,
    /// A status was cleared, and with it everything that a status can state besides a step.
    status_cleared: bool,
    diversion_cleared: bool,
}

impl Steps {
    fn reach(&mut self, step: Step) {
        let side = if step.field() == Field::ArrivalStep { &mut self.arrival } else { &mut self.departure };
        *side = (*side).max(Some(step));
    }

    fn clear(&mut self, side: Option<Direction>) {
        self.departure_cleared |= side != Some(Direction::Arrivals);
        self.arrival_cleared |= side != Some(Direction::Departures);
    }
}

/// Adds what the leg's statuses state. `shown` is the status on the airport's screens, if an extension has
/// it.
pub(super) fn read(
    data: &Element,
    speaking: Option<Direction>,
    shown: Option<&str>,
    builder: &mut ReportBuilder<'_>,
) {
    let mut steps = Steps::default();
    for status in data.repeated("OperationalStatus") {
        let scope = direction(status.attribute("FlightLegScope"));
        let side = scope.or(speaking);
        if status.nil {
            // Not a reinstatement: only SQ is one. A departure status cannot clear a diversion; a clear
            // without a scope clears this feed's own diversion.
            steps.clear(side);
            steps.status_cleared = true;
            steps.diversion_cleared |= scope != Some(Direction::Departures);
        } else if let Some(code) = status.text() {
            match codes::status(code) {
                Some(meaning) => {
                    tell(meaning, side, &mut steps, builder);
                    // It replaces NOP, and a flight that has come this far operates.
                    if matches!(meaning, Meaning::Step(_) | Meaning::Taxiing) {
                        operates(builder);
                    }
                }
                None => builder.note(format_args!("OperationalStatus {code}")),
            }
        }
    }
    let remarks = ["RemarkTextCode", "PublicStatus"].into_iter().flat_map(|name| data.repeated(name));
    for (place, code) in
        remarks.filter_map(|e| Some((e.name, e.text()?))).chain(shown.map(|code| ("FIDS", code)))
    {
        match codes::display(code) {
            Some(meaning) => show(meaning, speaking, &mut steps, builder),
            None => builder.note(format_args!("{place} {code}")),
        }
    }
    state(&steps, builder);
}

fn tell(meaning: Meaning, side: Option<Direction>, steps: &mut Steps, builder: &mut ReportBuilder<'_>) {
    match meaning {
        Meaning::Step(step) => steps.reach(step),
        Meaning::Taxiing if side == Some(Direction::Arrivals) => steps.reach(Step::Landed),
        Meaning::Taxiing => steps.reach(Step::Departed),
        Meaning::CheckInClosed => check_in_closed(builder),
        Meaning::Cancelled => builder.report.status(ReportedStatus::Cancelled),
        Meaning::Reinstated => {
            builder.report.status(ReportedStatus::Reinstated);
            operates(builder);
        }
        Meaning::Diverted => builder.report.status(ReportedStatus::Diverted),
        Meaning::Operates(true) => operates(builder),
        Meaning::Operates(false) => builder.report.set(Field::NotOperating, Value::Flag(true)),
        Meaning::Nothing => {}
    }
}

/// Withdraws "not operating", unless another status of this message states it.
fn operates(builder: &mut ReportBuilder<'_>) {
    if !builder.report.speaks_of(Field::NotOperating) {
        builder.report.set(Field::NotOperating, Value::Flag(false));
    }
}

/// Check-in has closed by now. The operation's own time is more precise, in whichever message it comes, so
/// this is a fallback.
fn check_in_closed(builder: &mut ReportBuilder<'_>) {
    let by_now = Value::Time(builder.report.observed_at.timestamp());
    let statement = Statement { field: Field::DepartureCheckInClosed, value: Some(by_now) };
    builder.report.state(Confidence::Fallback, statement);
}

/// A public status. Screens of an arrival show `SCT` until the aircraft is near, whatever happens at the
/// departure gate; of the steps before departure only "delayed" is used.
fn show(meaning: Meaning, side: Option<Direction>, steps: &mut Steps, builder: &mut ReportBuilder<'_>) {
    let believed = match meaning {
        Meaning::Step(step) => {
            side != Some(Direction::Arrivals) || step == Step::Delayed || step >= Step::Airborne
        }
        Meaning::CheckInClosed => side != Some(Direction::Arrivals),
        _ => true,
    };
    if believed {
        tell(meaning, side, steps, builder);
    }
}

fn state(steps: &Steps, builder: &mut ReportBuilder<'_>) {
    let taken_back =
        [(steps.status_cleared, Field::NotOperating), (steps.diversion_cleared, Field::Diverted)];
    for (_, field) in taken_back.into_iter().filter(|(cleared, _)| *cleared) {
        // Unless another status of this message, or its list of arrival airports, states it.
        if !builder.report.statements.iter().any(|statement| statement.field == field) {
            builder.report.clear(field);
        }
    }
    let sides = [
        (steps.departure, steps.departure_cleared, Field::DepartureStep),
        (steps.arrival, steps.arrival_cleared, Field::ArrivalStep),
    ];
    for (step, cleared, field) in sides {
        match step {
            Some(step) => builder.report.status(ReportedStatus::Step(step)),
            None if cleared => builder.report.clear(field),
            None => {}
        }
    }
}
