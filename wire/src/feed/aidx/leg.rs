//! Decodes a leg: its identity, and the data that has no file of its own.

use super::super::report_builder::ReportBuilder;
use super::super::{Context, Decoded, Fault, read};
use super::codes;
use super::decode::Sent;
use super::extension;
use super::xml::Element;
use super::{resources, status, times};
use domain::codes::{Designator, Direction, FlightNumber, Iata, Suffix};
use domain::field::{Field, FieldKind, Value};
use domain::leg::LegKey;
use domain::report::Report;

/// What is wrong with an identifying element, and its name.
type Unidentified = (&'static str, String);

/// Decodes one leg into `decoded`: a report, or a fault if it cannot be identified.
pub(super) fn read(
    leg: &Element,
    excerpt: &str,
    index: u32,
    sent: Sent,
    context: &Context,
    decoded: &mut Decoded,
) {
    if leg.child("GeneralAviationLegIdentifier").is_some() {
        return decoded.note(format_args!("legs of general aviation"));
    }
    let key = match identify(leg.child("LegIdentifier")) {
        Ok(key) => key,
        Err((field, reason)) => {
            let excerpt = read::excerpt(excerpt.as_bytes());
            return decoded.fault(Fault { index: Some(index), field: Some(field.into()), reason, excerpt });
        }
    };
    let report = Report {
        source: context.source.clone(),
        key,
        aliases: Vec::new(),
        observed_at: sent.at,
        received_at: context.received_at,
        statements: Vec::new(),
        fallback_statements: Vec::new(),
    };
    let mut builder = ReportBuilder::new(report, decoded, index, excerpt);
    let extras = extension::read(leg.child("TPA_Extension"));
    if let Some(text) = extras.last_update {
        match builder.past(text, context.zone) {
            Some(at) => builder.report.observed_at = sent.changed_at(text, at),
            None => builder.fault("TPA_Extension", "has a last update that is not an instant".into()),
        }
    }
    if let Some(id) = extras.provider_id {
        builder.provider_id("TPA_Extension", id);
    }
    visibility(leg, &mut builder);
    if let Some(data) = leg.child("LegData") {
        let speaking = speaking_side(data, &key, context.airport);
        times::read(data, context.zone, &mut builder);
        resources::read(data, speaking, &mut builder);
        texts(data, &mut builder);
        codeshares(data, &mut builder);
        aircraft(data.child("AircraftInfo"), &mut builder);
        arrival_airports(data, &mut builder);
        // After the times, because a return clears the departure.
        status::read(data, speaking, extras.display, &mut builder);
    } else {
        builder.fault("LegData", "is missing".into());
    }
    builder.finish();
}

fn identify(identifier: Option<&Element>) -> Result<LegKey, Unidentified> {
    let Some(identifier) = identifier else { return Err(("LegIdentifier", "is missing".into())) };
    let text = |name: &'static str| identifier.text_of(name).ok_or((name, "is missing".to_owned()));
    let date = text("OriginDate")?;
    Ok(LegKey {
        carrier: read::airline(text("Airline")?).map_err(|e| ("Airline", e.to_string()))?,
        number: FlightNumber::parse(text("FlightNumber")?).map_err(|e| ("FlightNumber", e.to_string()))?,
        suffix: match identifier.text_of("OperationalSuffix") {
            Some(suffix) => Some(Suffix::parse(suffix).map_err(|e| ("OperationalSuffix", e.to_string()))?),
            None => None,
        },
        // XML allows a zone after the date; it is ignored.
        origin_date: read::date(date.get(..10).unwrap_or(date))
            .ok_or(("OriginDate", "is not a day (such as 2013-02-08)".to_owned()))?,
        from: airport(text("DepartureAirport")?).map_err(|e| ("DepartureAirport", e))?,
        to: airport(text("ArrivalAirport")?).map_err(|e| ("ArrivalAirport", e))?,
        repeat: match identifier.text_of("RepeatNumber") {
            Some(number) => {
                let number: Option<u8> = number.parse().ok().filter(|n| *n <= 99);
                let number = number.ok_or(("RepeatNumber", "is not a number from 0 to 99".to_owned()))?;
                // The schema counts from 1, and the first attempt is the leg itself.
                number.saturating_sub(1)
            }
            None => 0,
        },
    })
}

fn airport(text: &str) -> Result<Iata, String> {
    if text.len() == 4 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(format!("{text:?} is an ICAO location indicator; only IATA airport codes are read"));
    }
    Iata::parse(text).map_err(|e| e.to_string())
}

/// The side that the airport reports on: by the first status with a scope, or else by which of the leg's
/// airports the feed belongs to.
fn speaking_side(data: &Element, key: &LegKey, airport: Option<Iata>) -> Option<Direction> {
    let statuses = data.repeated("OperationalStatus");
    let scope = statuses.iter().find_map(|status| direction(status.attribute("FlightLegScope")));
    scope.or(match airport {
        Some(iata) if iata == key.from => Some(Direction::Departures),
        Some(iata) if iata == key.to => Some(Direction::Arrivals),
        _ => None,
    })
}

/// `Departure` or `Arrival`, as in scopes and resources.
pub(super) fn direction(word: Option<&str>) -> Option<Direction> {
    match word {
        Some("Departure") => Some(Direction::Departures),
        Some("Arrival") => Some(Direction::Arrivals),
        _ => None,
    }
}

