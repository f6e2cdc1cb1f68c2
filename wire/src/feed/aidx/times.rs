//! Operation times.

use super::super::{read, report_builder::ReportBuilder};
use super::codes::{TIMES, UNTOLD};
use super::xml::Element;
use chrono_tz::Tz;
use domain::field::Field;
use domain::report::Confidence;

/// Adds the times that are fields.
pub(super) fn read(data: &Element, zone: Tz, builder: &mut ReportBuilder<'_>) {
    let mut told = Vec::new();
    for element in data.repeated("OperationTime") {
        let Some((qualifier, kind)) = operation(element, builder) else { continue };
        let known = TIMES.iter().find(|(q, k, ..)| (*q, *k) == (qualifier, kind));
        let Some((_, _, field, standing)) = known else {
            if !UNTOLD.contains(&qualifier) {
                builder.note(format_args!("OperationTime {qualifier}/{kind}"));
            }
            continue;
        };
        if !told.contains(&(*field, *standing)) {
            told.push((*field, *standing));
            state(*standing, *field, element, zone, builder);
        }
    }
}

/// Qualifier and type of an operation time.
fn operation<'e>(element: &'e Element, builder: &mut ReportBuilder<'_>) -> Option<(&'e str, &'e str)> {
    let qualifier = element.attribute("OperationQualifier");
    let Some(qualifier) = qualifier else {
        builder.fault("OperationTime", "has no OperationQualifier".into());
        return None;
    };
    let Some(kind) = element.attribute("TimeType") else {
        let reason = "has no TimeType; messages from before AIDX 12.1, whose codes say both, are not read";
        builder.fault(&format!("OperationTime {}", read::cut(qualifier, 20)), reason.into());
        return None;
    };
    Some((qualifier, kind))
}

fn state(standing: Confidence, field: Field, element: &Element, zone: Tz, builder: &mut ReportBuilder<'_>) {
    if element.nil {
        return builder.clear_as(standing, field);
    }
    // Empty and not nil: the sender has no value, which is not a clear.
    let Some(text) = element.text() else { return };
    let place = format!(
        "OperationTime {}/{}",
        element.attribute("OperationQualifier").unwrap_or_default(),
        element.attribute("TimeType").unwrap_or_default()
    );
    let at = if field.is_event() { builder.past(text, zone) } else { read::instant_or_local(text, zone) };
    builder.time_as(standing, field, &place, at);
}
