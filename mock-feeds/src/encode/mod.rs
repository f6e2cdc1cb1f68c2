//! Encoders of the airports' formats.
//!
//! They are independent of the codecs in `wire`: a stand-in that shared the hub's code would share its
//! mistakes.

pub mod aidx;
pub mod schiphol;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// How an airport writes instants.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneFault {
    /// Correctly.
    #[default]
    None,
    /// Local time without an offset, as observed in Gatwick's `TimeStamp`.
    Missing,
    /// Local time marked as UTC, as some aggregators send it.
    LocalAsUtc,
}

/// An instant in UTC, or with the fault.
fn instant(at: DateTime<Utc>, zone: Tz, fault: ZoneFault) -> String {
    match fault {
        ZoneFault::None => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        ZoneFault::Missing => at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S").to_string(),
        ZoneFault::LocalAsUtc => at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

/// An instant in local time with its offset, or with the fault.
fn local_instant(at: DateTime<Utc>, zone: Tz, fault: ZoneFault) -> String {
    let local = at.with_timezone(&zone);
    match fault {
        ZoneFault::None => local.format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
        ZoneFault::Missing => local.format("%Y-%m-%dT%H:%M:%S%.3f").to_string(),
        ZoneFault::LocalAsUtc => local.format("%Y-%m-%dT%H:%M:%S%.3f+00:00").to_string(),
    }
}