fn texts(data: &Element, builder: &mut ReportBuilder<'_>) {
    let remarks = data.repeated("RemarkFreeText");
    if let Some(text) = remarks.iter().find_map(|remark| remark.text()) {
        remark(text, builder);
    } else if remarks.iter().any(|remark| remark.nil) {
        builder.report.clear(Field::Remark);
    }
    let delays = data.repeated("IrregularityDelay");
    let mut codes = delays.iter().filter_map(|delay| delay.text_of("ReasonCode"));
    if delays.iter().any(|delay| delay.nil) {
        builder.report.clear(Field::DelayReason);
    }
    if let Some(words) = codes.find_map(domain::delay_reason::text) {
        builder.text(Field::DelayReason, "IrregularityDelay", words);
    } else if let Some(code) = delays.iter().find_map(|delay| delay.text_of("ReasonCode")) {
        builder.note(format_args!("IrregularityDelay {code}"));
    }
}

/// A remark may be longer than a board can show. Its beginning is better than nothing.
fn remark(text: &str, builder: &mut ReportBuilder<'_>) {
    let FieldKind::Text(length_max) = Field::Remark.kind() else { return };
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if folded.chars().count() <= length_max {
        return builder.text(Field::Remark, "RemarkFreeText", &folded);
    }
    let start: String = folded.chars().take(length_max - 1).collect();
    builder.text(Field::Remark, "RemarkFreeText", &format!("{}…", start.trim_end()));
}

fn codeshares(data: &Element, builder: &mut ReportBuilder<'_>) {
    let shared = data.repeated("CodeShareInfo");
    if shared.is_empty() {
        return;
    }
    let mut flights = Vec::new();
    for (at, share) in shared.iter().enumerate() {
        if share.nil {
            continue;
        }
        match designator(share) {
            Ok(flight) if flight == builder.report.key.designator() => {}
            Ok(flight) => flights.push(flight),
            Err(reason) => builder.fault(&format!("CodeShareInfo[{}]", at + 1), reason),
        }
    }
    match Value::codeshares(flights) {
        Ok(Value::Codeshares(flights)) if flights.is_empty() => {
            if shared.iter().all(|share| share.nil) {
                builder.report.clear(Field::Codeshares);
            }
        }
        Ok(value) => builder.report.set(Field::Codeshares, value),
        Err(invalid) => builder.fault("CodeShareInfo", invalid.reason),
    }
}

fn designator(share: &Element) -> Result<Designator, String> {
    let text = |name: &str| share.text_of(name).ok_or_else(|| format!("has no {name}"));
    Ok(Designator {
        airline: read::airline(text("Airline")?).map_err(|e| e.to_string())?,
        number: FlightNumber::parse(text("FlightNumber")?).map_err(|e| e.to_string())?,
        suffix: match share.text_of("OperationalSuffix") {
            Some(suffix) => Some(Suffix::parse(suffix).map_err(|e| e.to_string())?),
            None => None,
        },
    })
}

fn aircraft(info: Option<&Element>, builder: &mut ReportBuilder<'_>) {
    let Some(info) = info else { return };
    let pairs = [
        (Field::AircraftType, ["AircraftType", "AircraftSubType"]),
        (Field::AircraftRegistration, ["Registration", "TailNumber"]),
    ];
    for (field, names) in pairs {
        let elements: Vec<_> = names.iter().flat_map(|name| info.repeated(name)).collect();
        if let Some((element, text)) = elements.iter().find_map(|e| Some((e, e.text()?))) {
            builder.text(field, element.name, &text.to_ascii_uppercase());
        } else if elements.iter().any(|element| element.nil) {
            builder.report.clear(field);
        }
    }
    if let Some(call_sign) = info.text_of("CallSign") {
        builder.call_sign("CallSign", call_sign);
    }
}

/// Every airport at which the leg was ever planned to arrive, the newest last. The first is the scheduled
/// one, which a diversion does not change.
fn arrival_airports(data: &Element, builder: &mut ReportBuilder<'_>) {
    let history = data.repeated("PlannedArrivalAptHistory");
    let Some(text) = history.last().and_then(|element| element.text()) else { return };
    match airport(text) {
        Ok(iata) if iata != builder.report.key.to => {
            builder.report.set(Field::DivertedTo, Value::Airport(iata));
        }
        Ok(iata) if history.len() > 1 => {
            // A value and not a clear: the flight goes there again, whichever source diverted it.
            builder.report.set(Field::DivertedTo, Value::Airport(iata));
            builder.report.set(Field::Diverted, Value::Flag(false));
        }
        Ok(_) => {}
        Err(reason) => builder.fault("PlannedArrivalAptHistory", reason),
    }
}

/// Whether clients may see the leg. Only `nil` shows a leg again that a special action has hidden; a later
/// message without `DoNotDisplay` does not. The service type counts by itself, and `status` handles whether
/// a leg operates.
fn visibility(leg: &Element, builder: &mut ReportBuilder<'_>) {
    let service = leg.child("LegData").and_then(|data| data.child("ServiceType"));
    if service.is_some_and(|service| service.nil) {
        builder.report.clear(Field::NoPassengers);
    } else if let Some(nobody) = service.and_then(|service| codes::carries_nobody(service.text()?)) {
        builder.report.set(Field::NoPassengers, Value::Flag(nobody));
    }
    let attempt = leg.child("LegIdentifier").and_then(|identifier| identifier.child("RepeatNumber"));
    if let Some(attempt) = attempt {
        // Stated for every attempt with a number, so that the next message corrects a mistake.
        let replaced = matches!(attempt.attribute("CurrentInd"), Some("false" | "0"));
        builder.report.set(Field::Replaced, Value::Flag(replaced));
    }
    match leg.child("SpecialAction") {
        Some(action) if action.nil => builder.report.clear(Field::Hidden),
        Some(action) => match action.text() {
            Some("Delete" | "DoNotDisplay") => builder.report.set(Field::Hidden, Value::Flag(true)),
            Some("LockDown") | None => {}
            Some(other) => builder.note(format_args!("SpecialAction {other}")),
        },
        None => {}
    }
}
