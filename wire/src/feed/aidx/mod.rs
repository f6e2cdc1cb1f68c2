//! # IATA AIDX: what airports and airlines tell each other of flight legs
//!
//! Recommended practice 1797A, schema 22.1. Read and written are `IATA_AIDX_FlightLegNotifRQ`,
//! which is pushed, and `IATA_AIDX_FlightLegRS`, the answer to a pull. Both are partial updates: an
//! element that is missing says nothing, one with `xsi:nil="true"` takes the value away.
//!
//! | file | holds |
//! |---|---|
//! | `decode` | the message: its frame, its errors, its legs one by one |
//! | `encoding`, `xml`, `names` | from bytes to elements, by namespace and not by prefix, and every limit |
//! | `leg` | who the leg is, and all that has no file of its own |
//! | `sequence` | the order of messages of one second |
//! | `status`, `times`, `resources` | the three large groups of a leg's data |
//! | `codes` | what the codes mean |
//! | `extension` | which vendors' extensions are understood |
//! | `encode`, `write` | the other direction |
//!
//! ## What maps to what
//!
//! | AIDX | ours |
//! |---|---|
//! | `LegIdentifier` | the leg's key, see below; airports must be IATA codes |
//! | `SpecialAction` Delete, DoNotDisplay | hidden; `nil` shows it again |
//! | `OperationalStatus` DX, SQ | cancelled; reinstated, and nothing else takes a cancellation back |
//! | `OperationalStatus` OP, SCH | nothing but that it operates (OP), which takes NOP back: airports send OP for delayed and boarding flights alike |
//! | `OperationalStatus` DV, GRT, NOP | diverted, returned, not operating and so hidden |
//! | `OperationalStatus` `nil` | takes back its side's step, NOP, and, unless its scope is the departure, what the feed itself said of a diversion |
//! | other statuses, `RemarkTextCode`, `PublicStatus` | steps, see `codes` |
//! | `ServiceType` | cargo, mail, positioning, training and technical flights are hidden; another type takes that back |
//! | `PlannedArrivalAptHistory` | its last airport: diverted to; the scheduled one after another ends that |
//! | `IrregularityDelay` | the delay's reason in words; the first code that has any |
//! | `CodeShareInfo` | codeshares |
//! | `RemarkFreeText` | the remark, cut to its length |
//! | `AirportResources` | gate, terminal, check-in, belt. Planned ones, and `AircraftTerminal` beside `PublicTerminal`, are second best: see [`domain::report::Confidence`] |
//! | `OperationTime` OFB, ONB | off-block, on-block: SCT, EST, ACT |
//! | `OperationTime` TKO, TDN | ACT: airborne, landed. TDN EST is second best to ONB EST |
//! | `OperationTime` CHK … GCL, FBG | ACT: facts by themselves, of which the hub derives the step. BEN, FCL, and FBA, LBG, LBA are second best to FCT, GCL and FBG |
//! | CHC, in any place | check-in has closed, which ends check-in and no later step. A word without its time is second best to CHC ACT |
//! | `AircraftInfo` | type, registration, and the call sign as another name of the leg |
//!
//! A departure's or an arrival's resources say so themselves; a status says so by `FlightLegScope`,
//! and where it does not, the airport that speaks decides. Operation times are matched by their
//! qualifier alone: real messages fill `CodeContext` with `9750`, `2005`, `0000` and `ZZZ`. What is
//! private to a sender (`CMI`, `ATO`) is left aside, and told in [`super::Decoded::notes`].
//!
//! Of repeated elements the first counts, in the order of `RepeatIndex`, where only one can.
//!
//! ## Whose leg it is
//!
//! `Airline` may be an IATA or an ICAO code, and `CodeContext` says which, where it is right. Both are
//! the same airline, so keys are made with the code that its flights are known by
//! ([`domain::airlines::canonical_code`]).
//!
//! `RepeatNumber`, from 1 to 99, is by the schema 'the repeat or departure attempt number'. Senders that
//! count attempts send 1 with every flight, and senders that count returns (British Airways) send it
//! with the second attempt. So 1 is the leg that everybody else speaks of, and for the latter a second
//! attempt is a return and a departure of the same leg; each number above is a leg of its own, as
//! AIDX's key has it. A leg with `CurrentInd` false has been replaced by a later attempt: it is hidden,
//! so that no board shows a flight twice. What feeds that know no attempts say of the flight then
//! still goes to the first.
//!
//! ## Times
//!
//! With an offset, or on the airport's clock, moved on in spring. In the hour that comes twice in
//! autumn, scheduled and estimated times are in the first. What was is in the second unless that is
//! yet to come: a `TimeStamp` unless it would lie more than
//! [`AHEAD_MAX`](domain::flight::Flight::AHEAD_MAX) after the receipt, and the times of changes and of
//! operations unless they would lie after the message itself. So a message sent twice with an hour
//! between them is misread, and a change in the second hour is not lost for an hour.
//!
//! An `OperationTime` without `TimeType`, as before schema 12.1, where one code said both operation
//! and type, is a fault and is not guessed at. An actual time that lies more than `AHEAD_MAX` after
//! its observation is a fault of that value alone, and of the step that it would begin.
//!
//! A leg's time of observation is the message's `TimeStamp`, unless a known extension says when
//! the leg last changed. That matters for pulls, which repeat every leg each time: a repeated
//! observation is nothing new, the same facts at a later time are.
//!
//! Two messages that are stamped with the same whole second are in the order of their
//! `SequenceNmbr`, and so are changes of a leg in the same whole second that a message tells of within
//! two seconds of them. One that tells of an older change repeats it (a whole state that is pushed
//! again), and its number makes nothing of it new. A sender that gives neither that nor fractions of seconds gets what rule 2 of
//! [`domain::flight`] says of words of one instant: of two gates the one that is later in the
//! alphabet, which may be the one that was corrected, until it is said again in another second.
//!
//! ## Limits
//!
//! Bodies over [`super::BODY_BYTES_MAX`], more legs than [`super::REPORTS_MAX`], document types,
//! entities beyond the five, and nesting over [`DEPTH_MAX`] are refused with the whole message.

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
