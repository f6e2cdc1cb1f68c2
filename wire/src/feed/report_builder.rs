//! Builds a report from a decoded leg and collects its faults.
//!
//! For airports' formats, in which an invalid value is left out alone.

use super::{Decoded, Fault, read};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::field::{Field, Value};
use domain::flight::Flight;
use domain::leg::Alias;
use domain::ports::Quarantined;
use domain::report::{Confidence, Report, Statement};
use std::fmt::Arguments;

/// A report under construction.
pub(super) struct ReportBuilder<'a> {
    /// The report so far.
    pub(super) report: Report,
    decoded: &'a mut Decoded,
    index: u32,
    /// The leg as it was sent, for faults.
    excerpt: &'a str,
}

/// How far an event may lie after its observation by the same sender, when that decides which of two
/// repeated hours is meant. Both times come from one clock, but one may be truncated to the minute.
const SAME_CLOCK_MAX: TimeDelta = TimeDelta::minutes(1);

/// Longest provider identifier, in bytes.
const PROVIDER_ID_BYTES_MAX: usize = 40;

impl<'a> ReportBuilder<'a> {
    pub(super) fn new(report: Report, decoded: &'a mut Decoded, index: u32, excerpt: &'a str) -> Self {
        Self { report, decoded, index, excerpt }
    }

    /// States a text, unless it does not fit the field. `place` names its position in the message.
    pub(super) fn text(&mut self, field: Field, place: &str, text: &str) {
        self.text_as(Confidence::Primary, field, place, text);
    }

    /// The same with a given confidence.
    pub(super) fn text_as(&mut self, standing: Confidence, field: Field, place: &str, text: &str) {
        match Value::text(field, text) {
            Ok(value) => self.report.state(standing, Statement { field, value: Some(value) }),
            Err(invalid) => self.fault(place, invalid.reason),
        }
    }

    /// Clears a field, with a given confidence.
    pub(super) fn clear_as(&mut self, standing: Confidence, field: Field) {
        self.report.state(standing, Statement { field, value: None });
    }

    /// States an instant, or adds a fault if it is invalid or an event that lies too far ahead.
    pub(super) fn time(&mut self, field: Field, place: &str, at: Option<DateTime<Utc>>) {
        self.time_as(Confidence::Primary, field, place, at);
    }

    /// The same with a given confidence.
    pub(super) fn time_as(
        &mut self,
        standing: Confidence,
        field: Field,
        place: &str,
        at: Option<DateTime<Utc>>,
    ) {
        let Some(at) = at else {
            return self.fault(place, "is not an instant between the years 2000 and 2100".into());
        };
        match Value::time(field, at) {
            Ok(value) if !field.is_event() || self.has_happened(place, at) => {
                self.report.state(standing, Statement { field, value: Some(value) });
            }
            Ok(_) => {}
            Err(invalid) => self.fault(place, invalid.reason),
        }
    }

    /// Whether an event at `at` is possible; adds a fault if not. Accepting it would block later, correct
    /// statements, and [`Report::check_times`] would refuse the whole report with it.
    pub(super) fn has_happened(&mut self, place: &str, at: DateTime<Utc>) -> bool {
        let observed_at = self.report.observed_at;
        let after = at - observed_at;
        if after > Flight::AHEAD_MAX {
            let minutes = after.num_minutes();
            let reason = format!("{at} lies {minutes} minutes after {observed_at}, when it was observed");
            self.fault(place, reason);
            return false;
        }
        true
    }

    /// Parses a past time with an offset or in local time of `zone`.
    pub(super) fn past(&self, text: &str, zone: Tz) -> Option<DateTime<Utc>> {
        read::past_or_local(text, zone, self.report.observed_at + SAME_CLOCK_MAX)
    }

    /// Adds the airport's own identifier of the leg as an alias.
    pub(super) fn provider_id(&mut self, place: &str, id: &str) {
        if id.len() > PROVIDER_ID_BYTES_MAX || !id.bytes().all(|b| b.is_ascii_graphic()) {
            let reason =
                format!("is not an identifier of at most {PROVIDER_ID_BYTES_MAX} printable characters");
            return self.fault(place, reason);
        }
        let name = format!("{}:{id}", self.report.source.name);
        self.report.aliases.push(Alias::Provider(name.into()));
    }

    /// Adds a call sign as an alias.
    pub(super) fn call_sign(&mut self, place: &str, call_sign: &str) {
        // ICAO allows seven characters, AIDX's schema eight.
        if !(2..=8).contains(&call_sign.len()) || !call_sign.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return self.fault(place, "is not a call sign (2 to 8 letters and digits)".into());
        }
        let name = format!("{}:{}", self.report.source.name, call_sign.to_ascii_uppercase());
        self.report.aliases.push(Alias::CallSign(name.into()));
    }

    /// Adds a fault of one value.
    pub(super) fn fault(&mut self, place: &str, reason: String) {
        let excerpt = read::cut(self.excerpt, Quarantined::EXCERPT_BYTES_MAX).to_owned();
        self.decoded.fault(Fault { index: Some(self.index), field: Some(place.to_owned()), reason, excerpt });
    }

    /// Notes that something is ignored on purpose.
    pub(super) fn note(&mut self, note: Arguments<'_>) {
        self.decoded.note(note);
    }

    /// Adds the report to the decoded message.
    pub(super) fn finish(self) {
        self.decoded.reports.push((self.index, self.report));
    }
}

/// Joins names into one field: as many as fit, without duplicates, in order.
pub(super) fn joined<'t>(names: impl Iterator<Item = &'t str>, separator: &str, chars_max: usize) -> String {
    let mut joined = String::new();
    let mut seen = Vec::new();
    for name in names.map(str::trim).filter(|name| !name.is_empty()) {
        if seen.contains(&name) {
            continue;
        }
        let chars = joined.chars().count() + separator.chars().count() + name.chars().count();
        if !joined.is_empty() {
            if chars > chars_max {
                break;
            }
            joined.push_str(separator);
        }
        joined.push_str(name);
        seen.push(name);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_names_are_joined_as_fit() {
        let join = |names: &[&str]| joined(names.iter().copied(), "/", 8);
        assert_eq!(join(&["5", "6", "5"]), "5/6");
        assert_eq!(join(&["RE01", "RE02"]), "RE01");
        assert_eq!(join(&["", " 7 "]), "7");
        // A single name that is too long is left for the field's own check.
        assert_eq!(join(&["CAROUSEL 12"]), "CAROUSEL 12");
        assert_eq!(join(&[]), "");
    }

    #[test]
    fn a_name_repeated_a_thousand_times_stays_within_the_field() {
        let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        assert_eq!(joined(many.iter().map(String::as_str), "/", 8), "0/1/2/3");
    }
}
