//! Helpers for the tests of feed formats.

use super::{Context, Decoded, Format, decode};
use chrono::DateTime;
use domain::codes::Iata;
use domain::field::{Field, Value};
use domain::report::{Report, Source, Statement};

/// A feed of `airport` in the airport's zone.
pub(super) fn context(airport: &str) -> Context {
    let airport = Iata::parse(airport).unwrap();
    let name = airport.as_str().to_lowercase().into();
    Context {
        source: Source { name, airport: Some(airport), rank: 50, creates: true, scope: Default::default() }
            .into(),
        received_at: "2024-03-05T10:00:00Z".parse().unwrap(),
        zone: domain::airports::zone_of(airport).unwrap(),
        airport: Some(airport),
    }
}

/// Decodes a valid message.
pub(super) fn read(format: Format, body: &[u8], airport: &str) -> Decoded {
    decode(format, body, &context(airport)).unwrap()
}

/// The report with this index.
pub(super) fn report(decoded: &Decoded, index: u32) -> &Report {
    let found = decoded.reports.iter().find(|(at, _)| *at == index);
    &found.unwrap_or_else(|| panic!("no report {index}: {:?}", decoded.faults)).1
}

/// The primary statements of a report as `departure.gate=14`, or `departure.gate=` for a clear, ordered by
/// field. Leaves out that the leg is not hidden, which nearly every message states.
pub(super) fn facts(report: &Report) -> Vec<String> {
    let mut statements = report.statements.clone();
    statements.retain(|statement| !is_usual(statement));
    shown(&statements)
}

/// The same for the fallback statements.
pub(super) fn fallback_statements(report: &Report) -> Vec<String> {
    shown(&report.fallback_statements)
}

fn shown(statements: &[Statement]) -> Vec<String> {
    let mut statements = statements.to_vec();
    statements.sort_by_key(|statement| statement.field);
    let shown = |Statement { field, value }: Statement| {
        let value = match value {
            None => String::new(),
            Some(Value::Text(text)) => text.to_string(),
            Some(Value::Time(at)) => DateTime::from_timestamp(at, 0).unwrap().format("%d %H:%M").to_string(),
            Some(Value::Step(step)) => step.as_str().into(),
            Some(Value::Flag(flag)) => flag.to_string(),
            Some(Value::Airport(iata)) => iata.to_string(),
            Some(Value::Codeshares(list)) => {
                list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
            }
        };
        format!("{field}={value}")
    };
    statements.into_iter().map(shown).collect()
}

/// What airports state about every flight with passengers.
fn is_usual(statement: &Statement) -> bool {
    matches!(statement.field, Field::NotOperating | Field::NoPassengers | Field::Replaced)
        && statement.value == Some(Value::Flag(false))
}

/// The faults without their excerpts: index, field, reason.
pub(super) fn faults(decoded: &Decoded) -> Vec<(Option<u32>, &str, &str)> {
    let faults = decoded.faults.iter();
    faults.map(|f| (f.index, f.field.as_deref().unwrap_or_default(), f.reason.as_str())).collect()
}
