//! # The formats in which airports speak
//!
//! A message comes in as bytes, and goes out as [`Report`]s of `domain` with a list of what could
//! not be read. One bad report never spoils the rest of its message. Nothing here panics, whatever
//! the bytes are, and everything is bounded by a constant with a name.
//!
//! | module | format |
//! |---|---|
//! | [`json_report`] | our own JSON reports, for whoever writes an adapter of their own |
//! | [`aidx`] | IATA AIDX `FlightLegNotifRQ` (pushed) and `FlightLegRS` (pulled) |
//! | [`schiphol`] | JSON pages in the shape of Schiphol's public flight API, version 4 |
//!
//! Each format decodes and encodes: mock airports and the load tester speak through the encoders,
//! from a [`KnownLeg`].
//!
//! ## Two degrees of fault
//!
//! In our own format a report is taken whole or not at all: its sender reads our answer. Airports'
//! formats carry dozens of values that we did not ask for, so there a value that cannot be read
//! costs that value alone, and a leg is lost only when it cannot be identified. That holds for values
//! that can be read and cannot be: what is said to have happened a good while after it was observed.
//! Either way the fault names the report's index and the field.
//!
//! ## Adding a format
//!
//! 1. A folder with a page in `mod.rs` (what maps to what, and why), `decode.rs`, `encode.rs` and
//!    `tests.rs`.
//! 2. A variant of [`Format`] with its word in [`Format::WORDS`], and its arm in [`decode`].
//! 3. Fixtures of your own making in `wire/fixtures/`, with the facts that they state asserted one
//!    by one, and a line in `tests/feeds/hostile.rs`, which cuts and mutates them.

pub mod aidx;
pub mod json_report;
mod known_leg;
mod read;
pub mod schiphol;
mod report_builder;
#[cfg(test)]
mod testing;

pub use known_leg::KnownLeg;

use chrono::{DateTime, Utc};
use domain::codes::Iata;
use domain::report::{Report, Source};
use std::str::FromStr;
use std::sync::Arc;

/// Largest message taken, in bytes. A whole day of a busy airport in AIDX is about half of this.
pub const BODY_BYTES_MAX: usize = 5 * 1024 * 1024;

/// Most reports (AIDX: legs, Schiphol: flights) in one message.
pub const REPORTS_MAX: usize = 5_000;

/// Most faults told of one message; the rest are counted in a last one.
pub const FAULTS_MAX: usize = 1_000;

/// Most notes kept of one message.
pub const NOTES_MAX: usize = 32;

/// A format in which an airport speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// Our own JSON reports.
    Json,
    /// IATA AIDX.
    Aidx,
    /// JSON in the shape of Schiphol's public flight API.
    Schiphol,
}

impl Format {
    /// Every format with its word in the configuration.
    pub const WORDS: [(Format, &'static str); 3] =
        [(Format::Json, "json"), (Format::Aidx, "aidx"), (Format::Schiphol, "schiphol")];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize].1
    }
}

/// Why a word is no format. Reads as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be json, aidx or schiphol")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(format, _)| *format).ok_or(UnknownFormat)
    }
}

/// What a decoder must know that no message says.
#[derive(Clone, Debug)]
pub struct Context {
    /// Who speaks.
    pub source: Arc<Source>,
    /// When the hub got the message, by the operational clock; the time of observation where the
    /// message states none.
    pub received_at: DateTime<Utc>,
    /// The zone of times that come without one: the airport's own.
    pub zone: chrono_tz::Tz,
    /// The airport that speaks, for formats in which a flight names only the other end.
    pub airport: Option<Iata>,
}

/// What came of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The reports, each with its index in the message, counted from 0.
    pub reports: Vec<(u32, Report)>,
    /// What could not be read, at most [`FAULTS_MAX`]. A report may have both an entry in
    /// `reports` and faults of single values here, see the page above.
    pub faults: Vec<Fault>,
    /// What was left aside on purpose, for whoever sets up a feed: `OperationTime CMI/CAL`.
    /// Distinct, at most [`NOTES_MAX`], each shorter than 120 bytes.
    pub notes: Vec<String>,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", self.place())]
pub struct Fault {
    /// Which report of the message, counted from 0; `None` where the whole message is meant.
    pub index: Option<u32>,
    /// The field at fault, by its name in the message's own format.
    pub field: Option<String>,
    /// What is wrong with it, to be read after the field's name.
    pub reason: String,
    /// The start of the report or message, at most [`EXCERPT_BYTES_MAX`](domain::ports::Quarantined::EXCERPT_BYTES_MAX).
    pub excerpt: String,
}

impl Fault {
    /// Longest reason, in bytes. Parsers like to repeat what they were given.
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
    /// Adds a fault, within the bound.
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

    /// Adds a note, unless it is known or there are too many.
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

/// Reads a message. `Err` where the whole message is unusable: too long, not well-formed, or not
/// of this format. It may then be sent again; nothing of it was taken.
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
