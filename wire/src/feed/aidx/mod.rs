//! # IATA AIDX: flight leg messages between airports and airlines
//!
//! Recommended practice 1797A, schema 22.1. The hub decodes and encodes `IATA_AIDX_FlightLegNotifRQ`, which
//! is pushed, and `IATA_AIDX_FlightLegRS`, the answer to a poll. Both are partial updates: a missing
//! element means no change, and `xsi:nil="true"` clears the value.
//!
//! | file | contents |
//! |---|---|
//! | `decode` | the message: envelope, errors, legs one by one |
//! | `encoding`, `xml`, `names` | from bytes to elements, by namespace and not by prefix, with all limits |
//! | `leg` | identity of a leg, and data without a file of its own |
//! | `sequence` | the order of messages within one second |
//! | `status`, `times`, `resources` | the three large groups of a leg's data |
//! | `codes` | meanings of codes |
//! | `extension` | the known vendor extensions |
//! | `encode`, `write` | the encoder |
//!
//! ## Mapping
//!
//! | AIDX | Gatecall |
//! |---|---|
//! | `LegIdentifier` | the leg's key, see below; airports must be IATA codes |
//! | `SpecialAction` Delete, DoNotDisplay | hidden; `nil` shows it again |
//! | `OperationalStatus` DX, SQ | cancelled; reinstated. Nothing else withdraws a cancellation |
//! | `OperationalStatus` OP, SCH | only that it operates (OP), which withdraws NOP: airports send OP for delayed and boarding flights alike |
//! | `OperationalStatus` DV, GRT, NOP | diverted, returned, not operating and so hidden |
//! | `OperationalStatus` `nil` | clears its side's step, NOP, and, unless its scope is the departure, the feed's own diversion |
//! | other statuses, `RemarkTextCode`, `PublicStatus` | steps, see `codes` |
//! | `ServiceType` | cargo, mail, positioning, training and technical flights are hidden; another type withdraws that |
//! | `PlannedArrivalAptHistory` | the last airport: diverted to; the scheduled airport after another ends the diversion |
//! | `IrregularityDelay` | the delay reason in plain words, by the first known code |
//! | `CodeShareInfo` | codeshares |
//! | `RemarkFreeText` | the remark, truncated to its limit |
//! | `AirportResources` | gate, terminal, check-in, belt. Planned ones, and `AircraftTerminal` beside `PublicTerminal`, are fallbacks: see [`domain::report::Confidence`] |
//! | `OperationTime` OFB, ONB | off-block, on-block: SCT, EST, ACT |
//! | `OperationTime` TKO, TDN | ACT: airborne, landed. TDN EST is the fallback of ONB EST |
//! | `OperationTime` CHK … GCL, FBG | ACT: fields of their own, from which the hub derives the step. BEN, FCL, and FBA, LBG, LBA are fallbacks of FCT, GCL and FBG |
//! | CHC, anywhere | check-in has closed, which ends check-in and no later step. Without a time it is the fallback of CHC ACT |
//! | `AircraftInfo` | type, registration, and the call sign as an alias |
//!
//! Resources name their side. A status names it by `FlightLegScope`; without one, the feed's airport
//! decides. Operation times are matched by their qualifier alone, because real messages fill `CodeContext`
//! with `9750`, `2005`, `0000` and `ZZZ`. Private codes of a sender (`CMI`, `ATO`) are ignored and listed
//! in [`super::Decoded::notes`].
//!
//! Of repeated elements the first in the order of `RepeatIndex` counts, if only one can.
//!
//! ## Identity
//!
//! `Airline` may be an IATA or an ICAO code; `CodeContext` names the kind but is not reliable. Both mean
//! the same airline, so keys use the canonical code ([`domain::airlines::canonical_code`]).
//!
//! `RepeatNumber`, from 1 to 99, is 'the repeat or departure attempt number' in the schema. Senders that
//! count attempts send 1 with every flight. Senders that count returns (British Airways) send 1 with the
//! second attempt. So 1 means the leg that other sources know, and for the latter senders a second attempt
//! is a return and a departure of the same leg. Each higher number is a leg of its own, as in AIDX's key. A
//! leg with `CurrentInd` false was replaced by a later attempt. It is hidden, so that no board shows a
//! flight twice. Reports of feeds without attempts still go to the first.
//!
//! ## Times
//!
//! Times have an offset or are local to the airport. In the skipped hour of spring they move forward. In
//! the repeated hour of autumn, scheduled and estimated times mean the first hour. Past times mean the
//! second, unless that lies in the future: for a `TimeStamp`, more than
//! [`AHEAD_MAX`](domain::flight::Flight::AHEAD_MAX) after the receipt; for times of changes and operations,
//! after the message itself. As a result, a message that is sent twice with an hour between is misread, but
//! a change in the second hour is not lost for an hour.
//!
//! An `OperationTime` without `TimeType`, as before schema 12.1, where one code meant both operation and
//! type, is a fault. An actual time that lies more than `AHEAD_MAX` after its observation is a fault of
//! that value alone, and of the step that it would begin.
//!
//! A leg's time of observation is the message's `TimeStamp`, unless a known extension has the time of its
//! last change. That matters for polls, which repeat every leg: the same observation is nothing new, but
//! the same facts at a later time are.
//!
//! `SequenceNmbr` orders two messages stamped with the same whole second. It also orders changes of a leg
//! within the same whole second, if the message follows within two seconds. A message about an older change
//! repeats it (for example a repeated full state), and its number makes nothing newer. If a sender has
//! neither sequence numbers nor fractions of seconds, rule 2 of [`domain::flight`] applies: of two gates in
//! one second the greater text wins, which may be the outdated one, until another message states the gate
//! again.
//!
//! ## Limits
//!
//! The whole message is refused for bodies over [`super::BODY_BYTES_MAX`], more legs than
//! [`super::REPORTS_MAX`], document types, entities beyond the five, and nesting over [`DEPTH_MAX`].

mod codes;
mod decode;
mod encode;
mod encoding;
mod extension;
mod leg;
mod names;
mod resources;
mod sequence;
mod status;
mod times;
mod write;
mod xml;

#[cfg(test)]
mod partial_message_tests;
#[cfg(test)]
mod scenario_tests;
#[cfg(test)]
mod tests;

pub use super::KnownLeg;
pub use decode::decode;
pub use encode::{Header, can_say, encode_notif, encode_rs};
pub use xml::DEPTH_MAX;

/// The namespace of every AIDX element.
pub const NAMESPACE: &str = "http://www.iata.org/IATA/2007/00";
