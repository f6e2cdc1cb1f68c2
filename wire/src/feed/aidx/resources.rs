//! Gates, terminals, check-in desks and belts.

use super::super::report_builder::{ReportBuilder, joined};
use super::leg::direction;
use super::xml::Element;
use domain::codes::Direction;
use domain::field::{Field, FieldKind};
use domain::report::Confidence;

/// How to build a field: the element, its substitute, and how several values are joined.
struct Rule {
    field: Field,
    side: Direction,
    element: &'static str,
    stand_in: Option<&'static str>,
    merge: Merge,
}

enum Merge {
    /// The first with a text.
    First,
    /// As many as fit, with `/` between them.
    Joined,
    /// Ranges of desks, as many as fit, with `, ` between them.
    Desks,
}

const RULES: &[Rule] = &[
    Rule {
        field: Field::DepartureGate,
        side: Direction::Departures,
        element: "PassengerGate",
        stand_in: None,
        merge: Merge::First,
    },
    Rule {
        field: Field::DepartureTerminal,
        side: Direction::Departures,
        element: "PublicTerminal",
        stand_in: Some("AircraftTerminal"),
        merge: Merge::First,
    },
    Rule {
        field: Field::DepartureCheckIn,
        side: Direction::Departures,
        element: "CheckInInfo",
        stand_in: None,
        merge: Merge::Desks,
    },
    Rule {
        field: Field::ArrivalGate,
        side: Direction::Arrivals,
        element: "PassengerGate",
        stand_in: None,
        merge: Merge::First,
    },
    Rule {
        field: Field::ArrivalTerminal,
        side: Direction::Arrivals,
        element: "PublicTerminal",
        stand_in: Some("AircraftTerminal"),
        merge: Merge::First,
    },
    Rule {
        field: Field::ArrivalBelt,
        side: Direction::Arrivals,
        element: "BaggageClaimUnit",
        stand_in: None,
        merge: Merge::Joined,
    },
];

/// Adds a leg's resources. Resources in use are primary claims, planned ones fallbacks, and so is the
/// aircraft's terminal beside the public's. Each kind is stored and cleared (`nil`) by itself.
pub(super) fn read(data: &Element, speaking: Option<Direction>, builder: &mut ReportBuilder<'_>) {
    let usages = data.repeated("AirportResources");
    let planned = |usage: &&&Element| usage.attribute("Usage") == Some("Planned");
    // Planned ones first, so that a substitute of one in use replaces them.
    for usage in usages.iter().filter(planned).chain(usages.iter().filter(|usage| !planned(usage))) {
        let standing = if planned(&usage) { Confidence::Fallback } else { Confidence::Primary };
        for resource in usage.repeated("Resource") {
            match direction(resource.attribute("DepartureOrArrival")).or(speaking) {
                Some(side) => one_side(resource, side, standing, builder),
                None => builder.note(format_args!("Resource without DepartureOrArrival")),
            }
        }
    }
}

fn one_side(resource: &Element, side: Direction, standing: Confidence, builder: &mut ReportBuilder<'_>) {
    for rule in RULES.iter().filter(|rule| rule.side == side) {
        let is_said = state(rule, resource.repeated(rule.element), standing, builder);
        if let Some(name) = rule.stand_in.filter(|_| !is_said) {
            state(rule, resource.repeated(name), Confidence::Fallback, builder);
        }
    }
}

/// Whether the elements state anything for the rule's field.
fn state(
    rule: &Rule,
    elements: Vec<&Element>,
    standing: Confidence,
    builder: &mut ReportBuilder<'_>,
) -> bool {
    let text = merged(rule, &elements);
    if !text.is_empty() {
        builder.text_as(standing, rule.field, rule.element, &text);
    } else if elements.iter().any(|element| element.nil) {
        builder.clear_as(standing, rule.field);
    }
    !text.is_empty()
}

fn merged(rule: &Rule, elements: &[&Element]) -> String {
    let FieldKind::Text(length_max) = rule.field.kind() else { return String::new() };
    let texts = elements.iter().filter_map(|element| element.text());
    match rule.merge {
        Merge::First => texts.take(1).collect(),
        Merge::Joined => joined(texts, "/", length_max),
        Merge::Desks => {
            let ranges: Vec<_> = elements.iter().filter_map(|element| desks(element)).collect();
            joined(ranges.iter().map(String::as_str), ", ", length_max)
        }
    }
}

/// `A12-A15`, or `A12` for a single desk.
fn desks(info: &Element) -> Option<String> {
    match (info.text_of("FirstPosition"), info.text_of("LastPosition")) {
        (Some(first), Some(last)) if first != last => Some(format!("{first}-{last}")),
        (first, last) => first.or(last).map(str::to_owned),
    }
}
