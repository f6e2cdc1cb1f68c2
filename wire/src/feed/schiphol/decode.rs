//! Decodes a page: row by row, then the codeshare rows into their main flights.

use super::super::report_builder::ReportBuilder;
use super::super::{Context, Decoded, Fault, read};
use super::facts;
use super::page::Page;
use super::row::{Row, Said, Text};
use chrono::NaiveDate;
use domain::codes::{Designator, Direction, Iata};
use domain::field::{Field, Value};
use domain::leg::LegKey;
use domain::report::Report;

/// Decodes a page. `Err` if it is not JSON, has no flights, or the configuration names no airport; then
/// nothing of it was accepted.
pub fn decode(body: &[u8], context: &Context) -> Result<Decoded, Fault> {
    let refused = |reason: String| Fault::message(reason, body);
    let Some(airport) = context.airport else {
        return Err(refused(
            "names only the other airport; the feed's configuration must name its own".into(),
        ));
    };
    let page: Page<'_> = match serde_json::from_slice(body) {
        Ok(page) => page,
        Err(error) => return Err(refused(format!("is not a page of flights: {error}"))),
    };
    let mut decoded = Decoded::default();
    let mut marketed = Vec::new();
    for (index, raw) in (0u32..).zip(page.0) {
        let reading = Reading { context, airport, index, excerpt: raw.get() };
        match reading.row(&mut decoded) {
            Ok(Some(codeshare)) => marketed.push(codeshare),
            Ok(None) => {}
            Err((field, reason)) => decoded.fault(Fault {
                index: Some(index),
                field: (!field.is_empty()).then(|| field.to_owned()),
                reason,
                excerpt: read::excerpt(raw.get().as_bytes()),
            }),
        }
    }
    for codeshare in marketed {
        attach(codeshare, airport, &mut decoded);
    }
    Ok(decoded)
}

/// A marketing flight's row: another number of the flight `of`.
struct Codeshare {
    number: Designator,
    of: Designator,
    direction: Direction,
    day: NaiveDate,
    other: Iata,
}

/// What is wrong with a whole row, and the invalid key, if it is one.
type Unusable = (&'static str, String);

/// One row with its context.
struct Reading<'a> {
    context: &'a Context,
    airport: Iata,
    index: u32,
    excerpt: &'a str,
}

impl Reading<'_> {
    /// Decodes a row into `decoded`, or returns a codeshare row for later.
    fn row(&self, decoded: &mut Decoded) -> Result<Option<Codeshare>, Unusable> {
        let row: Row<'_> =
            serde_json::from_str(self.excerpt).map_err(|e| ("", format!("is no flight: {e}")))?;
        let name = designator(required("flightName", &row.flight_name)?).map_err(|e| ("flightName", e))?;
        let main = match &row.main_flight {
            Said::Value(main) => designator(&main.0).map_err(|e| ("mainFlight", e))?,
            Said::Wrong(reason) => return Err(("mainFlight", reason.clone())),
            Said::Missing | Said::Null => name,
        };
        let direction = match required("flightDirection", &row.flight_direction)? {
            "D" => Direction::Departures,
            "A" => Direction::Arrivals,
            other => {
                return Err(("flightDirection", format!("is {:?}, neither D nor A", read::cut(other, 20))));
            }
        };
        let other = other_airport(&row, direction)?;
        let day = origin_date(&row)?;
        if name != main {
            return Ok(Some(Codeshare { number: name, of: main, direction, day, other }));
        }
        if matches!(&row.is_operational_flight, Said::Value(flag) if flag.get() == "false") {
            decoded.note(format_args!("rows with isOperationalFlight false"));
            return Ok(None);
        }
        let (from, to) = ends(direction, self.airport, other);
        let Designator { airline: carrier, number, suffix } = name;
        let report = Report {
            source: self.context.source.clone(),
            key: LegKey { carrier, number, suffix, origin_date: day, from, to, repeat: 0 },
            aliases: Vec::new(),
            observed_at: self.context.received_at,
            received_at: self.context.received_at,
            statements: Vec::new(),
            fallback_statements: Vec::new(),
        };
        let mut builder = ReportBuilder::new(report, decoded, self.index, self.excerpt);
        facts::state(&row, direction, &mut builder);
        builder.finish();
        Ok(None)
    }
}

fn ends(direction: Direction, airport: Iata, other: Iata) -> (Iata, Iata) {
    match direction {
        Direction::Departures => (airport, other),
        Direction::Arrivals => (other, airport),
    }
}

fn required<'t>(key: &'static str, said: &'t Said<Text<'_>>) -> Result<&'t str, Unusable> {
    match said {
        Said::Value(text) => Ok(text.0.trim()),
        Said::Missing | Said::Null => Err((key, "is missing".into())),
        Said::Wrong(reason) => Err((key, reason.clone())),
    }
}

/// `KL1001`; some rows have `HV 6907` or padding zeros.
pub(super) fn designator(text: &str) -> Result<Designator, String> {
    read::designator(&text.replace(' ', "")).map_err(|e| e.to_string())
}

fn other_airport(row: &Row<'_>, direction: Direction) -> Result<Iata, Unusable> {
    let stops = match &row.route {
        Said::Value(route) => &route.destinations.0,
        Said::Missing | Said::Null => return Err(("route", "is missing".into())),
        Said::Wrong(reason) => return Err(("route", reason.clone())),
    };
    let next = match direction {
        Direction::Departures => stops.first(),
        Direction::Arrivals => stops.last(),
    };
    let next = next.ok_or_else(|| ("route.destinations", "is empty".to_owned()))?;
    Iata::parse(&next.0).map_err(|e| ("route.destinations", e.to_string()))
}

fn origin_date(row: &Row<'_>) -> Result<NaiveDate, Unusable> {
    let (key, said) = match &row.origin_date {
        Said::Missing | Said::Null => ("scheduleDate", &row.schedule_date),
        said => ("originDate", said),
    };
    read::date(required(key, said)?).ok_or((key, "is not a day (such as 2013-02-08)".to_owned()))
}

/// Adds a marketing flight's number to its main flight, if that is on the page.
fn attach(codeshare: Codeshare, airport: Iata, decoded: &mut Decoded) {
    let (from, to) = ends(codeshare.direction, airport, codeshare.other);
    let carries = |(_, report): &&mut (u32, Report)| {
        let key = &report.key;
        (key.designator(), key.origin_date, key.from, key.to) == (codeshare.of, codeshare.day, from, to)
    };
    let Some((_, report)) = decoded.reports.iter_mut().find(carries) else {
        return decoded.note(format_args!("codeshares whose main flight is on another page"));
    };
    let stated = report.statements.iter().find(|statement| statement.field == Field::Codeshares);
    let mut flights = match stated.and_then(|statement| statement.value.as_ref()) {
        Some(Value::Codeshares(flights)) => flights.to_vec(),
        _ => Vec::new(),
    };
    flights.push(codeshare.number);
    // Above the limit the list stays unchanged: the main flight's own row names all codeshares.
    if let Ok(value) = Value::codeshares(flights) {
        report.set(Field::Codeshares, value);
    }
}
