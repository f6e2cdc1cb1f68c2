//! TypeScript types generated from the Rust types.
//!
//! `web/src/wire/types.ts` is checked in, so the page builds without a Rust compiler. A test fails if it is
//! stale. To regenerate it: `GATECALL_REWRITE=1 cargo test -p gatecall-wire`.

mod format;

use crate::enums::{ChangeKind, FlightStatus};
use crate::flight::{AircraftBody, ArrivalBody, DepartureBody, FlightBody};
use crate::frame::client::ClientFrame;
use crate::frame::server::{
    ChangeFrame, ClockBody, ErrorCode, ErrorFrame, GoneFrame, HelloFrame, PingFrame, ServerFrame,
    SnapshotFrame, SourceFrame, StateFrame, UpstreamFrame,
};
use crate::problem::{FieldError, ProblemBody};
use crate::{operator, rest};
use ts_rs::{Config, TS};

const HEADER: &str = "\
// What crosses the border between the hub and this page. Instants are RFC 3339 texts in UTC.
// Generated from the Rust types of `wire`; change them there, and then run
//   GATECALL_REWRITE=1 cargo test -p gatecall-wire
";

/// The whole file.
pub fn render() -> String {
    let mut file = File { text: HEADER.to_owned(), config: Config::new() };
    file.add::<FlightStatus>();
    file.add::<DepartureBody>();
    file.add::<ArrivalBody>();
    file.add::<AircraftBody>();
    file.add::<FlightBody>();
    file.add::<ChangeKind>();
    file.add::<ErrorCode>();
    file.add::<ClockBody>();
    file.add::<HelloFrame>();
    file.add::<SnapshotFrame>();
    file.add::<ChangeFrame>();
    file.add::<StateFrame>();
    file.add::<GoneFrame>();
    file.add::<UpstreamFrame>();
    file.add::<SourceFrame>();
    file.add::<PingFrame>();
    file.add::<ErrorFrame>();
    file.add::<ServerFrame>();
    file.add::<ClientFrame>();
    file.add::<rest::Direction>();
    file.add::<rest::BoardAirport>();
    file.add::<rest::SilentSource>();
    file.add::<rest::BoardBody>();
    file.add::<rest::FlightsBody>();
    file.add::<rest::HistoryEntry>();
    file.add::<rest::HistoryBody>();
    file.add::<rest::AirportRow>();
    file.add::<rest::AirportsBody>();
    file.add::<rest::AirlineRow>();
    file.add::<rest::AirlinesBody>();
    file.add::<rest::FeedKind>();
    file.add::<rest::FeedState>();
    file.add::<rest::FeedReports>();
    file.add::<rest::FeedRow>();
    file.add::<rest::OutOfScopeRow>();
    file.add::<rest::FeedsBody>();
    file.add::<rest::RejectedReport>();
    file.add::<rest::IngestBody>();
    file.add::<operator::OverrideRow>();
    file.add::<operator::AuditRow>();
    file.add::<operator::OverrideRequest>();
    file.add::<operator::RemovalRequest>();
    file.add::<operator::DoubtfulRow>();
    file.add::<operator::FeedKeyRow>();
    file.add::<operator::NewFeedKeyRequest>();
    file.add::<operator::QuarantineRow>();
    file.add::<operator::AirportNameRequest>();
    file.add::<operator::AirlineNameRequest>();
    file.add::<operator::OverridesBody>();
    file.add::<operator::RemovalBody>();
    file.add::<operator::DoubtfulBody>();
    file.add::<operator::FeedKeysBody>();
    file.add::<operator::NewFeedKeyBody>();
    file.add::<operator::QuarantineBody>();
    file.add::<FieldError>();
    file.add::<ProblemBody>();
    file.text
}

struct File {
    text: String,
    config: Config,
}

impl File {
    fn add<T: TS>(&mut self) {
        let docs = T::docs().unwrap_or_default();
        self.text.push('\n');
        self.text.push_str(&format::tidy(&format!("{docs}export {}", T::decl(&self.config))));
        self.text.push('\n');
    }
}
