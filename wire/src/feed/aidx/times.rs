//! Operation times.

use super::super::{read, scribe::Scribe};
use super::codes::{STEPS, TIMES, UNTOLD};
use super::xml::Element;
use chrono_tz::Tz;
use domain::field::Field;

/// States the times that are facts of ours. Steps that times speak of are `status`' matter.
pub(super) fn read(data: &Element, zone: Tz, scribe: &mut Scribe<'_>) {
    let times = data.repeated("OperationTime");
    let mut told = Vec::new();
    for element in &times {
        let Some((qualifier, kind)) = operation(element, scribe) else { continue };
        let Some((_, _, field)) = TIMES.iter().find(|(q, k, _)| (*q, *k) == (qualifier, kind)) else {
            note(qualifier, kind, scribe);
            continue;
        };
        if !told.contains(field) {
            told.push(*field);
            state(*field, element, zone, scribe);
        }
    }
    // Touchdown comes some minutes before the aircraft is on block, so its estimate is the second
    // best, and only good for this message.
    let on_ground = times.iter().find(|element| {
        let attribute = |name| element.attribute(name);
        (attribute("OperationQualifier"), attribute("TimeType")) == (Some("TDN"), Some("EST"))
    });
    if let Some(element) = on_ground.filter(|e| !e.nil && !told.contains(&Field::ArrivalEstimated)) {
        state(Field::ArrivalEstimated, element, zone, scribe);
    }
}

/// Qualifier and type of an operation time.
pub(super) fn operation<'e>(element: &'e Element, scribe: &mut Scribe<'_>) -> Option<(&'e str, &'e str)> {
    let qualifier = element.attribute("OperationQualifier");
    let Some(qualifier) = qualifier else {
        scribe.fault("OperationTime", "has no OperationQualifier".into());
        return None;
    };
    let Some(kind) = element.attribute("TimeType") else {
        let reason = "has no TimeType; messages from before AIDX 12.1, whose codes say both, are not read";
        scribe.fault(&format!("OperationTime {}", read::cut(qualifier, 20)), reason.into());
        return None;
    };
    Some((qualifier, kind))
}

fn state(field: Field, element: &Element, zone: Tz, scribe: &mut Scribe<'_>) {
    if element.nil {
        return scribe.report.clear(field);
    }
    // Empty and not nil: the sender has nothing to say, which is not that there is none.
    let Some(text) = element.text() else { return };
    let place = format!(
        "OperationTime {}/{}",
        element.attribute("OperationQualifier").unwrap_or_default(),
        element.attribute("TimeType").unwrap_or_default()
    );
    let at = if field.is_event() { scribe.past(text, zone) } else { read::instant_or_local(text, zone) };
    scribe.time(field, &place, at);
}

fn note(qualifier: &str, kind: &str, scribe: &mut Scribe<'_>) {
    let begins_step = kind == "ACT" && STEPS.iter().any(|(q, _, _)| *q == qualifier);
    let second_best = (qualifier, kind) == ("TDN", "EST");
    if !begins_step && !second_best && !UNTOLD.contains(&qualifier) {
        scribe.note(format_args!("OperationTime {qualifier}/{kind}"));
    }
}
