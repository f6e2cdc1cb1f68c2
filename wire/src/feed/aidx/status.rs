//! How far the flight has come, and whether it flies at all.
//!
//! Statuses and words for the public speak of that. Of the steps they name the furthest counts, since
//! each of them may lag and none runs ahead. Actual times of operations say so too; they are facts by
//! themselves, see `times`.

use super::super::report_builder::ReportBuilder;
use super::codes::{self, Meaning};
use super::leg::direction;
use super::xml::Element;
use domain::codes::Direction;
use domain::field::{Field, Step, Value};
use domain::report::{Confidence, ReportedStatus, Statement};

/// Steps named so far, and what was taken away.
#[derive(Default)]
struct Steps {
    departure: Option<Step>,
    arrival: Option<Step>,
    departure_cleared: bool,
    arrival_cleared: bool,
    /// A status was, and with it whatever one can say besides a step.
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

/// States what the leg's statuses and words for the public say. `shown` is what the
/// airport's screens show, where an extension tells.
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
            // Never a reinstatement: only SQ is. A diversion is not a departure's status, and of one
            // without a scope it takes back what this feed itself said, as a clear of it does.
            steps.clear(side);
            steps.status_cleared = true;
            steps.diversion_cleared |= scope != Some(Direction::Departures);
        } else if let Some(code) = status.text() {
            match codes::status(code) {
                Some(meaning) => {
                    tell(meaning, side, &mut steps, builder);
                    // It stands where NOP stood, and what has come this far operates.
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

/// Takes back that it does not operate, unless another status of this message says that.
fn operates(builder: &mut ReportBuilder<'_>) {
    if !builder.report.speaks_of(Field::NotOperating) {
        builder.report.set(Field::NotOperating, Value::Flag(false));
    }
}

/// It has by now. Its own time tells more, in whichever message that comes, so this is second best.
fn check_in_closed(builder: &mut ReportBuilder<'_>) {
    let by_now = Value::Time(builder.report.observed_at.timestamp());
    let statement = Statement { field: Field::DepartureCheckInClosed, value: Some(by_now) };
    builder.report.state(Confidence::Fallback, statement);
}

/// A word for the public. An arrival's screens say `SCT` until the aircraft is near, whatever
/// happens at the gate it leaves from; of what goes before the flight they are believed only that
/// it is late.
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
        // Unless another status of this message, or its list of arrival airports, says it.
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
