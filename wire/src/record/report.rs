//! A report in the topic `gatecall.reports`, for the owner of its leg.
//!
//! `{"v":1,"by":{"name":"jfk","airport":"JFK","rank":50,"creates":true},"key":{…},"observed":…,
//! "received":…,"set":{"departure.gate":"14"},"clear":["arrival.belt"],
//! "second":{"set":{"arrival.estimated":1360359600}},"aliases":[["call_sign","JBU615"]]}`

use super::decode::{KeyIn, read_alias, read_value};
use super::encode::{AliasesOut, KeyOut, ValuesOut};
use super::unix_time::UnixTime;
use super::{RecordError, VERSION, check_version};
use domain::codes::Iata;
use domain::field::Field;
use domain::report::{Report, Source, Statement};
use domain::scope::{Scope, SpeaksFor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The value for a source that speaks for its airport's side only. The report was confined before it became
/// a record, so merging needs nothing else of the scope.
const AIRPORT: &str = "airport";

/// A report as a record, about 300 bytes.
pub fn encode_report(report: &Report) -> Vec<u8> {
    #[derive(Serialize)]
    struct Out<'a> {
        v: u64,
        by: SourceOut<'a>,
        key: KeyOut<'a>,
        observed: UnixTime,
        received: UnixTime,
        #[serde(skip_serializing_if = "ValuesOut::is_empty")]
        set: ValuesOut<'a>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        clear: Vec<&'static str>,
        #[serde(skip_serializing_if = "SaidOut::is_empty")]
        second: SaidOut<'a>,
        #[serde(skip_serializing_if = "AliasesOut::is_empty")]
        aliases: AliasesOut<'a>,
    }
    #[derive(Serialize)]
    struct SourceOut<'a> {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        airport: Option<&'a str>,
        rank: u8,
        creates: bool,
        /// Absent for a source that speaks for all flights.
        #[serde(skip_serializing_if = "Option::is_none")]
        speaks_for: Option<&'a str>,
    }
    let Source { name, airport, rank, creates, scope } = &*report.source;
    let SaidOut { set, clear } = SaidOut::of(&report.statements);
    let record = Out {
        v: VERSION,
        by: SourceOut {
            name,
            airport: airport.as_ref().map(Iata::as_str),
            rank: *rank,
            creates: *creates,
            speaks_for: (scope.speaks_for == SpeaksFor::Airport).then_some(AIRPORT),
        },
        key: KeyOut::of(&report.key),
        observed: UnixTime(report.observed_at),
        received: UnixTime(report.received_at),
        set,
        clear,
        second: SaidOut::of(&report.fallback_statements),
        aliases: AliasesOut(&report.aliases),
    };
    let mut json = Vec::with_capacity(512);
    // Writing strings, numbers and fixed keys to memory cannot fail.
    let _ = serde_json::to_writer(&mut json, &record);
    json
}

/// The statements of one confidence.
#[derive(Serialize)]
struct SaidOut<'a> {
    #[serde(skip_serializing_if = "ValuesOut::is_empty")]
    set: ValuesOut<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clear: Vec<&'static str>,
}

impl<'a> SaidOut<'a> {
    fn of(statements: &'a [Statement]) -> Self {
        let values = statements.iter().filter_map(|s| Some((s.field, s.value.as_ref()?)));
        let cleared = statements.iter().filter(|s| s.value.is_none());
        Self { set: ValuesOut(values.collect()), clear: cleared.map(|s| s.field.name()).collect() }
    }

    fn is_empty(&self) -> bool {
        self.set.is_empty() && self.clear.is_empty()
    }
}

#[derive(Default, Deserialize)]
struct SaidIn {
    #[serde(default)]
    set: Map<String, Json>,
    #[serde(default)]
    clear: Vec<String>,
}

impl SaidIn {
    fn read(self) -> Result<Vec<Statement>, RecordError> {
        let mut statements = Vec::with_capacity(self.set.len() + self.clear.len());
        for (name, json) in self.set {
            if let Some(field) = Field::named(&name) {
                statements.push(Statement { field, value: Some(read_value(field, json)?) });
            }
        }
        let cleared = self.clear.iter().filter_map(|name| Field::named(name));
        statements.extend(cleared.map(|field| Statement { field, value: None }));
        Ok(statements)
    }
}

/// Decodes a record of [`encode_report`]. Statements are ordered by field name. Fields and kinds of alias
/// unknown to this version are left out.
pub fn decode_report(json: &[u8]) -> Result<Report, RecordError> {
    #[derive(Deserialize)]
    struct In {
        by: SourceIn,
        key: KeyIn,
        observed: UnixTime,
        received: UnixTime,
        #[serde(default)]
        set: Map<String, Json>,
        #[serde(default)]
        clear: Vec<String>,
        #[serde(default)]
        second: SaidIn,
        #[serde(default)]
        aliases: Vec<(String, String)>,
    }
    #[derive(Deserialize)]
    struct SourceIn {
        name: String,
        airport: Option<String>,
        rank: u8,
        creates: bool,
        speaks_for: Option<String>,
    }
    check_version(json)?;
    let record: In = serde_json::from_slice(json).map_err(RecordError::broken)?;
    let airport = record.by.airport.as_deref().map(Iata::parse).transpose();
    let source = Source {
        name: record.by.name.into(),
        airport: airport.map_err(|e| RecordError::broken(format_args!("by.airport: {e}")))?,
        rank: record.by.rank,
        creates: record.by.creates,
        scope: match record.by.speaks_for.as_deref() {
            Some(AIRPORT) => Scope { speaks_for: SpeaksFor::Airport, ..Scope::default() },
            _ => Scope::default(),
        },
    };
    Ok(Report {
        source: Arc::new(source),
        key: record.key.read().map_err(|e| RecordError::broken(format_args!("key: {e}")))?,
        aliases: record.aliases.into_iter().filter_map(read_alias).collect(),
        observed_at: record.observed.0,
        received_at: record.received.0,
        statements: SaidIn { set: record.set, clear: record.clear }.read()?,
        fallback_statements: record.second.read()?,
    })
}
