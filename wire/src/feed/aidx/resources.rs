//! Gates, terminals, check-in desks and belts.

use super::super::scribe::{Scribe, joined};
use super::leg::direction;
use super::xml::Element;
use domain::codes::Direction;
use domain::field::{Field, Kind};

/// What a field is made from: the elements, best first, and how several become one text.
struct Rule {
    field: Field,
    side: Direction,
    elements: &'static [&'static str],
    merge: Merge,
}

enum Merge {
    /// The first that has a text.
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
        elements: &["PassengerGate"],
        merge: Merge::First,
    },
    Rule {
        field: Field::DepartureTerminal,
        side: Direction::Departures,
        elements: &["PublicTerminal", "AircraftTerminal"],
        merge: Merge::First,
    },
    Rule {
        field: Field::DepartureCheckIn,
        side: Direction::Departures,
        elements: &["CheckInInfo"],
        merge: Merge::Desks,
    },
    Rule {
        field: Field::ArrivalGate,
        side: Direction::Arrivals,
        elements: &["PassengerGate"],
        merge: Merge::First,
    },
    Rule {
        field: Field::ArrivalTerminal,
        side: Direction::Arrivals,
        elements: &["PublicTerminal", "AircraftTerminal"],
        merge: Merge::First,
    },
    Rule {
        field: Field::ArrivalBelt,
        side: Direction::Arrivals,
        elements: &["BaggageClaimUnit"],
        merge: Merge::Joined,
    },
];

/// States a leg's resources. Those in use outweigh those planned, field by field: where the actual
/// ones say nothing of a field, the plan does.
pub(super) fn read(data: &Element, speaking: Option<Direction>, scribe: &mut Scribe<'_>) {
    let usages = data.repeated("AirportResources");
    let planned = |usage: &&&Element| usage.attribute("Usage") == Some("Planned");
    // Planned first, so that what is actual is stated over it.
    for usage in usages.iter().filter(planned).chain(usages.iter().filter(|usage| !planned(usage))) {
        for resource in usage.repeated("Resource") {
            match direction(resource.attribute("DepartureOrArrival")).or(speaking) {
                Some(side) => one_side(resource, side, scribe),
                None => scribe.note(format_args!("Resource without DepartureOrArrival")),
            }
        }
    }
}

fn one_side(resource: &Element, side: Direction, scribe: &mut Scribe<'_>) {
    for rule in RULES.iter().filter(|rule| rule.side == side) {
        let elements: Vec<_> = rule.elements.iter().flat_map(|name| resource.repeated(name)).collect();
        let text = merged(rule, &elements);
        if !text.is_empty() {
            scribe.text(rule.field, rule.elements[0], &text);
        } else if elements.iter().any(|element| element.nil) {
            scribe.report.clear(rule.field);
        }
    }
}

fn merged(rule: &Rule, elements: &[&Element]) -> String {
    let Kind::Text(length_max) = rule.field.kind() else { return String::new() };
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

/// `A12-A15`, or `A12` where there is but one.
fn desks(info: &Element) -> Option<String> {
    match (info.text_of("FirstPosition"), info.text_of("LastPosition")) {
        (Some(first), Some(last)) if first != last => Some(format!("{first}-{last}")),
        (first, last) => first.or(last).map(str::to_owned),
    }
}
