//! A page: its rows one by one, and at the end the codeshares' rows to the flights they belong to.

use super::super::scribe::{Scribe, joined};
use super::super::{Context, Decoded, Fault, REPORTS_MAX, read};
use super::row::{Allocations, Row, Said, Text};
use chrono::NaiveDate;
use domain::codes::{Designator, Direction, Iata};
use domain::field::{Field, Kind, Step, Value};
use domain::leg::LegKey;
use domain::report::{Report, StatusWord};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Reads a page. `Err` where it is no JSON or holds no flights, and where the configuration does
/// not say whose flights they are; nothing of it was taken then.
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

/// The rows of a page, not yet read.
struct Page<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Page<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor;
        impl<'de> Visitor<'de> for PageVisitor {
            type Value = Page<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with a list of flights")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut rows = None;
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    if key.0 == "flights" {
                        rows = Some(map.next_value::<Rows<'de>>()?.0);
                    } else {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    }
                }
                rows.map(Page).ok_or_else(|| serde::de::Error::missing_field("flights"))
            }
        }
        deserializer.deserialize_map(PageVisitor)
    }
}

/// The rows of a page, at most [`REPORTS_MAX`].
struct Rows<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Rows<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor;
        impl<'de> Visitor<'de> for RowsVisitor {
            type Value = Rows<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of flights")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element()? {
                    if rows.len() == REPORTS_MAX {
                        let reason = format_args!("there are more than {REPORTS_MAX} flights");
                        return Err(serde::de::Error::custom(reason));
                    }
                    rows.push(row);
                }
                Ok(Rows(rows))
            }
        }
        deserializer.deserialize_seq(RowsVisitor)
    }
}

/// A marketing flight's row: a number for the flight that `of` names.
struct Codeshare {
    number: Designator,
    of: Designator,
    direction: Direction,
    day: NaiveDate,
    other: Iata,
}

/// What is wrong with a row as a whole, and the key at fault, if it is one.
type Unusable = (&'static str, String);

/// One row with what is needed to read it.
struct Reading<'a> {
    context: &'a Context,
    airport: Iata,
    index: u32,
    excerpt: &'a str,
}

impl Reading<'_> {
    /// Reads a row into `decoded`, or answers a codeshare's row for later.
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
        };
        let mut scribe = Scribe::new(report, decoded, self.index, self.excerpt);
        facts(&row, direction, &mut scribe);
        scribe.finish();
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
fn designator(text: &str) -> Result<Designator, String> {
    Designator::parse(&text.replace(' ', "")).map_err(|e| e.to_string())
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

/// Adds a marketing flight's number to the flight that carries it, if that is on the page.
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
    // Over the limit the list stays as it was: the main flight's own row has named them all.
    if let Ok(value) = Value::codeshares(flights) {
        report.set(Field::Codeshares, value);
    }
}

/// Everything that a row says of its flight.
fn facts(row: &Row<'_>, direction: Direction, scribe: &mut Scribe<'_>) {
    match &row.last_updated_at {
        Said::Value(text) => match read::instant(&text.0) {
            Some(at) => scribe.report.observed_at = at,
            None => scribe.fault("lastUpdatedAt", NO_INSTANT.into()),
        },
        Said::Wrong(reason) => scribe.fault("lastUpdatedAt", reason.clone()),
        Said::Missing | Said::Null => {}
    }
    if let Said::Value(id) = &row.id {
        scribe.provider_id("id", &id.0);
    }
    match direction {
        Direction::Departures => {
            own(scribe, "gate", &row.gate, Field::DepartureGate);
            own(scribe, "terminal", &row.terminal, Field::DepartureTerminal);
            check_in(scribe, &row.checkin_allocations);
            let estimate = &row.public_estimated_off_block_time;
            time(scribe, "publicEstimatedOffBlockTime", estimate, Field::DepartureEstimated);
            time(scribe, "actualOffBlockTime", &row.actual_off_block_time, Field::DepartureActual);
        }
        Direction::Arrivals => {
            own(scribe, "gate", &row.gate, Field::ArrivalGate);
            own(scribe, "terminal", &row.terminal, Field::ArrivalTerminal);
            belt(scribe, row);
            time(scribe, "estimatedLandingTime", &row.estimated_landing_time, Field::ArrivalEstimated);
            time(scribe, "actualLandingTime", &row.actual_landing_time, Field::ArrivalLanded);
        }
    }
    scheduled(scribe, row, direction);
    aircraft(scribe, row);
    codeshares(scribe, row);
    if matches!(&row.service_type, Said::Value(kind) if matches!(&*kind.0, "F" | "H")) {
        scribe.report.set(Field::Hidden, Value::Flag(true));
    }
    states(scribe, row, direction);
}

const NO_INSTANT: &str = "is not an instant with an offset between the years 2000 and 2100";

/// A text of the airport's own side, which `null` takes away.
fn own(scribe: &mut Scribe<'_>, key: &str, said: &Said<Text<'_>>, field: Field) {
    match said {
        Said::Value(text) if text.0.trim().is_empty() => {}
        Said::Value(text) => scribe.text(field, key, &text.0),
        Said::Null => scribe.report.clear(field),
        Said::Wrong(reason) => scribe.fault(key, reason.clone()),
        Said::Missing => {}
    }
}

fn time(scribe: &mut Scribe<'_>, key: &str, said: &Said<Text<'_>>, field: Field) {
    match said {
        Said::Value(text) => match read::instant(&text.0) {
            at @ Some(_) => scribe.time(field, key, at),
            None => scribe.fault(key, NO_INSTANT.into()),
        },
        Said::Null => scribe.report.clear(field),
        Said::Wrong(reason) => scribe.fault(key, reason.clone()),
        Said::Missing => {}
    }
}

