//! # Feed formats
//!
//! A decoder converts a message to [`Report`]s of `domain` and a list of faults. One bad report never
//! affects the rest of its message. No input makes a decoder panic, and named constants bound everything.
//!
//! | module | format |
//! |---|---|
//! | [`json_report`] | our own JSON reports |
//! | [`aidx`] | IATA AIDX `FlightLegNotifRQ` (pushed) and `FlightLegRS` (polled) |
//! | [`schiphol`] | JSON pages in the format of Schiphol's public flight API, version 4 |
//!
//! Each format also has an encoder, which takes a [`KnownLeg`].
//!
//! ## Two kinds of faults
//!
//! In our own format a report is accepted as a whole or refused, because its sender reads our answer.
//! Airports' formats have many values that the hub did not request. There, an invalid value is left out
//! alone, and a leg is refused only if it cannot be identified. The same applies to impossible values, such
//! as an event that lies well after its observation. Each fault names the report's index and the field.
//!
//! ## Adding a format
//!
//! 1. Add a folder with `mod.rs` (its page explains the mapping and the reasons), `decode.rs`, `encode.rs`
//!    and `tests.rs`.
//! 2. Add a variant to [`Format`], its name to [`Format::WORDS`], and its arm to [`decode`].
//! 3. Add fixtures of your own to `wire/fixtures/`, assert each fact that they state, and add them to
//!    `tests/feeds/hostile.rs`, which truncates and mutates them.

pub mod aidx;
pub mod json_report;
mod known_leg;
mod read;
mod report_builder;
pub mod schiphol;
#[cfg(test)]
mod testing;

pub use known_leg::KnownLeg;

use chrono::{DateTime, Utc};
use domain::codes::Iata;
use domain::report::{Report, Source};
use std::str::FromStr;
use std::sync::Arc;

/// Largest message, in bytes. A whole day of a busy airport in AIDX is about half of this.
pub const BODY_BYTES_MAX: usize = 5 * 1024 * 1024;

/// Most reports (AIDX: legs, Schiphol: flights) in one message.
pub const REPORTS_MAX: usize = 5_000;

/// Most faults reported per message; a last one counts the rest.
pub const FAULTS_MAX: usize = 1_000;

/// Most notes per message.
pub const NOTES_MAX: usize = 32;

/// A feed format.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// Our own JSON reports.
    Json,
    /// IATA AIDX.
    Aidx,
    /// JSON in the format of Schiphol's public flight API.
    Schiphol,
}

impl Format {
    /// Every format with its name in the configuration.
    pub const WORDS: [(Format, &'static str); 3] =
        [(Format::Json, "json"), (Format::Aidx, "aidx"), (Format::Schiphol, "schiphol")];

    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }
}

/// Why a text is not a format. Reads as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be json, aidx or schiphol")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(format, _)| *format).ok_or(UnknownFormat)
    }
}

/// What a decoder needs besides the message.
#[derive(Clone, Debug)]
pub struct Context {
    /// The source.
    pub source: Arc<Source>,
    /// When the hub received the message, by the operational clock; also the time of observation if the
    /// message has none.
    pub received_at: DateTime<Utc>,
    /// The zone of times without one: the airport's own.
    pub zone: chrono_tz::Tz,
    /// The airport that speaks, for formats in which a flight names only the other end.
    pub airport: Option<Iata>,
}

/// The result of decoding a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The reports, each with its index in the message, counted from 0.
    pub reports: Vec<(u32, Report)>,
    /// Faults, at most [`FAULTS_MAX`]. A report in `reports` may also have faults of single values.
    pub faults: Vec<Fault>,
    /// What was ignored on purpose, for people who set up a feed: `OperationTime CMI/CAL`. Distinct, at
    /// most [`NOTES_MAX`], each shorter than 120 bytes.
    pub notes: Vec<String>,
}

/// A value, report or message that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", self.place())]
pub struct Fault {
    /// The report in the message, counted from 0; `None` for the whole message.
    pub index: Option<u32>,
    /// The invalid field, by its name in the message's format.
    pub field: Option<String>,
    /// What is wrong. Follows the field's name in a sentence.
    pub reason: String,
    /// The start of the report or message, at most [`EXCERPT_BYTES_MAX`](domain::ports::Quarantined::EXCERPT_BYTES_MAX).
    pub excerpt: String,
}

impl Fault {
    /// Longest reason, in bytes. Parsers' errors can repeat their input.
    pub const REASON_BYTES_MAX: usize = 300;

    /// Longest name of a field, in bytes.
    pub const FIELD_BYTES_MAX: usize = 100;

    /// A fault of the whole message.
    pub(crate) fn message(reason: impl Into<String>, body: &[u8]) -> Self {
        Self { index: None, field: None, reason: reason.into(), excerpt: read::excerpt(body) }.bounded()
    }

    fn bounded(mut self) -> Self {
        self.reason.truncate(self.reason.floor_char_boundary(Self::REASON_BYTES_MAX));
        if let Some(field) = &mut self.field {
            field.truncate(field.floor_char_boundary(Self::FIELD_BYTES_MAX));
        }
        self
    }

    fn place(&self) -> String {
        let index = self.index.map(|index| format!("report {index}: ")).unwrap_or_default();
        let field = self.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
        index + &field
    }
}

impl Decoded {
    /// Adds a fault, within the limit.
    pub(crate) fn fault(&mut self, fault: Fault) {
        match self.faults.len().cmp(&(FAULTS_MAX - 1)) {
            std::cmp::Ordering::Less => self.faults.push(fault.bounded()),
            std::cmp::Ordering::Equal => {
                let reason = format!("there are more than {FAULTS_MAX} faults; the rest are not listed");
                self.faults.push(Fault { index: None, field: None, reason, excerpt: String::new() });
            }
            std::cmp::Ordering::Greater => {}
        }
    }

    /// Adds a note, unless it exists or the limit is reached.
    pub(crate) fn note(&mut self, note: std::fmt::Arguments<'_>) {
        if self.notes.len() >= NOTES_MAX {
            return;
        }
        let note = read::cut(&note.to_string(), 119).to_owned();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// Decodes a message. `Err` if the whole message is unusable: too long, not well-formed, or in another
/// format. Nothing of it was accepted, and the sender may repeat it.
pub fn decode(format: Format, body: &[u8], context: &Context) -> Result<Decoded, Fault> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Fault::message(format!("is longer than {BODY_BYTES_MAX} bytes"), body));
    }
    match format {
        Format::Json => json_report::decode(body, context),
        Format::Aidx => aidx::decode(body, context),
        Format::Schiphol => schiphol::decode(body, context),
    }
}
