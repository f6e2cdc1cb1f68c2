//! Writing down what an airport says of one leg, and what of it cannot be read.
//!
//! For airports' formats, in which a value that cannot be read costs that value alone.

use super::{Decoded, Fault, read};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::field::{Field, Value};
use domain::flight::Flight;
use domain::leg::Alias;
use domain::ports::Quarantined;
use domain::report::{Confidence, Report, Statement};
use std::fmt::Arguments;

/// A report in the making.
pub(super) struct ReportBuilder<'a> {
    /// What is said so far.
    pub(super) report: Report,
    decoded: &'a mut Decoded,
    index: u32,
    /// The leg as it was sent, for its faults.
    excerpt: &'a str,
}

/// How far what has happened may lie after the instant at which the same sender saw it, where that
/// tells which of two hours is meant: both are times of one clock, but one may be cut to the minute.
const SAME_CLOCK_MAX: TimeDelta = TimeDelta::minutes(1);

/// Longest identifier of a provider that is kept, in bytes.
const PROVIDER_ID_BYTES_MAX: usize = 40;

impl<'a> ReportBuilder<'a> {
    pub(super) fn new(report: Report, decoded: &'a mut Decoded, index: u32, excerpt: &'a str) -> Self {
        Self { report, decoded, index, excerpt }
    }

    /// States a text, unless it does not fit the field. `place` is where it stood.
    pub(super) fn text(&mut self, field: Field, place: &str, text: &str) {
        self.text_as(Confidence::Primary, field, place, text);
    }

    /// The same in either standing.
    pub(super) fn text_as(&mut self, standing: Confidence, field: Field, place: &str, text: &str) {
        match Value::text(field, text) {
            Ok(value) => self.report.state(standing, Statement { field, value: Some(value) }),
            Err(invalid) => self.fault(place, invalid.reason),
        }
    }

    /// States that a field has no value any more, in either standing.
    pub(super) fn clear_as(&mut self, standing: Confidence, field: Field) {
        self.report.state(standing, Statement { field, value: None });
    }

    /// States an instant, or tells that it is none, or that it has been called a fact too early.
    pub(super) fn time(&mut self, field: Field, place: &str, at: Option<DateTime<Utc>>) {
        self.time_as(Confidence::Primary, field, place, at);
    }

    /// The same in either standing.
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

    /// Whether something can have happened at `at`, or a fault of that value alone. To believe it
    /// would lock out later, true words, and [`Report::check_times`] would refuse the whole report for
    /// it, with the gate change beside it.
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

    /// When something was, as `text` says it: with an offset, or on a clock of `zone`.
    pub(super) fn past(&self, text: &str, zone: Tz) -> Option<DateTime<Utc>> {
        read::past_or_local(text, zone, self.report.observed_at + SAME_CLOCK_MAX)
    }

    /// Adds the airport's own identifier of the leg as another name of it.
    pub(super) fn provider_id(&mut self, place: &str, id: &str) {
        if id.len() > PROVIDER_ID_BYTES_MAX || !id.bytes().all(|b| b.is_ascii_graphic()) {
            let reason =
                format!("is not an identifier of at most {PROVIDER_ID_BYTES_MAX} printable characters");
            return self.fault(place, reason);
        }
        let name = format!("{}:{id}", self.report.source.name);
        self.report.aliases.push(Alias::Provider(name.into()));
    }

    /// Adds a call sign as another name of the leg.
    pub(super) fn call_sign(&mut self, place: &str, call_sign: &str) {
        // Seven characters by ICAO's rules, eight in AIDX's schema.
        if !(2..=8).contains(&call_sign.len()) || !call_sign.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return self.fault(place, "is not a call sign (2 to 8 letters and digits)".into());
        }
        let name = format!("{}:{}", self.report.source.name, call_sign.to_ascii_uppercase());
        self.report.aliases.push(Alias::CallSign(name.into()));
    }

    /// Tells that a value cannot be read.
    pub(super) fn fault(&mut self, place: &str, reason: String) {
        let excerpt = read::cut(self.excerpt, Quarantined::EXCERPT_BYTES_MAX).to_owned();
        self.decoded.fault(Fault { index: Some(self.index), field: Some(place.to_owned()), reason, excerpt });
    }

    /// Tells that something is left aside on purpose.
    pub(super) fn note(&mut self, note: Arguments<'_>) {
        self.decoded.note(note);
    }

    /// Hands the report over.
    pub(super) fn finish(self) {
        self.decoded.reports.push((self.index, self.report));
    }
}

/// Several names in one field: as many as fit, each once, in their order.
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
        // One that is too long alone is left for the field's own check to refuse.
        assert_eq!(join(&["CAROUSEL 12"]), "CAROUSEL 12");
        assert_eq!(join(&[]), "");
    }

    #[test]
    fn a_name_repeated_a_thousand_times_stays_within_the_field() {
        let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        assert_eq!(joined(many.iter().map(String::as_str), "/", 8), "0/1/2/3");
    }
}