fn scheduled(scribe: &mut Scribe<'_>, row: &Row<'_>, direction: Direction) {
    let field = match direction {
        Direction::Departures => Field::DepartureScheduled,
        Direction::Arrivals => Field::ArrivalScheduled,
    };
    // A flight is on the page because it is scheduled; `null` is a gap in the data.
    if !matches!(row.schedule_date_time, Said::Null) {
        time(scribe, "scheduleDateTime", &row.schedule_date_time, field);
    }
}

fn check_in(scribe: &mut Scribe<'_>, said: &Said<Allocations<'_>>) {
    match said {
        Said::Value(allocations) => {
            let rows = allocations.checkin_allocations.0.iter().flat_map(|period| &period.rows.rows.0);
            let names = rows.filter_map(|row| row.position.as_ref()).map(|position| &*position.0);
            list(scribe, "checkinAllocations", names, ", ", Field::DepartureCheckIn);
        }
        Said::Null => scribe.report.clear(Field::DepartureCheckIn),
        Said::Wrong(reason) => scribe.fault("checkinAllocations", reason.clone()),
        Said::Missing => {}
    }
}

fn belt(scribe: &mut Scribe<'_>, row: &Row<'_>) {
    match &row.baggage_claim {
        Said::Value(claim) => {
            let belts = claim.belts.0.iter().map(|belt| &*belt.0);
            list(scribe, "baggageClaim.belts", belts, "/", Field::ArrivalBelt);
        }
        Said::Null => scribe.report.clear(Field::ArrivalBelt),
        Said::Wrong(reason) => scribe.fault("baggageClaim", reason.clone()),
        Said::Missing => {}
    }
}

/// Several names in one field. A list with none in it is as good as `null`.
fn list<'t>(
    scribe: &mut Scribe<'_>,
    key: &str,
    names: impl Iterator<Item = &'t str>,
    separator: &str,
    field: Field,
) {
    let Kind::Text(length_max) = field.kind() else { return };
    let text = joined(names, separator, length_max);
    if text.is_empty() {
        scribe.report.clear(field);
    } else {
        scribe.text(field, key, &text);
    }
}

fn aircraft(scribe: &mut Scribe<'_>, row: &Row<'_>) {
    match &row.aircraft_type {
        Said::Value(aircraft) => {
            let exact = aircraft.iata_sub.as_ref().or(aircraft.iata_main.as_ref());
            if let Some(kind) = exact.map(|kind| kind.0.trim()).filter(|kind| !kind.is_empty()) {
                scribe.text(Field::AircraftType, "aircraftType", &kind.to_ascii_uppercase());
            }
        }
        Said::Wrong(reason) => scribe.fault("aircraftType", reason.clone()),
        Said::Missing | Said::Null => {}
    }
    match &row.aircraft_registration {
        Said::Value(text) if text.0.trim().is_empty() => {}
        Said::Value(text) => {
            let registration = text.0.to_ascii_uppercase();
            scribe.text(Field::AircraftRegistration, "aircraftRegistration", &registration);
        }
        Said::Wrong(reason) => scribe.fault("aircraftRegistration", reason.clone()),
        Said::Missing | Said::Null => {}
    }
}

fn codeshares(scribe: &mut Scribe<'_>, row: &Row<'_>) {
    let shared = match &row.codeshares {
        Said::Value(shared) => &shared.codeshares.0,
        Said::Wrong(reason) => return scribe.fault("codeshares", reason.clone()),
        Said::Missing | Said::Null => return,
    };
    let own = scribe.report.key.designator();
    let mut flights = Vec::new();
    for text in shared {
        match designator(&text.0) {
            Ok(flight) if flight == own => {}
            Ok(flight) => flights.push(flight),
            Err(reason) => scribe.fault("codeshares", reason),
        }
    }
    match Value::codeshares(flights) {
        Ok(value) => scribe.report.set(Field::Codeshares, value),
        Err(invalid) => scribe.fault("codeshares", invalid.reason),
    }
}

fn states(scribe: &mut Scribe<'_>, row: &Row<'_>, direction: Direction) {
    let states = match &row.public_flight_state {
        Said::Value(state) => &state.flight_states.0,
        Said::Wrong(reason) => return scribe.fault("publicFlightState", reason.clone()),
        Said::Missing | Said::Null => return,
    };
    let departs = direction == Direction::Departures;
    let (mut leaving, mut coming) = (None, None);
    let mut cancelled = false;
    for state in states {
        let step = match &*state.0 {
            "CNX" => {
                cancelled = true;
                continue;
            }
            "DIV" => {
                scribe.report.status(StatusWord::Diverted);
                continue;
            }
            "GCH" | "WIL" | "EXP" => continue,
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
                scribe.note(format_args!("flight state {other}"));
                continue;
            }
        };
        let side = if step.field() == Field::ArrivalStep { &mut coming } else { &mut leaving };
        if departs || step == Step::Delayed || step >= Step::Airborne {
            *side = (*side).max(Some(step));
        }
    }
    for step in [leaving, coming].into_iter().flatten() {
        scribe.report.status(StatusWord::Step(step));
    }
    if cancelled {
        scribe.report.status(StatusWord::Cancelled);
    } else if departs && leaving >= Some(Step::GateOpen) {
        scribe.report.status(StatusWord::Reinstated);
    }
}
